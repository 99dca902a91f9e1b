//! Files and streams that are read into memory as a whole, as far as they may be.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::units::Bytes;

/// Reads a stream to its end; a device or a pipe may have none.
///
/// # Errors
/// Those of the stream, and one that names the bound if there are more than `most` bytes.
pub(crate) fn read_at_most(stream: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let message = format!("it has more than {}", Bytes(most));
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// Reads a file to its end.
///
/// # Errors
/// The same.
pub(crate) fn read_file_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    read_at_most(File::open(path)?, most)
}

/// Returns the end of what a process wrote to a file, at most 1 MiB of it; empty if it cannot be read.
pub(crate) fn last_words(file: &mut File) -> String {
    const MOST: u64 = 1 << 20;
    let mut bytes = Vec::new();
    let read = file.seek(SeekFrom::End(0)).and_then(|length| {
        file.seek(SeekFrom::Start(length.saturating_sub(MOST)))?;
        file.take(MOST).read_to_end(&mut bytes)
    });
    read.map(|_| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_last_words_are_the_end_of_a_long_file_in_any_encoding() {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&vec![b'x'; 3 << 20]).expect("written");
        file.write_all(b"\nlast \xff").expect("written");
        let words = last_words(&mut file);
        assert!(words.ends_with("\nlast \u{fffd}") && words.len() < (1 << 20) + 8, "{}", words.len());
    }

    #[test]
    fn as_much_as_is_allowed_is_read_and_no_more() {
        assert_eq!(read_at_most(&b"abc"[..], 3).expect("it fits"), b"abc");
        let error = read_at_most(&b"abcd"[..], 3).expect_err("too much").to_string();
        assert_eq!(error, "it has more than 3 B");
        assert!(read_file_at_most(Path::new("/dev/zero"), 1 << 20).is_err(), "it has no end");
    }
}

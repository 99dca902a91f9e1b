//! Items as they stream in: from a file, from standard input, from the command line, or numbers.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use crate::characters::is_control;
use crate::host::standard_streams;
use crate::units::Bytes;

/// A byte order mark, which is no part of the first item.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Longest item, in bytes; a stream may never have the separator.
const MAX_ITEM_BYTES: u64 = 16 << 20;

/// Size up to which the items of a file are counted before the run, in bytes: it takes less than 0.1 s.
const MAX_COUNTED_BYTES: u64 = 256 << 20;

/// The place that items come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ItemSource {
    /// Given on the command line.
    List(Vec<OsString>),
    /// The numbers from 0.
    Count(u64),
    /// The parts of a file.
    File {
        /// Its path.
        path: PathBuf,
        /// The separator of the items.
        separator: Separator,
    },
    /// The parts of standard input, which may never end.
    Stdin(Separator),
    /// The items of a Python module, which become numbers once they are counted.
    OfModule,
    /// A file that another run of `conc` has written: a number, a tab, an item and a NUL byte, again and again.
    Numbered(PathBuf),
}

/// The separator of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Separator {
    /// LF or CRLF; blank lines are no items.
    Line,
    /// A NUL byte; everything between two of them is an item.
    Nul,
}

/// Items as they are read, each with its number, from 1.
pub(crate) type NumberedStream = Box<dyn Iterator<Item = io::Result<(u64, Box<[u8]>)>> + Send>;

/// Items as they are read, each as its bytes.
pub(crate) type ItemStream = Box<dyn Iterator<Item = io::Result<Box<[u8]>>> + Send>;

/// One item of the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JobItem {
    /// The number of the item in its source, from 1.
    pub(crate) number: u64,
    /// The number of the item among those of this run, from 0 without a gap.
    pub(crate) order: u64,
    /// The bytes of the item.
    pub(crate) bytes: Box<[u8]>,
}

impl JobItem {
    /// Returns the item for a message: as text, cut after a hundred characters.
    pub(crate) fn shown(&self) -> String {
        shown(&self.bytes)
    }
}

/// Returns bytes for a message.
pub(crate) fn shown(bytes: &[u8]) -> String {
    const MAX_CHARS: usize = 100;
    let text = String::from_utf8_lossy(bytes);
    let cut: String = text.chars().take(MAX_CHARS).map(plain).collect();
    if text.chars().count() > MAX_CHARS { format!("{cut}…") } else { cut }
}

/// Returns a character for a message on one line.
pub(crate) fn plain(character: char) -> String {
    if is_control(character) { character.escape_default().to_string() } else { character.to_string() }
}

impl ItemSource {
    /// Opens the source.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub(crate) fn open(&self) -> io::Result<ItemStream> {
        Ok(match self {
            ItemSource::List(list) => {
                Box::new(list.clone().into_iter().map(|item| Ok(item.into_vec().into())))
            }
            ItemSource::Count(count) => Box::new((0..*count).map(|i| Ok(i.to_string().into_bytes().into()))),
            ItemSource::File { path, separator } => {
                Box::new(Parts::new(BufReader::with_capacity(1 << 16, opened(path)?), *separator))
            }
            ItemSource::OfModule => Box::new(std::iter::empty()),
            ItemSource::Numbered(_) => {
                Box::new(self.open_numbered()?.map(|item| item.map(|(_, bytes)| bytes)))
            }
            ItemSource::Stdin(separator) => {
                Box::new(Parts::new(BufReader::new(standard_streams::stdin()?), *separator))
            }
        })
    }

    /// Opens the source; each item comes with its number, from 1.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub(crate) fn open_numbered(&self) -> io::Result<NumberedStream> {
        let ItemSource::Numbered(path) = self else {
            return Ok(Box::new(
                (1..).zip(self.open()?).map(|(number, item)| item.map(|item| (number, item))),
            ));
        };
        Ok(numbered_items(opened(path)?))
    }

    /// Returns the number of items if it can be known before they are read.
    pub(crate) fn count(&self) -> Option<u64> {
        match self {
            ItemSource::List(list) => Some(list.len() as u64),
            ItemSource::Count(count) => Some(*count),
            ItemSource::File { path, separator } => count_of_file(path, *separator),
            ItemSource::Numbered(path) => count_of_file(path, Separator::Nul),
            ItemSource::Stdin(_) | ItemSource::OfModule => None,
        }
    }
}

/// Reads items that [`write_numbered`] has written.
pub(crate) fn numbered_items(file: File) -> NumberedStream {
    let parts = Parts::new(BufReader::with_capacity(1 << 16, file), Separator::Nul);
    Box::new(parts.map(|part| part.and_then(|part| numbered(&part))))
}

/// Writes an item as a source of numbered items has it.
///
/// # Errors
/// The error of `out`.
pub(crate) fn write_numbered(out: &mut impl Write, number: u64, bytes: &[u8]) -> io::Result<()> {
    write!(out, "{number}\t")?;
    out.write_all(bytes)?;
    out.write_all(&[0])
}

/// Reads an item with its number.
fn numbered(part: &[u8]) -> io::Result<(u64, Box<[u8]>)> {
    let at = part.iter().position(|byte| *byte == b'\t');
    let number = at.and_then(|at| str::from_utf8(&part[..at]).ok()?.parse().ok());
    match (at, number) {
        (Some(at), Some(number)) => Ok((number, part[at + 1..].into())),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "an item has no number")),
    }
}

fn opened(path: &Path) -> io::Result<File> {
    File::open(path).map_err(|error| io::Error::new(error.kind(), format!("'{}': {error}", path.display())))
}

fn count_of_file(path: &Path, separator: Separator) -> Option<u64> {
    let meta = path.metadata().ok()?;
    if !meta.is_file() || meta.len() > MAX_COUNTED_BYTES {
        return None;
    }
    let parts = Parts::new(BufReader::with_capacity(1 << 16, File::open(path).ok()?), separator);
    parts.map(|part| part.ok().map(|_| 1)).sum()
}

/// The parts of a stream.
struct Parts<R> {
    input: R,
    separator: Separator,
    is_first: bool,
}

impl<R: BufRead> Parts<R> {
    fn new(input: R, separator: Separator) -> Self {
        Parts { input, separator, is_first: true }
    }

    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut part = Vec::new();
        let end = match self.separator {
            Separator::Line => b'\n',
            Separator::Nul => 0,
        };
        if self.input.by_ref().take(MAX_ITEM_BYTES + 1).read_until(end, &mut part)? == 0 {
            return Ok(None);
        }
        if part.len() as u64 > MAX_ITEM_BYTES {
            let message =
                format!("an item has more than {}: is it the right separator?", Bytes(MAX_ITEM_BYTES));
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        if part.last() == Some(&end) {
            part.pop();
        }
        Ok(Some(part))
    }

    fn read_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        while let Some(mut line) = self.read()? {
            if std::mem::take(&mut self.is_first) && line.starts_with(BYTE_ORDER_MARK) {
                line.drain(..BYTE_ORDER_MARK.len());
            }
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            if !line.trim_ascii().is_empty() {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }
}

impl<R: BufRead> Iterator for Parts<R> {
    type Item = io::Result<Box<[u8]>>;

    fn next(&mut self) -> Option<Self::Item> {
        let part = match self.separator {
            Separator::Line => self.read_line(),
            Separator::Nul => self.read(),
        };
        part.map(|part| part.map(Vec::into_boxed_slice)).transpose()
    }
}

/// Reads a whole source, for tests.
#[cfg(test)]
fn parts(bytes: &[u8], separator: Separator) -> Vec<Vec<u8>> {
    Parts::new(bytes, separator).map(|part| part.expect("read").into_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_lf_or_crlf_and_blank_ones_are_no_items() {
        let text = b"\xef\xbb\xbfa b\r\n\r\n  \n\xff\nlast";
        assert_eq!(parts(text, Separator::Line), [&b"a b"[..], b"\xff", b"last"]);
        assert_eq!(parts(b"", Separator::Line), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn everything_between_two_nul_bytes_is_an_item() {
        assert_eq!(parts(b"a\nb\0\0 c ", Separator::Nul), [&b"a\nb"[..], b"", b" c "]);
    }

    #[test]
    fn an_item_without_an_end_is_an_error() {
        let mut endless = Parts::new(BufReader::new(io::repeat(b'x')), Separator::Line);
        let error = endless.next().expect("one").expect_err("too long").to_string();
        assert_eq!(error, "an item has more than 16.0 MiB: is it the right separator?");
    }

    #[test]
    fn items_keep_the_numbers_that_another_run_gave_them() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), b"7\ta\tb\n\x009\t\x00").expect("written");
        let source = ItemSource::Numbered(file.path().into());
        let items: Vec<_> = source.open_numbered().expect("opened").map(|item| item.expect("read")).collect();
        assert_eq!(items, [(7, Box::from(&b"a\tb\n"[..])), (9, Box::default())]);
        assert_eq!(source.count(), Some(2));
        std::fs::write(file.path(), b"x\ta\0").expect("written");
        assert!(source.open_numbered().expect("opened").next().expect("an item").is_err());
        let plain = ItemSource::Count(2).open_numbered().expect("opened");
        assert_eq!(plain.map(|item| item.expect("read").0).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn the_items_of_a_file_are_counted_and_those_of_a_pipe_are_not() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), "a\n\nb\nc").expect("written");
        let source = ItemSource::File { path: file.path().into(), separator: Separator::Line };
        assert_eq!(source.count(), Some(3));
        assert_eq!(source.open().expect("opened").count(), 3);
        assert_eq!(ItemSource::Stdin(Separator::Line).count(), None);
        assert_eq!(ItemSource::Count(12).count(), Some(12));
    }

    #[test]
    fn a_message_shows_an_item_on_one_line() {
        assert_eq!(shown(b"a\nb\x1b"), "a\\nb\\u{1b}");
        assert_eq!(shown(&[b'x'; 200]).chars().count(), 101);
    }
}

//! `--results`: what came of each item, in a directory or in a file of JSON lines.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use serde_json::json;

use crate::job::outcome::{Ending, Finished};
use crate::job::output::Stored;

/// Bytes read at once: a multiple of 3, so that parts of base64 can be joined.
const CHUNK_BYTES: usize = 48 << 10;

/// The place for results.
#[derive(Debug)]
pub(crate) enum Results {
    /// One directory per item, named by its number.
    Directory(PathBuf),
    /// One line per item.
    Lines {
        /// The file.
        file: BufWriter<File>,
        /// Its length so far, in bytes.
        length: u64,
    },
}

/// The reason why results cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResultsError {
    /// The file has results of another run.
    #[error("'{}' has results already; name another file, or go on with --journal and --resume", .0.display())]
    Exists(PathBuf),
    /// The file has fewer bytes than the journal says.
    #[error("'{}' is shorter than the journal says: it is not the file of the run to be resumed", .0.display())]
    Short(PathBuf),
    /// The file or the directory cannot be used.
    #[error("cannot write results to '{}': {error}", .path.display())]
    Io {
        /// The file or the directory.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
}

impl Results {
    /// Opens the place: a path that ends in `.jsonl` or `.ndjson` is a file. A run that is resumed goes on
    /// after the `recorded` bytes of the file that its journal knows.
    ///
    /// # Errors
    /// When the place cannot be written to, or holds something else.
    pub(crate) fn open(path: &Path, recorded: Option<u64>) -> Result<Self, ResultsError> {
        let failed = |error| ResultsError::Io { path: path.to_owned(), error };
        let is_file = path.extension().is_some_and(|extension| extension == "jsonl" || extension == "ndjson");
        if !is_file {
            fs::create_dir_all(path).map_err(failed)?;
            // Finds out at once if nothing can be written there.
            tempfile::tempfile_in(path).map_err(failed)?;
            return Ok(Results::Directory(path.to_owned()));
        }
        let mut file =
            OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(failed)?;
        let found = file.metadata().map_err(failed)?.len();
        let length = recorded.unwrap_or(0);
        if recorded.is_none() && found > 0 {
            return Err(ResultsError::Exists(path.to_owned()));
        }
        if found < length {
            return Err(ResultsError::Short(path.to_owned()));
        }
        // Results that the journal does not know belong to items that run again.
        file.set_len(length).map_err(failed)?;
        file.seek(SeekFrom::Start(length)).map_err(failed)?;
        Ok(Results::Lines { file: BufWriter::new(file), length })
    }

    /// Writes the result of an item; returns the length of the file after it, if it is one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn add(&mut self, finished: &Finished) -> io::Result<Option<u64>> {
        match self {
            Results::Directory(directory) => write_directory(directory, finished).map(|()| None),
            Results::Lines { file, length } => {
                let mut counted = Counted { inner: file, count: 0 };
                write_line(finished, &mut counted)?;
                *length += counted.count;
                Ok(Some(*length))
            }
        }
    }

    /// Makes everything durable.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        match self {
            Results::Directory(directory) => sync_directory(directory),
            Results::Lines { file, .. } => {
                file.flush()?;
                file.get_ref().sync_data()
            }
        }
    }

    /// Writes out what was added, without waiting for the disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match self {
            Results::Directory(_) => Ok(()),
            Results::Lines { file, .. } => file.flush(),
        }
    }
}

/// Flushes the file system of a directory: one call for the files of many items.
#[cfg(target_os = "linux")]
fn sync_directory(directory: &Path) -> io::Result<()> {
    nix::unistd::syncfs(File::open(directory)?).map_err(io::Error::from)
}

#[cfg(not(target_os = "linux"))]
fn sync_directory(_: &Path) -> io::Result<()> {
    nix::unistd::sync();
    Ok(())
}

struct Counted<'a, W> {
    inner: &'a mut W,
    count: u64,
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.inner.write(bytes)?;
        self.count += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Returns the status of an item as results name it, its exit status and its signal.
fn status(finished: &Finished) -> (&'static str, Option<i32>, Option<i32>) {
    let ending = &finished.last.ending;
    match ending {
        Ending::Exited(code) => (if finished.is_success { "ok" } else { "failed" }, Some(*code), None),
        Ending::Signaled(signal) => (if finished.is_success { "ok" } else { "failed" }, None, Some(*signal)),
        Ending::TimedOut => ("timed-out", None, None),
        _ => ("failed", None, None),
    }
}

fn error_of(finished: &Finished) -> Option<String> {
    match &finished.last.ending {
        Ending::Broken(reason) | Ending::Exhausted(reason) | Ending::Raised(_, reason) => {
            Some(reason.clone())
        }
        _ => None,
    }
}

fn write_directory(directory: &Path, finished: &Finished) -> io::Result<()> {
    let place = directory.join(finished.item.number.to_string());
    fs::create_dir_all(&place)?;
    let output = &finished.last.output;
    for (name, stored) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        io::copy(&mut stored.reader(), &mut File::create(place.join(name))?)?;
    }
    if let Some(value) = &finished.last.value {
        fs::write(place.join("value.json"), value)?;
    }
    fs::write(place.join("item"), &finished.item.bytes)?;
    let (status, exit, signal) = status(finished);
    let exit = exit.map(|code| code.to_string());
    let signal = signal.map(|signal| format!("signal {signal}"));
    fs::write(place.join("exit"), format!("{}\n", exit.or(signal).unwrap_or_else(|| status.to_owned())))
}

fn write_line(finished: &Finished, out: &mut impl Write) -> io::Result<()> {
    let (status, exit, signal) = status(finished);
    write!(out, "{{\"number\":{},", finished.item.number)?;
    match str::from_utf8(&finished.item.bytes) {
        Ok(text) => write!(out, "\"item\":{}", json!(text))?,
        Err(_) => write!(out, "\"item_base64\":\"{}\"", BASE64.encode(&finished.item.bytes))?,
    }
    write!(out, ",\"status\":\"{status}\",\"exit\":{},\"signal\":{}", json!(exit), json!(signal))?;
    if let Some(error) = error_of(finished) {
        write!(out, ",\"error\":{}", json!(error))?;
    }
    if let Ending::Raised(code, _) = finished.last.ending {
        write!(out, ",\"code\":\"{}\"", code.as_str())?;
    }
    let started = finished.last.started.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let (attempts, seconds) = (finished.attempts, finished.last.seconds);
    write!(
        out,
        ",\"attempts\":{attempts},\"started\":{:.3},\"seconds\":{seconds:.6},",
        started.as_secs_f64()
    )?;
    match finished.last.cpu_s {
        Some(cpu_s) => write!(out, "\"cpu_s\":{cpu_s:.6},")?,
        None => out.write_all(b"\"cpu_s\":null,")?,
    }
    if let Some(value) = &finished.last.value {
        return writeln!(out, "\"value\":{value}}}");
    }
    write_stream("stdout", &finished.last.output.stdout, out)?;
    out.write_all(b",")?;
    write_stream("stderr", &finished.last.output.stderr, out)?;
    out.write_all(b"}\n")
}

/// Writes a stream as a string, or in base64 if it is not UTF-8, without having all of it in memory.
fn write_stream(name: &str, stored: &Stored, out: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK_BYTES];
    if is_utf8(stored, &mut buffer)? {
        write!(out, "\"{name}\":\"")?;
        each_chunk(stored, &mut buffer, |chunk| write_escaped(chunk, out))?;
    } else {
        write!(out, "\"{name}_base64\":\"")?;
        each_chunk(stored, &mut buffer, |chunk| out.write_all(BASE64.encode(chunk).as_bytes()))?;
    }
    out.write_all(b"\"")
}

/// Calls `each` with full chunks and the rest.
fn each_chunk(
    stored: &Stored,
    buffer: &mut [u8],
    mut each: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut reader = stored.reader();
    loop {
        let mut filled = 0;
        while filled < buffer.len() {
            match reader.read(&mut buffer[filled..])? {
                0 => break,
                length => filled += length,
            }
        }
        if filled == 0 {
            return Ok(());
        }
        each(&buffer[..filled])?;
    }
}

fn is_utf8(stored: &Stored, buffer: &mut [u8]) -> io::Result<bool> {
    let mut open: Vec<u8> = Vec::new();
    let mut is_valid = true;
    each_chunk(stored, buffer, |chunk| {
        let bytes = [&std::mem::take(&mut open)[..], chunk].concat();
        if let Err(error) = str::from_utf8(&bytes) {
            match error.error_len() {
                Some(_) => is_valid = false,
                // A character that goes on in the next chunk.
                None => open = bytes[error.valid_up_to()..].to_vec(),
            }
        }
        Ok(())
    })?;
    Ok(is_valid && open.is_empty())
}

/// Writes the inside of a JSON string; bytes of UTF-8 pass as they are.
fn write_escaped(bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
    let mut plain = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte >= 0x20 && *byte != b'"' && *byte != b'\\' {
            continue;
        }
        out.write_all(&bytes[plain..at])?;
        plain = at + 1;
        match byte {
            b'"' => out.write_all(b"\\\"")?,
            b'\\' => out.write_all(b"\\\\")?,
            b'\n' => out.write_all(b"\\n")?,
            b'\r' => out.write_all(b"\\r")?,
            b'\t' => out.write_all(b"\\t")?,
            byte => write!(out, "\\u{byte:04x}")?,
        }
    }
    out.write_all(&bytes[plain..])
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use serde_json::Value;

    use super::*;
    use crate::job::items::JobItem;
    use crate::job::outcome::Attempt;
    use crate::job::output::Output;

    fn finished(item: &[u8], stdout: &[u8], scratch: &Path) -> Finished {
        let mut output = Output::default();
        output.stdout.append(stdout, scratch).expect("stored");
        let last = Attempt {
            ending: Ending::Exited(3),
            started: SystemTime::now(),
            seconds: 0.25,
            cpu_s: Some(0.125),
            output,
            value: None,
            retry_after: None,
        };
        let item = JobItem { number: 4, order: 3, bytes: item.into() };
        Finished { item, slot: 1, attempts: 2, last, is_success: false }
    }

    fn line(item: &[u8], stdout: &[u8]) -> Value {
        let scratch = tempfile::tempdir().expect("a directory");
        let mut out = Vec::new();
        write_line(&finished(item, stdout, scratch.path()), &mut out).expect("written");
        assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1, "one line");
        serde_json::from_slice(&out).expect("JSON")
    }

    #[test]
    fn a_line_has_text_as_text_and_anything_else_in_base64() {
        let value = line("ä \"b\"".as_bytes(), b"x\ty\\z\n\x01");
        assert_eq!((&value["item"], &value["stdout"]), (&json!("ä \"b\""), &json!("x\ty\\z\n\u{1}")));
        assert_eq!(
            (&value["number"], &value["status"], &value["exit"]),
            (&json!(4), &json!("failed"), &json!(3))
        );
        assert_eq!((&value["attempts"], &value["seconds"]), (&json!(2), &json!(0.25)));
        let value = line(b"\xff", b"a\xffb");
        assert_eq!((&value["item_base64"], &value["stdout_base64"]), (&json!("/w=="), &json!("Yf9i")));
    }

    #[test]
    fn a_large_output_is_joined_from_chunks() {
        // A character of three bytes lies across the end of every chunk but those of a length divisible by 3.
        let text = format!("x{}", "€".repeat(40_000));
        assert_eq!(line(b"i", text.as_bytes())["stdout"], json!(text));
        let mut bytes = text.into_bytes();
        bytes.push(0x80);
        let encoded = line(b"i", &bytes)["stdout_base64"].clone();
        let decoded = BASE64.decode(encoded.as_str().expect("text").as_bytes()).expect("base64");
        assert_eq!(decoded, bytes);
    }

    #[test]
    fn a_file_goes_on_after_what_the_journal_knows_and_is_never_overwritten() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("out.jsonl");
        fs::write(&path, "kept\nlost").expect("written");
        assert!(matches!(Results::open(&path, None), Err(ResultsError::Exists(_))));
        assert!(matches!(Results::open(&path, Some(100)), Err(ResultsError::Short(_))));
        let mut results = Results::open(&path, Some(5)).expect("opened");
        let length = results.add(&finished(b"i", b"out", directory.path())).expect("added");
        results.sync().expect("durable");
        let text = fs::read_to_string(&path).expect("readable");
        assert!(text.starts_with("kept\n{\"number\":4,") && text.ends_with("}\n"), "{text}");
        assert_eq!(length, Some(text.len() as u64));
    }

    #[test]
    fn a_directory_has_one_of_each_item() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut results = Results::open(&directory.path().join("out"), None).expect("opened");
        assert_eq!(results.add(&finished(b"a b", b"x\xff", directory.path())).expect("added"), None);
        results.sync().expect("durable");
        let read = |name: &str| fs::read(directory.path().join("out/4").join(name)).expect("a file");
        assert_eq!((read("stdout"), read("item")), (b"x\xff".to_vec(), b"a b".to_vec()));
        assert_eq!((read("stderr"), read("exit")), (Vec::new(), b"3\n".to_vec()));
    }
}

//! Reads what a node has finished: the records of its journal, each with its line of results.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::diagnostics::Code;
use crate::job::journal::{Record, read_line};
use crate::job::outcome::{Attempt, Ending};
use crate::job::output::{Output, Stored};

/// An item that a node has finished.
#[derive(Debug)]
pub(crate) struct Followed {
    /// The number of the item.
    pub(crate) number: u64,
    /// The item.
    pub(crate) bytes: Box<[u8]>,
    /// Attempts at it.
    pub(crate) attempts: u32,
    /// The last of them.
    pub(crate) attempt: Attempt,
}

/// The place up to which a journal and its results were read.
#[derive(Debug)]
pub(crate) struct Follower {
    directory: PathBuf,
    journal: u64,
    results: u64,
}

/// A line of results.
#[derive(Debug, Deserialize)]
struct Line {
    #[serde(default)]
    item: Option<String>,
    #[serde(default)]
    item_base64: Option<String>,
    status: String,
    exit: Option<i32>,
    signal: Option<i32>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    code: Option<Code>,
    started: f64,
    seconds: f64,
    cpu_s: Option<f64>,
    #[serde(default)]
    value: Option<Box<RawValue>>,
    #[serde(default)]
    stdout: Option<String>,
    #[serde(default)]
    stderr: Option<String>,
    #[serde(default)]
    stdout_base64: Option<String>,
    #[serde(default)]
    stderr_base64: Option<String>,
}

impl Follower {
    /// Begins at the start.
    pub(crate) fn new(directory: PathBuf) -> Self {
        Follower { directory, journal: 0, results: 0 }
    }

    /// Returns true if the node has begun.
    pub(crate) fn has_begun(&self) -> bool {
        // The directory is read, because a client of NFS remembers for long that a file was not there.
        let entries = std::fs::read_dir(&self.directory).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name()).any(|name| name == "journal")
    }

    /// Returns the last line that the part has left in its log, but how to resume it there: it goes on by itself.
    pub(crate) fn last_words(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.directory.join("log")).ok()?;
        let says_why = |line: &&str| !line.trim().is_empty() && !line.starts_with("Resume ");
        text.lines().rev().find(says_why).map(|line| line.trim().to_owned())
    }

    /// Hands out what was finished since the last call. Large outputs go to files in `scratch`.
    ///
    /// # Errors
    /// When the files cannot be read, or `scratch` not be written to.
    pub(crate) fn follow(&mut self, scratch: &Path, take: &mut dyn FnMut(Followed)) -> io::Result<()> {
        let mut journal = match File::open(self.directory.join("journal")) {
            Ok(journal) => journal,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.has_begun();
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if journal.metadata()?.len() < self.journal {
            // A group that could not be written whole was cut off again: what follows is found from the start.
            (self.journal, self.results) = (0, 0);
        }
        journal.seek(SeekFrom::Start(self.journal))?;
        let mut journal = BufReader::new(journal);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let length = journal.read_until(b'\n', &mut bytes)?;
            // A line without its end is still being written.
            let Some(line) = bytes.strip_suffix(b"\n") else { return Ok(()) };
            if let Some(Record { number, attempts, results: Some(end), .. }) = read_line::<Record>(line) {
                let Some((bytes, attempt)) = self.result(end, scratch)? else { return Ok(()) };
                take(Followed { number, bytes, attempts, attempt });
            }
            self.journal += length as u64;
        }
    }

    /// Reads the line of results that ends at `end`; `None` if this machine does not see it yet.
    fn result(&mut self, end: u64, scratch: &Path) -> io::Result<Option<(Box<[u8]>, Attempt)>> {
        let mut file = File::open(self.directory.join("results.jsonl"))?;
        if file.metadata()?.len() < end || end < self.results {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(self.results))?;
        let mut bytes = vec![0; usize::try_from(end - self.results).map_err(io::Error::other)?];
        file.read_exact(&mut bytes)?;
        let mut line: Line = serde_json::from_slice(&bytes)?;
        let item = decoded(line.item.take(), line.item_base64.take())?.unwrap_or_default();
        let attempt = attempt(line, scratch)?;
        self.results = end;
        Ok(Some((item.into(), attempt)))
    }
}

fn attempt(line: Line, scratch: &Path) -> io::Result<Attempt> {
    let ending = match (line.status.as_str(), line.error, line.code, line.signal) {
        ("timed-out", ..) => Ending::TimedOut,
        (_, error, Some(code), _) => Ending::Raised(code, error.unwrap_or_default()),
        (_, Some(error), None, _) => Ending::Broken(error),
        (_, None, None, Some(signal)) => Ending::Signaled(signal),
        (_, None, None, None) => Ending::Exited(line.exit.unwrap_or(0)),
    };
    let mut output = Output::default();
    store(line.stdout, line.stdout_base64, &mut output.stdout, scratch)?;
    store(line.stderr, line.stderr_base64, &mut output.stderr, scratch)?;
    Ok(Attempt {
        ending,
        started: UNIX_EPOCH + Duration::try_from_secs_f64(line.started).unwrap_or_default(),
        seconds: line.seconds,
        cpu_s: line.cpu_s,
        output,
        value: line.value.map(|value| value.get().to_owned()),
        retry_after: None,
    })
}

fn store(
    text: Option<String>,
    encoded: Option<String>,
    stored: &mut Stored,
    scratch: &Path,
) -> io::Result<()> {
    let bytes = decoded(text, encoded)?.unwrap_or_default();
    if bytes.is_empty() { Ok(()) } else { stored.append(&bytes, scratch) }
}

/// Returns bytes that are written as text, or in base64 if they are none.
fn decoded(text: Option<String>, encoded: Option<String>) -> io::Result<Option<Vec<u8>>> {
    match (text, encoded) {
        (Some(text), _) => Ok(Some(text.into_bytes())),
        (None, Some(encoded)) => BASE64.decode(encoded.as_bytes()).map(Some).map_err(io::Error::other),
        (None, None) => Ok(None),
    }
}

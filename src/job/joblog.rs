//! `--joblog`: one line per item with the columns of GNU parallel.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::job::command::{CommandTemplate, Rendered};
use crate::job::outcome::Finished;

/// The first line.
const HEADER: &[u8] = b"Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";

/// Bytes that a shell takes as they are.
const PLAIN: &[u8] = b"%+,-./:=@_";

/// The job log.
#[derive(Debug)]
pub(crate) struct JobLog {
    file: BufWriter<File>,
}

impl JobLog {
    /// Opens the log; `appends` keeps what is in it.
    ///
    /// # Errors
    /// When the file cannot be opened or written to.
    pub(crate) fn open(path: &Path, appends: bool) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.create(true).append(appends).write(true).truncate(!appends).open(path)?;
        let is_new = file.metadata()?.len() == 0;
        let mut log = JobLog { file: BufWriter::new(file) };
        if is_new {
            log.file.write_all(HEADER)?;
        }
        Ok(log)
    }

    /// Adds an item.
    ///
    /// # Errors
    /// When the file cannot be written to.
    pub(crate) fn add(&mut self, finished: &Finished, template: &CommandTemplate) -> io::Result<()> {
        let started = finished.last.started.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let (exit, signal) = finished.last.ending.exit_and_signal();
        let (seconds, received) = (finished.last.seconds, finished.last.output.stdout.length());
        let number = finished.item.number;
        write!(self.file, "{number}\t:\t{started:.3}\t{seconds:10.3}\t0\t{received}\t{exit}\t{signal}\t")?;
        let of = Rendered { item: &finished.item.bytes, number, slot: finished.slot };
        for (i, word) in template.render(of).enumerate() {
            if i > 0 {
                self.file.write_all(b" ")?;
            }
            self.file.write_all(&quoted(word.as_bytes()))?;
        }
        self.file.write_all(b"\n")
    }

    /// Writes out what was added.
    ///
    /// # Errors
    /// When the file cannot be written to.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Returns a word as a shell would have to read it; a line break would end the line of the log.
fn quoted(word: &[u8]) -> Vec<u8> {
    if !word.is_empty() && word.iter().all(|byte| byte.is_ascii_alphanumeric() || PLAIN.contains(byte)) {
        return word.to_vec();
    }
    if word.iter().any(u8::is_ascii_control) {
        return [&b"$'"[..], word.escape_ascii().to_string().as_bytes(), b"'"].concat();
    }
    let mut out = vec![b'\''];
    for byte in word {
        match byte {
            b'\'' => out.extend_from_slice(b"'\\''"),
            byte => out.push(*byte),
        }
    }
    out.push(b'\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_a_shell_reads_them() {
        assert_eq!(quoted(b"a/b-c.d"), b"a/b-c.d");
        assert_eq!(quoted(b""), b"''");
        assert_eq!(quoted(b"it's 1"), b"'it'\\''s 1'");
        assert_eq!(quoted(b"a\nb\t"), b"$'a\\nb\\t'");
    }
}

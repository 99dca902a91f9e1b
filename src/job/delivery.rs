//! The output of finished items on the streams of this process, one item after another.

use std::io::{self, Read, Write};

use crate::job::attempt::{LiveOutput, Stream};
use crate::job::commit_error::CommitError;
use crate::job::items::JobItem;
use crate::job::outcome::Finished;
use crate::job::output::Stored;
use crate::job::shutdown::{Shutdown, Stop};

/// The standard streams of this process, which a progress bar may share.
pub(crate) trait Streams: Sync {
    /// Lets `write` write to a stream while nobody else does, and flushes it.
    ///
    /// # Errors
    /// The error of `write` or of the stream.
    fn with(&self, stream: Stream, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>)
    -> io::Result<()>;
}

/// Bytes copied at once.
const COPY_BYTES: usize = 64 << 10;

/// Writes the output of an item, standard output first; each line begins with the item if `is_tagged`.
///
/// # Errors
/// When a stream cannot be written to, or the output not be read back.
pub(crate) fn deliver(finished: &Finished, streams: &dyn Streams, is_tagged: bool) -> io::Result<()> {
    let item = &finished.item;
    if let Some(value) = &finished.last.value {
        let tag = if is_tagged { tag_of(item) } else { Vec::new() };
        let line = [&tag[..], value.as_bytes(), b"\n"].concat();
        streams.with(Stream::Stdout, &mut |writer| writer.write_all(&line))?;
    }
    let output = &finished.last.output;
    for (stream, stored) in [(Stream::Stdout, &output.stdout), (Stream::Stderr, &output.stderr)] {
        if stored.length() > 0 {
            streams.with(stream, &mut |writer| copy(stored, writer, is_tagged.then_some(item)))?;
        }
    }
    Ok(())
}

fn copy(stored: &Stored, writer: &mut dyn Write, tag: Option<&JobItem>) -> io::Result<()> {
    let mut reader = stored.reader();
    let Some(item) = tag else { return io::copy(&mut reader, writer).map(drop) };
    let mut buffer = vec![0; COPY_BYTES];
    let mut tagger = Tagger { tag: tag_of(item), is_at_start: true };
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => tagger.write(&buffer[..length], writer)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn tag_of(item: &JobItem) -> Vec<u8> {
    [&item.bytes, &b"\t"[..]].concat()
}

/// Writes a tag at the start of every line.
struct Tagger {
    tag: Vec<u8>,
    is_at_start: bool,
}

impl Tagger {
    fn write(&mut self, bytes: &[u8], writer: &mut dyn Write) -> io::Result<()> {
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if std::mem::replace(&mut self.is_at_start, line.ends_with(b"\n")) {
                writer.write_all(&self.tag)?;
            }
            writer.write_all(line)?;
        }
        Ok(())
    }
}

/// Writes lines as they come, `--line-buffer`.
pub(crate) struct LiveLines<'a> {
    /// The streams to write to.
    pub(crate) streams: &'a dyn Streams,
    /// Whether each line begins with the item.
    pub(crate) is_tagged: bool,
    /// Ends the run if a stream can no longer be written to.
    pub(crate) shutdown: Shutdown,
    /// The first failure to write.
    pub(crate) failure: std::sync::Mutex<Option<io::Error>>,
}

impl LiveLines<'_> {
    /// Takes the first failure to write.
    pub(crate) fn take_failure(&self) -> Option<CommitError> {
        let failure = self.failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        failure.map(|error| CommitError { doing: "cannot write output".to_owned(), error })
    }
}

impl LiveOutput for LiveLines<'_> {
    fn lines(&self, item: &JobItem, stream: Stream, bytes: &[u8]) {
        let written = self.streams.with(stream, &mut |writer| {
            if !self.is_tagged {
                return writer.write_all(bytes);
            }
            Tagger { tag: tag_of(item), is_at_start: true }.write(bytes, writer)
        });
        if let Err(error) = written {
            let mut failure = self.failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            failure.get_or_insert(error);
            self.shutdown.ask(Stop::Now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tagged(parts: &[&[u8]]) -> String {
        let mut out = Vec::new();
        let mut tagger = Tagger { tag: b"a\t".to_vec(), is_at_start: true };
        parts.iter().for_each(|part| tagger.write(part, &mut out).expect("written"));
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn every_line_gets_one_tag_wherever_the_parts_end() {
        assert_eq!(tagged(&[b"x\ny\n"]), "a\tx\na\ty\n");
        assert_eq!(tagged(&[b"x", b"1\n", b"\n", b"end"]), "a\tx1\na\t\na\tend");
    }
}

//! The output of one command: in memory while it is small, in an unnamed file beyond that.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use crate::job::items::plain;

/// Bytes of one stream kept in memory. Some hundred outputs may wait to be delivered, so that the memory of
/// all of them stays below 64 MiB.
const MAX_MEMORY_BYTES: usize = 32 << 10;

/// Bytes that were written by a command, in order.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    memory: Vec<u8>,
    file: Option<Part>,
    length: u64,
}

/// A part of a file.
#[derive(Debug)]
struct Part {
    file: Arc<File>,
    /// The first byte of the part.
    from: u64,
}

/// One file for the outputs of many commands.
#[derive(Debug)]
pub(crate) struct Spool {
    file: Arc<File>,
    length: u64,
}

impl Spool {
    /// Makes a spool of an empty file.
    pub(crate) fn new(file: File) -> Self {
        Spool { file: Arc::new(file), length: 0 }
    }

    /// Moves an output into the spool.
    ///
    /// # Errors
    /// When the file cannot be written to.
    pub(crate) fn take(&mut self, stored: &mut Stored) -> io::Result<()> {
        io::copy(&mut stored.reader(), &mut &*self.file)?;
        let part = Part { file: Arc::clone(&self.file), from: self.length };
        self.length += stored.length;
        *stored = Stored { memory: Vec::new(), file: Some(part), length: stored.length };
        Ok(())
    }
}

/// Reads a part of a file without moving its offset, which others write at.
struct PartReader<'a> {
    file: &'a File,
    at: u64,
    end: u64,
}

impl Read for PartReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let length = self.file.read_at(&mut buffer[..wanted], self.at)?;
        if length == 0 && wanted > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += length as u64;
        Ok(length)
    }
}

impl Stored {
    /// Appends bytes; beyond [`MAX_MEMORY_BYTES`] they go to a file in `scratch`.
    ///
    /// # Errors
    /// When the file cannot be made or written to, such as on a full disk.
    pub(crate) fn append(&mut self, bytes: &[u8], scratch: &Path) -> io::Result<()> {
        if self.file.is_none() && self.memory.len() + bytes.len() > MAX_MEMORY_BYTES {
            let mut file = tempfile::tempfile_in(scratch)?;
            file.write_all(&self.memory)?;
            self.memory = Vec::new();
            self.file = Some(Part { file: Arc::new(file), from: 0 });
        }
        match &self.file {
            Some(part) => (&*part.file).write_all(bytes)?,
            None => self.memory.extend_from_slice(bytes),
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Returns the number of bytes.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Returns a reader of all bytes.
    pub(crate) fn reader(&self) -> Box<dyn Read + '_> {
        match &self.file {
            Some(Part { file, from }) => Box::new(PartReader { file, at: *from, end: from + self.length }),
            None => Box::new(&self.memory[..]),
        }
    }

    /// Returns all bytes.
    #[cfg(test)]
    pub(crate) fn read_all(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.length).unwrap_or_default());
        self.reader().read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Both streams of a command.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// Standard output.
    pub(crate) stdout: Stored,
    /// Standard error.
    pub(crate) stderr: Stored,
}

impl Output {
    /// Returns the last line of standard error that says something, cut after 160 characters.
    pub(crate) fn last_words(&self) -> Option<String> {
        const MAX_CHARS: usize = 160;
        const TAIL_BYTES: u64 = 4096;
        let skipped = self.stderr.length().saturating_sub(TAIL_BYTES);
        let mut reader = self.stderr.reader();
        io::copy(&mut reader.by_ref().take(skipped), &mut io::sink()).ok()?;
        let mut tail = Vec::new();
        reader.read_to_end(&mut tail).ok()?;
        let text = String::from_utf8_lossy(&tail);
        let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
        Some(line.trim().chars().take(MAX_CHARS).map(plain).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_output_goes_through_a_file_and_comes_back_whole() {
        let scratch = tempfile::tempdir().expect("a directory");
        let mut stored = Stored::default();
        let mut expected = Vec::new();
        for i in 0..100_u32 {
            let bytes: Vec<u8> = (0..999).map(|k| (k * i) as u8).collect();
            stored.append(&bytes, scratch.path()).expect("stored");
            expected.extend(bytes);
        }
        assert!(stored.file.is_some() && stored.memory.is_empty());
        assert_eq!(stored.length(), expected.len() as u64);
        assert_eq!(stored.read_all().expect("read"), expected);
        assert_eq!(stored.read_all().expect("read again"), expected);
        assert_eq!(std::fs::read_dir(scratch.path()).expect("readable").count(), 0, "it has no name");
    }

    #[test]
    fn the_last_words_are_the_last_line_with_text() {
        let scratch = tempfile::tempdir().expect("a directory");
        let mut output = Output::default();
        assert_eq!(output.last_words(), None);
        output.stderr.append(&[b'x'; 100_000], scratch.path()).expect("stored");
        output.stderr.append(b"\nno such host\n\n", scratch.path()).expect("stored");
        assert_eq!(output.last_words().as_deref(), Some("no such host"));
    }
}

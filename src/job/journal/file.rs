//! The file of the journal.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::job::journal::line::{self, Header, Record};
use crate::job::journal::recorded::Recorded;

/// Time to wait for the lock: a child that was being started when its run was killed has it for a moment.
const LOCK_PATIENCE: Duration = Duration::from_millis(700);

/// Pause between two tries.
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// The reason why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    /// There is a journal and the run does not resume it.
    #[error("the journal '{}' exists; add --resume to go on where it ends, or name another file", .0.display())]
    Exists(PathBuf),
    /// There is no journal to resume.
    #[error("there is no journal '{}' to resume; without --resume it is made", .0.display())]
    Missing(PathBuf),
    /// The journal belongs to another command.
    #[error("the journal '{}' belongs to another command: {command}", .path.display())]
    OtherCommand {
        /// The journal.
        path: PathBuf,
        /// The command as it was typed.
        command: String,
    },
    /// The file is no journal, or was changed.
    #[error("'{}' is no journal, or damaged in line {line}; an interrupted run damages no more than the end", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// Another run uses the journal now.
    #[error("the journal '{}' is used by another run", .0.display())]
    InUse(PathBuf),
    /// The file cannot be used.
    #[error("cannot use the journal '{}': {error}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
}

/// A journal that is open for appending; no other run can open it meanwhile.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    /// Length of what is on the disk, in bytes.
    durable: u64,
    pending: Vec<u8>,
    group: u64,
}

impl Journal {
    /// Makes a new journal.
    ///
    /// # Errors
    /// When there is one already, or the file cannot be written to.
    pub(crate) fn create(path: &Path, header: &Header) -> Result<Self, JournalError> {
        let failed = |error| JournalError::Io { path: path.to_owned(), error };
        let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path);
        let file = file.map_err(failed)?;
        lock(&file, path)?;
        if file.metadata().map_err(failed)?.len() > 0 {
            return Err(JournalError::Exists(path.to_owned()));
        }
        let mut journal = Journal { file, durable: 0, pending: Vec::new(), group: 0 };
        line::write(header, &mut journal.pending);
        journal.commit().map_err(failed)?;
        // The name of the file has to survive a loss of power as well.
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(directory.unwrap_or(Path::new("."))).and_then(|d| d.sync_all()).map_err(failed)?;
        Ok(journal)
    }

    /// Opens a journal to go on where it ends; what a crash has torn off at its end is removed.
    ///
    /// # Errors
    /// When there is none, it belongs to another command, or it is damaged before its end.
    pub(crate) fn resume(path: &Path, header: &Header) -> Result<(Self, Recorded), JournalError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => JournalError::Missing(path.to_owned()),
            _ => JournalError::Io { path: path.to_owned(), error },
        };
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(failed)?;
        lock(&file, path)?;
        let found = Found::read(&file, path, header)?;
        let mut journal = Journal { file, durable: found.length, pending: Vec::new(), group: found.groups };
        if found.length == 0 {
            // A run that was killed before its first line was on the disk.
            line::write(header, &mut journal.pending);
        }
        journal.restore().map_err(failed)?;
        journal.commit().map_err(failed)?;
        Ok((journal, found.recorded))
    }

    /// Adds a record, which is durable after the next [`commit`](Self::commit).
    pub(crate) fn add(&mut self, record: Record) {
        line::write(&Record { group: self.group, ..record }, &mut self.pending);
    }

    /// Writes everything that was added and waits until it is on the disk.
    ///
    /// # Errors
    /// When the file cannot be written to; what was added is then not recorded.
    pub(crate) fn commit(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        let written = self.file.write_all(&pending).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => {
                self.durable += pending.len() as u64;
                self.group += 1;
                Ok(())
            }
            Err(error) => {
                // Half a line would be found torn; without it the journal ends as it did before.
                let _ = self.restore();
                Err(error)
            }
        }
    }

    /// Cuts the file to what is known to be on the disk.
    fn restore(&mut self) -> io::Result<()> {
        self.file.set_len(self.durable)?;
        self.file.seek(SeekFrom::Start(self.durable)).map(drop)
    }
}

/// Takes the lock of the file, which ends with the process that has it.
fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => return Err(JournalError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => {
                return Err(JournalError::Io { path: path.to_owned(), error });
            }
        }
    }
}

/// Reads what is recorded in a journal.
///
/// # Errors
/// When it belongs to another command, or is damaged before its end.
pub(crate) fn read_journal(bytes: &[u8], header: &Header) -> Result<Recorded, JournalError> {
    Found::read(bytes, Path::new("journal"), header).map(|found| found.recorded)
}

/// The contents of a journal.
struct Found {
    recorded: Recorded,
    /// Bytes up to the first line that is torn.
    length: u64,
    /// Number of groups.
    groups: u64,
}

impl Found {
    fn read(file: impl Read, path: &Path, header: &Header) -> Result<Self, JournalError> {
        let failed = |error| JournalError::Io { path: path.to_owned(), error };
        let mut reader = BufReader::new(file);
        let mut found = Found { recorded: Recorded::new(), length: 0, groups: 0 };
        let (mut bytes, mut number, mut torn) = (Vec::new(), 0, None);
        let mut groups_after = BTreeSet::new();
        loop {
            bytes.clear();
            let length = reader.read_until(b'\n', &mut bytes).map_err(failed)?;
            if length == 0 {
                break;
            }
            number += 1;
            let content = bytes.strip_suffix(b"\n");
            let is_valid = match (content, number) {
                (Some(content), 1) => found.check_header(content, path, header)?,
                (Some(content), _) => found.take(content, torn.is_some(), &mut groups_after),
                (None, _) => false,
            };
            if !is_valid {
                torn.get_or_insert(number);
            } else if torn.is_none() {
                found.length += length as u64;
            }
            // Nothing may follow the group that a crash has torn.
            if let Some(line) = torn.filter(|_| groups_after.len() > 1) {
                return Err(JournalError::Damaged { path: path.to_owned(), line });
            }
        }
        // The first line is on the disk before any other is written.
        match torn {
            Some(1) if number > 1 => Err(JournalError::Damaged { path: path.to_owned(), line: 1 }),
            _ => Ok(found),
        }
    }

    fn check_header(&self, content: &[u8], path: &Path, header: &Header) -> Result<bool, JournalError> {
        let Some(theirs) = line::read::<Header>(content) else {
            return Err(JournalError::Damaged { path: path.to_owned(), line: 1 });
        };
        if theirs.identity != header.identity {
            let command = theirs.command;
            return Err(JournalError::OtherCommand { path: path.to_owned(), command });
        }
        Ok(true)
    }

    /// Takes a record; behind a torn line only its group matters.
    fn take(&mut self, content: &[u8], is_behind: bool, groups_after: &mut BTreeSet<u64>) -> bool {
        let Some(record) = line::read::<Record>(content) else { return false };
        if is_behind {
            groups_after.insert(record.group);
        } else {
            self.recorded.add(&record);
            self.groups = self.groups.max(record.group.saturating_add(1));
        }
        true
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

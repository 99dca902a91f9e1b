//! One array task in the shared directory: its items, its journal and its results.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use crate::cluster::slurm::follow::Follower;
use crate::cluster::slurm::number_set::NumberSet;
use crate::job::items::{ItemSource, NumberedStream, write_numbered};

/// A part of the work.
#[derive(Debug)]
pub(crate) struct Part {
    /// Its number.
    pub(crate) number: u64,
    /// The numbers of its items that are not finished.
    pub(crate) left: NumberSet,
    /// What reads its journal.
    pub(crate) follower: Follower,
    /// Whether nothing more is to be expected of it.
    pub(crate) is_settled: bool,
}

impl Part {
    /// Writes the items of a new part.
    ///
    /// # Errors
    /// When they cannot be read, or the shared directory cannot be written to, such as when it is full.
    pub(crate) fn write(
        shared: &Path,
        number: u64,
        items: impl Iterator<Item = io::Result<(u64, Box<[u8]>)>>,
    ) -> io::Result<Self> {
        let directory = shared.join(number.to_string());
        fs::create_dir(&directory)?;
        let mut file = BufWriter::new(File::create(directory.join("items"))?);
        let mut left = NumberSet::default();
        for item in items {
            let (number, bytes) = item?;
            write_numbered(&mut file, number, &bytes)?;
            left.insert(number);
        }
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(Self::new(directory, number, left))
    }

    /// Reads which items a part has that an earlier run has written.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn read(shared: &Path, number: u64) -> io::Result<Self> {
        let left = items(shared, number)?.map(|item| item.map(|(number, _)| number));
        let left = left.collect::<io::Result<NumberSet>>()?;
        Ok(Self::new(shared.join(number.to_string()), number, left))
    }

    fn new(directory: PathBuf, number: u64, left: NumberSet) -> Self {
        Part { number, left, follower: Follower::new(directory), is_settled: false }
    }
}

/// Reads all items of a part.
///
/// # Errors
/// When the file cannot be opened.
pub(crate) fn items(shared: &Path, number: u64) -> io::Result<NumberedStream> {
    ItemSource::Numbered(shared.join(number.to_string()).join("items")).open_numbered()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_comes_back_with_its_items_whatever_their_bytes() {
        let shared = tempfile::tempdir().expect("a directory");
        let listed: [(u64, &[u8]); 3] = [(3, b"a\tb\nc"), (9, b"\xff"), (12, b"")];
        let listed = listed.map(|(number, bytes)| (number, Box::from(bytes)));
        let written = Part::write(shared.path(), 7, listed.iter().cloned().map(Ok)).expect("written");
        let read = Part::read(shared.path(), 7).expect("read");
        assert_eq!(read.left, [3, 9, 12].into_iter().collect());
        assert_eq!((read.left, read.number), (written.left, written.number));
        let again: Vec<_> =
            items(shared.path(), 7).expect("opened").map(|item| item.expect("read")).collect();
        assert_eq!(again, listed);
        assert!(Part::write(shared.path(), 7, std::iter::empty()).is_err(), "it exists");
        assert!(Part::read(shared.path(), 8).is_err());
    }
}

//! One array task in the shared directory: its items, its journal and its results.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::cluster::slurm::follow::Follower;
use crate::job::items::{ItemSource, JobItem};

/// A part of the work.
#[derive(Debug)]
pub(crate) struct Part {
    /// Its number.
    pub(crate) number: u64,
    /// The numbers of its items that are not finished.
    pub(crate) left: HashSet<u64>,
    /// What reads its journal.
    pub(crate) follower: Follower,
    /// Whether nothing more is to be expected of it.
    pub(crate) is_settled: bool,
}

impl Part {
    /// Writes the items of a new part.
    ///
    /// # Errors
    /// When the shared directory cannot be written to, such as when it is full.
    pub(crate) fn write(shared: &Path, number: u64, items: &[&JobItem]) -> io::Result<Self> {
        let directory = shared.join(number.to_string());
        fs::create_dir(&directory)?;
        let mut file = BufWriter::new(File::create(directory.join("items"))?);
        for item in items {
            write!(file, "{}\t", item.number)?;
            file.write_all(&item.bytes)?;
            file.write_all(&[0])?;
        }
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(Self::new(directory, number, items.iter().map(|item| item.number).collect()))
    }

    /// Reads which items a part has that an earlier run has written.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn read(shared: &Path, number: u64) -> io::Result<Self> {
        let directory = shared.join(number.to_string());
        let items = ItemSource::Numbered(directory.join("items")).open_numbered()?;
        let left = items.map(|item| item.map(|(number, _)| number)).collect::<io::Result<HashSet<u64>>>()?;
        Ok(Self::new(directory, number, left))
    }

    fn new(directory: PathBuf, number: u64, left: HashSet<u64>) -> Self {
        Part { number, left, follower: Follower::new(directory), is_settled: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_comes_back_with_its_items_whatever_their_bytes() {
        let shared = tempfile::tempdir().expect("a directory");
        let item = |number, bytes: &[u8]| JobItem { number, order: number - 1, bytes: bytes.into() };
        let items = [item(3, b"a\tb\nc"), item(9, b"\xff"), item(12, b"")];
        let written = Part::write(shared.path(), 7, &items.iter().collect::<Vec<_>>()).expect("written");
        let read = Part::read(shared.path(), 7).expect("read");
        assert_eq!(read.left, HashSet::from([3, 9, 12]));
        assert_eq!((read.left, read.number), (written.left, written.number));
        assert!(Part::write(shared.path(), 7, &[]).is_err(), "it exists");
        assert!(Part::read(shared.path(), 8).is_err());
    }
}

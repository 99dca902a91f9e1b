//! Items that wait for an array task, in a file without a name: there may be more than fit into memory.

use std::fs::File;
use std::io::{self, BufWriter, Seek};
use std::path::Path;

use crate::job::items::{NumberedStream, numbered_items, write_numbered};

/// Items that are in no array task.
#[derive(Debug)]
pub(crate) struct Rest {
    file: BufWriter<File>,
    count: u64,
}

impl Rest {
    /// Begins without any.
    ///
    /// # Errors
    /// When the shared directory cannot be written to.
    pub(crate) fn new(shared: &Path) -> io::Result<Self> {
        Ok(Rest { file: BufWriter::new(tempfile::tempfile_in(shared)?), count: 0 })
    }

    /// Adds an item.
    ///
    /// # Errors
    /// When the shared directory is full.
    pub(crate) fn add(&mut self, number: u64, bytes: &[u8]) -> io::Result<()> {
        self.count += 1;
        write_numbered(&mut self.file, number, bytes)
    }

    /// Returns the number of items.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Reads them.
    ///
    /// # Errors
    /// When they cannot be written or read.
    pub(crate) fn read(self) -> io::Result<NumberedStream> {
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(numbered_items(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_back_in_their_order_whatever_their_bytes() {
        let shared = tempfile::tempdir().expect("a directory");
        let mut rest = Rest::new(shared.path()).expect("made");
        let items: [(u64, &[u8]); 3] = [(3, b"a\tb\nc"), (9, b"\xff"), (12, b"")];
        items.iter().for_each(|(number, bytes)| rest.add(*number, bytes).expect("written"));
        assert_eq!(rest.count(), 3);
        let read: Vec<_> = rest.read().expect("opened").map(|item| item.expect("read")).collect();
        assert_eq!(read, items.map(|(number, bytes)| (number, bytes.into())));
        assert_eq!(shared.path().read_dir().expect("readable").count(), 0, "it has no name");
    }
}

//! One word of memory that several processes share.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicU64;

use memmap2::{MmapOptions, MmapRaw};

/// Bytes of the word, and of its file.
const SIZE: usize = size_of::<u64>();

/// An atomic integer in a memory-mapped file; every process that opens the file sees the same one.
#[derive(Debug)]
pub(crate) struct SharedWord {
    map: MmapRaw,
}

impl SharedWord {
    /// Maps the file, and makes it if it does not exist; a new word is 0.
    ///
    /// Any number of processes may do so at once. Nobody may shorten the file afterwards: touching
    /// the word would then be fatal (`SIGBUS`).
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        // Two processes may both find it short; growing it twice to the same length is harmless.
        if file.metadata()?.len() < SIZE as u64 {
            file.set_len(SIZE as u64)?;
        }
        reserve(&file, SIZE as u64)?;
        Ok(SharedWord { map: MmapOptions::new().len(SIZE).map_raw(&file)? })
    }

    /// Returns the word.
    #[expect(unsafe_code, reason = "memory shared between processes is reached through a pointer")]
    pub(crate) fn get(&self) -> &AtomicU64 {
        // SAFETY: the mapping is writable, SIZE bytes long, aligned to a page, and lives as long as
        // the reference. Every process reaches the word through this function, hence atomically.
        unsafe { AtomicU64::from_ptr(self.map.as_mut_ptr().cast()) }
    }
}

/// Reserves the space of a file on its device: writing to a page of a map that finds none is fatal (`SIGBUS`).
///
/// # Errors
/// When the device is full.
#[cfg(target_os = "linux")]
fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    use nix::errno::Errno;
    match nix::fcntl::fallocate(file, nix::fcntl::FallocateFlags::empty(), 0, bytes.cast_signed()) {
        // Some file systems cannot do it.
        Ok(()) | Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Reserves nothing: only Linux does it in one way.
#[cfg(not(target_os = "linux"))]
fn reserve(_: &File, _: u64) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn two_openings_of_one_file_are_one_word() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("word");
        let (one, other) = (SharedWord::open(&path).unwrap(), SharedWord::open(&path).unwrap());
        assert_eq!(one.get().load(Ordering::Relaxed), 0);

        std::thread::scope(|scope| {
            for word in [&one, &other] {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        word.get().fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(other.get().load(Ordering::Relaxed), 2000);
        assert_eq!(SharedWord::open(&path).unwrap().get().load(Ordering::Relaxed), 2000);
    }

    #[test]
    fn a_missing_directory_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert!(SharedWord::open(&dir.path().join("none/word")).is_err());
    }
}

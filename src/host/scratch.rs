//! The temporary directory of a run, and its end.

use std::fs;
use std::path::Path;

/// Tries to remove a directory, at most: processes may still be writing into it, or the system may be out of descriptors
/// for a moment.
const MAX_TRIES: usize = 5;

/// Removes a directory and everything in it.
pub(crate) fn remove(directory: &Path) {
    for _ in 0..MAX_TRIES {
        if fs::remove_dir_all(directory).is_ok() || !directory.exists() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_goes_with_what_is_in_it() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("a");
        fs::create_dir_all(directory.join("b")).unwrap();
        fs::write(directory.join("b/c"), "x").unwrap();
        remove(&directory);
        assert!(!directory.exists());
        remove(&directory);
    }
}

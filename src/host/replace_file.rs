//! Replaces files in one step, so that nobody ever reads half of one.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// Replaces the contents of a file in one step: writes a temporary file next to it and renames it.
///
/// # Errors
/// When the directory cannot be written to; the file is then as it was.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = create_next_to(path)?;
    temporary.write_all(bytes)?;
    temporary.persist(path).map(drop).map_err(|error| error.error)
}

/// Checks that [`replace_file`] could write to the path.
///
/// # Errors
/// When it could not.
pub(crate) fn check_replaceable(path: &Path) -> io::Result<()> {
    create_next_to(path)?.close()
}

/// Creates a hidden file in the directory of `path`, with the permissions of a new file.
fn create_next_to(path: &Path) -> io::Result<NamedTempFile> {
    let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut prefix = OsString::from(".");
    prefix.push(name);
    tempfile::Builder::new()
        .prefix(&prefix)
        .make_in(directory.unwrap_or(Path::new(".")), |path| File::create_new(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_next_to_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("results.json");
        check_replaceable(&path).expect("writable");
        assert!(!path.exists());
        replace_file(&path, b"old").expect("written");
        replace_file(&path, b"new").expect("replaced");
        assert_eq!(std::fs::read(&path).expect("readable"), b"new");
        assert_eq!(std::fs::read_dir(directory.path()).expect("readable").count(), 1);
        assert!(check_replaceable(&directory.path().join("none/file")).is_err());
    }
}

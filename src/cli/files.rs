//! Files that the user names.

use std::fs;
use std::io;
use std::path::Path;

use crate::cli::failure::Failure;
use crate::host::replace_file::{check_replaceable, replace_file};

/// Returns true if a path is a device, a pipe or a link, which is written to instead of replaced.
pub(crate) fn is_written_in_place(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| !meta.is_file())
}

/// Checks that a file can be written, before a run whose results would be lost.
pub(crate) fn check_writable(path: &Path) -> Result<(), Failure> {
    try_check(path).map_err(cannot_write(path))
}

fn try_check(path: &Path) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|meta| meta.is_dir()) {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    // To open a pipe would be to wait for its reader.
    if is_written_in_place(path) { Ok(()) } else { check_replaceable(path) }
}

/// Writes a file.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if is_written_in_place(path) { fs::write(path, bytes) } else { replace_file(path, bytes) }
}

/// Returns the failure to write a file.
pub(crate) fn cannot_write(path: &Path) -> impl FnOnce(io::Error) -> Failure + use<> {
    Failure::io(format!("cannot write '{}'", path.display()))
}

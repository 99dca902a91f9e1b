//! Replaces files in one step, so that nobody ever reads half of one.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use tempfile::NamedTempFile;

/// The start of the name of a temporary file. The rest is random, so that none that was left behind is in the way,
/// and it is short, whatever the name of the file.
const TEMPORARY: &str = ".conc-";

/// Replaces the contents of a file in one step: writes a temporary file next to it and renames it.
///
/// The file keeps its owner, its group and its permissions. Where it cannot be renamed over, because it is mounted,
/// somebody else's, or in a directory that cannot be written to, it is written in place instead.
///
/// # Errors
/// When neither is possible; the file is then as it was, unless the device is full.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let before = fs::metadata(path).ok();
    match replace(path, bytes, before.as_ref()) {
        Err(error) if before.is_some() && is_about_place(&error) => fs::write(path, bytes),
        replaced => replaced,
    }
}

fn replace(path: &Path, bytes: &[u8], before: Option<&Metadata>) -> io::Result<()> {
    let mut temporary = create_next_to(path)?;
    if let Some(before) = before {
        let (uid, gid) = (before.uid(), before.gid());
        let made = temporary.as_file().metadata()?;
        if (made.uid(), made.gid()) != (uid, gid) {
            // In this order: a change of the owner takes permissions away.
            std::os::unix::fs::fchown(temporary.as_file(), Some(uid), Some(gid))?;
        }
        temporary.as_file().set_permissions(fs::Permissions::from_mode(before.mode() & 0o7777))?;
    }
    temporary.write_all(bytes)?;
    temporary.persist(path).map(drop).map_err(|error| error.error)
}

/// Returns true for an error about the directory, the owner or the mount, which writing in place may not meet.
fn is_about_place(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EBUSY | libc::EXDEV | libc::EPERM | libc::EACCES | libc::EROFS | libc::ETXTBSY)
    )
}

/// Checks that [`replace_file`] could write to the path.
///
/// # Errors
/// When it could not.
pub(crate) fn check_replaceable(path: &Path) -> io::Result<()> {
    match create_next_to(path).and_then(NamedTempFile::close) {
        Err(error) if is_about_place(&error) && path.exists() => check_writable_in_place(path),
        checked => checked,
    }
}

/// Checks that a file, a device or a pipe can be opened for writing, and changes nothing; a pipe that has no reader
/// yet is as good as another.
///
/// # Errors
/// When it cannot be opened.
pub(crate) fn check_writable_in_place(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(path) {
        Err(error) if error.raw_os_error() != Some(libc::ENXIO) => Err(error),
        _ => Ok(()),
    }
}

/// Creates a hidden file in the directory of `path`, with the permissions of a new file.
fn create_next_to(path: &Path) -> io::Result<NamedTempFile> {
    path.file_name().ok_or(io::ErrorKind::IsADirectory)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    tempfile::Builder::new()
        .prefix(TEMPORARY)
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
        assert_eq!(fs::read(&path).expect("readable"), b"new");
        assert_eq!(fs::read_dir(directory.path()).expect("readable").count(), 1);
        assert!(check_replaceable(&directory.path().join("none/file")).is_err());
    }

    #[test]
    fn a_file_keeps_its_permissions() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("secret.json");
        fs::write(&path, "old").expect("written");
        for mode in [0o600, 0o640, 0o666] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its owner may");
            replace_file(&path, b"new").expect("replaced");
            assert_eq!(fs::metadata(&path).expect("there").mode() & 0o7777, mode);
        }
    }

    #[test]
    fn the_longest_name_that_a_file_may_have_can_be_replaced() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("x".repeat(255));
        check_replaceable(&path).expect("writable");
        replace_file(&path, b"new").expect("written");
        assert_eq!(fs::read(&path).expect("readable"), b"new");
    }

    #[test]
    fn only_errors_about_the_place_lead_to_writing_in_place() {
        let is_about = |number| is_about_place(&io::Error::from_raw_os_error(number));
        assert!(is_about(libc::EBUSY), "it is a mount");
        assert!(is_about(libc::EXDEV) && is_about(libc::EACCES));
        assert!(!is_about(libc::ENOSPC), "half a file would be left");
    }

    #[test]
    fn checking_a_pipe_does_not_wait_for_its_reader() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("pipe");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        check_writable_in_place(&path).expect("a reader may come");
        assert!(check_writable_in_place(directory.path()).is_err(), "a directory is no file");
    }
}

//! Files that the user names.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::cli::failure::Failure;
use crate::host::replace_file::{check_replaceable, check_writable_in_place, replace_file};

/// Time that the reader of a named pipe has to open it, from when the results are there.
const READER_PATIENCE: Duration = Duration::from_secs(5);

/// Time between two attempts to open a pipe.
const READER_PERIOD: Duration = Duration::from_millis(20);

/// Links that are followed from one name, as the system does.
const MAX_LINKS: usize = 40;

/// Returns true if a path is a device, a pipe or a link, which is written to instead of replaced.
pub(crate) fn is_written_in_place(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| !meta.is_file())
}

/// Checks that a file can be written, before a run whose results would be lost.
pub(crate) fn check_writable(path: &Path) -> Result<(), Failure> {
    try_check(path).map_err(cannot_write(path))
}

fn try_check(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(_) if is_written_in_place(path) => check_writable_in_place(path),
        Ok(_) => check_replaceable(path),
        // There is nothing, or a link to nothing: the file is made where the last link points.
        Err(_) => check_replaceable(&end_of_links(path)?),
    }
}

fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(target) = fs::read_link(&path) else { return Ok(path) };
        // A target that is absolute replaces all before.
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    Err(io::Error::from_raw_os_error(libc::ELOOP))
}

/// Writes a file.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if !is_written_in_place(path) {
        return replace_file(path, bytes);
    }
    let is_pipe = fs::metadata(path).is_ok_and(|meta| meta.file_type().is_fifo());
    if is_pipe { pipe_with_reader(path)?.write_all(bytes) } else { fs::write(path, bytes) }
}

/// Opens a named pipe. To open it as any file would be to wait for a reader without end, deaf to signals.
fn pipe_with_reader(path: &Path) -> io::Result<File> {
    let given_up = Instant::now() + READER_PATIENCE;
    loop {
        match OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(path) {
            Err(error) if error.raw_os_error() == Some(libc::ENXIO) && Instant::now() < given_up => {
                std::thread::sleep(READER_PERIOD);
            }
            Err(error) if error.raw_os_error() == Some(libc::ENXIO) => {
                let message = format!("nobody reads the pipe within {} s", READER_PATIENCE.as_secs());
                return Err(io::Error::new(io::ErrorKind::TimedOut, message));
            }
            opened => {
                let file = opened?;
                // A reader that is there may be slow.
                fcntl(&file, FcntlArg::F_SETFL(OFlag::O_WRONLY))?;
                return Ok(file);
            }
        }
    }
}

/// Returns the failure to write a file.
pub(crate) fn cannot_write(path: &Path) -> impl FnOnce(io::Error) -> Failure + use<> {
    Failure::io(format!("cannot write '{}'", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_to_nothing_is_written_where_it_points_or_refused_before_the_run() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name);
        symlink("made.json", at("good")).expect("a link");
        symlink("none/made.json", at("bad")).expect("a link");
        symlink("loop", at("loop")).expect("a link");
        assert!(check_writable(&at("good")).is_ok());
        assert!(!at("made.json").exists(), "a check makes nothing");
        write_file(&at("good"), b"x").expect("written");
        assert_eq!(fs::read(at("made.json")).expect("there"), b"x");
        assert!(check_writable(&at("bad")).is_err());
        assert!(check_writable(&at("loop")).is_err());
    }

    #[test]
    fn a_pipe_gets_everything_once_its_reader_is_there() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("pipe");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        let text = "x".repeat(1 << 20);
        let read = std::thread::scope(|scope| {
            let reader = scope.spawn(|| fs::read_to_string(&path));
            write_file(&path, text.as_bytes()).expect("read");
            reader.join().expect("no panic").expect("readable")
        });
        assert_eq!(read.len(), text.len());
    }
}

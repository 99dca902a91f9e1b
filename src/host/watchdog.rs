//! The child side of [`group`](crate::host::group): kills the processes that its parent left behind.

use std::ffi::OsString;
use std::io::BufRead;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::getpgrp;

use crate::host::ending::{RunMarks, own_group};
use crate::host::scratch;

/// Name of the file in the directory of a run that lists its sessions.
pub(crate) const SESSIONS_FILE: &str = "sessions";

/// Waits until `stdin` ends, which it does however the parent ends; then kills the processes of the run, removes
/// the directory that the first part of the order names, and kills the process group, this process with it.
pub(crate) fn guard(mut stdin: impl BufRead) {
    // A parent that died before it gave the whole order has started nothing yet.
    let scratch = part(&mut stdin).map(|path| PathBuf::from(OsString::from_vec(path)));
    let marks = part(&mut stdin).and_then(|marks| serde_json::from_slice(&marks).ok());
    wait_for_end(stdin);
    let marks = marks.unwrap_or_else(|| RunMarks { group: own_group(), ..RunMarks::default() });
    if let Some(directory) = scratch {
        marks.end_abandoned(&directory.join(SESSIONS_FILE));
        scratch::remove(&directory);
    }
    let _ = killpg(getpgrp(), Signal::SIGKILL);
}

/// Reads one part of the order; `None` if its end is missing.
fn part(stdin: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut part = Vec::new();
    stdin.read_until(0, &mut part).ok()?;
    (part.pop() == Some(0)).then_some(part)
}

/// Errors of the system after which a stream counts as ended.
const MAX_READ_ERRORS: usize = 3;

/// Waits for the end of a stream. A single error is not its end: the run goes on, and would lose its processes.
fn wait_for_end(mut stream: impl BufRead) {
    let mut errors = 0;
    while errors < MAX_READ_ERRORS {
        match stream.read(&mut [0; 64]) {
            Ok(0) => return,
            Ok(_) => {}
            Err(_) => errors += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, BufReader, Read};

    use super::*;

    #[test]
    fn a_path_may_hold_anything_and_half_an_order_is_none() {
        let mut stdin = b"/tmp/a\nb \0{}\0".as_slice();
        assert_eq!(part(&mut stdin).as_deref(), Some(b"/tmp/a\nb ".as_slice()));
        assert_eq!(part(&mut stdin).as_deref(), Some(b"{}".as_slice()));
        assert_eq!(part(&mut stdin), None);
        assert_eq!(part(&mut b"/tmp/con".as_slice()), None, "not a directory above the one that was meant");
    }

    /// Gives an error, a byte, and then its end or errors without end.
    struct Odd {
        reads: usize,
        ends: bool,
    }

    impl Read for Odd {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            self.reads += 1;
            match self.reads {
                2 => {
                    to[0] = 0;
                    Ok(1)
                }
                3 if self.ends => Ok(0),
                _ => Err(io::ErrorKind::Other.into()),
            }
        }
    }

    #[test]
    fn one_error_is_not_the_end_and_errors_without_end_are() {
        for (ends, expected) in [(true, 3), (false, 4)] {
            let mut stream = Odd { reads: 0, ends };
            wait_for_end(BufReader::new(&mut stream));
            assert_eq!(stream.reads, expected);
        }
    }
}

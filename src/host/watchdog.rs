//! The child side of [`group`](crate::host::group): kills the processes that its parent left behind.

use std::io::BufRead;
use std::path::Path;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::getpgrp;

use crate::host::scratch;

/// Waits until `stdin` ends, which it does however the parent ends; then removes the directory that
/// the first line names and kills the process group, this process with it.
pub(crate) fn guard(mut stdin: impl BufRead) {
    let mut scratch = String::new();
    // A parent that died before it wrote the line has no directory to remove.
    let _ = stdin.read_line(&mut scratch);
    wait_for_end(stdin);
    remove(Path::new(scratch.trim_end()));
    let _ = killpg(getpgrp(), Signal::SIGKILL);
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

/// Removes the directory, if there is one.
fn remove(scratch: &Path) {
    if !scratch.as_os_str().is_empty() {
        scratch::remove(scratch);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, BufReader, Read};

    use super::*;

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

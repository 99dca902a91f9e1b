//! The child side of [`group`](crate::host::group): kills the processes that its parent left behind.

use std::io::BufRead;
use std::path::Path;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::getpgrp;

/// Waits until `stdin` ends, which it does however the parent ends; then removes the directory that
/// the first line names and kills the process group, this process with it.
pub(crate) fn guard(mut stdin: impl BufRead) {
    let mut scratch = String::new();
    // A parent that died before it wrote the line has no directory to remove.
    let _ = stdin.read_line(&mut scratch);
    let _ = stdin.read_to_end(&mut Vec::new());
    remove(Path::new(scratch.trim_end()));
    let _ = killpg(getpgrp(), Signal::SIGKILL);
}

/// Removes the directory; processes of the group may still be writing into it, hence more than one try.
fn remove(scratch: &Path) {
    if scratch.as_os_str().is_empty() {
        return;
    }
    for _ in 0..3 {
        if std::fs::remove_dir_all(scratch).is_ok() || !scratch.exists() {
            return;
        }
    }
}

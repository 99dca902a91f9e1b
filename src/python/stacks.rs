//! Asks interpreters for the stacks of their threads before they are killed.
//!
//! `harness/conc_harness/stack_dumps.py` is the other side: `faulthandler` writes the stacks to standard error,
//! also if some code never gives the GIL up.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::host::process::descendants;

/// Processes that are asked, at most.
const MAX_ASKED: usize = 8;

/// Time in which a process writes its stacks.
const TIME_TO_WRITE: Duration = Duration::from_millis(40);

/// Makes the interpreter `pid` and the forks below it write their stacks to standard error, the farthest first.
pub(super) fn ask(pid: u32) {
    let Some(signal) = signal() else { return };
    let executable = executable(pid);
    let is_fork = |process: &u32| *process == pid || self::executable(*process) == executable;
    let below = descendants(pid);
    let asked = [pid].into_iter().chain(below).filter(is_fork).take(MAX_ASKED);
    let asked: Vec<u32> = asked.filter(|process| handles(*process, signal)).collect();
    for process in asked.into_iter().rev() {
        // The only failure that can happen here is that the process is already gone.
        let _ = kill(Pid::from_raw(process.cast_signed()), signal);
        std::thread::sleep(TIME_TO_WRITE);
    }
}

/// Returns the signal: one that Linux defines and never sends; `None` elsewhere.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
fn signal() -> Option<Signal> {
    Some(Signal::SIGSTKFLT)
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn signal() -> Option<Signal> {
    None
}

fn executable(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

/// Returns true if a process has a handler for the signal, which would end it otherwise.
fn handles(pid: u32, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let mask = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal as u64 - 1) & 1 == 1)
}

//! The end of a process in words that claim no more than is known.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::OnceLock;

use nix::sys::signal::Signal;

use crate::host::procfs::out_of_memory_kills;

/// Signals by which the system ends a program that went wrong.
const CRASHES: [Signal; 7] = [
    Signal::SIGSEGV,
    Signal::SIGBUS,
    Signal::SIGABRT,
    Signal::SIGILL,
    Signal::SIGFPE,
    Signal::SIGTRAP,
    Signal::SIGSYS,
];

/// Processes that the out-of-memory killer had ended when this was first asked.
static KILLS_BEFORE: OnceLock<Option<u64>> = OnceLock::new();

/// Notes how often the out-of-memory killer was at work before anything is started.
pub(crate) fn note_out_of_memory_kills() {
    KILLS_BEFORE.get_or_init(out_of_memory_kills);
}

/// Returns how a process ended, as a fragment that fits after "the interpreter ended: ".
pub(crate) fn how_ended(status: ExitStatus) -> String {
    let Some(number) = status.signal() else { return status.to_string() };
    match Signal::try_from(number) {
        Ok(Signal::SIGKILL) => match memory_ran_out() {
            Some(true) => "killed by SIGKILL while the out-of-memory killer was at work".to_owned(),
            Some(false) => "killed by SIGKILL, which another program sent".to_owned(),
            None => "killed by SIGKILL".to_owned(),
        },
        Ok(signal) if CRASHES.contains(&signal) => format!("crashed with {}", signal.as_str()),
        Ok(signal) => format!("ended by {}, which it or another program sent", signal.as_str()),
        Err(_) => format!("ended by signal {number}"),
    }
}

/// Returns true if the out-of-memory killer has ended a process of this machine meanwhile; `None` if the system
/// does not tell.
fn memory_ran_out() -> Option<bool> {
    let before = (*KILLS_BEFORE.get()?)?;
    out_of_memory_kills().map(|now| now > before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(status: i32) -> String {
        how_ended(ExitStatus::from_raw(status))
    }

    #[test]
    fn only_a_kill_may_be_for_want_of_memory() {
        assert_eq!(words(3 << 8), "exit status: 3");
        assert_eq!(words(libc::SIGTERM), "ended by SIGTERM, which it or another program sent");
        assert_eq!(words(libc::SIGTTIN), "ended by SIGTTIN, which it or another program sent");
        assert_eq!(words(libc::SIGSEGV), "crashed with SIGSEGV");
        assert_eq!(words(libc::SIGRTMAX()), format!("ended by signal {}", libc::SIGRTMAX()));
        assert!(words(libc::SIGKILL).starts_with("killed by SIGKILL"));
    }
}

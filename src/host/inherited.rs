//! State that this process found at its start and changed for itself: its children get it back.
//!
//! Programs of the user must behave as if the user had started them: with the descriptors that the user
//! allows, and without the signals that the user's shell or `nohup` lets them ignore. Those signals this program
//! ignores too: a run in the background of a script does not end by the Ctrl-C that is meant for another one, and
//! `nohup` keeps it alive.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::OnceLock;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction, signal};
use nix::unistd::setsid;

use crate::host::procfs;

/// The signals that this program handles, unless it was started with them ignored.
const HANDLED: [Signal; 4] = [Signal::SIGINT, Signal::SIGHUP, Signal::SIGTERM, Signal::SIGTSTP];

/// The limits of open descriptors, soft and hard, before this process raised the soft one.
static OPEN_FILES: OnceLock<[u64; 2]> = OnceLock::new();

/// The signals that this process was started with ignored.
static IGNORED: OnceLock<Vec<Signal>> = OnceLock::new();

/// Raises the soft limit of open descriptors to the hard one, as servers do, if it is below `needed`.
pub(crate) fn raise_open_files(needed: u64) {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return };
    // Failing leaves the soft limit, which then fails tasks like any other.
    if soft < needed.min(hard) && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() {
        OPEN_FILES.get_or_init(|| [soft, hard]);
    }
}

/// Returns true if this process has other limits than it was started with.
pub(crate) fn has_raised_limits() -> bool {
    OPEN_FILES.get().is_some()
}

/// Notes which signals are ignored, before this process handles them.
pub(crate) fn note_ignored_signals() {
    ignored();
}

fn ignored() -> &'static [Signal] {
    IGNORED.get_or_init(|| {
        let ignored = procfs::own_ignored_signals();
        HANDLED.into_iter().filter(|handled| ignored & (1 << (*handled as i32 - 1)) != 0).collect()
    })
}

/// Returns true if this process was started with the signal ignored.
pub(crate) fn was_ignored(signal: Signal) -> bool {
    ignored().contains(&signal)
}

/// Ignores again what this process was started with ignored, after handlers were installed for all.
///
/// Children inherit an ignored signal, and so it reaches the programs of the user.
#[expect(unsafe_code, reason = "signals are ignored as they were at the start")]
pub(crate) fn ignore_again() {
    for ignored in ignored() {
        // SAFETY: no handler is installed: the signal does nothing from now on, as at the start.
        let _ = unsafe { signal(*ignored, SigHandler::SigIgn) };
    }
}

/// Lets this process, a helper, survive a hangup: if this program is killed while its processes are stopped, the
/// system sends one to the group of the helpers, and the watchdog needs them to find what they have started.
///
/// Programs that it starts find the signal as it was: a handler does not outlive their start.
#[expect(unsafe_code, reason = "a handler that does nothing")]
pub(crate) fn survive_hangup() {
    extern "C" fn nothing(_: libc::c_int) {}
    if was_ignored(Signal::SIGHUP) {
        return;
    }
    let handler = SigAction::new(SigHandler::Handler(nothing), SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handler does nothing, so that it may interrupt anything.
    let _ = unsafe { sigaction(Signal::SIGHUP, &handler) };
}

/// Lets the child start with the limits that this process found.
pub(crate) fn give_back(command: &mut Command) -> &mut Command {
    let open_files = OPEN_FILES.get().copied();
    // A command with a closure to run costs a fork of this process, a plain one does not.
    if open_files.is_none() { command } else { before_exec(command, open_files, false) }
}

/// Lets the child start in a session of its own, without a terminal, and with the limits that this process found.
pub(crate) fn apart(command: &mut Command) -> &mut Command {
    before_exec(command, OPEN_FILES.get().copied(), true)
}

#[expect(unsafe_code, reason = "limits and the session are set between fork and exec")]
fn before_exec(command: &mut Command, open_files: Option<[u64; 2]>, is_apart: bool) -> &mut Command {
    let set = move || {
        if is_apart {
            setsid().map_err(io::Error::from)?;
        }
        if let Some([soft, hard]) = open_files {
            setrlimit(Resource::RLIMIT_NOFILE, soft, hard).map_err(io::Error::from)?;
        }
        Ok(())
    };
    // SAFETY: the closure makes system calls only; it neither allocates nor takes a lock.
    unsafe { command.pre_exec(set) }
}

//! State that this process found at its start and changed for itself: its children get it back.
//!
//! Programs of the user must behave as if the user had started them: with the descriptors that the user
//! allows, and without the signals that the user's shell or `nohup` lets them ignore.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::OnceLock;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigHandler, Signal, signal};

use crate::host::procfs;

/// The signals that this program handles, also where it was started with them ignored.
const HANDLED: [Signal; 3] = [Signal::SIGINT, Signal::SIGHUP, Signal::SIGTERM];

/// The limits of open descriptors, soft and hard, before this process raised the soft one.
static OPEN_FILES: OnceLock<[u64; 2]> = OnceLock::new();

/// The signals that this process was started with ignored, and handles now.
static IGNORED: OnceLock<Vec<Signal>> = OnceLock::new();

/// Raises the soft limit of open descriptors to the hard one, as servers do, if it is below `needed`.
pub(crate) fn raise_open_files(needed: u64) {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return };
    // Failing leaves the soft limit, which then fails tasks like any other.
    if soft < needed.min(hard) && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() {
        OPEN_FILES.get_or_init(|| [soft, hard]);
    }
}

/// Notes which signals are ignored, before this process handles them.
pub(crate) fn note_ignored_signals() {
    IGNORED.get_or_init(|| {
        let ignored = procfs::own_ignored_signals();
        HANDLED.into_iter().filter(|handled| ignored & (1 << (*handled as i32 - 1)) != 0).collect()
    });
}

/// Lets the child start with the state that this process found.
pub(crate) fn give_back(command: &mut Command) -> &mut Command {
    let open_files = OPEN_FILES.get().copied();
    let ignored: &'static [Signal] = IGNORED.get().map_or(&[], Vec::as_slice);
    // A command with a closure to run costs a fork of this process, a plain one does not.
    if open_files.is_none() && ignored.is_empty() {
        return command;
    }
    set_before_exec(command, open_files, ignored)
}

#[expect(unsafe_code, reason = "limits and signals are set between fork and exec")]
fn set_before_exec<'c>(
    command: &'c mut Command,
    open_files: Option<[u64; 2]>,
    ignored: &'static [Signal],
) -> &'c mut Command {
    let set = move || {
        if let Some([soft, hard]) = open_files {
            setrlimit(Resource::RLIMIT_NOFILE, soft, hard).map_err(io::Error::from)?;
        }
        for ignored in ignored {
            // SAFETY: no handler is installed, and `sigaction` is async-signal-safe.
            unsafe { signal(*ignored, SigHandler::SigIgn) }.map_err(io::Error::from)?;
        }
        Ok(())
    };
    // SAFETY: the closure makes system calls only; it neither allocates nor takes a lock.
    unsafe { command.pre_exec(set) }
}

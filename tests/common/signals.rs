//! The signals of what tests start.
//!
//! A shell that runs `cargo test &` in a script, and `nohup`, let the tests ignore signals, and what the tests
//! start would inherit that. A test that interrupts `conc` sets the signals first.

#![cfg(unix)]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::signal::{SigHandler, Signal, signal};

/// The signals that end a program which a user, a terminal or a supervisor has enough of.
const ENDING: [Signal; 3] = [Signal::SIGINT, Signal::SIGHUP, Signal::SIGTERM];

/// Lets signals end the process of `command`, whatever this process does at them.
#[expect(unsafe_code, reason = "signals are set between fork and exec")]
pub(crate) fn set_default_signals(command: &mut Command) -> &mut Command {
    let set = || {
        for ending in ENDING {
            // SAFETY: no handler is installed, and `sigaction` is async-signal-safe.
            unsafe { signal(ending, SigHandler::SigDfl) }.map_err(io::Error::from)?;
        }
        Ok(())
    };
    // SAFETY: the closure makes system calls only; it neither allocates nor takes a lock.
    unsafe { command.pre_exec(set) }
}

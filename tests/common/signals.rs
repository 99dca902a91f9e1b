//! The signals of processes that tests start.
//!
//! A shell that runs `cargo test &` in a script, and `nohup`, make the tests ignore signals, which their
//! child
//! processes would inherit. A test that interrupts `conc` sets the signals first.

#![cfg(unix)]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::signal::{SigHandler, Signal, signal};

/// The signals by which a user, a terminal or a supervisor ends a program.
const ENDING: [Signal; 3] = [Signal::SIGINT, Signal::SIGHUP, Signal::SIGTERM];

/// Lets signals end the process of `command`, however this process handles them.
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

//! Hidden roles: the tasks of this program when it has started itself as a child process.

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::benchmark::batch;
use crate::characters::plain;
use crate::host::inherited::survive_hangup;
use crate::host::reexec::HiddenRole;
use crate::host::thread_failure::end_with;
use crate::host::watchdog;
use crate::profile;
use crate::strategy::process;
use crate::workload::fixture;

/// Returns the directory that the argument after the role names.
fn directory() -> PathBuf {
    std::env::args_os().nth(2).unwrap_or_default().into()
}

/// Runs the hidden role that the first argument of this process names, to its end.
///
/// Returns `None` if the argument names no role. A program that embeds this library calls this function
/// first in `main`, because strategies and profiles run in children of the same executable.
pub fn dispatch() -> Option<ExitCode> {
    HiddenRole::of_arguments().map(play)
}

fn play(role: HiddenRole) -> ExitCode {
    // If standard error is closed, nobody is left to read it.
    end_with(|why| _ = writeln!(io::stderr(), "{why}"));
    survive_hangup();
    let (stdin, stdout) = (io::stdin().lock(), io::stdout());
    let result = match role {
        HiddenRole::Batch => batch::serve(stdin, stdout),
        HiddenRole::Profile => profile::accounting::task_child::serve(stdin, stdout),
        HiddenRole::Worker => process::child::serve(stdin, stdout),
        HiddenRole::Supervise => profile::accounting::supervisor::serve(&directory()),
        HiddenRole::Fixture => fixture::server_process::serve(stdin, stdout),
        HiddenRole::Watchdog => {
            watchdog::guard(stdin);
            Ok(())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // The parent that sends requests or reads answers has ended, and the run with it.
        Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof) => {
            ExitCode::FAILURE
        }
        Err(error) => {
            // If standard error is closed, nobody is left to read it.
            let _ = writeln!(io::stderr(), "conc {}: {}", role.argument(), plain(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

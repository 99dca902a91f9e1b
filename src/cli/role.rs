//! The parts this program plays when it has started itself.

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use conc::benchmark::batch;
use conc::host::reexec::Role;
use conc::host::watchdog;
use conc::profile;
use conc::strategy::process;
use conc::workload::fixture;

/// The directory that the argument after the role names.
fn directory() -> PathBuf {
    std::env::args_os().nth(2).unwrap_or_default().into()
}

/// Plays one part to its end.
pub(crate) fn play(role: Role) -> ExitCode {
    let (stdin, stdout) = (io::stdin().lock(), io::stdout());
    let result = match role {
        Role::Batch => batch::serve(stdin, stdout),
        Role::Profile => profile::child::serve(stdin, stdout),
        Role::Worker => process::child::serve(stdin, stdout),
        Role::Supervise => profile::tree::supervisor::serve(&directory()),
        Role::Fixture => fixture::child::serve(stdin, stdout),
        Role::Watchdog => {
            watchdog::guard(stdin);
            Ok(())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // The program that was to ask, or to read the answer, is gone and the run with it.
        Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof) => {
            ExitCode::FAILURE
        }
        Err(error) => {
            // Where even this cannot be said there is nobody left to hear it.
            let _ = writeln!(io::stderr(), "conc {}: {error}", role.argument());
            ExitCode::FAILURE
        }
    }
}

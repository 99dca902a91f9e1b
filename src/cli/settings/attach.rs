//! `--attach`: the arguments of a run that goes on.

use std::ffi::OsString;
use std::path::Path;

use clap::Parser;

use crate::cluster::slurm::state::State;

use crate::cli::args::{Cli, Command, RunArgs};
use crate::cli::failure::Failure;

/// Returns the arguments of the run whose shared directory this is, in the directory in which it was started.
///
/// # Errors
/// When the directory holds no such run.
pub(crate) fn arguments(shared: &Path) -> Result<Box<RunArgs>, Failure> {
    let cannot = |why: String| Failure::Usage(format!("--attach: '{}': {why}", shared.display()));
    let shared = shared.canonicalize().map_err(|error| cannot(error.to_string()))?;
    let state =
        State::read(&shared).map_err(|error| cannot(format!("there is no run to follow: {error}")))?;
    let (words, directory) = state.arguments();
    std::env::set_current_dir(&directory)
        .map_err(|error| cannot(format!("'{}': {error}", directory.display())))?;
    let line = std::iter::once(OsString::from("conc")).chain(words);
    let cli = Cli::try_parse_from(line).map_err(|error| cannot(error.to_string()))?;
    let Command::Run(mut args) = cli.command else { return Err(cannot("it is no run".to_owned())) };
    args.on.detach = false;
    args.on.is_attached = true;
    args.on.engine.shared = Some(shared);
    // What was recorded until now is not run or printed again.
    args.record.resume |= args.record.journal.as_ref().is_some_and(|journal| journal.exists());
    Ok(args)
}

//! `conc check`: a Python callable on a few items, and its concurrency bugs.

use std::time::Duration;

use crate::error::ExitStatus;
use crate::report::format::render_json;
use crate::report::sarif::render_sarif;
use crate::report::table;
use crate::study::Study;

use crate::cli::args::{CheckArgs, CheckFormat};
use crate::cli::failure::Failure;
use crate::cli::machine::TargetMachine;
use crate::cli::output::conclude;
use crate::cli::progress::Progress;
use crate::cli::settings::{CheckSettings, Environment};

/// Runs the command; the exit status says if a check failed.
pub(super) fn run(
    args: &CheckArgs,
    machine: &TargetMachine,
    environment: &Environment,
) -> Result<ExitStatus, Failure> {
    let settings = CheckSettings::resolve(args, environment)?;
    let CheckSettings { workload, tasks, timeout, study, console, .. } = settings;
    let host = machine.host()?;
    let machine = machine.start()?;
    let mut progress = Progress::new(&workload.name, Duration::ZERO, console);
    let prepared = Study::new(&*machine, &host, workload).prepare(&study, &mut progress)?;
    let report = prepared.check(tasks, timeout, &mut progress)?;
    drop(progress);
    let text = match settings.format {
        CheckFormat::Table => table::render_check(&report, &settings.table),
        CheckFormat::Json => render_json(&report).map_err(Failure::io("cannot print"))?,
        CheckFormat::Sarif => render_sarif(&report).map_err(Failure::io("cannot print"))?,
    };
    let printed = match settings.format {
        CheckFormat::Table => console.print_screen(&text),
        CheckFormat::Json | CheckFormat::Sarif => console.print(&text),
    };
    let verdict = if report.failed() == 0 { ExitStatus::Done } else { ExitStatus::Failed };
    conclude(Ok(verdict), printed, console)
}

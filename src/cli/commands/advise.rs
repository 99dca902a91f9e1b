//! `conc advise`: profiles a workload, measures it and recommends a strategy.

use crate::error::ExitStatus;
use crate::host::Host;
use crate::report::table;
use crate::study::Study;
use crate::study::flag::{FlagSetup, FlagStudy};

use crate::cli::args::AdviseArgs;
use crate::cli::exit::exit_status;
use crate::cli::failure::Failure;
use crate::cli::machine::TargetMachine;
use crate::cli::output::publish;
use crate::cli::progress::Progress;
use crate::cli::settings::{AdviseSettings, Environment, OutputSettings};
use crate::cli::signals;

/// Runs the command.
pub(super) fn run(
    args: &AdviseArgs,
    machine: &TargetMachine,
    environment: &Environment,
) -> Result<ExitStatus, Failure> {
    let host = machine.host()?;
    let AdviseSettings { workload, study, flag, output } = AdviseSettings::resolve(args, &host, environment)?;
    output.check()?;
    if let Some(setup) = flag {
        return search_flag(&setup, &host, &output);
    }
    let machine = machine.start()?;
    let mut progress = Progress::new(&workload.name, study.budget, output.console);
    let report = Study::new(&*machine, &host, workload).run(&study, &mut progress)?;
    drop(progress);
    publish(&report, &table::render_advise(&report, &output.table), &output)?;
    exit_status(machine.interrupt(), &[report])
}

/// Searches the best value of a program's own flag.
fn search_flag(setup: &FlagSetup, host: &Host, output: &OutputSettings) -> Result<ExitStatus, Failure> {
    let guard = signals::guarded()?;
    let mut progress = Progress::of_runs(&setup.workload().name, output.console);
    let report = FlagStudy::new(&guard, host, setup).run(&mut progress)?;
    drop(progress);
    publish(&report, &table::render_advise(&report, &output.table), output)?;
    exit_status(guard.interrupt(), &[report])
}

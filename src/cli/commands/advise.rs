//! `conc advise`: profiles a workload, measures it and recommends a strategy.

use std::slice;

use crate::error::ExitStatus;
use crate::host::Host;
use crate::report::Report;
use crate::report::invocation::Invocation;
use crate::report::table;
use crate::study::Study;
use crate::study::flag::{FlagSetup, FlagStudy};
use crate::workload::Workload;

use crate::cli::args::AdviseArgs;
use crate::cli::commands::advise_engine::{self, EngineQuestion};
use crate::cli::exit::exit_status;
use crate::cli::failure::Failure;
use crate::cli::machine::TargetMachine;
use crate::cli::output::{conclude, publish};
use crate::cli::progress::Progress;
use crate::cli::settings::{AdviseSettings, Environment, OutputSettings};
use crate::cli::signals::{self, EnginePhase};

/// The outcome of a study.
pub(super) struct Advised {
    /// The report.
    pub(super) report: Report,
    /// The output that was asked for.
    pub(super) output: OutputSettings,
    /// The exit status, or the failure of a workload without a result.
    pub(super) status: Result<ExitStatus, Failure>,
}

/// Runs the command.
pub(super) fn run(
    args: &AdviseArgs,
    machine: &TargetMachine,
    environment: &Environment,
) -> Result<ExitStatus, Failure> {
    let Advised { report, output, status } = advise(args, machine, environment)?;
    let published = publish(&report, &table::render_advise(&report, &output.table), &output);
    conclude(status, published, output.console)
}

/// Studies a workload, without printing the report.
pub(super) fn advise(
    args: &AdviseArgs,
    machine: &TargetMachine,
    environment: &Environment,
) -> Result<Advised, Failure> {
    let invocation = machine.invocation();
    let host = machine.host()?;
    let AdviseSettings { workload, study, flag, output } = AdviseSettings::resolve(args, &host, environment)?;
    output.check()?;
    if let Some(setup) = flag {
        let mut advised = search_flag(&setup, &host, output)?;
        advised.report.invocation = invocation;
        return Ok(advised);
    }
    if let Some(on) = &args.engine.on {
        advise_engine::check(args, &workload)?;
        if !matches!(machine, TargetMachine::Local) {
            return Err(advise_engine::not_simulated());
        }
        let question = EngineQuestion { args, on, config: study };
        return advise_with_engine(&question, &host, workload, output, invocation);
    }
    let machine = machine.start()?;
    let mut progress = Progress::new(&workload.name, study.budget, output.console);
    let mut report = Study::new(&*machine, &host, workload).run(&study, &mut progress)?;
    drop(progress);
    report.invocation = invocation;
    let status = exit_status(machine.interrupt(), slice::from_ref(&report));
    Ok(Advised { report, output, status })
}

/// Studies a workload on this machine, and then on an engine.
fn advise_with_engine(
    question: &EngineQuestion<'_>,
    host: &Host,
    workload: Workload,
    output: OutputSettings,
    invocation: Option<Invocation>,
) -> Result<Advised, Failure> {
    let phase = EnginePhase::default();
    let guard = phase.guard()?;
    let mut progress = Progress::new(&workload.name, question.config.budget, output.console);
    let study = Study::new(&guard, host, workload).prepare(&question.config, &mut progress)?;
    let workload = study.workload().clone();
    let mut report = study.into_measured(&mut progress)?.conclude();
    drop(progress);
    report.invocation = invocation;
    let status = exit_status(guard.interrupt(), slice::from_ref(&report));
    if matches!(status, Ok(ExitStatus::Done)) {
        question.answer(&workload, &mut report, host, (&guard, &phase))?;
    }
    Ok(Advised { report, output, status })
}

/// Searches the best value of a program's own flag.
fn search_flag(setup: &FlagSetup, host: &Host, output: OutputSettings) -> Result<Advised, Failure> {
    let guard = signals::guarded()?;
    let mut progress = Progress::of_runs(&setup.workload().name, output.console);
    let report = FlagStudy::new(&guard, host, setup).run(&mut progress)?;
    drop(progress);
    let status = exit_status(guard.interrupt(), slice::from_ref(&report));
    Ok(Advised { report, output, status })
}

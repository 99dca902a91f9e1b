//! `conc profile`: the class of a workload or a program, and the causes of its waits.

use std::time::Duration;

use crate::error::ExitStatus;
use crate::host::Host;
use crate::profile::result::SampleSource;
use crate::report::Report;
use crate::report::table;
use crate::study::external_process::{CommandProfile, command_failure, profile_running_process};
use crate::study::{Study, StudyConfig};
use crate::workload::Workload;

use crate::cli::args::ProfileArgs;
use crate::cli::exit::exit_status;
use crate::cli::failure::Failure;
use crate::cli::machine::TargetMachine;
use crate::cli::output::{conclude, publish};
use crate::cli::progress::Progress;
use crate::cli::settings::{Environment, OutputSettings, ProfileSettings, ProfileTarget};
use crate::cli::signals;

/// Runs the command.
pub(super) fn run(
    args: &ProfileArgs,
    machine: &TargetMachine,
    environment: &Environment,
) -> Result<ExitStatus, Failure> {
    let ProfileSettings { target, output } = ProfileSettings::resolve(args, environment)?;
    output.check()?;
    let host = machine.host()?;
    match target {
        ProfileTarget::Tasks(tasks) => {
            let (workload, study) = *tasks;
            profile_tasks(workload, &study, machine, &host, &output)
        }
        ProfileTarget::Command { profile, ignore_failure } => {
            run_command(*profile, ignore_failure, &host, &output)
        }
        ProfileTarget::Process { pid, name, time, source } => attach(pid, name, time, source, &host, &output),
    }
}

fn profile_tasks(
    workload: Workload,
    study: &StudyConfig,
    machine: &TargetMachine,
    host: &Host,
    output: &OutputSettings,
) -> Result<ExitStatus, Failure> {
    let machine = machine.start()?;
    let mut progress = Progress::new(&workload.name, Duration::ZERO, output.console);
    let prepared = Study::new(&*machine, host, workload).prepare(study, &mut progress)?;
    let report = prepared.profile_only(&mut progress)?;
    drop(progress);
    let published = publish_profile(&report, output);
    conclude(exit_status(machine.interrupt(), &[report]), published, output.console)
}

fn run_command(
    profile: CommandProfile,
    ignore_failure: bool,
    host: &Host,
    output: &OutputSettings,
) -> Result<ExitStatus, Failure> {
    let guard = signals::guarded()?;
    let report = profile.run(&guard, host)?;
    let published = publish_profile(&report, output);
    let failure = command_failure(&report).filter(|_| !ignore_failure);
    let verdict = match (exit_status(guard.interrupt(), &[report]), failure) {
        (Ok(ExitStatus::Done), Some(error)) => Err(error.into()),
        (verdict, _) => verdict,
    };
    conclude(verdict, published, output.console)
}

fn attach(
    pid: u32,
    name: String,
    time: Duration,
    source: SampleSource,
    host: &Host,
    output: &OutputSettings,
) -> Result<ExitStatus, Failure> {
    let switch = signals::handle()?;
    let mut progress = Progress::new(&name, Duration::ZERO, output.console);
    let report = profile_running_process(pid, name, time, source, host, switch.interrupt(), &mut progress)?;
    drop(progress);
    publish_profile(&report, output)?;
    Ok(ExitStatus::Done)
}

fn publish_profile(report: &Report, output: &OutputSettings) -> Result<(), Failure> {
    publish(report, &table::render_profile(report, &output.table), output)
}

//! Profiles of programs as they are: one command without items, or a process that already runs.

use std::time::Duration;

use crate::benchmark::event::{Event, Observer, Phase};
use crate::benchmark::hooks::{Hooks, Shell};
use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::info::cpus_of;
use crate::host::{Host, Interrupt};
use crate::profile::Profile;
use crate::profile::accounting::supervisor::SupervisorRequest;
use crate::profile::command::{LINGER, Streams, profile_command};
use crate::profile::process::profile_process;
use crate::profile::result::{Exit, ExitStatus, SampleSource, Tree};
use crate::report::document::{CommandName, Report, Warning, WorkloadRuntime, WorkloadSummary};
use crate::report::prose;
use crate::study::run_guard::RunGuard;
use crate::workload::Workload;
use crate::workload::item::Items;
use crate::workload::spec::WorkloadSource;

/// A command to profile as it is.
pub(crate) struct CommandProfile {
    /// The workload that consists of the command, for its name and definition.
    pub workload: Workload,
    /// The command line, and how often it runs.
    pub request: SupervisorRequest,
    /// Standard input and output of the command.
    pub streams: Streams,
    /// Shell commands to run around the profile.
    pub hooks: Hooks,
    /// The source of the samples.
    pub source: SampleSource,
}

impl CommandProfile {
    /// Runs the command below a supervisor and profiles everything that it starts.
    ///
    /// # Errors
    /// When a hook fails, the command cannot be started, or the user interrupts before there is a sample.
    pub(crate) fn run(self, guard: &RunGuard, host: &Host) -> Result<Report, Error> {
        let CommandProfile { workload, request, streams, hooks, source } = self;
        let directory = tempfile::tempdir_in(guard.group().scratch())
            .map_err(|error| Error::cannot_start("cannot create a directory", error))?;
        let shell = Shell::new(guard.group().reexec().clone(), directory.path().to_owned());
        let hook = |option, line: &Option<String>| {
            shell.run(option, line.as_deref()).map_err(|error| guard.explain(error))
        };
        hook("--setup", &hooks.setup)?;
        hook("--prepare", &hooks.prepare)?;
        let profile = profile_command(
            guard.group().reexec(),
            directory.path(),
            &request,
            streams,
            source,
            host.cpus_effective,
            || guard.interrupt().is_raised(),
        );
        // An interrupt kills the hook too; the samples so far matter more than its failure.
        if !guard.interrupt().is_raised() {
            hook("--cleanup", &hooks.cleanup)?;
        }
        let profile = profile.map_err(|error| guard.explain(error))?;
        // That a signal has stopped the program explains why there is nothing else to tell.
        let was_stopped = profile.tree.as_ref().is_some_and(|tree| tree.stopped_s > 0.0);
        if profile.samples == 0 && !was_stopped {
            guard.check()?;
        }
        let summary = WorkloadSummary::of(&Workload { items: Items::Count(profile.tasks), ..workload });
        Ok(report(host, summary, profile))
    }
}

/// Profiles the running process `pid` and everything below it for `time`.
///
/// # Errors
/// When there is no such process, or it may not be observed.
pub(crate) fn profile_running_process(
    pid: u32,
    name: String,
    time: Duration,
    source: SampleSource,
    host: &Host,
    interrupt: &Interrupt,
    observer: &mut dyn Observer,
) -> Result<Report, Error> {
    observer.observe(&Event::PhaseStarted(Phase::Attaching));
    let cpus = cpus_of(pid);
    let profile = profile_process(pid, time, source, cpus, || interrupt.is_raised())?;
    let (source, runtime) = (WorkloadSource::Command, WorkloadRuntime::Native);
    let summary = WorkloadSummary {
        name,
        source,
        runtime,
        tasks: 1,
        definition: String::new(),
        identity: String::new(),
    };
    Ok(report(host, summary, profile))
}

/// Returns the failure of the command that a report is about, if the command failed.
pub(crate) fn command_failure(report: &Report) -> Option<Error> {
    let exit = report.profile.as_ref()?.tree.as_ref()?.exit.as_ref()?;
    (!exit.is_success()).then(|| Error::new(Code::TaskCommand, describe_exit(exit)))
}

fn report(host: &Host, summary: WorkloadSummary, profile: Profile) -> Report {
    let mut report = Report::new(CommandName::Profile, host.clone(), summary);
    report.warnings = profile.tree.as_ref().map(|tree| warnings(tree)).unwrap_or_default();
    report.profile = Some(profile);
    report
}

fn warnings(tree: &Tree) -> Vec<Warning> {
    let Some(exit) = &tree.exit else { return Vec::new() };
    let mut warnings = Vec::new();
    if exit.left_behind > 0 {
        let message = prose::warnings::left_behind(exit.left_behind, LINGER.as_secs());
        warnings.push(Warning::new(Code::NoteLeftBehind, message));
    }
    if exit.status == ExitStatus::Interrupted {
        warnings.push(Warning::new(Code::NoteInterrupted, prose::warnings::COMMAND_INTERRUPTED));
    }
    warnings
}

fn describe_exit(exit: &Exit) -> String {
    match (exit.code, exit.signal) {
        (Some(code), _) => format!("the command ended with exit code {code}"),
        (_, Some(signal)) => format!("the command was ended by signal {signal}"),
        _ => "the command failed".to_owned(),
    }
}

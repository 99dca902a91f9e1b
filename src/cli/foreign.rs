//! `conc profile` of programs that nobody here wrote: one command, or a process that runs already.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::process::Stdio;
use std::time::Duration;

use crate::benchmark::event::{Event, Observer, Phase};
use crate::benchmark::hooks::Shell;
use crate::diagnostics::Code;
use crate::error::{self, Error};
use crate::host::Host;
use crate::profile::Profile;
use crate::profile::accounting::supervisor::SupervisorRequest;
use crate::profile::command::{LINGER, REPEAT_FOR, Streams, profile_command};
use crate::profile::process::profile_process;
use crate::profile::result::{Exit, ExitStatus, SampleSource, Tree};
use crate::report::document::{CommandName, Report, Warning, WorkloadRuntime, WorkloadSummary};
use crate::report::prose;
use crate::report::table;
use crate::workload::Workload;
use crate::workload::item::{Item, Items};
use crate::workload::spec::WorkloadSource;
use crate::workload::template::Template;

use crate::cli::args::{ForeignArgs, ProfileArgs};
use crate::cli::config::{self, Output};
use crate::cli::ending;
use crate::cli::failure::Failure;
use crate::cli::output::{self, publish};
use crate::cli::progress::Progress;
use crate::cli::signals;

/// A running process is profiled for this long.
const ATTACHED: Duration = Duration::from_secs(10);

/// Whether the workload is one command without items, to be profiled as it is and not as a task.
pub(crate) fn is_one_command(workload: &Workload, args: &ProfileArgs) -> bool {
    workload.source == WorkloadSource::Command
        && matches!(workload.items, Items::Count(_))
        && args.workload.tasks.is_none()
}

/// Refuses what concerns foreign programs where tasks are profiled.
pub(crate) fn check_unused(args: &ForeignArgs) -> Result<(), Failure> {
    let given = [
        ("--for", args.time.is_some()),
        ("--runs", args.runs.is_some()),
        ("--output", args.stdout != "null"),
        ("--input", args.stdin != "null"),
        ("--sysinfo-only", args.sysinfo_only),
    ];
    match given.iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((option, _)) => {
            Err(Failure::Usage(format!("{option} is for one command without items, or a running process")))
        }
    }
}

/// Runs and profiles a command.
pub(crate) fn command(
    workload: Workload,
    args: &ProfileArgs,
    host: &Host,
    output: &Output,
) -> Result<error::ExitStatus, Failure> {
    let streams = streams(&args.foreign, output)?;
    let order = order(&workload, args);
    let guard = signals::guarded()?;
    let directory =
        tempfile::tempdir_in(guard.group().scratch()).map_err(Failure::io("cannot make a directory"))?;
    let hooks = config::hooks(&args.hooks);
    let shell = Shell::new(guard.group().reexec().clone(), directory.path().to_owned());
    let hook = |option, line: &Option<String>| {
        let failed = |error: Error| Failure::from(guard.explain(error));
        shell.run(option, line.as_deref()).map_err(failed)
    };
    hook("--setup", &hooks.setup)?;
    hook("--prepare", &hooks.prepare)?;
    let profiled = profile_command(
        guard.group().reexec(),
        directory.path(),
        &order,
        streams,
        source(&args.foreign),
        host.cpus_effective,
        || guard.interrupt().is_raised(),
    );
    // An interrupt ends whatever is started, and what was seen is worth more than to say so.
    if !guard.interrupt().is_raised() {
        hook("--cleanup", &hooks.cleanup)?;
    }
    let profile = profiled
        .map_err(|error| guard.check().map_or_else(Failure::from, |()| Failure::from(error)))?
        .profile;
    if profile.samples == 0 {
        guard.check()?;
    }
    let summary = WorkloadSummary::of(&Workload { items: Items::Count(profile.tasks), ..workload });
    let report = report(host, summary, profile);
    let table = table::render_profile(&report, &output.table);
    publish(&report, &table, output)?;
    let failed =
        exit_of(&report).filter(|exit| !exit.is_success() && !args.workload.ignore_failure).map(told);
    match (ending::of(guard.interrupt(), &[report])?, failed) {
        (ending, Some(message)) if ending == error::ExitStatus::Done => {
            Err(Failure::coded(Code::TaskCommand, message))
        }
        (ending, _) => Ok(ending),
    }
}

/// Profiles a process that runs already.
pub(crate) fn process(
    pid: u32,
    args: &ProfileArgs,
    host: &Host,
    output: &Output,
) -> Result<error::ExitStatus, Failure> {
    output::check(output)?;
    let switch = signals::handle()?;
    let interrupt = switch.interrupt();
    let name = args.workload.name.clone().unwrap_or_else(|| format!("process {pid}"));
    let mut progress = Progress::new(&name, Duration::ZERO, output.progress);
    progress.observe(&Event::PhaseStarted(Phase::Attaching));
    let time = args.foreign.time.unwrap_or(ATTACHED);
    let is_interrupted = || interrupt.is_raised();
    let profiled = profile_process(pid, time, source(&args.foreign), host.cpus_effective, is_interrupted);
    drop(progress);
    let profile = profiled?;
    let (source, runtime, definition) = (WorkloadSource::Command, WorkloadRuntime::Native, String::new());
    let summary = WorkloadSummary { name, source, runtime, tasks: 1, definition };
    let report = report(host, summary, profile);
    let table = table::render_profile(&report, &output.table);
    publish(&report, &table, output)?;
    Ok(error::ExitStatus::Done)
}

fn source(args: &ForeignArgs) -> SampleSource {
    if args.sysinfo_only { SampleSource::Sysinfo } else { SampleSource::Proc }
}

fn order(workload: &Workload, args: &ProfileArgs) -> SupervisorRequest {
    let templates = workload.only_command().map_or(&[][..], |command| &command.argv);
    // The item of a command that has none is the number of its run, as everywhere.
    let argv = templates
        .iter()
        .map(|word| Template::new(word.clone()).render(Item::Index(0)).into_owned())
        .collect();
    let is_plain = args.foreign.stdout == "null" && args.foreign.stdin == "null";
    let (repeat_for, max_runs) = match args.foreign.runs {
        Some(runs) => (Duration::MAX, runs),
        None if is_plain => (REPEAT_FOR, u64::MAX),
        None => (Duration::ZERO, 1),
    };
    let ignore_failure = args.workload.ignore_failure;
    SupervisorRequest {
        argv,
        repeat_for,
        max_runs,
        time_limit: args.foreign.time,
        linger: LINGER,
        ignore_failure,
    }
}

/// Opens what the command reads and where it writes.
fn streams(args: &ForeignArgs, output: &Output) -> Result<Streams, Failure> {
    let stdin = match args.stdin.as_str() {
        "null" => Stdio::null(),
        "-" if io::stdin().is_terminal() => {
            // In a process group of its own the command would be stopped as soon as it reads.
            let message = "--input -: standard input is a terminal; give a file or a pipe".to_owned();
            return Err(Failure::Usage(message));
        }
        "-" => Stdio::inherit(),
        path => File::open(path).map_err(Failure::io(format!("cannot read '{path}'")))?.into(),
    };
    let stdout = match args.stdout.as_str() {
        "null" => Stdio::null(),
        // Standard output belongs to the document where one is printed.
        "inherit" if output.stdout.is_some() => duplicate(&io::stderr())?,
        "inherit" => Stdio::inherit(),
        path => File::create(path).map_err(Failure::io(format!("cannot write '{path}'")))?.into(),
    };
    Ok(Streams { stdin, stdout })
}

fn duplicate(stream: &impl AsFd) -> Result<Stdio, Failure> {
    let copy = stream.as_fd().try_clone_to_owned();
    copy.map(Stdio::from).map_err(Failure::io("cannot use standard error"))
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

fn exit_of(report: &Report) -> Option<&Exit> {
    report.profile.as_ref()?.tree.as_ref()?.exit.as_ref()
}

fn told(exit: &Exit) -> String {
    match (exit.code, exit.signal) {
        (Some(code), _) => format!("the command ended with exit code {code}"),
        (_, Some(signal)) => format!("the command was ended by signal {signal}"),
        _ => "the command did not end well".to_owned(),
    }
}

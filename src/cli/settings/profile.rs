//! Settings of `conc profile`.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::process::Stdio;
use std::time::Duration;

use crate::flag::template::has_numbers;
use crate::profile::accounting::supervisor::SupervisorRequest;
use crate::profile::command::{LINGER, REPEAT_FOR, Streams};
use crate::profile::result::SampleSource;
use crate::report::document::CommandName;
use crate::study::StudyConfig;
use crate::study::external_process::CommandProfile;
use crate::workload::Workload;
use crate::workload::item::Items;
use crate::workload::spec::WorkloadSource;

use crate::cli::args::{ExternalArgs, ProfileArgs};
use crate::cli::failure::Failure;
use crate::cli::settings::environment::Environment;
use crate::cli::settings::output::OutputSettings;
use crate::cli::settings::study::resolve_hooks;
use crate::cli::settings::workload::{check_python, resolve_workload};

/// Profiling time of a running process, unless the user asks for another.
const ATTACHED: Duration = Duration::from_secs(10);

/// Settings of `conc profile`.
pub(crate) struct ProfileSettings {
    /// The work to profile.
    pub(crate) target: ProfileTarget,
    /// The output.
    pub(crate) output: OutputSettings,
}

/// The work to profile.
pub(crate) enum ProfileTarget {
    /// The tasks of a workload, one after another.
    Tasks(Box<(Workload, StudyConfig)>),
    /// One command, as it is.
    Command {
        /// The command.
        profile: Box<CommandProfile>,
        /// Counts a command that fails as successful.
        ignore_failure: bool,
    },
    /// A running process.
    Process {
        /// The number (PID) of the process.
        pid: u32,
        /// The name of the process in the report.
        name: String,
        /// Profiling time.
        time: Duration,
        /// The source of the samples.
        source: SampleSource,
    },
}

impl ProfileSettings {
    /// Resolves the arguments, and opens the streams of a command.
    ///
    /// # Errors
    /// When they contradict each other, the workload is invalid, or a stream cannot be opened.
    pub(crate) fn resolve(args: &ProfileArgs, environment: &Environment) -> Result<Self, Failure> {
        let output = OutputSettings::resolve_view(&args.output, environment)?;
        let source = if args.external.sysinfo_only { SampleSource::Sysinfo } else { SampleSource::Proc };
        if let Some(pid) = args.external.pid {
            let name = args.workload.name.clone().unwrap_or_else(|| format!("process {pid}"));
            let time = args.external.time.unwrap_or(ATTACHED);
            return Ok(ProfileSettings {
                target: ProfileTarget::Process { pid, name, time, source },
                output,
            });
        }
        let (workload, hooks) =
            (resolve_workload(&args.workload, environment.stdin())?, resolve_hooks(&args.hooks));
        check_python(&workload, args.workload.python.python.as_deref())?;
        let argv = workload.only_command().map(|command| command.argv.as_slice()).unwrap_or_default();
        if has_numbers(argv) {
            let message =
                "a profile is of one run: put a number in place of {width}, or let `conc advise` search it";
            return Err(Failure::Usage(message.to_owned()));
        }
        let target = if is_one_command(&workload, args) {
            let request = supervisor_request(&workload, args);
            // A file that cannot be written has to be found before the command's own files are touched.
            output.check()?;
            let streams = streams(&args.external, &output)?;
            let profile = Box::new(CommandProfile { workload, request, streams, hooks, source });
            ProfileTarget::Command { profile, ignore_failure: args.workload.ignore_failure }
        } else {
            check_unused(&args.external)?;
            let (seed, python) = (args.seed, args.workload.python.python.clone());
            let command = CommandName::Profile;
            let study = StudyConfig { command, seed, hooks, python, ..StudyConfig::default() };
            ProfileTarget::Tasks(Box::new((workload, study)))
        };
        Ok(ProfileSettings { target, output })
    }
}

/// Returns true if the workload is one command without items, to be profiled as it is and not as a task.
fn is_one_command(workload: &Workload, args: &ProfileArgs) -> bool {
    workload.source == WorkloadSource::Command
        && matches!(workload.items, Items::Count(_))
        && args.workload.tasks.is_none()
}

/// Refuses arguments about programs as they are if tasks are profiled.
fn check_unused(args: &ExternalArgs) -> Result<(), Failure> {
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

/// Returns the command line, and how often it runs.
fn supervisor_request(workload: &Workload, args: &ProfileArgs) -> SupervisorRequest {
    // Without items every word is the command's own.
    let argv = workload.only_command().map(|command| command.argv.clone()).unwrap_or_default();
    let is_plain = args.external.stdout == "null" && args.external.stdin == "null";
    let (repeat_for, max_runs) = match args.external.runs {
        Some(runs) => (Duration::MAX, runs),
        None if is_plain => (REPEAT_FOR, u64::MAX),
        None => (Duration::ZERO, 1),
    };
    let ignore_failure = args.workload.ignore_failure;
    SupervisorRequest {
        argv,
        repeat_for,
        max_runs,
        time_limit: args.external.time,
        linger: LINGER,
        ignore_failure,
        may_be_launcher: true,
    }
}

/// Opens standard input and output of the command.
fn streams(args: &ExternalArgs, output: &OutputSettings) -> Result<Streams, Failure> {
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
        // If a document is printed, standard output belongs to it.
        "inherit" if output.stdout.is_some() => duplicate(&io::stderr())?,
        "inherit" => Stdio::inherit(),
        path => File::create(path).map_err(Failure::io(format!("cannot write '{path}'")))?.into(),
    };
    Ok(Streams { stdin, stdout, stderr: Stdio::inherit() })
}

fn duplicate(stream: &impl AsFd) -> Result<Stdio, Failure> {
    let copy = stream.as_fd().try_clone_to_owned();
    copy.map(Stdio::from).map_err(Failure::io("cannot use standard error"))
}

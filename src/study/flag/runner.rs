//! Runs a command with its numbers below a supervisor, and observes everything that it starts.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::benchmark::hooks::{Hooks, Shell};
use crate::diagnostics::Code;
use crate::error::Error;
use crate::flag::measure::{RunFailure, RunMeasure};
use crate::flag::metric::Metric;
use crate::flag::parameters::Parameters;
use crate::flag::run::Runner;
use crate::flag::template::CommandTemplate;
use crate::host::suspension::{awake_now, awake_since};
use crate::profile::Profile;
use crate::profile::accounting::supervisor::{REPORT_FILE, SupervisorRequest};
use crate::profile::command::{LINGER, Streams, profile_command};
use crate::profile::result::{ExitStatus, SampleSource, Waits};
use crate::study::flag::output::{Said, listen};
use crate::study::run_guard::RunGuard;

/// Time that processes have to end in later runs once they have outlived the command in one.
const LINGER_OF_DAEMONS: Duration = Duration::from_millis(100);

/// What a command is and what belongs to each run of it.
#[derive(Debug, Clone)]
pub(super) struct CommandSetup {
    /// The command.
    pub template: CommandTemplate,
    /// The items that one run goes through, one command after another; `None` stands for no item.
    pub items: Vec<Option<String>>,
    /// Shell commands around each run.
    pub hooks: Hooks,
    /// The number that is read from the output.
    pub metric: Option<Metric>,
    /// True if a command that fails counts as successful.
    pub ignore_failure: bool,
    /// Time after which a command is killed.
    pub time_limit: Option<Duration>,
    /// CPUs that programs can use.
    pub cpus: f64,
}

/// Runs a command in the process group of a run.
pub(super) struct CommandRunner<'g> {
    guard: &'g RunGuard,
    setup: CommandSetup,
    shell: Shell,
    directory: TempDir,
    begun: Instant,
    linger: Duration,
    /// The profile of the first run that ended well.
    first: Option<Profile>,
    last_lines: String,
    /// CPUs that other programs used, each weighted with the seconds of its run.
    others_s: f64,
    seen_s: f64,
}

impl<'g> CommandRunner<'g> {
    /// Makes a runner, and runs the set-up of the user.
    ///
    /// # Errors
    /// When there is no directory, the set-up fails, or the user interrupts.
    pub(super) fn new(guard: &'g RunGuard, setup: CommandSetup) -> Result<Self, Error> {
        let directory = tempfile::tempdir_in(guard.group().scratch())
            .map_err(|error| Error::cannot_start("cannot create a directory", error))?;
        let shell = Shell::new(guard.group().reexec().clone(), directory.path().to_owned());
        let runner = CommandRunner {
            guard,
            setup,
            shell,
            directory,
            begun: awake_now(),
            linger: LINGER,
            first: None,
            last_lines: String::new(),
            others_s: 0.0,
            seen_s: 0.0,
        };
        runner.hook("--setup", runner.setup.hooks.setup.as_deref())?;
        Ok(CommandRunner { begun: awake_now(), ..runner })
    }

    /// Returns the profile of the first run that ended well.
    pub(super) fn profile(&mut self) -> Option<Profile> {
        self.first.take()
    }

    /// Returns the mean number of CPUs that other programs used meanwhile; `None` if it is not known.
    pub(super) fn others_cpus(&self) -> Option<f64> {
        (self.seen_s > 0.0).then(|| self.others_s / self.seen_s)
    }

    fn hook(&self, option: &'static str, line: Option<&str>) -> Result<(), Error> {
        self.shell.run(option, line).map_err(|error| self.guard.explain(error))
    }

    /// Runs the command of one item.
    fn run_item(
        &mut self,
        parameters: &Parameters,
        item: Option<&str>,
    ) -> Result<Result<RunMeasure, RunFailure>, Error> {
        let request = SupervisorRequest {
            argv: self.setup.template.argv(parameters, item),
            repeat_for: Duration::ZERO,
            max_runs: 1,
            time_limit: self.setup.time_limit,
            linger: self.linger,
            ignore_failure: false,
            // The runs wait for different times for what is left running.
            may_be_launcher: false,
        };
        // A report of the run before must not be taken for that of this one.
        let _ = fs::remove_file(self.directory.path().join(REPORT_FILE));
        let (profile, [stdout, stderr]) = self.observed(&request)?;
        self.last_lines = lines([&stdout, &stderr]);
        let profile = match profile {
            Ok(profile) => profile,
            // The program may depend on the listed value.
            Err(error) if error.code == Code::WorkloadCommand => {
                return Ok(Err(RunFailure { exit_code: None, signal: None, said: Some(error.message) }));
            }
            Err(error) => return Err(self.guard.explain(error)),
        };
        let said = stderr.last().or(stdout.last()).map(str::to_owned);
        if let Some(failure) = failure(&profile, said).filter(|_| !self.setup.ignore_failure) {
            return Ok(Err(failure));
        }
        let metric = stdout.metric.or(stderr.metric);
        let measure = measure(&profile, metric);
        if measure.left_behind > 0 {
            self.linger = LINGER_OF_DAEMONS;
        }
        self.others_s += measure.others_cpus * measure.wall_s;
        self.seen_s += measure.wall_s;
        self.first.get_or_insert(profile);
        Ok(Ok(measure))
    }

    /// Runs a command below a supervisor; its output is read and not kept.
    fn observed(&self, request: &SupervisorRequest) -> Result<(Result<Profile, Error>, [Said; 2]), Error> {
        let reexec = self.guard.group().reexec();
        let directory: PathBuf = self.directory.path().to_owned();
        let metric = self.setup.metric.as_ref();
        let (stdout, out) = stream(metric.is_some())?;
        let (stderr, err) = stream(true)?;
        let streams = Streams { stdin: Stdio::null(), stdout, stderr };
        let is_interrupted = || self.guard.interrupt().is_raised();
        std::thread::scope(|scope| {
            let listeners = [out, err].map(|reader| {
                scope.spawn(move || reader.map(|reader| listen(reader, metric)).unwrap_or_default())
            });
            // The streams end with the last process that has them.
            let profile = profile_command(
                reexec,
                &directory,
                request,
                streams,
                SampleSource::Proc,
                self.setup.cpus,
                is_interrupted,
            );
            let said = listeners.map(|listener| listener.join().expect("reading lines does not panic"));
            Ok((profile, said))
        })
    }
}

/// Returns a stream for a program, and the end to read it from if it is read.
fn stream(is_read: bool) -> Result<(Stdio, Option<io::PipeReader>), Error> {
    if !is_read {
        return Ok((Stdio::null(), None));
    }
    let (reader, writer) = io::pipe().map_err(|error| Error::cannot_start("cannot make a pipe", error))?;
    Ok((writer.into(), Some(reader)))
}

fn lines(said: [&Said; 2]) -> String {
    let lines: Vec<String> =
        said.into_iter().flat_map(|said| &said.tail).map(|line| format!("  {line}")).collect();
    lines.join("\n")
}

/// Returns the failure of a command, if it failed.
fn failure(profile: &Profile, said: Option<String>) -> Option<RunFailure> {
    let exit = profile.tree.as_ref()?.exit.as_ref()?;
    let said = if exit.status == ExitStatus::Stopped {
        Some("the time limit of a task was over".to_owned())
    } else {
        said
    };
    let is_fine = exit.is_success() && exit.status == ExitStatus::Exited;
    (!is_fine).then_some(RunFailure { exit_code: exit.code, signal: exit.signal, said })
}

fn measure(profile: &Profile, metric: Option<f64>) -> RunMeasure {
    let tree = profile.tree.as_ref();
    RunMeasure {
        wall_s: profile.wall_s,
        cpu: crate::host::usage::CpuTime { user_s: profile.cpu_user_s, system_s: profile.cpu_system_s },
        peak_memory_bytes: tree.and_then(|tree| tree.peak_memory_bytes),
        workers: tree.and_then(|tree| tree.over_time).unwrap_or_default(),
        others_cpus: tree.and_then(|tree| tree.machine.others_cpus).unwrap_or(0.0),
        processes: tree.map_or(1, |tree| tree.processes),
        threads: tree.map_or(1, |tree| tree.threads),
        waits: profile.waits,
        polling_share: profile.polling.map_or(0.0, |polling| polling.share),
        metric,
        left_behind: tree.and_then(|tree| tree.exit.as_ref()).map_or(0, |exit| exit.left_behind),
    }
}

/// Joins the commands of two items that ran one after another.
fn joined(first: RunMeasure, next: RunMeasure) -> RunMeasure {
    let share = next.wall_s / (first.wall_s + next.wall_s).max(f64::MIN_POSITIVE);
    let mean = |a: f64, b: f64| a * (1.0 - share) + b * share;
    let (a, b) = (first.waits, next.waits);
    RunMeasure {
        wall_s: first.wall_s + next.wall_s,
        cpu: first.cpu + next.cpu,
        peak_memory_bytes: first.peak_memory_bytes.max(next.peak_memory_bytes),
        workers: first.workers.then(next.workers),
        others_cpus: mean(first.others_cpus, next.others_cpus),
        processes: first.processes.max(next.processes),
        threads: first.threads.max(next.threads),
        waits: Waits {
            network: mean(a.network, b.network),
            disk: mean(a.disk, b.disk),
            sleep: mean(a.sleep, b.sleep),
            lock: mean(a.lock, b.lock),
            lock_or_timer: mean(a.lock_or_timer, b.lock_or_timer),
            pipe: mean(a.pipe, b.pipe),
            child: mean(a.child, b.child),
            signal: mean(a.signal, b.signal),
            other: mean(a.other, b.other),
        },
        polling_share: mean(first.polling_share, next.polling_share),
        metric: first.metric.or(next.metric),
        left_behind: first.left_behind.max(next.left_behind),
    }
}

impl Runner for CommandRunner<'_> {
    fn run(&mut self, parameters: &Parameters) -> Result<Result<RunMeasure, RunFailure>, Error> {
        self.hook("--prepare", self.setup.hooks.prepare.as_deref())?;
        let mut sum: Option<RunMeasure> = None;
        let mut failure = None;
        for item in self.setup.items.clone() {
            match self.run_item(parameters, item.as_deref())? {
                Ok(measure) => sum = Some(sum.map_or(measure.clone(), |sum| joined(sum, measure.clone()))),
                Err(failed) => {
                    failure = Some(failed);
                    break;
                }
            }
            if self.is_interrupted() {
                break;
            }
        }
        // An interrupt would kill the hook too.
        if !self.is_interrupted() {
            self.hook("--cleanup", self.setup.hooks.cleanup.as_deref())?;
        }
        Ok(failure.map_or_else(|| Ok(sum.unwrap_or_default()), Err))
    }

    fn elapsed(&self) -> Duration {
        awake_since(self.begun)
    }

    fn is_interrupted(&self) -> bool {
        self.guard.interrupt().is_raised()
    }

    fn last_lines(&self) -> String {
        self.last_lines.clone()
    }
}

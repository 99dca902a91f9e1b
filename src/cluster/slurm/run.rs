//! One run on Slurm, from its first items to its summary.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::cluster::conclusion::Ended;
use crate::cluster::slurm::config::SlurmConfig;
use crate::cluster::slurm::course::Course;
use crate::cluster::slurm::queue::Queue;
use crate::cluster::slurm::script::script;
use crate::cluster::slurm::state::State;
use crate::cluster::watch::Left;
use crate::diagnostics::Code;
use crate::error::Error;
use crate::job::committer::Reported;
use crate::job::config::{JobConfig, RetryConfig};
use crate::job::counters::Counters;
use crate::job::engine::{Files, Surroundings};
use crate::job::failure::{JobError, JobOutcome};
use crate::job::finisher::Finisher;
use crate::job::items::ItemSource;
use crate::job::progress::JobObserver;
use crate::job::reader;
use crate::job::scheduler::Scheduler;
use crate::job::summary::JobEnd;

/// Finished items that wait to be committed, at most.
const MAX_UNCOMMITTED: usize = 256;

/// Variables of this environment that go into the script of array tasks; no other does, because a script on a shared
/// disk is no place for what an environment may hold.
const NAMED: [&str; 4] = ["PATH", "HOME", "LANG", "LC_ALL"];

/// Runs every item on Slurm.
///
/// # Errors
/// When the run cannot begin: Slurm is not there, or the shared directory cannot be used.
pub(crate) fn run(
    config: &JobConfig,
    slurm: &SlurmConfig,
    around: &Surroundings<'_>,
    observer: &mut dyn JobObserver,
) -> Result<JobOutcome, JobError> {
    if config.items == ItemSource::OfModule {
        let message = "with --on slurm, items are given by --items, ::: or --tasks, not by the module";
        return Err(Error::new(Code::WorkloadItems, message).into());
    }
    let shared = Shared::open(slurm)?;
    let queue = Queue::new(slurm, around.group.reexec(), &config.name, shared.path.join("task.sh"));
    let cpus = queue.cpus()?;
    let (files, resume) = Files::open(config, &config.items)?;
    let scheduler = Arc::new(Scheduler::new(usize::MAX, around.shutdown.clone()));
    let read = reader::start(config.items.clone(), resume, Arc::clone(&scheduler));
    let (reported, counters) = (Reported::default(), Counters::default());
    let total = config.items.count();
    let left =
        Left { total, read: &read, scheduler: &scheduler, reported: &reported, shutdown: around.shutdown };
    let committer = files.committer(config, around, &scheduler, &reported);
    let mut finisher = Finisher::new(config, &scheduler, around.shutdown, &counters);
    // An item is attempted again on its node.
    finisher.retry = RetryConfig { retries: 0, ..config.retry };
    finisher.signal_grace = Duration::ZERO;
    let begun = Instant::now();
    let (sender, receiver) = crossbeam_channel::bounded(MAX_UNCOMMITTED);
    let slots = (cpus / slurm.cpus as u64).max(1).min(slurm.nodes.map_or(u64::MAX, |nodes| nodes as u64));
    let scratch = around.group.scratch();
    let begin = (slots, shared.state.clone());
    let mut course = Course::new(slurm, &queue, &shared.path, left, &finisher, scratch, begin);
    let (committed, gone) = thread::scope(|scope| {
        let committing = scope.spawn(|| committer.run(&receiver));
        let gone = course.run(&sender, observer, begun).err();
        drop(sender);
        (committing.join().unwrap_or_default(), gone)
    });
    let is_detached = course.is_detached();
    let ended = Ended {
        config,
        committed,
        left,
        counters: &counters,
        gone,
        engine: course.report(),
        strategy: None,
        elapsed_s: begun.elapsed().as_secs_f64(),
    };
    let mut outcome = ended.outcome(is_detached);
    let is_left = course.is_detached() || course.is_abandoned() || outcome.summary.end == JobEnd::Broken;
    if !is_left {
        shared.remove();
        if let Some(engine) = &mut outcome.summary.engine {
            engine.directory = None;
        }
    }
    Ok(outcome)
}

/// The shared directory of a run.
struct Shared {
    path: PathBuf,
    state: State,
}

impl Shared {
    /// Makes the directory with everything that nodes need, or takes up that of an earlier run.
    fn open(slurm: &SlurmConfig) -> Result<Self, JobError> {
        let working = std::env::current_dir().map_err(|error| failed("the working directory", error))?;
        let Some(directory) = &slurm.directory else {
            let made = tempfile::Builder::new().prefix("conc-slurm-").tempdir_in(&working);
            let path = made.map_err(|error| failed("a shared directory", error))?.keep();
            return Self::fill(slurm, path, &working, true);
        };
        if slurm.attaches {
            let path = directory.canonicalize().map_err(|error| failed_at(directory, error))?;
            let state = State::read(&path).map_err(|error| failed_at(directory, error))?;
            return Ok(Shared { path, state });
        }
        let is_own = !directory.exists();
        fs::create_dir_all(directory).map_err(|error| failed_at(directory, error))?;
        let path = directory.canonicalize().map_err(|error| failed_at(directory, error))?;
        if State::read(&path).is_ok() {
            let message = format!(
                "'{}' belongs to another run: go on with it by --attach, or name another",
                path.display()
            );
            return Err(Error::new(Code::EngineUnfit, message).into());
        }
        Self::fill(slurm, path, &working, is_own)
    }

    fn fill(slurm: &SlurmConfig, path: PathBuf, working: &Path, is_own: bool) -> Result<Self, JobError> {
        let written = write_all(slurm, &path, working);
        let state = State::new(&slurm.arguments, working, is_own);
        match written.and_then(|()| state.write(&path)) {
            Ok(()) => Ok(Shared { path, state }),
            Err(error) => {
                if is_own {
                    let _ = fs::remove_dir_all(&path);
                }
                Err(failed_at(&path, error))
            }
        }
    }

    /// Removes what the run has put there.
    fn remove(&self) {
        if self.state.has_made {
            let _ = fs::remove_dir_all(&self.path);
            return;
        }
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name();
            let is_part = name.to_str().is_some_and(|name| name.parse::<u64>().is_ok());
            if is_part {
                let _ = fs::remove_dir_all(entry.path());
            } else if ["conc", "task.sh", "run.json"].iter().any(|own| name == *own) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Writes the script and puts this program beside it, so that every node has the same.
fn write_all(slurm: &SlurmConfig, path: &Path, working: &Path) -> io::Result<()> {
    let named = NAMED.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    let text = script(slurm, path, working, &named.collect::<Vec<_>>()).map_err(io::Error::other)?;
    fs::write(path.join("task.sh"), text)?;
    let (from, to) = (std::env::current_exe()?, path.join("conc"));
    fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop))
}

fn failed(what: &str, error: io::Error) -> JobError {
    JobError::Io(format!("cannot use {what}"), error)
}

fn failed_at(path: &Path, error: io::Error) -> JobError {
    failed(&format!("the shared directory '{}'", path.display()), error)
}

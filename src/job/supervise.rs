//! Looks at the numbers of a run a few times a second: sets the width, guards memory, tells an observer.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use crate::host::group::Group;
use crate::host::spawned::be_nice;
use crate::host::suspension::{awake_now, awake_since};
use crate::job::attempt::{Attempts, OutputPath};
use crate::job::committer::{Committed, Committer, Reported};
use crate::job::config::{JobConfig, OutputMode};
use crate::job::counters::Counters;
use crate::job::delivery::{LiveLines, Streams};
use crate::job::eyes::Eyes;
use crate::job::failure::{JobError, JobFailure, JobOutcome};
use crate::job::finisher::Finisher;
use crate::job::outcome::Finished;
use crate::job::own_time::{OwnTime, OwnTimes};
use crate::job::progress::{JobObserver, JobProgress, RecentRate};
use crate::job::reader::Read;
use crate::job::runner::Runner;
use crate::job::running::Running;
use crate::job::scheduler::{Load, Scheduler};
use crate::job::shutdown::{Shutdown, Stop};
use crate::job::summary::{ItemCounts, JobEnd, JobSummary};
use crate::job::width::{Governor, HeldFor, WidthLimit};
use crate::job::worker::Workers;
use crate::profile::Class;
use crate::workload::rate::RateLimiter;

/// Time between two looks while the width is being found.
const OPENING_TICK: Duration = Duration::from_millis(10);

/// Time for which the shorter tick is used.
const OPENING: Duration = Duration::from_millis(400);

/// Time between two looks later on.
const TICK: Duration = Duration::from_millis(100);

/// Finished items that wait to be committed, at most.
const MAX_UNCOMMITTED: usize = 256;

/// One run while it goes on.
pub(crate) struct Supervisor<'a> {
    /// What the run is asked to do.
    pub(crate) config: &'a JobConfig,
    /// The group of its processes.
    pub(crate) group: &'a Group,
    /// The request to end.
    pub(crate) shutdown: &'a Shutdown,
    /// Steps by which the user has asked for more width.
    pub(crate) steps: &'a AtomicI64,
    /// The standard streams.
    pub(crate) streams: &'a dyn Streams,
    /// The source of items.
    pub(crate) scheduler: &'a Scheduler,
    /// What the reader has found.
    pub(crate) read: &'a Read,
    /// The numbers that are reported.
    pub(crate) reported: &'a Reported,
    /// All items, if known before they are read.
    pub(crate) total: Option<u64>,
    /// The way to run an item; `None` if it is a command.
    pub(crate) runner: Option<&'a dyn Runner>,
}

impl Supervisor<'_> {
    /// Runs every item.
    ///
    /// # Errors
    /// When the run cannot begin.
    pub(crate) fn run(
        &self,
        committer: Committer<'_>,
        mut governor: Governor,
        observer: &mut dyn JobObserver,
    ) -> Result<JobOutcome, JobError> {
        let begun = awake_now();
        let (running, counters) = (Running::default(), Counters::default());
        let live = LiveLines {
            streams: self.streams,
            is_tagged: self.config.is_tagged,
            shutdown: self.shutdown.clone(),
            failure: Mutex::default(),
        };
        let attempts = self.attempts(&running, &live);
        let runner: &dyn Runner = self.runner.unwrap_or(&attempts);
        let workers = self.workers(runner, &counters)?;
        let (sender, receiver) = crossbeam_channel::bounded(MAX_UNCOMMITTED);
        let mut committed = thread::scope(|scope| {
            let committing = scope.spawn(|| committer.run(&receiver));
            let pool = Pool { scope, workers: &workers, niceness: self.config.niceness };
            self.watch(&pool, sender, &mut governor, observer, begun);
            committing.join().unwrap_or_default()
        });
        if let Some(error) = live.take_failure() {
            committed.error.get_or_insert(error);
        }
        Ok(self.conclude(committed, &counters, &governor, runner, begun))
    }

    fn attempts<'s>(&'s self, running: &'s Running, live: &'s LiveLines<'s>) -> Attempts<'s> {
        let output = match self.config.output {
            OutputMode::Ungrouped => OutputPath::Inherited,
            OutputMode::LineBuffered => OutputPath::Live(live),
            OutputMode::Grouped | OutputMode::KeepOrder | OutputMode::Silent => OutputPath::Kept,
        };
        Attempts {
            template: &self.config.template,
            program: self.config.program.clone(),
            scratch: self.group.scratch(),
            running,
            output,
            deadlines: OnceLock::new(),
            started: AtomicU64::new(0),
            own: OwnTimes::default(),
        }
    }

    fn workers<'s>(
        &'s self,
        runner: &'s dyn Runner,
        counters: &'s Counters,
    ) -> Result<Workers<'s>, JobError> {
        let rate = self.config.rate_per_s.map(|rate| {
            RateLimiter::open(&self.group.scratch().join("rate"), rate)
                .map_err(|error| JobError::Io("cannot limit the rate".to_owned(), error))
        });
        Ok(Workers {
            finisher: Finisher::new(self.config, self.scheduler, self.shutdown, counters),
            runner,
            rate: rate.transpose()?,
        })
    }

    /// Looks at the numbers until nothing runs and nothing will.
    fn watch<'scope, 'env>(
        &self,
        pool: &Pool<'scope, 'env>,
        sender: Sender<Finished>,
        governor: &mut Governor,
        observer: &mut dyn JobObserver,
        begun: Instant,
    ) {
        let mut started = 0;
        let mut told = None;
        let mut opened = Duration::ZERO;
        let mut eyes = Eyes::new(self.config);
        let mut rate = RecentRate::default();
        loop {
            let elapsed = awake_since(begun);
            let load = self.scheduler.load();
            if load.is_over {
                break;
            }
            let asked = self.shutdown.asked();
            if asked != std::mem::replace(&mut told, asked) {
                match asked {
                    Some(Stop::Now) => pool.workers.runner.stop_all(),
                    Some(Stop::Soon) => pool.workers.runner.stop_starting(),
                    None => {}
                }
            }
            let held = eyes.guard(self.scheduler, pool.workers.runner, elapsed);
            governor.step(self.steps.swap(0, Ordering::Relaxed));
            let runner = pool.workers.runner;
            let is_opening = governor.is_searching() && elapsed - opened < OPENING;
            let running_cpu_s = if is_opening { runner.running_cpu_s(load.running) } else { 0.0 };
            let counters = pool.workers.finisher.counters;
            let reading = eyes.reading(elapsed, &load, counters, running_cpu_s, self.left(), held);
            let width = if runner.is_profiling() {
                opened = elapsed;
                governor.begin(&reading);
                1
            } else {
                governor.decide(&reading)
            };
            self.scheduler.set_width(width);
            let wanted = width.min(self.left().map_or(usize::MAX, |left| left as usize));
            while started < wanted {
                started += 1;
                pool.start(started, sender.clone());
            }
            observer.observe(&self.progress(elapsed.as_secs_f64(), &load, governor.width(), held, &mut rate));
            thread::park_timeout(if is_opening { OPENING_TICK } else { TICK });
        }
        self.scheduler.release();
        drop(sender);
        observer.observe(&self.progress(
            awake_since(begun).as_secs_f64(),
            &self.scheduler.load(),
            governor.width(),
            None,
            &mut rate,
        ));
    }

    fn all(&self) -> Option<u64> {
        let is_complete = self.scheduler.load().is_complete && self.shutdown.asked().is_none();
        self.total.or_else(|| is_complete.then(|| self.read.found.load(Ordering::Relaxed)))
    }

    /// Returns the number of items that are not finished.
    fn left(&self) -> Option<u64> {
        let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let done = count(&self.reported.ok) + count(&self.reported.failed) + count(&self.read.skipped);
        self.all().map(|all| all.saturating_sub(done))
    }

    fn progress(
        &self,
        elapsed_s: f64,
        load: &Load,
        width: usize,
        held: Option<HeldFor>,
        rate: &mut RecentRate,
    ) -> JobProgress {
        let (ok, failed) =
            (self.reported.ok.load(Ordering::Relaxed), self.reported.failed.load(Ordering::Relaxed));
        rate.add(elapsed_s, ok + failed);
        JobProgress {
            elapsed_s,
            ok,
            failed,
            skipped: self.read.skipped.load(Ordering::Relaxed),
            total: self.all(),
            running: load.running,
            waiting: load.waiting,
            width,
            per_second: rate.per_second(),
            left_s: self.left().and_then(|left| rate.left_s(left)),
            stop: self.shutdown.asked(),
            is_held: held.is_some(),
            held_for: held,
        }
    }

    fn conclude(
        &self,
        committed: Committed,
        counters: &Counters,
        governor: &Governor,
        runner: &dyn Runner,
        begun: Instant,
    ) -> JobOutcome {
        let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let elapsed_s = awake_since(begun).as_secs_f64();
        let failure = committed.error.map(JobFailure::Commit);
        let failure = failure.or_else(|| self.read.take_error().map(JobFailure::Items));
        let load = self.scheduler.load();
        let end = match (&failure, self.shutdown.asked()) {
            (Some(_), _) => JobEnd::Broken,
            (None, None) => JobEnd::Complete,
            (None, Some(_)) if load.is_halted => JobEnd::Halted,
            (None, Some(_)) => JobEnd::Interrupted,
        };
        let items = ItemCounts {
            ok: count(&self.reported.ok),
            failed: count(&self.reported.failed),
            skipped: count(&self.read.skipped),
            skipped_failed: count(&self.read.skipped_failed),
            not_run: if end == JobEnd::Complete { Some(0) } else { self.left() },
        };
        let width = governor.report();
        // Where the CPUs were busy, time in which nobody was seen computing may be waits for a CPU that were not seen.
        let is_clear = |own: &OwnTime| own.is_whole || width.limit != WidthLimit::Cpus;
        let own = runner.own_time().filter(|own| own.class() == Class::CpuBound || is_clear(own));
        let summary = JobSummary {
            name: self.config.name.clone(),
            command: self.config.command.clone(),
            items,
            end,
            elapsed_s,
            attempts: counters.attempts(),
            requeued: count(&counters.requeued),
            task_s: counters.task_s(),
            task_cpu_s: counters.task_cpu_s(),
            class: own.map(|own| own.class()),
            own_cpu_share: own.map(|own| own.cpu_share()),
            loop_blocked_share: runner.loop_blocked_share(),
            per_second: items.ok as f64 / elapsed_s.max(f64::MIN_POSITIVE),
            strategy: runner.strategy().map(|(kind, _)| kind),
            processes: runner.strategy().and_then(|(_, processes)| processes),
            width,
            failed: committed.failed,
            journal: self.config.journal.as_ref().map(|journal| journal.path.display().to_string()),
            engine: None,
        };
        JobOutcome { summary, failure }
    }
}

/// The threads that run items.
struct Pool<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    workers: &'env Workers<'env>,
    niceness: Option<i32>,
}

impl<'scope, 'env> Pool<'scope, 'env> {
    fn start(&self, slot: usize, sender: Sender<Finished>) {
        let (workers, niceness, watcher) = (self.workers, self.niceness, thread::current());
        self.scope.spawn(move || {
            niceness.into_iter().for_each(be_nice);
            workers.run(slot, &sender);
            drop(sender);
            watcher.unpark();
        });
    }
}

//! Runs items through the steps of a workload file: a thread for each item in flight, whose waits can be ended.

use std::collections::BTreeMap;
use std::fs;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use nix::unistd::gettid;
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::Interrupt;
use crate::host::clock::thread_cpu;
use crate::host::group::Group;
use crate::host::procfs;
use crate::job::items::JobItem;
use crate::job::outcome::{Attempt, Ending};
use crate::job::output::Output;
use crate::job::own_time::{OwnTime, OwnTimes};
use crate::job::runner::Runner;
use crate::strategy::StrategyKind;
use crate::workload::fixture::Fixture;
use crate::workload::program::within;
use crate::workload::step::TaskContext;
use crate::workload::step::cpu::calibrate::Calibration;
use crate::workload::step::retry_after::RetryAfter;
use crate::workload::{Env, Item, Items, Program, Workload};

/// Threads that wait for descriptors and timers on behalf of all items: waiting costs them nearly nothing.
const REACTOR_THREADS: usize = 2;

/// Running items whose CPU time is looked up at a time: a sample, because each takes a system call or two.
const SAMPLED: usize = 16;

/// An item that is running.
#[derive(Debug)]
struct RunningItem {
    end: CancellationToken,
    /// The thread that runs it, and the nanoseconds that it had been on a CPU before.
    thread: (u32, u64),
    /// Whether it was stopped for memory, to run again.
    is_requeued: bool,
}

/// Runs items through the steps of a workload.
pub(crate) struct Steps {
    program: Program,
    /// Whether the number of an item is the item.
    has_numbers: bool,
    runtime: Runtime,
    /// The embedded server that steps talk to, as long as the run goes on.
    _fixture: Mutex<Option<Fixture>>,
    end: CancellationToken,
    running: Mutex<BTreeMap<u64, RunningItem>>,
    next: AtomicU64,
    own: OwnTimes,
}

impl Steps {
    /// Calibrates and prepares the steps, and starts the server that they need.
    ///
    /// # Errors
    /// When a step cannot be prepared, or the server not be started.
    pub(crate) fn open(
        workload: &Workload,
        group: &Group,
        seed: u64,
        interrupt: &Interrupt,
    ) -> Result<Self, Error> {
        let mut workload = workload.clone();
        Calibration::until(interrupt).calibrate(&mut workload);
        let state_dir = group.scratch().join("steps");
        fs::create_dir_all(&state_dir)
            .map_err(|error| Error::from_io(Code::PoolStart, "cannot keep the state of steps", &error))?;
        let fixture = Fixture::for_workload(&workload, group.reexec(), seed)?;
        let env = Env {
            exe: group.reexec().exe().to_owned(),
            fixture: fixture.as_ref().map(Fixture::addr),
            state_dir,
            seed,
            permutation_id: 0,
        };
        let program = Program::prepare(&workload, &env)
            .map_err(|error| Error::new(Code::WorkloadUnsupported, error.to_string()))?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(REACTOR_THREADS)
            .enable_all()
            .build()
            .map_err(|error| Error::from_source(Code::PoolStart, "cannot start the event loop", error))?;
        Ok(Steps {
            program: program.heeding_servers(),
            has_numbers: matches!(workload.items, Items::Count(_)),
            runtime,
            _fixture: Mutex::new(fixture),
            end: CancellationToken::new(),
            running: Mutex::default(),
            next: AtomicU64::new(0),
            own: OwnTimes::default(),
        })
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<u64, RunningItem>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the steps; `None` if the item was ended from here.
    fn run_steps(
        &self,
        item: &JobItem,
        end: &CancellationToken,
        limit: Option<Duration>,
    ) -> Option<Result<(), Error>> {
        let Ok(text) = std::str::from_utf8(&item.bytes) else {
            return Some(Err(Error::new(Code::WorkloadItems, "the item is not UTF-8, which the steps need")));
        };
        let index = item.number - 1;
        let as_item = if self.has_numbers {
            text.parse().map_or(Item::Text(text), Item::Index)
        } else {
            Item::Text(text)
        };
        let own = limit.map(|limit| Instant::now() + limit);
        let deadline = self.program.deadline().into_iter().chain(own).min();
        let task = TaskContext { index, item: as_item, attempt: 0, deadline };
        self.runtime.block_on(async {
            // Made here, because a deadline needs the event loop.
            let run = AssertUnwindSafe(within(deadline, self.program.run_item(task))).catch_unwind();
            tokio::select! {
                biased;
                () = end.cancelled() => None,
                result = run => Some(match result {
                    Ok(done) => done.map(drop),
                    Err(_) => Err(Error::new(Code::TaskPanic, "task panicked")),
                }),
            }
        })
    }
}

impl Runner for Steps {
    fn run(&self, item: &JobItem, _: usize, limit: Option<Duration>) -> Attempt {
        let (started, begun) = (SystemTime::now(), Instant::now());
        let ticket = self.next.fetch_add(1, Ordering::Relaxed);
        let end = self.end.child_token();
        let (cpu, before) = (thread_cpu(), procfs::own_schedstat());
        let thread = (gettid().as_raw().cast_unsigned(), before.map_or(0, |stat| stat.run_ns));
        self.running().insert(ticket, RunningItem { end: end.clone(), thread, is_requeued: false });
        let result = self.run_steps(item, &end, limit);
        let cpu_s = (thread_cpu() - cpu).as_secs_f64();
        let stopped = self.running().remove(&ticket);
        let mut attempt = Attempt {
            ending: Ending::Exited(0),
            started,
            seconds: begun.elapsed().as_secs_f64(),
            cpu_s: Some(cpu_s),
            output: Output::default(),
            value: None,
            retry_after: None,
        };
        match result {
            Some(Ok(())) => {
                let waited_ns =
                    procfs::own_schedstat().zip(before).map(|(now, then)| now.wait_ns - then.wait_ns);
                self.own.add(attempt.seconds - waited_ns.unwrap_or(0) as f64 * 1e-9, cpu_s);
            }
            Some(Err(error)) => {
                attempt.retry_after = RetryAfter::of(&error);
                attempt.ending = if error.is_timeout() {
                    Ending::TimedOut
                } else {
                    Ending::Raised(error.code, error.message)
                };
            }
            None if stopped.is_some_and(|stopped| stopped.is_requeued) => attempt.ending = Ending::Requeued,
            None => attempt.ending = Ending::Stopped,
        }
        attempt
    }

    fn stop_all(&self) {
        self.end.cancel();
    }

    fn stop_youngest(&self) -> bool {
        let mut running = self.running();
        if running.len() < 2 {
            return false;
        }
        match running.values_mut().next_back().filter(|youngest| !youngest.is_requeued) {
            None => false,
            Some(youngest) => {
                youngest.is_requeued = true;
                youngest.end.cancel();
                true
            }
        }
    }

    fn running_cpu_s(&self, running: usize) -> f64 {
        let threads: Vec<(u32, u64)> =
            self.running().values().map(|item| item.thread).take(SAMPLED).collect();
        let own = std::process::id();
        let used_ns = |(tid, before): &(u32, u64)| {
            procfs::schedstat(own, *tid).map_or(0, |stat| stat.run_ns.saturating_sub(*before))
        };
        let sampled_s = threads.iter().map(used_ns).sum::<u64>() as f64 * 1e-9;
        // The others are taken to be as those that were looked at.
        sampled_s * running.max(threads.len()) as f64 / threads.len().max(1) as f64
    }

    fn strategy(&self) -> Option<(StrategyKind, Option<usize>)> {
        Some((StrategyKind::Threads, None))
    }

    fn own_time(&self) -> Option<OwnTime> {
        self.own.total()
    }
}

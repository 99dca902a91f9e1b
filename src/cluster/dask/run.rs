//! One run on a cluster, from its connection to its summary.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::cluster::conclusion::Ended;
use crate::cluster::dask::dispatch::{Dispatcher, Payload, Plan};
use crate::cluster::dask::flight::Flight;
use crate::cluster::dask::receive::Receiver;
use crate::cluster::watch::Left;
use crate::error::Error;
use crate::host::process::kill_tree;
use crate::job::callable_work::CallableWork;
use crate::job::committer::{Committed, Committer, Reported};
use crate::job::config::{JobConfig, WidthChoice};
use crate::job::counters::Counters;
use crate::job::engine::{Files, Surroundings};
use crate::job::engine_report::{EngineKind, EngineReport, EngineVersions};
use crate::job::failure::{JobError, JobOutcome};
use crate::job::finisher::Finisher;
use crate::job::progress::{JobObserver, RecentRate};
use crate::job::reader;
use crate::job::scheduler::Scheduler;
use crate::job::shutdown::Stop;
use crate::python::Session;
use crate::python::cluster_client::{ClientEvents, ClusterAddress, ClusterClient, ClusterInfo};
use crate::python::session::SessionTimeouts;
use crate::strategy::StrategyKind;
use crate::workload::Env;

/// Time between two looks at the numbers.
const TICK: Duration = Duration::from_millis(20);

/// Time for the workers to answer after a run was told to end at once.
const GRACE: Duration = Duration::from_secs(1);

/// Finished items that wait to be committed, at most.
const MAX_UNCOMMITTED: usize = 256;

/// A connection with everything that belongs to it.
struct Connection {
    client: ClusterClient,
    events: ClientEvents,
    info: ClusterInfo,
}

/// Runs every item on a cluster.
///
/// # Errors
/// When the run cannot begin: `distributed` is missing, there is no scheduler, or its workers cannot run this.
pub(crate) fn run(
    config: &JobConfig,
    cluster: &ClusterAddress,
    python: Option<&Path>,
    around: &Surroundings<'_>,
    observer: &mut dyn JobObserver,
) -> Result<JobOutcome, JobError> {
    let (work, items) = CallableWork::of_job(config, around.group)?;
    let own;
    let session = match &work {
        Some(work) => work.session(),
        None => {
            own = session_for_commands(python, around, config.seed)?;
            &own
        }
    };
    let (client, events, info) =
        session.cluster_client(work.as_ref().map(CallableWork::workload), cluster)?;
    let connection = Connection { client, events, info };
    let (files, resume) = Files::open(config, &items)?;
    let total = items.count();
    // The chunks on their way bound what runs, not the scheduler.
    let scheduler = Arc::new(Scheduler::new(usize::MAX, around.shutdown.clone()));
    let read = reader::start(items, resume, Arc::clone(&scheduler));
    let reported = Reported::default();
    let left =
        Left { total, read: &read, scheduler: &scheduler, reported: &reported, shutdown: around.shutdown };
    let committer = files.committer(config, around, &scheduler, &reported);
    let run = DaskRun { config, around, left, plan: plan(config, work.as_ref()), work: work.as_ref() };
    Ok(run.run(connection, committer, observer))
}

fn session_for_commands(
    python: Option<&Path>,
    around: &Surroundings<'_>,
    seed: u64,
) -> Result<Session, Error> {
    let reexec = around.group.reexec();
    let state_dir = around.group.scratch().to_owned();
    let env = Env { exe: reexec.exe().to_owned(), fixture: None, state_dir, seed, permutation_id: 0 };
    Session::open(python, reexec, &env, SessionTimeouts::default())
}

fn plan(config: &JobConfig, work: Option<&CallableWork>) -> Plan {
    let (max_width, is_width_fixed) = match &config.width {
        WidthChoice::Fixed(width) => (*width, true),
        WidthChoice::Auto(auto) => (auto.max, false),
    };
    Plan {
        strategy: work.and_then(CallableWork::strategy),
        is_awaitable: work.is_some_and(CallableWork::is_awaitable),
        max_width,
        is_width_fixed,
    }
}

/// One run while it goes on.
struct DaskRun<'a> {
    config: &'a JobConfig,
    around: &'a Surroundings<'a>,
    left: Left<'a>,
    plan: Plan,
    work: Option<&'a CallableWork>,
}

impl<'a> DaskRun<'a> {
    fn run(
        &self,
        connection: Connection,
        committer: Committer<'_>,
        observer: &mut dyn JobObserver,
    ) -> JobOutcome {
        let begun = Instant::now();
        let Connection { client, mut events, info } = connection;
        let shutdown = self.around.shutdown;
        let flight = Flight::new(info.workers, info.threads, info.message_s, shutdown.clone());
        let counters = Counters::default();
        let payload = match self.work {
            Some(work) => Payload::Argument { takes_numbers: work.takes_numbers() },
            None => Payload::Words(&self.config.template),
        };
        let dispatcher =
            Dispatcher { flight: &flight, client: &client, payload, plan: self.plan, left: self.left };
        let mut finisher = Finisher::new(self.config, self.left.scheduler, shutdown, &counters);
        finisher.signal_grace = Duration::ZERO;
        let (sender, receiver) = crossbeam_channel::bounded(MAX_UNCOMMITTED);
        let committed = thread::scope(|scope| {
            let committing = scope.spawn(|| committer.run(&receiver));
            let receiving = Receiver {
                flight: &flight,
                finisher: &finisher,
                client: &client,
                finished: sender.clone(),
                scratch: self.around.group.scratch(),
            };
            scope.spawn(move || receiving.run(&mut events));
            let (dispatcher, finisher) = (&dispatcher, &finisher);
            scope.spawn(move || dispatcher.run(finisher, &sender));
            let elapsed_s = self.watch(&flight, &client, observer, begun);
            (committing.join().unwrap_or_default(), elapsed_s)
        });
        self.conclude(committed, &flight, &info, &counters)
    }

    /// Looks at the numbers until nothing runs and nothing will; then lets the client take its leave. Returns
    /// the seconds until then.
    fn watch(
        &self,
        flight: &Flight,
        client: &ClusterClient,
        observer: &mut dyn JobObserver,
        begun: Instant,
    ) -> f64 {
        let mut rate = RecentRate::default();
        let mut told: Option<(Stop, Instant)> = None;
        while !self.left.scheduler.load().is_over {
            if let Some(stop) = self.around.shutdown.asked() {
                told = Some(end(stop, told, flight, client));
            }
            observer.observe(&self.left.progress(begun.elapsed().as_secs_f64(), width(flight), &mut rate));
            thread::sleep(TICK);
        }
        let elapsed_s = begun.elapsed().as_secs_f64();
        flight.state().is_closing = true;
        client.close();
        observer.observe(&self.left.progress(elapsed_s, width(flight), &mut rate));
        elapsed_s
    }

    fn conclude(
        &self,
        (committed, elapsed_s): (Committed, f64),
        flight: &Flight,
        info: &ClusterInfo,
        counters: &Counters,
    ) -> JobOutcome {
        let mut state = flight.state();
        let gone = state.gone.take();
        let chunk_items = (state.sent > 0).then(|| state.sent_items as f64 / state.sent as f64);
        let versions = info.differences.iter().map(|difference| EngineVersions {
            package: difference.package.clone(),
            client: difference.client.clone(),
            scheduler: difference.scheduler.clone(),
            workers: difference.workers.clone(),
        });
        let engine = EngineReport {
            kind: EngineKind::Dask,
            address: Some(info.scheduler.clone()),
            version: Some(info.version.clone()),
            workers: state.workers as u64,
            threads: state.threads as u64,
            chunks: state.sent,
            chunk_items,
            inner_width: state.inner.width() as u64,
            message_s: info.message_s,
            sent_again: state.sent_again,
            cancelled: 0,
            versions: versions.collect(),
            directory: None,
        };
        let inner = state.inner.width();
        drop(state);
        let ended = Ended {
            config: self.config,
            committed,
            left: self.left,
            counters,
            gone,
            engine,
            strategy: self.work.map(|_| self.strategy(inner)),
            elapsed_s,
        };
        ended.outcome(false)
    }

    /// Returns the strategy that a worker has used.
    fn strategy(&self, inner: usize) -> StrategyKind {
        self.plan.strategy.unwrap_or(match inner {
            1 => StrategyKind::Processes,
            _ => StrategyKind::Hybrid,
        })
    }
}

/// Lets a run end, as it was asked to; returns what the workers were told, and when.
fn end(
    stop: Stop,
    told: Option<(Stop, Instant)>,
    flight: &Flight,
    client: &ClusterClient,
) -> (Stop, Instant) {
    match told {
        Some((before, at)) if before == stop => {
            let is_hopeless = flight.state().workers == 0 || stop == Stop::Now;
            if is_hopeless && at.elapsed() > GRACE {
                kill_tree(client.pid());
            }
            (before, at)
        }
        _ => {
            let _ = if stop == Stop::Now { client.stop_now() } else { client.stop() };
            (stop, Instant::now())
        }
    }
}

fn width(flight: &Flight) -> usize {
    let state = flight.state();
    state.threads.max(1) * state.inner.width()
}

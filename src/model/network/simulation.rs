//! The simulation of one network, event by event.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::model::network::multipliers::{ServiceTimeMultipliers, normal};
use crate::model::network::stage::TaskStage;
use crate::model::rate::RateCurve;

/// Coefficient of variation of the CPU time of equal work, which brings tasks out of step; observed on
/// kernels that repeat the same iterations.
const CPU_TIME_VARIATION: f64 = 0.03;

/// Period of the timer of an event loop, in seconds: tokio's, and that of the embedded server built on it.
const TIMER_TICK_S: f64 = 1e-3;

/// Minimum share of a time slice for which a thread keeps its CPU: the kernel checks the clock only at its
/// own ticks, and threads that wake up in between preempt.
const MIN_SLICE_SHARE: f64 = 0.1;

/// Maximum number of slices of one computation; finer slices change nothing.
const MAX_SLICES: f64 = 16.0;

/// CPU seconds below which a computation counts as done: the resolution of event times.
const DONE_S: f64 = 1e-9;

/// Nanoseconds per second, the unit of event times.
const NANOS_PER_S: f64 = 1e9;

/// Seed of slices, ticks and CPU times.
const SEED: u64 = 1;

/// The properties of a network that a simulation needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setup<'a> {
    pub(super) rates: RateCurve,
    pub(super) slice_s: f64,
    pub(super) server_pools: &'a [usize],
    pub(super) warmup_stages: &'a [TaskStage],
    pub(super) stages: &'a [TaskStage],
    pub(super) variation: f64,
}

/// A task under way.
#[derive(Debug, Clone, Copy, Default)]
struct Job {
    /// Index into the warm-up stages followed by the stages.
    stage: usize,
    /// CPU seconds that its stage still needs.
    left: f64,
    /// Service times of the task, as a multiple of the mean.
    multiplier: f64,
    began_s: f64,
}

/// Threads of one pool.
#[derive(Debug, Default)]
struct ServerPool {
    idle: usize,
    queue: VecDeque<usize>,
}

/// The time of an event in nanoseconds, and a number that orders events of the same time.
type EventTime = (u64, u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum SimulationEvent {
    /// The task in a job slot has waited.
    Waited(usize),
    /// The task in a job slot has computed for this many nanoseconds.
    Sliced(usize, u64),
}

/// A network in simulated time.
pub(super) struct Simulation<'a> {
    setup: Setup<'a>,
    random: StdRng,
    multipliers: ServiceTimeMultipliers,
    now_s: f64,
    events_added: u64,
    jobs: Vec<Job>,
    pools: Vec<ServerPool>,
    idle_cpus: usize,
    cpus: usize,
    ready: VecDeque<usize>,
    events: BinaryHeap<Reverse<(EventTime, SimulationEvent)>>,
    to_start: u64,
    ends_s: Vec<f64>,
    begins_s: Vec<f64>,
}

/// The times of a finished simulation, in seconds.
pub(super) struct Finished {
    /// The end of every task, in order.
    pub(super) ends_s: Vec<f64>,
    /// The start of every task, in the order of `ends_s`.
    pub(super) begins_s: Vec<f64>,
    /// The end of the last task.
    pub(super) wall_s: f64,
}

impl<'a> Simulation<'a> {
    /// Prepares the simulation of `tasks` tasks in `slots` job slots.
    pub(super) fn new(setup: Setup<'a>, slots: u64, tasks: u64) -> Self {
        let cpus = (setup.rates.cpus.ceil() as usize).max(1);
        let pool = |threads: &usize| ServerPool { idle: (*threads).max(1), queue: VecDeque::new() };
        Simulation {
            setup,
            random: StdRng::seed_from_u64(SEED),
            multipliers: ServiceTimeMultipliers::new(setup.variation),
            now_s: 0.0,
            events_added: 0,
            jobs: vec![Job::default(); slots as usize],
            pools: setup.server_pools.iter().map(pool).collect(),
            idle_cpus: cpus,
            cpus,
            ready: VecDeque::new(),
            events: BinaryHeap::new(),
            to_start: tasks,
            ends_s: Vec::with_capacity(tasks as usize),
            begins_s: Vec::with_capacity(tasks as usize),
        }
    }

    /// Runs until all tasks have ended.
    pub(super) fn finish(mut self) -> Finished {
        for slot in 0..self.jobs.len() {
            self.start(slot, 0);
        }
        self.dispatch();
        while let Some(Reverse(((nanos, _), event))) = self.events.pop() {
            self.now_s = nanos as f64 / NANOS_PER_S;
            match event {
                SimulationEvent::Waited(slot) => self.advance(slot),
                SimulationEvent::Sliced(slot, nanos) => self.sliced(slot, nanos as f64 / NANOS_PER_S),
            }
            self.dispatch();
        }
        Finished { ends_s: self.ends_s, begins_s: self.begins_s, wall_s: self.now_s }
    }

    fn start(&mut self, slot: usize, stage: usize) {
        if self.to_start > 0 {
            self.to_start -= 1;
            let multiplier = self.multipliers.next();
            self.jobs[slot] = Job { stage, left: 0.0, multiplier, began_s: self.now_s };
            self.enter(slot);
        }
    }

    fn stage(&self, slot: usize) -> Option<TaskStage> {
        let Setup { warmup_stages, stages, .. } = self.setup;
        warmup_stages.iter().chain(stages).nth(self.jobs[slot].stage).copied()
    }

    /// Begins the stage of a task, and ends the task after its last stage.
    fn enter(&mut self, slot: usize) {
        let multiplier = self.jobs[slot].multiplier;
        match self.stage(slot) {
            Some(TaskStage::Wait(s)) => {
                self.at(self.now_s + s.max(0.0) * multiplier, SimulationEvent::Waited(slot))
            }
            Some(TaskStage::Timer(s)) => {
                // The next tick after a random part of one: on average the time itself.
                let ticks =
                    (self.now_s + s.max(0.0) * multiplier) / TIMER_TICK_S - self.random.random::<f64>();
                self.at((ticks.ceil() * TIMER_TICK_S).max(self.now_s), SimulationEvent::Waited(slot));
            }
            Some(TaskStage::Enter(pool)) => {
                let pool = &mut self.pools[pool];
                if pool.idle == 0 {
                    pool.queue.push_back(slot);
                } else {
                    pool.idle -= 1;
                    self.advance(slot);
                }
            }
            Some(TaskStage::Leave(pool)) => {
                let pool = &mut self.pools[pool];
                match pool.queue.pop_front() {
                    Some(next) => self.advance(next),
                    None => pool.idle += 1,
                }
                self.advance(slot);
            }
            Some(TaskStage::Compute(pool, s)) => {
                let uneven = 1.0 + CPU_TIME_VARIATION * normal(&mut self.random);
                self.jobs[slot].left = s.max(0.0) * multiplier * uneven.max(CPU_TIME_VARIATION);
                let pool = &mut self.pools[pool];
                if pool.idle == 0 {
                    pool.queue.push_back(slot);
                } else {
                    pool.idle -= 1;
                    // It goes before the threads that have had their slice.
                    self.ready.push_front(slot);
                }
            }
            None => {
                self.ends_s.push(self.now_s);
                self.begins_s.push(self.jobs[slot].began_s);
                self.start(slot, self.setup.warmup_stages.len());
            }
        }
    }

    fn advance(&mut self, slot: usize) {
        self.jobs[slot].stage += 1;
        self.enter(slot);
    }

    /// Takes a CPU back from a thread that has computed for `had_s` seconds.
    fn sliced(&mut self, slot: usize, had_s: f64) {
        self.idle_cpus += 1;
        self.jobs[slot].left -= had_s;
        if self.jobs[slot].left > DONE_S {
            self.ready.push_back(slot);
            return;
        }
        if let Some(TaskStage::Compute(pool, _)) = self.stage(slot) {
            let pool = &mut self.pools[pool];
            match pool.queue.pop_front() {
                Some(next) => self.ready.push_front(next),
                None => pool.idle += 1,
            }
        }
        self.advance(slot);
    }

    /// Gives idle CPUs to threads that are ready.
    fn dispatch(&mut self) {
        while self.idle_cpus > 0
            && let Some(slot) = self.ready.pop_front()
        {
            self.idle_cpus -= 1;
            let busy = self.cpus - self.idle_cpus;
            let speed = self.setup.rates.at(busy) / busy as f64;
            let left = self.jobs[slot].left;
            let share = self.random.random_range(MIN_SLICE_SHARE..1.0);
            let slice = (self.setup.slice_s * share).max(left / MAX_SLICES).min(left);
            let until = self.now_s + slice / speed;
            self.at(until, SimulationEvent::Sliced(slot, (slice * NANOS_PER_S).ceil() as u64));
        }
    }

    fn at(&mut self, time_s: f64, event: SimulationEvent) {
        self.events_added += 1;
        self.events.push(Reverse((((time_s * NANOS_PER_S) as u64, self.events_added), event)));
    }
}

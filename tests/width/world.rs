//! A simulated machine with simulated tasks, driven by events.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use conc::internal::{Governor, HeldFor, Reading, WidthConfig};

use crate::scenarios::{AFTER_CHANGE_S, Scenario, Shared};

/// CPUs of the machine.
const CPUS: f64 = 2.0;

/// The greatest width that the controller may come to.
const MAX_WIDTH: usize = 64;

/// Attempts at an item, at most.
const MAX_ATTEMPTS: u32 = 30;

/// Seconds in which a limiter refuses.
const REFUSAL_S: f64 = 0.01;

/// Seconds between two readings: at first, and later.
const TICKS_S: (f64, f64) = (0.01, 0.1);

/// Seconds of readings at the shorter period.
const OPENING_S: f64 = 0.4;

/// One draw of a scenario.
pub(crate) struct World {
    scenario: Scenario,
    /// Number of items.
    pub(crate) items: u64,
    /// Tasks that the shared thing works on at full speed.
    capacity: f64,
    /// Seconds of a task alone.
    task_s: f64,
    /// Work of each item, in seconds alone.
    work: Vec<f64>,
    /// Times at which the change begins and ends, in seconds.
    change_s: (f64, f64),
    seed: u64,
}

/// A run of a world.
pub(crate) struct Run {
    /// Seconds from start to end.
    pub(crate) seconds: f64,
    /// Items that were finished.
    pub(crate) finished: u64,
    /// Widths over time.
    pub(crate) steps: Vec<(f64, usize)>,
    /// Seconds at which items were finished.
    pub(crate) ends_s: Vec<f64>,
}

impl Run {
    /// Returns the number of items that were finished between two times.
    pub(crate) fn finished_between(&self, from_s: f64, to_s: f64) -> usize {
        self.ends_s.iter().filter(|end_s| (from_s..to_s).contains(end_s)).count()
    }
}

/// A small generator of random numbers (`splitmix64`).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Draws evenly on a logarithmic scale.
    fn log(&mut self, (from, to): (f64, f64)) -> f64 {
        (from.ln() + (to.ln() - from.ln()) * self.next()).exp()
    }

    /// Draws from a lognormal distribution with mean 1.
    fn lognormal(&mut self, variation: f64) -> f64 {
        let sigma2 = (1.0 + variation * variation).ln();
        let (u, v) = (self.next().max(1e-12), self.next());
        let normal = (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos();
        (normal * sigma2.sqrt() - sigma2 / 2.0).exp()
    }
}

impl World {
    /// Draws a world.
    pub(crate) fn draw(scenario: &Scenario, seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0x1234_5678_9abc_def1) ^ 0x55);
        let (from, to) = scenario.items;
        let items = random.log((from as f64, to as f64)).round() as u64;
        let task_s = random.log(scenario.task_s);
        let capacity = match scenario.shared {
            Shared::Cpus => CPUS,
            Shared::Nothing => f64::INFINITY,
            Shared::Memory => random.log((4.0, 24.0)).round(),
            _ => random.log((4.0, 64.0)).round(),
        };
        let mut work: Vec<f64> = (0..items).map(|_| task_s * random.lognormal(scenario.variation)).collect();
        if scenario.is_first_lucky {
            work[0] = task_s / 10.0;
        }
        let ideal_s = work.iter().sum::<f64>() / capacity.min(64.0);
        let begins_s = scenario.changes_at_s.unwrap_or(ideal_s / 2.0);
        let change_s = (begins_s, begins_s + ideal_s * scenario.lasts);
        World { scenario: *scenario, items, capacity, task_s, work, change_s, seed }
    }

    /// Returns the time at which the capacity changes, and the best width from then on.
    pub(crate) fn change(&self) -> (f64, usize) {
        let best = (self.capacity * self.scenario.change).round().clamp(1.0, MAX_WIDTH as f64);
        (self.change_s.0, best as usize)
    }

    /// Returns the speed of each of `running` tasks at a time, 1 for a task alone.
    fn speed(&self, running: usize, now_s: f64) -> f64 {
        let n = running as f64;
        let is_changed = now_s >= self.change_s.0 && now_s < self.change_s.1;
        let capacity = self.capacity * if is_changed { self.scenario.change } else { 1.0 };
        let share = (capacity / n).min(1.0);
        match self.scenario.shared {
            Shared::Nothing | Shared::Limiter | Shared::Refusing => 1.0,
            Shared::Cpus => (self.free_cpus(now_s) / n).min(1.0),
            Shared::Server => share,
            Shared::Degrading(loss) => share / (1.0 + loss * (n - capacity).max(0.0)),
            Shared::Memory => share * share,
        }
    }

    fn free_cpus(&self, now_s: f64) -> f64 {
        let is_burst = (now_s / 3.0) as u64 % 2 == 1;
        CPUS * if is_burst { 1.0 - self.scenario.others } else { 1.0 }
    }

    fn busy_cpus(&self, running: usize, now_s: f64) -> f64 {
        match self.scenario.shared {
            Shared::Cpus => (CPUS - self.free_cpus(now_s)) + (running as f64).min(self.free_cpus(now_s)),
            _ => 0.02,
        }
    }

    /// Requests that a limiter lets pass at once: those of a second.
    fn burst(&self) -> f64 {
        self.rate().max(1.0)
    }

    /// Returns whether memory is too low to start anything.
    fn is_held(&self, running: usize) -> bool {
        matches!(self.scenario.shared, Shared::Memory) && running as f64 >= self.capacity
    }

    /// Requests per second that a limiter lets pass.
    fn rate(&self) -> f64 {
        self.capacity / self.task_s
    }
}

/// Runs a world at a fixed width.
pub(crate) fn run_fixed(world: &World, width: usize) -> Run {
    Simulation::new(world).run(&mut Governor::fixed(width))
}

/// Runs a world at the width that is found.
pub(crate) fn run_auto(world: &World) -> Run {
    let config = WidthConfig { cpus: CPUS, max: MAX_WIDTH, prior: None };
    Simulation::new(world).run(&mut Governor::auto(config, Some(world.items)))
}

/// A time that can be ordered.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Time(f64);

impl Eq for Time {}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// A task that runs: its end in units of work, its item, its start in seconds, and the attempt.
type Task = (Time, u64, Time, u32);

struct Simulation<'a> {
    world: &'a World,
    now_s: f64,
    /// Work that a task which runs all the time has done by now.
    progress: f64,
    running: BinaryHeap<Reverse<Task>>,
    /// Refusals, by the second in which they are answered.
    refused: BinaryHeap<Reverse<Task>>,
    waiting: BinaryHeap<Reverse<(Time, u64, u32)>>,
    fresh: VecDeque<u64>,
    tokens: f64,
    reading: Reading,
    finished: u64,
    ends_s: Vec<f64>,
    random: Random,
}

impl<'a> Simulation<'a> {
    fn new(world: &'a World) -> Self {
        Simulation {
            world,
            now_s: 0.0,
            progress: 0.0,
            running: BinaryHeap::new(),
            refused: BinaryHeap::new(),
            waiting: BinaryHeap::new(),
            fresh: (0..world.items).collect(),
            tokens: world.burst(),
            reading: Reading::default(),
            finished: 0,
            ends_s: Vec::new(),
            random: Random(world.seed),
        }
    }

    fn run(mut self, governor: &mut Governor) -> Run {
        let mut look_s = 0.0;
        let end_s =
            self.world.scenario.changes_at_s.map_or(f64::INFINITY, |change_s| change_s + AFTER_CHANGE_S);
        while self.finished < self.world.items && self.now_s < end_s {
            if self.now_s >= look_s {
                governor.decide(&self.reading());
                look_s = self.now_s + if self.now_s < OPENING_S { TICKS_S.0 } else { TICKS_S.1 };
            }
            self.fill(governor.width());
            self.advance(look_s);
        }
        let steps = governor.report().steps.iter().map(|step| (step.at_s, step.width)).collect();
        Run { seconds: self.now_s, finished: self.finished, steps, ends_s: self.ends_s }
    }

    fn in_flight(&self) -> usize {
        self.running.len() + self.refused.len()
    }

    fn reading(&self) -> Reading {
        Reading {
            now_s: self.now_s,
            held: self.world.is_held(self.in_flight()).then_some(HeldFor::Memory),
            running: self.in_flight(),
            ready: self.fresh.len() + self.waiting.len(),
            left: Some(self.world.items - self.finished),
            machine_cpus: (self.now_s > 0.3).then(|| self.world.busy_cpus(self.running.len(), self.now_s)),
            ..self.reading
        }
    }

    /// Starts items up to the width.
    fn fill(&mut self, width: usize) {
        while self.in_flight() < width && !self.world.is_held(self.in_flight()) {
            let due = self.waiting.peek().is_some_and(|Reverse((due, ..))| due.0 <= self.now_s);
            let next = if due {
                self.waiting.pop().map(|Reverse((_, item, attempts))| (item, attempts))
            } else {
                self.fresh.pop_front().map(|item| (item, 0))
            };
            let Some((item, attempts)) = next else { return };
            let start = Time(self.now_s);
            let is_refused = match self.world.scenario.shared {
                Shared::Limiter => self.tokens < 1.0,
                Shared::Refusing => self.running.len() as f64 >= self.world.capacity,
                _ => false,
            };
            if is_refused {
                self.refused.push(Reverse((Time(self.now_s + REFUSAL_S), item, start, attempts)));
                continue;
            }
            self.tokens -= 1.0;
            let end = Time(self.progress + self.world.work[item as usize]);
            self.running.push(Reverse((end, item, start, attempts)));
        }
    }

    /// Moves to the next event, or to the next look.
    fn advance(&mut self, look_s: f64) {
        let speed = self.world.speed(self.running.len().max(1), self.now_s);
        let end_s = self.running.peek().map(|Reverse(task)| self.now_s + (task.0.0 - self.progress) / speed);
        let refusal_s = self.refused.peek().map(|Reverse(task)| task.0.0);
        let due_s = self.waiting.peek().map(|Reverse((due, ..))| due.0).filter(|due| *due > self.now_s);
        let next_s = [end_s, refusal_s, due_s].into_iter().flatten().fold(look_s, f64::min).max(self.now_s);
        let passed_s = next_s - self.now_s;
        self.reading.in_flight_s += passed_s * self.in_flight() as f64;
        self.progress += passed_s * speed;
        if matches!(self.world.scenario.shared, Shared::Cpus) {
            self.reading.cpu_s += passed_s * speed * self.running.len() as f64;
        }
        self.tokens = (self.tokens + passed_s * self.world.rate()).min(self.world.burst());
        self.now_s = next_s;
        if end_s == Some(next_s)
            && let Some(Reverse((_, _, start, _))) = self.running.pop()
        {
            self.count(start, true);
            self.finished += 1;
            self.ends_s.push(self.now_s);
        } else if refusal_s == Some(next_s)
            && let Some(Reverse((_, item, start, attempts))) = self.refused.pop()
        {
            self.count(start, false);
            let pause_s = self.random.next() * 0.1 * f64::from(1 << attempts.min(6));
            let attempts = (attempts + 1).min(MAX_ATTEMPTS);
            self.waiting.push(Reverse((Time(self.now_s + pause_s), item, attempts)));
        }
    }

    fn count(&mut self, start: Time, is_success: bool) {
        let seconds = self.now_s - start.0;
        self.reading.busy_s += seconds;
        self.reading.squares_s2 += seconds * seconds;
        if is_success {
            self.reading.ok += 1;
        } else {
            self.reading.failed += 1;
            self.reading.failed_s += seconds;
            self.reading.failed_squares_s2 += seconds * seconds;
        }
    }
}

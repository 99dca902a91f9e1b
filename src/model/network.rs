//! How long a whole workload takes, by sending its tasks through a closed queueing network in simulated
//! time (Lazowska et al., *Quantitative System Performance*, 1984, chapter 3).
//!
//! Formulas know the rate of a full pipe. They do not know how a run gets there: all tasks start at once,
//! and threads that share the CPUs by time slices keep them in step, wave after wave, where an event loop,
//! which computes one task to its end, spreads them out. That is worth up to a third of the throughput
//! near the knee.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::model::rate::RateCurve;

/// Tasks of the same work differ by this much in the CPU time they take, which is what brings them out of
/// step: the coefficient of variation, as seen of kernels that repeat the same iterations.
const UNEVEN: f64 = 0.03;

/// What was simulated goes on at the rate of its second half, once as many tasks were simulated.
const LONG: u64 = 600;

/// And as many per slot.
const WAVES: u64 = 8;

/// Slots that are simulated one by one at the most; of more, each stands for several tasks side by side.
const MOST_SLOTS: u64 = 4096;

/// How often the timer of an event loop looks (tokio's, and the embedded server's, which is built on it).
const TICK_S: f64 = 1e-3;

/// A thread keeps its CPU for a slice, or for as little as this share of it: the kernel looks at the clock
/// in ticks of its own, and threads that wake up in between are in a hurry.
const LEAST_OF_A_SLICE: f64 = 0.1;

/// A computation is cut into this many slices at the most; finer ones tell nothing more.
const MOST_SLICES: f64 = 16.0;

/// One part of a task.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stage {
    /// Seconds in nobody's way.
    Wait(f64),
    /// The same, by the timer of an event loop, which wakes all whose time is over once a millisecond.
    Timer(f64),
    /// CPU seconds, by a thread of one of the teams.
    Compute(usize, f64),
}

/// Threads that share some CPUs, and the tasks they run.
#[derive(Debug, Clone, PartialEq)]
pub struct Network<'a> {
    /// How much the CPUs do.
    pub rates: RateCurve,
    /// Seconds of CPU time after which a thread gives way to the next one, at the most.
    pub slice_s: f64,
    /// The number of threads in each team; what its threads have no time for queues in order.
    pub teams: &'a [usize],
    /// What comes before the first task in each slot, such as opening a connection.
    pub first: &'a [Stage],
    /// The parts of a task, in order.
    pub stages: &'a [Stage],
    /// Coefficient of variation of the time that tasks take.
    pub variation: f64,
    /// Tasks in flight.
    pub width: usize,
    /// How many tasks there are.
    pub tasks: u64,
}

impl Network<'_> {
    /// Seconds from the first task started to the last one ended; infinite where tasks compute and
    /// there are no CPUs.
    ///
    /// The same for the same network: the random numbers have a fixed seed.
    pub fn makespan_s(&self) -> f64 {
        if self.stages.is_empty() {
            return 0.0;
        }
        if self.computing_s() == f64::INFINITY {
            return f64::INFINITY;
        }
        self.in_lumps(|network| network.run_s()).max(self.computing_s())
    }

    /// Mean seconds from the start of a task to its end, over the first `tasks` tasks, and the seconds until
    /// the last of them has ended if no others follow.
    pub fn batch(&self, tasks: u64) -> (f64, f64) {
        if self.stages.is_empty() || tasks == 0 || self.computing_s() == f64::INFINITY {
            return (0.0, 0.0);
        }
        Network { tasks, ..self.clone() }.in_lumps(|network| {
            let run = Run::new(network, network.slots(), network.tasks).finished();
            (run.latencies_s / network.tasks as f64, run.now_s)
        })
    }

    /// What is found of this network, or where it has more slots than can be simulated in a moment, of one
    /// where several tasks go side by side, waiting together and computing one after another.
    fn in_lumps<T>(&self, find: impl FnOnce(&Network<'_>) -> T) -> T {
        let lump = self.slots().div_ceil(MOST_SLOTS);
        if lump <= 1 {
            return find(self);
        }
        let of_all = |stage: &Stage| match stage {
            Stage::Compute(team, s) => Stage::Compute(*team, s * lump as f64),
            other => *other,
        };
        let first: Vec<Stage> = self.first.iter().map(of_all).collect();
        let stages: Vec<Stage> = self.stages.iter().map(of_all).collect();
        let width = self.width.div_ceil(lump as usize);
        find(&Network { first: &first, stages: &stages, width, tasks: self.tasks.div_ceil(lump), ..*self })
    }

    /// Tasks in flight while there are enough of them.
    fn slots(&self) -> u64 {
        u64::try_from(self.width.max(1)).unwrap_or(u64::MAX).min(self.tasks)
    }

    fn run_s(&self) -> f64 {
        let slots = self.slots();
        // Whole waves are left out, so that the end is as ragged as it will be.
        let beyond = self.tasks.saturating_sub(LONG.max(slots.saturating_mul(WAVES)));
        let simulated = self.tasks - beyond / slots.max(1) * slots;
        let Run { ends, .. } = Run::new(self, slots, simulated).finished();
        let Some(last_s) = ends.last().copied() else { return 0.0 };
        if simulated == self.tasks {
            return last_s;
        }
        // While every slot is taken: whole waves from about the middle to the last task started.
        let (width, to) = (slots as usize, ends.len() - slots as usize);
        let counted = (to - ends.len() / 2) / width * width;
        let each_s = (ends[to] - ends[to - counted]) / counted as f64;
        last_s + (self.tasks - simulated) as f64 * each_s
    }

    /// Tasks per second that the CPUs allow.
    pub fn cpu_bound(&self) -> f64 {
        let compute = |stage: &Stage| if let Stage::Compute(_, s) = stage { s.max(0.0) } else { 0.0 };
        self.rates.together / self.stages.iter().map(compute).sum::<f64>()
    }

    /// Seconds that all tasks take if the CPUs are never idle.
    fn computing_s(&self) -> f64 {
        self.tasks as f64 / self.cpu_bound()
    }
}

/// A task under way.
#[derive(Debug, Clone, Copy, Default)]
struct Job {
    /// Counted from the first of those before the first task.
    stage: usize,
    /// CPU time that its stage still needs.
    left: f64,
    /// How large it is beside the mean.
    size: f64,
    began_s: f64,
}

/// Threads of one team.
#[derive(Debug, Default)]
struct Team {
    idle: usize,
    queue: VecDeque<usize>,
}

/// A moment: nanoseconds, and a number that tells apart what happens at once.
type Moment = (u64, u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Waited(usize),
    Sliced(usize, u64),
}

/// Sizes of tasks: log-normal with mean 1, as the times of tasks mostly are; in pairs of a large and a small
/// one, so that few of them have nearly that mean too, and the same in every network, so that networks
/// compare.
struct Sizes {
    random: StdRng,
    variance: f64,
    paired: Option<f64>,
}

impl Sizes {
    fn new(variation: f64) -> Self {
        let variance = variation.mul_add(variation, 1.0).ln();
        Sizes { random: StdRng::seed_from_u64(2), variance, paired: None }
    }

    fn next(&mut self) -> f64 {
        let z = self.paired.take().unwrap_or_else(|| {
            let z = normal(&mut self.random);
            self.paired = Some(-z);
            z
        });
        (z * self.variance.sqrt() - self.variance / 2.0).exp()
    }
}

/// A normal random number (Box and Muller, "A note on the generation of random normal deviates", 1958).
fn normal(random: &mut StdRng) -> f64 {
    let (radius, angle) = (1.0 - random.random::<f64>(), random.random::<f64>());
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

struct Run<'a> {
    network: &'a Network<'a>,
    random: StdRng,
    sizes: Sizes,
    now_s: f64,
    moments: u64,
    jobs: Vec<Job>,
    teams: Vec<Team>,
    idle_cpus: usize,
    cpus: usize,
    ready: VecDeque<usize>,
    events: BinaryHeap<Reverse<(Moment, Event)>>,
    to_start: u64,
    /// When the tasks ended, one after another.
    ends: Vec<f64>,
    /// What they took, all together.
    latencies_s: f64,
}

impl<'a> Run<'a> {
    fn new(network: &'a Network<'a>, slots: u64, tasks: u64) -> Self {
        let cpus = (network.rates.cpus.ceil() as usize).max(1);
        let team = |threads: &usize| Team { idle: (*threads).max(1), queue: VecDeque::new() };
        Run {
            network,
            random: StdRng::seed_from_u64(1),
            sizes: Sizes::new(network.variation),
            now_s: 0.0,
            moments: 0,
            jobs: vec![Job::default(); slots as usize],
            teams: network.teams.iter().map(team).collect(),
            idle_cpus: cpus,
            cpus,
            ready: VecDeque::new(),
            events: BinaryHeap::new(),
            to_start: tasks,
            ends: Vec::with_capacity(tasks as usize),
            latencies_s: 0.0,
        }
    }

    /// Runs until all tasks have ended.
    fn finished(mut self) -> Self {
        for slot in 0..self.jobs.len() {
            self.start(slot, 0);
        }
        self.dispatch();
        while let Some(Reverse(((nanos, _), event))) = self.events.pop() {
            self.now_s = nanos as f64 * 1e-9;
            match event {
                Event::Waited(slot) => self.advance(slot),
                Event::Sliced(slot, nanos) => self.sliced(slot, nanos as f64 * 1e-9),
            }
            self.dispatch();
        }
        self
    }

    fn start(&mut self, slot: usize, stage: usize) {
        if self.to_start > 0 {
            self.to_start -= 1;
            self.jobs[slot] = Job { stage, left: 0.0, size: self.sizes.next(), began_s: self.now_s };
            self.enter(slot);
        }
    }

    fn stage(&self, slot: usize) -> Option<Stage> {
        let Network { first, stages, .. } = self.network;
        first.iter().chain(stages.iter()).nth(self.jobs[slot].stage).copied()
    }

    /// Begins the stage of the task, and ends the task after its last.
    fn enter(&mut self, slot: usize) {
        let size = self.jobs[slot].size;
        match self.stage(slot) {
            Some(Stage::Wait(s)) => self.at(self.now_s + s.max(0.0) * size, Event::Waited(slot)),
            Some(Stage::Timer(s)) => {
                // The next tick after a random part of one: on average the time itself.
                let ticks = (self.now_s + s.max(0.0) * size) / TICK_S - self.random.random::<f64>();
                self.at((ticks.ceil() * TICK_S).max(self.now_s), Event::Waited(slot));
            }
            Some(Stage::Compute(team, s)) => {
                let uneven = (1.0 + UNEVEN * normal(&mut self.random)).max(UNEVEN);
                self.jobs[slot].left = s.max(0.0) * size * uneven;
                let team = &mut self.teams[team];
                if team.idle == 0 {
                    team.queue.push_back(slot);
                } else {
                    team.idle -= 1;
                    // Before those who have had their slice.
                    self.ready.push_front(slot);
                }
            }
            None => {
                self.ends.push(self.now_s);
                self.latencies_s += self.now_s - self.jobs[slot].began_s;
                self.start(slot, self.network.first.len());
            }
        }
    }

    fn advance(&mut self, slot: usize) {
        self.jobs[slot].stage += 1;
        self.enter(slot);
    }

    /// A thread has had `had_s` of CPU time.
    fn sliced(&mut self, slot: usize, had_s: f64) {
        self.idle_cpus += 1;
        self.jobs[slot].left -= had_s;
        if self.jobs[slot].left > 1e-9 {
            self.ready.push_back(slot);
            return;
        }
        if let Some(Stage::Compute(team, _)) = self.stage(slot) {
            let team = &mut self.teams[team];
            match team.queue.pop_front() {
                Some(next) => self.ready.push_front(next),
                None => team.idle += 1,
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
            let speed = self.network.rates.at(busy) / busy as f64;
            let left = self.jobs[slot].left;
            let share = self.random.random_range(LEAST_OF_A_SLICE..1.0);
            let slice = (self.network.slice_s * share).max(left / MOST_SLICES).min(left);
            let until = self.now_s + slice / speed;
            self.at(until, Event::Sliced(slot, (slice * 1e9).ceil() as u64));
        }
    }

    fn at(&mut self, time_s: f64, event: Event) {
        self.moments += 1;
        self.events.push(Reverse((((time_s * 1e9) as u64, self.moments), event)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::repairman::{asymptotic_bound, throughput};
    use proptest::prelude::*;

    /// Tasks that wait, then compute for longer than a slice, on two CPUs.
    fn mixed(teams: &[usize], width: usize) -> Network<'_> {
        Network {
            rates: RateCurve::ideal(2.0),
            slice_s: 3e-3,
            teams,
            first: &[],
            stages: &[Stage::Wait(0.04), Stage::Compute(0, 0.007)],
            variation: 0.0,
            width,
            tasks: 400,
        }
    }

    #[test]
    fn equal_tasks_that_wait_run_in_whole_waves() {
        let stages = [Stage::Wait(0.1)];
        let waits = |tasks, width| Network { stages: &stages, tasks, ..mixed(&[1], width) }.makespan_s();
        assert!((waits(200, 64) - 0.4).abs() < 1e-6);
        assert!((waits(192, 64) - 0.3).abs() < 1e-6);
        assert!((waits(10, 1) - 1.0).abs() < 1e-6);
        assert!((waits(64_000, 64) - 100.0).abs() < 1e-3);
        assert!((waits(3, 64) - 0.1).abs() < 1e-6);
    }

    #[test]
    fn tasks_that_differ_end_raggedly() {
        let stages = [Stage::Wait(0.1)];
        let ends =
            |variation| Network { stages: &stages, variation, tasks: 640, ..mixed(&[1], 64) }.makespan_s();
        assert!(ends(0.5) > 1.1 && ends(0.5) < 1.6, "{}", ends(0.5));
        assert!(ends(0.1) < ends(0.5));
    }

    #[test]
    fn cpus_that_are_full_set_the_pace() {
        let rate = |tasks| tasks as f64 / Network { tasks, ..mixed(&[2], 64) }.makespan_s();
        assert!((rate(100_000) / (2.0 / 0.007) - 1.0).abs() < 0.01, "{}", rate(100_000));
        // The first tasks wait before any of them computes.
        assert!(rate(400) < rate(100_000));
    }

    #[test]
    fn threads_that_share_the_cpus_stay_in_step_where_an_event_loop_does_not() {
        // On 2 CPUs an event loop did 231 a second, threads 215 (0.93), with 6.4 ms of work after 40 ms.
        let seconds = |teams: &[usize]| Network { variation: 0.005, ..mixed(teams, 12) }.makespan_s();
        let (threads, event_loop) = (seconds(&[12]), seconds(&[2]));
        assert!(event_loop / threads > 0.8 && event_loop / threads < 0.97, "{event_loop} {threads}");
    }

    #[test]
    fn what_comes_first_comes_once_in_every_slot() {
        let (first, stages) = ([Stage::Compute(0, 0.01)], [Stage::Wait(0.1)]);
        let opened = Network { first: &first, stages: &stages, tasks: 80, ..mixed(&[2], 8) }.makespan_s();
        assert!((opened - 1.04).abs() < 0.01, "{opened}");
    }

    #[test]
    fn a_team_of_one_is_a_bottleneck() {
        let stages = [Stage::Compute(1, 1e-3), Stage::Compute(0, 1e-4)];
        let network = Network { stages: &stages, tasks: 2000, ..mixed(&[2, 1], 16) };
        assert!((2000.0 / network.makespan_s() / 1000.0 - 1.0).abs() < 0.01);
    }

    #[test]
    fn a_hundred_thousand_at_a_time_do_as_much_as_the_cpus_allow() {
        let stages = [Stage::Wait(1.0), Stage::Compute(0, 20e-6)];
        let network = Network { stages: &stages, tasks: 1_000_000, ..mixed(&[2], 100_000) };
        let rate = 1_000_000.0 / network.makespan_s();
        assert!(rate > 75_000.0 && rate <= 100_000.0, "{rate}");
    }

    #[test]
    fn degenerate_networks_have_an_answer() {
        assert_eq!(Network { stages: &[], ..mixed(&[1], 4) }.makespan_s(), 0.0);
        assert_eq!(Network { tasks: 0, ..mixed(&[1], 4) }.makespan_s(), 0.0);
        assert_eq!(Network { rates: RateCurve::ideal(0.0), ..mixed(&[1], 4) }.makespan_s(), f64::INFINITY);
        let instant = [Stage::Wait(0.0), Stage::Compute(0, f64::NAN)];
        assert!(Network { stages: &instant, ..mixed(&[1], 4) }.makespan_s() < 1e-3);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn tasks_that_differ_little_do_better_than_exponential_ones_and_no_better_than_the_bound(
            demand in 1e-4f64..5e-3, delay in 1e-3f64..0.05, width in 1usize..40,
        ) {
            let stages = [Stage::Wait(delay), Stage::Compute(0, demand)];
            let network = Network { stages: &stages, variation: 0.3, tasks: 20_000, ..mixed(&[2], width) };
            let simulated = 20_000.0 / network.makespan_s();
            let rates = RateCurve::ideal(2.0);
            let (least, most) =
                (throughput(&rates, demand, delay, width), asymptotic_bound(&rates, demand, delay, width));
            prop_assert!(simulated > 0.95 * least && simulated < 1.05 * most, "{least} {simulated} {most}");
        }
    }
}

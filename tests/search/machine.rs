//! A simulated machine: every configuration has a true throughput, and batches are disturbed.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use conc::Code;
use conc::internal::{BatchRequest, Clock, Configuration, CpuTime, Error, Executor, RunReport, TaskOutcomes};
use rand::RngExt;
use rand::rngs::StdRng;

use crate::evaluate::Work;

/// Deviation of the slowest batch, in ln: the tail has no end, but batches do.
const SLOWEST_LUCK: f64 = -2.0;

/// Seconds that the process of a batch takes to start.
const BATCH_START_S: f64 = 0.015;

/// The disturbances of the simulated machine, and its workloads. Sizes are of ln throughput.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoiseModel {
    /// Standard deviation between batches.
    pub(crate) noise: f64,
    /// The tail of that noise: of a normal distribution, or much heavier.
    pub(crate) tail: Tail,
    /// Standard deviation of the drift of the speed over time.
    pub(crate) drift: f64,
    /// Time constant of the drift, in seconds.
    pub(crate) drift_time_s: f64,
    /// Sudden changes of the speed, if there are any.
    pub(crate) steps: Option<Steps>,
    /// Share of batches that something disturbs.
    pub(crate) outliers: f64,
    /// Share of workloads with a limit that the prediction knows nothing of.
    pub(crate) capped: f64,
    /// Standard deviation of an error of the prediction that is different at every width, for all strategies.
    pub(crate) width_bias: f64,
    /// An upstream that is fast at times and slow at others, if it is.
    pub(crate) regimes: Option<Regimes>,
    /// The workloads that are run.
    pub(crate) work: Work,
}

/// The tail of the noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Tail {
    /// Normal.
    Normal,
    /// Batches are only ever slower, by Student's t with two degrees of freedom, whose variance is infinite.
    HeavyAndSlow,
}

/// Speeds that change at once and then stay.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Steps {
    /// Mean seconds from one change to the next.
    pub(crate) every_s: f64,
    /// Standard deviation of the new speed.
    pub(crate) sd: f64,
}

/// An upstream that changes between two speeds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Regimes {
    /// Mean seconds of each.
    pub(crate) mean_s: f64,
    /// Throughput of the upstream while it is slow, as a share of the best throughput.
    pub(crate) slow_share: f64,
}

/// Simulated time, shared by the clock and the machine.
#[derive(Debug, Clone, Default)]
pub(crate) struct Time(Rc<Cell<Duration>>);

impl Clock for Time {
    fn restart(&mut self) {
        self.0.set(Duration::ZERO);
    }

    fn elapsed(&self) -> Duration {
        self.0.get()
    }
}

/// A machine that gives each configuration its true throughput, disturbed.
pub(crate) struct Machine {
    truth: BTreeMap<Configuration, f64>,
    model: NoiseModel,
    time: Time,
    drift: f64,
    step: f64,
    is_slow: bool,
    /// Throughput of the upstream while it is slow.
    slow_per_s: f64,
    random: StdRng,
}

impl Machine {
    pub(crate) fn new(
        truth: BTreeMap<Configuration, f64>,
        model: NoiseModel,
        time: Time,
        mut random: StdRng,
    ) -> Self {
        let drift = model.drift * normal(&mut random);
        let best = truth.values().copied().fold(0.0, f64::max);
        let slow_per_s = model.regimes.map_or(f64::INFINITY, |regimes| regimes.slow_share * best);
        Machine { truth, model, time, drift, step: 0.0, is_slow: false, slow_per_s, random }
    }

    /// Returns the throughput of a configuration over a long time.
    pub(crate) fn long_run_per_s(&self, cell: &Configuration) -> f64 {
        let fast = self.truth[cell];
        if self.model.regimes.is_some() { (fast + fast.min(self.slow_per_s)) / 2.0 } else { fast }
    }

    /// Returns the configurations with their throughput over a long time.
    pub(crate) fn long_run(&self) -> impl Iterator<Item = (Configuration, f64)> {
        self.truth.keys().map(|cell| (*cell, self.long_run_per_s(cell)))
    }

    /// Returns the deviation of one batch, in ln.
    fn luck(&mut self) -> f64 {
        let z = normal(&mut self.random);
        match self.model.tail {
            Tail::Normal => self.model.noise * z,
            Tail::HeavyAndSlow => {
                let scale = (-(1.0 - self.random.random::<f64>()).ln()).sqrt();
                (-self.model.noise * (z / scale.max(f64::MIN_POSITIVE)).abs()).max(SLOWEST_LUCK)
            }
        }
    }

    /// Lets time pass: the drift is an Ornstein–Uhlenbeck process, steps and regimes are Poisson processes.
    fn pass(&mut self, seconds: f64) {
        let kept = (-seconds / self.model.drift_time_s).exp();
        let fresh = self.model.drift * (1.0 - kept * kept).sqrt();
        self.drift = self.drift * kept + fresh * normal(&mut self.random);
        if let Some(Steps { every_s, sd }) = self.model.steps
            && self.random.random::<f64>() > (-seconds / every_s).exp()
        {
            self.step = sd * normal(&mut self.random);
        }
        if let Some(Regimes { mean_s, .. }) = self.model.regimes
            && self.random.random::<f64>() > (-seconds / mean_s).exp()
        {
            self.is_slow = !self.is_slow;
        }
        self.time.0.set(self.time.elapsed() + Duration::from_secs_f64(seconds));
    }
}

impl Executor for Machine {
    fn run(&mut self, request: &BatchRequest) -> Result<RunReport, Error> {
        let disturbed = self.random.random::<f64>() < self.model.outliers;
        let luck = self.luck() - if disturbed { 0.5 } else { 0.0 };
        let undisturbed =
            self.truth[&request.cell].min(if self.is_slow { self.slow_per_s } else { f64::MAX });
        let rate = undisturbed * (self.drift + self.step + luck).exp();
        let asked = (request.tasks.end - request.tasks.start) as f64;
        // No task is started after the time limit, and those in flight by then are finished: behind a
        // cap that takes as long as all of them need, however small the limit.
        let in_flight = request.cell.width as f64;
        let tasks = asked.min(rate * request.stop_starting_after.as_secs_f64() + in_flight);
        let wall_s = tasks / rate;
        let most_s = request.kill_after.as_secs_f64();
        self.pass(wall_s.min(most_s) + BATCH_START_S);
        if wall_s > most_s {
            return Err(Error::new(Code::PoolHung, "the batch did not end in time"));
        }
        let mut tally = TaskOutcomes::default();
        tally.counts.ok = tasks as u64;
        Ok(RunReport {
            startup_s: 0.0,
            wall_s,
            most_busy: 1,
            full_pipe: None,
            cpu: CpuTime::default(),
            instructions: None,
            peak_rss_bytes: 1,
            peak_pss_bytes: None,
            ledger: None,
            tally,
        })
    }
}

/// Returns a standard normal number (Box and Muller).
pub(crate) fn normal(random: &mut StdRng) -> f64 {
    let (u, v): (f64, f64) = (random.random(), random.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

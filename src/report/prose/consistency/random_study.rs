//! Random studies: a workload, its profile, a machine, and what was measured of it, which fit each other.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, RngExt};

use crate::advice::testing::{
    callable, command, cpu, host, http, lock, profile, read, sleep, sqlite, workload,
};
use crate::advice::{AdviceInput, Model, Objective, Recommendation, recommend, recommend_predicted};
use crate::benchmark::conditions::Conditions;
use crate::benchmark::result::{Latency, Posterior, Reason, Round, Status, TaskCounts};
use crate::benchmark::{Configuration, ConfigurationResult};
use crate::diagnostics::Code;
use crate::host::Host;
use crate::policy::CONTENDED;
use crate::profile::result::{Dispersion, SlowTask, Waits};
use crate::profile::{Class, Profile};
use crate::strategy::StrategyKind;
use crate::workload::Workload;
use crate::workload::spec::{Backoff, RetryPolicy, StepSpec};

const WIDTHS: [usize; 12] = [1, 2, 4, 6, 8, 12, 16, 32, 48, 64, 128, 200];

/// Share of the studies that have a property which most have not.
const RARELY: f64 = 0.15;

/// A study: everything that a recommendation is made from.
pub(super) struct RandomStudy {
    pub(super) workload: Workload,
    pub(super) profile: Profile,
    pub(super) host: Host,
    pub(super) cells: Vec<ConfigurationResult>,
    /// Configurations that did not run, with a belief.
    pub(super) unrun: Vec<ConfigurationResult>,
    pub(super) objective: Objective,
    pub(super) is_prediction: bool,
}

/// The truth that the batches of a study scatter around.
struct Truth {
    cpus: f64,
    cpu_s: f64,
    wait_s: f64,
    /// Tasks that something behind them serves at the same time.
    served: f64,
    /// Relative standard deviation of a batch.
    noise: f64,
    /// True if tasks in flight take as long as Little's law says.
    is_in_flight: bool,
    others: Option<f64>,
    failing: f64,
    is_believed: bool,
    cpu_growth: f64,
}

impl RandomStudy {
    /// Draws a study.
    pub(super) fn draw(random: &mut StdRng) -> Self {
        let steps = steps(random);
        let workload = limited(workload(random.random_range(1..2000), steps), random);
        let truth = Truth::draw(random);
        let class = match truth.cpu_s / (truth.cpu_s + truth.wait_s) {
            share if share >= 0.75 => Class::CpuBound,
            share if share <= 0.35 => Class::IoBound,
            _ => Class::Mixed,
        };
        let mut profile = profile(&workload, class, truth.cpu_s, truth.wait_s);
        profile.waits = waits(random);
        if random.random_bool(RARELY) {
            let slowest =
                vec![SlowTask { item: "big.csv".to_owned(), wall_s: 30.0 * profile.task.total_s() }];
            profile.dispersion = Some(Dispersion { coefficient_of_variation: 2.0, slowest });
        }
        if random.random_bool(0.4) {
            let held = if random.random_bool(0.5) { 0.95 } else { 0.02 };
            profile.python = Some(callable(held, random.random_bool(0.5)));
        }
        let is_prediction = random.random_bool(RARELY);
        let mut study = RandomStudy {
            host: host(truth.cpus),
            cells: Vec::new(),
            unrun: Vec::new(),
            objective: Objective::ALL[random.random_range(0..Objective::ALL.len())],
            is_prediction,
            workload,
            profile,
        };
        study.measure(&truth, random);
        study
    }

    /// Adds the results of some widths of some strategies.
    fn measure(&mut self, truth: &Truth, random: &mut StdRng) {
        let kinds: &[StrategyKind] = match self.profile.python {
            Some(_) => &[StrategyKind::Async, StrategyKind::Threads, StrategyKind::Processes],
            None => &[
                StrategyKind::Async,
                StrategyKind::Threads,
                StrategyKind::WorkStealing,
                StrategyKind::Processes,
                StrategyKind::Hybrid,
            ],
        };
        if random.random_bool(0.95) {
            self.add(Configuration::REFERENCE, truth, 1.0, random);
        }
        for kind in kinds {
            if random.random_bool(0.3) {
                continue;
            }
            let bias = (0.3 * normal(random)).exp();
            let widest = self.workload.tasks();
            for width in WIDTHS.iter().filter(|width| **width as u64 <= widest) {
                let is_believed = !self.is_prediction && truth.is_believed;
                if is_believed && random.random_bool(0.1) {
                    let cell = Configuration::planned(*kind, *width, 2);
                    self.unrun.push(truth.believed(cell, truth.per_s(*width) * bias, random));
                } else if random.random_bool(0.35) {
                    self.add(Configuration::planned(*kind, *width, 2), truth, bias, random);
                }
            }
        }
    }

    fn add(&mut self, cell: Configuration, truth: &Truth, bias: f64, random: &mut StdRng) {
        let mut per_s = truth.per_s(cell.width) * bias;
        if let Some(limit) = self.workload.limits.rate_per_s {
            per_s = per_s.min(limit);
        }
        let result = if self.is_prediction {
            ConfigurationResult {
                predicted_per_s: Some(per_s),
                ..ConfigurationResult::without_numbers(cell, Status::Skipped, None)
            }
        } else if cell.width > 1 && random.random_bool(0.05) {
            let reason = Some(Reason::new(Code::HostLimit, "at most 448 wide here"));
            ConfigurationResult::without_numbers(cell, Status::Failed, reason)
        } else {
            truth.measured(cell, per_s, random)
        };
        self.cells.push(result);
    }

    /// Returns the recommendation; `None` if nothing ran.
    pub(super) fn advice(&self) -> Option<Recommendation> {
        let RandomStudy { workload, profile, host, cells, unrun, objective, is_prediction } = self;
        let conditions = &Conditions::usual(host);
        let input = AdviceInput {
            workload,
            profile,
            host,
            conditions,
            cells,
            unrun,
            objective: *objective,
            notes: &[],
        };
        if *is_prediction { recommend_predicted(&input) } else { recommend(&input) }
    }

    /// Returns the scaling law, which predictions do not have.
    pub(super) fn model(&self, advice: &Recommendation) -> Option<Model> {
        (!self.is_prediction).then(|| Model::of_cells(&self.cells, advice.cell()))
    }

    /// Returns the row of a configuration that has figures.
    pub(super) fn row(&self, cell: Configuration) -> Option<&ConfigurationResult> {
        let has_figures = |row: &&ConfigurationResult| self.is_prediction || row.status == Status::Ok;
        let ran = self.cells.iter().filter(has_figures).find(|row| row.cell == cell);
        ran.or_else(|| self.unrun.iter().find(|row| row.cell == cell))
    }

    /// Returns the throughput that the table prints.
    pub(super) fn per_s(&self, cell: Configuration) -> Option<f64> {
        let row = self.row(cell)?;
        if self.is_prediction { row.predicted_per_s } else { Some(row.estimate()?.per_s) }
    }

    /// Returns what configurations are compared by.
    pub(super) fn score(&self, cell: Configuration) -> Option<f64> {
        Some(self.objective.score(cell.width, self.per_s(cell)?))
    }

    /// Returns true if two rows of the strategy, as wide as `cell` or wider, show tasks that take longer while
    /// throughput stays about the same.
    pub(super) fn queues(&self, cell: Configuration) -> bool {
        let is_own = |row: &&ConfigurationResult| {
            row.cell.strategy == cell.strategy && row.cell.width >= cell.width && !row.rounds.is_empty()
        };
        let rows: Vec<_> = self.cells.iter().filter(is_own).collect();
        let shows = |a: &ConfigurationResult, b: &ConfigurationResult| {
            let (Some(x), Some(y)) = (a.per_s(), b.per_s()) else { return false };
            let (Some(before), Some(after)) = (a.latency_s, b.latency_s) else { return false };
            a.cell.width < b.cell.width && y <= 1.1 * x && after.p50 >= 1.1 * before.p50
        };
        rows.iter().any(|a| rows.iter().any(|b| shows(a, b)))
    }

    /// Returns true if others used the CPUs while it was measured.
    pub(super) fn is_busy(&self) -> bool {
        self.cells.iter().any(|row| row.cpu_others.is_some_and(|share| share > CONTENDED))
    }

    /// Returns true if callables hold the GIL while they compute.
    pub(super) fn holds_gil(&self) -> bool {
        self.profile.python.as_ref().is_some_and(|python| python.holds_lock())
    }

    /// Returns true if every step sleeps or computes.
    pub(super) fn shares_nothing(&self) -> bool {
        self.workload.steps.iter().all(|step| matches!(step.kind(), "sleep" | "cpu"))
    }
}

impl Truth {
    fn draw(random: &mut StdRng) -> Self {
        let log =
            |random: &mut StdRng, least: f64, most: f64| least * (most / least).powf(random.random::<f64>());
        Truth {
            cpus: [1.0, 1.5, 2.0, 4.0, 16.0][random.random_range(0..5)],
            cpu_s: log(random, 1e-7, 0.05),
            wait_s: if random.random_bool(0.3) { 1e-6 } else { log(random, 1e-4, 0.2) },
            served: if random.random_bool(0.4) { log(random, 1.0, 60.0) } else { f64::INFINITY },
            noise: [0.002, 0.01, 0.05, 0.3][random.random_range(0..4)],
            is_in_flight: random.random_bool(0.7),
            others: random.random_bool(0.3).then(|| 0.8 * random.random::<f64>()),
            failing: if random.random_bool(RARELY) { 0.3 * random.random::<f64>() } else { 0.0 },
            is_believed: random.random_bool(0.6),
            cpu_growth: if random.random_bool(RARELY) { 2.0 } else { 1.0 },
        }
    }

    /// Returns the throughput at a width, by the asymptotic bounds of a closed network.
    fn per_s(&self, width: usize) -> f64 {
        let task_s = self.cpu_s + self.wait_s;
        (width as f64 / task_s).min(self.cpus / self.cpu_s).min(self.served / task_s)
    }

    /// Returns a configuration that did not run.
    fn believed(&self, cell: Configuration, per_s: f64, random: &mut StdRng) -> ConfigurationResult {
        let measured = self.measured(cell, per_s, random);
        ConfigurationResult {
            outlook: measured.outlook,
            cpu_others: measured.cpu_others,
            ..ConfigurationResult::without_numbers(cell, Status::Skipped, None)
        }
    }

    fn measured(&self, cell: Configuration, per_s: f64, random: &mut StdRng) -> ConfigurationResult {
        let rounds: Vec<Round> = (0..8)
            .map(|round| (round, (self.noise * normal(random)).exp(), random.random_bool(0.6)))
            .filter(|(_, _, is_run)| *is_run)
            .map(|(round, factor, _)| Round { round, throughput_per_s: per_s * factor })
            .collect();
        let rounds = match rounds.is_empty() {
            true => vec![Round { round: 0, throughput_per_s: per_s }],
            false => rounds,
        };
        let logs = rounds.iter().map(|round| round.throughput_per_s.ln());
        let mean = (logs.sum::<f64>() / rounds.len() as f64).exp();
        let error = self.noise / (rounds.len() as f64).sqrt() + 0.005;
        let believed = mean * (0.5 * error * normal(random)).exp();
        let outlook = Posterior {
            throughput_per_s: believed,
            credible95: [believed * (-1.96 * error).exp(), believed * (1.96 * error).exp()],
            near_best: random.random(),
            near_leader: random.random(),
            expected_regret: 0.5 * random.random::<f64>(),
        };
        let task_s = self.cpu_s + self.wait_s;
        let p50 = if self.is_in_flight { cell.width as f64 / per_s } else { task_s };
        let failed = (self.failing * 2000.0 * random.random::<f64>()) as u64;
        ConfigurationResult {
            throughput_per_s: Some(mean),
            outlook: self.is_believed.then_some(outlook),
            ci95: (rounds.len() > 2).then_some([mean * (1.0 - 2.0 * error), mean * (1.0 + 2.0 * error)]),
            cpu_others: self.others,
            latency_s: Some(Latency { p50, p90: 2.0 * p50, p99: 4.0 * p50, max: 9.0 * p50 }),
            cpu_s_per_task: Some(self.cpu_s * if cell.width > 1 { self.cpu_growth } else { 1.0 }),
            startup_s: Some(0.001 * cell.width as f64),
            peak_rss_bytes: Some((10 << 20) + ((random.random_range(1..20) * cell.width as u64) << 16)),
            tasks: TaskCounts { ok: 2000 - failed, failed, ..TaskCounts::default() },
            rounds,
            ..ConfigurationResult::without_numbers(cell, Status::Ok, None)
        }
    }
}

fn steps(random: &mut StdRng) -> Vec<StepSpec> {
    match random.random_range(0..10) {
        0 => vec![sleep()],
        1 => vec![cpu()],
        2 | 3 => vec![http()],
        4 => vec![http(), cpu()],
        5 => vec![read()],
        6 => vec![lock("a"), cpu()],
        7 => vec![sqlite(true)],
        8 => vec![command()],
        _ => vec![cpu(), sleep()],
    }
}

fn limited(mut workload: Workload, random: &mut StdRng) -> Workload {
    if random.random_bool(RARELY) {
        workload.limits.rate_per_s = Some(random.random_range(5..500).into());
    }
    if random.random_bool(RARELY) {
        workload.limits.max_in_flight = Some(random.random_range(1..40));
    }
    if random.random_bool(RARELY) {
        let base = Duration::from_millis(1);
        workload.retry =
            Some(RetryPolicy { max: random.random_range(1..4), backoff: Backoff::Constant, base });
    }
    workload
}

fn waits(random: &mut StdRng) -> Waits {
    let mut share = || random.random::<f64>();
    Waits { network: share(), disk: share(), lock: share(), other: share(), ..Waits::default() }
}

/// Returns a number that is nearly normal: the sum of twelve uniform ones has a variance of 1.
fn normal(random: &mut impl Rng) -> f64 {
    (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0
}

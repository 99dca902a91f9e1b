//! Draws workloads, asks for advice about each and sums up how good it was.

use std::collections::BTreeMap;
use std::time::Duration;

use conc::internal::{
    Candidate, Configuration, DecisionPath, Interrupt, Measurement, MeasurementSettings, Objective, Plan,
    SearchParams, Silent, Sizing, SizingParams, StrategyKind, choose_among, results, unrun,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::machine::{Machine, NoiseModel, Time, normal};
use crate::truth::throughput;

const CPUS: f64 = 2.0;

/// Simulated measuring time of one study.
pub(crate) const BUDGET: Duration = Duration::from_secs(5);

/// The workloads that are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Work {
    /// Workloads of any nature, without end, at up to 96 in flight, under caps somewhat below their best
    /// throughput.
    Any,
    /// A few hundred tasks that mostly wait, at up to as many in flight, under caps of a few at once.
    Waiting,
}

impl Work {
    fn tasks(self) -> u64 {
        match self {
            Work::Any => 1_000_000,
            Work::Waiting => 400,
        }
    }

    /// Returns the CPU demand and the wait of a task, in seconds.
    fn task(self, random: &mut StdRng) -> (f64, f64) {
        let (demand, wait): (f64, f64) = (random.random(), random.random());
        match self {
            Work::Any => (50e-6 * 200_f64.powf(demand), 0.08 * wait),
            Work::Waiting => (50e-6 * 20_f64.powf(demand), 0.01 + 0.07 * wait),
        }
    }

    fn widths(self, strategy: StrategyKind) -> impl Iterator<Item = usize> {
        let widest = match (self, strategy) {
            (Work::Any, _) => 96,
            (Work::Waiting, StrategyKind::Processes) => 32,
            (Work::Waiting, _) => 400,
        };
        let ladder = [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 400];
        ladder.into_iter().filter(move |width| *width <= widest)
    }

    /// Returns the most tasks per second that a hidden cap lets through.
    fn cap(self, task_s: f64, best: f64, random: &mut StdRng) -> f64 {
        match self {
            Work::Any => best * (0.1 + 0.8 * random.random::<f64>()),
            Work::Waiting => f64::from(random.random_range(2..=24)) / task_s,
        }
    }
}

/// A workload: the knowledge of the search about it, and its true throughput.
struct Draw {
    plan: Plan,
    truth: BTreeMap<Configuration, f64>,
    task_s: f64,
}

/// Draws a workload. Predictions are off by 5% in the median; above a hidden cap they are wrong.
fn draw(model: &NoiseModel, random: &mut StdRng) -> Draw {
    let (demand, wait) = model.work.task(random);
    let strategies = [
        (StrategyKind::Async, 2e-6),
        (StrategyKind::Threads, 4e-6),
        (StrategyKind::Processes, 20e-6),
        (StrategyKind::Hybrid, 40e-6),
    ];
    let mut plan = Plan { candidates: Vec::new(), refused: Vec::new(), is_asked: false };
    let mut truth = BTreeMap::new();
    let mut add = |cell: Configuration, predicted_per_s: f64, real: f64| {
        let startup_s = 0.0;
        plan.candidates.push(Candidate {
            cell,
            predicted_per_s,
            startup_s,
            beyond_a_batch: 1.0,
            cpus: 2.0,
            least_s: 0.0,
        });
        truth.insert(cell, real);
    };
    add(Configuration::REFERENCE, 1.0 / (demand + wait), 1.0 / (demand + wait));
    let best = throughput(CPUS, demand, wait, 96);
    let cap = model.work.cap(demand + wait, best, random);
    let is_capped = random.random::<f64>() < model.capped;
    let common = 0.06 * normal(random);
    let mut biases = BTreeMap::new();
    for (strategy, overhead) in strategies {
        let own = 0.04 * normal(random);
        for width in model.work.widths(strategy) {
            let cell = Configuration::planned(strategy, width, 2);
            let predicted = throughput(CPUS, demand + overhead, wait, width);
            let bias = match model.width_bias > 0.0 {
                true => *biases.entry(width).or_insert_with(|| model.width_bias * normal(random)),
                false => 0.0,
            };
            let real = predicted * (common + own + bias + 0.02 * normal(random)).exp();
            let capped = if is_capped { real.min(cap * (1.0 + 0.01 * normal(random))) } else { real };
            add(cell, predicted, capped);
        }
    }
    Draw { plan, truth, task_s: demand + wait }
}

/// The quality of one recommendation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outcome {
    /// The recommended strategy.
    pub(crate) strategy: StrategyKind,
    /// Throughput that is lost, as a share of the best.
    pub(crate) regret: f64,
    /// Simulated seconds that the study took.
    seconds: f64,
    /// Factor by which the recommendation is wider than a throughput near the best requires.
    too_wide: f64,
    /// Probability that the belief gives the recommendation.
    pub(crate) near_best: f64,
}

/// Measures one workload, and chooses.
pub(crate) fn advise(model: NoiseModel, params: SearchParams, seed: u64) -> Outcome {
    let mut random = StdRng::seed_from_u64(seed);
    let draw = draw(&model, &mut random);
    study(draw, model, params, (seed, random))
}

/// Measures the workload of `workload_seed` under the noise of `seed`, and chooses.
pub(crate) fn advise_again(model: NoiseModel, workload_seed: u64, seed: u64) -> Outcome {
    let draw = draw(&model, &mut StdRng::seed_from_u64(workload_seed));
    study(draw, model, SearchParams::default(), (seed, StdRng::seed_from_u64(seed)))
}

fn study(draw: Draw, model: NoiseModel, params: SearchParams, (seed, random): (u64, StdRng)) -> Outcome {
    let Draw { plan, truth, task_s } = draw;
    let mut time = Time::default();
    let mut machine = Machine::new(truth, model, time.clone(), random);
    let measurement = Measurement {
        executor: &mut machine,
        observer: &mut Silent,
        clock: &mut time,
        interrupt: &Interrupt::default(),
        sizing: Sizing {
            longest_s: 0.0,
            tasks: model.work.tasks(),
            task_s,
            budget: BUDGET,
            cpus: CPUS,
            quota: None,
            is_thorough: false,
            params: SizingParams::default(),
        },
        settings: MeasurementSettings {
            budget: BUDGET,
            spent: Duration::ZERO,
            rounds: None,
            warmup: 0,
            exhaustive: false,
            seed,
            once: false,
            search: params,
        },
        reference: None,
        preferred: Some(StrategyKind::Async),
    };
    let measured = measurement.run(&plan);
    let cells = results(&plan, &measured);
    let tree = DecisionPath { steps: Vec::new(), strategy: StrategyKind::Async };
    let unrun = unrun(&plan, &measured);
    let chosen = choose_among(&cells, &unrun, &tree, Objective::Throughput).expect("something ran").chosen;
    let near_best = chosen.outlook.map_or(0.0, |outlook| outlook.near_best);
    let chosen = chosen.cell;
    let best = machine.long_run().map(|(_, per_s)| per_s).fold(0.0, f64::max);
    let is_enough =
        |(cell, per_s): &(Configuration, f64)| cell.strategy == chosen.strategy && *per_s >= 0.95 * best;
    let narrowest = machine.long_run().filter(is_enough).map(|(cell, _)| cell.width).min();
    Outcome {
        strategy: chosen.strategy,
        regret: 1.0 - machine.long_run_per_s(&chosen) / best,
        seconds: measured.elapsed.as_secs_f64(),
        too_wide: chosen.width as f64 / narrowest.unwrap_or(chosen.width) as f64,
        near_best,
    }
}

/// The quality of recommendations on the whole.
#[derive(Debug)]
pub(crate) struct Summary {
    /// Number of workloads.
    pub(crate) draws: usize,
    /// Share of recommendations that lose at most 5%.
    pub(crate) good: f64,
    /// Simulated seconds in the median.
    pub(crate) median_s: f64,
    /// Simulated seconds of the longest study.
    pub(crate) most_s: f64,
    /// Median factor by which recommendations are too wide.
    pub(crate) too_wide: f64,
    /// Mean loss of throughput, as a share of the best.
    pub(crate) mean_regret: f64,
    /// Number of recommendations, and share of those that lose at most 5%, by the probability that the belief
    /// gives them: from 85%, from 50%, and below.
    pub(crate) by_confidence: [(usize, f64); 3],
}

/// Draws `draws` workloads with the seeds 0, 1, 2, …
pub(crate) fn simulate(model: NoiseModel, params: SearchParams, draws: u64) -> Summary {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let workers: Vec<_> = (0..threads)
        .map(|worker| {
            let own = (0..draws).filter(move |seed| seed % threads == worker);
            std::thread::spawn(move || own.map(|seed| advise(model, params, seed)).collect::<Vec<_>>())
        })
        .collect();
    let outcomes: Vec<Outcome> =
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker ends")).collect();
    let sorted = |value: fn(&Outcome) -> f64| {
        let mut values: Vec<f64> = outcomes.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let (seconds, too_wide) = (sorted(|o| o.seconds), sorted(|o| o.too_wide));
    let middle = outcomes.len() / 2;
    let good = outcomes.iter().filter(|outcome| outcome.regret <= 0.05).count();
    Summary {
        draws: outcomes.len(),
        good: good as f64 / outcomes.len() as f64,
        median_s: seconds[middle],
        most_s: seconds[seconds.len() - 1],
        too_wide: too_wide[middle],
        mean_regret: outcomes.iter().map(|o| o.regret).sum::<f64>() / outcomes.len() as f64,
        by_confidence: [(0.85, 2.0), (0.5, 0.85), (0.0, 0.5)].map(|range| share_good(&outcomes, range)),
    }
}

/// Returns the number of recommendations that the belief gives a probability in the range, and the share of
/// them that lose at most 5%.
fn share_good(outcomes: &[Outcome], (from, below): (f64, f64)) -> (usize, f64) {
    let of: Vec<&Outcome> = outcomes.iter().filter(|o| (from..below).contains(&o.near_best)).collect();
    let good = of.iter().filter(|outcome| outcome.regret <= 0.05).count();
    (of.len(), good as f64 / of.len().max(1) as f64)
}

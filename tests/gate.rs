//! The gate against noise that was recorded on a real machine: thousands of comparisons, and no clock.
//!
//! `tests/data/noise.csv` has the batches of four workloads, as `benches/noise.rs` records them: on an idle
//! machine, with one of its two CPUs kept busy by another program, and while other programs came and went.
//! The recordings are resampled in blocks of batches that ran one after another, so that batches resemble
//! their neighbours as closely as in the recording. A change is made by stretching the times of one side.
//!
//! `cargo test --test gate -- --nocapture` prints the shares that are asserted.

#![expect(clippy::print_stdout, reason = "the shares found are of interest themselves")]

use std::collections::BTreeMap;

use conc::internal::{
    BatchMetrics, Comparison, Configuration, GateReport, GateVerdict, Metric, MetricVerdict,
    RunCircumstances, Series, StrategyKind, Thresholds, compare_paired, compare_stored, judge,
    needs_more_pairs,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// CPUs of the machine that the recordings are of.
const CPUS: f64 = 2.0;

/// Workloads of a suite.
const SUITE: usize = 10;

/// Batches that are kept together.
const BLOCK: usize = 20;

/// Conditions of the machine.
const IDLE: &str = "idle";
const LOADED: &str = "loaded";
const DISTURBED: &str = "disturbed";

/// A debug build, in which the statistics are slow, draws less.
const SUITES: u32 = if cfg!(debug_assertions) { 200 } else { 2000 };
const DRAWS: u32 = if cfg!(debug_assertions) { 25 } else { 200 };

/// Batches by workload, condition and part, in the order in which they ran.
struct Recordings(BTreeMap<(String, String, u32), Vec<BatchMetrics>>);

impl Recordings {
    fn load() -> Self {
        let mut recordings: BTreeMap<_, Vec<BatchMetrics>> = BTreeMap::new();
        let lines = include_str!("data/noise.csv").lines().filter(|line| !line.starts_with('#'));
        for line in lines {
            let fields: Vec<&str> = line.split(',').collect();
            let key = (fields[0].to_owned(), fields[1].to_owned(), fields[2].parse().expect("a part"));
            recordings.entry(key).or_default().push(batch(&fields[3..]));
        }
        Recordings(recordings)
    }

    fn workloads(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.keys().map(|(name, ..)| name.as_str()).collect();
        names.dedup();
        names
    }

    /// The recordings of one workload, or of one in one condition.
    fn runs(&self, workload: &str, condition: Option<&str>) -> Vec<(&str, u32)> {
        let keys = self.0.keys().filter(|(name, seen, _)| {
            name == workload && condition.is_none_or(|condition| condition == seen)
        });
        keys.map(|(_, condition, part)| (condition.as_str(), *part)).collect()
    }

    fn of(&self, workload: &str, condition: &str, part: u32) -> &[BatchMetrics] {
        &self.0[&(workload.to_owned(), condition.to_owned(), part)]
    }

    /// `n` batches in blocks of some that ran one after another.
    fn draw(
        &self,
        workload: &str,
        condition: &str,
        part: u32,
        n: usize,
        random: &mut StdRng,
    ) -> Vec<BatchMetrics> {
        let recorded = self.of(workload, condition, part);
        let mut drawn = Vec::new();
        while drawn.len() < n {
            let first = random.random_range(0..=recorded.len() - BLOCK);
            drawn.extend_from_slice(&recorded[first..first + BLOCK]);
        }
        drawn.truncate(n);
        drawn
    }
}

fn batch(fields: &[&str]) -> BatchMetrics {
    let number = |i: usize| fields[i].parse::<f64>();
    let count = |i: usize| fields[i].parse::<u64>().expect("a count");
    BatchMetrics {
        at_s: number(0).expect("a time"),
        cpu_speed: number(1).ok(),
        cpu_others: number(2).ok(),
        cpu_stolen: None,
        throughput_per_s: number(3).expect("a rate"),
        p50_s: number(4).ok(),
        p99_s: number(5).ok(),
        cpu_s_per_task: number(6).expect("a time"),
        peak_rss_bytes: count(7),
        ok: count(8),
        started: count(9),
    }
}

/// Returns the batch as if its tasks computed `times` as long.
fn stretched(batch: BatchMetrics, times: f64) -> BatchMetrics {
    // Only the computing part of the time gets longer.
    let busy = (batch.throughput_per_s * batch.cpu_s_per_task / CPUS).min(1.0);
    let longer = 1.0 + busy * (times - 1.0);
    BatchMetrics {
        throughput_per_s: batch.throughput_per_s / longer,
        p50_s: batch.p50_s.map(|p50| p50 * longer),
        p99_s: batch.p99_s.map(|p99| p99 * longer),
        cpu_s_per_task: batch.cpu_s_per_task * times,
        ..batch
    }
}

fn series(batches: Vec<BatchMetrics>) -> Series {
    Series::of(Configuration::new(StrategyKind::Threads, 2), Vec::new(), batches)
}

/// Returns what the runner would measure of two sides that run alternately, of which the current one computes
/// `times` as long, in a suite of the given number of tests.
fn measure_pairs(
    recordings: &Recordings,
    (workload, condition): (&str, &str),
    times: f64,
    tests: usize,
    random: &mut StdRng,
) -> Series {
    let mut pairs = series(Vec::new());
    let runs = recordings.runs(workload, Some(condition));
    let (_, part) = runs[random.random_range(0..runs.len())];
    while pairs.batches.is_empty() || needs_more_pairs(&pairs, &Thresholds::default(), tests) {
        for both in recordings.draw(workload, condition, part, BLOCK, random).chunks(2) {
            let current = usize::from(random.random::<bool>());
            pairs.batches.push(stretched(both[current], times));
            pairs.reference.push(both[1 - current]);
        }
    }
    pairs
}

/// Outcomes of many suites.
#[derive(Default)]
struct Shares {
    suites: u32,
    red_suites: u32,
    workloads: u32,
    inconclusive: u32,
    metrics: BTreeMap<Metric, u32>,
    red_slowed: u32,
    slower_slowed: u32,
    pairs: usize,
}

fn percent(part: u32, whole: u32) -> f64 {
    100.0 * f64::from(part) / f64::from(whole.max(1))
}

/// Judges suites of which the first workload is `slowed`, if one is, and computes `times` as long as before.
fn suites(recordings: &Recordings, condition: &str, slowed: Option<(&str, f64)>, draws: u32) -> Shares {
    let mut random = StdRng::seed_from_u64(1);
    let (names, tests) = (recordings.workloads(), SUITE * Metric::ALL.len());
    let mut shares = Shares::default();
    for _ in 0..draws {
        let comparisons: Vec<Comparison> = (0..SUITE)
            .map(|i| {
                let name = names[random.random_range(0..names.len())];
                let (name, times) = slowed.filter(|_| i == 0).unwrap_or((name, 1.0));
                let pairs = measure_pairs(recordings, (name, condition), times, tests, &mut random);
                shares.pairs += pairs.batches.len();
                compare_paired(&pairs, "the same", Thresholds::default())
            })
            .collect();
        shares.add(&judge(&comparisons), slowed.is_some());
    }
    shares
}

impl Shares {
    fn add(&mut self, gates: &[GateReport], is_first_slowed: bool) {
        let (slowed, same) = gates.split_at(usize::from(is_first_slowed));
        let is_red = |gate: &&GateReport| gate.verdict == GateVerdict::Regressed;
        let is_slower = |gate: &&GateReport| gate.metrics[0].verdict == GateVerdict::Regressed;
        self.suites += 1;
        self.red_suites += u32::from(same.iter().any(|gate| is_red(&gate)));
        self.red_slowed += slowed.iter().filter(is_red).count() as u32;
        self.slower_slowed += slowed.iter().filter(is_slower).count() as u32;
        self.workloads += same.len() as u32;
        self.inconclusive +=
            same.iter().filter(|gate| gate.verdict == GateVerdict::Inconclusive).count() as u32;
        let undecided =
            same.iter().flat_map(|gate| &gate.metrics).filter(|m| m.verdict == GateVerdict::Inconclusive);
        undecided.for_each(|verdict| *self.metrics.entry(verdict.metric).or_default() += 1);
    }
}

#[test]
fn nothing_is_red_where_nothing_changed() {
    let recordings = Recordings::load();
    for condition in [IDLE, LOADED, DISTURBED] {
        let shares = suites(&recordings, condition, None, SUITES);
        let red = percent(shares.red_suites, shares.suites);
        println!(
            "paired A/A, {condition}: {red:.2}% of {} suites red, {:.0}% of workloads inconclusive, {:.0} pairs each",
            shares.suites,
            percent(shares.inconclusive, shares.workloads),
            shares.pairs as f64 / f64::from(shares.workloads),
        );
        for (metric, undecided) in &shares.metrics {
            println!("    {metric} inconclusive: {:.0}%", percent(*undecided, shares.workloads));
        }
        assert!(red <= 1.0, "{condition}: {red}");
    }
}

#[test]
fn what_got_slower_is_red() {
    let recordings = Recordings::load();
    for condition in [IDLE, LOADED, DISTURBED] {
        for (times, wanted) in [(1.10, 90.0), (1.05, 50.0)] {
            for name in recordings.workloads() {
                let shares = suites(&recordings, condition, Some((name, times)), DRAWS);
                let red = percent(shares.red_slowed, shares.suites);
                let slower = percent(shares.slower_slowed, shares.suites);
                println!(
                    "paired, {condition}, {name} computes {times:.2}x as long: {red:.0}% red, throughput {slower:.0}%"
                );
                assert!(condition != IDLE || red >= wanted, "{name} {times}: {red}");
            }
        }
    }
}

/// The verdict on a workload that was measured in two runs, the current one computing `times` as long.
fn judge_stored(
    recordings: &Recordings,
    workload: &str,
    [before, now]: [(&str, u32); 2],
    times: f64,
    random: &mut StdRng,
) -> Comparison {
    let mut draw = |(condition, part): (&str, u32)| recordings.draw(workload, condition, part, 40, random);
    let (earlier, current) = (draw(before), draw(now));
    let current = series(current.into_iter().map(|batch| stretched(batch, times)).collect());
    let here = RunCircumstances { cpus_effective: CPUS, other_machine: false };
    compare_stored(&series(earlier), &current, here, "stored", Thresholds::default())
}

#[test]
fn a_stored_run_is_not_red_where_nothing_changed_but_the_machine() {
    let recordings = Recordings::load();
    let mut random = StdRng::seed_from_u64(2);
    for name in recordings.workloads() {
        let runs = recordings.runs(name, None);
        let pairs = runs.iter().flat_map(|before| runs.iter().map(|now| [*before, *now]));
        for pair in pairs.filter(|[before, now]| before != now) {
            let (mut red, mut seen) = (0, Vec::new());
            for _ in 0..DRAWS {
                let gate = judge(&[judge_stored(&recordings, name, pair, 1.0, &mut random)]).remove(0);
                red += u32::from(gate.verdict == GateVerdict::Regressed);
                seen.push(gate.metrics[0]);
            }
            // An effect that is null could only have been seen if it were tenfold or more.
            let smallest_effect = |metric: &MetricVerdict| metric.smallest_effect.unwrap_or(f64::INFINITY);
            seen.sort_by(|a, b| smallest_effect(a).total_cmp(&smallest_effect(b)));
            let throughput = &seen[seen.len() / 2];
            println!(
                "stored A/A, {name}, {pair:?}: {red} of {DRAWS} red, throughput {:.2}x, smallest effect {:.0}%",
                throughput.ratio,
                smallest_effect(throughput) * 100.0
            );
            assert_eq!(red, 0, "{name} {pair:?}");
        }
    }
}

#[test]
fn a_stored_run_shows_what_got_much_slower() {
    let recordings = Recordings::load();
    let mut random = StdRng::seed_from_u64(3);
    for name in recordings.workloads() {
        let red = (0..DRAWS)
            .filter(|_| {
                let runs = [(IDLE, 1), (IDLE, 1)];
                let gate = judge(&[judge_stored(&recordings, name, runs, 2.0, &mut random)]).remove(0);
                gate.verdict == GateVerdict::Regressed
            })
            .count();
        println!("stored, {name} computes twice as long: {red} of {DRAWS} red");
        assert!(red >= DRAWS as usize * 9 / 10, "{name}: {red}");
    }
}

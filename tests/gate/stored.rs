//! A side that an earlier run measured.

use conc::internal::{
    BatchMetrics, Comparison, GateVerdict, MetricVerdict, RunCircumstances, Thresholds, compare_stored, judge,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::change::Change;
use crate::recordings::{CPUS, IDLE, Recordings, batches_in, resampled, series};
use crate::shares::Shares;
use crate::{MAX_FALSE_ALARMS, SUITE, draws};

/// Seconds of a series: less than a workload that takes 30 s has, half of which are for the search at most.
const SERIES_S: f64 = 10.0;

const HERE: RunCircumstances = RunCircumstances { cpus_effective: CPUS, other_machine: false };

/// The comparison of draws from two recordings, of which the current one is changed.
fn compare([before, now]: [&[BatchMetrics]; 2], change: Change, random: &mut StdRng) -> Comparison {
    let mut draw = |recorded| resampled(recorded, batches_in(recorded, SERIES_S), random);
    let (earlier, current) = (draw(before), draw(now));
    let current = series(current.into_iter().map(|batch| change.of(batch)).collect());
    compare_stored(&series(earlier), &current, HERE, "stored", Thresholds::stored())
}

/// Two recordings of a workload in one condition, in any order; of a single recording its first and its last half.
fn two_runs<'r>(
    recordings: &'r Recordings,
    (workload, condition): (&str, &str),
    random: &mut StdRng,
) -> [&'r [BatchMetrics]; 2] {
    let runs = recordings.runs(workload, Some(condition));
    let [a, b] = match runs[..] {
        [only] => {
            let all = recordings.of(workload, only);
            let (first, last) = all.split_at(all.len() / 2);
            [first, last]
        }
        _ => {
            let first = random.random_range(0..runs.len());
            let other = (first + random.random_range(1..runs.len())) % runs.len();
            [first, other].map(|of| recordings.of(workload, runs[of]))
        }
    };
    if random.random::<bool>() { [a, b] } else { [b, a] }
}

/// Judges suites against a stored run in the same condition.
fn suites(recordings: &Recordings, condition: &str, changed: Option<(&str, Change)>, draws: u32) -> Shares {
    let mut random = StdRng::seed_from_u64(4);
    let names = recordings.workloads();
    let mut shares = Shares::default();
    for _ in 0..draws {
        let compared = |i: usize| {
            let name = names[random.random_range(0..names.len())];
            let (name, change) = changed.filter(|_| i == 0).unwrap_or((name, Change::NONE));
            let runs = two_runs(recordings, (name, condition), &mut random);
            shares.batches += usize::from(changed.is_none()) * batches_in(runs[1], SERIES_S);
            compare(runs, change, &mut random)
        };
        let comparisons: Vec<Comparison> = (0..SUITE).map(compared).collect();
        shares.add(&judge(&comparisons), changed.is_some());
    }
    shares
}

#[test]
fn suites_of_ten_against_a_stored_run() {
    let recordings = Recordings::load();
    for condition in recordings.conditions() {
        let shares = suites(&recordings, condition, None, draws()[0]);
        shares.check_equal(&format!("stored A/A, {condition}"), MAX_FALSE_ALARMS, condition == IDLE);
        for (change, wanted) in [(Change::Computes(1.10), 95.0), (Change::Median(1.20), 60.0)] {
            for name in recordings.workloads() {
                let shares = suites(&recordings, condition, Some((name, change)), draws()[1]);
                let title = format!("stored, {condition}, {name}, {change:?}");
                shares.check_changed(&title, if condition == IDLE { wanted } else { 0.0 });
            }
        }
    }
}

#[test]
fn a_stored_run_is_not_red_where_nothing_changed_but_the_machine() {
    let (recordings, [_, draws]) = (Recordings::load(), draws());
    let mut random = StdRng::seed_from_u64(2);
    for name in recordings.workloads() {
        let runs = recordings.comparable(name);
        let pairs = runs.iter().flat_map(|before| runs.iter().map(|now| [*before, *now]));
        for pair in pairs.filter(|[before, now]| before != now) {
            let (mut red, mut seen) = (0, Vec::new());
            for _ in 0..draws {
                let sides = pair.map(|run| recordings.of(name, run));
                let gate = judge(&[compare(sides, Change::NONE, &mut random)]).remove(0);
                red += u32::from(gate.verdict == GateVerdict::Regressed);
                seen.push(gate.metrics[0]);
            }
            // An effect that is null could only have been seen if it were tenfold or more.
            let smallest_effect = |metric: &MetricVerdict| metric.smallest_effect.unwrap_or(f64::INFINITY);
            seen.sort_by(|a, b| smallest_effect(a).total_cmp(&smallest_effect(b)));
            let throughput = &seen[seen.len() / 2];
            println!(
                "stored A/A, {name}, {pair:?}: {red} of {draws} red, throughput {:.2}x, smallest effect {:.0}%",
                throughput.ratio,
                smallest_effect(throughput) * 100.0
            );
            assert_eq!(red, 0, "{name} {pair:?}");
        }
    }
}

#[test]
fn a_stored_run_shows_what_got_much_slower() {
    let (recordings, [_, draws]) = (Recordings::load(), draws());
    let mut random = StdRng::seed_from_u64(3);
    for name in recordings.workloads() {
        let run = recordings.of(name, (IDLE, 1));
        let red = (0..draws)
            .filter(|_| {
                let compared = compare([run, run], Change::Computes(2.0), &mut random);
                judge(&[compared])[0].verdict == GateVerdict::Regressed
            })
            .count();
        println!("stored, {name} computes twice as long: {red} of {draws} red");
        assert!(red >= draws as usize * 9 / 10, "{name}: {red}");
    }
}

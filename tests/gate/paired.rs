//! Two sides that run alternately.

use conc::internal::{Comparison, Metric, Series, Thresholds, compare_paired, judge, needs_more_pairs};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::change::Change;
use crate::recordings::{BLOCK, IDLE, Recordings, batches_in, resampled, series};
use crate::shares::Shares;
use crate::{MAX_FALSE_ALARMS, SUITE, draws};

/// Seconds that are left for pairs if a workload takes 30 s and a third of them is for the search.
const PAIRING_S: f64 = 20.0;

/// Pairs that are never reached within [`PAIRING_S`].
const MANY: usize = 1000;

/// Returns what the runner would measure of two sides that run alternately, of which the current one is changed,
/// in a suite of the given number of tests, but no more than `most` pairs.
fn measure_pairs(
    recordings: &Recordings,
    (workload, condition): (&str, &str),
    change: Change,
    (tests, most): (usize, usize),
    random: &mut StdRng,
) -> Series {
    let mut pairs = series(Vec::new());
    let recorded = recordings.any(workload, condition, random);
    let most = most.min(batches_in(recorded, PAIRING_S) / 2);
    while pairs.batches.is_empty()
        || (pairs.batches.len() < most && needs_more_pairs(&pairs, &Thresholds::default(), tests))
    {
        for both in resampled(recorded, BLOCK, random).chunks(2) {
            let current = usize::from(random.random::<bool>());
            pairs.batches.push(change.of(both[current]));
            pairs.reference.push(both[1 - current]);
        }
    }
    pairs.batches.truncate(most);
    pairs.reference.truncate(most);
    pairs
}

/// Judges suites of which the first workload is changed, if one is; no workload has more than `most` pairs.
fn suites(
    recordings: &Recordings,
    condition: &str,
    changed: Option<(&str, Change)>,
    (draws, most): (u32, usize),
) -> Shares {
    let mut random = StdRng::seed_from_u64(1);
    let (names, tests) = (recordings.workloads(), SUITE * Metric::ALL.len());
    let mut shares = Shares::default();
    for _ in 0..draws {
        let comparisons: Vec<Comparison> = (0..SUITE)
            .map(|i| {
                let name = names[random.random_range(0..names.len())];
                let (name, change) = changed.filter(|_| i == 0).unwrap_or((name, Change::NONE));
                let pairs = measure_pairs(recordings, (name, condition), change, (tests, most), &mut random);
                shares.batches += usize::from(changed.is_none()) * pairs.batches.len();
                compare_paired(&pairs, "the same", Thresholds::default())
            })
            .collect();
        shares.add(&judge(&comparisons), changed.is_some());
    }
    shares
}

#[test]
fn nothing_is_red_where_nothing_changed() {
    let recordings = Recordings::load();
    for condition in recordings.conditions() {
        // Where time is up early, few pairs must not look surer than they are.
        for most in [MANY, 12, 7] {
            let shares = suites(&recordings, condition, None, (draws()[0], most));
            let title = format!("paired A/A, {condition}, at most {most} pairs");
            shares.check_equal(&title, MAX_FALSE_ALARMS, condition == IDLE && most == MANY);
        }
    }
}

#[test]
fn what_got_slower_is_red() {
    let recordings = Recordings::load();
    let changes =
        [(Change::Computes(1.10), 95.0), (Change::Computes(1.05), 50.0), (Change::Median(1.20), 90.0)];
    for condition in recordings.conditions() {
        for (change, wanted) in changes {
            for name in recordings.workloads() {
                let shares = suites(&recordings, condition, Some((name, change)), (draws()[1], MANY));
                let title = format!("paired, {condition}, {name}, {change:?}");
                shares.check_changed(&title, if condition == IDLE { wanted } else { 0.0 });
            }
        }
    }
}

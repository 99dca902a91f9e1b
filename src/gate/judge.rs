//! Verdicts over a suite.

use crate::gate::comparison::Comparison;
use crate::gate::estimate::Estimate;
use crate::gate::failures::Failures;
use crate::gate::result::{Gate, Metric, MetricVerdict, Verdict};
use crate::stats::fdr::benjamini_hochberg;
use crate::stats::interval::CONFIDENCE;

/// The share of reported changes that may be none, in the mean.
pub const FALSE_DISCOVERY: f64 = 0.01;

/// The confidence of an interval that has to lie within the margin: two one-sided tests at 5% (Schuirmann,
/// J. Pharmacokinet. Biopharm. 15 (1987), 657–680).
const EQUIVALENCE: f64 = 0.90;

/// The smallest effect is what would have been seen in four of five cases.
const POWER: f64 = 0.8;

/// From this probability down, more failures than before are not called chance.
const DOUBTFUL: f64 = 0.05;

/// Judges all workloads of a suite together, so that one more workload does not make a false alarm likelier.
pub fn judge(comparisons: &[Comparison]) -> Vec<Gate> {
    let tests: usize = comparisons.iter().map(|comparison| tested(comparison).count()).sum();
    let level = FALSE_DISCOVERY / tests.max(1) as f64;
    let worse = discoveries(comparisons, Estimate::p_worse, |failures| failures.p_value);
    let better = discoveries(comparisons, Estimate::p_better, |_| None);
    comparisons
        .iter()
        .zip(worse.iter().zip(&better))
        .map(|(comparison, (worse, better))| gate(comparison, worse, better, level))
        .collect()
}

/// The verdict of a suite: the worst of its workloads, in the order of [`worst`].
pub fn suite_verdict(gates: &[Gate]) -> Verdict {
    worst(gates.iter().map(|gate| gate.verdict))
}

/// Regressed, else inconclusive, else improved, else unchanged; inconclusive if there is nothing.
pub fn worst(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    let severity = |verdict: &Verdict| match verdict {
        Verdict::Regressed => 3,
        Verdict::Inconclusive => 2,
        Verdict::Improved => 1,
        Verdict::Unchanged => 0,
    };
    verdicts.into_iter().max_by_key(severity).unwrap_or(Verdict::Inconclusive)
}

/// Which changes of a workload are discoveries.
#[derive(Debug, Clone, Default, PartialEq)]
struct Discoveries {
    metrics: Vec<Metric>,
    failures: bool,
}

/// Whether a change was discovered, either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) worse: bool,
    pub(super) better: bool,
}

/// The metrics that can be tested.
fn tested(comparison: &Comparison) -> impl Iterator<Item = &Estimate> {
    comparison.estimates.iter().filter(|estimate| estimate.worse.freedom > 0.0)
}

fn discoveries(
    comparisons: &[Comparison],
    of_metric: fn(&Estimate) -> Option<f64>,
    of_failures: fn(&Failures) -> Option<f64>,
) -> Vec<Discoveries> {
    let mut found = vec![Discoveries::default(); comparisons.len()];
    let mut tests: Vec<(f64, usize, Option<Metric>)> = Vec::new();
    for (i, comparison) in comparisons.iter().enumerate() {
        tests.extend(tested(comparison).filter_map(|e| Some((of_metric(e)?, i, Some(e.metric)))));
        tests.extend(comparison.failures.as_ref().and_then(of_failures).map(|p| (p, i, None)));
    }
    let p_values: Vec<f64> = tests.iter().map(|(p, ..)| *p).collect();
    let rejected = benjamini_hochberg(&p_values, FALSE_DISCOVERY);
    for ((_, i, metric), _) in tests.into_iter().zip(rejected).filter(|(_, rejected)| *rejected) {
        match metric {
            Some(metric) => found[i].metrics.push(metric),
            None => found[i].failures = true,
        }
    }
    found
}

fn gate(comparison: &Comparison, worse: &Discoveries, better: &Discoveries, level: f64) -> Gate {
    let metrics: Vec<MetricVerdict> = comparison
        .estimates
        .iter()
        .map(|estimate| {
            let seen = Seen {
                worse: worse.metrics.contains(&estimate.metric),
                better: better.metrics.contains(&estimate.metric),
            };
            metric_verdict(estimate, comparison, seen, level)
        })
        .collect();
    let (failing, failure) = failing(comparison, worse.failures);
    let verdict = worst(metrics.iter().map(|metric| metric.verdict).chain(failing));
    Gate {
        verdict,
        reason: failure.or_else(|| comparison.reason.clone()),
        design: comparison.design,
        reference: comparison.reference.clone(),
        cell: comparison.cell,
        metrics,
        advice: comparison.advice,
    }
}

/// What failing tasks make of the verdict, and the reason in words.
fn failing(comparison: &Comparison, is_discovery: bool) -> (Option<Verdict>, Option<String>) {
    if let Some(reason) = &comparison.broken {
        return (Some(Verdict::Regressed), Some(reason.clone()));
    }
    let Some(failures) = comparison.failures.filter(Failures::is_more) else { return (None, None) };
    if is_discovery || failures.is_total() {
        return (Some(Verdict::Regressed), Some(failures.describe()));
    }
    let is_doubtful = failures.reference[0] == 0 || failures.p_value.is_some_and(|p| p <= DOUBTFUL);
    if is_doubtful {
        (Some(Verdict::Inconclusive), Some(format!("{}, which may be chance", failures.describe())))
    } else {
        (None, None)
    }
}

fn metric_verdict(estimate: &Estimate, comparison: &Comparison, seen: Seen, level: f64) -> MetricVerdict {
    let margin = comparison.thresholds.margin(estimate.metric);
    MetricVerdict {
        metric: estimate.metric,
        verdict: verdict(estimate, margin, seen),
        current: estimate.current,
        reference: estimate.reference,
        ratio: estimate.ratio(),
        ci95: estimate.ratio_interval(CONFIDENCE),
        p_value: estimate.p_worse(),
        threshold: comparison.thresholds.of(estimate.metric),
        smallest_effect: smallest_effect(estimate, margin, level),
        observations: estimate.worse.n,
    }
}

/// What follows for one metric. A change that is beyond doubt and smaller than the margin is none that counts,
/// but only an interval that lies within it as a whole says that there is none.
pub(super) fn verdict(estimate: &Estimate, margin: f64, seen: Seen) -> Verdict {
    let worse = &estimate.worse;
    let [low, high] = worse.interval(EQUIVALENCE);
    if seen.worse && worse.estimate > margin {
        Verdict::Regressed
    } else if seen.better && worse.estimate < -margin {
        Verdict::Improved
    } else if -margin <= low && high <= margin {
        Verdict::Unchanged
    } else {
        Verdict::Inconclusive
    }
}

/// The smallest change for the worse, as a share, that would have been called one in four of five cases had it
/// been the only one of the suite: beyond doubt, and with an estimate beyond the margin.
fn smallest_effect(estimate: &Estimate, margin: f64, level: f64) -> Option<f64> {
    let beyond_doubt = estimate.worse.smallest_effect(level * estimate.level_share, POWER)?;
    // Half of the estimates of a change of the margin's size lie beyond it.
    let beyond_margin = margin + estimate.worse.smallest_effect(0.5, POWER)?;
    Some(beyond_doubt.max(beyond_margin).exp_m1())
}

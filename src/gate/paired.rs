//! Two sides that ran alternately, pair by pair, in random order within each.
//!
//! What drifts meanwhile drifts for both. The order being random, each side is as likely as the other to
//! come off worse in a pair if there is no difference, whatever the machine does; that is what the
//! test rests on.

use crate::benchmark::Series;
use crate::benchmark::series::BatchMetrics;
use crate::gate::comparison::Comparison;
use crate::gate::estimate::{Estimate, badness, resolution};
use crate::gate::failures::Failures;
use crate::gate::judge::{self, FALSE_DISCOVERY};
use crate::gate::result::{Design, Metric, Verdict};
use crate::gate::threshold::Thresholds;
use crate::stats::Mean;
use crate::stats::looks::{LOOKS, is_look, share_of_level};

/// Compares the two sides of `series`; `reference` says what the other side is.
pub fn compare(series: &Series, reference: &str, thresholds: Thresholds) -> Comparison {
    let failures = Failures::of(&series.batches, &series.reference);
    if failures.is_without_reference() {
        return Comparison::impossible(
            Design::Paired,
            reference,
            "not one task of the other side ended well",
        );
    }
    let pairs = series.batches.len().min(series.reference.len());
    let estimates = estimates(series);
    let reason =
        (pairs < LOOKS[0]).then(|| format!("only {pairs} pairs were measured, {} tell more", LOOKS[0]));
    Comparison {
        design: Design::Paired,
        reference: reference.to_owned(),
        cell: (pairs > 0).then_some(series.cell),
        estimates,
        failures: Some(failures),
        broken: None,
        reason,
        thresholds,
        advice: None,
    }
}

/// What the pairs say of each metric that both sides have.
pub fn estimates(series: &Series) -> Vec<Estimate> {
    Metric::ALL.into_iter().filter_map(|metric| estimate(metric, series)).collect()
}

fn estimate(metric: Metric, series: &Series) -> Option<Estimate> {
    let logs: Vec<[f64; 2]> =
        series.batches.iter().zip(&series.reference).filter_map(|pair| both(metric, pair)).collect();
    let differences: Vec<f64> = logs.iter().map(|[current, reference]| current - reference).collect();
    let worse = Mean::winsorised(&differences)?.resolved_to(resolution(metric) * std::f64::consts::SQRT_2);
    let pairs = series.batches.len().min(series.reference.len());
    let sign = if metric.is_better_bigger() { -1.0 } else { 1.0 };
    let geometric_mean =
        |side: usize| (sign * logs.iter().map(|pair| pair[side]).sum::<f64>() / logs.len() as f64).exp();
    Some(Estimate {
        metric,
        current: geometric_mean(0),
        reference: geometric_mean(1),
        worse,
        // By chance alone one side comes off worse in every one of n pairs with this probability.
        p_least: 0.5f64.powi(i32::try_from(worse.n).unwrap_or(i32::MAX)),
        level_share: share_of_level(pairs),
    })
}

fn both(metric: Metric, (current, reference): (&BatchMetrics, &BatchMetrics)) -> Option<[f64; 2]> {
    Some([badness(metric, current)?, badness(metric, reference)?])
}

/// Whether the runner should go on with another pair: before the first look, between looks, and at a look
/// unless every metric is decided or cannot be by as many pairs as there may be.
///
/// `tests` is the number of metrics in the whole suite, which are judged together: a change that is to be
/// seen beside all of them has to be as improbable as if it were the only one.
pub fn needs_more(series: &Series, thresholds: &Thresholds, tests: usize) -> bool {
    let pairs = series.batches.len().min(series.reference.len());
    if !is_look(pairs) {
        return pairs < LOOKS[LOOKS.len() - 1];
    }
    if pairs >= LOOKS[LOOKS.len() - 1] || Failures::of(&series.batches, &series.reference).is_total() {
        return false;
    }
    let level = FALSE_DISCOVERY / tests.max(1) as f64;
    estimates(series).iter().any(|estimate| {
        let is_seen = |p: Option<f64>| p.is_some_and(|p| p <= level);
        let seen = judge::Seen { worse: is_seen(estimate.p_worse()), better: is_seen(estimate.p_better()) };
        let margin = thresholds.margin(estimate.metric);
        judge::verdict(estimate, margin, seen) == Verdict::Inconclusive
            && may_be_decided(estimate, margin, level)
    })
}

/// Whether the last look may decide what this one does not: where even that leaves an interval wider than the
/// margin, and the change would have to be larger than it may be to be seen, more pairs are wasted.
fn may_be_decided(estimate: &Estimate, margin: f64, level: f64) -> bool {
    let last = LOOKS[LOOKS.len() - 1];
    let Some(so_far) = estimate.worse.smallest_effect(0.05, 0.5) else { return true };
    let shrinking = (estimate.worse.n as f64 / last as f64).sqrt();
    let then = Mean {
        standard_error: estimate.worse.standard_error * shrinking,
        freedom: estimate.worse.freedom.max((last - 1) as f64),
        ..estimate.worse
    };
    let reach = |alpha| then.smallest_effect(alpha, 0.5).unwrap_or(f64::INFINITY);
    let may_be_unchanged = reach(0.05) < margin && estimate.worse.estimate.abs() - so_far < margin;
    let may_be_seen =
        estimate.worse.estimate.abs() + so_far > reach(level * share_of_level(last)).max(margin);
    may_be_unchanged || may_be_seen
}

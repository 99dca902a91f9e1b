//! Comparison of two sides that ran alternately, in random order within each pair.
//!
//! Drift affects both sides. Because the order is random, each side is equally likely to be the worse one
//! of a pair if there is no difference, whatever the machine does. The test rests on this symmetry.

use crate::benchmark::Series;
use crate::benchmark::series::BatchMetrics;
use crate::gate::comparison::Comparison;
use crate::gate::failures::FailureComparison;
use crate::gate::judge::{self, FALSE_ALARM};
use crate::gate::metric_change::{MetricChange, ln_cost, resolution};
use crate::gate::presence::Presence;
use crate::gate::reason::GateReason;
use crate::gate::result::{ComparisonDesign, GateVerdict, Metric};
use crate::gate::threshold::Thresholds;
use crate::stats::Mean;
use crate::stats::looks::{LOOKS, is_look, share_of_level};

/// Pairs from which their spread is believed: fewer would leave Student's t with too heavy tails to reject anything.
const MIN_SPREAD_PAIRS: usize = 6;

/// Shares of the level that means of fewer than 10 pairs and of fewer than [`LOOKS`]`[0]` may spend: the tails of few are
/// heavier than Student's. Of suites of ten without a change and with 7 pairs each, up to 0.9% were red at the whole
/// level, and up to 0.75% at a quarter of it. What is left are machines that alternate between two speeds: by chance,
/// one side gets all slow batches.
const SHARES_OF_FEW: [(usize, f64); 2] = [(10, 0.1), (LOOKS[0], 0.25)];

/// Compares the two sides of `series`; `reference` names the other side.
pub fn compare(series: &Series, reference: &str, thresholds: Thresholds) -> Comparison {
    let failures = FailureComparison::of(&series.batches, &series.reference);
    if failures.is_without_reference() {
        return Comparison::impossible(ComparisonDesign::Paired, reference, GateReason::ReferenceFails);
    }
    let pairs = series.batches.len().min(series.reference.len());
    let estimates = estimates(series);
    let reason = (pairs < LOOKS[0]).then_some(GateReason::FewPairs { pairs, wanted: LOOKS[0] });
    Comparison {
        design: ComparisonDesign::Paired,
        reference: reference.to_owned(),
        cell: (pairs > 0).then_some(series.cell),
        estimates,
        failures: Some(failures),
        is_broken: false,
        reason,
        thresholds,
        advice: None,
        presence: Presence::Both,
        outcomes: None,
    }
}

/// Returns the change of each metric that both sides have.
pub(crate) fn estimates(series: &Series) -> Vec<MetricChange> {
    Metric::ALL.into_iter().filter_map(|metric| estimate(metric, series)).collect()
}

fn estimate(metric: Metric, series: &Series) -> Option<MetricChange> {
    let logs: Vec<[f64; 2]> =
        series.batches.iter().zip(&series.reference).filter_map(|pair| both(metric, pair)).collect();
    let differences: Vec<f64> = logs.iter().map(|[current, reference]| current - reference).collect();
    let measured = Mean::winsorised(&differences)?;
    let worse = measured.resolved_to(resolution(metric) * std::f64::consts::SQRT_2);
    let pairs = series.batches.len().min(series.reference.len());
    let sign = if metric.is_better_bigger() { -1.0 } else { 1.0 };
    let geometric_mean =
        |side: usize| (sign * logs.iter().map(|pair| pair[side]).sum::<f64>() / logs.len() as f64).exp();
    Some(MetricChange {
        metric,
        current: geometric_mean(0),
        reference: geometric_mean(1),
        worse,
        bias_bound: 0.0,
        min_p_value: min_p_value(&measured, &worse),
        level_share: share_of_few(pairs).unwrap_or_else(|| share_of_level(pairs)),
    })
}

fn share_of_few(pairs: usize) -> Option<f64> {
    SHARES_OF_FEW.iter().find(|(below, _)| pairs < *below).map(|(_, share)| *share)
}

/// Returns the smallest p-value to believe, for the spread that was measured and that which is counted.
///
/// By chance alone one side is the worse one in each of n pairs with a probability of 2^-n. Without a spread of
/// their own, as memory often is, or of a handful, differences show no more than that; a measured spread does.
fn min_p_value(measured: &Mean, counted: &Mean) -> f64 {
    let has_spread = measured.standard_error >= counted.standard_error && measured.n >= MIN_SPREAD_PAIRS;
    if has_spread { 0.0 } else { 0.5f64.powi(i32::try_from(measured.n).unwrap_or(i32::MAX)) }
}

fn both(metric: Metric, (current, reference): (&BatchMetrics, &BatchMetrics)) -> Option<[f64; 2]> {
    Some([ln_cost(metric, current)?, ln_cost(metric, reference)?])
}

/// Returns true if the runner should measure another pair.
///
/// The runner goes on before the first look, between looks, and at a look unless every metric is decided or
/// can no longer be decided. `tests` is the number of metrics in the whole suite, which are judged
/// together; a change must be significant at the level divided by that number.
pub fn needs_more(series: &Series, thresholds: &Thresholds, tests: usize) -> bool {
    let pairs = series.batches.len().min(series.reference.len());
    if !is_look(pairs) {
        return pairs < LOOKS[LOOKS.len() - 1];
    }
    if pairs >= LOOKS[LOOKS.len() - 1] || FailureComparison::of(&series.batches, &series.reference).is_total()
    {
        return false;
    }
    let tests = tests.max(1) as f64;
    let level = FALSE_ALARM / tests;
    estimates(series).iter().any(|estimate| {
        let margin = thresholds.margin(estimate.metric);
        judge::verdict(estimate, margin, tests) == GateVerdict::Inconclusive
            && may_be_decided(estimate, margin, level)
    })
}

/// Returns true if the last look has a chance of at least one in five to decide the metric.
///
/// A metric is decided by an interval within the margin, or by a significant change (conditional power: Lan,
/// Simon and Halperin, Commun. Stat. C 1 (1982), 207–219).
fn may_be_decided(estimate: &MetricChange, margin: f64, level: f64) -> bool {
    let last = LOOKS[LOOKS.len() - 1];
    let Some(error) = estimate.worse.smallest_effect(0.2, 0.5) else { return true };
    let share = (estimate.worse.n as f64 / last as f64).min(1.0);
    let then = Mean {
        standard_error: estimate.worse.standard_error * share.sqrt(),
        freedom: estimate.worse.freedom.max((last - 1) as f64),
        ..estimate.worse
    };
    let reach = |alpha| then.smallest_effect(alpha, 0.5).unwrap_or(f64::INFINITY);
    let moved = error * (1.0 - share).sqrt();
    let change = estimate.worse.estimate.abs();
    let may_be_unchanged = (change - moved).max(0.0) + reach(0.05) < margin;
    may_be_unchanged || change + moved > reach(level * share_of_level(last)).max(margin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::judge::judge;
    use crate::gate::result::GateReport;
    use crate::gate::testing::{batch, pairs, series};

    fn gate(series: &Series) -> GateReport {
        judge(&[compare(series, "old", Thresholds::default())]).remove(0)
    }

    fn verdict_of(gate: &GateReport, metric: Metric) -> GateVerdict {
        gate.metrics.iter().find(|verdict| verdict.metric == metric).expect("it was measured").verdict
    }

    #[test]
    fn ratios_are_now_over_before_whichever_way_a_metric_counts() {
        let all = estimates(&pairs(20, 1.1, 0.0));
        let ratio = |metric| all.iter().find(|e| e.metric == metric).map(MetricChange::ratio).unwrap();
        assert!((ratio(Metric::Throughput) - 1.0 / 1.1).abs() < 1e-9);
        assert!((ratio(Metric::CpuPerTask) - 1.1).abs() < 1e-9);
        assert!((ratio(Metric::PeakRss) - 1.0).abs() < 1e-12);
        let throughput = &all[0];
        assert!(
            (throughput.current - 400.0 / 1.1).abs() < 1e-6 && (throughput.reference - 400.0).abs() < 1e-6
        );
        let [lo, hi] = throughput.ratio_interval(0.95).unwrap();
        assert!(lo < 1.0 / 1.1 && 1.0 / 1.1 < hi);
    }

    #[test]
    fn a_slower_side_regressed_and_a_faster_one_improved() {
        let slower = gate(&pairs(20, 1.1, 0.03));
        assert_eq!(slower.verdict, GateVerdict::Regressed);
        for metric in [Metric::Throughput, Metric::P50, Metric::CpuPerTask] {
            assert_eq!(verdict_of(&slower, metric), GateVerdict::Regressed, "{metric}");
        }
        assert_eq!(verdict_of(&slower, Metric::PeakRss), GateVerdict::Unchanged);
        let faster = gate(&pairs(20, 0.9, 0.03));
        assert_eq!(verdict_of(&faster, Metric::Throughput), GateVerdict::Improved);
        assert_eq!(slower.cell, Some(crate::gate::testing::CELL));
    }

    #[test]
    fn the_same_twice_is_unchanged_if_it_is_steady_and_inconclusive_if_it_is_not() {
        assert_eq!(gate(&pairs(20, 1.0, 0.02)).verdict, GateVerdict::Unchanged);
        let noisy = gate(&pairs(20, 1.0, 0.3));
        assert_eq!(noisy.verdict, GateVerdict::Inconclusive);
        let effect = noisy.metrics[0].smallest_effect.unwrap();
        assert!((0.3..0.8).contains(&effect), "{effect}");
    }

    #[test]
    fn a_change_within_the_threshold_is_none_however_certain() {
        let small = gate(&pairs(100, 1.02, 0.005));
        assert_eq!(verdict_of(&small, Metric::Throughput), GateVerdict::Unchanged);
        assert!(small.metrics[0].p_value.unwrap() < 1e-6);
        let strict = judge(&[compare(&pairs(100, 1.02, 0.005), "old", Thresholds::uniform(0.01))]).remove(0);
        assert_eq!(verdict_of(&strict, Metric::Throughput), GateVerdict::Regressed);
    }

    #[test]
    fn memory_without_any_spread_is_neither_divided_by_nor_believed_beyond_measure() {
        let mut more = pairs(20, 1.0, 0.02);
        assert_eq!(verdict_of(&gate(&more), Metric::PeakRss), GateVerdict::Unchanged);
        more.batches.iter_mut().for_each(|batch| batch.peak_rss_bytes = 11 << 20);
        let told = gate(&more);
        let memory = told.metrics.last().unwrap();
        assert_eq!((memory.metric, memory.verdict), (Metric::PeakRss, GateVerdict::Regressed));
        // By chance, all of 20 pairs agree with probability 2^-20; this look may spend half of the level.
        assert_eq!(memory.p_value, Some(2.0 * 0.5f64.powi(20)));
        let [lo, hi] = memory.ci95.unwrap();
        assert!(lo < 1.1 && 1.1 < hi);
    }

    #[test]
    fn a_few_pairs_decide_little_and_one_decides_nothing() {
        let few = gate(&pairs(4, 1.3, 0.02));
        assert_eq!(few.verdict, GateVerdict::Inconclusive);
        assert_eq!(few.reason, Some(GateReason::FewPairs { pairs: 4, wanted: 20 }));
        let one = gate(&pairs(1, 2.0, 0.0));
        let throughput = one.metrics[0];
        assert_eq!(
            (throughput.verdict, throughput.ci95, throughput.p_value),
            (GateVerdict::Inconclusive, None, None)
        );
        assert_eq!((one.verdict, throughput.smallest_effect), (GateVerdict::Inconclusive, None));
        let none = gate(&series(Vec::new()));
        assert_eq!((none.verdict, none.cell), (GateVerdict::Inconclusive, None));
    }

    #[test]
    fn tasks_that_fail_are_a_regression_however_fast() {
        let mut failing = pairs(20, 0.5, 0.02);
        failing.batches.iter_mut().for_each(|batch| batch.ok -= 2);
        let told = gate(&failing);
        assert_eq!(told.verdict, GateVerdict::Regressed);
        let Some(GateReason::MoreTasksFail(counts)) = told.reason else { panic!("{told:?}") };
        assert_eq!((counts.failed, counts.started, counts.reference_failed), (40, 960, 0));
        let mut one = pairs(20, 1.0, 0.01);
        one.batches[7].ok -= 1;
        let told = gate(&one);
        assert_eq!(told.verdict, GateVerdict::Inconclusive);
        assert!(matches!(told.reason, Some(GateReason::PerhapsMoreTasksFail(_))), "{told:?}");
    }

    #[test]
    fn batches_in_which_everything_failed_have_no_rate_to_compare() {
        let mut dead = pairs(3, 1.0, 0.01);
        for batch in &mut dead.batches {
            (batch.ok, batch.throughput_per_s) = (0, 0.0);
        }
        let told = gate(&dead);
        assert_eq!(told.verdict, GateVerdict::Regressed);
        assert!(told.metrics.iter().all(|verdict| verdict.metric != Metric::Throughput));
    }

    #[test]
    fn measuring_goes_on_until_all_is_decided() {
        let thresholds = Thresholds::default();
        let needs = |n, times, sd| needs_more(&pairs(n, times, sd), &thresholds, 5);
        assert!(needs(1, 1.0, 0.0) && needs(19, 1.0, 0.0), "before the first look");
        assert!(!needs(20, 1.0, 0.01), "all is unchanged");
        assert!(!needs(20, 1.2, 0.02), "all but memory regressed");
        assert!(needs(20, 1.05, 0.05), "neither");
        assert!(needs(21, 1.0, 0.01), "between looks");
        assert!(!needs(100, 1.05, 0.2), "after the last look");
    }

    #[test]
    fn what_a_hundred_pairs_cannot_decide_is_not_measured_a_hundred_times() {
        let mut hopeless = pairs(20, 1.0, 0.005);
        for (i, batch) in hopeless.batches.iter_mut().enumerate() {
            batch.p99_s = batch.p99_s.map(|p99| if i % 2 == 0 { p99 * 4.0 } else { p99 / 4.0 });
        }
        assert!(!needs_more(&hopeless, &Thresholds::default(), 50));
    }

    #[test]
    fn more_tests_in_the_suite_take_more_evidence() {
        let doubtful = pairs(20, 1.1, 0.09);
        let comparison = || compare(&doubtful, "old", Thresholds::default());
        let alone = judge(&[comparison()]).remove(0);
        let quiet = || compare(&pairs(20, 1.0, 0.09), "old", Thresholds::default());
        let suite = judge(&std::iter::once(comparison()).chain((0..99).map(|_| quiet())).collect::<Vec<_>>());
        let effect = |gate: &GateReport| gate.metrics[0].smallest_effect.unwrap();
        assert!(effect(&suite[0]) > effect(&alone));
        assert!(suite[1..].iter().all(|gate| gate.verdict != GateVerdict::Regressed));
    }

    #[test]
    fn no_metric_is_made_up_of_what_was_not_measured() {
        let mut untimed = pairs(20, 1.0, 0.01);
        untimed.batches.iter_mut().for_each(|batch| (batch.p50_s, batch.cpu_s_per_task) = (None, 0.0));
        let metrics: Vec<Metric> = estimates(&untimed).iter().map(|e| e.metric).collect();
        assert_eq!(metrics, [Metric::Throughput, Metric::P99, Metric::PeakRss]);
        assert_eq!(batch(1.0).p50_s, Some(5e-3));
    }
}

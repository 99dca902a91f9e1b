//! Verdicts over a suite.

use crate::gate::comparison::Comparison;
use crate::gate::failures::FailureComparison;
use crate::gate::metric_change::MetricChange;
use crate::gate::reason::GateReason;
use crate::gate::result::{Doubt, GateReport, GateVerdict, Metric, MetricVerdict};
use crate::stats::interval::{CONFIDENCE, is_informative, is_informative_effect};

/// Probability that anything in a suite without a change is reported as changed in one direction.
///
/// It is divided by the number of tests (Bonferroni), so that a change that is real makes no false one likelier beside
/// it, and smaller than what the intervals leave out, so that none that is reported includes "no change".
pub const FALSE_ALARM: f64 = 0.01;

/// Confidence of the interval that must lie within the margin for a metric to count as unchanged: two
/// one-sided tests at 5% (Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987), 657–680).
const EQUIVALENCE_CONFIDENCE: f64 = 0.90;

/// Power of the test at the smallest effect: a change of that size is found in four of five cases.
const POWER: f64 = 0.8;

/// Batches of which the spread says something.
const MIN_OBSERVATIONS: usize = 5;

/// P-value up to which additional failures make the verdict inconclusive.
const DOUBTFUL_FAILURES_P: f64 = 0.05;

/// Judges all workloads of a suite together, so that another workload does not make a false alarm likelier.
pub fn judge(comparisons: &[Comparison]) -> Vec<GateReport> {
    let tests: usize = comparisons.iter().map(|comparison| tested(comparison).count()).sum();
    let tests = tests.max(1) as f64;
    comparisons.iter().map(|comparison| gate(comparison, tests)).collect()
}

/// Returns the worst verdict: regressed, else inconclusive, else improved, else unchanged. Without verdicts
/// the result is inconclusive.
pub fn worst(verdicts: impl IntoIterator<Item = GateVerdict>) -> GateVerdict {
    let severity = |verdict: &GateVerdict| match verdict {
        GateVerdict::Regressed => 3,
        GateVerdict::Inconclusive => 2,
        GateVerdict::Improved => 1,
        GateVerdict::Unchanged => 0,
    };
    verdicts.into_iter().max_by_key(severity).unwrap_or(GateVerdict::Inconclusive)
}

/// Returns the metrics whose spread is known, which are the ones that can be tested.
fn tested(comparison: &Comparison) -> impl Iterator<Item = &MetricChange> {
    comparison.estimates.iter().filter(|estimate| estimate.worse.freedom > 0.0)
}

fn gate(comparison: &Comparison, tests: f64) -> GateReport {
    let metrics: Vec<MetricVerdict> =
        comparison.estimates.iter().map(|estimate| metric_verdict(estimate, comparison, tests)).collect();
    let p_failures = comparison.failures.as_ref().and_then(|failures| failures.p_value);
    let (failing, failure) = failing(comparison, p_failures.is_some_and(|p| p <= FALSE_ALARM / tests));
    let outcomes = comparison.outcomes.as_ref().filter(|change| change.is_regression());
    let other = outcomes.map(|change| change.verdict);
    let counted = metrics
        .iter()
        .filter(|of| !is_doubtful_tail(of) && !is_surplus_count(of, &metrics))
        .map(|of| of.verdict);
    let verdict = worst(counted.chain(failing).chain(other));
    GateReport {
        verdict,
        reason: failure.or_else(|| comparison.reason.clone()),
        design: comparison.design,
        reference: comparison.reference.clone(),
        cell: comparison.cell,
        metrics,
        advice: comparison.advice,
        presence: comparison.presence.clone(),
        outcomes: comparison.outcomes.clone(),
    }
}

/// Returns true for a tail of which nothing is known, which leaves no doubt about the workload: a batch has some
/// dozens of tasks, whose slowest one varies by itself. A tail that did get worse counts.
fn is_doubtful_tail(of: &MetricVerdict) -> bool {
    of.metric == Metric::P99 && of.verdict == GateVerdict::Inconclusive
}

/// Returns true for instructions that decide nothing: they stand for the CPU time where other programs hide it. Where it
/// shows, it counts, because more instructions need not take longer.
fn is_surplus_count(of: &MetricVerdict, all: &[MetricVerdict]) -> bool {
    let is_hidden = |of: &MetricVerdict| of.verdict == GateVerdict::Inconclusive;
    let is_time_hidden = all.iter().filter(|of| of.metric == Metric::CpuPerTask).all(is_hidden);
    of.metric == Metric::Instructions && (is_hidden(of) || !is_time_hidden)
}

/// Returns the verdict that failed tasks lead to, and the reason.
fn failing(comparison: &Comparison, is_significant: bool) -> (Option<GateVerdict>, Option<GateReason>) {
    if comparison.is_broken {
        return (Some(GateVerdict::Regressed), None);
    }
    let Some(failures) = comparison.failures.filter(FailureComparison::is_more) else { return (None, None) };
    if is_significant || failures.is_total() {
        return (Some(GateVerdict::Regressed), Some(GateReason::MoreTasksFail(failures.counts())));
    }
    let is_doubtful =
        failures.reference[0] == 0 || failures.p_value.is_some_and(|p| p <= DOUBTFUL_FAILURES_P);
    if is_doubtful {
        (Some(GateVerdict::Inconclusive), Some(GateReason::PerhapsMoreTasksFail(failures.counts())))
    } else {
        (None, None)
    }
}

fn metric_verdict(estimate: &MetricChange, comparison: &Comparison, tests: f64) -> MetricVerdict {
    let margin = comparison.thresholds.margin(estimate.metric);
    let verdict = verdict(estimate, margin, tests);
    let level = FALSE_ALARM / tests;
    MetricVerdict {
        metric: estimate.metric,
        verdict,
        current: estimate.current,
        reference: estimate.reference,
        ratio: estimate.ratio(),
        ci95: estimate.ratio_interval(shown_confidence(estimate, tests)).filter(|ends| is_informative(*ends)),
        p_value: estimate.p_worse(),
        threshold: comparison.thresholds.of(estimate.metric),
        smallest_effect: smallest_effect(estimate, margin, level)
            .filter(|effect| is_informative_effect(*effect)),
        observations: estimate.worse.n,
        doubt: (verdict == GateVerdict::Inconclusive).then(|| doubt(estimate)),
    }
}

/// Returns the confidence of one interval with which all intervals of the suite together have [`CONFIDENCE`]
/// (Bonferroni), at every look: only then may the one that stands out be believed.
fn shown_confidence(estimate: &MetricChange, tests: f64) -> f64 {
    1.0 - (1.0 - CONFIDENCE) * estimate.level_share / tests
}

/// Returns what keeps the metric from being decided: the larger part of its interval.
fn doubt(estimate: &MetricChange) -> Doubt {
    let [low, high] = estimate.worse.interval(CONFIDENCE);
    let half = (high - low) / 2.0;
    if estimate.worse.n < MIN_OBSERVATIONS || !half.is_finite() {
        Doubt::FewBatches { batches: estimate.worse.n }
    } else if estimate.bias_bound > half {
        Doubt::Machine { share: estimate.bias_bound.exp_m1() }
    } else {
        Doubt::Spread { share: half.exp_m1() }
    }
}

/// Returns the verdict on one metric of a suite with so many `tests`.
///
/// A significant change counts only if it exceeds the margin; a change whose whole interval lies beyond the margin
/// counts in any case. A metric counts as unchanged only if its whole interval lies within the margin.
pub(super) fn verdict(estimate: &MetricChange, margin: f64, tests: f64) -> GateVerdict {
    let [surely, perhaps] = estimate.worse_interval(shown_confidence(estimate, tests));
    let [low, high] = estimate.worse_interval(EQUIVALENCE_CONFIDENCE);
    let is_below = |p: Option<f64>, level: f64| p.is_some_and(|p| p <= level / tests);
    let (worse, better) = (estimate.p_worse(), estimate.p_better());
    let is_sure = |p| is_below(p, (1.0 - CONFIDENCE) / 2.0);
    let is_significant = |p| is_below(p, FALSE_ALARM);
    let beyond = margin + estimate.bias_bound;
    let change = estimate.worse.estimate;
    if (surely > margin && is_sure(worse)) || (change > beyond && is_significant(worse)) {
        GateVerdict::Regressed
    } else if (perhaps < -margin && is_sure(better)) || (change < -beyond && is_significant(better)) {
        GateVerdict::Improved
    } else if -margin <= low && high <= margin {
        GateVerdict::Unchanged
    } else {
        GateVerdict::Inconclusive
    }
}

/// Returns the minimum detectable deterioration, as a share, if it were the only change of the suite.
///
/// A deterioration is detected if it is significant and its estimate exceeds the margin.
fn smallest_effect(estimate: &MetricChange, margin: f64, level: f64) -> Option<f64> {
    let beyond_doubt = estimate.worse.smallest_effect(level * estimate.level_share, POWER)?;
    // Half of the estimates of a change of the margin's size lie beyond it.
    let beyond_margin = margin + estimate.worse.smallest_effect(0.5, POWER)?;
    Some((estimate.bias_bound + beyond_doubt.max(beyond_margin)).exp_m1())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::paired::compare;
    use crate::gate::result::ComparisonDesign;
    use crate::gate::testing::pairs;
    use crate::gate::threshold::Thresholds;
    use crate::stats::mean::Mean;
    use proptest::prelude::*;

    fn compared(times: f64, sd: f64) -> Comparison {
        compare(&pairs(20, times, sd), "old", Thresholds::default())
    }

    #[test]
    fn the_worst_is_told_of_many() {
        use GateVerdict::{Improved, Inconclusive, Regressed, Unchanged};
        assert_eq!(worst([Unchanged, Improved, Regressed, Inconclusive]), Regressed);
        assert_eq!(worst([Unchanged, Improved, Inconclusive]), Inconclusive);
        assert_eq!(worst([Unchanged, Improved]), Improved);
        assert_eq!(worst([Unchanged]), Unchanged);
        assert_eq!(worst([]), Inconclusive);
    }

    #[test]
    fn a_doubt_names_the_larger_part_of_the_interval() {
        let comparison = compared(1.0, 0.3);
        let estimate = *tested(&comparison).next().expect("a metric");
        let of = |n, bias_bound| {
            let worse = Mean { n, ..estimate.worse };
            doubt(&MetricChange { worse, bias_bound, ..estimate })
        };
        assert_eq!(of(MIN_OBSERVATIONS - 1, 9.0), Doubt::FewBatches { batches: MIN_OBSERVATIONS - 1 });
        assert!(matches!(of(MIN_OBSERVATIONS, 0.0), Doubt::Spread { .. }));
        assert!(matches!(of(MIN_OBSERVATIONS, 9.0), Doubt::Machine { .. }));
    }

    #[test]
    fn what_is_decided_has_no_doubt() {
        let gates = judge(&[compared(1.0, 0.3), compared(1.0, 0.01), compared(2.0, 0.01)]);
        let verdicts: Vec<_> = gates.iter().flat_map(|gate| &gate.metrics).collect();
        let is_doubtful = |of: &&&MetricVerdict| of.verdict == GateVerdict::Inconclusive;
        assert!((1..verdicts.len()).contains(&verdicts.iter().filter(is_doubtful).count()));
        assert!(verdicts.iter().all(|of| of.doubt.is_some() == is_doubtful(&of)), "{verdicts:?}");
    }

    #[test]
    fn better_is_judged_as_worse_is() {
        use GateVerdict::{Improved, Inconclusive, Regressed, Unchanged};
        let told = |estimate, standard_error, min_p_value| {
            let worse = Mean { estimate, standard_error, freedom: 30.0, n: 31 };
            let metric = Metric::Throughput;
            let (current, reference, bias_bound, level_share) = (1.0, 1.0, 0.0, 1.0);
            let change =
                MetricChange { metric, current, reference, worse, bias_bound, min_p_value, level_share };
            verdict(&change, 0.05, 1.0)
        };
        for (change, standard_error, min_p_value, expected) in [
            // The estimate is beyond the margin and significant; its interval is not all beyond it.
            (0.06, 0.005, 0.0, Regressed),
            // The interval is beyond the margin, which is less than significant.
            (0.46, 0.2, 0.0, Regressed),
            (0.06, 0.03, 0.0, Inconclusive),
            (0.04, 0.01, 0.0, Inconclusive),
            // So few observations prove nothing.
            (0.46, 0.02, 0.2, Inconclusive),
            (0.05, 0.001, 0.0, Inconclusive),
            (0.05, 0.0, 0.0, Unchanged),
        ] {
            assert_eq!(told(change, standard_error, min_p_value), expected, "{change}");
            let mirrored = if expected == Regressed { Improved } else { expected };
            assert_eq!(told(-change, standard_error, min_p_value), mirrored, "-{change}");
        }
    }

    #[test]
    fn each_workload_has_its_own_verdict_and_the_suite_the_worst() {
        let gates = judge(&[compared(1.0, 0.01), compared(1.3, 0.02), compared(0.7, 0.02)]);
        let verdicts: Vec<GateVerdict> = gates.iter().map(|gate| gate.verdict).collect();
        assert_eq!(verdicts, [GateVerdict::Unchanged, GateVerdict::Regressed, GateVerdict::Improved]);
        assert_eq!(worst(gates.iter().map(|gate| gate.verdict)), GateVerdict::Regressed);
    }

    #[test]
    fn what_cannot_run_any_more_regressed_and_what_cannot_be_compared_is_inconclusive() {
        let gates = judge(&[
            Comparison::broken(ComparisonDesign::Paired, "old", GateReason::NothingMeasured),
            Comparison::impossible(ComparisonDesign::Stored, "old.json", GateReason::OtherCpuSteps),
        ]);
        assert_eq!(
            (gates[0].verdict, gates[0].reason.clone()),
            (GateVerdict::Regressed, Some(GateReason::NothingMeasured))
        );
        assert_eq!(gates[1].verdict, GateVerdict::Inconclusive);
        assert_eq!(gates[1].reason, Some(GateReason::OtherCpuSteps));
    }

    #[test]
    fn instructions_count_where_the_cpu_time_does_not_show() {
        let told = |cpu_sd: f64, instructions: f64| {
            let mut series = pairs(20, 1.0, 0.01);
            let noise = pairs(20, 1.0, cpu_sd);
            for (batch, noisy) in series.batches.iter_mut().zip(&noise.batches) {
                batch.cpu_s_per_task = noisy.cpu_s_per_task;
                batch.instructions_per_task = Some(2e6 * instructions);
            }
            series.reference.iter_mut().for_each(|batch| batch.instructions_per_task = Some(2e6));
            judge(&[compare(&series, "old", Thresholds::default())]).remove(0)
        };
        let of =
            |gate: &GateReport, metric| gate.metrics.iter().find(|of| of.metric == metric).unwrap().verdict;
        let hidden = told(0.2, 1.1);
        assert_eq!(of(&hidden, Metric::CpuPerTask), GateVerdict::Inconclusive);
        assert_eq!(of(&hidden, Metric::Instructions), GateVerdict::Regressed);
        assert_eq!(hidden.verdict, GateVerdict::Regressed);
        let shown = told(0.01, 1.1);
        assert_eq!(of(&shown, Metric::Instructions), GateVerdict::Regressed);
        assert_eq!(shown.verdict, GateVerdict::Unchanged);
        assert_eq!(told(0.2, 1.0).verdict, GateVerdict::Inconclusive, "and no more instructions is no proof");
    }

    #[test]
    fn each_workload_has_its_own_thresholds() {
        let mut lenient = compared(1.1, 0.02);
        lenient.thresholds = Thresholds::uniform(0.25);
        let gates = judge(&[compared(1.1, 0.02), lenient]);
        assert_eq!((gates[0].verdict, gates[1].verdict), (GateVerdict::Regressed, GateVerdict::Unchanged));
        assert_eq!(gates[1].metrics[0].threshold, 0.25);
    }

    #[test]
    fn an_effect_of_the_smallest_size_is_seen_in_four_of_five_cases() {
        let effect = judge(&[compared(1.0, 0.05)])[0].metrics[0].smallest_effect.unwrap();
        let seen = (0..400)
            .filter(|seed| {
                let mut series = pairs(20, 1.0, 0.0);
                series.batches = crate::gate::testing::noisy(20, 1.0 + effect, 0.05, 1000 + seed);
                series.reference = crate::gate::testing::noisy(20, 1.0, 0.05, 5000 + seed);
                let mut comparison = compare(&series, "old", Thresholds::default());
                // Tests a single metric, because the others would help to detect the change.
                comparison.estimates.truncate(1);
                comparison.failures = None;
                judge(&[comparison])[0].metrics[0].verdict == GateVerdict::Regressed
            })
            .count();
        // The smallest effect was computed for five tests and from one draw of the noise.
        assert!((300..=400).contains(&seen), "{seen} of 400");
    }

    proptest! {
        #[test]
        fn nothing_both_regresses_and_is_likely_chance(times in 0.5f64..2.0, sd in 0.0f64..0.5) {
            // Another workload got much slower, which must not make this one's changes likelier.
            let gates = judge(&[compared(3.0, 0.02), compared(times, sd)]);
            prop_assert_eq!(gates[0].verdict, GateVerdict::Regressed);
            for verdict in &gates[1].metrics {
                let p = verdict.p_value.unwrap();
                prop_assert!((0.0..=1.0).contains(&p));
                if verdict.verdict == GateVerdict::Regressed {
                    prop_assert!(p <= FALSE_ALARM);
                    // What is reported as a change is not equal within its interval.
                    prop_assert!(verdict.ci95.is_none_or(|[low, high]| low > 1.0 || high < 1.0));
                }
                if let Some(ends) = verdict.ci95 {
                    let worse = if verdict.metric.is_better_bigger() { 1.0 / ends[1] } else { ends[0] };
                    prop_assert!(worse <= 1.0 + verdict.threshold || verdict.verdict == GateVerdict::Regressed);
                }
                if let Some([lo, hi]) = verdict.ci95 {
                    prop_assert!(lo <= verdict.ratio && verdict.ratio <= hi);
                }
                if verdict.verdict == GateVerdict::Unchanged {
                    prop_assert!((verdict.ratio.ln()).abs() <= verdict.threshold.ln_1p() + 1e-9);
                }
            }
        }
    }
}

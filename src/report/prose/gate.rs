//! Verdicts of a gate, its reasons and changes of the advice.

use crate::gate::reason::{FailedTasks, GateReason};
use crate::gate::result::{AdviceChange, Doubt};
use crate::gate::{AdviceDrift, ComparisonDesign, GateReport, GateVerdict, Metric, MetricVerdict};
use crate::report::document::Report;
use crate::report::prose::uncertainty;
use crate::units::{Bytes, PerSecond, Seconds, Share};

/// Every verdict, from the one to look at first.
pub(crate) const VERDICTS: [GateVerdict; 4] =
    [GateVerdict::Regressed, GateVerdict::Inconclusive, GateVerdict::Improved, GateVerdict::Unchanged];

/// Returns the metric in words.
pub(crate) fn title(metric: Metric) -> &'static str {
    match metric {
        Metric::Throughput => "throughput",
        Metric::P50 => "p50",
        Metric::P99 => "p99",
        Metric::CpuPerTask => "CPU/task",
        Metric::Instructions => "instructions",
        Metric::PeakRss => "peak RSS",
    }
}

/// Returns a value of the metric with its unit.
pub(crate) fn value(metric: Metric, value: f64) -> String {
    match metric {
        Metric::Throughput => format!("{}/s", PerSecond(value)),
        Metric::P50 | Metric::P99 | Metric::CpuPerTask => Seconds(value).to_string(),
        Metric::Instructions => PerSecond(value).to_string(),
        Metric::PeakRss => Bytes(value.max(0.0).round() as u64).to_string(),
    }
}

/// Returns the ratio with its interval: `0.90x (0.88–0.93)`, `0.90x (unknown)`.
pub(crate) fn ratio(of: &MetricVerdict) -> String {
    let interval = of.ci95.map(|ends| uncertainty::interval(ends, |end| format!("{end:.2}")));
    format!("{:.2}x ({})", of.ratio, interval.as_deref().unwrap_or(uncertainty::UNKNOWN))
}

/// Returns the smallest change that would have been seen: `, would have seen 14%`, or `, cannot tell (too noisy:
/// ...)` if even a tenfold change would not.
pub(crate) fn visible(of: &MetricVerdict) -> String {
    match of.smallest_effect.and_then(uncertainty::effect) {
        Some(effect) => format!(", would have seen {effect}"),
        None => format!(", cannot tell{}", of.doubt.as_ref().map(noise).unwrap_or_default()),
    }
}

/// Returns what makes a metric too noisy.
fn noise(doubt: &Doubt) -> String {
    let share = |share: f64| uncertainty::effect(share).unwrap_or_else(|| "more than tenfold".to_owned());
    match doubt {
        Doubt::FewBatches { batches: 1 } => " (only 1 batch was measured)".to_owned(),
        Doubt::FewBatches { batches } => format!(" (only {batches} batches were measured)"),
        Doubt::Spread { share: of } => format!(" (too noisy: batches differ, {} either way)", share(*of)),
        Doubt::Machine { share: of } => {
            format!(" (too noisy: other programs may account for {})", share(*of))
        }
    }
}

/// Returns the smallest change that would have been seen, for a cell of a table.
pub(crate) fn smallest_effect(of: &MetricVerdict) -> String {
    let effect = of.smallest_effect.and_then(uncertainty::effect);
    effect.unwrap_or_else(|| uncertainty::UNKNOWN.to_owned())
}

/// Returns a share as a percentage.
pub(crate) fn share(share: f64) -> String {
    Share(share).to_string()
}

/// Returns the values of both sides and, for a metric without a change, the smallest visible one.
pub(crate) fn sentence(of: &MetricVerdict) -> String {
    let is_seen = matches!(of.verdict, GateVerdict::Improved | GateVerdict::Regressed);
    format!(
        "{} {}: {} instead of {}, threshold {}{}",
        title(of.metric),
        ratio(of),
        value(of.metric, of.current),
        value(of.metric, of.reference),
        share(of.threshold),
        if is_seen { String::new() } else { visible(of) },
    )
}

/// Returns the two sides and the way they were measured.
pub(crate) fn comparison(gate: &GateReport) -> String {
    let how = match gate.design {
        ComparisonDesign::Paired => "measured alternately",
        ComparisonDesign::Stored => "measured earlier",
    };
    let cell = gate.cell.map(|cell| format!("{cell}, ")).unwrap_or_default();
    format!("{cell}against {}, {how}", gate.reference)
}

/// Returns the change of the advice; `None` if there is none.
pub(crate) fn drift(advice: &AdviceDrift) -> Option<String> {
    let [before, now] = advice.recommended;
    let [class_before, class_now] = advice.class;
    let cells = format!("{before} before, {now} now");
    let classes = (class_before != class_now)
        .then(|| format!("; {} before, {} now", class_before.as_str(), class_now.as_str()));
    match advice.verdict {
        AdviceChange::Unchanged => None,
        AdviceChange::Changed => Some(format!("changed: {cells}{}", classes.unwrap_or_default())),
        AdviceChange::Undecided => {
            Some(format!("undecided: {cells}; the measurement cannot distinguish them"))
        }
    }
}

/// Returns the reason that nothing could be compared, or that the verdict says less than it might.
pub(crate) fn reason(reason: &GateReason) -> String {
    match reason {
        GateReason::NotInFile { file } => format!("'{file}' has no results for this workload"),
        GateReason::WorkloadChanged { file } => {
            format!("the workload has changed since '{file}' was written")
        }
        GateReason::NotInSuite { reference } => {
            format!("the suite of '{reference}' does not have this workload")
        }
        GateReason::DefinedDifferently { reference } => {
            format!("'{reference}' defines this workload differently")
        }
        GateReason::OtherInterpreter { there, here } => {
            format!("the interpreter has changed: Python {there} there, {here} here")
        }
        GateReason::OtherConfiguration { there, here } => {
            format!("the earlier run measured {there}, this one {here}")
        }
        GateReason::OtherCpuSteps => "the workload's CPU steps differ from the earlier run's".to_owned(),
        GateReason::NoCommonConfiguration => "no configuration was measured in both runs".to_owned(),
        GateReason::NoSeries => {
            "one side has no series of batches, so only the results of configurations were compared"
                .to_owned()
        }
        GateReason::OtherMachine => "the earlier results are from another machine".to_owned(),
        GateReason::FewPairs { pairs, wanted } => {
            format!("only {pairs} pairs were measured; {wanted} would show more")
        }
        GateReason::ReferenceFails => "no task of the other side succeeded".to_owned(),
        GateReason::ReferenceCannotRun { error } => format!("the other side cannot be run: {error}"),
        GateReason::CannotRun { error } => error.clone(),
        GateReason::NothingMeasured => "nothing in the workload could be measured".to_owned(),
        GateReason::MoreTasksFail(tasks) => failed(tasks),
        GateReason::PerhapsMoreTasksFail(tasks) => format!("{}, which may be chance", failed(tasks)),
    }
}

fn failed(tasks: &FailedTasks) -> String {
    let FailedTasks { failed, started, reference_failed, reference_started } = tasks;
    format!("{failed} of {started} tasks failed, {reference_failed} of {reference_started} on the other side")
}

/// Returns the number of workloads with each verdict, and of those that are missing; `None` if there was nothing to
/// compare.
pub(crate) fn suite(reports: &[Report], missing: usize) -> Option<String> {
    let gates: Vec<&GateReport> = reports.iter().filter_map(|report| report.gate.as_ref()).collect();
    if gates.is_empty() && missing == 0 {
        return None;
    }
    let counts = VERDICTS.into_iter().filter_map(|verdict| {
        let count = gates.iter().filter(|gate| gate.verdict == verdict).count();
        (count > 0).then(|| format!("{count} {verdict}"))
    });
    let mut parts: Vec<String> = counts.collect();
    let changed =
        |gate: &&&GateReport| gate.advice.is_some_and(|advice| advice.verdict == AdviceChange::Changed);
    match gates.iter().filter(changed).count() {
        0 => {}
        count => parts.push(format!("advice changed in {count}")),
    }
    if missing > 0 {
        parts.push(format!("{missing} missing"));
    }
    Some(parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::Configuration;
    use crate::report::example;

    #[test]
    fn every_reason_has_its_sentence() {
        let file = || "old.json".to_owned();
        let tasks = FailedTasks { failed: 12, started: 400, reference_failed: 0, reference_started: 400 };
        let (there, here) =
            (Configuration::REFERENCE, Configuration { width: 2, ..Configuration::REFERENCE });
        for (of, expected) in [
            (GateReason::NotInFile { file: file() }, "'old.json' has no results for this workload"),
            (
                GateReason::WorkloadChanged { file: file() },
                "the workload has changed since 'old.json' was written",
            ),
            (
                GateReason::NotInSuite { reference: "main".to_owned() },
                "the suite of 'main' does not have this workload",
            ),
            (
                GateReason::DefinedDifferently { reference: "main".to_owned() },
                "'main' defines this workload differently",
            ),
            (
                GateReason::OtherInterpreter { there: "2.7".to_owned(), here: "3.12".to_owned() },
                "the interpreter has changed: Python 2.7 there, 3.12 here",
            ),
            (
                GateReason::OtherConfiguration { there, here },
                "the earlier run measured sequential 1, this one sequential 2",
            ),
            (GateReason::OtherCpuSteps, "the workload's CPU steps differ from the earlier run's"),
            (GateReason::NoCommonConfiguration, "no configuration was measured in both runs"),
            (
                GateReason::NoSeries,
                "one side has no series of batches, so only the results of configurations were compared",
            ),
            (GateReason::OtherMachine, "the earlier results are from another machine"),
            (GateReason::FewPairs { pairs: 4, wanted: 20 }, "only 4 pairs were measured; 20 would show more"),
            (GateReason::ReferenceFails, "no task of the other side succeeded"),
            (
                GateReason::ReferenceCannotRun { error: "no such file".to_owned() },
                "the other side cannot be run: no such file",
            ),
            (GateReason::CannotRun { error: "no such file".to_owned() }, "no such file"),
            (GateReason::NothingMeasured, "nothing in the workload could be measured"),
            (GateReason::MoreTasksFail(tasks), "12 of 400 tasks failed, 0 of 400 on the other side"),
            (
                GateReason::PerhapsMoreTasksFail(tasks),
                "12 of 400 tasks failed, 0 of 400 on the other side, which may be chance",
            ),
        ] {
            assert_eq!(reason(&of), expected);
        }
    }

    #[test]
    fn a_spread_that_says_nothing_is_unknown() {
        let mut of = example::gated().gate.unwrap().metrics[2];
        assert_eq!(visible(&of), ", would have seen 14%");
        (of.ci95, of.smallest_effect) = (Some([1e-9, 2.69e9]), Some(48_783_698_615_584.0));
        assert_eq!(visible(&of), ", cannot tell (too noisy: batches differ, 9% either way)");
        of.doubt = Some(Doubt::Machine { share: 4.5e13 });
        assert_eq!(
            visible(&of),
            ", cannot tell (too noisy: other programs may account for more than tenfold)"
        );
        assert_eq!(smallest_effect(&of), "unknown");
        assert!(ratio(&of).ends_with("x (unknown)"), "{}", ratio(&of));
        of.ci95 = None;
        assert!(ratio(&of).ends_with("x (unknown)"));
    }
}

//! What a gate says, in words that every format shares.

use crate::gate::result::AdviceVerdict;
use crate::gate::{AdviceDrift, Design, Gate, Metric, MetricVerdict, Verdict};
use crate::report::document::Report;
use crate::units::{Bytes, PerSecond, Seconds, Share};

/// Every verdict, from the one to look at first.
pub(super) const VERDICTS: [Verdict; 4] =
    [Verdict::Regressed, Verdict::Inconclusive, Verdict::Improved, Verdict::Unchanged];

/// The metric in words.
pub(super) fn title(metric: Metric) -> &'static str {
    match metric {
        Metric::Throughput => "throughput",
        Metric::P50 => "p50",
        Metric::P99 => "p99",
        Metric::CpuPerTask => "CPU/task",
        Metric::PeakRss => "peak RSS",
    }
}

/// A value of the metric with its unit.
pub(super) fn value(metric: Metric, value: f64) -> String {
    match metric {
        Metric::Throughput => format!("{}/s", PerSecond(value)),
        Metric::P50 | Metric::P99 | Metric::CpuPerTask => Seconds(value).to_string(),
        Metric::PeakRss => Bytes(value.max(0.0).round() as u64).to_string(),
    }
}

/// The ratio with its interval: `0.90x (0.88–0.93)`.
pub(super) fn ratio(of: &MetricVerdict) -> String {
    let interval = of.ci95.map(|[low, high]| format!(" ({low:.2}–{high:.2})")).unwrap_or_default();
    format!("{:.2}x{interval}", of.ratio)
}

/// The change that would have been seen, where the spread is known: `, would have seen 14%`.
pub(super) fn visible(of: &MetricVerdict) -> String {
    of.smallest_effect.map(|effect| format!(", would have seen {}", change(effect))).unwrap_or_default()
}

/// A change by a share; one of more than the whole is a ratio.
pub(super) fn change(share: f64) -> String {
    if share < 1.0 { Share(share).to_string() } else { format!("{:.0}x", 1.0 + share) }
}

/// A share as a percentage.
pub(super) fn share(share: f64) -> String {
    Share(share).to_string()
}

/// What was measured on both sides, and where nothing was seen how much could have been.
pub(super) fn sentence(of: &MetricVerdict) -> String {
    let is_seen = matches!(of.verdict, Verdict::Improved | Verdict::Regressed);
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

/// What was compared with what, and how.
pub(super) fn comparison(gate: &Gate) -> String {
    let how = match gate.design {
        Design::Paired => "measured alternately",
        Design::Stored => "measured earlier",
    };
    let cell = gate.cell.map(|cell| format!("{cell}, ")).unwrap_or_default();
    format!("{cell}against {}, {how}", gate.reference)
}

/// What became of the advice; `None` where it is the same.
pub(super) fn drift(advice: &AdviceDrift) -> Option<String> {
    let [before, now] = advice.recommended;
    let [class_before, class_now] = advice.class;
    let cells = format!("{before} before, {now} now");
    let classes = (class_before != class_now)
        .then(|| format!("; {} before, {} now", class_before.as_str(), class_now.as_str()));
    match advice.verdict {
        AdviceVerdict::Unchanged => None,
        AdviceVerdict::Changed => Some(format!("changed: {cells}{}", classes.unwrap_or_default())),
        AdviceVerdict::Undecided => {
            Some(format!("undecided: {cells}, which the measurement does not tell apart"))
        }
    }
}

/// How many workloads got which verdict; `None` where nothing was to be compared.
pub(super) fn suite(reports: &[Report]) -> Option<String> {
    let gates: Vec<&Gate> = reports.iter().filter_map(|report| report.gate.as_ref()).collect();
    if gates.is_empty() {
        return None;
    }
    let counts = VERDICTS.into_iter().filter_map(|verdict| {
        let count = gates.iter().filter(|gate| gate.verdict == verdict).count();
        (count > 0).then(|| format!("{count} {verdict}"))
    });
    let mut parts: Vec<String> = counts.collect();
    let changed = |gate: &&&Gate| gate.advice.is_some_and(|advice| advice.verdict == AdviceVerdict::Changed);
    match gates.iter().filter(changed).count() {
        0 => {}
        count => parts.push(format!("advice changed in {count}")),
    }
    Some(parts.join(", "))
}

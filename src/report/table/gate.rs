//! Comparison of workloads with an earlier state of themselves.

use crate::gate::presence::MissingWorkload;
use crate::gate::{GateReport, GateVerdict, MetricVerdict};
use crate::report::document::Report;
use crate::report::prose;
use crate::report::prose::gate as wording;
use crate::report::table::screen::{Role, Screen};

/// Adds the gate of one workload: the metrics, grouped by verdict.
pub(super) fn section(screen: &mut Screen, report: &Report) {
    let Some(gate) = &report.gate else { return };
    let mut lines: Vec<String> = wording::VERDICTS.iter().filter_map(|v| metrics(screen, gate, *v)).collect();
    if gate.metrics.is_empty() {
        lines.push(format!("{}: nothing could be compared", gate.verdict));
    } else {
        lines.push(wording::comparison(gate));
    }
    lines.extend(prose::outcomes::remarks(gate));
    lines.extend(gate.advice.as_ref().and_then(wording::drift).map(|drift| format!("advice {drift}")));
    for (i, line) in lines.iter().enumerate() {
        screen.labelled(0, if i == 0 { "Gate" } else { "" }, line);
    }
}

/// Returns the metrics with this verdict; `None` if there are none.
fn metrics(screen: &Screen, gate: &GateReport, verdict: GateVerdict) -> Option<String> {
    let described: Vec<String> = gate
        .metrics
        .iter()
        .filter(|of| of.verdict == verdict)
        .map(|of| if screen.options().verbose { wording::sentence(of) } else { brief(of) })
        .collect();
    let between = if verdict == GateVerdict::Unchanged { ", " } else { "; " };
    (!described.is_empty()).then(|| format!("{verdict}: {}", described.join(between)))
}

/// Returns the change of a metric, or the smallest visible one, as its verdict requires.
fn brief(of: &MetricVerdict) -> String {
    let title = wording::title(of.metric);
    match of.verdict {
        GateVerdict::Regressed => {
            format!("{title} {}, threshold {}", wording::ratio(of), wording::share(of.threshold))
        }
        GateVerdict::Improved => format!("{title} {}", wording::ratio(of)),
        GateVerdict::Inconclusive => format!("{title} {}{}", wording::ratio(of), wording::visible(of)),
        GateVerdict::Unchanged => title.to_owned(),
    }
}

/// Adds the verdicts of all gates, below everything.
pub(super) fn suite(screen: &mut Screen, reports: &[Report], missing: &[MissingWorkload]) {
    let Some(counts) = wording::suite(reports, missing.len()) else { return };
    let is_worse =
        reports.iter().any(|r| r.gate.as_ref().is_some_and(|g| g.verdict == GateVerdict::Regressed));
    screen.gap();
    for of in missing {
        screen.paragraph(Role::Faint, &format!("{}: {}", of.name, prose::outcomes::missing(of)));
    }
    screen.paragraph(if is_worse { Role::Trouble } else { Role::Heading }, &format!("Gate: {counts}"));
}

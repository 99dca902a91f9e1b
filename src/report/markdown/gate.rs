//! Verdicts of the gates, for a comment on a pull request.

use crate::gate::presence::MissingWorkload;
use crate::gate::result::AdviceChange;
use crate::gate::{GateVerdict, MetricVerdict};
use crate::report::document::Report;
use crate::report::markdown::table_line::{escaped, line};
use crate::report::prose;
use crate::report::prose::gate as wording;

const HEADINGS: [&str; 8] =
    ["Workload", "Metric", "Verdict", "Now", "Reference", "Ratio (95% CI)", "Threshold", "Smallest effect"];

/// Returns a table of the metrics of every workload, with remarks; `None` if there was nothing to compare.
pub(super) fn section(reports: &[Report], missing: &[MissingWorkload]) -> Option<String> {
    let counts = wording::suite(reports, missing.len())?;
    let red = prose::outcomes::headline(reports).map(|red| format!(": {}", escaped(&red)));
    let mut out = format!("## Gate: {counts}{}\n\n", red.unwrap_or_default());
    let rows: String = reports.iter().map(rows).collect();
    if !rows.is_empty() {
        out += &line(HEADINGS.iter().map(|heading| (*heading).to_owned()));
        out += &line(["---"; 3].into_iter().chain(["--:"; 5]).map(str::to_owned));
        out += &rows;
        out.push('\n');
    }
    out += &reports.iter().map(remarks).collect::<String>();
    let absent = |of: &MissingWorkload| {
        format!("- {}: {}\n", escaped(&of.name), escaped(&prose::outcomes::missing(of)))
    };
    out += &missing.iter().map(absent).collect::<String>();
    Some(out)
}

fn rows(report: &Report) -> String {
    let gates = report.gate.iter().flat_map(|gate| &gate.metrics);
    gates.map(|of| line(row(report, of).into_iter())).collect()
}

fn row(report: &Report, of: &MetricVerdict) -> [String; 8] {
    let verdict = match of.verdict {
        GateVerdict::Regressed => format!("**{}**", of.verdict),
        _ => of.verdict.to_string(),
    };
    [
        escaped(&report.workload.name),
        wording::title(of.metric).to_owned(),
        verdict,
        wording::value(of.metric, of.current),
        wording::value(of.metric, of.reference),
        wording::ratio(of),
        wording::share(of.threshold),
        wording::smallest_effect(of),
    ]
}

/// Returns the comparison, its reason and the change of the advice.
fn remarks(report: &Report) -> String {
    let Some(gate) = &report.gate else { return String::new() };
    let compared = (!gate.metrics.is_empty()).then(|| wording::comparison(gate));
    let advice = gate.advice.as_ref().and_then(|advice| {
        let drift = wording::drift(advice)?;
        let is_changed = advice.verdict == AdviceChange::Changed;
        Some(if is_changed { format!("**advice** {drift}") } else { format!("advice {drift}") })
    });
    let told =
        compared.into_iter().chain(prose::outcomes::remarks(gate)).map(|text| escaped(&text)).chain(advice);
    let name = escaped(&report.workload.name);
    told.map(|text| format!("- {name}: {text}\n")).collect()
}

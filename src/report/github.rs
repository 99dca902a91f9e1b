//! Annotations of a workflow of GitHub Actions.
//!
//! The form: <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>; the
//! escaping of values: `escapeData` and `escapeProperty` of `@actions/core`, `src/command.ts`.

use crate::gate::result::AdviceChange;
use crate::gate::{GateReport, GateVerdict, MetricVerdict};
use crate::report::document::{FailedWorkload, Report};
use crate::report::prose::gate as wording;

/// Returns a line for each workload that regressed, is inconclusive, has other advice than before or
/// `failed`; empty if there is nothing to say.
pub(crate) fn annotations(reports: &[Report], failed: &[FailedWorkload]) -> String {
    let gates =
        reports.iter().filter_map(|report| Some(of_gate(&report.workload.name, report.gate.as_ref()?)));
    let failures = failed.iter().map(|of| line("error", &format!("{} failed", of.name), &of.message));
    failures.chain(gates).collect()
}

fn of_gate(workload: &str, gate: &GateReport) -> String {
    let verdict = match gate.verdict {
        GateVerdict::Regressed => Some(line("error", &format!("{workload} regressed"), &message(gate))),
        GateVerdict::Inconclusive => {
            Some(line("notice", &format!("{workload} is inconclusive"), &message(gate)))
        }
        GateVerdict::Improved | GateVerdict::Unchanged => None,
    };
    let changed = gate.advice.as_ref().filter(|advice| advice.verdict == AdviceChange::Changed);
    let advice = changed.and_then(wording::drift);
    let advice = advice.map(|drift| line("warning", &format!("{workload} has other advice"), &drift));
    verdict.into_iter().chain(advice).collect()
}

/// Returns the metrics that decided, a line each, and remarks on them.
fn message(gate: &GateReport) -> String {
    let decided = gate.metrics.iter().filter(|of: &&MetricVerdict| of.verdict == gate.verdict);
    let lines: Vec<String> =
        decided.map(wording::sentence).chain(gate.reason.as_ref().map(wording::reason)).collect();
    lines.join("\n")
}

fn line(command: &str, title: &str, message: &str) -> String {
    let property = data(title).replace(':', "%3A").replace(',', "%2C");
    format!("::{command} title={property}::{}\n", data(message))
}

/// Returns `text` with its line breaks escaped and other control characters replaced: those could control a
/// terminal.
fn data(text: &str) -> String {
    let plain = |c: char| if c.is_control() && !matches!(c, '\n' | '\r') { '\u{fffd}' } else { c };
    let plain: String = text.chars().map(plain).collect();
    plain.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn what_regressed_is_an_error_and_what_cannot_be_told_a_notice() {
        insta::assert_snapshot!(annotations(&example::bench().results, &example::bench().failed));
        assert_eq!(annotations(&[example::advise()], &[]), "");
    }

    #[test]
    fn nothing_in_a_name_is_taken_for_a_command() {
        let mut report = example::gated();
        report.workload.name = "a,b:c%\n::error::d\u{1b}[2J".to_owned();
        report.gate.as_mut().unwrap().advice = None;
        let text = annotations(&[report], &[]);
        let title = "a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3Ad\u{fffd}[2J regressed";
        assert!(text.starts_with(&format!("::error title={title}::throughput 0.90x")), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

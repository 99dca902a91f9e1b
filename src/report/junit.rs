//! JUnit XML: a suite for each workload, a test case for each metric that was compared.
//!
//! Valid by the schema of Jenkins' xUnit plugin (`junit-10.xsd`), which is that of Maven Surefire, and
//! by the older `junit-4.xsd`; therefore the reason for skipping is text and not an attribute.

use crate::benchmark::result::Status;
use crate::gate::result::AdviceChange;
use crate::gate::{AdviceDrift, GateVerdict, MetricVerdict};
use crate::report::document::{FailedWorkload, Report};
use crate::report::markup::escaped;
use crate::report::prose::gate as wording;

/// Time of every test case, in seconds: readers expect one, and the time of a comparison says nothing.
const NO_TIME: &str = "0";

/// Name of the test case that says whether there are results at all.
const MEASURED: &str = "measured";

/// The outcome of a test case.
enum Outcome {
    Passed,
    /// Something got worse: the type of failure, and the message.
    Failed(&'static str, String),
    /// The measurement is inconclusive.
    Skipped(String),
    /// The workload could not be measured.
    Error(String),
}

struct Case {
    name: &'static str,
    outcome: Outcome,
}

struct Suite<'a> {
    name: &'a str,
    /// The report; `None` if the workload failed.
    report: Option<&'a Report>,
    cases: Vec<Case>,
}

/// Returns the gates of all `reports`. A metric that regressed is a failure, as is advice that changed; an
/// inconclusive case is skipped; a workload that `failed`, or of which nothing could be measured, is an
/// error.
pub(crate) fn to_string(reports: &[Report], failed: &[FailedWorkload]) -> String {
    let suites: Vec<Suite<'_>> = reports.iter().map(suite).chain(failed.iter().map(failure)).collect();
    let all = || suites.iter().flat_map(|suite| &suite.cases);
    let counts = counts(all());
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    out += &format!("<testsuites name=\"conc\" {counts} time=\"{NO_TIME}\">\n");
    suites.iter().for_each(|suite| write_suite(&mut out, suite));
    out += "</testsuites>\n";
    out
}

fn suite(report: &Report) -> Suite<'_> {
    Suite { name: &report.workload.name, report: Some(report), cases: cases(report) }
}

fn failure(failed: &FailedWorkload) -> Suite<'_> {
    let code = failed.code.map(|code| format!("{code}: ")).unwrap_or_default();
    // A message may begin with its code.
    let message = failed.message.strip_prefix(&code).unwrap_or(&failed.message);
    let outcome = Outcome::Error(format!("{code}{message}"));
    Suite { name: &failed.name, report: None, cases: vec![Case { name: MEASURED, outcome }] }
}

fn cases(report: &Report) -> Vec<Case> {
    let mut cases = vec![Case { name: MEASURED, outcome: measured(report) }];
    let Some(gate) = &report.gate else { return cases };
    cases.extend(gate.metrics.iter().map(|of| Case { name: of.metric.as_str(), outcome: compared(of) }));
    if gate.metrics.is_empty() {
        let reason =
            gate.reason.as_ref().map_or_else(|| "nothing could be compared".to_owned(), wording::reason);
        cases.push(Case { name: "gate", outcome: Outcome::Skipped(reason) });
    }
    if let Some(outcome) = gate.advice.as_ref().map(advised) {
        cases.push(Case { name: "advice", outcome });
    }
    cases
}

/// Returns the outcome of [`MEASURED`]: an error unless any task of any cell succeeded.
fn measured(report: &Report) -> Outcome {
    if report.flag.is_some() || report.is_prediction() || report.cells.iter().any(|cell| cell.tasks.ok > 0) {
        return Outcome::Passed;
    }
    let failed = report.cells.iter().find(|cell| cell.status == Status::Failed).or(report.cells.first());
    let error = failed.and_then(|cell| cell.errors.first()).map(|e| format!("{}: {}", e.code, e.message));
    let reason = failed.and_then(|cell| cell.reason.as_ref()).map(ToString::to_string).or(error);
    Outcome::Error(reason.unwrap_or_else(|| "nothing could be measured".to_owned()))
}

fn compared(of: &MetricVerdict) -> Outcome {
    match of.verdict {
        GateVerdict::Regressed => Outcome::Failed("regressed", wording::sentence(of)),
        GateVerdict::Inconclusive => Outcome::Skipped(format!("inconclusive: {}", wording::sentence(of))),
        GateVerdict::Improved | GateVerdict::Unchanged => Outcome::Passed,
    }
}

fn advised(advice: &AdviceDrift) -> Outcome {
    match (advice.verdict, wording::drift(advice)) {
        (AdviceChange::Changed, Some(drift)) => Outcome::Failed("advice-changed", format!("advice {drift}")),
        (AdviceChange::Undecided, Some(drift)) => Outcome::Skipped(format!("advice {drift}")),
        _ => Outcome::Passed,
    }
}

fn counts<'a>(cases: impl Iterator<Item = &'a Case> + Clone) -> String {
    let count = |wanted: fn(&Outcome) -> bool| cases.clone().filter(|case| wanted(&case.outcome)).count();
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\"",
        cases.clone().count(),
        count(|outcome| matches!(outcome, Outcome::Failed(..))),
        count(|outcome| matches!(outcome, Outcome::Error(_))),
    )
}

fn write_suite(out: &mut String, suite: &Suite<'_>) {
    let name = escaped(suite.name);
    let skipped = suite.cases.iter().filter(|case| matches!(case.outcome, Outcome::Skipped(_))).count();
    let counts = counts(suite.cases.iter());
    *out += &format!("  <testsuite name=\"{name}\" {counts} skipped=\"{skipped}\" time=\"{NO_TIME}\">\n");
    if let Some(report) = suite.report {
        write_properties(out, report);
    }
    for case in &suite.cases {
        let head =
            format!("    <testcase classname=\"conc.{name}\" name=\"{}\" time=\"{NO_TIME}\"", case.name);
        *out += &match &case.outcome {
            Outcome::Passed => format!("{head}/>\n"),
            Outcome::Failed(kind, message) => {
                format!("{head}>{}</testcase>\n", told("failure", kind, message))
            }
            Outcome::Error(message) => format!("{head}>{}</testcase>\n", told("error", "failed", message)),
            Outcome::Skipped(reason) => format!("{head}><skipped>{}</skipped></testcase>\n", escaped(reason)),
        };
    }
    *out += "  </testsuite>\n";
}

/// Returns the message as attribute and as text: some readers show the attribute, others the text.
fn told(element: &str, kind: &str, message: &str) -> String {
    let message = escaped(message);
    format!("<{element} type=\"{kind}\" message=\"{message}\">{message}</{element}>")
}

fn write_properties(out: &mut String, report: &Report) {
    let gate = report.gate.as_ref();
    let properties = [
        ("conc", Some(report.conc_version.clone())),
        ("cpu", Some(format!("{}, {} effective", report.host.cpu_model, report.host.cpus_effective))),
        ("compared", gate.filter(|gate| !gate.metrics.is_empty()).map(wording::comparison)),
        ("reason", gate.and_then(|gate| gate.reason.as_ref()).map(wording::reason)),
    ];
    *out += "    <properties>\n";
    for (name, value) in properties {
        let Some(value) = value else { continue };
        *out += &format!("      <property name=\"{name}\" value=\"{}\"/>\n", escaped(&value));
    }
    *out += "    </properties>\n";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    fn nothing_measured() -> Report {
        let mut report = example::advise();
        report.workload.name = "<&\"'\u{0}\u{1b}[31m\u{ffff}]]> 宽🦀\n".to_owned();
        report.cells.retain(|cell| cell.status != Status::Ok);
        for cell in &mut report.cells {
            cell.tasks.ok = 0;
        }
        report
    }

    fn all() -> String {
        let mut reports = example::bench().results;
        reports.push(nothing_measured());
        to_string(&reports, &example::bench().failed)
    }

    #[test]
    fn a_case_for_each_metric_says_what_became_of_it() {
        insta::assert_snapshot!(all());
    }

    #[test]
    fn a_run_without_a_gate_is_one_case_that_passed() {
        let text = to_string(&[example::advise()], &[]);
        assert!(text.contains("tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\""), "{text}");
        assert!(text.contains("name=\"measured\" time=\"0\"/>"), "{text}");
    }
}

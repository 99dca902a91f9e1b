//! JUnit XML: a suite for each workload, a test case for each metric that was compared.
//!
//! Valid by the schema of Jenkins' xUnit plugin (`junit-10.xsd`), which is that of Maven Surefire, and
//! by the older `junit-4.xsd`; therefore the reason for skipping is text and not an attribute.

use crate::benchmark::result::Status;
use crate::gate::outcome_change::OutcomeChange;
use crate::gate::presence::{MissingWorkload, Presence};
use crate::gate::result::AdviceChange;
use crate::gate::{AdviceDrift, GateReport, GateVerdict, MetricVerdict};
use crate::report::document::{FailedWorkload, Report};
use crate::report::markup::escaped;
use crate::report::prose;
use crate::report::prose::gate as wording;

/// Time of a test case that is a comparison, in seconds: the measuring is that of the case [`MEASURED`].
const NO_TIME: &str = "0";

/// Name of the test case that says whether there are results at all.
const MEASURED: &str = "measured";

/// Name of the test case that says whether both sides have the workload.
const PRESENT: &str = "present";

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

impl Case {
    /// Returns the time of the case, in a suite that took `elapsed_s` seconds.
    fn time(&self, elapsed_s: f64) -> String {
        if self.name == MEASURED { seconds(elapsed_s) } else { NO_TIME.to_owned() }
    }
}

struct Suite<'a> {
    name: &'a str,
    /// The report; `None` if the workload failed.
    report: Option<&'a Report>,
    cases: Vec<Case>,
}

/// Returns the gates of all `reports`. A metric that regressed is a failure, as are advice, outputs and exit
/// statuses that changed; an inconclusive case and a workload that is `missing` are skipped; a workload that
/// `failed`, or of which nothing could be measured, is an error.
pub(crate) fn to_string(
    reports: &[Report],
    failed: &[FailedWorkload],
    missing: &[MissingWorkload],
) -> String {
    let failures = failed.iter().map(failure).chain(missing.iter().map(absent));
    let suites: Vec<Suite<'_>> = reports.iter().map(suite).chain(failures).collect();
    let all = || suites.iter().flat_map(|suite| &suite.cases);
    let counts = counts(all());
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let time = seconds(suites.iter().map(Suite::elapsed_s).sum());
    out += &format!("<testsuites name=\"conc\" {counts} time=\"{time}\">\n");
    suites.iter().for_each(|suite| write_suite(&mut out, suite));
    out += "</testsuites>\n";
    out
}

impl Suite<'_> {
    /// Returns the seconds that measuring took; 0 if it is not known.
    fn elapsed_s(&self) -> f64 {
        self.report.and_then(|report| report.elapsed_s).unwrap_or(0.0)
    }
}

fn seconds(elapsed_s: f64) -> String {
    if elapsed_s > 0.0 { format!("{elapsed_s:.3}") } else { NO_TIME.to_owned() }
}

fn absent(of: &MissingWorkload) -> Suite<'_> {
    let outcome = Outcome::Skipped(prose::outcomes::missing(of));
    Suite { name: &of.name, report: None, cases: vec![Case { name: PRESENT, outcome }] }
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
    cases.extend(gate.outcomes.iter().flat_map(given));
    if let Some(outcome) = present(gate) {
        cases.push(Case { name: PRESENT, outcome });
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

/// Returns a case for the outputs and one for the exit statuses.
fn given(change: &OutcomeChange) -> [Case; 2] {
    let statuses: Vec<String> = change.new_statuses.iter().map(prose::outcomes::status).collect();
    let outputs = match (prose::outcomes::outputs(change), change.outputs) {
        (Some(changed), _) => Outcome::Failed("outputs-changed", changed),
        (None, Some(_)) => Outcome::Passed,
        (None, None) => Outcome::Skipped("no output could be compared".to_owned()),
    };
    let is_new = !statuses.is_empty();
    let statuses =
        if is_new { Outcome::Failed("statuses-changed", statuses.join("; ")) } else { Outcome::Passed };
    [Case { name: "outputs", outcome: outputs }, Case { name: "exit-statuses", outcome: statuses }]
}

/// Returns the outcome of [`PRESENT`]; `None` if both sides have the workload, or the reason says already that one
/// has not.
fn present(gate: &GateReport) -> Option<Outcome> {
    match gate.presence {
        Presence::Renamed { .. } => Some(Outcome::Passed),
        Presence::Both | Presence::Redefined | Presence::New => None,
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
    *out += &format!(
        "  <testsuite name=\"{name}\" {counts} skipped=\"{skipped}\" time=\"{}\">\n",
        seconds(suite.elapsed_s())
    );
    if let Some(report) = suite.report {
        write_properties(out, report);
    }
    for case in &suite.cases {
        let time = case.time(suite.elapsed_s());
        let head = format!("    <testcase classname=\"conc.{name}\" name=\"{}\" time=\"{time}\"", case.name);
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
        (
            "reason",
            gate.map(|gate| prose::outcomes::remarks(gate).join("; ")).filter(|text| !text.is_empty()),
        ),
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
        let missing = MissingWorkload { name: "gone".to_owned(), reference: "main.json".to_owned() };
        to_string(&reports, &example::bench().failed, &[missing])
    }

    #[test]
    fn a_case_for_each_metric_says_what_became_of_it() {
        insta::assert_snapshot!(all());
    }

    #[test]
    fn a_run_without_a_gate_is_one_case_that_passed() {
        let text = to_string(&[example::advise()], &[], &[]);
        assert!(text.contains("tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\""), "{text}");
        assert!(text.contains("name=\"measured\" time=\"0\"/>"), "{text}");
    }
}

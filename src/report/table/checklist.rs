//! The checklist of a Python callable, with the lines that are wrong.

use crate::advice::check_result::{CheckFinding, CheckResult, CheckStatus};
use crate::python::check::SourceLine;
use crate::report::check::CheckReport;
use crate::report::prose;
use crate::report::prose::workload::counted;
use crate::report::table::screen::{Role, Screen};

/// Indent of the text about a fault, in columns.
const INDENT: usize = 2;

/// Adds the whole list.
pub(super) fn section(screen: &mut Screen, report: &CheckReport) {
    let release = report.python.split_whitespace().next().unwrap_or_default();
    let tasks = counted(report.workload.tasks, "task");
    screen.paragraph(Role::Heading, &format!("{} · {tasks} · Python {release}", report.workload.name));
    screen.gap();
    for check in &report.checks {
        screen.labelled(0, word(check.status), &headline(check));
        check.findings.iter().for_each(|finding| fault(screen, finding));
    }
    screen.gap();
    result(screen, report);
}

fn word(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Passed => "passed",
        CheckStatus::Failed => "FAILED",
        CheckStatus::NotApplicable => "n/a",
    }
}

fn headline(check: &CheckResult) -> String {
    format!("{}: {}", check.check.title(), prose::checklist::detail(&check.detail))
}

/// Adds one fault: its place, the fault in words, its code, and the line itself.
fn fault(screen: &mut Screen, finding: &CheckFinding) {
    let place = finding.place.as_ref().map(|place| format!("{}: ", location(place))).unwrap_or_default();
    let item = finding.item.as_ref().map(|item| format!("item {item}"));
    let count = (finding.count > 1).then(|| format!("seen {} times", finding.count));
    let notes: Vec<_> = item.into_iter().chain(count).collect();
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
    screen.labelled(
        INDENT,
        "",
        &format!("{place}{}{notes} [{}]", prose::checklist::fault(finding), finding.code),
    );
    if let Some(source) = finding.place.as_ref().and_then(|place| place.source.as_ref()) {
        screen.labelled(INDENT + 2, "", source);
    }
}

fn location(place: &SourceLine) -> String {
    match &place.function {
        Some(function) => format!("{}:{} in {function}", place.file, place.line),
        None => format!("{}:{}", place.file, place.line),
    }
}

fn result(screen: &mut Screen, report: &CheckReport) {
    let codes: Vec<_> = report.checks.iter().flat_map(|check| &check.findings).map(|f| f.code).collect();
    match codes.first() {
        None => screen.paragraph(Role::Chosen, "Nothing is wrong."),
        Some(code) => {
            let failed = format!("{} of {} failed.", report.failed(), report.checks.len());
            screen.paragraph(Role::Trouble, &format!("{failed} What to do: conc explain {code}"));
        }
    }
}

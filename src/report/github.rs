//! Annotations of a workflow of GitHub Actions.
//!
//! The form: <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>; the
//! escaping of values: `escapeData` and `escapeProperty` of `@actions/core`, `src/command.ts`.

use crate::characters::{REMOVED, is_control};
use crate::gate::presence::{MissingWorkload, Presence};
use crate::gate::result::AdviceChange;
use crate::gate::{GateReport, GateVerdict, MetricVerdict};
use crate::report::document::{FailedWorkload, Report};
use crate::report::prose;
use crate::report::prose::gate as wording;

/// Annotations of one level that GitHub shows of a step; further ones are dropped without a word.
///
/// <https://docs.github.com/en/actions/reference/limits>: 10 warnings and 10 errors per step.
const MAX_OF_LEVEL: usize = 10;

/// The levels of annotations, from the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Error,
    Warning,
    Notice,
}

impl Level {
    const ALL: [Level; 3] = [Level::Error, Level::Warning, Level::Notice];

    fn command(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Notice => "notice",
        }
    }
}

/// One annotation.
struct Annotation {
    level: Level,
    workload: String,
    /// What follows the workload in the title.
    what: &'static str,
    message: String,
}

/// Returns a line for each workload that regressed, is inconclusive, is `missing`, has another name or other
/// advice than before or `failed`; empty if there is nothing to say. Of one level only as many are written as GitHub
/// shows, the last of which names the others.
pub(crate) fn annotations(
    reports: &[Report],
    failed: &[FailedWorkload],
    missing: &[MissingWorkload],
) -> String {
    let make = |level, workload: &str, what, message| Annotation {
        level,
        workload: workload.to_owned(),
        what,
        message,
    };
    let failures = failed.iter().map(|of| make(Level::Error, &of.name, "failed", of.message.clone()));
    let absent =
        missing.iter().map(|of| make(Level::Warning, &of.name, "is missing", prose::outcomes::missing(of)));
    let gates = reports.iter().filter_map(|report| Some((&report.workload.name, report.gate.as_ref()?)));
    let of_gates = gates.flat_map(|(name, gate)| {
        of_gate(gate).map(move |(level, what, message)| make(level, name, what, message))
    });
    let all: Vec<Annotation> = failures.chain(absent).chain(of_gates).collect();
    Level::ALL.iter().map(|level| of_level(*level, &all)).collect()
}

fn of_level(level: Level, all: &[Annotation]) -> String {
    let own: Vec<&Annotation> = all.iter().filter(|annotation| annotation.level == level).collect();
    let shown = if own.len() > MAX_OF_LEVEL { MAX_OF_LEVEL - 1 } else { own.len() };
    let (shown, rest) = own.split_at(shown);
    let title = |of: &Annotation| format!("{} {}", of.workload, of.what);
    let mut out: String = shown.iter().map(|of| line(level.command(), &title(of), &of.message)).collect();
    if !rest.is_empty() {
        let names: Vec<String> = rest.iter().map(|of| title(of)).collect();
        out += &line(level.command(), &format!("{} more", rest.len()), &names.join("\n"));
    }
    out
}

/// Returns the level, the title and the message of what a gate has to say.
fn of_gate(gate: &GateReport) -> impl Iterator<Item = (Level, &'static str, String)> {
    let verdict = match (gate.verdict, &gate.presence) {
        (GateVerdict::Regressed, _) => Some((Level::Error, "regressed", message(gate))),
        (_, Presence::Redefined) => Some((Level::Warning, "was redefined", message(gate))),
        (_, Presence::New) => Some((Level::Notice, "is new", message(gate))),
        (GateVerdict::Inconclusive, _) => Some((Level::Notice, "is inconclusive", message(gate))),
        (_, Presence::Renamed { .. }) => Some((Level::Notice, "was renamed", message(gate))),
        (GateVerdict::Improved | GateVerdict::Unchanged, Presence::Both) => None,
    };
    let changed = gate.advice.as_ref().filter(|advice| advice.verdict == AdviceChange::Changed);
    let advice = changed.and_then(wording::drift).map(|drift| (Level::Warning, "has other advice", drift));
    verdict.into_iter().chain(advice)
}

/// Returns the metrics that decided, a line each, and remarks on them.
fn message(gate: &GateReport) -> String {
    let decided = gate.metrics.iter().filter(|of: &&MetricVerdict| of.verdict == gate.verdict);
    let lines: Vec<String> = decided.map(wording::sentence).chain(prose::outcomes::remarks(gate)).collect();
    lines.join("\n")
}

fn line(command: &str, title: &str, message: &str) -> String {
    let property = data(title).replace(':', "%3A").replace(',', "%2C");
    format!("::{command} title={property}::{}\n", data(message))
}

/// Returns `text` with its line breaks escaped and other control characters replaced: those could control a
/// terminal.
fn data(text: &str) -> String {
    let plain = |c: char| if is_control(c) && !matches!(c, '\n' | '\r') { REMOVED } else { c };
    let plain: String = text.chars().map(plain).collect();
    plain.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn what_regressed_is_an_error_and_what_cannot_be_told_a_notice() {
        insta::assert_snapshot!(annotations(
            &example::bench().results,
            &example::bench().failed,
            &example::bench().missing
        ));
        assert_eq!(annotations(&[example::advise()], &[], &[]), "");
    }

    #[test]
    fn no_more_of_a_level_than_github_shows_and_the_last_names_the_others() {
        let missing = |i: usize| MissingWorkload { name: format!("w{i}"), reference: "old".to_owned() };
        let count = |n: usize| {
            let text = annotations(&[], &[], &(0..n).map(missing).collect::<Vec<_>>());
            (text.lines().count(), text.lines().last().unwrap().to_owned())
        };
        assert_eq!(count(10).0, MAX_OF_LEVEL);
        let (lines, last) = count(14);
        assert_eq!(lines, MAX_OF_LEVEL);
        assert_eq!(last.split("::").nth(1), Some("warning title=5 more"));
        assert!(last.contains("w9 is missing") && last.contains("w13 is missing"), "{last}");
    }

    #[test]
    fn nothing_in_a_name_is_taken_for_a_command() {
        let mut report = example::gated();
        report.workload.name = "a,b:c%\n::error::d\u{1b}[2J".to_owned();
        report.gate.as_mut().unwrap().advice = None;
        let text = annotations(&[report], &[], &[]);
        let title = "a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3Ad\u{fffd}[2J regressed";
        assert!(text.starts_with(&format!("::error title={title}::throughput 0.90x")), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

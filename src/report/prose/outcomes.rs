//! What the tasks gave, which workloads one side lacks, and what regressed, in one line.

use crate::gate::outcome_change::{OutcomeChange, StatusCount};
use crate::gate::presence::{MissingWorkload, Presence};
use crate::gate::reason::GateReason;
use crate::gate::{GateReport, GateVerdict, Metric, MetricVerdict};
use crate::report::document::Report;
use crate::report::prose::gate::{reason, title};
use crate::units::Share;

/// Exit status from which it stands for a signal.
const SIGNALLED: i32 = 128;

/// Workloads that the headline names.
const MAX_NAMED: usize = 3;

/// Changes of a workload that the headline names, the largest first.
const MAX_CHANGES: usize = 2;

/// Returns the remarks on a gate: why its verdict is weak, another name, other outcomes.
pub(crate) fn remarks(gate: &GateReport) -> Vec<String> {
    let renamed = match &gate.presence {
        Presence::Renamed { before } => Some(format!("renamed: it is called '{before}' on the other side")),
        Presence::Both | Presence::Redefined | Presence::New => None,
    };
    let reason = gate.reason.as_ref().map(reason);
    reason.into_iter().chain(renamed).chain(gate.outcomes.iter().flat_map(outcomes)).collect()
}

/// Returns a sentence for each way in which the outcomes changed.
pub(crate) fn outcomes(change: &OutcomeChange) -> Vec<String> {
    outputs(change).into_iter().chain(change.new_statuses.iter().map(status)).collect()
}

/// Returns the outputs that changed; `None` if none did.
pub(crate) fn outputs(change: &OutcomeChange) -> Option<String> {
    let outputs = change.outputs.filter(|outputs| outputs.is_wrong())?;
    Some(format!("{} of {} outputs are not those of the other side", outputs.differing, outputs.compared))
}

/// Returns an exit status that the other side does not have.
pub(crate) fn status(of: &StatusCount) -> String {
    format!("{} in {} of {} batches, and in none of the other side", exit(of.status), of.batches, of.of)
}

fn exit(status: i32) -> String {
    match status {
        SIGNALLED.. => format!("commands were killed by signal {}", status - SIGNALLED),
        _ => format!("commands ended with exit status {status}"),
    }
}

/// Returns what is known of a workload that only the other side has.
pub(crate) fn missing(of: &MissingWorkload) -> String {
    format!("missing: only '{}' has this workload", of.reference)
}

/// Returns the workloads that regressed and by how much; `None` if none did.
pub(crate) fn headline(reports: &[Report]) -> Option<String> {
    let red: Vec<(&str, &GateReport)> = reports
        .iter()
        .filter_map(|report| Some((report.workload.name.as_str(), report.gate.as_ref()?)))
        .filter(|(_, gate)| gate.verdict == GateVerdict::Regressed)
        .collect();
    let named = red.iter().take(MAX_NAMED).map(|(name, gate)| format!("{name} {}", changes(gate)));
    let mut parts: Vec<String> = named.collect();
    match red.len().saturating_sub(MAX_NAMED) {
        0 => {}
        more => parts.push(format!("{more} more")),
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Returns the largest changes for the worse of a workload.
fn changes(gate: &GateReport) -> String {
    let mut worse: Vec<&MetricVerdict> =
        gate.metrics.iter().filter(|of| of.verdict == GateVerdict::Regressed).collect();
    worse.sort_by(|a, b| b.ratio.ln().abs().total_cmp(&a.ratio.ln().abs()));
    let failing = gate.reason.as_ref().filter(|of| is_failure(of)).map(reason);
    let outcomes = gate.outcomes.iter().flat_map(outcomes);
    let metrics = worse.into_iter().map(|of| format!("{} {}", title(of.metric), change(of)));
    let all: Vec<String> = failing.into_iter().chain(outcomes).chain(metrics).take(MAX_CHANGES).collect();
    all.join(", ")
}

fn is_failure(reason: &GateReason) -> bool {
    matches!(
        reason,
        GateReason::MoreTasksFail(_) | GateReason::CannotRun { .. } | GateReason::NothingMeasured
    )
}

/// Returns the change of a metric: `12% lower`, `2.3x as high`.
fn change(of: &MetricVerdict) -> String {
    let word = if of.metric == Metric::PeakRss { ["smaller", "larger"] } else { ["lower", "higher"] };
    match of.ratio {
        ratio if ratio < 1.0 => format!("{} {}", Share(1.0 - ratio), word[0]),
        ratio if ratio < 2.0 => format!("{} {}", Share(ratio - 1.0), word[1]),
        ratio => format!("{ratio:.1}x as high"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::agreement::{OutputComparison, OutputVerdict};
    use crate::report::example;

    fn changed() -> OutcomeChange {
        let outputs = OutputComparison { verdict: OutputVerdict::Different, compared: 32, differing: 3 };
        let count = |status| StatusCount { status, batches: 20, of: 20 };
        OutcomeChange {
            verdict: GateVerdict::Regressed,
            outputs: Some(outputs),
            new_statuses: vec![count(3), count(139)],
        }
    }

    #[test]
    fn other_outcomes_are_told_one_by_one() {
        assert_eq!(
            outcomes(&changed()),
            [
                "3 of 32 outputs are not those of the other side",
                "commands ended with exit status 3 in 20 of 20 batches, and in none of the other side",
                "commands were killed by signal 11 in 20 of 20 batches, and in none of the other side",
            ]
        );
    }

    #[test]
    fn the_headline_says_what_regressed_by_how_much() {
        let red = example::gated();
        assert_eq!(
            headline(std::slice::from_ref(&red)).unwrap(),
            "web-scraper p50 11% higher, throughput 10% lower"
        );
        let four = headline(&[red.clone(), red.clone(), red.clone(), red.clone()]).unwrap();
        assert!(four.ends_with("; 1 more"), "{four}");
        assert_eq!(headline(&[example::advise()]), None);
        let mut other = red;
        other.gate.as_mut().unwrap().outcomes = Some(changed());
        assert!(headline(&[other]).unwrap().starts_with("web-scraper 3 of 32 outputs"));
    }
}

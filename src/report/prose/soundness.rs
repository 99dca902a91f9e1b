//! The width from which tasks fail, and outputs that are wrong.

use crate::advice::note::{FailingConfiguration, WrongConfiguration};
use crate::advice::{Note, Recommendation};
use crate::benchmark::agreement::OutputComparison;
use crate::benchmark::onset::Onset;
use crate::benchmark::result::ErrorCount;
use crate::report::prose::together::Together;
use crate::units::Share;

/// Returns the sentence about the width from which tasks fail, such as "tasks fail beyond 4 in flight (52% at 6)".
pub(crate) fn failing_beyond(onset: &Onset, work: Together) -> String {
    let Onset { width, at, share } = *onset;
    match width {
        1 if at > 2 => format!("tasks fail at {} ({}), and not one at a time", work.many(at), Share(share)),
        1 => format!("tasks fail as soon as two run at the same time ({})", Share(share)),
        _ => format!("tasks fail beyond {} ({} at {at})", work.many(width), Share(share)),
    }
}

/// Returns what is said before the recommendation: that some configurations gave wrong outputs.
pub(crate) fn wrong_outputs(advice: &Recommendation) -> Option<String> {
    advice.notes.iter().find_map(|note| match note {
        Note::WrongOutputs { wrong: all } => Some(format!("Wrong outputs: {}", wrong(all))),
        _ => None,
    })
}

/// Returns true if a note is said before the recommendation.
pub(crate) fn is_said_first(note: &Note) -> bool {
    matches!(note, Note::WrongOutputs { .. })
}

/// Returns the sentence about configurations that are left out because their tasks fail.
pub(super) fn left_out(failing: &[FailingConfiguration], lowest_share: f64) -> String {
    let names: Vec<_> =
        failing.iter().map(|of| format!("{} ({})", of.configuration, Share(of.share))).collect();
    format!(
        "not considered, because tasks fail: {}; elsewhere {} fail",
        names.join(", "),
        Share(lowest_share)
    )
}

/// Returns the sentence about wrong outputs, with the worst configuration of each strategy.
pub(super) fn wrong(wrong: &[WrongConfiguration]) -> String {
    let mut worst: Vec<&WrongConfiguration> = Vec::new();
    for one in wrong {
        let share = |of: &WrongConfiguration| of.differing as f64 / of.compared.max(1) as f64;
        match worst.iter_mut().find(|w| w.configuration.strategy == one.configuration.strategy) {
            Some(known) if share(one) > share(known) => *known = one,
            Some(_) => {}
            None => worst.push(one),
        }
    }
    let each = worst.iter().map(|w| {
        let WrongConfiguration { configuration, compared, differing } = w;
        format!("{} ({differing} of {compared} at {})", configuration.strategy, configuration.width_label())
    });
    format!(
        "outputs differ from those of sequential for the same items under {}; not recommended",
        each.collect::<Vec<_>>().join(", ")
    )
}

/// Returns the sentence about outputs that are random.
pub(super) fn random(OutputComparison { compared, differing, .. }: &OutputComparison) -> String {
    format!(
        "outputs are random: {differing} of {compared} differed when the same items ran one after another again; \
         those of other strategies were not held against them"
    )
}

/// Returns the sentence about tasks of the recommended configuration that fail.
pub(super) fn tasks_fail(share: f64, cause: Option<&ErrorCount>) -> String {
    let cause = cause.map(|e| format!(", mostly with {} ({})", e.code, e.message)).unwrap_or_default();
    format!("{} of the tasks fail{cause}", Share(share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_width_from_which_tasks_fail_has_its_sentence() {
        let of = |width, at, share| failing_beyond(&Onset { width, at, share }, Together::Tasks);
        assert_eq!(of(4, 6, 0.52), "tasks fail beyond 4 in flight (52% at 6)");
        assert_eq!(of(1, 2, 0.4), "tasks fail as soon as two run at the same time (40%)");
        assert_eq!(of(1, 24, 0.98), "tasks fail at 24 in flight (98%), and not one at a time");
    }
}

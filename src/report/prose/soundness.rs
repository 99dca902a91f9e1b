//! The width from which tasks fail, and outputs that are wrong.

use crate::advice::{Note, Recommendation};
use crate::benchmark::onset::Onset;
use crate::report::prose::notes;
use crate::units::Share;

/// Returns the sentence about the width from which tasks fail, such as "tasks fail beyond 4 in flight (52% at 6)".
pub(crate) fn failing_beyond(onset: &Onset) -> String {
    let Onset { width, at, share } = *onset;
    match width {
        1 if at > 2 => format!("tasks fail at {at} in flight ({}), and not one at a time", Share(share)),
        1 => format!("tasks fail as soon as two are in flight ({})", Share(share)),
        _ => format!("tasks fail beyond {width} in flight ({} at {at})", Share(share)),
    }
}

/// Returns what is said before the recommendation: that some configurations gave wrong outputs.
pub(crate) fn wrong_outputs(advice: &Recommendation) -> Option<String> {
    let wrong = advice.notes.iter().find(|note| is_said_first(note))?;
    Some(format!("Wrong outputs: {}", notes::sentence(wrong)))
}

/// Returns true if a note is said before the recommendation.
pub(crate) fn is_said_first(note: &Note) -> bool {
    matches!(note, Note::WrongOutputs { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_width_from_which_tasks_fail_has_its_sentence() {
        let of = |width, at, share| failing_beyond(&Onset { width, at, share });
        assert_eq!(of(4, 6, 0.52), "tasks fail beyond 4 in flight (52% at 6)");
        assert_eq!(of(1, 2, 0.4), "tasks fail as soon as two are in flight (40%)");
        assert_eq!(of(1, 24, 0.98), "tasks fail at 24 in flight (98%), and not one at a time");
    }
}

//! The width from which tasks go wrong: the narrowest that clearly goes wrong, and the widest shown to be sound.
//!
//! Pure: counts of tasks by the number of tasks in flight go in. What goes wrong may do so from a limit on, as
//! with an upstream that refuses a fifth request, or in proportion to the other tasks in flight, as with a data
//! race. A narrow width counts as sound only if it refutes the second.

use serde::{Deserialize, Serialize};

use crate::policy::{CLEARLY_WORSE, FAILURE_MARGIN, SHOWN_SOUND};
use crate::stats::proportion::{Tally, p_at_most, p_no_more_often};

/// The width from which tasks go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Onset {
    /// The greatest number of tasks in flight that was shown to be sound; 1 if only one task at a time is.
    pub width: usize,
    /// The smallest number of tasks in flight at which tasks clearly go wrong.
    pub at: usize,
    /// Share of the tasks that go wrong at `at`, from 0 to 1.
    pub share: f64,
}

/// The tasks of configurations of one width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct AtWidth {
    /// Tasks in flight.
    pub(crate) width: usize,
    /// Tasks that went wrong, of those that ran.
    pub(crate) wrong: Tally,
    /// True if the tasks clearly go wrong.
    pub(crate) is_clear: bool,
}

/// Returns true if tasks fail clearly more often than `alone`.
pub(crate) fn clearly_fails_more(failed: Tally, alone: Tally) -> bool {
    failed.share() - alone.share() > FAILURE_MARGIN && p_no_more_often(failed, alone) < CLEARLY_WORSE
}

/// Tasks of a narrow width after which failures would have been seen that a user need not see himself.
const ENOUGH_TASKS: u64 = 60;

/// Returns the width from which tasks fail; `None` if they clearly do at no width. `alone` has the tasks that
/// ran one after another.
pub(crate) fn onset_of_failures(alone: Tally, seen: &[AtWidth]) -> Option<Onset> {
    onset(alone, seen, ENOUGH_TASKS)
}

/// Returns the width from which outputs are wrong; `None` if they clearly are at no width. Unlike a failure, a
/// wrong output is seen by nobody, so that no number of tasks excuses a width that may have a rare one.
pub(crate) fn onset_of_wrong_outputs(seen: &[AtWidth]) -> Option<Onset> {
    onset(Tally::default(), seen, u64::MAX)
}

fn onset(alone: Tally, seen: &[AtWidth], enough_tasks: u64) -> Option<Onset> {
    let first = seen.iter().filter(|at| at.is_clear && at.width > 1).min_by_key(|at| at.width)?;
    let (at, share) = (first.width, first.wrong.share());
    let excess = (share - alone.share()).max(0.0);
    let is_sound = |narrow: &&AtWidth| {
        // The share where tasks go wrong in proportion to the other tasks in flight.
        let growing = alone.share() + excess * (narrow.width - 1) as f64 / (at - 1) as f64;
        let refutes = p_at_most(narrow.wrong, growing) <= SHOWN_SOUND;
        let is_near_alone = narrow.wrong.share() <= alone.share() + excess / 2.0;
        !narrow.is_clear && (refutes || (is_near_alone && narrow.wrong.trials >= enough_tasks))
    };
    let narrow = seen.iter().filter(|narrow| (2..at).contains(&narrow.width));
    let width = narrow.filter(is_sound).map(|narrow| narrow.width).max().unwrap_or(1);
    Some(Onset { width, at, share })
}

/// Returns the width to measure next: the middle, by ratio, of those between what is sound and what is not, or the
/// wider of two.
pub(crate) fn between(onset: Onset, widths: impl Iterator<Item = usize>) -> Option<usize> {
    let distance = |width: &usize| {
        let ratio = (width * width) as f64 / (onset.width * onset.at) as f64;
        ratio.max(1.0 / ratio)
    };
    let inside = widths.filter(|width| *width > onset.width && *width < onset.at);
    inside.min_by(|a, b| distance(a).total_cmp(&distance(b)).then(b.cmp(a)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what was seen at (width, failed, tasks).
    fn seen(alone: Tally, all: &[(usize, u64, u64)]) -> Vec<AtWidth> {
        let at = |(width, hits, trials): &(usize, u64, u64)| {
            let wrong = Tally { hits: *hits, trials: *trials };
            AtWidth { width: *width, wrong, is_clear: clearly_fails_more(wrong, alone) }
        };
        all.iter().map(at).collect()
    }

    fn of(alone: (u64, u64), all: &[(usize, u64, u64)]) -> Option<(usize, usize)> {
        let alone = Tally { hits: alone.0, trials: alone.1 };
        onset_of_failures(alone, &seen(alone, all)).map(|found| (found.width, found.at))
    }

    #[test]
    fn an_upstream_that_refuses_beyond_four_is_bracketed() {
        assert_eq!(of((0, 40), &[(64, 180, 192)]), Some((1, 64)));
        assert_eq!(of((0, 40), &[(64, 180, 192), (8, 12, 24)]), Some((1, 8)));
        assert_eq!(of((0, 40), &[(64, 180, 192), (8, 12, 24), (2, 0, 40), (4, 0, 40)]), Some((4, 8)));
        assert_eq!(of((0, 40), &[(8, 12, 24), (6, 13, 25), (4, 0, 40)]), Some((4, 6)));
    }

    #[test]
    fn without_a_clear_failure_there_is_no_onset() {
        assert_eq!(of((0, 40), &[(64, 0, 192), (8, 1, 24)]), None);
        assert_eq!(of((8, 40), &[(64, 40, 192)]), None, "a service that fails by itself");
        assert_eq!(of((0, 2), &[(64, 1, 64)]), None, "two tasks say little");
    }

    #[test]
    fn a_race_is_not_excused_by_a_few_lucky_tasks() {
        // Nine of ten at 16: in proportion, 6% at 2, which forty tasks do not refute and sixty do.
        let wrong = |all: &[(usize, u64, u64)]| {
            let at = |(width, hits, trials): &(usize, u64, u64)| {
                let wrong = Tally { hits: *hits, trials: *trials };
                AtWidth { width: *width, wrong, is_clear: *hits > 0 }
            };
            onset_of_wrong_outputs(&all.iter().map(at).collect::<Vec<_>>())
        };
        let width = |tasks| wrong(&[(16, 54, 60), (2, 0, tasks)]).map(|found| found.width);
        assert_eq!([width(40), width(60)], [Some(1), Some(2)]);
        // Two of a hundred at 16: a thousand tasks at 2 do not refute one of 750.
        assert_eq!(wrong(&[(16, 20, 1000), (2, 0, 1000)]).map(|found| found.width), Some(1));
    }

    #[test]
    fn failures_too_rare_to_refute_leave_a_width_that_ran_many_tasks() {
        assert_eq!(of((0, 400), &[(64, 30, 1000), (32, 0, 100)]), Some((32, 64)));
        assert_eq!(of((0, 400), &[(64, 30, 1000), (32, 0, 20)]), Some((1, 64)));
    }

    #[test]
    fn failures_that_begin_with_the_second_task_leave_one_at_a_time() {
        // `git add` into one index.
        assert_eq!(of((0, 30), &[(2, 14, 30), (8, 70, 80)]), Some((1, 2)));
    }

    #[test]
    fn the_search_halves_the_bracket_by_ratio_until_nothing_is_between() {
        let ladder = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64];
        let next = |width, at| between(Onset { width, at, share: 0.5 }, ladder.into_iter());
        assert_eq!([next(1, 64), next(1, 8), next(4, 8), next(4, 6)], [Some(8), Some(3), Some(6), None]);
    }
}

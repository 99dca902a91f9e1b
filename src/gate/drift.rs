//! Whether the advice changed.
//!
//! Which of two strategies that are equally fast comes out first is chance, and so is the class of a workload
//! next to a threshold. Only what is beyond doubt counts as a change.

use crate::benchmark::{Cell, CellResult};
use crate::gate::result::{AdviceDrift, AdviceVerdict};
use crate::profile::Profile;
use crate::profile::result::Confidence;
use crate::stats::ratio::{EPSILON, compare};

/// Two profiles of the same work differ by less than this share of CPU time.
const SAME_WORK: f64 = 0.1;

/// The belief that the strategy before keeps up with the one now, from which it does not count as slower.
const DOUBT: f64 = 0.05;

/// What one run advised.
#[derive(Debug, Clone, Copy)]
pub struct Advised<'a> {
    /// What one task costs.
    pub profile: &'a Profile,
    /// The recommended cell.
    pub recommended: Cell,
    /// Every cell considered.
    pub cells: &'a [CellResult],
}

/// Compares the advice of an earlier run with that of the current one.
pub fn drift(before: Advised<'_>, now: Advised<'_>) -> AdviceDrift {
    AdviceDrift {
        verdict: verdict(before, now),
        class: [before.profile.class, now.profile.class],
        recommended: [before.recommended, now.recommended],
    }
}

fn verdict(before: Advised<'_>, now: Advised<'_>) -> AdviceVerdict {
    let is_other_class = before.profile.class != now.profile.class;
    let is_other_strategy = before.recommended.strategy != now.recommended.strategy;
    let is_changed = (is_other_class && is_certain(before.profile, now.profile))
        || (is_other_strategy && is_slower_now(before.recommended, now));
    if is_changed {
        AdviceVerdict::Changed
    } else if is_other_class || is_other_strategy {
        AdviceVerdict::Undecided
    } else {
        AdviceVerdict::Unchanged
    }
}

/// Whether both are sure of their class, and too far apart to be the same work seen twice.
fn is_certain(before: &Profile, now: &Profile) -> bool {
    let is_sure = |profile: &Profile| profile.confidence >= Confidence::Medium;
    is_sure(before) && is_sure(now) && (before.cpu_fraction - now.cpu_fraction).abs() > SAME_WORK
}

/// Whether every cell of the strategy before is slower now than the recommended one, beyond doubt.
///
/// The recommended cell was chosen among many for being fast, so its lead is flattered: the whole interval
/// has to be beyond the margin of a tie, and what is believed of all cells together has to agree.
fn is_slower_now(before: Cell, now: Advised<'_>) -> bool {
    let Some(best) = now.cells.iter().find(|result| result.cell == now.recommended) else { return false };
    let rivals: Vec<&CellResult> = now
        .cells
        .iter()
        .filter(|result| result.cell.strategy == before.strategy && !result.rounds.is_empty())
        .collect();
    !rivals.is_empty() && rivals.into_iter().all(|rival| is_slower(rival, best))
}

fn is_slower(rival: &CellResult, best: &CellResult) -> bool {
    if rival.outlook.is_some_and(|outlook| outlook.near_leader > DOUBT) {
        return false;
    }
    let rounds = |result: &CellResult| -> Vec<(u32, f64)> {
        result.rounds.iter().map(|round| (round.round, round.throughput_per_s)).collect()
    };
    let widening = rival.widening().max(best.widening());
    compare(&rounds(rival), &rounds(best), EPSILON)
        .map(|ratio| ratio.widened(widening, EPSILON))
        .is_some_and(|ratio| ratio.pairs > 2 && ratio.hi < 1.0 / (1.0 + EPSILON))
}

//! Comparison of the advice of two runs.
//!
//! Chance decides which of two equally fast strategies comes first, and which class a workload next to a
//! threshold gets. Only a significant difference counts as a change.

use crate::benchmark::{Configuration, ConfigurationResult};
use crate::gate::result::{AdviceChange, AdviceDrift};
use crate::policy::INDIFFERENCE;
use crate::profile::Profile;
use crate::profile::result::Confidence;
use crate::stats::ratio::compare;

/// Difference in the CPU fraction of two profiles up to which they may be of the same work.
const SAME_WORK_CPU_FRACTION: f64 = 0.1;

/// Probability of near-equality above which the earlier strategy does not count as slower.
const MAX_PROB_NEAR_LEADER: f64 = 0.05;

/// The advice of one run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdviceGiven<'a> {
    /// The cost of one task.
    pub profile: &'a Profile,
    /// The recommended cell.
    pub recommended: Configuration,
    /// Every cell considered.
    pub cells: &'a [ConfigurationResult],
}

/// Compares the advice of an earlier run with that of the current one.
pub(crate) fn drift(before: AdviceGiven<'_>, now: AdviceGiven<'_>) -> AdviceDrift {
    AdviceDrift {
        verdict: verdict(before, now),
        class: [before.profile.task_class(), now.profile.task_class()],
        recommended: [before.recommended, now.recommended],
    }
}

fn verdict(before: AdviceGiven<'_>, now: AdviceGiven<'_>) -> AdviceChange {
    let is_other_class = before.profile.class != now.profile.class;
    let is_other_strategy = before.recommended.strategy != now.recommended.strategy;
    let is_changed = (is_other_class && is_certain(before.profile, now.profile))
        || (is_other_strategy && is_slower_now(before.recommended, now));
    if is_changed {
        AdviceChange::Changed
    } else if is_other_class || is_other_strategy {
        AdviceChange::Undecided
    } else {
        AdviceChange::Unchanged
    }
}

/// Returns true if both profiles are confident, and too far apart to be two samples of the same work.
fn is_certain(before: &Profile, now: &Profile) -> bool {
    let is_sure = |profile: &Profile| profile.confidence >= Confidence::Medium;
    is_sure(before) && is_sure(now) && (before.cpu_fraction - now.cpu_fraction).abs() > SAME_WORK_CPU_FRACTION
}

/// Returns true if every configuration of the earlier strategy is now significantly slower than the best.
///
/// The recommended configuration was chosen for being fast, which flatters its lead. The whole interval must
/// therefore lie beyond the margin of a tie, and the posterior must agree.
fn is_slower_now(before: Configuration, now: AdviceGiven<'_>) -> bool {
    let Some(best) = now.cells.iter().find(|result| result.cell == now.recommended) else { return false };
    let rivals: Vec<&ConfigurationResult> = now
        .cells
        .iter()
        .filter(|result| result.cell.strategy == before.strategy && !result.rounds.is_empty())
        .collect();
    !rivals.is_empty() && rivals.into_iter().all(|rival| is_slower(rival, best))
}

fn is_slower(rival: &ConfigurationResult, best: &ConfigurationResult) -> bool {
    if rival.outlook.is_some_and(|outlook| outlook.near_leader > MAX_PROB_NEAR_LEADER) {
        return false;
    }
    let rounds = |result: &ConfigurationResult| -> Vec<(u32, f64)> {
        result.rounds.iter().map(|round| (round.round, round.throughput_per_s)).collect()
    };
    let widening = rival.widening().max(best.widening());
    compare(&rounds(rival), &rounds(best), INDIFFERENCE)
        .map(|ratio| ratio.widened(widening, INDIFFERENCE))
        .is_some_and(|ratio| ratio.pairs > 2 && ratio.hi < 1.0 / (1.0 + INDIFFERENCE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::result::{Posterior, Round, Status};
    use crate::benchmark::testing::profile;
    use crate::profile::Class;
    use crate::strategy::StrategyKind;

    const ASYNC: Configuration =
        Configuration { strategy: StrategyKind::Async, width: 64, processes: None, stages: None };
    const THREADS: Configuration =
        Configuration { strategy: StrategyKind::Threads, width: 64, processes: None, stages: None };

    /// Returns a configuration with `per_s` tasks per second and independent noise of 10%.
    fn cell(cell: Configuration, per_s: f64) -> ConfigurationResult {
        let own = cell.width as u32 + u32::from(cell.strategy == StrategyKind::Async);
        let noise = |round: u32| 1.0 + 0.1 * f64::from((round * 7 + own * 3) % 5) / 5.0;
        let round = |round: u32| Round { round, throughput_per_s: per_s * noise(round) };
        ConfigurationResult {
            throughput_per_s: Some(per_s),
            rounds: (0..8).map(round).collect(),
            ..ConfigurationResult::without_numbers(cell, Status::Ok, None)
        }
    }

    fn verdict_of(
        before: (&Profile, Configuration),
        now: (&Profile, Configuration),
        cells: &[ConfigurationResult],
    ) -> AdviceChange {
        let earlier = AdviceGiven { profile: before.0, recommended: before.1, cells: &[] };
        drift(earlier, AdviceGiven { profile: now.0, recommended: now.1, cells }).verdict
    }

    #[test]
    fn the_same_advice_is_unchanged_whatever_the_width() {
        let io = profile(1e-3, 50e-3);
        let narrower = Configuration { width: 48, ..ASYNC };
        assert_eq!(verdict_of((&io, ASYNC), (&io, narrower), &[]), AdviceChange::Unchanged);
    }

    #[test]
    fn a_strategy_that_is_as_good_as_the_one_before_is_no_change() {
        let io = profile(1e-3, 50e-3);
        let cells = [cell(ASYNC, 1000.0), cell(THREADS, 1010.0)];
        assert_eq!(verdict_of((&io, ASYNC), (&io, THREADS), &cells), AdviceChange::Undecided);
        assert_eq!(verdict_of((&io, ASYNC), (&io, THREADS), &cells[1..]), AdviceChange::Undecided);
    }

    #[test]
    fn a_strategy_that_is_slower_by_far_is_a_change() {
        let io = profile(1e-3, 50e-3);
        let mut cells = [cell(ASYNC, 500.0), cell(THREADS, 1000.0)];
        assert_eq!(verdict_of((&io, ASYNC), (&io, THREADS), &cells), AdviceChange::Changed);
        let doubtful = Posterior {
            throughput_per_s: 500.0,
            credible95: [400.0, 1100.0],
            near_best: 0.2,
            near_leader: 0.2,
            expected_regret: 0.0,
        };
        cells[0].outlook = Some(doubtful);
        assert_eq!(verdict_of((&io, ASYNC), (&io, THREADS), &cells), AdviceChange::Undecided);
        // Another width of the earlier strategy keeps up.
        let wide = [cells[1].clone(), cell(ASYNC, 500.0), cell(Configuration { width: 96, ..ASYNC }, 990.0)];
        assert_eq!(verdict_of((&io, ASYNC), (&io, THREADS), &wide), AdviceChange::Undecided);
    }

    #[test]
    fn another_class_is_a_change_only_where_both_are_sure_of_theirs() {
        let (io, cpu) = (profile(1e-3, 50e-3), profile(50e-3, 1e-3));
        assert_eq!(verdict_of((&io, ASYNC), (&cpu, ASYNC), &[]), AdviceChange::Changed);
        let unsure = Profile { confidence: Confidence::Low, ..cpu };
        assert_eq!(verdict_of((&io, ASYNC), (&unsure, ASYNC), &[]), AdviceChange::Undecided);
        let near = |cpu_fraction, class| Profile { cpu_fraction, class: Some(class), ..profile(1.0, 1.0) };
        let (below, above) = (near(0.33, Class::IoBound), near(0.38, Class::Mixed));
        assert_eq!(verdict_of((&below, ASYNC), (&above, ASYNC), &[]), AdviceChange::Undecided);
    }
}

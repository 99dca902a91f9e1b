//! Limits to advice on a machine that other programs use.
//!
//! There, more workers take a larger share of the CPUs from the others, and only look faster.

use crate::advice::note::Note;
use crate::benchmark::{Configuration, ConfigurationResult};
use crate::host::contention::unavailable;
use crate::policy::{CONTENDED, CPU_BOUND_FROM, INDIFFERENCE};
use crate::profile::{Class, Profile};
use crate::strategy::StrategyKind;

/// The configurations that may be advised while other programs use the CPUs.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct BesideOthers {
    /// Share of the CPUs that was unavailable to the batches, from 0 to 1.
    taken: f64,
    /// The most workers that computing tasks should get; `None` if any number.
    most_workers: Option<usize>,
    /// The only concurrent strategy whose throughput can be believed; `None` if all can.
    only: Option<StrategyKind>,
}

impl BesideOthers {
    /// Derives the limits from how much of the CPUs others used, at most, while `cells` ran.
    ///
    /// Computing tasks get as many workers as the CPUs need. Of the other tasks, the strategy `tree` stays alone
    /// if it is predicted to be within 5% of the best, and if what others used can explain all that it lacks.
    pub(crate) fn of(
        cells: &[ConfigurationResult],
        profile: &Profile,
        cpus: f64,
        tree: StrategyKind,
    ) -> Self {
        let shares = cells.iter().filter_map(|c| unavailable(c.cpu_others, c.cpu_stolen));
        let taken = shares.fold(0.0, f64::max);
        if taken <= CONTENDED {
            return BesideOthers::default();
        }
        let enough = (cpus / profile.cpu_fraction.max(CPU_BOUND_FROM)).round() as usize;
        let most_workers = (profile.class == Class::CpuBound).then_some(enough.max(1));
        let is_explained = most_workers.is_none()
            && share_of_best(cells, tree, |c| c.predicted_per_s) >= 1.0 - INDIFFERENCE
            && share_of_best(cells, tree, ran_at) >= 1.0 - taken;
        BesideOthers { taken, most_workers, only: is_explained.then_some(tree) }
    }

    /// Returns true if a configuration may be advised.
    pub(crate) fn allows(&self, cell: Configuration) -> bool {
        let is_believed = self.only.is_none_or(|only| only == cell.strategy);
        (is_believed || cell.strategy == StrategyKind::Sequential)
            && self.most_workers.is_none_or(|most| cell.width <= most)
    }

    /// Returns the note about the fastest configuration that is left out, if it is faster than what may be advised.
    pub(crate) fn note(&self, cells: &[ConfigurationResult]) -> Option<Note> {
        self.only?;
        let fastest = |is_allowed: bool| {
            let own = cells.iter().filter(|c| self.allows(c.cell) == is_allowed);
            own.filter_map(|c| Some((c, ran_at(c)?))).max_by(|a, b| a.1.total_cmp(&b.1))
        };
        let ((best, best_per_s), (left_out, per_s)) = (fastest(true)?, fastest(false)?);
        (per_s > best_per_s).then(|| Note::TakesFromOthers {
            taken: self.taken,
            left_out: left_out.cell,
            configuration: best.cell,
            ratio: per_s / best_per_s,
        })
    }
}

fn ran_at(cell: &ConfigurationResult) -> Option<f64> {
    if cell.rounds.is_empty() { None } else { cell.per_s() }
}

/// Returns the highest value of a strategy over the highest of all; 0 where there is none.
fn share_of_best(
    cells: &[ConfigurationResult],
    strategy: StrategyKind,
    value: impl Fn(&ConfigurationResult) -> Option<f64>,
) -> f64 {
    let best = cells.iter().filter_map(&value).fold(0.0, f64::max);
    let own = cells.iter().filter(|c| c.cell.strategy == strategy).filter_map(&value).fold(0.0, f64::max);
    if best > 0.0 { own / best } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::testing::{cell, profile, sleep, workload};

    /// Returns sequential, async and hybrid, of which hybrid measures `ahead` times as fast, on a machine of which
    /// others use `others`.
    fn cells(others: f64, ahead: f64, predicted: f64) -> Vec<ConfigurationResult> {
        let of = |strategy, width, per_s, predicted| ConfigurationResult {
            cpu_others: Some(others),
            predicted_per_s: Some(predicted),
            ..cell(strategy, width, per_s)
        };
        vec![
            of(StrategyKind::Sequential, 1, 20.0, 20.0),
            of(StrategyKind::Async, 64, 500.0, 800.0),
            of(StrategyKind::Hybrid, 64, ahead * 500.0, predicted * 800.0),
        ]
    }

    fn allowed(class: Class, cells: &[ConfigurationResult]) -> Vec<StrategyKind> {
        let profile = profile(&workload(100, vec![sleep()]), class, 0.001, 0.05);
        let limits = BesideOthers::of(cells, &profile, 2.0, StrategyKind::Async);
        cells.iter().map(|c| c.cell).filter(|cell| limits.allows(*cell)).map(|cell| cell.strategy).collect()
    }

    const ALL: [StrategyKind; 3] = [StrategyKind::Sequential, StrategyKind::Async, StrategyKind::Hybrid];

    #[test]
    fn more_processes_only_look_faster_where_others_use_the_cpus() {
        assert_eq!(allowed(Class::IoBound, &cells(0.4, 1.3, 1.0)), ALL[..2]);
        assert_eq!(allowed(Class::Mixed, &cells(0.4, 1.3, 1.04)), ALL[..2]);
        assert_eq!(allowed(Class::IoBound, &cells(0.0, 1.3, 1.0)), ALL);
    }

    #[test]
    fn what_is_predicted_or_cannot_be_explained_by_others_stays() {
        assert_eq!(allowed(Class::IoBound, &cells(0.4, 1.3, 1.2)), ALL);
        assert_eq!(allowed(Class::IoBound, &cells(0.4, 2.0, 1.0)), ALL);
        assert_eq!(allowed(Class::IoBound, &cells(0.15, 1.3, 1.0)), ALL);
    }

    #[test]
    fn computing_gets_no_more_workers_than_cpus_whatever_the_strategy() {
        assert_eq!(allowed(Class::CpuBound, &cells(0.4, 1.3, 1.0)), ALL[..1]);
    }

    #[test]
    fn what_is_left_out_although_it_is_faster_is_told() {
        let profile = profile(&workload(100, vec![sleep()]), Class::IoBound, 0.001, 0.05);
        let told = |cells: &[ConfigurationResult]| {
            BesideOthers::of(cells, &profile, 2.0, StrategyKind::Async).note(cells)
        };
        let note = told(&cells(0.4, 1.3, 1.0)).expect("hybrid is left out");
        assert!(
            matches!(note, Note::TakesFromOthers { left_out, ratio, .. }
                if left_out.strategy == StrategyKind::Hybrid && (ratio - 1.3).abs() < 1e-9),
            "{note:?}"
        );
        assert_eq!(told(&cells(0.4, 0.9, 1.0)), None);
        assert_eq!(told(&cells(0.0, 1.3, 1.0)), None);
    }
}

//! The search against functions instead of machines.

use super::*;
use crate::benchmark::testing::{self, host, profile, sizing, sleeping};

/// Runs the search against a function instead of a machine; batches take a fifth of a second.
fn search(plan: &Plan, rounds: usize, truth: impl Fn(Configuration) -> f64) -> Search {
    search_for(None, plan, rounds, |cell| steady(truth(cell)))
}

/// Runs the search for a strategy of the tree against a function that gives whole batches.
fn search_for(
    tree: Option<StrategyKind>,
    plan: &Plan,
    rounds: usize,
    truth: impl Fn(Configuration) -> BatchObservation,
) -> Search {
    let sizing = sizing(400, 0.02, Duration::from_secs(5));
    let mut search = Search::new(plan, sizing, SearchMode::Guided, SearchParams::default(), (tree, 1));
    let mut now = Duration::ZERO;
    for _ in 0..rounds {
        for candidate in search.next_round() {
            now += Duration::from_millis(200);
            search.record_batch(candidate.cell, now, truth(candidate.cell));
        }
        search.end_round();
    }
    search
}

fn steady(steady_per_s: f64) -> BatchObservation {
    BatchObservation { steady_per_s, startup_s: 0.0 }
}

fn leader(search: &Search) -> Configuration {
    search.cell(search.leader().expect("something was measured"))
}

fn plan() -> Plan {
    testing::plan(&sleeping(400), &profile(50e-6, 20e-3), &host(2))
}

#[test]
fn where_many_at_once_are_predicted_to_be_best_fewer_are_tried_first() {
    let search = search(&plan(), 0, |_| 1.0);
    let round = search.next_round();
    let widest = search.opening().iter().map(|c| c.cell.width).max().unwrap();
    assert_eq!(round.len(), 1);
    assert!(
        (SearchParams::default().min_probe_width..=widest / 5).contains(&round[0].cell.width),
        "{} of {widest}",
        round[0].cell
    );
}

#[test]
fn where_they_give_little_nothing_much_wider_is_tried() {
    let found = search(&plan(), 2, |cell| 49.0 * cell.width.min(10) as f64);
    let widest = found.batches.keys().map(|cell| cell.width).max().unwrap();
    assert!(widest <= 64, "{widest}");
    assert!(
        found.batches.contains_key(&Configuration::new(StrategyKind::Threads, 16)),
        "{:?}",
        found.batches
    );
}

#[test]
fn every_strategy_and_the_reference_are_measured_next() {
    let mut measured: Vec<StrategyKind> = search(&plan(), 1, |cell| 49.0 * cell.width as f64)
        .next_round()
        .iter()
        .map(|candidate| candidate.cell.strategy)
        .collect();
    measured.dedup();
    let planned: Vec<StrategyKind> = StrategyKind::ALL
        .into_iter()
        .filter(|kind| plan().candidates.iter().any(|c| c.cell.strategy == *kind))
        .collect();
    assert_eq!(measured, planned);
}

#[test]
fn where_predictions_hold_few_batches_settle_it() {
    let plan = plan();
    let truth = |cell: Configuration| {
        plan.candidates.iter().find(|c| c.cell == cell).map_or(0.0, |c| c.predicted_per_s)
    };
    let found = search(&plan, 6, truth);
    assert!(found.is_settled());
    let best = plan.candidates.iter().map(|c| c.predicted_per_s).fold(0.0, f64::max);
    assert!(truth(leader(&found)) >= 0.95 * best);
}

#[test]
fn a_hidden_limit_is_found_and_no_wider_cell_is_believed_to_beat_it() {
    let truth = |cell: Configuration| cell.width.min(8) as f64 * 49.0;
    let found = search(&plan(), 12, truth);
    assert!(truth(leader(&found)) >= 0.95 * 392.0, "{}", leader(&found));
    let narrow = Configuration::new(leader(&found).strategy, 2);
    let posteriors = found.conclude();
    assert!(posteriors.get(&narrow).is_none_or(|posterior| posterior.near_best < 0.05));
}

#[test]
fn where_width_brings_nothing_narrower_cells_are_tried_before_it_ends() {
    let found = search(&plan(), 20, |cell| 49.0 * cell.width.min(4) as f64);
    let widest = leader(&found).width;
    let narrowest = found.batches.keys().map(|cell| cell.width).filter(|width| *width >= 4).min();
    assert!(narrowest.is_some_and(|width| width <= 8), "{narrowest:?} of {widest}");
}

#[test]
fn a_cell_that_fails_is_not_tried_again() {
    let plan = plan();
    let mut search = search(&plan, 0, |_| 1.0);
    search.stage = SearchStage::Opening;
    let first = search.next_round()[1].cell;
    search.mark_failed(first);
    assert!(search.next_round().iter().all(|c| c.cell != first));
    search.record_batch(Configuration::REFERENCE, Duration::ZERO, steady(0.0));
    assert!(search.next_round().iter().all(|c| c.cell != Configuration::REFERENCE));
}

#[test]
fn an_exhaustive_search_of_more_cells_than_are_looked_at_together_measures_all_again() {
    let mut plan = plan();
    let wide = |width| Candidate {
        least_s: 0.0,
        cpus: 2.0,
        cell: Configuration::new(StrategyKind::Threads, 1000 + width),
        predicted_per_s: 50.0,
        startup_s: 0.0,
        beyond_a_batch: 1.0,
    };
    plan.candidates.extend((0..MAX_MODELLED).map(wide));
    let sizing = sizing(400, 0.02, Duration::from_secs(5));
    let mut search = Search::new(&plan, sizing, SearchMode::Exhaustive, SearchParams::default(), (None, 1));
    let first = search.next_round();
    assert_eq!(first.len(), plan.candidates.len());
    first.iter().for_each(|c| search.record_batch(c.cell, Duration::ZERO, steady(10.0)));
    search.end_round();
    assert_eq!(search.next_round(), first);
    assert_eq!(search.expected_per_s(wide(255).cell), 50.0);
}

#[test]
fn a_fixed_search_measures_the_same_cells_in_every_round() {
    let sizing = sizing(400, 0.02, Duration::from_secs(5));
    let mut search = Search::new(&plan(), sizing, SearchMode::Fixed, SearchParams::default(), (None, 1));
    let first = search.next_round();
    first.iter().for_each(|c| search.record_batch(c.cell, Duration::ZERO, steady(10.0)));
    search.end_round();
    assert_eq!(search.next_round(), first);
    assert!(!search.is_settled());
}

/// Returns what a configuration is predicted to do without its start-up, and the start-up.
fn predicted(plan: &Plan, cell: Configuration) -> BatchObservation {
    let candidate = plan.candidates.iter().find(|c| c.cell == cell).expect("a planned cell");
    let steady_s = candidate.predicted_per_s.recip() - candidate.startup_s / 400.0;
    BatchObservation { steady_per_s: steady_s.recip(), startup_s: candidate.startup_s }
}

/// Checks that the advice is of the tree's strategy and that it is predicted to be near the best.
fn assert_as_predicted(plan: &Plan, found: &Search, tree: StrategyKind) {
    let choice = found.choice().expect("a choice");
    let of = |cell: Configuration| plan.candidates.iter().find(|c| c.cell == cell).map(|c| c.predicted_per_s);
    let best = plan.candidates.iter().filter(|c| c.cell.strategy == tree).map(|c| c.predicted_per_s);
    assert_eq!(choice.strategy, tree, "{choice}");
    assert!(of(choice) >= Some(0.9 * best.fold(0.0, f64::max)), "{choice}");
}

#[test]
fn workers_that_start_slowly_narrow_no_other_strategy() {
    let plan = plan();
    let truth = |cell: Configuration| {
        let batch = predicted(&plan, cell);
        match cell.strategy {
            StrategyKind::Processes => BatchObservation { startup_s: 0.4 * cell.width as f64, ..batch },
            _ => batch,
        }
    };
    let found = search_for(Some(StrategyKind::Async), &plan, 8, truth);
    assert_as_predicted(&plan, &found, StrategyKind::Async);
    let processes = found.posteriors_of(StrategyKind::Processes);
    assert!(processes.iter().all(|per_s| *per_s < 400.0 / 0.7), "{processes:?}");
}

#[test]
fn an_event_loop_that_blocks_narrows_no_other_strategy() {
    let plan = plan();
    let truth = |cell: Configuration| match cell.strategy {
        StrategyKind::Async => steady(49.0),
        _ => predicted(&plan, cell),
    };
    let found = search_for(Some(StrategyKind::Threads), &plan, 8, truth);
    assert_as_predicted(&plan, &found, StrategyKind::Threads);
}

#[test]
fn what_is_open_between_the_leader_and_the_tree_is_measured() {
    // Threads are 5% ahead of what theory recommends, which is the margin itself.
    let plan = plan();
    let truth = |cell: Configuration| {
        let batch = predicted(&plan, cell);
        let factor = if cell.strategy == StrategyKind::Async { 0.95 } else { 1.0 };
        BatchObservation { steady_per_s: factor * batch.steady_per_s, ..batch }
    };
    let found = search_for(Some(StrategyKind::Async), &plan, 12, truth);
    let tree = found.batches.iter().filter(|(cell, _)| cell.strategy == StrategyKind::Async).map(|(_, n)| n);
    assert!(tree.sum::<usize>() >= 2, "{:?}", found.batches);
    assert_as_predicted(&plan, &found, StrategyKind::Async);
}

#[test]
fn where_only_the_reference_ran_the_prediction_is_the_choice() {
    let plan = plan();
    let mut search = search_for(Some(StrategyKind::Async), &plan, 0, |cell| predicted(&plan, cell));
    search.record_batch(Configuration::REFERENCE, Duration::ZERO, predicted(&plan, Configuration::REFERENCE));
    search.end_round();
    assert_as_predicted(&plan, &search, StrategyKind::Async);
    let believed = search.conclude();
    assert_eq!(believed.len(), plan.candidates.len().min(MAX_MODELLED));
}

impl Search {
    fn posteriors_of(&self, strategy: StrategyKind) -> Vec<f64> {
        self.of_strategy(strategy).map(|point| self.posteriors.per_s(point)).collect()
    }
}

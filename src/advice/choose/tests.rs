//! Choices among measured configurations.

use super::*;
use crate::advice::testing::*;
use crate::benchmark::Configuration;
use proptest::prelude::*;

const WIDTHS: [usize; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

fn tree(strategy: StrategyKind) -> DecisionPath {
    DecisionPath { steps: Vec::new(), strategy }
}

fn sequential(per_s: f64) -> Vec<ConfigurationResult> {
    vec![cell(StrategyKind::Sequential, 1, per_s)]
}

fn pick(cells: &[ConfigurationResult], strategy: StrategyKind, objective: Objective) -> String {
    choose(cells, &tree(strategy), objective).unwrap().chosen.cell.to_string()
}

#[test]
fn what_the_measurement_cannot_tell_apart_the_model_decides() {
    let predicted = |mut cell: ConfigurationResult| {
        cell.predicted_per_s = Some(400.0);
        cell
    };
    let mut cells = sequential(100.0);
    cells.push(predicted(noisy(StrategyKind::Processes, 4, 400.0, 0.6)));
    cells.push(predicted(noisy(StrategyKind::WorkStealing, 2, 340.0, 0.6)));
    assert_eq!(pick(&cells, StrategyKind::WorkStealing, Objective::Throughput), "work-stealing 2");
    cells[2].predicted_per_s = Some(200.0);
    assert_eq!(pick(&cells, StrategyKind::WorkStealing, Objective::Throughput), "processes 4");
}

#[test]
fn theory_alone_recommends_nothing_where_all_that_ran_failed() {
    let mut unrun = cell(StrategyKind::Async, 2, 200.0);
    unrun.outlook = Some(believed(200.0, [150.0, 250.0]));
    let choice = |ran: &[ConfigurationResult]| {
        let unrun = std::slice::from_ref(&unrun);
        choose_among(ran, unrun, &tree(StrategyKind::Async), Objective::Throughput)
            .map(|choice| choice.chosen.cell)
    };
    assert_eq!(choice(&sequential(100.0)), Some(unrun.cell));
    let failed: Vec<_> = sequential(100.0).into_iter().map(|cell| failing(cell, 1.0)).collect();
    assert_eq!(choice(&failed), None);
}

#[test]
fn only_what_is_no_narrower_than_a_failure_of_its_strategy_may_not_run() {
    let hybrid = |processes| {
        let mut hybrid = cell(StrategyKind::Hybrid, 8, 100.0);
        hybrid.cell.processes = Some(processes);
        hybrid
    };
    let all = [failing(cell(StrategyKind::Threads, 8, 100.0), 1.0), failing(hybrid(2), 1.0)];
    let may = |cell: ConfigurationResult| may_run(&cell, &all, &[]);
    assert!(may(cell(StrategyKind::Threads, 4, 100.0)) && !may(cell(StrategyKind::Threads, 16, 100.0)));
    assert!(may(cell(StrategyKind::Async, 4, 100.0)) && may(cell(StrategyKind::Async, 16, 100.0)));
    assert!(!may(hybrid(4)), "as wide, and over more processes");
}

#[test]
fn one_lucky_batch_does_not_win() {
    let mut cells = sequential(100.0);
    cells.push(cell(StrategyKind::Async, 8, 800.0));
    let mut lucky = cell(StrategyKind::Async, 16, 900.0);
    lucky.rounds.truncate(1);
    cells.push(lucky);
    assert_eq!(pick(&cells, StrategyKind::Async, Objective::Throughput), "async 8");
}

#[test]
fn sleeping_tasks_go_to_the_widest_event_loop() {
    let mut cells = sequential(100.0);
    cells.extend(curve(StrategyKind::Async, &WIDTHS, |n| 100.0 * n));
    cells.extend(curve(StrategyKind::Threads, &WIDTHS, |n| 97.0 * n));
    let choice = choose(&cells, &tree(StrategyKind::Async), Objective::Throughput).unwrap();
    assert_eq!(choice.chosen.cell, Configuration::new(StrategyKind::Async, 128));
    assert_eq!((choice.agrees, choice.verdict), (Agreement::Yes, ChoiceVerdict::Tie));
    assert_eq!(choice.runners_up[0].cell.cell.strategy, StrategyKind::Threads);
}

#[test]
fn a_capped_upstream_gets_the_narrowest_width_that_fills_it() {
    let mut cells = sequential(25.0);
    cells.extend(curve(StrategyKind::Async, &WIDTHS, |n| n.min(8.0) * 25.0 * (1.0 + n / 10_000.0)));
    cells.extend(curve(StrategyKind::Threads, &WIDTHS, |n| n.min(8.0) * 24.8));
    assert_eq!(pick(&cells, StrategyKind::Async, Objective::Throughput), "async 8");
    assert_eq!(pick(&cells, StrategyKind::Threads, Objective::Throughput), "threads 8");
}

#[test]
fn leaving_it_sequential_is_a_real_answer() {
    let mut cells = sequential(100.0);
    cells.extend(curve(StrategyKind::Async, &WIDTHS, |_| 101.0));
    cells.extend(curve(StrategyKind::Threads, &WIDTHS, |_| 102.0));
    assert_eq!(pick(&cells, StrategyKind::Async, Objective::Throughput), "sequential 1");
    assert_eq!(pick(&cells, StrategyKind::Sequential, Objective::Throughput), "sequential 1");
}

#[test]
fn the_tree_breaks_ties_but_does_not_overrule_the_measurement() {
    let mut cells = sequential(10.0);
    cells.push(cell(StrategyKind::Threads, 64, 1000.0));
    cells.push(cell(StrategyKind::Async, 64, 990.0));
    assert_eq!(pick(&cells, StrategyKind::Threads, Objective::Throughput), "threads 64");
    assert_eq!(pick(&cells, StrategyKind::Processes, Objective::Throughput), "async 64");
    cells.push(cell(StrategyKind::Hybrid, 64, 500.0));
    let choice = choose(&cells, &tree(StrategyKind::Hybrid), Objective::Throughput).unwrap();
    assert_eq!((choice.chosen.cell.strategy, choice.agrees), (StrategyKind::Async, Agreement::No));
    assert!((choice.tree_ratio.unwrap() - 0.5).abs() < 0.02);
}

#[test]
fn a_tree_strategy_that_was_not_measured_is_undecided() {
    let choice = choose(&sequential(10.0), &tree(StrategyKind::Async), Objective::Throughput)
        .map(|c| (c.chosen.cell.strategy, c.agrees, c.tree_ratio, c.verdict));
    assert_eq!(
        choice,
        Some((StrategyKind::Sequential, Agreement::Undecided, None, ChoiceVerdict::Undecided))
    );
}

#[test]
fn noise_is_undecided_and_never_a_tie() {
    let cells = [
        noisy(StrategyKind::Async, 64, 1000.0, 0.5),
        noisy(StrategyKind::Threads, 64, 980.0, 0.5),
        noisy(StrategyKind::Sequential, 1, 100.0, 0.5),
    ];
    let choice = choose(&cells, &tree(StrategyKind::Async), Objective::Throughput).unwrap();
    assert_eq!(
        (choice.chosen.cell.strategy, choice.verdict),
        (StrategyKind::Async, ChoiceVerdict::Undecided)
    );
    assert_eq!(choice.runners_up[0].verdict, UncertainOrdering::Undecided);
}

#[test]
fn cells_whose_tasks_fail_do_not_win() {
    let mut cells = sequential(20.0);
    cells.push(failing(cell(StrategyKind::Async, 64, 9000.0), 0.3));
    cells.push(cell(StrategyKind::Async, 8, 150.0));
    let choice = choose(&cells, &tree(StrategyKind::Async), Objective::Throughput).unwrap();
    assert_eq!(choice.chosen.cell, Configuration::new(StrategyKind::Async, 8));
    let [Note::FailingLeftOut { failing, .. }] = &choice.notes[..] else { panic!("one fails: {choice:?}") };
    assert_eq!(failing[0].configuration, Configuration::new(StrategyKind::Async, 64));
}

#[test]
fn where_everything_failed_nothing_is_chosen() {
    let cells =
        [failing(cell(StrategyKind::Sequential, 1, 20.0), 1.0), skipped(StrategyKind::Async, 8, "failed")];
    assert_eq!(choose(&cells, &tree(StrategyKind::Async), Objective::Throughput), None);
    assert_eq!(choose(&[], &tree(StrategyKind::Async), Objective::Throughput), None);
}

#[test]
fn on_many_cpus_computing_goes_as_wide_as_they_are() {
    let mut cells = sequential(100.0);
    cells.extend(curve(StrategyKind::WorkStealing, &[32, 64, 128, 256], |n| 99.0 * n.min(128.0)));
    cells.extend(curve(StrategyKind::Processes, &[32, 64, 128], |n| 80.0 * n));
    let choice = choose(&cells, &tree(StrategyKind::WorkStealing), Objective::Throughput).unwrap();
    assert_eq!(choice.chosen.cell, Configuration::new(StrategyKind::WorkStealing, 128));
    assert_eq!((choice.verdict, choice.agrees), (ChoiceVerdict::Faster, Agreement::Yes));
}

#[test]
fn latency_is_bought_with_no_more_width_than_it_needs() {
    // Beyond 8 in flight throughput still creeps up, and every task takes longer.
    let mut cells = sequential(25.0);
    cells.extend(curve(StrategyKind::Async, &WIDTHS, |n| {
        n.min(8.0) * 25.0 * (1.0 + 0.1 * (n / 8.0).max(1.0).log2())
    }));
    assert_eq!(pick(&cells, StrategyKind::Async, Objective::Latency), "async 8");
    assert_eq!(pick(&cells, StrategyKind::Async, Objective::Throughput), "async 128");
}

#[test]
fn memory_and_cpu_choose_the_thriftiest_of_the_fast() {
    let with = |kind, per_s, mib: u64, cpu| ConfigurationResult {
        peak_rss_bytes: Some(mib << 20),
        ..with_cpu(cell(kind, 64, per_s), cpu)
    };
    let cells = [
        with(StrategyKind::Hybrid, 1000.0, 41, 1.0e-3),
        with(StrategyKind::Async, 990.0, 19, 0.9e-3),
        with(StrategyKind::Threads, 985.0, 27, 0.7e-3),
        with(StrategyKind::Sequential, 20.0, 13, 0.5e-3),
    ];
    assert_eq!(pick(&cells, StrategyKind::Hybrid, Objective::Throughput), "hybrid 64");
    assert_eq!(pick(&cells, StrategyKind::Hybrid, Objective::Memory), "async 64");
    assert_eq!(pick(&cells, StrategyKind::Hybrid, Objective::Cpu), "threads 64");
}

#[test]
fn the_narrower_of_two_hybrids_has_fewer_processes() {
    let hybrid = |processes| ConfigurationResult {
        cell: Configuration::hybrid(32, processes),
        ..cell(StrategyKind::Hybrid, 32, 500.0)
    };
    let cells = [hybrid(4), hybrid(2), cell(StrategyKind::Sequential, 1, 50.0)];
    assert_eq!(pick(&cells, StrategyKind::Hybrid, Objective::Throughput), "hybrid 32x2");
}

proptest! {
    #[test]
    fn the_chosen_cell_is_never_far_below_the_best(
        rates in prop::collection::vec(1.0f64..1e5, 1..30), spread in 0.0f64..0.02,
    ) {
        let kinds = StrategyKind::ALL.into_iter().cycle();
        let cells: Vec<ConfigurationResult> = rates
            .iter()
            .zip(kinds)
            .enumerate()
            .map(|(i, (rate, kind))| noisy(kind, i + 1, *rate, spread))
            .collect();
        let choice = choose(&cells, &tree(StrategyKind::Async), Objective::Throughput).unwrap();
        let most = rates.iter().copied().fold(0.0, f64::max);
        // The rounds of both cells may each be off by the spread.
        prop_assert!(choice.chosen.throughput_per_s.unwrap() >= most * (1.0 - WORTH_CONCURRENCY) * (1.0 - 2.0 * spread));
    }
}

#[test]
fn the_order_of_the_cells_does_not_matter() {
    let mut cells = sequential(25.0);
    cells.extend(curve(StrategyKind::Async, &WIDTHS, |n| n.min(8.0) * 25.0));
    let forward = pick(&cells, StrategyKind::Async, Objective::Throughput);
    cells.reverse();
    assert_eq!(pick(&cells, StrategyKind::Async, Objective::Throughput), forward);
}

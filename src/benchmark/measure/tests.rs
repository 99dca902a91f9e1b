//! Measuring against functions and clocks instead of machines.

use std::cell::Cell;
use std::rc::Rc;

use rand::RngExt;

use super::*;
use crate::benchmark::agreement::OutputVerdict;
use crate::benchmark::clock::Stopwatch;
use crate::benchmark::event::Silent;
use crate::benchmark::soundness::{Seen, Soundness};
use crate::benchmark::testing::{self, host, profile, report, sizing, sleeping};
use crate::stats::proportion::Tally;

/// Answers every batch at once, with the result of a function.
struct Mock<F>(F, Vec<BatchRequest>);

impl<F: FnMut(&BatchRequest) -> Result<RunReport, Error>> Executor for Mock<F> {
    fn run(&mut self, request: &BatchRequest) -> Result<RunReport, Error> {
        self.1.push(request.clone());
        (self.0)(request)
    }
}

fn measure(
    settings: MeasurementSettings,
    run: impl FnMut(&BatchRequest) -> Result<RunReport, Error>,
) -> (Measured, Vec<BatchRequest>) {
    let plan = testing::plan(&sleeping(400), &profile(50e-6, 20e-3), &host(2));
    let mut executor = Mock(run, Vec::new());
    let measurement = Measurement {
        executor: &mut executor,
        observer: &mut Silent,
        clock: &mut Stopwatch::start(),
        interrupt: &Interrupt::default(),
        sizing: sizing(400, 0.02, settings.budget),
        settings,
        reference: None,
        preferred: None,
    };
    (measurement.run(&plan), executor.1)
}

fn settings(rounds: u32) -> MeasurementSettings {
    let budget = Duration::from_secs(3600);
    MeasurementSettings {
        budget,
        spent: Duration::ZERO,
        rounds: Some(rounds),
        warmup: 0,
        exhaustive: false,
        seed: 1,
        once: false,
        search: SearchParams::default(),
    }
}

fn ideal(request: &BatchRequest) -> Result<RunReport, Error> {
    Ok(report(request.tasks.end, request.cell.width, 0.02))
}

#[test]
fn the_rounds_asked_for_are_of_every_strategy_and_the_reference() {
    let (measured, _) = measure(settings(4), ideal);
    assert!(measured.cells.values().all(|record| record.rounds().len() == 4));
    assert!(measured.cells.contains_key(&Configuration::REFERENCE));
    assert_eq!(measured.ending, MeasurementEnding::Rounds);
}

#[test]
fn the_same_seed_gives_the_same_order_and_another_one_another() {
    let requests = |seed| measure(MeasurementSettings { seed, ..settings(2) }, ideal).1;
    assert_eq!(requests(7), requests(7));
    assert_ne!(requests(7), requests(8));
}

#[test]
fn a_failing_strategy_is_an_entry_and_the_rest_still_runs() {
    let (measured, _) = measure(settings(2), |request| match request.cell.strategy {
        StrategyKind::Threads => Err(Error::new(Code::PoolStart, "no threads")),
        _ => ideal(request),
    });
    assert!(measured.failed.keys().all(|cell| cell.strategy == StrategyKind::Threads));
    assert!(!measured.failed.is_empty());
    assert!(measured.cells.keys().any(|cell| cell.strategy == StrategyKind::Async));
}

#[test]
fn an_exhaustive_run_measures_every_cell_three_times() {
    let (measured, _) = measure(
        MeasurementSettings { budget: Duration::ZERO, rounds: None, exhaustive: true, ..settings(0) },
        ideal,
    );
    assert!(measured.cells.values().all(|record| record.rounds().len() == 3));
}

#[test]
fn tasks_longer_than_the_budget_are_still_measured_under_the_best_cell() {
    let plan = testing::plan(&sleeping(10), &profile(1e-4, 3.0), &host(2));
    let mut executor =
        Mock(|request: &BatchRequest| Ok(report(request.tasks.end, request.cell.width, 3.0)), Vec::new());
    let measurement = Measurement {
        executor: &mut executor,
        observer: &mut Silent,
        clock: &mut Stopwatch::start(),
        interrupt: &Interrupt::default(),
        sizing: sizing(10, 3.0, Duration::from_secs(1)),
        settings: MeasurementSettings { budget: Duration::from_secs(1), rounds: None, ..settings(0) },
        reference: Some(report(1, 1, 3.0)),
        preferred: Some(StrategyKind::Async),
    };
    let measured = measurement.run(&plan);
    assert_eq!(measured.cells[&Configuration::REFERENCE].rounds().len(), 1);
    // There is time for one batch only, and it tests the strategy that is advised if no evidence is
    // against it.
    let cells: Vec<Configuration> = executor.1.iter().map(|request| request.cell).collect();
    assert!(cells.contains(&Configuration::new(StrategyKind::Async, 10)), "{cells:?}");
    assert!(cells.iter().all(|cell| cell.width == 10), "{cells:?}");
}

/// A clock that batches move on.
#[derive(Clone, Default)]
struct BatchClock(Rc<Cell<Duration>>);

impl Clock for BatchClock {
    fn restart(&mut self) {
        self.0.set(Duration::ZERO);
    }

    fn elapsed(&self) -> Duration {
        self.0.get()
    }
}

/// Measures tasks of 20 ms for 5 s, of which `spent_s` are gone; returns the end and the seconds that
/// measuring took.
fn measured_in_time(
    spent_s: f64,
    reference: bool,
    mut batch: impl FnMut(&BatchRequest) -> (f64, Result<RunReport, Error>),
) -> (Measured, f64, Vec<BatchRequest>) {
    let plan = testing::plan(&sleeping(400), &profile(50e-6, 20e-3), &host(2));
    let clock = BatchClock::default();
    let time = Rc::clone(&clock.0);
    let mut executor = Mock(
        move |request: &BatchRequest| {
            let (seconds, result) = batch(request);
            time.set(time.get() + Duration::from_secs_f64(seconds));
            result
        },
        Vec::new(),
    );
    let (budget, spent) = (Duration::from_secs(5), Duration::from_secs_f64(spent_s));
    let measurement = Measurement {
        executor: &mut executor,
        observer: &mut Silent,
        clock: &mut clock.clone(),
        interrupt: &Interrupt::default(),
        sizing: sizing(400, 0.02, budget),
        settings: MeasurementSettings { budget, spent, rounds: None, ..settings(0) },
        reference: reference.then(|| report(20, 1, 0.02)),
        preferred: None,
    };
    let measured = measurement.run(&plan);
    (measured, clock.elapsed().as_secs_f64(), executor.1)
}

/// Batches that are noisy enough never to be settled, each in a process that takes `process_s` to start.
fn noisy(process_s: f64) -> impl FnMut(&BatchRequest) -> (f64, Result<RunReport, Error>) {
    let mut random = StdRng::seed_from_u64(1);
    move |request| {
        let task_s = 0.02 * random.random_range(0.5..1.5);
        let report = report(request.tasks.end, request.cell.width, task_s);
        (process_s + report.wall_s, Ok(report))
    }
}

#[test]
fn the_budget_bounds_the_whole_run_with_what_was_spent_before() {
    for (spent_s, process_s) in [(0.0, 0.05), (1.5, 0.05), (1.5, 0.8), (4.0, 0.3)] {
        let (_, seconds, _) = measured_in_time(spent_s, true, noisy(process_s));
        assert!(spent_s + seconds <= 5.5, "{spent_s} {process_s}: {seconds}");
    }
}

#[test]
fn the_profile_is_the_first_batch_of_the_reference() {
    let reference = |requests: &[BatchRequest]| {
        requests.iter().filter(|request| request.cell == Configuration::REFERENCE).count()
    };
    let (measured, _, requests) = measured_in_time(0.5, true, |request| (0.1, ideal(request)));
    assert_eq!(reference(&requests), 0, "{requests:?}");
    assert_eq!(measured.cells[&Configuration::REFERENCE].rounds().len(), 1);
    let (_, _, requests) = measured_in_time(0.5, false, |request| (0.1, ideal(request)));
    assert_eq!(reference(&requests), 1);
}

#[test]
fn where_nothing_but_the_profile_works_the_reference_is_measured() {
    let consumed = |request: &BatchRequest| {
        let mut report = report(request.tasks.end, request.cell.width, 0.02);
        report.tally.counts.failed += report.tally.counts.ok;
        report.tally.counts.ok = 0;
        (0.1, Ok(report))
    };
    let (measured, _, requests) = measured_in_time(0.5, true, consumed);
    assert_eq!(requests.last().map(|request| request.cell), Some(Configuration::REFERENCE));
    assert_eq!(measured.cells[&Configuration::REFERENCE].counts().ok, 0, "the profile does not count");
    let crowded = |request: &BatchRequest| {
        if request.cell == Configuration::REFERENCE { (0.1, ideal(request)) } else { consumed(request) }
    };
    let (measured, _, _) = measured_in_time(0.5, true, crowded);
    assert!(measured.cells[&Configuration::REFERENCE].counts().ok > 0);
}

#[test]
fn items_that_worked_in_the_profile_alone_are_used_up() {
    let (measured, _, _) = measured_in_time(0.5, true, |request| (0.1, batch(request, |_| Err(refused()))));
    assert!(measured.cells[&Configuration::REFERENCE].outputs().are_consumed(&measured.used_elsewhere()));
}

#[test]
fn items_that_a_batch_without_a_report_used_up_are_no_items_that_never_worked() {
    let worked = Cell::new(false);
    let (measured, _, _) = measured_in_time(0.5, true, |request| match worked.replace(true) {
        false => (0.1, Err(Error::new(Code::PoolHung, "given up"))),
        true => (0.1, batch(request, |_| Err(refused()))),
    });
    assert!(measured.lost > 0);
    assert!(measured.cells[&Configuration::REFERENCE].outputs().are_consumed(&measured.used_elsewhere()));
}

#[test]
fn cells_that_hang_leave_the_run_within_the_budget() {
    let hangs = |request: &BatchRequest| match request.cell.strategy {
        StrategyKind::Threads | StrategyKind::Async => {
            (request.kill_after.as_secs_f64(), Err(Error::new(Code::PoolHung, "it hangs")))
        }
        _ => (0.1, ideal(request)),
    };
    let (measured, seconds, _) = measured_in_time(0.8, true, hangs);
    assert!(0.8 + seconds <= 5.5, "{seconds}");
    assert!(!measured.failed.is_empty());
}

#[test]
fn what_the_budget_killed_has_not_failed() {
    let mut batches = 0;
    let slow = move |request: &BatchRequest| {
        batches += 1;
        let result = if batches < 6 { ideal(request) } else { Err(Error::new(Code::PoolHung, "late")) };
        (if batches < 6 { 0.8 } else { request.kill_after.as_secs_f64() }, result)
    };
    let (measured, seconds, _) = measured_in_time(0.5, true, slow);
    assert!(seconds <= 5.0, "{seconds}");
    assert!(measured.failed.is_empty(), "{:?}", measured.failed);
}

#[test]
fn warm_up_batches_leave_no_trace() {
    let (measured, orders) = measure(MeasurementSettings { warmup: 1, ..settings(1) }, ideal);
    let kept: usize = measured.cells.values().map(|record| record.rounds().len()).sum();
    assert_eq!(orders.len(), 2 * kept);
}

/// Answers a batch: tasks sleep 20 ms, and each ends as the function of its number says.
fn batch(request: &BatchRequest, outcome: impl Fn(u64) -> Result<u64, Error>) -> Result<RunReport, Error> {
    let tasks = request.tasks.end - request.tasks.start;
    let mut report = report(tasks, request.cell.width, 0.02);
    report.tally = TaskOutcomes::default();
    let took = Duration::from_millis(20);
    request.tasks.clone().for_each(|i| report.tally.record(i, i, took, outcome(i)));
    Ok(report)
}

fn guided() -> MeasurementSettings {
    MeasurementSettings { budget: Duration::from_secs(10), rounds: None, ..settings(0) }
}

fn refused() -> Error {
    Error::new(Code::TaskHttpStatus, "503")
}

#[test]
fn the_search_brackets_the_width_from_which_an_upstream_refuses() {
    let (measured, _) = measure(guided(), |request| {
        let width = request.cell.width as u64;
        batch(request, |i| if i % width >= 4 { Err(refused()) } else { Ok(i) })
    });
    let plan = testing::plan(&sleeping(400), &profile(50e-6, 20e-3), &host(2));
    let results = crate::benchmark::summary::results(&plan, &measured);
    let soundness = Soundness::of(Tally::default(), &results.iter().map(Seen::of).collect::<Vec<_>>());
    for kind in [StrategyKind::Async, StrategyKind::Threads] {
        let onset = soundness.failing_beyond(kind).expect("tasks fail");
        assert_eq!(onset.width, 4, "{onset:?}");
        let between = |c: &&Candidate| c.cell.strategy == kind && (5..onset.at).contains(&c.cell.width);
        assert_eq!(plan.candidates.iter().find(between), None, "{onset:?}");
    }
    assert!(measured.posteriors.keys().all(|cell| cell.width <= 4), "{:?}", measured.posteriors.keys());
    assert!(measured.posteriors.keys().any(|cell| cell.width == 4));
}

#[test]
fn wrong_outputs_are_checked_against_a_second_sequential_run_and_never_win() {
    let (measured, requests) = measure(guided(), |request| {
        let shares_memory = request.cell.strategy != StrategyKind::Processes && request.cell.width > 1;
        batch(request, |i| Ok(if shares_memory && i % 7 != 0 { i + 1 } else { i }))
    });
    let is_rerun = |r: &&BatchRequest| r.cell == Configuration::REFERENCE && r.tasks.start == 1;
    assert_eq!(requests.iter().filter(is_rerun).count(), 1);
    let wide = measured.cells.keys().filter(|cell| cell.width > 1);
    for cell in wide {
        let outputs = measured.compare_outputs(*cell).expect("compared");
        assert_eq!(outputs.is_wrong(), cell.strategy != StrategyKind::Processes, "{cell}: {outputs:?}");
    }
    let may_win = |cell: &&Configuration| cell.width == 1 || cell.strategy == StrategyKind::Processes;
    assert_eq!(measured.posteriors.keys().find(|cell| !may_win(cell)), None);
}

#[test]
fn outputs_that_differ_when_tasks_run_alone_again_are_random() {
    let calls = Cell::new(0);
    let (measured, _) = measure(guided(), |request| {
        calls.set(calls.get() + 1);
        batch(request, |i| Ok(i + 1000 * calls.get()))
    });
    let random = |cell: &Configuration| measured.compare_outputs(*cell).expect("compared").verdict;
    assert!(measured.cells.keys().all(|cell| random(cell) == OutputVerdict::Random));
    assert!(measured.posteriors.keys().any(|cell| cell.width > 4), "nobody is doubted");
}

#[test]
fn items_that_work_once_are_found_by_the_second_sequential_run() {
    let is_first = Cell::new(true);
    let (measured, _) = measure(guided(), |request| {
        let works = request.cell == Configuration::REFERENCE && is_first.replace(false);
        batch(request, |i| if works { Ok(i) } else { Err(refused()) })
    });
    assert!(measured.cells[&Configuration::REFERENCE].outputs().are_consumed(&measured.used_elsewhere()));
}

//! The search on simulated programs.

use crate::benchmark::event::Silent;
use crate::diagnostics::Code;
use crate::flag::conclude::busy_machine;
use crate::flag::limit::{FlagLimit, limit};
use crate::flag::measure::{RunFailure, RunMeasure};
use crate::flag::parameters::Parameters;
use crate::flag::record::Objective;
use crate::flag::result::FlagNote;
use crate::flag::run::{RunSettings, SearchEnding, Searched, search};
use crate::flag::search::SearchMode;
use crate::flag::testing::{
    GUIDED, NO_LIMITS, Program, Simulated, advice, computing, deaf, fighting, locking, memory_bound, mixed,
    mortal, partly_serial, searched, sleeping, space, spinning,
};
use crate::host::info::HostLimits;
use crate::host::usage::CpuTime;
use crate::policy::SURE_FROM;

const EIGHT: [usize; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

/// Seeds of the noise.
const SEEDS: std::ops::Range<u64> = 0..5;

const PROGRAMS: [(&str, Program); 9] = [
    ("computing", computing),
    ("partly serial", partly_serial),
    ("sleeping", sleeping),
    ("locking", locking),
    ("deaf", deaf),
    ("memory-bound", memory_bound),
    ("fighting", fighting),
    ("spinning", spinning),
    ("mixed", mixed),
];

/// Returns the true time that the recommended width loses, as a share of the best.
fn regret(machine: &Simulated, of: &Searched, widths: &[usize]) -> f64 {
    let truth = |width: &usize| machine.truth(&Parameters::of_width(*width)).unwrap_or(f64::INFINITY);
    let best = widths.iter().map(truth).fold(f64::INFINITY, f64::min);
    truth(&advice(of).width) / best - 1.0
}

fn limit_of(of: &Searched) -> FlagLimit {
    limit(&of.search, of.search.recommended().expect("a recommendation"))
}

#[test]
fn the_recommended_width_is_within_5_percent_of_the_best_for_a_third_of_a_sweep() {
    let (mut bad, mut shares) = (Vec::new(), Vec::new());
    for (name, program) in PROGRAMS {
        for (cpus, seed) in [2.0, 4.0, 8.0].into_iter().flat_map(|cpus| SEEDS.map(move |seed| (cpus, seed))) {
            let mut machine = Simulated::new(program, cpus, seed);
            let found = searched(&mut machine, &EIGHT);
            let loss = regret(&machine, &found, &EIGHT);
            let sweep: f64 =
                EIGHT.iter().filter_map(|width| machine.truth(&Parameters::of_width(*width))).sum::<f64>()
                    * 5.0;
            let share = found.elapsed.as_secs_f64() / sweep;
            if loss > 0.05 {
                bad.push(format!("{name} on {cpus} CPUs: {} loses {loss:.2}", advice(&found)));
            }
            shares.push(share);
        }
    }
    shares.sort_by(f64::total_cmp);
    let median = shares[shares.len() / 2];
    assert!(bad.len() * 10 <= shares.len(), "{bad:?}");
    assert!(median <= 0.35, "{median}");
}

#[test]
fn a_program_that_waits_gets_the_width_that_its_waits_ask_for() {
    let widths = crate::flag::ladder::widths(2);
    let mut machine = Simulated::new(sleeping, 2.0, 1);
    let found = searched(&mut machine, &widths);
    assert!(regret(&machine, &found, &widths) <= 0.05, "{}", advice(&found));
    assert!((40..=64).contains(&advice(&found).width), "{}", advice(&found));
}

#[test]
fn a_program_that_computes_gets_the_cpus_and_the_narrowest_of_equals() {
    for cpus in [2.0, 4.0] {
        let widths = crate::flag::ladder::widths(cpus as usize);
        let mut machine = Simulated::new(computing, cpus, 3);
        let found = searched(&mut machine, &widths);
        assert_eq!(advice(&found).width, cpus as usize);
        assert!(matches!(limit_of(&found), FlagLimit::Cpus { .. }), "{:?}", limit_of(&found));
        // Width 1 cannot win.
        assert!(machine.ran.iter().all(|ran| ran.width > 1), "{:?}", machine.ran);
    }
}

#[test]
fn a_program_that_ignores_its_flag_is_told_after_two_widths() {
    let mut machine = Simulated::new(deaf, 4.0, 1);
    let found = searched(&mut machine, &EIGHT);
    assert!(matches!(limit_of(&found), FlagLimit::NoEffect { .. }), "{:?}", limit_of(&found));
    let widths: Vec<usize> = machine.ran.iter().map(|ran| ran.width).collect();
    assert_eq!(widths, [4, 8]);
    let near = |found: &Searched| {
        let i = found.search.recommended().expect("a recommendation");
        found.search.standings().expect("a belief")[i].near
    };
    assert!(near(&found) >= SURE_FROM, "{}", near(&found));
    // Threads that fight look alike with four and eight, but one alone may be faster.
    let fights: Program = |of, cpus| {
        let mut run = deaf(of, cpus)?;
        let wall_s = if of.total() == 1 { 2.0 } else { 3.0 };
        run.cpu = CpuTime { user_s: 0.4 * wall_s, system_s: 0.6 * wall_s };
        Ok(RunMeasure { wall_s, ..run })
    };
    let mut machine = Simulated::new(fights, 4.0, 1);
    let found = searched(&mut machine, &EIGHT);
    assert_eq!(advice(&found).width, 1, "{:?}", machine.ran);
}

#[test]
fn a_width_at_which_the_program_dies_is_left_out() {
    let mut machine = Simulated::new(mortal, 4.0, 1);
    let found = searched(&mut machine, &EIGHT);
    assert_eq!(advice(&found).width, 4);
    let mut machine = Simulated::new(mortal, 8.0, 1);
    let found = searched(&mut machine, &EIGHT);
    assert_eq!(advice(&found).width, 5, "{:?}", machine.ran);
    let failed = found.search.records().iter().filter(|record| record.failure.is_some());
    assert!(failed.clone().count() >= 1 && failed.clone().all(|record| record.parameters.width > 5));
}

#[test]
fn a_program_that_always_fails_is_an_error_with_its_words() {
    let fails: Program =
        |_, _| Err(RunFailure { exit_code: Some(2), signal: None, said: Some("no makefile".to_owned()) });
    let mut machine = Simulated::new(fails, 2.0, 1);
    let error = search(space(&EIGHT, 2.0), GUIDED, &mut machine, &mut Silent).expect_err("a failure");
    assert_eq!(error.code, Code::TaskCommand);
    assert!(error.message.contains("exit code 2: no makefile"), "{}", error.message);
    assert_eq!(machine.ran.len(), 2);
}

#[test]
fn the_first_run_is_at_the_cpus_and_slow_only_because_caches_were_empty() {
    let mut machine = Simulated::new(computing, 4.0, 1);
    searched(&mut machine, &EIGHT);
    assert_eq!(machine.ran[0].width, 4);
    assert!(machine.ran[1..].iter().any(|ran| ran.width == 4), "{:?}", machine.ran);
}

#[test]
fn an_interrupt_leaves_what_is_known() {
    let mut machine = Simulated::new(computing, 4.0, 1);
    machine.interrupt_after = 2;
    let found = search(space(&EIGHT, 4.0), GUIDED, &mut machine, &mut Silent).expect("the first run");
    assert_eq!((found.ending, advice(&found).width), (SearchEnding::Interrupted, 4));
    let mut machine = Simulated::new(computing, 4.0, 1);
    machine.interrupt_after = 1;
    let error = search(space(&EIGHT, 4.0), GUIDED, &mut machine, &mut Silent).expect_err("nothing");
    assert!(error.is_interrupted());
}

#[test]
fn a_budget_ends_the_search_and_the_first_run_always_fits() {
    let settings = RunSettings { budget: Some(std::time::Duration::from_millis(10)), ..GUIDED };
    let mut machine = Simulated::new(sleeping, 2.0, 1);
    let found = search(space(&EIGHT, 2.0), settings, &mut machine, &mut Silent).expect("a result");
    assert_eq!((machine.ran.len(), found.ending), (1, SearchEnding::Budget));
    // Eight sleep at once: predicted, because nothing else ran.
    assert_eq!(advice(&found).width, 8);
}

#[test]
fn an_exhaustive_search_runs_every_width_in_every_round() {
    let settings = RunSettings { mode: SearchMode::Exhaustive(2), ..GUIDED };
    let mut machine = Simulated::new(computing, 2.0, 1);
    let found = search(space(&EIGHT, 2.0), settings, &mut machine, &mut Silent).expect("a result");
    assert_eq!(found.ending, SearchEnding::Rounds);
    assert!(EIGHT.iter().all(|width| machine.ran.iter().filter(|ran| ran.width == *width).count() >= 2));
    let widths: Vec<usize> = machine.ran.iter().map(|ran| ran.width).collect();
    assert_ne!(widths[1..9], EIGHT, "the order is random");
}

#[test]
fn a_metric_is_maximised_and_one_that_is_missing_ends_the_search() {
    let rated: Program = |of, cpus| {
        let rate = 100.0 * (of.total() as f64).min(cpus) / (1.0 + 0.1 * (of.total() as f64 / cpus).max(1.0));
        Ok(RunMeasure { wall_s: 2.0, metric: Some(rate), ..computing(of, cpus)? })
    };
    let mut machine = Simulated::new(rated, 4.0, 1);
    let space =
        || crate::flag::search::SearchSpace { objective: Objective::LargeMetric, ..space(&EIGHT, 4.0) };
    let found = search(space(), GUIDED, &mut machine, &mut Silent).expect("a result");
    assert_eq!(advice(&found).width, 4);
    let mut silent = Simulated::new(computing, 4.0, 1);
    let error = search(space(), GUIDED, &mut silent, &mut Silent).expect_err("no metric");
    assert_eq!(error.code, Code::WorkloadMetric);
    assert!(error.message.contains("nothing to see"), "{}", error.message);
}

#[test]
fn processes_and_threads_are_searched_together() {
    // Two CPUs for each process share a cache: two processes of two threads are the best on four CPUs.
    let shaped: Program = |of, cpus| {
        let (processes, width) = (of.processes.unwrap_or(1) as f64, of.width as f64);
        let penalty = 1.0 + 0.15 * (processes / 2.0).ln().abs() + 0.15 * (width / 2.0).ln().abs();
        let run = computing(of, cpus)?;
        Ok(RunMeasure { wall_s: run.wall_s * penalty, ..run })
    };
    let cells = [1, 2, 4].into_iter().flat_map(|processes| {
        [1, 2, 3, 4, 6, 8]
            .map(|width| Parameters { processes: Some(processes), ..Parameters::of_width(width) })
    });
    let mut machine = Simulated::new(shaped, 4.0, 2);
    let space = crate::flag::search::SearchSpace { cells: cells.collect(), ..space(&[], 4.0) };
    let found = search(space, GUIDED, &mut machine, &mut Silent).expect("a result");
    let best = Parameters { processes: Some(2), ..Parameters::of_width(2) };
    let loss = machine.truth(&advice(&found)).expect("a time") / machine.truth(&best).expect("a time") - 1.0;
    assert!(loss <= 0.05, "{}: {loss}", advice(&found));
}

#[test]
fn the_best_shape_is_found_where_one_process_alone_is_slow() {
    // A part that runs alone depends on the shape: what the first run shows of it holds for no other.
    let shaped: Program = |of, cpus| {
        let processes = of.processes.unwrap_or(1) as f64;
        let alone_s = 1.5 * (processes / 2.0).ln().abs();
        let run = computing(of, cpus)?;
        let mut workers = run.workers;
        workers.single_s += alone_s;
        Ok(RunMeasure { wall_s: run.wall_s + alone_s, workers, ..run })
    };
    let cells = [1, 2, 4].into_iter().flat_map(|processes| {
        [1, 2, 3, 4, 6, 8]
            .map(|width| Parameters { processes: Some(processes), ..Parameters::of_width(width) })
    });
    let mut machine = Simulated::new(shaped, 2.0, 2);
    let space = crate::flag::search::SearchSpace { cells: cells.collect(), ..space(&[], 2.0) };
    let found = search(space, GUIDED, &mut machine, &mut Silent).expect("a result");
    assert_eq!(advice(&found).processes, Some(2), "{}", advice(&found));
}

#[test]
fn every_listed_value_is_run_and_the_best_one_is_found() {
    let levels: Program = |of, cpus| {
        let factor = if of.value.as_deref() == Some("fast") { 1.0 } else { 3.0 };
        let run = computing(of, cpus)?;
        let workers = run.workers;
        Ok(RunMeasure {
            wall_s: run.wall_s * factor,
            cpu: crate::host::usage::CpuTime { user_s: run.cpu.user_s * factor, system_s: 0.0 },
            workers: crate::profile::result::WorkersOverTime {
                several_s: workers.several_s * factor,
                ..workers
            },
            ..run
        })
    };
    let cells = ["slow", "fast", "slower"].into_iter().flat_map(|value| {
        EIGHT.map(|width| Parameters { value: Some(value.to_owned()), ..Parameters::of_width(width) })
    });
    let mut machine = Simulated::new(levels, 4.0, 2);
    let space = crate::flag::search::SearchSpace { cells: cells.collect(), ..space(&[], 4.0) };
    let found = search(space, GUIDED, &mut machine, &mut Silent).expect("a result");
    assert_eq!(advice(&found).to_string(), "4 fast");
    assert!(["slow", "slower"].iter().all(|v| machine.ran.iter().any(|ran| ran.value.as_deref() == Some(v))));
}

#[test]
fn memory_caps_the_width() {
    let hungry: Program = |of, cpus| {
        let bytes = (of.total() as u64) << 30;
        Ok(RunMeasure { peak_memory_bytes: Some(bytes), ..sleeping(of, cpus)? })
    };
    let limits = HostLimits { memory_available_bytes: 10 << 30, ..NO_LIMITS };
    let widths = crate::flag::ladder::widths(2);
    let space = crate::flag::search::SearchSpace { limits, ..space(&widths, 2.0) };
    let mut machine = Simulated::new(hungry, 2.0, 1);
    let found = search(space, GUIDED, &mut machine, &mut Silent).expect("a result");
    assert_eq!(advice(&found).width, 8);
    assert!(machine.ran.iter().all(|ran| ran.width <= 8), "{:?}", machine.ran);
    assert!(matches!(limit_of(&found), FlagLimit::Capped { widest: 8, .. }), "{:?}", limit_of(&found));
}

#[test]
fn more_cpus_are_predicted_from_one_run() {
    let settings = RunSettings { mode: SearchMode::FirstRuns, ..GUIDED };
    let assumed = crate::flag::search::SearchSpace { assumed_cpus: 8.0, ..space(&EIGHT, 2.0) };
    let mut machine = Simulated::new(partly_serial, 2.0, 1);
    let found = search(assumed, settings, &mut machine, &mut Silent).expect("a prediction");
    assert_eq!(machine.ran.len(), 1);
    let predicted = 1.0 / found.search.predicted_rate(7).expect("a rate");
    assert!((predicted / (3.0 + 7.0 / 8.0) - 1.0).abs() < 0.15, "{predicted}");
}

#[test]
fn on_a_machine_that_others_use_no_answer_is_sure() {
    let note = |others_cpus: f64| {
        let program = move |of: &Parameters, cpus: f64| {
            computing(of, cpus).map(|run| RunMeasure { others_cpus, ..run })
        };
        busy_machine(&searched(&mut Simulated::new(program, 4.0, 1), &EIGHT))
    };
    assert_eq!(note(0.2), None);
    assert!(
        matches!(note(2.0), Some(FlagNote::BusyMachine { others, cpus }) if (others, cpus) == (2.0, 4.0))
    );
}

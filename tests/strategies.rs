//! Every strategy runs the same work for real: the same outputs, the same failures, the same CPU time.

use std::time::Duration;

use conc::internal::{
    Backoff, Code, Configuration, FixtureSpec, Items, Kernel, LatencySpec, RetryPolicy, RunReport,
    SqliteSpec, Stages, StepRule, StepSpec, StrategyKind, TaskCounts, Workload,
};

use crate::common::{
    CELLS, PATIENCE, TestBed, cell, command, compute, counted, http, iterations, sleep, workload,
};

mod common;

const TASKS: u64 = 64;

const MS: Duration = Duration::from_millis(1);

/// Items that have to be escaped in an address, and that no two strategies may treat differently.
fn awkward_items() -> Items {
    let item = |i| match i % 4 {
        0 => format!("page-{i}"),
        1 => format!("größe/ß {i}"),
        2 => format!("日本語?q={i}#frag"),
        _ => format!("100% \"{i}\" & 🦀"),
    };
    Items::List((0..TASKS).map(item).collect())
}

/// A request, a computation on the answer, and a pause.
fn mixed(error_rate: f64) -> Workload {
    let latency = LatencySpec { median: MS, p99: MS * 4 };
    Workload {
        fixture: Some(FixtureSpec { latency, error_rate, ..FixtureSpec::default() }),
        ..workload(
            awkward_items(),
            vec![http("fixture:/page/{item}"), iterations(Kernel::Sha256, 50), sleep(MS)],
        )
    }
}

/// Runs a workload under every strategy.
fn under_every_strategy(workload: Workload) -> Vec<(Configuration, RunReport)> {
    let mut bed = TestBed::new(workload);
    CELLS.into_iter().map(|cell| (cell, bed.run(cell))).collect()
}

/// Checks that all reports agree about the tasks with the first one, and returns the first one.
fn agreed(reports: &[(Configuration, RunReport)]) -> &RunReport {
    let (_, reference) = &reports[0];
    for (cell, report) in reports {
        let (mine, theirs) = (&report.tally, &reference.tally);
        assert_eq!(mine.counts, theirs.counts, "{cell}");
        assert_eq!(mine.digest, theirs.digest, "{cell}");
        assert_eq!(mine.errors(), theirs.errors(), "{cell}");
    }
    reference
}

#[test]
fn every_strategy_gives_the_same_outputs() {
    let reports = under_every_strategy(mixed(0.0));
    let counts = agreed(&reports).tally.counts;
    assert_eq!(counts, TaskCounts { ok: TASKS, ..TaskCounts::default() });
    for (cell, report) in &reports {
        assert!(report.wall_s > 0.0 && report.startup_s >= 0.0, "{cell}: {report:?}");
        assert!(report.cpu.total_s() > 0.0 && report.peak_rss_bytes > 1 << 20, "{cell}: {report:?}");
    }
}

#[test]
fn cells_of_one_draw_run_the_same_items_and_those_of_another_run_others() {
    let items = Items::List((0..300).map(|i| format!("item-{i}")).collect());
    let mut bed = TestBed::new(workload(items, vec![command(&["echo", "{item}"])]));
    let cells = [
        Configuration::REFERENCE,
        cell(StrategyKind::Async, 4),
        cell(StrategyKind::Threads, 3),
        cell(StrategyKind::Processes, 2),
    ];
    let mut ran = |id| cells.map(|cell| bed.run_permutation(cell, 0..12, id).tally);
    let (first, second) = (ran(0), ran(1));
    for tally in first.iter().chain(&second) {
        assert_eq!((tally.counts.ok, tally.outputs.items().len()), (12, 12));
    }
    for (one, other) in first.iter().zip(&second) {
        assert_eq!((one.outputs.items(), &one.digest), (first[0].outputs.items(), &first[0].digest));
        assert_eq!((other.outputs.items(), &other.digest), (second[0].outputs.items(), &second[0].digest));
        assert_ne!(one.outputs.items(), other.outputs.items());
        assert_eq!(one.outputs.compare(&other.outputs).differing, 0);
    }
    let whole = bed.run(Configuration::REFERENCE).tally.outputs;
    let counts = whole.compare(&first[2].outputs);
    assert_eq!((counts.compared, counts.differing), (12, 0));
}

/// A request, a computation, and a step that only one task at a time may be in, in order.
fn staged(rule: StepRule) -> Workload {
    Workload { rules: vec![StepRule::default(), StepRule::default(), rule], ..mixed(0.3) }
}

#[test]
fn a_pipeline_gives_the_outputs_of_one_task_after_another() {
    for rule in [
        StepRule::default(),
        StepRule { workers: Some(1), ordered: false },
        StepRule { workers: None, ordered: true },
    ] {
        let mut bed = TestBed::new(staged(rule));
        let stages = Stages::new(&[4, 2, 1], 3).expect("three stages");
        let cells = [Configuration::REFERENCE, Configuration::pipeline(stages)];
        let reports: Vec<_> = cells.into_iter().map(|cell| (cell, bed.run(cell))).collect();
        let counts = agreed(&reports).tally.counts;
        assert!(counts.started() == TASKS && counts.failed > 0 && counts.ok > 0, "{counts:?}");
    }
}

#[test]
fn stages_that_do_not_fit_the_steps_do_not_start() {
    let ordered = StepRule { workers: None, ordered: true };
    let mut bed = TestBed::new(staged(ordered));
    for workers in [&[1, 1][..], &[1, 1, 1, 1], &[1, 1, 2]] {
        let cell = Configuration::pipeline(Stages::new(workers, 3).expect("stages"));
        let error = bed.try_run(cell, PATIENCE, PATIENCE).expect_err("a misfit");
        assert_eq!(error.code, Code::PoolStart, "{error}");
    }
}

#[test]
fn a_step_lets_in_no_more_tasks_than_it_may_under_every_strategy() {
    let rules = vec![StepRule { workers: Some(2), ordered: false }];
    let mut bed = TestBed::new(Workload { rules, ..counted(8, vec![sleep(MS * 20)]) });
    for cell in
        [cell(StrategyKind::Async, 8), cell(StrategyKind::Threads, 8), cell(StrategyKind::WorkStealing, 8)]
    {
        let report = bed.run(cell);
        assert_eq!(report.tally.counts.ok, 8);
        assert!(report.wall_s >= 0.08, "{cell}: {}", report.wall_s);
    }
}

#[test]
fn every_step_is_part_of_the_output() {
    let digest =
        |steps: Vec<StepSpec>| TestBed::new(counted(4, steps)).run(Configuration::REFERENCE).tally.digest;
    let (one, other) = (iterations(Kernel::Sha256, 1), iterations(Kernel::Sha256, 2));
    let both = digest(vec![one.clone(), other.clone()]);
    assert_ne!(both, digest(vec![other.clone(), one.clone()]));
    assert_ne!(both, digest(vec![one]));
    assert_ne!(both, digest(vec![other]));
}

#[test]
fn every_strategy_meets_the_same_failures() {
    let reports = under_every_strategy(mixed(0.3));
    let tally = &agreed(&reports).tally;
    assert_eq!(tally.counts.started(), TASKS);
    assert_eq!(tally.counts.ok + tally.counts.failed, TASKS);
    let [error] = &tally.errors()[..] else { panic!("one kind of error: {:?}", tally.errors()) };
    assert_eq!((error.code, error.count), (Code::TaskHttpStatus, tally.counts.failed));
    // Drawn with probability 0.3: 6 and 38 are 3.6 and 5.1 standard deviations away.
    assert!((6..38).contains(&error.count), "{error:?}");
}

#[test]
fn every_strategy_gets_over_the_same_failures_by_trying_again() {
    let without = under_every_strategy(mixed(0.3));
    let retry = Some(RetryPolicy { max: 2, backoff: Backoff::Exponential, base: MS * 2 });
    let with = under_every_strategy(Workload { retry, ..mixed(0.3) });
    let (without, with) = (agreed(&without).tally.counts, agreed(&with).tally.counts);
    assert_eq!(with.started(), TASKS);
    assert!(with.failed < without.failed, "{with:?} {without:?}");
}

#[test]
fn cpu_time_of_a_task_depends_neither_on_the_strategy_nor_on_the_width() {
    let cells = [
        Configuration::REFERENCE,
        cell(StrategyKind::Async, 2),
        cell(StrategyKind::Async, 40),
        cell(StrategyKind::Threads, 2),
        cell(StrategyKind::Threads, 16),
        cell(StrategyKind::WorkStealing, 2),
        cell(StrategyKind::Processes, 2),
        cell(StrategyKind::Processes, 8),
        Configuration::hybrid(8, 2),
    ];
    let mut bed = TestBed::new(counted(40, vec![compute(MS * 4)]));
    let reports: Vec<_> = cells.into_iter().map(|cell| (cell, bed.run(cell))).collect();
    let reference = agreed(&reports).cpu.total_s();
    for (cell, report) in &reports {
        let ratio = report.cpu.total_s() / reference;
        assert!((0.25..4.0).contains(&ratio), "{cell}: {ratio} times the CPU time of sequential");
    }
}

#[test]
fn no_task_is_started_after_the_time_limit_and_none_is_lost() {
    let mut bed = TestBed::new(counted(1_000, vec![sleep(MS * 1500)]));
    for cell in CELLS {
        let report = bed.try_run(cell, MS * 400, PATIENCE).unwrap_or_else(|e| panic!("{cell}: {e}"));
        let counts = report.tally.counts;
        assert_eq!(counts.ok, counts.started(), "{cell}");
        assert!((1..=cell.width as u64).contains(&counts.ok), "{cell}: {counts:?}");
    }
}

#[test]
fn indexes_beyond_the_items_start_over_everywhere() {
    let mut bed = TestBed::new(workload(awkward_items(), vec![command(&["echo", "{item}"])]));
    let tasks = TASKS - 4..TASKS + 4;
    let mut run = |cell| bed.run_tasks(cell, tasks.clone());
    let reports: Vec<_> = CELLS.into_iter().map(|cell| (cell, run(cell))).collect();
    assert_eq!(agreed(&reports).tally.counts.ok, 8);
}

/// Runs eight commands, one of which kills its parent, in `width` worker processes.
fn with_a_killer(width: usize) -> RunReport {
    let items = (0..8).map(|i| if i == 3 { "kill -9 $PPID" } else { "exit 0" }.to_owned());
    let killing = workload(Items::List(items.collect()), vec![command(&["sh", "-c", "{item}"])]);
    TestBed::new(killing).run(cell(StrategyKind::Processes, width))
}

#[test]
fn a_worker_that_dies_loses_its_tasks_and_no_others() {
    for width in [3, 1] {
        let tally = with_a_killer(width).tally;
        assert_eq!(tally.counts.started(), 8, "{width} wide");
        // Short commands may wait in the pipe of a worker that dies, one frame at the most.
        assert!((1..=2).contains(&tally.counts.failed), "{width} wide: {:?}", tally.counts);
        let [error] = &tally.errors()[..] else { panic!("one kind of error: {:?}", tally.errors()) };
        assert_eq!((error.code, error.count), (Code::PoolWorkerDied, tally.counts.failed));
        assert!(error.message.contains("SIGKILL"), "{error:?}");
    }
}

#[test]
fn every_task_is_accounted_for_even_if_each_one_kills_its_worker() {
    let mut bed = TestBed::new(counted(5, vec![command(&["sh", "-c", "kill -9 $PPID"])]));
    let tally = bed.run(cell(StrategyKind::Processes, 2)).tally;
    assert_eq!(tally.counts, TaskCounts { failed: 5, ..TaskCounts::default() });
}

/// Tiny tasks of `seed` with items of 0 to 200 KB, of which many fail and repeat their item in the failure.
fn chatty(seed: u64) -> Workload {
    let mut state = seed;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let item = |_| {
        let length = [0, 30, 1_000, 1_000, 1_000, 20_000, 200_000][random(7) as usize];
        // SQLite refuses a path that does not start like this, and quotes it.
        let start = if random(3) == 0 { "$." } else { "x" };
        format!("{start}{}", "x".repeat(random(length + 1) as usize))
    };
    let query = "SELECT json_extract('{}', ?1)".to_owned();
    let step = StepSpec::Sqlite(SqliteSpec { path: None, setup: None, query, writes: false });
    workload(Items::List((0..400).map(item).collect()), vec![step])
}

#[test]
fn workers_and_their_pool_never_wait_for_each_other() {
    // By hand: CONC_PROTOCOL_RUNS=1000 cargo test --test strategies never_wait
    let runs = std::env::var("CONC_PROTOCOL_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(8);
    for seed in 0..runs {
        let mut bed = TestBed::new(chatty(seed));
        let configuration = cell(StrategyKind::Processes, 1 + seed as usize % 3);
        let report = bed.try_run(configuration, PATIENCE, PATIENCE).unwrap_or_else(|error| {
            panic!("seed {seed}, {configuration}: {error}");
        });
        let counts = report.tally.counts;
        assert_eq!(counts.started(), 400, "seed {seed}: {counts:?}");
        assert!(counts.ok > 50 && counts.failed > 50, "seed {seed}: {counts:?}");
        let errors = report.tally.errors();
        assert!(errors.iter().all(|error| error.code == Code::TaskSqlite), "seed {seed}: {errors:?}");
    }
}

#[test]
fn the_ledger_accounts_for_all_the_time_of_the_workers() {
    let sleeps = 40;
    let mut waiting = TestBed::new(counted(sleeps, vec![sleep(MS * 5)]));
    let mut mixed = TestBed::new(counted(sleeps, vec![sleep(MS), compute(MS * 2)]));
    let runs = [
        (waiting.run(cell(StrategyKind::Processes, 3)), 3, sleeps as f64 * 5e-3),
        (mixed.run(Configuration::hybrid(8, 2)), 2, sleeps as f64 * 1e-3),
    ];
    for (report, workers, least_work_s) in runs {
        let ledger = report.ledger.as_ref().expect("there are worker processes");
        let parts = [ledger.startup_s, ledger.waiting_s, ledger.working_s, ledger.transfer_s];
        let whole = workers as f64 * (report.startup_s + report.wall_s);
        assert_eq!(ledger.workers, workers);
        assert!((parts.iter().sum::<f64>() / whole - 1.0).abs() < 1e-6, "{ledger:?} {whole}");
        assert!(parts.iter().all(|part| *part >= 0.0) && ledger.working_s >= least_work_s, "{ledger:?}");
        assert!(ledger.transfer_s > 0.0 && ledger.startup_s > 0.0, "{ledger:?}");
        let per_message = ledger.costs.tasks_per_message().expect("messages");
        assert!((1.0..=sleeps as f64).contains(&per_message), "{per_message}");
    }
    assert!(waiting.run(cell(StrategyKind::Threads, 3)).ledger.is_none());
}

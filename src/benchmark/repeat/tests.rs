use super::*;

use std::cell::{Cell as Shared, RefCell};
use std::rc::Rc;

use crate::benchmark::event::Silent;
use crate::benchmark::testing::{report, sizing};
use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::contention::TakenCpu;
use crate::strategy::StrategyKind;

const CELL: Configuration =
    Configuration { strategy: StrategyKind::Threads, width: 4, processes: None, stages: None };

/// Simulated time, which passes while batches run.
#[derive(Clone, Default)]
struct Time(Rc<Shared<Duration>>);

impl Time {
    fn pass(&self, seconds: f64) {
        self.0.set(self.0.get() + Duration::from_secs_f64(seconds));
    }
}

impl Clock for Time {
    fn restart(&mut self) {
        self.0.set(Duration::ZERO);
    }

    fn elapsed(&self) -> Duration {
        self.0.get()
    }
}

/// A CPU that is a tenth faster at every probe, while other programs use one of four CPUs.
struct Machine(Time, f64);

impl MachineProbe for Machine {
    fn cpu_speed(&mut self) -> Option<f64> {
        self.1 *= 1.1;
        Some(self.1)
    }

    fn taken_cpu(&mut self) -> Option<TakenCpu> {
        let elapsed_s = self.0.elapsed().as_secs_f64();
        Some(TakenCpu { others_s: elapsed_s, stolen_s: 0.5 * elapsed_s })
    }
}

type Log = Rc<RefCell<Vec<(Side, BatchRequest)>>>;

/// Runs tasks of a fixed duration, records the requests and fails from a given batch on.
struct Program {
    side: Side,
    task_s: f64,
    time: Time,
    log: Log,
    fails_at: usize,
    batches: usize,
    interrupt: Option<Interrupt>,
}

impl Executor for Program {
    fn run(&mut self, request: &BatchRequest) -> Result<RunReport, Error> {
        self.log.borrow_mut().push((self.side, request.clone()));
        self.batches += 1;
        if self.batches > self.fails_at {
            return Err(Error::new(Code::PoolStart, "no such file"));
        }
        if let Some(interrupt) = &self.interrupt {
            interrupt.raise();
        }
        let report = report(request.tasks.end, request.cell.width, self.task_s);
        self.time.pass(report.wall_s);
        Ok(report)
    }
}

/// Two programs on one machine.
struct Scene {
    current: Program,
    reference: Program,
    settings: RepetitionSettings,
    interrupt: Interrupt,
}

impl Scene {
    fn new() -> Self {
        let (time, log) = (Time::default(), Log::default());
        let program = |side, task_s| Program {
            side,
            task_s,
            time: time.clone(),
            log: log.clone(),
            fails_at: usize::MAX,
            batches: 0,
            interrupt: None,
        };
        Scene {
            current: program(Side::Current, 0.02),
            reference: program(Side::Reference, 0.01),
            settings: RepetitionSettings {
                cell: CELL,
                expected_per_s: 200.0,
                batch_tasks: None,
                iterations: vec![7],
                time_limit: Duration::from_secs(3600),
                warmup: 0,
                cpus_logical: 4,
                seed: 3,
            },
            interrupt: Interrupt::default(),
        }
    }

    fn run(&mut self, is_paired: bool, needs_more: impl FnMut(&Series) -> bool) -> Repeated {
        let mut clock = self.current.time.clone();
        let repetition = Repetition {
            current: &mut self.current,
            reference: is_paired.then_some(&mut self.reference),
            machine_probe: &mut Machine(clock.clone(), 1e6),
            observer: &mut Silent,
            clock: &mut clock,
            interrupt: &self.interrupt,
            sizing: Sizing { cpus: 4.0, ..sizing(1000, 0.02, Duration::from_secs(5)) },
            settings: self.settings.clone(),
        };
        repetition.run(needs_more)
    }

    fn sides(&self) -> Vec<Side> {
        self.current.log.borrow().iter().map(|(side, _)| *side).collect()
    }
}

fn until(n: usize) -> impl FnMut(&Series) -> bool {
    move |series| series.batches.len() < n
}

#[test]
fn both_sides_run_the_same_tasks_in_random_order() {
    let mut scene = Scene::new();
    let repeated = scene.run(true, until(40));
    let log = scene.current.log.borrow();
    assert_eq!((repeated.series.batches.len(), repeated.series.reference.len()), (40, 40));
    assert_eq!(repeated.ending, RepetitionEnding::Enough);
    for (permutation_id, pair) in log.chunks(2).enumerate() {
        assert_eq!(pair[0].1, pair[1].1);
        assert_ne!(pair[0].0, pair[1].0);
        assert_eq!(pair[0].1.permutation_id, permutation_id as u64);
    }
    let first = log.chunks(2).filter(|pair| pair[0].0 == Side::Reference).count();
    assert!((10..=30).contains(&first), "{first} of 40 pairs began with the reference");
    drop(log);
    let mut again = Scene::new();
    again.run(true, until(40));
    assert_eq!(again.sides(), scene.sides());
}

#[test]
fn what_a_batch_gave_is_kept_with_what_the_machine_was_like() {
    let repeated = Scene::new().run(true, until(3));
    let (current, reference) = (repeated.series.batches[2], repeated.series.reference[2]);
    assert!((current.throughput_per_s - 200.0).abs() < 2.0, "{current:?}");
    assert!((reference.throughput_per_s - 400.0).abs() < 4.0, "{reference:?}");
    assert!((current.p50_s.unwrap() / 0.02 - 1.0).abs() < 0.02);
    assert!(current.at_s > repeated.series.batches[1].at_s);
    // One probe of the speed serves both sides of a pair.
    assert_eq!(current.cpu_speed, reference.cpu_speed);
    assert!((current.cpu_speed.unwrap() / repeated.series.batches[1].cpu_speed.unwrap() - 1.1).abs() < 1e-9);
    assert!((current.cpu_others.unwrap() - 0.25).abs() < 1e-9, "{current:?}");
    assert!((current.cpu_stolen.unwrap() - 0.125).abs() < 1e-9, "{current:?}");
    assert_eq!((current.ok, repeated.series.iterations), (current.started, vec![7]));
}

#[test]
fn one_side_alone_has_no_reference() {
    let mut scene = Scene::new();
    let repeated = scene.run(false, until(5));
    assert_eq!((repeated.series.batches.len(), repeated.series.reference.len()), (5, 0));
    assert!(scene.sides().iter().all(|side| *side == Side::Current));
}

#[test]
fn it_ends_in_time_and_runs_one_pair_however_little_there_is() {
    let mut scene = Scene::new();
    scene.settings.time_limit = Duration::from_secs(10);
    let repeated = scene.run(true, |_| true);
    assert_eq!(repeated.ending, RepetitionEnding::Time);
    assert!((9.0..=10.0).contains(&repeated.elapsed.as_secs_f64()), "{:?}", repeated.elapsed);
    let mut hurried = Scene::new();
    hurried.settings.time_limit = Duration::ZERO;
    assert_eq!(hurried.run(true, |_| true).series.batches.len(), 1);
}

#[test]
fn batches_are_as_large_as_those_of_another_series() {
    let mut scene = Scene::new();
    scene.settings.batch_tasks = Some(17);
    let repeated = scene.run(false, until(2));
    assert!(repeated.series.batches.iter().all(|batch| batch.started == 17));
}

#[test]
fn warm_up_leaves_no_trace_but_time() {
    let mut scene = Scene::new();
    scene.settings.warmup = 2;
    let repeated = scene.run(true, until(3));
    assert_eq!((repeated.series.batches.len(), scene.sides().len()), (3, 10));
    assert!(repeated.series.batches[0].at_s > 0.0);
}

#[test]
fn a_batch_that_fails_ends_the_series_and_leaves_whole_pairs() {
    let mut scene = Scene::new();
    scene.reference.fails_at = 4;
    let repeated = scene.run(true, |_| true);
    assert_eq!((repeated.series.batches.len(), repeated.series.reference.len()), (4, 4));
    assert_eq!(repeated.ending, RepetitionEnding::Failed);
    let (side, error) = repeated.failure.expect("a failure");
    assert_eq!((side, error.message.as_str()), (Side::Reference, "no such file"));
}

#[test]
fn an_interrupt_ends_it_without_the_pair_that_was_running() {
    let mut scene = Scene::new();
    scene.current.interrupt = Some(scene.interrupt.clone());
    let repeated = scene.run(true, |_| true);
    assert_eq!((repeated.ending, repeated.series.batches.len()), (RepetitionEnding::Interrupted, 0));
    assert_eq!(repeated.failure, None);
}

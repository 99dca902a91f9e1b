//! Drives whole studies on a scripted machine, whose time passes only when a batch runs.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::advice::verdict::Basis;
use crate::benchmark::clock::Clock;
use crate::benchmark::conditions::Conditions;
use crate::benchmark::event::{Event, Observer, Phase, Silent};
use crate::benchmark::executor::{BatchRequest, Executor};
use crate::benchmark::hooks::Shell;
use crate::benchmark::machine_probe::MachineProbe;
use crate::benchmark::repeat::Side;
use crate::benchmark::testing::{host, profile, report, sleeping};
use crate::benchmark::{Configuration, plan};
use crate::diagnostics::Code;
use crate::error::Error;
use crate::gate::Thresholds;
use crate::host::contention::{TakenCpu, TakenShares};
use crate::host::{Host, Interrupt, Reexec};
use crate::profile::tasks::{ProfileLimits, Profiled};
use crate::report::document::Report;
use crate::strategy::{RunReport, StrategyKind};
use crate::study::machine::{Backend, ContentionMeter, PreparedWorkload};
use crate::study::repeat::{OtherSide, RepeatRequest};
use crate::study::{Machine, StopRule, Study, StudyConfig};
use crate::workload::Workload;
use crate::workload::fixture::FixtureStats;

/// Seconds that a task waits.
const TASK_S: f64 = 0.02;

/// Time on the scripted machine.
#[derive(Clone, Default)]
struct VirtualTime(Rc<Cell<Duration>>);

struct VirtualClock {
    time: VirtualTime,
    begun: Duration,
}

impl Clock for VirtualClock {
    fn restart(&mut self) {
        self.begun = self.time.0.get();
    }

    fn elapsed(&self) -> Duration {
        self.time.0.get() - self.begun
    }
}

type BatchRule = fn(&BatchRequest) -> Result<RunReport, Error>;

/// A machine on which a rule determines the results of batches.
struct ScriptedMachine {
    time: VirtualTime,
    interrupt: Interrupt,
    rule: BatchRule,
    batches: Rc<RefCell<Vec<BatchRequest>>>,
}

impl ScriptedMachine {
    fn new(rule: BatchRule) -> Self {
        let (time, interrupt) = (VirtualTime::default(), Interrupt::default());
        ScriptedMachine { time, interrupt, rule, batches: Rc::default() }
    }

    fn run(&self, config: &StudyConfig) -> Result<Report, Error> {
        Study::new(self, &host(4), sleeping(400)).run(config, &mut Silent)
    }
}

impl Machine for ScriptedMachine {
    fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    fn prepare<'m>(
        &'m self,
        workload: Workload,
        host: &Host,
        _: &StudyConfig,
    ) -> Result<PreparedWorkload<'m>, Error> {
        let (workload, host) = (Arc::new(workload), host.clone());
        let backend = Box::new(ScriptedBackend { machine: self, workload, host });
        Ok(PreparedWorkload { backend, warnings: Vec::new() })
    }
}

struct ScriptedBackend<'m> {
    machine: &'m ScriptedMachine,
    workload: Arc<Workload>,
    host: Host,
}

impl Backend for ScriptedBackend<'_> {
    fn workload(&self) -> &Arc<Workload> {
        &self.workload
    }

    fn shell(&self) -> Shell {
        Shell::new(Reexec::new("conc".into()), std::env::temp_dir())
    }

    fn conditions(&self, _: bool) -> Conditions {
        Conditions::usual(&self.host)
    }

    fn profile(&self, limits: &ProfileLimits) -> Result<Profiled, Error> {
        let tasks = limits.most_tasks.min(50);
        let tally = report(tasks, 1, TASK_S).tally;
        Ok(Profiled { profile: profile(1e-4, TASK_S), tally, peak_rss_bytes: 1 << 20, peak_pss_bytes: None })
    }

    fn executor<'s>(&'s self, _: &'s Profiled) -> Box<dyn Executor + 's> {
        Box::new(ScriptedExecutor(self.machine))
    }

    fn executor_of_build<'s>(&'s self, program: &Path) -> Result<Box<dyn Executor + 's>, Error> {
        Err(Error::new(Code::GateReference, format!("'{}' is not here", program.display())))
    }

    fn clock(&self) -> Box<dyn Clock> {
        let time = self.machine.time.clone();
        Box::new(VirtualClock { begun: time.0.get(), time })
    }

    fn spent(&self) -> Duration {
        Duration::ZERO
    }

    fn contention(&self) -> Box<dyn ContentionMeter + '_> {
        Box::new(QuietMachine)
    }

    fn machine_probe(&self) -> Box<dyn MachineProbe + '_> {
        Box::new(QuietMachine)
    }

    fn server_cpu_s(&self) -> f64 {
        0.0
    }

    fn stop_server(&mut self) -> Option<FixtureStats> {
        None
    }
}

struct ScriptedExecutor<'m>(&'m ScriptedMachine);

impl Executor for ScriptedExecutor<'_> {
    fn run(&mut self, request: &BatchRequest) -> Result<RunReport, Error> {
        let result = (self.0.rule)(request);
        let wall_s = result.as_ref().map_or(0.01, |report| report.wall_s);
        let time = &self.0.time.0;
        time.set(time.get() + Duration::from_secs_f64(wall_s));
        self.0.batches.borrow_mut().push(request.clone());
        result
    }
}

/// A machine without other programs.
struct QuietMachine;

impl ContentionMeter for QuietMachine {
    fn shares(&self) -> Option<TakenShares> {
        Some(TakenShares::default())
    }
}

impl MachineProbe for QuietMachine {
    fn cpu_speed(&mut self) -> Option<f64> {
        Some(1e6)
    }

    fn taken_cpu(&mut self) -> Option<TakenCpu> {
        Some(TakenCpu::default())
    }
}

/// Returns the report of a batch whose tasks each wait [`TASK_S`], whatever the strategy.
fn ideal(request: &BatchRequest) -> Result<RunReport, Error> {
    Ok(report(request.tasks.end - request.tasks.start, request.cell.width, TASK_S))
}

/// Records the phases in their order.
#[derive(Default)]
struct Phases(Vec<Phase>);

impl Observer for Phases {
    fn observe(&mut self, event: &Event) {
        if let Event::PhaseStarted(phase) = event {
            self.0.push(*phase);
        }
    }
}

#[test]
fn waiting_tasks_are_measured_within_the_budget_and_run_wide() {
    let machine = ScriptedMachine::new(ideal);
    let mut phases = Phases::default();
    let config = StudyConfig::default();
    let report = Study::new(&machine, &host(4), sleeping(400)).run(&config, &mut phases).expect("a report");
    let advice = report.recommendation.as_ref().expect("a recommendation");
    assert_eq!(advice.strategy, StrategyKind::Async);
    assert!(advice.width >= 64, "{}", advice.width);
    assert_eq!(phases.0, [Phase::Preparing, Phase::Calibrating, Phase::Profiling]);
    // A last batch may end after the budget.
    assert!(machine.time.0.get() < config.budget * 2, "{:?}", machine.time.0.get());
    assert!(report.profile.is_some() && report.model.is_some() && report.series.is_none());
}

#[test]
fn a_prediction_runs_no_batch_and_may_be_for_another_machine() {
    let machine = ScriptedMachine::new(|_| panic!("no batch is run"));
    let stop = StopRule::PredictOnly { cpus: Some(64.0) };
    let report = machine.run(&StudyConfig { stop, ..StudyConfig::default() }).expect("a report");
    assert_eq!(report.recommendation.expect("a recommendation").basis, Basis::Predicted);
    assert_eq!(report.host.cpus_effective, 64.0);
    assert!(machine.batches.borrow().is_empty() && report.model.is_none());
}

#[test]
fn with_once_no_position_of_the_order_is_run_twice() {
    let machine = ScriptedMachine::new(ideal);
    machine.run(&StudyConfig { once: true, ..StudyConfig::default() }).expect("a report");
    let batches = machine.batches.borrow();
    let mut positions: Vec<u64> = batches.iter().flat_map(|batch| batch.tasks.clone()).collect();
    let run = positions.len();
    positions.sort_unstable();
    positions.dedup();
    assert!(run > 0 && positions.len() == run && positions[0] >= 50, "the profile took the first 50");
}

#[test]
fn a_selection_that_cannot_be_measured_is_refused_before_a_batch_is_run() {
    let machine = ScriptedMachine::new(ideal);
    let selection =
        plan::Selection { strategies: vec![StrategyKind::Uvloop], widths: vec![8], ..Default::default() };
    let error = machine.run(&StudyConfig { selection, ..StudyConfig::default() }).expect_err("refused");
    assert_eq!(error.code, Code::WorkloadUnsupported);
    assert!(machine.batches.borrow().is_empty());
}

#[test]
fn an_interrupt_before_the_profile_is_an_error() {
    let machine = ScriptedMachine::new(ideal);
    machine.interrupt.raise();
    assert!(machine.run(&StudyConfig::default()).expect_err("interrupted").is_interrupted());
}

#[test]
fn repeating_alternates_with_the_other_side_and_adds_its_series() {
    let machine = ScriptedMachine::new(ideal);
    let (host, config) = (host(4), StudyConfig::default());
    let prepare = || Study::new(&machine, &host, sleeping(400)).prepare(&config, &mut Silent);
    let other = prepare().expect("prepared");
    let mut study = prepare().and_then(|study| study.into_measured(&mut Silent)).expect("measured");
    let request = RepeatRequest {
        cell: Configuration::new(StrategyKind::Threads, 8),
        batch_tasks: Some(16),
        time: Duration::from_secs(5),
        thresholds: Thresholds::default(),
        metrics: 5,
    };
    let failure = study.repeat(&request, Some(&OtherSide::Workload(&other)), &mut Silent).expect("repeated");
    assert_eq!(failure, None);
    let series = study.conclude().series.expect("a series");
    assert_eq!(series.cell, request.cell);
    assert!(!series.batches.is_empty() && series.batches.len() == series.reference.len());
    assert!(series.batches.iter().all(|batch| batch.started == 16));
}

#[test]
fn a_batch_that_fails_ends_the_series_and_is_returned() {
    let machine = ScriptedMachine::new(|request| match request.tasks.end {
        16 => Err(Error::new(Code::PoolHung, "no answer")),
        _ => ideal(request),
    });
    let host = host(4);
    let study = Study::new(&machine, &host, sleeping(400)).prepare(&StudyConfig::default(), &mut Silent);
    let mut study = study.and_then(|study| study.into_measured(&mut Silent)).expect("measured");
    let request = RepeatRequest {
        cell: Configuration::REFERENCE,
        batch_tasks: Some(16),
        time: Duration::from_secs(5),
        thresholds: Thresholds::default(),
        metrics: 5,
    };
    let failure = study.repeat(&request, None, &mut Silent).expect("ended");
    assert!(matches!(failure, Some((Side::Current, error)) if error.code == Code::PoolHung));
}

//! The scripted machine behind the seam of a study.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::benchmark::clock::Clock;
use crate::benchmark::conditions::Conditions;
use crate::benchmark::executor::Executor;
use crate::benchmark::hooks::Shell;
use crate::benchmark::machine_probe::MachineProbe;
use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::contention::{TakenCpu, TakenShares};
use crate::host::{Host, Interrupt, Reexec};
use crate::profile::Profile;
use crate::profile::result::{Class, Confidence, ConfidenceReason, StepCost, TaskCost, Waits};
use crate::profile::tasks::{ProfileLimits, Profiled};
use crate::study::config::StudyConfig;
use crate::study::machine::{Backend, ContentionMeter, Machine, PreparedWorkload};
use crate::study::simulation::executor::{
    SimulatedClock, SimulatedExecutor, SimulatedTime, profiled_outcomes,
};
use crate::study::simulation::scenario::Scenario;
use crate::workload::Workload;
use crate::workload::fixture::FixtureStats;
use crate::workload::spec::StepSpec;

/// Minimum share of CPU time at which a simulated task is CPU-bound.
const COMPUTES_FROM: f64 = 0.75;
/// Maximum share of CPU time at which a simulated task is I/O-bound.
const WAITS_UP_TO: f64 = 0.35;

/// Samples that a simulated profile claims to have taken.
const SAMPLES: u64 = 50;

/// Iterations per CPU second that the simulated probe reports.
const CPU_SPEED: f64 = 1e6;

/// Iterations of every computing step.
const ITERATIONS: u64 = 1000;

/// A machine that follows a script.
#[derive(Debug)]
pub(crate) struct SimulatedMachine {
    scenario: Scenario,
    interrupt: Interrupt,
    /// Shared by all workloads, of which some run alternately.
    time: SimulatedTime,
    /// The directory that hooks run in.
    scratch: TempDir,
    exe: PathBuf,
}

impl SimulatedMachine {
    /// Returns a machine that follows `scenario`.
    ///
    /// # Errors
    /// When there is no directory for temporary files.
    pub(crate) fn new(scenario: Scenario) -> std::io::Result<Self> {
        let (scratch, exe) = (tempfile::tempdir()?, std::env::current_exe()?);
        Ok(SimulatedMachine {
            scenario,
            interrupt: Interrupt::default(),
            time: SimulatedTime::default(),
            scratch,
            exe,
        })
    }
}

impl Machine for SimulatedMachine {
    fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    fn prepare<'m>(
        &'m self,
        mut workload: Workload,
        _: &Host,
        config: &StudyConfig,
    ) -> Result<PreparedWorkload<'m>, Error> {
        if let Some(code) = self.scenario.broken.get(&workload.name) {
            return Err(Error::new(*code, "the script says so"));
        }
        for step in &mut workload.steps {
            if let StepSpec::Cpu(cpu) = step {
                cpu.iterations.get_or_insert(ITERATIONS);
            }
        }
        let clock = SimulatedClock::start(&self.time);
        let backend = Box::new(SimulatedBackend {
            machine: self,
            workload: Arc::new(workload),
            seed: config.seed,
            clock,
        });
        Ok(PreparedWorkload { backend, warnings: Vec::new() })
    }
}

/// A workload on the scripted machine.
struct SimulatedBackend<'m> {
    machine: &'m SimulatedMachine,
    workload: Arc<Workload>,
    seed: u64,
    /// Runs since the workload began to be prepared.
    clock: SimulatedClock,
}

impl SimulatedBackend<'_> {
    /// Returns an executor with this throughput relative to that of the workload.
    fn executor_at(&self, speed: f64, seed: u64) -> SimulatedExecutor<'_> {
        let SimulatedMachine { scenario, time, .. } = self.machine;
        let of_workload = scenario.speed.get(&self.workload.name).copied().unwrap_or(1.0);
        SimulatedExecutor::new(scenario, time, speed * of_workload, seed)
    }
}

impl Backend for SimulatedBackend<'_> {
    fn workload(&self) -> &Arc<Workload> {
        &self.workload
    }

    fn shell(&self) -> Shell {
        let SimulatedMachine { exe, scratch, .. } = self.machine;
        Shell::new(Reexec::new(exe.clone()), scratch.path().to_owned())
    }

    fn conditions(&self, _: bool) -> Conditions {
        Conditions::usual(&self.machine.scenario.host())
    }

    fn profile(&self, limits: &ProfileLimits) -> Result<Profiled, Error> {
        let scenario = &self.machine.scenario;
        let task_s = scenario.task.cpu_s + scenario.task.wait_s;
        let wanted = (limits.time.as_secs_f64() / task_s) as u64;
        let tasks = wanted.min(limits.most_tasks).min(self.workload.tasks()).max(1);
        let tally = profiled_outcomes(scenario, tasks);
        if tally.counts.ok == 0 {
            return Err(Error::new(Code::TaskNetwork, "every task failed"));
        }
        self.machine.time.advance(tasks as f64 * task_s);
        Ok(Profiled {
            profile: profile(scenario, &self.workload, tasks),
            tally,
            peak_rss_bytes: 1 << 20,
            peak_pss_bytes: None,
        })
    }

    fn executor<'s>(&'s self, _: &'s Profiled) -> Box<dyn Executor + 's> {
        Box::new(self.executor_at(1.0, self.seed))
    }

    fn executor_of_build<'s>(&'s self, _: &Path) -> Result<Box<dyn Executor + 's>, Error> {
        let speed = self.machine.scenario.reference_speed;
        Ok(Box::new(self.executor_at(speed, self.seed.wrapping_add(1))))
    }

    fn clock(&self) -> Box<dyn Clock> {
        Box::new(SimulatedClock::start(&self.machine.time))
    }

    fn spent(&self) -> Duration {
        self.clock.elapsed()
    }

    fn contention(&self) -> Box<dyn ContentionMeter + '_> {
        Box::new(SimulatedContention(self.machine.scenario.others))
    }

    fn machine_probe(&self) -> Box<dyn MachineProbe + '_> {
        let cpus = self.machine.scenario.cpus;
        let clock = SimulatedClock::start(&self.machine.time);
        Box::new(SimulatedProbe { clock, others_cpus: self.machine.scenario.others * cpus })
    }

    fn server_cpu_s(&self) -> f64 {
        0.0
    }

    fn stop_server(&mut self) -> Option<FixtureStats> {
        None
    }
}

/// Contention meter that always reports the same share.
struct SimulatedContention(f64);

impl ContentionMeter for SimulatedContention {
    fn shares(&self) -> Option<TakenShares> {
        Some(TakenShares { others: self.0, stolen: 0.0 })
    }
}

/// Machine probe that reports CPUs of constant speed.
struct SimulatedProbe {
    clock: SimulatedClock,
    others_cpus: f64,
}

impl MachineProbe for SimulatedProbe {
    fn cpu_speed(&mut self) -> Option<f64> {
        Some(CPU_SPEED)
    }

    fn taken_cpu(&mut self) -> Option<TakenCpu> {
        let others_s = self.clock.elapsed().as_secs_f64() * self.others_cpus;
        Some(TakenCpu { others_s, stolen_s: 0.0 })
    }
}

/// Returns the profile of tasks with the cost that the script gives.
fn profile(scenario: &Scenario, workload: &Workload, tasks: u64) -> Profile {
    let (cpu_s, wait_s) = (scenario.task.cpu_s, scenario.task.wait_s);
    let cpu_fraction = cpu_s / (cpu_s + wait_s);
    let wall_s = (cpu_s + wait_s) * tasks as f64;
    let step_s = (cpu_s + wait_s) / workload.steps.len().max(1) as f64;
    let step = |step: &StepSpec| StepCost { kind: step.kind().to_owned(), wall_s: step_s, variation: None };
    let class = if cpu_fraction >= COMPUTES_FROM {
        Class::CpuBound
    } else if cpu_fraction <= WAITS_UP_TO {
        Class::IoBound
    } else {
        Class::Mixed
    };
    Profile {
        class: Some(class),
        confidence: Confidence::High,
        confidence_reason: ConfidenceReason::Accounted { is_exact: true, wall_s, samples: SAMPLES },
        cpu_fraction,
        cpu_user_s: cpu_s * tasks as f64,
        cpu_system_s: 0.0,
        wall_s,
        runqueue_s: 0.0,
        waits: Waits::default(),
        task: TaskCost { cpu_s, wait_s },
        polling: None,
        preparation_s: 0.0,
        threads_at_once: 1.0,
        samples: SAMPLES,
        tasks,
        steps: workload.steps.iter().map(step).collect(),
        python: None,
        dispersion: None,
        tree: None,
    }
}

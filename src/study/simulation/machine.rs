//! The scripted machine behind the seam of a study.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use crate::benchmark::clock::Clock;
use crate::benchmark::conditions::Conditions;
use crate::benchmark::executor::Executor;
use crate::benchmark::hooks::Shell;
use crate::benchmark::machine_probe::MachineProbe;
use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::{Host, Interrupt, Reexec};
use crate::profile::Profile;
use crate::profile::probe::Profiled;
use crate::profile::result::{Class, Confidence, TaskCost, Waits};
use crate::study::config::StudyConfig;
use crate::study::error::StudyError;
use crate::study::machine::{Backend, ContentionMeter, Machine, PreparedWorkload, ProfileLimits};
use crate::study::simulation::executor::{
    SimulatedClock, SimulatedExecutor, SimulatedTime, profiled_outcomes,
};
use crate::study::simulation::scenario::Scenario;
use crate::workload::Workload;
use crate::workload::fixture::FixtureStats;
use crate::workload::spec::StepSpec;

/// Shares of CPU time from which a task computes, and up to which it waits.
const COMPUTES_FROM: f64 = 0.75;
const WAITS_UP_TO: f64 = 0.35;

/// Samples that a simulated profile claims to have taken.
const SAMPLES: u64 = 50;

/// Iterations per CPU second that the simulated probe reports.
const CPU_SPEED: f64 = 1e6;

/// Iterations of every computing step.
const ITERATIONS: u64 = 1000;

/// A machine that does what a script says.
#[derive(Debug)]
pub struct SimulatedMachine {
    scenario: Scenario,
    interrupt: Interrupt,
    /// The directory that hooks run in.
    scratch: TempDir,
    exe: PathBuf,
}

impl SimulatedMachine {
    /// Returns a machine that follows `scenario`.
    ///
    /// # Errors
    /// When there is no directory for temporary files.
    pub fn new(scenario: Scenario) -> std::io::Result<Self> {
        let (scratch, exe) = (tempfile::tempdir()?, std::env::current_exe()?);
        Ok(SimulatedMachine { scenario, interrupt: Interrupt::default(), scratch, exe })
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
    ) -> Result<PreparedWorkload<'m>, StudyError> {
        if let Some(code) = self.scenario.broken.get(&workload.name) {
            return Err(StudyError::Failed(Error::new(*code, "the script says so")));
        }
        for step in &mut workload.steps {
            if let StepSpec::Cpu(cpu) = step {
                cpu.iterations.get_or_insert(ITERATIONS);
            }
        }
        let backend = Box::new(SimulatedBackend {
            machine: self,
            workload: Arc::new(workload),
            time: SimulatedTime::default(),
            seed: config.seed,
        });
        Ok(PreparedWorkload { backend, warnings: Vec::new() })
    }
}

/// A workload on the scripted machine.
struct SimulatedBackend<'m> {
    machine: &'m SimulatedMachine,
    workload: Arc<Workload>,
    time: SimulatedTime,
    seed: u64,
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

    fn profile(&self, limits: &ProfileLimits) -> Result<Profiled, StudyError> {
        let scenario = &self.machine.scenario;
        let task_s = scenario.task.cpu_s + scenario.task.wait_s;
        let wanted = (limits.time.as_secs_f64() / task_s) as u64;
        let tasks = wanted.min(limits.most_tasks).min(self.workload.tasks()).max(1);
        let tally = profiled_outcomes(scenario, tasks);
        if tally.counts.ok == 0 {
            return Err(StudyError::Failed(Error::new(Code::TaskNetwork, "every task failed")));
        }
        self.time.advance(tasks as f64 * task_s);
        Ok(Profiled { profile: profile(scenario, tasks), tally, peak_rss_bytes: 1 << 20 })
    }

    fn executor<'s>(&'s self, _: &'s Profiled) -> Box<dyn Executor + 's> {
        Box::new(SimulatedExecutor::new(&self.machine.scenario, &self.time, 1.0, self.seed))
    }

    fn executor_of_build<'s>(&'s self, _: &Path) -> Result<Box<dyn Executor + 's>, StudyError> {
        let scenario = &self.machine.scenario;
        let seed = self.seed.wrapping_add(1);
        Ok(Box::new(SimulatedExecutor::new(scenario, &self.time, scenario.reference_speed, seed)))
    }

    fn clock(&self) -> Box<dyn Clock> {
        Box::new(SimulatedClock::start(&self.time))
    }

    fn contention(&self) -> Box<dyn ContentionMeter + '_> {
        Box::new(SimulatedContention(self.machine.scenario.others))
    }

    fn machine_probe(&self) -> Box<dyn MachineProbe + '_> {
        let cpus = self.machine.scenario.cpus;
        let clock = SimulatedClock::start(&self.time);
        Box::new(SimulatedProbe { clock, others_cpus: self.machine.scenario.others * cpus })
    }

    fn server_cpu_s(&self) -> f64 {
        0.0
    }

    fn stop_server(&mut self) -> Option<FixtureStats> {
        None
    }
}

/// Reports the same share whenever it is asked.
struct SimulatedContention(f64);

impl ContentionMeter for SimulatedContention {
    fn share(&self) -> Option<f64> {
        Some(self.0)
    }
}

/// Reports CPUs of constant speed.
struct SimulatedProbe {
    clock: SimulatedClock,
    others_cpus: f64,
}

impl MachineProbe for SimulatedProbe {
    fn cpu_speed(&mut self) -> Option<f64> {
        Some(CPU_SPEED)
    }

    fn others_cpu_s(&mut self) -> Option<f64> {
        Some(self.clock.elapsed().as_secs_f64() * self.others_cpus)
    }
}

/// Returns the profile of tasks that cost what the script says.
fn profile(scenario: &Scenario, tasks: u64) -> Profile {
    let (cpu_s, wait_s) = (scenario.task.cpu_s, scenario.task.wait_s);
    let cpu_fraction = cpu_s / (cpu_s + wait_s);
    let class = if cpu_fraction >= COMPUTES_FROM {
        Class::CpuBound
    } else if cpu_fraction <= WAITS_UP_TO {
        Class::IoBound
    } else {
        Class::Mixed
    };
    Profile {
        class,
        confidence: Confidence::High,
        confidence_reason: "simulated".to_owned(),
        cpu_fraction,
        cpu_user_s: cpu_s * tasks as f64,
        cpu_system_s: 0.0,
        wall_s: (cpu_s + wait_s) * tasks as f64,
        runqueue_s: 0.0,
        waits: Waits::default(),
        detail: "simulated".to_owned(),
        task: TaskCost { cpu_s, wait_s },
        preparation_s: 0.0,
        samples: SAMPLES,
        tasks,
        steps: Vec::new(),
        python: None,
        dispersion: None,
        tree: None,
    }
}

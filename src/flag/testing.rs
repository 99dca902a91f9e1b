//! Simulated programs, on which a search takes no time.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::benchmark::event::Silent;
use crate::error::Error;
use crate::flag::measure::{RunFailure, RunMeasure};
use crate::flag::parameters::Parameters;
use crate::flag::record::Objective;
use crate::flag::run::{RunSettings, Runner, Searched, search};
use crate::flag::search::{SearchMode, SearchSpace};
use crate::host::info::HostLimits;
use crate::host::usage::CpuTime;
use crate::profile::result::{Waits, WorkersOverTime};

/// What a program does with its parameters.
pub(super) type Program = fn(&Parameters, f64) -> Result<RunMeasure, RunFailure>;

/// The same with numbers of its own.
type AnyProgram = dyn Fn(&Parameters, f64) -> Result<RunMeasure, RunFailure>;

/// A machine that runs a simulated program.
pub(super) struct Simulated {
    program: Box<AnyProgram>,
    cpus: f64,
    /// Standard deviation of ln of the time of equal runs.
    pub(super) noise_sd: f64,
    random: StdRng,
    elapsed_s: f64,
    /// The parameters of every run, in order.
    pub(super) ran: Vec<Parameters>,
    /// Number of runs after which the user interrupts.
    pub(super) interrupt_after: usize,
}

impl Simulated {
    pub(super) fn new(
        program: impl Fn(&Parameters, f64) -> Result<RunMeasure, RunFailure> + 'static,
        cpus: f64,
        seed: u64,
    ) -> Self {
        Simulated {
            program: Box::new(program),
            cpus,
            noise_sd: 0.02,
            random: StdRng::seed_from_u64(seed),
            elapsed_s: 0.0,
            ran: Vec::new(),
            interrupt_after: usize::MAX,
        }
    }

    /// Returns the true seconds with some parameters.
    pub(super) fn truth(&self, parameters: &Parameters) -> Option<f64> {
        (self.program)(parameters, self.cpus).ok().map(|run| run.wall_s)
    }
}

impl Runner for Simulated {
    fn run(&mut self, parameters: &Parameters) -> Result<Result<RunMeasure, RunFailure>, Error> {
        self.ran.push(parameters.clone());
        let (u, v): (f64, f64) = (self.random.random(), self.random.random());
        let normal = (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos();
        let factor = (self.noise_sd * normal).exp();
        let ran = (self.program)(parameters, self.cpus).map(|mut run| {
            run.wall_s *= factor;
            run.cpu.user_s *= factor;
            run.workers.single_s *= factor;
            run.workers.several_s *= factor;
            run.metric = run.metric.map(|metric| metric / factor);
            run
        });
        self.elapsed_s += ran.as_ref().map_or(0.1, |run| run.wall_s);
        Ok(ran)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs_f64(self.elapsed_s)
    }

    fn is_interrupted(&self) -> bool {
        self.ran.len() >= self.interrupt_after
    }

    fn last_lines(&self) -> String {
        "  nothing to see".to_owned()
    }
}

/// Limits that bind nothing.
pub(super) const NO_LIMITS: HostLimits = HostLimits {
    affinity_cpus: 64,
    cgroup_cpus: None,
    cgroup_period_s: None,
    open_files: None,
    open_files_soft: None,
    processes: None,
    memory_maps: None,
    memory_available_bytes: 1 << 40,
    cgroup_memory_bytes: None,
};

/// Returns the search space of a program whose only parameter is its width.
pub(super) fn space(widths: &[usize], cpus: f64) -> SearchSpace {
    SearchSpace {
        cells: widths.iter().map(|width| Parameters::of_width(*width)).collect(),
        cpus,
        assumed_cpus: cpus,
        limits: NO_LIMITS,
        objective: Objective::WallTime,
        wants_reference: false,
        seed: 1,
    }
}

pub(super) const GUIDED: RunSettings = RunSettings { budget: None, warmup: 0, mode: SearchMode::Guided };

/// Searches the widths of a program.
pub(super) fn searched(machine: &mut Simulated, widths: &[usize]) -> Searched {
    let space = space(widths, machine.cpus);
    search(space, GUIDED, machine, &mut Silent).expect("a result")
}

/// Returns the recommended parameters.
pub(super) fn advice(searched: &Searched) -> Parameters {
    let i = searched.search.recommended().expect("a recommendation");
    searched.search.records()[i].parameters.clone()
}

/// A run with one phase: `cpu_s` CPU seconds and `wait_s` of waiting, by `workers` workers.
pub(super) fn phase(wall_s: f64, cpu_s: f64, workers: f64, wait_s: f64) -> RunMeasure {
    let several = workers >= 1.5;
    RunMeasure {
        wall_s,
        cpu: CpuTime { user_s: cpu_s, system_s: 0.0 },
        workers: WorkersOverTime {
            single_s: if several { 0.0 } else { wall_s },
            several_s: if several { wall_s } else { 0.0 },
            at_once: if several { workers } else { 0.0 },
            several_wait_s: if several { wait_s } else { 0.0 },
        },
        threads: workers as u64 + 1,
        peak_memory_bytes: Some(100 << 20),
        ..RunMeasure::default()
    }
}

/// Ten CPU seconds that any number of threads divide.
pub(super) fn computing(of: &Parameters, cpus: f64) -> Result<RunMeasure, RunFailure> {
    let width = of.total() as f64;
    Ok(phase(10.0 / width.min(cpus), 10.0, width, 0.0))
}

/// The same with a share of 30% that one thread does.
pub(super) fn partly_serial(of: &Parameters, cpus: f64) -> Result<RunMeasure, RunFailure> {
    let divided = computing(of, cpus)?;
    let mut run = phase(0.7 * divided.wall_s + 3.0, 10.0, of.total() as f64, 0.0);
    run.workers.several_s = if of.total() > 1 { 0.7 * divided.wall_s } else { 0.0 };
    run.workers.single_s = run.wall_s - run.workers.several_s;
    Ok(run)
}

/// Forty sleeps of a quarter of a second.
pub(super) fn sleeping(of: &Parameters, _: f64) -> Result<RunMeasure, RunFailure> {
    let workers = (of.total() as f64).min(40.0);
    let wall_s = 0.25 * (40.0 / workers).ceil();
    Ok(phase(wall_s, 0.05, workers, wall_s * workers))
}

/// Work of which a third is done under one lock; the holder of the lock waits for the disk.
pub(super) fn locking(of: &Parameters, cpus: f64) -> Result<RunMeasure, RunFailure> {
    let width = of.total() as f64;
    let (cpu_s, held_s) = (4.0, 2.0);
    let wall_s = ((cpu_s + held_s) / width).max(held_s).max(cpu_s / width.min(cpus));
    let workers = ((cpu_s + held_s) / wall_s).min(width);
    let mut run = phase(wall_s, cpu_s, workers, held_s);
    run.waits = Waits { lock: 0.8, disk: 0.2, ..Waits::default() };
    Ok(run)
}

/// A program that computes with one thread, whatever it is told.
pub(super) fn deaf(_: &Parameters, _: f64) -> Result<RunMeasure, RunFailure> {
    Ok(phase(3.0, 3.0, 1.0, 0.0))
}

/// A program whose memory feeds three threads; all others only wait for it with their CPU.
pub(super) fn memory_bound(of: &Parameters, cpus: f64) -> Result<RunMeasure, RunFailure> {
    let width = of.total() as f64;
    let wall_s = 6.0 / width.min(3.0);
    Ok(phase(wall_s, wall_s * width.min(cpus), width, 0.0))
}

/// A program that fights for a lock in the kernel: more threads make it slower.
pub(super) fn fighting(of: &Parameters, cpus: f64) -> Result<RunMeasure, RunFailure> {
    let width = of.total() as f64;
    let wall_s = 2.0 * (1.0 + 0.4 * (width.min(cpus) - 1.0));
    let mut run = phase(wall_s, wall_s * width.min(cpus), width, 0.0);
    run.cpu = CpuTime { user_s: 0.3 * run.cpu.user_s, system_s: 0.7 * run.cpu.user_s };
    Ok(run)
}

/// A program that loses a tenth for every doubling beyond the CPUs, because its threads spin.
pub(super) fn spinning(of: &Parameters, cpus: f64) -> Result<RunMeasure, RunFailure> {
    let beyond = (of.total() as f64 / cpus).log2().max(0.0);
    let run = computing(of, cpus)?;
    Ok(RunMeasure { wall_s: run.wall_s * (1.0 + 0.1 * beyond), ..run })
}

/// A program that waits for half of its time on each thread.
pub(super) fn mixed(of: &Parameters, cpus: f64) -> Result<RunMeasure, RunFailure> {
    let width = of.total() as f64;
    let (cpu_s, wait_s) = (4.0, 8.0);
    let wall_s = ((cpu_s + wait_s) / width).max(cpu_s / width.min(cpus));
    Ok(phase(wall_s, cpu_s, width.min((cpu_s + wait_s) / wall_s).max(1.0), wait_s))
}

/// A program that computes, and dies with more than five threads.
pub(super) fn mortal(of: &Parameters, cpus: f64) -> Result<RunMeasure, RunFailure> {
    if of.total() > 5 {
        return Err(RunFailure { exit_code: Some(3), signal: None, said: Some("too many".to_owned()) });
    }
    computing(of, cpus)
}

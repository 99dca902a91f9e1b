//! The conditions of a run: the overheads of strategies, cached from one run to the next, and the speed of
//! the CPUs now.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::benchmark::Configuration;
use crate::benchmark::calibration::{CalibrationRunner, CalibrationWorkload, calibrate};
use crate::benchmark::conditions::Conditions;
use crate::benchmark::executor::{BatchRequest, Executor, ProcessExecutor};
use crate::benchmark::overhead::Overheads;
use crate::benchmark::rates::measure_rates;
use crate::gate::fingerprint::MachineFingerprint;
use crate::host::cache::cache_file;
use crate::host::contention::{CpuMeter, was_alone};
use crate::host::replace_file::replace_file;
use crate::host::{Host, Interrupt, Reexec};
use crate::model::RateCurve;
use crate::policy::CONTENDED_DISTRUST;
use crate::strategy::RunReport;
use crate::study::callables::Callables;
use crate::study::python_start_up::python_start_up;
use crate::study::run_guard::RunGuard;
use crate::workload::fixture::Fixture;
use crate::workload::spec::{CpuSpec, StepSpec};
use crate::workload::step::cpu::Burner;
use crate::workload::step::cpu::calibrate::Calibration;
use crate::workload::{Env, Workload};

/// Time after which a batch of a calibration is abandoned and the usual overhead kept. A batch takes a
/// few hundredths of a second.
const BATCH_PATIENCE: Duration = Duration::from_secs(20);

/// Measures the conditions now. Overheads come from the cache unless `recalibrate` is set or the cache
/// belongs to another machine. Once the run is interrupted, nothing more is measured.
pub(super) fn conditions(
    guard: &RunGuard,
    host: &Host,
    env: &Env,
    workload: &Workload,
    callables: Option<&Callables>,
    recalibrate: bool,
) -> Conditions {
    let cache = CalibrationCache::of(host);
    let cached = if recalibrate { None } else { cache.read() };
    if guard.interrupt().is_raised() {
        return Conditions::usual(host);
    }
    let rates = match &cached {
        // Nothing hangs on the speed of the CPUs, not even whether the machine is quiet.
        Some(_) if !computes(workload) => RateCurve::ideal(host.cpus_effective),
        _ => measure_rates(host.cpus_effective, largest_step(workload), guard.interrupt()),
    };
    if workload.runs_python() || workload.runs_commands() {
        let is_quiet = was_alone(rates.alone / host.cpus_effective.min(1.0));
        let start_up = |callables| {
            python_start_up(callables, host, cache_file("python-start-up.json"), recalibrate, is_quiet)
        };
        return Conditions { rates, python: callables.and_then(start_up), ..Conditions::usual(host) };
    }
    let overheads = cached.unwrap_or_else(|| {
        // A busy machine is not calibrated; its first quiet moment will do.
        let is_quiet = was_alone(rates.alone / host.cpus_effective.min(1.0));
        let measured = if is_quiet { measure_overheads(guard, host, env) } else { None };
        measured.inspect(|overheads| cache.write(overheads)).unwrap_or_default()
    });
    let seconds = |step| Burner::seconds_of(step, guard.interrupt());
    let computing_s = workload.computations().map(seconds).sum();
    Conditions { rates, overheads, python: None, computing_s, server_cpu_s: 0.0 }
}

/// Measures the overheads of strategies; `None` if other programs used too much of the CPUs meanwhile, or the run
/// was interrupted.
fn measure_overheads(guard: &RunGuard, host: &Host, env: &Env) -> Option<Overheads> {
    let meter = CpuMeter::start();
    let (reexec, interrupt) = (guard.group().reexec(), guard.interrupt().clone());
    let mut batches = CalibrationBatches::new(reexec, interrupt, env, host.cpu_workers())?;
    let overheads = calibrate(&mut batches, host.cpu_workers());
    if guard.interrupt().is_raised() {
        // Batches that were killed have measured nothing, and the cache would keep that.
        return None;
    }
    let taken = meter.taken_shares(host.cpus_logical, batches.server_s);
    taken.is_none_or(|taken| taken.others + taken.stolen < CONTENDED_DISTRUST).then_some(overheads)
}

/// Returns true if the tasks may compute for more of their time than it takes to begin a wait.
fn computes(workload: &Workload) -> bool {
    let only_waits = |step: &StepSpec| matches!(step, StepSpec::Sleep(_) | StepSpec::Lock(_));
    !workload.steps.iter().all(only_waits)
}

/// Returns the step with the most CPU work.
fn largest_step(workload: &Workload) -> Option<&CpuSpec> {
    workload.computations().max_by_key(|cpu| cpu.work)
}

/// The file that keeps the overheads of this machine from one run to the next.
struct CalibrationCache {
    /// `conc/overheads.json` in the directory for caches (XDG Base Directory Specification); `None` if
    /// there is no such directory.
    file: Option<PathBuf>,
    machine: MachineFingerprint,
}

/// The contents of the cache.
#[derive(Debug, Serialize, Deserialize)]
struct CachedOverheads {
    fingerprint: MachineFingerprint,
    overheads: Overheads,
}

impl CalibrationCache {
    /// Returns the cache of the current user for `host`.
    fn of(host: &Host) -> Self {
        let machine = MachineFingerprint::new(host, env!("CARGO_PKG_VERSION"), None);
        CalibrationCache { file: cache_file("overheads.json"), machine }
    }

    /// Returns the overheads, unless they are missing, unreadable, absurd or those of another machine.
    fn read(&self) -> Option<Overheads> {
        let cached: CachedOverheads = serde_json::from_slice(&fs::read(self.file.as_ref()?).ok()?).ok()?;
        let is_of_here = cached.fingerprint.differences(&self.machine).is_empty();
        (is_of_here && cached.overheads.are_plausible()).then_some(cached.overheads)
    }

    /// Writes the overheads. A cache that cannot be written only costs a calibration the next time.
    fn write(&self, overheads: &Overheads) {
        let Some(file) = &self.file else { return };
        let cached = CachedOverheads { fingerprint: self.machine.clone(), overheads: overheads.clone() };
        let Ok(bytes) = serde_json::to_vec(&cached) else { return };
        let _ = file.parent().map(fs::create_dir_all);
        let _ = replace_file(file, &bytes);
    }
}

/// Runs the calibration workloads in processes, as any other batch, all of them against one server.
struct CalibrationBatches {
    executors: Vec<(CalibrationWorkload, ProcessExecutor)>,
    fixture: Fixture,
    interrupt: Interrupt,
    /// CPU seconds of the server so far.
    server_s: f64,
}

impl CalibrationBatches {
    /// Starts the server; `None` if it does not start.
    fn new(reexec: &Reexec, interrupt: Interrupt, env: &Env, cpus: usize) -> Option<Self> {
        let http = CalibrationWorkload::Http.workload();
        let fixture = Fixture::for_workload(&http, reexec, env.seed).ok()??;
        let env = Env { fixture: Some(fixture.addr()), ..env.clone() };
        let executor = |probe: CalibrationWorkload| {
            if interrupt.is_raised() {
                return None;
            }
            let mut workload = probe.workload();
            // Once for all batches: it takes longer than one of them.
            Calibration::until(&interrupt).calibrate(&mut workload);
            let state_dir = env.state_dir.join(format!("calibration-{probe:?}"));
            fs::create_dir_all(&state_dir).ok()?;
            let env = Env { state_dir, ..env.clone() };
            Some((probe, ProcessExecutor::new(reexec.clone(), Arc::new(workload), env, cpus)))
        };
        let executors = CalibrationWorkload::ALL.into_iter().map(executor).collect::<Option<_>>()?;
        Some(CalibrationBatches { executors, fixture, interrupt, server_s: 0.0 })
    }
}

impl CalibrationRunner for CalibrationBatches {
    fn run(
        &mut self,
        probe: CalibrationWorkload,
        cell: Configuration,
        tasks: u64,
    ) -> Option<(RunReport, f64)> {
        if self.interrupt.is_raised() {
            return None;
        }
        let (_, executor) = self.executors.iter_mut().find(|(of, _)| *of == probe)?;
        let request = BatchRequest {
            cell,
            tasks: 0..tasks,
            permutation_id: 0,
            stop_starting_after: BATCH_PATIENCE,
            kill_after: BATCH_PATIENCE,
        };
        let before_s = self.fixture.cpu_s();
        let report = executor.run(&request).ok()?;
        let server_s = self.fixture.cpu_s() - before_s;
        self.server_s += server_s;
        Some((report, server_s))
    }
}

#[cfg(test)]
mod tests {
    use super::computes;
    use crate::advice::testing::{cpu, read, sleep, workload};

    #[test]
    fn only_tasks_that_do_nothing_but_wait_do_not_depend_on_the_speed_of_the_cpus() {
        assert!(!computes(&workload(10, vec![sleep(), sleep()])));
        assert!(computes(&workload(10, vec![sleep(), cpu()])));
        assert!(computes(&workload(10, vec![read()])), "a file in the page cache is copied");
    }
}

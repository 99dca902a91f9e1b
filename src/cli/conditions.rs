//! The conditions of a run: what strategies cost here, kept from one run to the next, and how fast the
//! CPUs are now.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::benchmark::Configuration;
use crate::benchmark::calibration::{CalibrationRunner, CalibrationWorkload, calibrate};
use crate::benchmark::conditions::Conditions;
use crate::benchmark::executor::{BatchRequest, Executor, ProcessExecutor};
use crate::benchmark::overhead::Overheads;
use crate::benchmark::rates::measure_rates;
use crate::host::Host;
use crate::host::clock::process_cpu;
use crate::host::others::OthersMeter;
use crate::strategy::RunReport;
use crate::workload::fixture::Fixture;
use crate::workload::spec::{CpuSpec, StepSpec};
use crate::workload::step::cpu::Burner;
use crate::workload::step::cpu::calibrate::calibrate as calibrate_steps;
use crate::workload::{Env, Workload};
use serde::{Deserialize, Serialize};

use crate::cli::guard::Guard;
use crate::cli::study::start_fixture;

/// A batch of a calibration takes a few hundredths of a second; one that takes longer than this is
/// given up, and the usual cost stands.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where others use this share of the CPUs, a calibration is not believed.
const CONTENDED: f64 = 0.15;

/// A thread that gets less of a CPU than this has others beside it.
const QUIET: f64 = 0.85;

/// What was calibrated, and on what machine.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    fingerprint: Fingerprint,
    overheads: Overheads,
}

/// What a calibration holds for.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Fingerprint {
    conc_version: String,
    cpu_model: String,
    kernel: String,
    cpus: f64,
}

impl Fingerprint {
    fn of(host: &Host) -> Self {
        Fingerprint {
            conc_version: env!("CARGO_PKG_VERSION").to_owned(),
            cpu_model: host.cpu_model.clone(),
            kernel: host.kernel.clone(),
            cpus: host.cpus_effective,
        }
    }
}

/// The conditions now; what strategies cost is calibrated if it is not known, or `again`.
pub(crate) fn conditions(
    guard: &Guard,
    host: &Host,
    env: &Env,
    workload: &Workload,
    again: bool,
) -> Conditions {
    let rates = measure_rates(host.cpus_effective, largest(workload));
    if workload.runs_python() || workload.runs_commands() {
        return Conditions { rates, ..Conditions::usual(host) };
    }
    let fingerprint = Fingerprint::of(host);
    let file = file();
    let kept = file.as_deref().filter(|_| !again).and_then(|file| read(file, &fingerprint));
    let overheads = kept.unwrap_or_else(|| {
        // A busy machine is not calibrated; its first quiet moment will do.
        let quiet = rates.alone >= QUIET * host.cpus_effective.min(1.0);
        let measured = if quiet { measure(guard, host, env) } else { None };
        let Some(overheads) = measured else { return Overheads::default() };
        let kept = Kept { fingerprint, overheads };
        // Where it cannot be kept it is calibrated again the next time.
        let _ = file.map(|file| write(&file, &kept));
        kept.overheads
    });
    let computing_s = steps_that_compute(workload).map(Burner::seconds_of).sum();
    Conditions { rates, overheads, computing_s, server_cpu_s: 0.0 }
}

/// What strategies cost; `None` where other programs used so much of the CPUs that it would be wrong.
fn measure(guard: &Guard, host: &Host, env: &Env) -> Option<Overheads> {
    let meter = OthersMeter::start();
    let mut processes = Processes { guard, env, cpus: host.cpu_workers(), server_s: 0.0 };
    let overheads = calibrate(&mut processes, host.cpu_workers());
    let others = meter.share(host.cpus_logical, processes.server_s);
    others.is_none_or(|share| share < CONTENDED).then_some(overheads)
}

/// The step that most of the CPU work is in.
fn largest(workload: &Workload) -> Option<&CpuSpec> {
    steps_that_compute(workload).max_by_key(|cpu| cpu.work)
}

fn steps_that_compute(workload: &Workload) -> impl Iterator<Item = &CpuSpec> {
    workload.steps.iter().filter_map(|step| match step {
        StepSpec::Cpu(cpu) => Some(cpu),
        _ => None,
    })
}

/// `crate/overheads.json` in the directory for caches (XDG Base Directory Specification).
fn file() -> Option<PathBuf> {
    let caches = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = caches.or_else(|| Some(std::env::home_dir()?.join(".cache")))?;
    Some(caches.join("conc").join("overheads.json"))
}

/// What was kept, if it is of this machine; anything else is as good as nothing.
fn read(file: &Path, fingerprint: &Fingerprint) -> Option<Overheads> {
    let kept: Kept = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    (kept.fingerprint == *fingerprint).then_some(kept.overheads)
}

fn write(file: &Path, kept: &Kept) -> std::io::Result<()> {
    let directory = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory)?;
    let mut beside = tempfile::NamedTempFile::new_in(directory)?;
    serde_json::to_writer(&mut beside, kept)?;
    beside.persist(file)?;
    Ok(())
}

/// Runs the probes in processes, as any other batch.
struct Processes<'a> {
    guard: &'a Guard,
    env: &'a Env,
    cpus: usize,
    server_s: f64,
}

impl CalibrationRunner for Processes<'_> {
    fn run(
        &mut self,
        probe: CalibrationWorkload,
        cell: Configuration,
        tasks: u64,
    ) -> Option<(RunReport, f64)> {
        let mut workload = probe.workload();
        calibrate_steps(&mut workload);
        let fixture = start_fixture(self.guard, &workload, self.env.seed).ok()?;
        let env = Env { fixture: fixture.as_ref().map(Fixture::addr), ..self.env.clone() };
        let reexec = self.guard.group.reexec().clone();
        let mut executor = ProcessExecutor::new(reexec, Arc::new(workload), env, self.cpus);
        let order = BatchRequest {
            cell,
            tasks: 0..tasks,
            permutation_id: 0,
            stop_starting_after: PATIENCE,
            kill_after: PATIENCE,
        };
        // Starting is no part of what a request costs.
        let started_s = server_cpu_s(fixture.as_ref());
        let report = executor.run(&order).ok()?;
        let server_s = server_cpu_s(fixture.as_ref()) - started_s;
        self.server_s += started_s + server_s;
        Some((report, server_s))
    }
}

/// CPU seconds the server has used so far; 0 without one.
pub(crate) fn server_cpu_s(fixture: Option<&Fixture>) -> f64 {
    fixture.and_then(|fixture| process_cpu(fixture.pid())).map_or(0.0, |cpu| cpu.as_secs_f64())
}

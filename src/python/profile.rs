//! Profiles a Python callable in the same terms as everything else.

use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::usage::CpuTime;
use crate::profile::child::RawProfile;
use crate::profile::probe::{Profiled, all_failed, conclude};
use crate::profile::result::{PythonProfile, PythonStep};
use crate::profile::sampler::{Samples, sample_until};
use crate::profile::slowest::Slowest;
use crate::python::message::{Inspection, Order, ProfileReport, Role};
use crate::python::session::{RunFailure, Session};
use crate::workload::Workload;
use crate::workload::task_outcomes::TaskOutcomes;

/// Tasks profiled at the most.
const MOST_TASKS: u64 = 100_000;

/// Tasks that may end the interpreter before the profile is given up.
const MOST_DEATHS: usize = 3;

/// Tasks that take so many times as long the first time keep what they have found out. Warming up makes
/// little of a difference beside that.
const KEPT_FROM: f64 = 3.0;

/// Knocking at the lock of the interpreter takes no longer than this share of the time.
const BEYOND: f64 = 0.5;

/// How much is profiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// No task is started later than this.
    pub time: Duration,
    /// The profile is given up when it takes longer than this beyond it.
    pub patience: Duration,
    /// Tasks at the most.
    pub most_tasks: u64,
}

/// Profiles `workload`.
///
/// A task that ends the interpreter has failed; the others are profiled without it.
///
/// # Errors
/// When the interpreter fails again and again, or every task does.
pub fn profile(
    session: &Session,
    workload: &Workload,
    inspection: &Inspection,
    limits: &Limits,
) -> Result<Profiled, Error> {
    let Limits { time, patience, most_tasks } = *limits;
    let draw = session.draw(workload, 0);
    let mut order = Order {
        time_limit_s: time.as_secs_f64(),
        patience_s: (time + patience).as_secs_f64(),
        ..session.order(Role::Profile, workload, &draw, 0..workload.tasks().min(MOST_TASKS), 1)
    };
    // They start over after the last one.
    order.tasks = MOST_TASKS.min(most_tasks.max(1));
    let mut deaths: Vec<Error> = Vec::new();
    let mut faster_again = None;
    let ((report, board), samples) = loop {
        match observe(session, &order, workload, time.mul_f64(1.0 + BEYOND) + patience) {
            Ok(((report, _), _)) if report.faster_again.is_some_and(|times| times >= KEPT_FROM) => {
                // An interpreter that has kept nothing yet, and every item once: so batches run them.
                faster_again = report.faster_again;
                order = Order { tasks: order.numbers.len() as u64, ..order };
                order.board.set_extension("once");
            }
            Ok(seen) => break seen,
            Err(failure) if failure.running.is_empty() || deaths.len() >= MOST_DEATHS => {
                return Err(failure.error);
            }
            Err(RunFailure { error, running }) => {
                order = Order { skip: [&order.skip[..], &running[..]].concat(), ..order };
                order.board.set_extension(deaths.len().to_string());
                deaths.push(error);
            }
        }
    };
    let mut tally = board.tally(&report.batch.errors, |task| (task, order.number(task)));
    if tally.counts.ok == 0 {
        return Err(all_failed(&tally));
    }
    for death in &deaths {
        tally.lose(1, &Error::new(Code::PoolWorkerDied, death.message.clone()));
    }
    let peak_rss_bytes = report.batch.peak_rss_bytes;
    let mut slowest = Slowest::default();
    for task in 0..report.tasks {
        board.took(task).into_iter().for_each(|took| slowest.add(order.number(task), took));
    }
    let raw = RawProfile { tally, slowest, ..raw(&report) };
    let mut profile = conclude(workload, &raw, &samples);
    for (cost, spec) in profile.steps.iter_mut().zip(workload.callables()) {
        cost.kind.clone_from(&spec.callable);
    }
    profile.python = Some(PythonProfile { faster_again, ..of_python(session, inspection, &report) });
    Ok(Profiled { profile, tally: raw.tally, peak_rss_bytes })
}

type Seen = ((ProfileReport, super::board::Board), Samples);

/// Serves the order and samples the interpreter from outside while tasks run.
fn observe(
    session: &Session,
    order: &Order,
    workload: &Workload,
    patience: Duration,
) -> Result<Seen, RunFailure> {
    let samples = Mutex::new(Samples::default());
    let (running, ended) = mpsc::channel();
    let ended = Mutex::new(Some(ended));
    let served = std::thread::scope(|scope| {
        let mut ready = |pid| {
            let Some(ended) = ended.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
            let samples = &samples;
            scope.spawn(move || {
                let seen = sample_until(pid, &ended);
                *samples.lock().unwrap_or_else(PoisonError::into_inner) = seen;
            });
        };
        let served = session.serve(order, workload, patience, &mut ready);
        drop(running);
        served
    })?;
    Ok((served, samples.into_inner().unwrap_or_else(PoisonError::into_inner)))
}

fn raw(report: &ProfileReport) -> RawProfile {
    let [user_s, system_s] = report.children_cpu;
    RawProfile {
        // Imports are part of what it takes to start an interpreter.
        preparation_s: 0.0,
        wall_s: report.batch.wall_s,
        cpu: CpuTime { user_s: report.batch.cpu_user_s, system_s: report.batch.cpu_system_s },
        children_cpu: CpuTime { user_s, system_s },
        runqueue_s: report.runqueue_s,
        steps_s: report.steps_s.clone(),
        tally: TaskOutcomes::default(),
        slowest: Slowest::default(),
        peak_rss_bytes: report.batch.peak_rss_bytes,
    }
}

fn of_python(session: &Session, inspection: &Inspection, report: &ProfileReport) -> PythonProfile {
    let interpreter = &session.interpreter;
    let steps = inspection.steps.iter().zip(cpu_fractions(report)).map(|(step, cpu_fraction)| PythonStep {
        name: step.name.clone(),
        blocking: step.blocking,
        awaitable: step.awaitable,
        cpu_fraction,
    });
    PythonProfile {
        executable: interpreter.executable.display().to_string(),
        version: interpreter.version.clone(),
        free_threaded: if interpreter.has_gil { "no" } else { "yes" }.to_owned(),
        start_method: interpreter.start_method.clone(),
        offers: interpreter.offers.clone(),
        gil_wanted: report.gil_wanted,
        gil_held: report.gil_held,
        native_threads: report.native_threads,
        faster_again: None,
        steps: steps.collect(),
    }
}

/// CPU time over wall time less run-queue wait, of every step.
fn cpu_fractions(report: &ProfileReport) -> Vec<f64> {
    let ProfileReport { steps_s, steps_cpu_s, steps_queue_s, runqueue_s, .. } = report;
    let whole = if steps_s.len() == 1 { runqueue_s.unwrap_or(0.0) } else { 0.0 };
    let costs = steps_s.iter().zip(steps_cpu_s).zip(steps_queue_s);
    let fraction = |((wall_s, cpu_s), queue_s): ((&f64, &f64), &f64)| {
        let own = (wall_s - queue_s - whole).max(*cpu_s);
        if own > 0.0 { cpu_s / own } else { 0.0 }
    };
    costs.map(fraction).collect()
}

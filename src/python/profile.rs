//! Profiles Python callables in the terms of every other profile.

use std::ops::Range;
use std::sync::{Mutex, PoisonError, mpsc};

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::usage::CpuTime;
use crate::policy::LOOP_BLOCKED_FROM_SHARE;
use crate::profile::accounting::slowest::SlowestTasks;
use crate::profile::accounting::task_child::TaskAccounting;
use crate::profile::result::{
    BlockedLoop, FreeThreading, PythonProfile, PythonStep, TaskCost, ThreadsVerdict, TwoThreads,
};
use crate::profile::tasks::{
    ProfileLimits, Profiled, SampledTasks, all_failed, conclude_tasks, sample_tasks,
};
use crate::python::exchange::RunFailure;
use crate::python::protocol::event::{Inspection, ProfileReport, SliceReport};
use crate::python::protocol::request::{HarnessRequest, TaskJob};
use crate::python::request_builder::task_list;
use crate::python::results_file::ResultsFile;
use crate::python::session::Session;
use crate::python::slice::{busy_cpu_s, cpus_per_task};
use crate::python::trial::{GilShares, judge};
use crate::workload::Workload;
use crate::workload::task_outcomes::TaskOutcomes;

/// Maximum number of tasks in a profile.
const MAX_TASKS: u64 = 100_000;

/// Maximum number of deaths of the interpreter before the profile fails.
const MAX_DEATHS: usize = 3;

/// Minimum time of the first round of tasks, as a multiple of the second, from which tasks count as caching
/// their results. Warming up makes a much smaller difference.
const MIN_CACHING_RATIO: f64 = 3.0;

/// Time for the tasks in threads, for the GIL probe and for reporting, as a share of the profile time.
const MAX_PROBE_SHARE: f64 = 0.5;

/// Profiles `workload`.
///
/// A task that ends the interpreter has failed; the others are profiled without it.
///
/// # Errors
/// If the interpreter dies again and again, or every task fails.
pub fn profile(
    session: &Session,
    workload: &Workload,
    inspection: &Inspection,
    limits: &ProfileLimits,
) -> Result<Profiled, Error> {
    let run = run(session, workload, limits)?;
    let report = &run.observed.report;
    let outcomes = |tasks: Range<u64>| {
        run.observed.results.outcomes_of(tasks, &report.job.errors, |task| (task, run.job.number(task)))
    };
    let before = outcomes(0..report.first_task);
    let mut tally = outcomes(report.first_task..u64::MAX);
    if tally.counts.ok + before.counts.ok == 0 {
        return Err(all_failed(&tally));
    }
    for death in &run.deaths {
        tally.record_lost(1, &Error::new(Code::PoolWorkerDied, death.message.clone()));
    }
    let mut slowest = SlowestTasks::default();
    for task in report.first_task..report.tasks {
        let latency = run.observed.results.latency(task);
        latency.into_iter().for_each(|latency| slowest.add(run.job.number(task), latency));
    }
    let raw = TaskAccounting { tally, slowest, ..raw(report) };
    let sampled = run.observed.sampled;
    let sampled = if report.paused_s > 0.0 { sampled.without_intervals() } else { sampled };
    let mut profile = conclude_tasks(workload, &raw, sampled);
    for (cost, spec) in profile.steps.iter_mut().zip(workload.callables()) {
        cost.kind.clone_from(&spec.callable);
    }
    let python = python_profile(session, inspection, report);
    let two_threads =
        run.died_in_threads.then(|| TwoThreads::lost(2, ThreadsVerdict::Dies)).or(python.two_threads);
    profile.python = Some(PythonProfile { faster_again: run.faster_again, two_threads, ..python });
    let mut tally = raw.tally;
    tally.merge(&before);
    Ok(Profiled {
        profile,
        tally,
        peak_rss_bytes: report.job.peak_rss_bytes,
        peak_pss_bytes: report.job.peak_pss_bytes,
    })
}

/// A profile that the interpreter survived, and the runs before it.
struct ProfileRun {
    job: TaskJob,
    observed: ObservedProfile,
    deaths: Vec<Error>,
    /// Duration of the first round over that of the second, if the tasks cache their results.
    faster_again: Option<f64>,
    /// The interpreter died when several threads ran tasks, and not before.
    died_in_threads: bool,
}

/// The report of one interpreter, and samples of it from outside.
struct ObservedProfile {
    report: ProfileReport,
    results: ResultsFile,
    sampled: SampledTasks,
}

/// Runs profiles until the interpreter survives one and no result comes from a cache.
fn run(session: &Session, workload: &Workload, limits: &ProfileLimits) -> Result<ProfileRun, Error> {
    let mut job = job(session, workload, limits);
    let mut skipped_numbers = Vec::new();
    let mut deaths = Vec::new();
    let mut faster_again = None;
    let mut died_in_threads = false;
    loop {
        // Tasks that crash, and those whose results are kept, show nothing when they run again.
        let in_threads =
            limits.most_tasks == u64::MAX && deaths.is_empty() && faster_again.is_none() && !died_in_threads;
        let request = HarnessRequest::Profile {
            job: job.clone(),
            skipped_numbers: skipped_numbers.clone(),
            ends_early: limits.ends_early,
            in_threads,
        };
        match observe(session, &request, workload, limits) {
            Ok(observed) if caches(&observed.report) => {
                // A fresh interpreter has nothing cached; each item runs once, as in batches.
                faster_again = observed.report.faster_again;
                let tasks = job.tasks.numbers.len() as u64;
                job.results_file = session.requests.results_file(tasks, 1);
            }
            Ok(observed) => return Ok(ProfileRun { job, observed, deaths, faster_again, died_in_threads }),
            Err(failure) if in_threads && failure.running.is_empty() && is_death(&failure.error) => {
                died_in_threads = true;
                job.results_file = session.requests.results_file(job.results_file.tasks, 1);
            }
            Err(failure) if failure.running.is_empty() || deaths.len() >= MAX_DEATHS => {
                return Err(failure.error);
            }
            Err(RunFailure { error, running }) => {
                skipped_numbers.extend(running);
                job.results_file = session.requests.results_file(job.results_file.tasks, 1);
                deaths.push(error);
            }
        }
    }
}

/// Returns whether the interpreter died rather than reported a failure.
fn is_death(error: &Error) -> bool {
    error.code == Code::PoolWorkerDied
}

fn caches(report: &ProfileReport) -> bool {
    report.faster_again.is_some_and(|ratio| ratio >= MIN_CACHING_RATIO)
}

fn job(session: &Session, workload: &Workload, limits: &ProfileLimits) -> TaskJob {
    let order = session.requests.item_order(workload, 0);
    TaskJob {
        header: session.requests.header(workload),
        tasks: task_list(workload, &order, 0..workload.tasks().min(MAX_TASKS)),
        limits: session.requests.limits(workload, workload.rated_steps()),
        // After the last task the first comes again.
        results_file: session.requests.results_file(MAX_TASKS.min(limits.most_tasks.max(1)), 1),
        stop_starting_after_s: limits.time.as_secs_f64(),
        give_up_after_s: (limits.time + limits.patience).as_secs_f64(),
    }
}

/// Serves the request and samples the interpreter from outside while tasks run.
fn observe(
    session: &Session,
    request: &HarnessRequest,
    workload: &Workload,
    limits: &ProfileLimits,
) -> Result<ObservedProfile, RunFailure> {
    let kill_after = limits.time.mul_f64(1.0 + MAX_PROBE_SHARE) + limits.patience;
    let sampled = Mutex::new(None);
    let (running, ended) = mpsc::channel();
    let ended = Mutex::new(Some(ended));
    let (report, results) = std::thread::scope(|scope| {
        let mut ready = |pid| {
            let Some(ended) = ended.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
            let sampled = &sampled;
            scope.spawn(move || {
                let taken = sample_tasks(pid, &ended);
                *sampled.lock().unwrap_or_else(PoisonError::into_inner) = Some(taken);
            });
        };
        let served = session.exchange.run_job(request, workload, kill_after, &mut ready);
        drop(running);
        served
    })?;
    let sampled = sampled.into_inner().unwrap_or_else(PoisonError::into_inner);
    let sampled = sampled.expect("a request that was served has been sampled");
    Ok(ObservedProfile { report, results, sampled })
}

fn raw(report: &ProfileReport) -> TaskAccounting {
    TaskAccounting {
        // Imports count as the start of the interpreter.
        preparation_s: 0.0,
        begun_ns: Some(report.begun_ns),
        wall_s: report.job.wall_s,
        cpu: CpuTime { user_s: report.job.cpu_user_s, system_s: report.job.cpu_system_s },
        runqueue_s: report.runqueue_s,
        steps_s: report.steps_s.clone(),
        steps_square_s2: Vec::new(),
        tally: TaskOutcomes::default(),
        slowest: SlowestTasks::default(),
        peak_rss_bytes: report.job.peak_rss_bytes,
    }
}

fn python_profile(session: &Session, inspection: &Inspection, report: &ProfileReport) -> PythonProfile {
    let interpreter = &session.interpreter;
    let gil = GilShares { wanted: report.gil_wanted, held: report.gil_held };
    let steps = inspection.steps.iter().zip(cpu_fractions(report)).map(|(step, cpu_fraction)| PythonStep {
        name: step.name.clone(),
        blocking: step.blocking,
        awaitable: step.awaitable,
        cpu_fraction,
    });
    PythonProfile {
        executable: interpreter.executable.display().to_string(),
        version: interpreter.version.clone(),
        start_method: session.start_method(inspection).to_owned(),
        import: TaskCost {
            cpu_s: inspection.import_cpu_s,
            wait_s: (inspection.import_s - inspection.import_cpu_s).max(0.0),
        },
        // As it was after the tasks: the user's imports may have switched the lock on.
        free_threaded: if report.gil { FreeThreading::No } else { FreeThreading::Yes },
        gil_switched_on_by: report.gil_switched_on_by.clone(),
        offers: interpreter.offers.clone(),
        gil_wanted: report.gil_wanted,
        gil_held: report.gil_held,
        two_threads: report.trial.as_ref().and_then(|trial| judge(trial, &profiled(report), gil)),
        cpus_per_task: cpus_per_task(&profiled(report)),
        busy_cpu_s: busy_cpu_s(report.trial.as_ref(), report.in_flight.as_ref(), &profiled(report)),
        send_cpu_s: report.send_cpu_s,
        native_threads: report.native_threads,
        once_per_process: report.once,
        faster_again: None,
        own_limits: inspection.own_limits.clone(),
        threads_replaced_by: inspection.replaced_by.clone(),
        blocked_loop: blocked_loop(report),
        library_calls: inspection.library_calls.clone(),
        steps: steps.collect(),
    }
}

/// Returns the line that blocks the event loop, if it does so for a share of the tasks that matters.
fn blocked_loop(report: &ProfileReport) -> Option<BlockedLoop> {
    let seen = report.blocked_loop.as_ref()?;
    let share = (seen.all_s / report.job.wall_s.max(f64::MIN_POSITIVE)).min(1.0);
    (share >= LOOP_BLOCKED_FROM_SHARE).then(|| BlockedLoop {
        file: seen.file.clone(),
        line: seen.line,
        function: seen.function.clone(),
        code: seen.code.clone(),
        per_task_s: share * report.job.wall_s / report.tasks.saturating_sub(report.first_task).max(1) as f64,
        share,
    })
}

/// Returns the profile as a slice in one thread.
fn profiled(report: &ProfileReport) -> SliceReport {
    let in_steps_s: f64 = report.steps_cpu_s.iter().sum();
    let all_s = report.job.cpu_user_s + report.job.cpu_system_s;
    SliceReport {
        threads: 1,
        calls: report.tasks.saturating_sub(report.first_task),
        failed: 0,
        wall_s: report.job.wall_s,
        queued_s: report.runqueue_s.unwrap_or(0.0),
        cpu_s: in_steps_s,
        thread_cpu_s: in_steps_s,
        children_s: (all_s - in_steps_s).max(0.0),
        pauses: 0,
    }
}

/// Returns the CPU time of every step as a share of its wall time without run-queue wait.
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

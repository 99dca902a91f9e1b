//! From which job on an engine pays: arithmetic on what was measured.

use crate::cluster::engine_advice::{
    EngineMeasurement, EnginePrediction, EngineScaling, EngineVerdict, JobTimes, MachineMeasurement, PaysFrom,
};
use crate::job::engine_report::EngineKind;

/// Differences below a tenth are within what two runs of the same job differ by.
const BAND: f64 = 0.10;

/// Threads up to which a number is looked for that pays: the largest clusters of Dask that are spoken of.
const MAX_THREADS: u64 = 4_096;

/// Times of the threads that are there, for which a throughput is predicted.
const PREDICTED: [u64; 4] = [2, 4, 8, 16];

/// Compares a job of `tasks` on an engine and on this machine.
pub(crate) fn job(tasks: u64, engine: &EngineMeasurement, machine: &MachineMeasurement) -> JobTimes {
    JobTimes {
        tasks,
        machine_s: seconds(tasks, machine.start_s, machine.throughput_per_s),
        engine_s: seconds(tasks, engine.start_s, engine.throughput_per_s),
    }
}

/// Says which of the two is faster.
pub(crate) fn verdict(job: &JobTimes) -> EngineVerdict {
    if job.engine_s < job.machine_s * (1.0 - BAND) {
        EngineVerdict::Pays
    } else if job.machine_s < job.engine_s * (1.0 - BAND) {
        EngineVerdict::DoesNotPay
    } else {
        EngineVerdict::NoDifference
    }
}

/// Returns the smallest jobs that are faster on the engine.
///
/// Where it runs more tasks per second, it pays once what that saves is more than what it takes to start. A job of
/// longer tasks is as much work as one of more tasks.
pub(crate) fn pays_from(
    tasks: u64,
    engine: &EngineMeasurement,
    machine: &MachineMeasurement,
    scaling: &EngineScaling,
) -> PaysFrom {
    let is_faster = engine.throughput_per_s * (1.0 - BAND) > machine.throughput_per_s;
    let from = is_faster.then(|| {
        let saved_s = 1.0 / machine.throughput_per_s - 1.0 / engine.throughput_per_s;
        ((engine.start_s - machine.start_s) / saved_s).max(1.0)
    });
    let machine_s = seconds(tasks, machine.start_s, machine.throughput_per_s);
    let pays = |threads: u64| {
        let rate = per_second(scaling, threads);
        seconds(tasks, engine.start_s, rate) < machine_s * (1.0 - BAND)
    };
    PaysFrom {
        tasks: from.map(|tasks| tasks.ceil() as u64),
        task_s: from.filter(|_| tasks > 0).map(|from| machine.task_s * from / tasks as f64),
        threads: (1..=MAX_THREADS).find(|threads| pays(*threads)),
    }
}

/// Returns the law by which an engine grows from what it was measured with. `longest_chunk` are the tasks that one
/// message carries at most, and `shared_per_s` is what a resource lets through that all machines share.
pub(crate) fn scaling(
    engine: &EngineMeasurement,
    longest_chunk: f64,
    shared_per_s: Option<f64>,
) -> EngineScaling {
    let threads = engine.threads.max(1) as f64;
    let thread_s = threads / engine.throughput_per_s;
    // What an array task waits for says nothing about how many the controller could start in that time.
    let message_s = engine.message_s.filter(|_| engine.kind == EngineKind::Dask);
    let sigma = message_s.map(|seconds| (seconds / longest_chunk.max(1.0) / thread_s).clamp(0.0, 1.0));
    // One thread more is served as fast as the others only while the scheduler has time left.
    let lambda = engine.throughput_per_s * (1.0 + sigma.unwrap_or(0.0) * (threads - 1.0)) / threads;
    let binds = |share: f64| (1.0 / share).round().max(1.0) as u64;
    EngineScaling {
        lambda,
        sigma,
        dispatch_binds_from: sigma.filter(|sigma| *sigma > 0.0).map(binds),
        shared_limit_per_s: shared_per_s,
        shared_binds_from: shared_per_s.map(|limit| ((limit / lambda).ceil() as u64).max(1)),
    }
}

/// Predicts the throughput of more threads than there are.
pub(crate) fn predictions(engine: &EngineMeasurement, scaling: &EngineScaling) -> Vec<EnginePrediction> {
    let of = |times: u64| {
        let threads = engine.threads.max(1) * times;
        EnginePrediction { threads, throughput_per_s: per_second(scaling, threads) }
    };
    PREDICTED.into_iter().map(of).collect()
}

fn per_second(scaling: &EngineScaling, threads: u64) -> f64 {
    let threads = threads as f64;
    let law = scaling.lambda * threads / (1.0 + scaling.sigma.unwrap_or(0.0) * (threads - 1.0));
    scaling.shared_limit_per_s.map_or(law, |limit| law.min(limit))
}

fn seconds(tasks: u64, start_s: f64, per_second: f64) -> f64 {
    start_s + tasks as f64 / per_second.max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::StrategyKind;

    /// Two threads of 100 tasks a second each, and 3 s to start.
    fn engine(threads: u64) -> EngineMeasurement {
        EngineMeasurement {
            kind: EngineKind::Dask,
            address: None,
            version: None,
            threads,
            inner_width: 1,
            ok: 500,
            failed: 0,
            throughput_per_s: 100.0 * threads as f64,
            start_s: 3.0,
            message_s: Some(0.002),
            chunk_items: Some(20.0),
        }
    }

    fn machine(throughput_per_s: f64) -> MachineMeasurement {
        let strategy = StrategyKind::Processes;
        MachineMeasurement { strategy, width: 2, throughput_per_s, start_s: 1.0, task_s: 0.010 }
    }

    #[test]
    fn an_engine_that_is_no_faster_never_pays_with_the_workers_that_it_has() {
        let (engine, machine) = (engine(2), machine(195.0));
        let law = scaling(&engine, 200.0, None);
        let from = pays_from(1_000_000, &engine, &machine, &law);
        assert_eq!((from.tasks, from.task_s), (None, None));
        assert_eq!(from.threads, Some(3), "one more would");
        assert_eq!(verdict(&job(1_000_000, &engine, &machine)), EngineVerdict::NoDifference);
        assert_eq!(verdict(&job(100, &engine, &machine)), EngineVerdict::DoesNotPay);
    }

    #[test]
    fn a_faster_engine_pays_once_it_has_saved_its_start() {
        let (engine, machine) = (engine(16), machine(200.0));
        let law = scaling(&engine, 200.0, None);
        // A task takes 5 ms here and 0.625 ms there: 2 s are saved after 458 tasks.
        let from = pays_from(100, &engine, &machine, &law);
        assert_eq!(from.tasks, Some(458));
        assert!((from.task_s.expect("a length") - 0.0458).abs() < 0.0002, "{from:?}");
        assert_eq!(verdict(&job(300, &engine, &machine)), EngineVerdict::DoesNotPay);
        assert_eq!(verdict(&job(458, &engine, &machine)), EngineVerdict::NoDifference);
        assert_eq!(verdict(&job(5_000, &engine, &machine)), EngineVerdict::Pays);
        let short = pays_from(100, &engine, &machine, &law);
        assert_eq!(short.threads, None, "a hundred tasks take 0.5 s here, and 3 s only to start there");
    }

    #[test]
    fn one_scheduler_serves_all_threads() {
        let engine = engine(2);
        // 200 tasks of 10 ms in a message of 2 ms: the scheduler takes a thousandth of the time.
        let law = scaling(&engine, 200.0, None);
        assert_eq!(law.dispatch_binds_from, Some(1_000));
        let predicted = predictions(&engine, &law);
        assert_eq!(predicted.iter().map(|each| each.threads).collect::<Vec<_>>(), [4, 8, 16, 32]);
        assert!((predicted[0].throughput_per_s - 399.6).abs() < 0.5, "{predicted:?}");
        assert!((per_second(&law, 2) - 200.0).abs() < 1e-9, "what was measured");
        assert!((per_second(&law, 1_000_000) / 100_000.0 - 1.0).abs() < 0.01, "2 ms for 200 tasks");
    }

    #[test]
    fn what_all_machines_share_is_a_limit() {
        let law = scaling(&engine(2), 200.0, Some(300.0));
        assert_eq!((law.shared_limit_per_s, law.shared_binds_from), (Some(300.0), Some(3)));
        assert!((per_second(&law, 64) - 300.0).abs() < 1e-9);
        let from = pays_from(1_000_000, &engine(2), &machine(290.0), &law);
        assert_eq!(from.threads, None, "no number of workers gets more than 300 a second");
    }

    #[test]
    fn of_slurm_nobody_knows_how_many_tasks_it_could_start() {
        let mut slurm = engine(2);
        slurm.kind = EngineKind::Slurm;
        let law = scaling(&slurm, 200.0, None);
        assert_eq!((law.sigma, law.dispatch_binds_from), (None, None));
        assert!((per_second(&law, 20) - 2_000.0).abs() < 1e-6);
    }
}

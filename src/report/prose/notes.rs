//! Facts worth knowing before the advice is followed.

use crate::advice::Note;
use crate::advice::note::CpuGrowthCause;
use crate::report::prose::callables::{
    blocks_loop, bound_to_one_loop, in_threads, measured_elsewhere, own_semaphore,
};
use crate::report::prose::{profile, soundness};
use crate::units::{Seconds, Share};

/// Share of the time from which on the workers of the busiest step set the pace of a pipeline.
const PACE_BUSY: f64 = 0.5;

/// Returns the note in one sentence.
pub(crate) fn sentence(note: &Note) -> String {
    match note {
        Note::FailingLeftOut { failing, lowest_share } => soundness::left_out(failing, *lowest_share),
        Note::WrongOutputs { wrong } => soundness::wrong(wrong),
        Note::RandomOutputs { outputs } => soundness::random(outputs),
        Note::TakesFromOthers { taken, left_out, configuration, ratio } => format!(
            "other programs used {} of the CPUs: {left_out} measured {ratio:.2}x {configuration} and is left out, because \
             it may only have taken more of the CPUs from them; {} is predicted within 5% of the best",
            Share(*taken),
            configuration.strategy
        ),
        Note::TasksFail { share, cause } => soundness::tasks_fail(*share, cause.as_ref()),
        Note::LowConfidence { reason } => {
            format!("confidence in the class is low: {}", profile::confidence_reason(reason))
        }
        Note::Undecided { configuration, runner_up } => format!(
            "the measurement cannot tell {configuration} from {runner_up}; a larger --budget may decide"
        ),
        Note::UndecidedNearBest { configuration, runner_up } => format!(
            "the measurement cannot tell {configuration} from {runner_up}, which is probably within 5% of the best too"
        ),
        Note::TasksDiffer { coefficient_of_variation, item, item_s, mean_s } => format!(
            "tasks take very different times (coefficient of variation {coefficient_of_variation:.1}): '{item}' took {}, the mean is {}",
            Seconds(*item_s),
            Seconds(*mean_s)
        ),
        Note::Startup { startup_s, share } => format!(
            "starting up takes {}, {} of the run; with more tasks that share falls",
            Seconds(*startup_s),
            Share(*share)
        ),
        Note::LongTail { p99_s, p50_s } => format!(
            "latency has a long tail at this width: p99 is {} and p50 is {}; --objective latency prefers a narrower width",
            Seconds(*p99_s),
            Seconds(*p50_s)
        ),
        Note::AssumedCpus { cpus } => {
            format!(
                "a prediction for {cpus} CPUs, each as fast as those here, with everything else unchanged"
            )
        }
        Note::Polls { .. }
        | Note::ParallelTask { .. }
        | Note::EventLoopHeld { .. }
        | Note::BlockingStep { .. }
        | Note::Oversubscribed { .. }
        | Note::CpuGrowth { .. }
        | Note::SlowestStage { .. }
        | Note::EmbeddedServer
        | Note::DefaultPool { .. } => use_of_cpus(note),
        Note::SendChunks { .. } | Note::PythonChunks { .. } | Note::CostlyTransfer { .. } => transfer(note),
        Note::GilReleased { .. }
        | Note::GilHeld { .. }
        | Note::InThreads { .. }
        | Note::MeasuredElsewhere { .. }
        | Note::GilSwitchedOn { .. }
        | Note::NoGil
        | Note::PaidOnce { .. }
        | Note::LongImport { .. }
        | Note::ResultsKept { .. }
        | Note::LibraryComputes { .. }
        | Note::LibraryThreads { .. }
        | Note::RanInThreads { .. }
        | Note::BlocksLoop { .. }
        | Note::OwnSemaphore { .. }
        | Note::BoundToOneLoop { .. }
        | Note::LoopPerWorker { .. } => python(note),
    }
}

/// Returns a note about the threads and CPUs that tasks get.
fn use_of_cpus(note: &Note) -> String {
    match note {
        Note::Polls { share, cause } => format!(
            "about {} of the CPU time of a task polls ({}): more such threads than CPUs take the CPUs from those that \
             have work, so that no such width is recommended",
            Share(*share),
            profile::polling_cause(*cause)
        ),
        Note::ParallelTask { threads, width: 1 } => format!(
            "one task alone computes in {threads:.1} threads at once: its own threads use the CPUs, not tasks in \
             flight"
        ),
        Note::ParallelTask { threads, .. } => format!(
            "one task alone computes in {threads:.1} threads at once: several tasks oversubscribe the CPUs"
        ),
        Note::EventLoopHeld { held_s } => format!(
            "steps that compute hold a thread of the event loop for {}, while other tasks wait",
            Seconds(*held_s)
        ),
        Note::BlockingStep { step } => {
            format!("{step} has no async form: the event loop hands it to a thread pool")
        }
        Note::Oversubscribed { workers, cpus } => {
            format!("{workers} workers compute on {cpus} CPUs, so they take turns")
        }
        Note::CpuGrowth { factor, cause } => cpu_growth(*factor, *cause),
        Note::SlowestStage { step, kind, workers, busy, least_busy } => format!(
            "step {step} ({kind}) {}: its {} busy {} of the time, those of the other steps {} and more",
            if *busy >= PACE_BUSY { "sets the pace" } else { "is the busiest, but sets no pace" },
            if *workers == 1 { "worker is".to_owned() } else { format!("{workers} workers are") },
            Share(*busy),
            Share(*least_busy)
        ),
        Note::EmbeddedServer => {
            "the embedded server uses the same CPUs as the tasks; a server elsewhere would leave them free"
                .to_owned()
        }
        Note::DefaultPool { threads, configuration } => format!(
            "{configuration} ran {threads} tasks at a time: that many threads has the default pool of \
             `asyncio.to_thread` in every event loop"
        ),
        _ => String::new(),
    }
}

fn cpu_growth(factor: f64, cause: CpuGrowthCause) -> String {
    let cause = match cause {
        CpuGrowthCause::Memory => ": tasks probably compete for caches or memory bandwidth",
        CpuGrowthCause::Gil => ": threads that take turns at the GIL use CPU for each turn",
        CpuGrowthCause::BusyMachine => ", while other programs used the CPUs too",
        CpuGrowthCause::Unknown => "",
    };
    format!("a task uses {factor:.1}x the CPU that it uses alone{cause}")
}

/// Returns the cost of handing tasks to worker processes.
fn transfer(note: &Note) -> String {
    match note {
        Note::SendChunks { tasks_per_message, task_s, message_s, python_message_s, python_chunksize } => {
            let tasks = if *tasks_per_message == 1 { "task" } else { "tasks" };
            format!(
                "send {tasks_per_message} {tasks} per message: a task takes {} and a message costs {} here; \
                 with ProcessPoolExecutor.map, whose messages cost about {}, use chunksize={python_chunksize}",
                Seconds(*task_s),
                Seconds(*message_s),
                Seconds(*python_message_s),
            )
        }
        Note::PythonChunks { chunksize, task_s, message_s } => format!(
            "use chunksize={chunksize}: a task takes {} and a message to a worker costs {} here",
            Seconds(*task_s),
            Seconds(*message_s)
        ),
        Note::CostlyTransfer { transfer_s, share } => format!(
            "handing a task to a worker process costs {}, {} of its work there",
            Seconds(*transfer_s),
            Share(*share)
        ),
        _ => String::new(),
    }
}

/// Returns a note about Python callables.
fn python(note: &Note) -> String {
    match note {
        Note::GilReleased { held } => format!(
            "the callable holds the GIL for {} of the time it computes; threads compute in parallel for the rest",
            Share(*held)
        ),
        Note::GilHeld { held } => format!(
            "the callable holds the GIL for {} of the time it computes, so threads compute one at a time",
            Share(*held)
        ),
        Note::InThreads { threads, speedup, verdict, has_gil } => {
            in_threads(*threads, *speedup, *verdict, *has_gil)
        }
        Note::MeasuredElsewhere { call, row, agrees, better } => {
            measured_elsewhere(call, row, *agrees, better.as_deref())
        }
        Note::GilSwitchedOn { module } => format!(
            "loading `{module}` switched the GIL on in this interpreter, which is built without one; \
             PYTHON_GIL=0 keeps it off, if `{module}` can stand that"
        ),
        Note::NoGil => "this interpreter has no GIL, so threads compute in parallel".to_owned(),
        Note::PaidOnce { once_s, .. } => format!(
            "every process pays {} once, at its first call: a model that is loaded, a late import, a first \
             connection; it counts as start-up",
            Seconds(*once_s)
        ),
        Note::LongImport { seconds } => format!("{seconds:.1} s to import in every process"),
        Note::ResultsKept { factor } => format!(
            "tasks took {factor:.0} times as long the first time as when they ran again: something keeps \
             results, such as a cache; every configuration starts without it"
        ),
        Note::LibraryComputes { threads, cpus } => format!(
            "a library such as BLAS or OpenMP keeps {}, and one task alone computes on {cpus:.1} CPUs: several \
             workers oversubscribe the CPUs unless you set OMP_NUM_THREADS=1",
            own_threads(*threads)
        ),
        Note::LibraryThreads { threads } => format!(
            "a library such as BLAS or OpenMP keeps {}; if tasks use it, several workers oversubscribe the \
             CPUs: try OMP_NUM_THREADS=1",
            own_threads(*threads)
        ),
        Note::RanInThreads { callables } => format!(
            "async: {} and ran through asyncio.to_thread",
            of_callables(callables, "is not a coroutine function", "are not coroutine functions")
        ),
        Note::BlocksLoop { blocked } => blocks_loop(blocked),
        Note::OwnSemaphore { limit, multiplied_by } => own_semaphore(limit, multiplied_by),
        Note::BoundToOneLoop { limit } => bound_to_one_loop(limit),
        Note::LoopPerWorker { callables } => format!(
            "threads and processes: {}, so every worker ran its own event loop",
            of_callables(callables, "is a coroutine function", "are coroutine functions")
        ),
        _ => String::new(),
    }
}

/// Returns "a thread of its own" or "7 threads of its own".
fn own_threads(threads: u64) -> String {
    if threads == 1 { "a thread of its own".to_owned() } else { format!("{threads} threads of its own") }
}

fn of_callables(callables: &[String], one: &str, several: &str) -> String {
    format!("{} {}", callables.join(" and "), if callables.len() == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::note::{FailingConfiguration, WrongConfiguration};
    use crate::benchmark::Configuration;
    use crate::benchmark::agreement::{OutputComparison, OutputVerdict};
    use crate::benchmark::result::ErrorCount;
    use crate::diagnostics::Code;
    use crate::profile::result::ConfidenceReason;
    use crate::strategy::StrategyKind;

    const ASYNC: Configuration =
        Configuration { strategy: StrategyKind::Async, width: 64, processes: None, stages: None };
    const THREADS: Configuration =
        Configuration { strategy: StrategyKind::Threads, width: 64, processes: None, stages: None };

    fn assert_sentences<const N: usize>(expected: [(Note, &str); N]) {
        for (note, expected) in expected {
            assert_eq!(sentence(&note), expected);
        }
    }

    #[test]
    fn workers_that_idle_set_no_pace() {
        let stage = |busy| {
            let kind = "http".to_owned();
            sentence(&Note::SlowestStage { step: 1, kind, workers: 4, busy, least_busy: 0.02 })
        };
        assert!(stage(0.9).starts_with("step 1 (http) sets the pace: its 4 workers are busy 90%"));
        assert!(stage(0.2).starts_with("step 1 (http) is the busiest, but sets no pace: its"));
    }

    #[test]
    fn what_was_measured_has_its_sentences() {
        let failing = vec![FailingConfiguration { configuration: THREADS, share: 0.4 }];
        let wrong = |configuration, differing| WrongConfiguration { configuration, compared: 60, differing };
        let cause =
            Some(ErrorCount { code: Code::TaskHttpStatus, count: 40, message: "status 503".to_owned() });
        assert_sentences([
            (
                Note::FailingLeftOut { failing, lowest_share: 0.0 },
                "not considered, because tasks fail: threads 64 (40%); elsewhere 0% fail",
            ),
            (
                Note::WrongOutputs { wrong: vec![wrong(THREADS, 59), wrong(ASYNC, 7)] },
                "outputs differ from those of sequential for the same items under threads (59 of 60 at 64), async \
                 (7 of 60 at 64); not recommended",
            ),
            (
                Note::RandomOutputs {
                    outputs: OutputComparison { verdict: OutputVerdict::Random, compared: 60, differing: 59 },
                },
                "outputs are random: 59 of 60 differed when the same items ran one after another again; those of \
                 other strategies were not held against them",
            ),
            (
                Note::TasksFail { share: 0.02, cause },
                "2% of the tasks fail, mostly with E-TASK-001 (status 503)",
            ),
            (Note::TasksFail { share: 0.02, cause: None }, "2% of the tasks fail"),
            (
                Note::LowConfidence { reason: ConfidenceReason::TooShort { wall_s: 0.1, samples: 3 } },
                "confidence in the class is low: only 3 samples in 0.10 s",
            ),
            (
                Note::Undecided { configuration: ASYNC, runner_up: THREADS },
                "the measurement cannot tell async 64 from threads 64; a larger --budget may decide",
            ),
            (
                Note::UndecidedNearBest { configuration: ASYNC, runner_up: THREADS },
                "the measurement cannot tell async 64 from threads 64, which is probably within 5% of the best too",
            ),
            (
                Note::LongTail { p99_s: 0.05, p50_s: 0.01 },
                "latency has a long tail at this width: p99 is 50.0 ms and p50 is 10.0 ms; --objective latency prefers a narrower width",
            ),
            (
                Note::Startup { startup_s: 0.05, share: 0.3 },
                "starting up takes 50.0 ms, 30% of the run; with more tasks that share falls",
            ),
        ]);
    }

    #[test]
    fn what_tasks_are_like_has_its_sentences() {
        assert_sentences([
            (
                Note::ParallelTask { threads: 1.9, width: 2 },
                "one task alone computes in 1.9 threads at once: several tasks oversubscribe the CPUs",
            ),
            (
                Note::ParallelTask { threads: 4.0, width: 1 },
                "one task alone computes in 4.0 threads at once: its own threads use the CPUs, not tasks in flight",
            ),
            (
                Note::TasksDiffer {
                    coefficient_of_variation: 2.34,
                    item: "big.csv".to_owned(),
                    item_s: 0.8,
                    mean_s: 0.02,
                },
                "tasks take very different times (coefficient of variation 2.3): 'big.csv' took 800 ms, the mean is 20.0 ms",
            ),
            (
                Note::EventLoopHeld { held_s: 0.002 },
                "steps that compute hold a thread of the event loop for 2.00 ms, while other tasks wait",
            ),
            (
                Note::BlockingStep { step: "read".to_owned() },
                "read has no async form: the event loop hands it to a thread pool",
            ),
            (
                Note::Oversubscribed { workers: 16, cpus: 2.0 },
                "16 workers compute on 2 CPUs, so they take turns",
            ),
            (
                Note::CpuGrowth { factor: 1.8, cause: CpuGrowthCause::Memory },
                "a task uses 1.8x the CPU that it uses alone: tasks probably compete for caches or memory bandwidth",
            ),
            (
                Note::CpuGrowth { factor: 1.8, cause: CpuGrowthCause::Gil },
                "a task uses 1.8x the CPU that it uses alone: threads that take turns at the GIL use CPU for each turn",
            ),
            (
                Note::CpuGrowth { factor: 1.8, cause: CpuGrowthCause::BusyMachine },
                "a task uses 1.8x the CPU that it uses alone, while other programs used the CPUs too",
            ),
            (
                Note::CpuGrowth { factor: 1.8, cause: CpuGrowthCause::Unknown },
                "a task uses 1.8x the CPU that it uses alone",
            ),
            (
                Note::EmbeddedServer,
                "the embedded server uses the same CPUs as the tasks; a server elsewhere would leave them free",
            ),
            (
                Note::AssumedCpus { cpus: 16.0 },
                "a prediction for 16 CPUs, each as fast as those here, with everything else unchanged",
            ),
        ]);
    }

    #[test]
    fn what_messages_cost_has_its_sentences() {
        let chunks = |tasks_per_message| Note::SendChunks {
            tasks_per_message,
            task_s: 20e-6,
            message_s: 12e-6,
            python_message_s: 135e-6,
            python_chunksize: 135,
        };
        assert_eq!(
            sentence(&chunks(12)),
            "send 12 tasks per message: a task takes 20.0 µs and a message costs 12.0 µs here; with \
             ProcessPoolExecutor.map, whose messages cost about 135 µs, use chunksize=135"
        );
        assert!(sentence(&chunks(1)).starts_with("send 1 task per message: "));
        assert_sentences([
            (
                Note::PythonChunks { chunksize: 12, task_s: 20e-6, message_s: 12e-6 },
                "use chunksize=12: a task takes 20.0 µs and a message to a worker costs 12.0 µs here",
            ),
            (
                Note::CostlyTransfer { transfer_s: 20e-6, share: 0.2 },
                "handing a task to a worker process costs 20.0 µs, 20% of its work there",
            ),
        ]);
    }

    #[test]
    fn what_is_special_about_python_has_its_sentences() {
        let work = || vec!["work".to_owned()];
        let both = vec!["load".to_owned(), "work".to_owned()];
        assert_sentences([
            (
                Note::GilReleased { held: 0.02 },
                "the callable holds the GIL for 2% of the time it computes; threads compute in parallel for the rest",
            ),
            (
                Note::GilHeld { held: 0.93 },
                "the callable holds the GIL for 93% of the time it computes, so threads compute one at a time",
            ),
            (Note::NoGil, "this interpreter has no GIL, so threads compute in parallel"),
            (Note::LongImport { seconds: 3.04 }, "3.0 s to import in every process"),
            (
                Note::PaidOnce { once_s: 1.5, cpu_s: 1.4 },
                "every process pays 1.50 s once, at its first call: a model that is loaded, a late import, a first connection; it counts as start-up",
            ),
            (
                Note::ResultsKept { factor: 812.4 },
                "tasks took 812 times as long the first time as when they ran again: something keeps results, such as a cache; every configuration starts without it",
            ),
            (
                Note::LibraryComputes { threads: 7, cpus: 2.4 },
                "a library such as BLAS or OpenMP keeps 7 threads of its own, and one task alone computes on 2.4 CPUs: several workers oversubscribe the CPUs unless you set OMP_NUM_THREADS=1",
            ),
            (
                Note::LibraryThreads { threads: 1 },
                "a library such as BLAS or OpenMP keeps a thread of its own; if tasks use it, several workers oversubscribe the CPUs: try OMP_NUM_THREADS=1",
            ),
            (
                Note::RanInThreads { callables: work() },
                "async: work is not a coroutine function and ran through asyncio.to_thread",
            ),
            (
                Note::RanInThreads { callables: both },
                "async: load and work are not coroutine functions and ran through asyncio.to_thread",
            ),
            (
                Note::LoopPerWorker { callables: work() },
                "threads and processes: work is a coroutine function, so every worker ran its own event loop",
            ),
        ]);
    }
}

//! The cost of handing a task to a strategy: every strategy compared with pinned threads that pull an
//! atomic index and do the same computation, with tasks of 0.1 to 100 µs; and a pipeline of two such steps compared
//! with two threads and a channel of crossbeam between them.
//!
//! `cargo bench --bench dispatch`, or `-- '1.00 µs/threads'` for a part of it.

mod support;

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use conc::internal::{
    CpuSpec, Item, Kernel, Seconds, Step, StepOutput, StepSpec, StrategyKind, TaskContext, calibrate,
};
use criterion::Criterion;
use crossbeam_channel::bounded;

use support::paired::{self, Entry, Ratio, Table, Used};
use support::subject;

/// Sizes of a task.
const WORK: [Duration; 4] = [
    Duration::from_nanos(100),
    Duration::from_micros(1),
    Duration::from_micros(10),
    Duration::from_micros(100),
];

/// Time that one run should take: short compared with the drift of a machine, long compared with the end of
/// a run, when one worker is idle already.
const RUN: Duration = Duration::from_millis(20);

/// Time of a run that is only there to show that it works.
const TRIAL: Duration = Duration::from_micros(500);

/// Tasks that the channel of the pipeline written by hand holds: as many as the queue of the strategy.
const QUEUE: usize = 32;

/// Tasks in flight where an event loop hands computations to other processes.
const HYBRID_IN_FLIGHT: usize = 64;

/// The strategies for single steps.
const KINDS: [StrategyKind; 6] = [
    StrategyKind::Sequential,
    StrategyKind::Async,
    StrategyKind::Threads,
    StrategyKind::WorkStealing,
    StrategyKind::Processes,
    StrategyKind::Hybrid,
];

fn main() {
    let mut criterion = paired::criterion();
    let mut table = Table::default();
    let run = if paired::is_measuring() { RUN } else { TRIAL };
    for work in WORK {
        let mut workload =
            subject::workload(StepSpec::Cpu(CpuSpec { kernel: Kernel::Sha256, work, iterations: None }));
        calibrate(&mut workload);
        let step = Step::prepare(&workload.steps[0], &subject::env()).expect("the step is calibrated");
        let (workload, name) = (Arc::new(workload), Seconds::from(work).to_string());
        let mut group = criterion.benchmark_group(format!("dispatch/{name}"));
        for kind in KINDS {
            let threads = if kind == StrategyKind::Sequential { 1 } else { subject::cpus() };
            let width = if kind == StrategyKind::Hybrid { HYBRID_IN_FLIGHT } else { threads };
            let tasks = threads as u64 * (run.as_nanos() / work.as_nanos()) as u64;
            table.compare(
                &mut group,
                Entry { work: name.clone(), subject: kind.to_string(), tasks, goal: goal(kind, work) },
                || subject::run(kind, &workload, width, tasks),
                || pinned_loop(&step, threads, tasks),
            );
        }
        group.finish();
    }
    pipelines(&mut criterion, &mut table, run);
    table.print();
    criterion.final_summary();
}

/// Compares a pipeline of two equal stages, each with one worker, with one that is written by hand.
fn pipelines(criterion: &mut Criterion<Ratio>, table: &mut Table, run: Duration) {
    for work in WORK {
        let step = StepSpec::Cpu(CpuSpec { kernel: Kernel::Sha256, work, iterations: None });
        let mut workload = subject::staged(vec![step.clone(), step]);
        calibrate(&mut workload);
        let prepare = |spec| Step::prepare(spec, &subject::env()).expect("the step is calibrated");
        let steps: Vec<Step> = workload.steps.iter().map(prepare).collect();
        let (workload, name) = (Arc::new(workload), format!("{} a stage", Seconds::from(work)));
        let tasks = (run.as_nanos() / work.as_nanos()) as u64;
        let mut group = criterion.benchmark_group(format!("dispatch/{name}"));
        table.compare(
            &mut group,
            Entry {
                work: name.clone(),
                subject: StrategyKind::Pipeline.to_string(),
                tasks,
                goal: (work >= Duration::from_micros(10)).then_some(1.3),
            },
            || subject::run(StrategyKind::Pipeline, &workload, 2, tasks),
            || two_threads(&steps, tasks),
        );
        group.finish();
    }
}

/// The limit of a pipeline: a thread for each stage, and a channel of crossbeam between them.
fn two_threads(steps: &[Step], tasks: u64) -> Used {
    let ready = Barrier::new(3);
    let (outbox, inbox) = bounded::<(u64, StepOutput)>(QUEUE);
    let run = |step: &Step, index| {
        let task = TaskContext { index, item: Item::Index(index), attempt: 0, deadline: None };
        step.run_blocking(&task).expect("a computation does not fail")
    };
    let (ready, run) = (&ready, &run);
    std::thread::scope(|scope| {
        let first = scope.spawn(move || {
            ready.wait();
            (0..tasks).for_each(|index| outbox.send((index, run(&steps[0], index))).expect("it is received"));
        });
        let second = scope.spawn(move || {
            ready.wait();
            inbox.iter().for_each(|(index, output)| _ = black_box((output, run(&steps[1], index))));
        });
        let (used, ()) = Used::by(|| {
            ready.wait();
            first.join().expect("it does not panic");
            second.join().expect("it does not panic");
        });
        used
    })
}

/// Returns the largest ratio that is good enough; tasks of 0.1 µs have no goal and are only there to be
/// watched.
fn goal(kind: StrategyKind, work: Duration) -> Option<f64> {
    let in_process = matches!(
        kind,
        StrategyKind::Sequential | StrategyKind::Async | StrategyKind::Threads | StrategyKind::WorkStealing
    );
    match (kind, work.as_nanos()) {
        (StrategyKind::Threads | StrategyKind::WorkStealing, 1_000) => Some(1.10),
        (StrategyKind::Async, 1_000) => Some(1.15),
        (_, 10_000..) if in_process => Some(1.05),
        (StrategyKind::Hybrid, 1_000) => Some(1.5),
        (StrategyKind::Hybrid, 10_000) => Some(1.15),
        (StrategyKind::Hybrid, 100_000) => Some(1.03),
        _ => None,
    }
}

/// The limit: threads that stay on their CPUs, pull an index and compute.
fn pinned_loop(step: &Step, threads: usize, tasks: u64) -> Used {
    let next = AtomicU64::new(0);
    let ready = Barrier::new(threads + 1);
    let work = |place| {
        pin(place);
        ready.wait();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= tasks {
                break;
            }
            let task = TaskContext { index, item: Item::Index(index), attempt: 0, deadline: None };
            black_box(step.run_blocking(&task)).expect("a computation does not fail");
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|place| scope.spawn(move || work(place))).collect();
        let (used, ()) = Used::by(|| {
            ready.wait();
            workers.into_iter().for_each(|worker| worker.join().expect("a worker does not panic"));
        });
        used
    })
}

/// Keeps the calling thread on one of the CPUs that it may use.
#[cfg(target_os = "linux")]
fn pin(place: usize) {
    use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
    use nix::unistd::Pid;

    let this = Pid::from_raw(0);
    let allowed = sched_getaffinity(this).expect("a thread may read its own affinity");
    let allowed: Vec<usize> = (0..CpuSet::count()).filter(|cpu| allowed.is_set(*cpu) == Ok(true)).collect();
    let mut one = CpuSet::new();
    one.set(allowed[place % allowed.len()]).expect("the CPU was in the set before");
    sched_setaffinity(this, &one).expect("a thread may narrow its own affinity");
}

#[cfg(not(target_os = "linux"))]
fn pin(_place: usize) {}

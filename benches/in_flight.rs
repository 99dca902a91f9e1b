//! The cost of having many tasks in flight, and of recording the outcome of each.
//!
//! `cargo bench --bench in_flight`; a million sleeping tasks take about a minute.

mod support;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use conc::internal::{
    BatchRequest, Bytes, Configuration, Executor, ProcessExecutor, Reexec, SleepSpec, StepSpec, StrategyKind,
    TaskOutcomes, Workload,
};
use criterion::Criterion;

use support::paired::{self, Entry, Table, Used};
use support::subject;

/// Time that each task sleeps.
const SLEEP: Duration = Duration::from_secs(1);

/// Tasks whose memory is that of an empty run.
const FEW: usize = 1000;

fn main() {
    recording();
    let in_flight: &[usize] = if paired::is_measuring() { &[100_000, 1_000_000] } else { &[FEW] };
    let workload = Arc::new(subject::workload(StepSpec::Sleep(SleepSpec { duration: SLEEP })));
    let mut criterion = paired::criterion().sample_size(10).warm_up_time(Duration::from_millis(1));
    let mut table = Table::default();
    for &width in in_flight {
        let tasks = width as u64;
        let work = format!("{width} sleep");
        let mut group = criterion.benchmark_group(&work);
        let entry = Entry { work, subject: StrategyKind::Async.to_string(), tasks, goal: Some(1.3) };
        let subject = || subject::run(StrategyKind::Async, &workload, width, tasks);
        if table.compare(&mut group, entry, subject, || tokio_sleeps(width)) {
            memory(&workload, width);
        }
        group.finish();
    }
    table.print();
    criterion.final_summary();
}

/// Time to look at the clock and record one task.
fn recording() {
    let mut criterion = Criterion::default().configure_from_args();
    let (mut tally, mut index, mut last) = (TaskOutcomes::default(), 0, Instant::now());
    criterion.bench_function("record one task", |bencher| {
        bencher.iter(|| {
            let now = Instant::now();
            black_box(&mut tally).record(index, index, now - last, black_box(Ok(index)));
            (index, last) = (index + 1, now);
        });
    });
}

/// The limit: as many tokio tasks as sleepers.
fn tokio_sleeps(tasks: usize) -> Used {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(subject::cpus()).enable_all().build().expect("a runtime");
    let sleepers = async {
        let sleepers: Vec<_> = (0..tasks).map(|_| tokio::spawn(tokio::time::sleep(SLEEP))).collect();
        for sleeper in sleepers {
            sleeper.await.expect("a sleeper does not panic");
        }
    };
    let (used, ()) = Used::by(|| runtime.block_on(sleepers));
    used
}

/// Memory per sleeping task, taken in processes that do nothing else.
#[expect(clippy::print_stdout, reason = "a benchmark reports to the terminal")]
fn memory(workload: &Arc<Workload>, width: usize) {
    let state = tempfile::tempdir().expect("a directory for the batches");
    let env = conc::internal::Env { state_dir: state.path().into(), ..subject::env() };
    let reexec = Reexec::new(env.exe.clone());
    let mut executor = ProcessExecutor::new(reexec, Arc::clone(workload), env, subject::cpus());
    let mut peak = |width: usize| {
        let cell = Configuration::new(StrategyKind::Async, width);
        let limit = Duration::from_secs(60);
        let order = BatchRequest {
            cell,
            tasks: 0..width as u64,
            permutation_id: 0,
            stop_starting_after: limit,
            kill_after: limit,
        };
        executor.run(&order).expect("tasks that sleep do not fail").peak_rss_bytes
    };
    let each = peak(width).saturating_sub(peak(FEW)) / (width - FEW) as u64;
    println!("{width} tasks asleep: {} each (goal: ≤ 600 B)", Bytes(each));
}

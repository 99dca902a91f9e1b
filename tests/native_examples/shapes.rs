//! The work that programs are printed for.

use std::time::Duration;

use conc::internal::{
    Backoff, Configuration, ItemSource, RetryPolicy, StagePool, StageShape, Stages, StrategyKind, TaskShape,
    WorkloadLimits,
};

/// Number of tasks of most shapes.
pub(crate) const TASKS: u64 = 8;

/// Quotes, a backslash, a line break, braces, an escape sequence and the name of a variable.
pub(crate) const NASTY: &str = "it's \"quoted\" \\ {} {x}\n\u{1b}[1m $HOME é";

/// Returns texts as strings.
pub(crate) fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// Returns tasks of a size, over numbers.
pub(crate) fn stand_in(cpu_ms: u64, wait_ms: u64) -> TaskShape {
    TaskShape {
        tasks: TASKS,
        cpu: Duration::from_millis(cpu_ms),
        wait: Duration::from_millis(wait_ms),
        stages: stages(cpu_ms, wait_ms),
        ..TaskShape::default()
    }
}

/// Returns steps that wait, compute, and write in the order of the items.
fn stages(cpu_ms: u64, wait_ms: u64) -> Vec<StageShape> {
    let stage = |kind: &str, ms, computes| StageShape {
        kind: kind.to_owned(),
        time: Duration::from_millis(ms),
        computes,
        ordered: kind == "write",
        pool: StagePool::Thread,
    };
    vec![stage("http", wait_ms, false), stage("cpu", cpu_ms, true), stage("write", 0, false)]
}

/// Returns tasks that run a command over numbers.
pub(crate) fn command(argv: &[&str]) -> TaskShape {
    TaskShape { command: Some(texts(argv)), ..stand_in(1, 1) }
}

/// Returns the shape with items that the user listed.
pub(crate) fn over(items: &[&str], shape: TaskShape) -> TaskShape {
    TaskShape { tasks: items.len() as u64, items: ItemSource::Listed(texts(items)), ..shape }
}

/// Returns the shape with a time limit.
pub(crate) fn bounded(limit_ms: u64, shape: TaskShape) -> TaskShape {
    let limits = WorkloadLimits { timeout: Some(Duration::from_millis(limit_ms)), ..shape.limits.clone() };
    TaskShape { limits, ..shape }
}

/// Returns the shape with a limit of starts per second.
pub(crate) fn rated(rate_per_s: f64, shape: TaskShape) -> TaskShape {
    let limits = WorkloadLimits { rate_per_s: Some(rate_per_s), ..shape.limits.clone() };
    TaskShape { limits, ..shape }
}

/// Returns the shape with retries.
pub(crate) fn retried(max: u32, backoff: Backoff, shape: TaskShape) -> TaskShape {
    TaskShape { retry: Some(RetryPolicy { max, backoff, base: Duration::from_millis(2) }), ..shape }
}

/// Returns a cell of every form.
pub(crate) fn cells() -> [Configuration; 7] {
    [
        Configuration::REFERENCE,
        Configuration::new(StrategyKind::Async, 4),
        Configuration::new(StrategyKind::Threads, 3),
        Configuration::new(StrategyKind::WorkStealing, 2),
        Configuration::new(StrategyKind::Processes, 2),
        Configuration::hybrid(4, 2),
        Configuration::pipeline(Stages::new(&[3, 2, 1], 16).expect("three stages")),
    ]
}

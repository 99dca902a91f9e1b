//! The path through the decision tree.

use crate::advice::DecisionPath;
use crate::advice::decision_tree::TreeStep;
use crate::advice::facts::SerialPlace;
use crate::profile::Class;
use crate::units::{Seconds, Share};

/// Returns questions and answers, from the root to the name of the strategy.
pub(crate) fn path(decision: &DecisionPath) -> Vec<String> {
    let steps = decision.steps.iter().flat_map(words);
    steps.chain([decision.strategy.to_string()]).collect()
}

fn words(step: &TreeStep) -> Vec<String> {
    let fixed: &[&str] = match step {
        TreeStep::OneTaskAtATime { place, share } => {
            let answer = format!("{} for {} of each task", name(*place), Share(*share));
            return vec!["one task at a time".to_owned(), answer];
        }
        TreeStep::ShorterThanPool { total_s } => {
            let answer = format!("{} in total, less than a pool takes to start", Seconds(*total_s));
            return vec!["workload size".to_owned(), answer];
        }
        TreeStep::NoAsyncForm { step } => return vec![format!("no async form of {}", step_name(step))],
        TreeStep::TaskType { class: Class::IoBound } => &["task type", "I/O-bound"],
        TreeStep::TaskType { class: Class::CpuBound } => &["task type", "CPU-bound"],
        TreeStep::TaskType { class: Class::Mixed } => &["task type", "mixed"],
        TreeStep::SingleTask => &["workload size", "a single task"],
        TreeStep::OneCpu => &["one CPU, nothing to gain"],
        TreeStep::Commands => &["commands are processes already", "a thread waits for each"],
        TreeStep::AsyncFormAvailable => &["async client available"],
        TreeStep::ThreadsComputeInParallel => &["threads compute in parallel"],
        TreeStep::NoGil => &["no GIL: threads compute in parallel"],
        TreeStep::GilReleased => &["the tasks release the GIL, as measured"],
        TreeStep::GilHeldWhileWaiting => &["the tasks hold the GIL while they wait"],
        TreeStep::OneThreadComputes => &["one thread computes at a time"],
        TreeStep::TooSmallForProcess => &["tasks too small for a process"],
        TreeStep::ComputesAndWaitsInOneStep => &["computes and waits in one step"],
        TreeStep::ComputesAndWaitsInOneCoroutine => {
            &["computes and waits in one coroutine", "an event loop per process"]
        }
        TreeStep::SeparateSteps => &["separate CPU and waiting steps"],
        TreeStep::NoCpuForProcessPool => &["one CPU, none for a process pool"],
        TreeStep::CpuStepsTooSmallForProcess => &["CPU steps too small for a process"],
    };
    fixed.iter().map(|text| (*text).to_owned()).collect()
}

fn name(place: SerialPlace) -> &'static str {
    match place {
        SerialPlace::MaxInFlight => "max_in_flight = 1",
        SerialPlace::SharedLock => "a shared lock",
        SerialPlace::SqliteWriter => "SQLite's single writer",
    }
}

/// Returns the kind of the step, or "the callable" for Python, whose kind users do not know.
fn step_name(kind: &str) -> &str {
    match kind {
        "python" => "the callable",
        "blocking-call" => "the call that blocks the event loop",
        kind => kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::StrategyKind;

    fn told(steps: Vec<TreeStep>, strategy: StrategyKind) -> String {
        path(&DecisionPath { steps, strategy }).join(" -> ")
    }

    #[test]
    fn a_path_reads_from_the_question_to_the_strategy() {
        let io = TreeStep::TaskType { class: Class::IoBound };
        assert_eq!(
            told(vec![io.clone(), TreeStep::AsyncFormAvailable], StrategyKind::Async),
            "task type -> I/O-bound -> async client available -> async"
        );
        let no_form = |step: &str| TreeStep::NoAsyncForm { step: step.to_owned() };
        assert_eq!(
            told(vec![io.clone(), no_form("read")], StrategyKind::Threads),
            "task type -> I/O-bound -> no async form of read -> threads"
        );
        assert!(told(vec![io, no_form("python")], StrategyKind::Threads).contains("of the callable"));
    }

    #[test]
    fn figures_are_named() {
        let lock = TreeStep::OneTaskAtATime { place: SerialPlace::SharedLock, share: 0.95 };
        assert_eq!(
            told(vec![lock], StrategyKind::Sequential),
            "one task at a time -> a shared lock for 95% of each task -> sequential"
        );
        assert_eq!(
            told(vec![TreeStep::ShorterThanPool { total_s: 2e-4 }], StrategyKind::Sequential),
            "workload size -> 200 µs in total, less than a pool takes to start -> sequential"
        );
    }
}

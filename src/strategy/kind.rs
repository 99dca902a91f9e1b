//! The names of the strategies.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How tasks are run concurrently.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum StrategyKind {
    /// One task after another, in order.
    Sequential,
    /// Tasks on an event loop.
    Async,
    /// A fixed pool of OS threads fed by a bounded channel.
    Threads,
    /// A pool of threads that steal work from one another.
    WorkStealing,
    /// A pool of worker processes.
    Processes,
    /// One event loop for what waits, a process pool for what computes.
    Hybrid,
    /// One pool per step with bounded queues between them.
    Pipeline,
    /// Python alone: tasks on the event loop of uvloop.
    Uvloop,
    /// Python alone: a pool of interpreters in one process, each with a lock of its own.
    Interpreters,
}

impl StrategyKind {
    /// Every strategy, in the order of the documentation.
    pub const ALL: [StrategyKind; 9] = [
        StrategyKind::Sequential,
        StrategyKind::Async,
        StrategyKind::Threads,
        StrategyKind::WorkStealing,
        StrategyKind::Processes,
        StrategyKind::Hybrid,
        StrategyKind::Pipeline,
        StrategyKind::Uvloop,
        StrategyKind::Interpreters,
    ];

    /// The name users see and type.
    pub fn as_str(self) -> &'static str {
        match self {
            StrategyKind::Sequential => "sequential",
            StrategyKind::Async => "async",
            StrategyKind::Threads => "threads",
            StrategyKind::WorkStealing => "work-stealing",
            StrategyKind::Processes => "processes",
            StrategyKind::Hybrid => "hybrid",
            StrategyKind::Pipeline => "pipeline",
            StrategyKind::Uvloop => "uvloop",
            StrategyKind::Interpreters => "interpreters",
        }
    }

    /// Whether it is a way to run Python callables and nothing else.
    pub fn is_of_python(self) -> bool {
        matches!(self, StrategyKind::Uvloop | StrategyKind::Interpreters)
    }

    /// Whether tasks in flight share one event loop of one process.
    pub fn is_event_loop(self) -> bool {
        matches!(self, StrategyKind::Async | StrategyKind::Uvloop)
    }
}

impl fmt::Display for StrategyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for StrategyKind {
    type Err = String;

    /// Accepts the names and the aliases Python users know.
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let name = match s.to_ascii_lowercase().as_str() {
            "asyncio" => "async".to_owned(),
            "threading" | "thread-pool" => "threads".to_owned(),
            "multiprocessing" | "process-pool" => "processes".to_owned(),
            "interpreter-pool" | "subinterpreters" => "interpreters".to_owned(),
            "rayon" => "work-stealing".to_owned(),
            other => other.to_owned(),
        };
        StrategyKind::ALL.into_iter().find(|k| k.as_str() == name).ok_or_else(|| {
            let known: Vec<_> = StrategyKind::ALL.iter().map(|k| k.as_str()).collect();
            format!("unknown strategy '{s}'; known are {}", known.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_aliases_are_accepted() {
        for kind in StrategyKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("threading".parse(), Ok(StrategyKind::Threads));
        assert_eq!("multiprocessing".parse(), Ok(StrategyKind::Processes));
        assert!("fibers".parse::<StrategyKind>().unwrap_err().contains("work-stealing"));
    }
}

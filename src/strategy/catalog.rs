//! The catalogue of strategies: one row per strategy, which every other module reads.
//!
//! # The next strategy
//!
//! A new strategy touches these files and no others:
//!
//! 1. `src/strategy/<name>.rs`: the pool, as an implementation of
//!    [`Strategy`](crate::strategy::job::Strategy) (for Python: a runner in `src/python/harness/`);
//! 2. `src/strategy/kind.rs`: a variant of [`StrategyKind`];
//! 3. `src/strategy/catalog.rs`: a row of [`STRATEGIES`]; only a strategy whose width means something new
//!    also needs a variant of [`WidthMeaning`], and the compiler names the places that must decide about it;
//! 4. `src/strategy/run.rs`: a line in `strategy()`, which builds the pool;
//! 5. `src/benchmark/overhead.rs`: a row of the default overheads;
//! 6. `src/snippets/form.rs` and a template, if programs are to be generated for the strategy;
//!    `src/report/html/style.css` for its colour;
//! 7. its tests: `tests/strategies.rs` runs every strategy of the catalogue over the same tasks.
//!
//! The plan, capacity, predictions, calibration, the choice, tables, plots and `conc explain` follow from
//! the row.

use std::fmt;
use std::str::FromStr;

use crate::strategy::info::{
    Ladder, PlotMark, RssPerWorker, Runtime, StrategyHelp, StrategyInfo, UseCase, WidthMeaning,
};
use crate::strategy::kind::StrategyKind;

/// Resident bytes of a task in flight on an event loop, with its buffers; measured on 2026-11-24.
const TASK: RssPerWorker = RssPerWorker { native: 4 << 10, python: 4 << 10 };

/// Resident bytes of a thread, stack and buffers included; measured on 2026-11-24.
const THREAD: RssPerWorker = RssPerWorker { native: 64 << 10, python: 64 << 10 };

/// Resident bytes of an idle worker process, and of an interpreter with the modules that a pool needs;
/// measured on 2026-11-24 (x86-64 Linux, CPython 3.11).
const PROCESS: RssPerWorker = RssPerWorker { native: 8 << 20, python: 24 << 20 };

/// Worker processes, or interpreters, per CPU that are planned at most.
const PROCESSES_PER_CPU: usize = 16;

/// Stealing threads per CPU that are planned at most: they are for computing.
const STEALERS_PER_CPU: usize = 2;

/// Every strategy, in the order of documentation and tables.
pub(crate) const STRATEGIES: [StrategyInfo; 9] = [
    StrategyInfo {
        kind: StrategyKind::Sequential,
        name: "sequential",
        aliases: &[],
        runtime: Runtime::Both,
        width: WidthMeaning::Fixed1,
        ladder: Ladder::Unbounded,
        rss_per_worker: TASK,
        use_case: UseCase::General,
        complexity_rank: 0,
        mark: PlotMark { corners: 4, turn: 0.0 },
        help: StrategyHelp {
            what: "One task after another, in order, on one thread.",
            width: "Always 1.",
            wins: "If tasks are too small to repay handing them out, or if a lock or a single writer lets only \
                   one through at a time. It is also the easiest to debug.",
            loses: "As soon as tasks wait, or a second CPU could compute some of them.",
        },
    },
    StrategyInfo {
        kind: StrategyKind::Async,
        name: "async",
        aliases: &["asyncio"],
        runtime: Runtime::Both,
        width: WidthMeaning::InFlight,
        ladder: Ladder::Unbounded,
        rss_per_worker: TASK,
        use_case: UseCase::General,
        complexity_rank: 1,
        mark: PlotMark { corners: 16, turn: 0.0 },
        help: StrategyHelp {
            what: "Many tasks on an event loop: while one waits, another runs. tokio in Rust, asyncio in \
                   Python.",
            width: "Tasks in flight, whatever the number of CPUs.",
            wins: "For I/O-bound work with an async client: a waiting task costs about a kilobyte, so \
                   thousands can wait at once.",
            loses: "For work that computes: it blocks the loop and every task on it. Files and SQLite have \
                    no async form and go through a pool of threads anyway.",
        },
    },
    StrategyInfo {
        kind: StrategyKind::Threads,
        name: "threads",
        aliases: &["threading", "thread-pool"],
        runtime: Runtime::Both,
        width: WidthMeaning::Threads,
        ladder: Ladder::Unbounded,
        rss_per_worker: THREAD,
        use_case: UseCase::General,
        complexity_rank: 2,
        mark: PlotMark { corners: 4, turn: 0.5 },
        help: StrategyHelp {
            what: "A fixed pool of threads that make blocking calls and take the next task when they are \
                   done.",
            width: "Threads, each with one task.",
            wins: "For waiting without an async client, for commands, and for computing if there is no GIL. \
                   Ordinary blocking code works unchanged.",
            loses: "Beyond a few thousand in flight: each thread costs tens of kilobytes and context \
                    switches. Under Python's GIL threads compute one at a time.",
        },
    },
    StrategyInfo {
        kind: StrategyKind::WorkStealing,
        name: "work-stealing",
        aliases: &["rayon"],
        runtime: Runtime::Native {
            missing_in_python: "the standard library of Python has no threads that steal work",
        },
        width: WidthMeaning::Threads,
        ladder: Ladder::PerCpu(STEALERS_PER_CPU),
        rss_per_worker: THREAD,
        use_case: UseCase::NativeInProcess,
        complexity_rank: 3,
        mark: PlotMark { corners: 3, turn: 0.5 },
        help: StrategyHelp {
            what: "A pool of threads in which an idle thread takes work from a busy one. rayon in Rust.",
            width: "Threads; more threads than CPUs seldom help.",
            wins: "For CPU-bound work whose tasks differ in size, and for very small tasks: the work is split \
                   in halves instead of being handed out task by task.",
            loses: "For work that waits: a waiting task holds its thread, and there are only a few threads.",
        },
    },
    StrategyInfo {
        kind: StrategyKind::Processes,
        name: "processes",
        aliases: &["multiprocessing", "process-pool"],
        runtime: Runtime::Both,
        width: WidthMeaning::Processes,
        ladder: Ladder::PerCpu(PROCESSES_PER_CPU),
        rss_per_worker: PROCESS,
        use_case: UseCase::InProcess,
        complexity_rank: 6,
        mark: PlotMark { corners: 3, turn: 0.0 },
        help: StrategyHelp {
            what: "A pool of worker processes, fed in batches over pipes.",
            width: "Processes, each with one task.",
            wins: "For CPU-bound work under Python's GIL, for code that may crash or leak, and for code that \
                   must not share a process.",
            loses: "If inputs or outputs are large, since they are copied; if memory is short; and for small \
                    tasks, unless they travel in batches.",
        },
    },
    StrategyInfo {
        kind: StrategyKind::Hybrid,
        name: "hybrid",
        aliases: &[],
        runtime: Runtime::Both,
        width: WidthMeaning::InFlightTimesProcesses,
        ladder: Ladder::Unbounded,
        rss_per_worker: TASK,
        use_case: UseCase::SeparateSteps,
        complexity_rank: 4,
        mark: PlotMark { corners: 5, turn: 0.0 },
        help: StrategyHelp {
            what: "One event loop for the steps that wait, worker processes for the steps that compute.",
            width: "Tasks in flight x worker processes.",
            wins: "For mixed work whose tasks spend time in both kinds of step: neither kind blocks the other.",
            loses: "If one kind takes little time: then the simpler strategy is as fast, with less to go wrong.",
        },
    },
    StrategyInfo {
        kind: StrategyKind::Pipeline,
        name: "pipeline",
        aliases: &[],
        runtime: Runtime::Both,
        width: WidthMeaning::WorkersPerStage,
        ladder: Ladder::Unbounded,
        rss_per_worker: THREAD,
        use_case: UseCase::SeparateStages,
        complexity_rank: 5,
        mark: PlotMark { corners: 6, turn: 0.5 },
        help: StrategyHelp {
            what: "One pool per step with bounded queues between them, so that a slow step holds back the \
                   fast ones before it.",
            width: "Workers of each step, such as 8+2+1.",
            wins: "If steps need different resources or different numbers of workers, such as one writer at the \
                   end, and if order or memory must be kept in check.",
            loses: "With one step, or with similar steps: the queues only add cost.",
        },
    },
    StrategyInfo {
        kind: StrategyKind::Uvloop,
        name: "uvloop",
        aliases: &[],
        runtime: Runtime::Python { missing: "uvloop is not installed for this interpreter" },
        width: WidthMeaning::InFlight,
        ladder: Ladder::Unbounded,
        rss_per_worker: TASK,
        use_case: UseCase::VariantForCoroutines,
        complexity_rank: 7,
        mark: PlotMark { corners: 6, turn: 0.0 },
        help: StrategyHelp {
            what: "asyncio on the event loop of uvloop, which is built on libuv. Python only; measured with \
                   -v, or on request, if it is installed.",
            width: "Tasks in flight, as with async.",
            wins: "If the loop itself takes much of the time: many small messages over many sockets.",
            loses: "If tasks wait long or compute: then it is as fast as asyncio's own loop, and one more \
                    dependency.",
        },
    },
    StrategyInfo {
        kind: StrategyKind::Interpreters,
        name: "interpreters",
        aliases: &["interpreter-pool", "subinterpreters"],
        runtime: Runtime::Python {
            missing: "this interpreter has no InterpreterPoolExecutor, which came with Python 3.14",
        },
        width: WidthMeaning::Interpreters,
        ladder: Ladder::PerCpu(PROCESSES_PER_CPU),
        // Not measured yet; the plan counts one like a task.
        rss_per_worker: TASK,
        use_case: UseCase::UnderGlobalLock,
        complexity_rank: 8,
        mark: PlotMark { corners: 5, turn: 0.5 },
        help: StrategyHelp {
            what: "A pool of Python interpreters in one process, each with a thread and a lock of its own: \
                   InterpreterPoolExecutor, from Python 3.14 on.",
            width: "Interpreters, each with one task.",
            wins: "For CPU-bound work under the GIL: it computes in parallel as processes do, and takes less \
                   time and memory to start.",
            loses: "With extension modules that only one interpreter can load, such as numpy; with large \
                    inputs or outputs, which are copied; and with code that may crash.",
        },
    },
];

// A row is found by its variant's number.
const _: () = {
    let mut i = 0;
    while i < STRATEGIES.len() {
        assert!(STRATEGIES[i].kind as usize == i);
        i += 1;
    }
};

impl StrategyKind {
    /// Every strategy, in the order of the catalogue.
    pub const ALL: [StrategyKind; STRATEGIES.len()] = {
        let mut all = [StrategyKind::Sequential; STRATEGIES.len()];
        let mut i = 0;
        while i < all.len() {
            all[i] = STRATEGIES[i].kind;
            i += 1;
        }
        all
    };

    /// Returns the strategy's row of the catalogue.
    pub const fn info(self) -> &'static StrategyInfo {
        &STRATEGIES[self as usize]
    }

    /// Returns the name that users see and type.
    pub const fn as_str(self) -> &'static str {
        self.info().name
    }

    /// Returns true if all tasks in flight share one event loop of one process.
    pub const fn is_event_loop(self) -> bool {
        matches!(self.info().width, WidthMeaning::InFlight)
    }
}

/// Lists the strategies, for messages.
fn names() -> String {
    STRATEGIES.iter().map(|info| info.name).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for StrategyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for StrategyKind {
    type Err = String;

    /// Accepts the names and aliases of the catalogue, in any case.
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let name = s.to_ascii_lowercase();
        let is_named = |info: &&StrategyInfo| info.name == name || info.aliases.contains(&name.as_str());
        let found = STRATEGIES.iter().find(is_named).map(|info| info.kind);
        found.ok_or_else(|| format!("unknown strategy '{s}'; choose one of {}", names()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_aliases_are_accepted() {
        for kind in StrategyKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).ok(), Some(kind.as_str().into()));
        }
        assert_eq!("threading".parse(), Ok(StrategyKind::Threads));
        assert_eq!("Multiprocessing".parse(), Ok(StrategyKind::Processes));
        assert!("fibers".parse::<StrategyKind>().unwrap_err().contains("work-stealing"));
    }

    #[test]
    fn every_rank_is_given_once_and_sequential_is_the_simplest() {
        let mut ranks: Vec<u8> = STRATEGIES.iter().map(|info| info.complexity_rank).collect();
        ranks.sort_unstable();
        assert!(ranks.windows(2).all(|pair| pair[0] < pair[1]), "{ranks:?}");
        assert_eq!(StrategyKind::Sequential.info().complexity_rank, ranks[0]);
    }

    #[test]
    fn no_two_marks_look_alike() {
        let marks: Vec<PlotMark> = STRATEGIES.iter().map(|info| info.mark).collect();
        assert!(marks.iter().enumerate().all(|(i, mark)| !marks[..i].contains(mark)), "{marks:?}");
    }
}

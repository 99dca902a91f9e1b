//! The page about a strategy.

use crate::explain::render::PageLayout;
use crate::strategy::StrategyKind;

/// Returns the page about a strategy.
pub(super) fn page(kind: StrategyKind, layout: PageLayout) -> String {
    let Page { what, width, wins, loses } = strategy_page(kind);
    let sections = [("What", what), ("Width", width), ("Wins", wins), ("Loses", loses)];
    let sections = sections.map(|(label, text)| layout.labelled(label, text)).concat();
    format!("{}\n\n{sections}", layout.heading(kind.as_str()))
}

/// The sections of the page about a strategy.
struct Page {
    what: &'static str,
    width: &'static str,
    wins: &'static str,
    loses: &'static str,
}

fn strategy_page(kind: StrategyKind) -> Page {
    match kind {
        StrategyKind::Sequential => Page {
            what: "One task after another, in order, on one thread.",
            width: "Always 1.",
            wins: "Where tasks are too small to pay for being handed out, or where a lock or a single \
                   writer lets only one through at a time. It is also the easiest to debug.",
            loses: "As soon as tasks wait, or there is a second CPU for what they compute.",
        },
        StrategyKind::Async => Page {
            what: "Many tasks on an event loop: while one waits, another runs. tokio in Rust, asyncio in \
                   Python.",
            width: "Tasks in flight, whatever the number of CPUs.",
            wins: "For I/O-bound work with an async client: a waiting task costs about a kilobyte, so \
                   thousands may wait at once.",
            loses: "For work that computes: it holds up the loop and everything on it. Files and SQLite \
                    have no async form and go through a pool of threads anyway.",
        },
        StrategyKind::Threads => Page {
            what: "A fixed pool of threads that make blocking calls and take the next task when they are \
                   done.",
            width: "Threads, each with one task.",
            wins: "For waiting without an async client, for commands, and for computing where there is no \
                   GIL. It needs no other way of writing code.",
            loses: "Beyond some thousands in flight: a thread costs tens of kilobytes and a context \
                    switch. Under Python's GIL threads compute one at a time.",
        },
        StrategyKind::WorkStealing => Page {
            what: "A pool of threads in which an idle one takes work from a busy one. rayon in Rust.",
            width: "Threads; more than there are CPUs seldom help.",
            wins: "For CPU-bound work whose tasks differ in size, and for very small ones: work is split \
                   in halves, not handed out one by one.",
            loses: "For work that waits: a waiting task holds its thread, and there are only a few.",
        },
        StrategyKind::Processes => Page {
            what: "A pool of worker processes, fed in batches over pipes.",
            width: "Processes, each with one task.",
            wins: "For CPU-bound work under Python's GIL, for code that may crash or leak, and for code \
                   that may not share a process.",
            loses: "Where inputs or outputs are large, since they are copied; where memory is short; and \
                    for small tasks, unless they travel in batches.",
        },
        StrategyKind::Hybrid => Page {
            what: "One event loop for the steps that wait, worker processes for those that compute.",
            width: "Tasks in flight x worker processes.",
            wins: "For mixed work, where both parts of a task take time: neither holds up the other.",
            loses: "Where one part is small: then the plainer strategy does the same with less to go \
                    wrong.",
        },
        StrategyKind::Pipeline => Page {
            what: "One pool per step with bounded queues between them, so that a slow step holds back the \
                   fast ones before it.",
            width: "Workers of each step.",
            wins: "Where steps need different resources or different numbers of workers, and where order \
                   or memory must be kept in check.",
            loses: "With one step, or with steps alike: the queues only cost.",
        },
        StrategyKind::Uvloop => Page {
            what: "asyncio on the event loop of uvloop, which is written on top of libuv. Python alone; \
                   measured with -v, or where it is asked for, if it is installed.",
            width: "Tasks in flight, as with async.",
            wins: "Where the loop itself takes much of the time: many small messages over many sockets.",
            loses: "Where tasks wait long or compute: then it is as fast as asyncio's own, and one more \
                    thing to install.",
        },
        StrategyKind::Interpreters => Page {
            what: "A pool of Python interpreters in one process, each with a thread and a lock of its own: \
                   InterpreterPoolExecutor, from Python 3.14 on.",
            width: "Interpreters, each with one task.",
            wins: "For CPU-bound work under the GIL: it computes in parallel as processes do, and takes \
                   less time and memory to start.",
            loses: "With extension modules that only one interpreter can load, such as numpy; with large \
                    inputs or outputs, which are copied; and where code may crash.",
        },
    }
}

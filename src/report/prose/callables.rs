//! What callables do to threads, event loops and processes.

use crate::advice::verdict::Agreement;
use crate::evidence::GilRow;
use crate::profile::result::{BlockedLoop, LibraryCall, OwnLimit, ThreadsVerdict};
use crate::strategy::StrategyKind;
use crate::units::Seconds;

/// Returns what several threads gained over one, and why.
pub(crate) fn in_threads(threads: u64, speedup: f64, verdict: ThreadsVerdict, has_gil: bool) -> String {
    let lock = if has_gil { "the GIL" } else { "a lock" };
    let why = match verdict {
        ThreadsVerdict::Releases => "it releases the GIL while it computes".to_owned(),
        ThreadsVerdict::Partly => format!("it holds {lock} for a part of its computing"),
        ThreadsVerdict::Holds => format!("it holds {lock} while it computes"),
        ThreadsVerdict::Thrashing => format!("they hand {lock} over so often that they do less than one"),
        ThreadsVerdict::Locked => {
            let free = if has_gil { ", although the GIL is free" } else { "" };
            format!("a lock of a library or of the program lets one at a time through{free}")
        }
        ThreadsVerdict::HoldsWaiting => {
            "it holds the GIL while it waits, so only processes wait together".into()
        }
        ThreadsVerdict::Child => "each waits for a child process, which needs no GIL".to_owned(),
        ThreadsVerdict::Fails => return "calls fail in several threads that succeed in one".to_owned(),
        ThreadsVerdict::Hangs => return format!("calls in {threads} threads at once do not end"),
        ThreadsVerdict::Dies => return "the interpreter died when two threads ran the callable".to_owned(),
        ThreadsVerdict::OwnThreads => "one call uses several CPUs by itself".to_owned(),
        ThreadsVerdict::Waits => "their waits overlap".to_owned(),
        ThreadsVerdict::Unclear => "the machine is too busy to tell why".to_owned(),
    };
    let count = if threads == 2 { "two".to_owned() } else { threads.to_string() };
    format!("{count} threads ran it {speedup:.2} times as fast as one: {why}")
}

/// Returns what the table of `conc explain gil` has about a call that a callable names.
pub(crate) fn measured_elsewhere(
    call: &LibraryCall,
    row: &GilRow,
    agrees: Agreement,
    better: Option<&str>,
) -> String {
    let GilRow { call: measured, library, version, verdict, python, .. } = row;
    let of = format!("of {library} {version} on CPython {python}");
    if agrees == Agreement::No {
        let here = call.version.as_ref().map(|version| format!(" ({version} here)")).unwrap_or_default();
        return format!(
            "`conc explain gil` has '{verdict}' for {measured} {of}, which was not seen here: another version{here}, \
             another input or the rest of the callable may be why"
        );
    }
    let found = format!("`conc explain gil` agrees: it has '{verdict}' for {measured} {of}");
    match better {
        Some(better) => format!("{found}, and 'releases' for {better}"),
        None => found,
    }
}

/// Returns where a coroutine blocks its event loop, and what to do.
pub(crate) fn blocks_loop(blocked: &BlockedLoop) -> String {
    let file = blocked.file.rsplit('/').next().unwrap_or(&blocked.file);
    format!(
        "{} blocks the event loop for {} of every task ({file}:{}: {}), so async runs one task at a time: await an \
         asynchronous call there, or use threads",
        blocked.function,
        Seconds(blocked.per_task_s),
        blocked.line,
        blocked.code
    )
}

/// Returns what a semaphore of the module limits in each process.
pub(crate) fn own_semaphore(limit: &OwnLimit, multiplied_by: &[StrategyKind]) -> String {
    let (permits, names) = (limit.permits.unwrap_or(1), multiplied_by.iter().map(ToString::to_string));
    format!(
        "{} ({}) lets {permits} tasks through at a time in each process, so that 2 processes make {}: {} not measured \
         unless asked for with --strategy",
        limit.name,
        limit.kind,
        2 * permits,
        match multiplied_by {
            [one] => format!("{one} is"),
            _ => format!("{} are", names.collect::<Vec<_>>().join(" and ")),
        }
    )
}

/// Returns why threads cannot run coroutines with an object of one event loop.
pub(crate) fn bound_to_one_loop(limit: &OwnLimit) -> String {
    format!(
        "{} ({}) belongs to one event loop: threads, each with a loop of its own, would hang or fail with it",
        limit.name, limit.kind
    )
}

/// Returns what it means that a library, or the module, has replaced threads.
pub(crate) fn threads_are_replaced(by: &str) -> String {
    match by {
        "gevent" | "eventlet" => format!(
            "{by} has replaced threads: `threads` runs greenlets in one thread, on one CPU; processes are not \
             measured beside it unless asked for with --strategy"
        ),
        _ => format!("{by} replaces parts of threading, time or queue, so strategies do what these parts do"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::MeasuredTable;

    #[test]
    fn threads_that_are_replaced_are_told_by_whom() {
        assert!(
            threads_are_replaced("gevent")
                .starts_with("gevent has replaced threads: `threads` runs greenlets")
        );
        assert!(threads_are_replaced("the module").starts_with("the module replaces parts of threading"));
    }

    #[test]
    fn the_gain_is_told_with_its_reason() {
        let of = |verdict, has_gil| in_threads(2, 0.354, verdict, has_gil);
        assert_eq!(
            of(ThreadsVerdict::Thrashing, true),
            "two threads ran it 0.35 times as fast as one: they hand the GIL over so often that they do less \
             than one"
        );
        assert!(of(ThreadsVerdict::Locked, true).contains("although the GIL is free"));
        assert!(!of(ThreadsVerdict::Locked, false).contains("GIL"));
        assert!(!of(ThreadsVerdict::Fails, true).contains("0.35"), "what failed has no speed");
    }

    #[test]
    fn a_row_of_the_table_is_cited_with_its_versions_and_the_better_call() {
        let row =
            MeasuredTable::gil().into_iter().find(|row| row.call.starts_with("lxml.html")).expect("a row");
        let call = LibraryCall { name: "lxml.html.fromstring".into(), version: Some("5.0".into()) };
        assert_eq!(
            measured_elsewhere(
                &call,
                &row,
                Agreement::Yes,
                Some("lxml.html.fromstring (own HTMLParser each)")
            ),
            "`conc explain gil` agrees: it has 'holds' for lxml.html.fromstring (default parser) of lxml 6.1.3 on CPython \
             3.11.7, and 'releases' for lxml.html.fromstring (own HTMLParser each)"
        );
        let other = measured_elsewhere(&call, &row, Agreement::No, None);
        assert!(other.contains("was not seen here: another version (5.0 here)"), "{other}");
    }

    fn gate() -> OwnLimit {
        OwnLimit { name: "gate".into(), kind: "asyncio.Semaphore".into(), permits: Some(10), one_loop: true }
    }

    #[test]
    fn a_line_that_blocks_the_loop_is_quoted() {
        let blocked = BlockedLoop {
            file: "/home/me/tasks.py".into(),
            line: 4,
            function: "fn".into(),
            code: "time.sleep(0.02)".into(),
            per_task_s: 0.02,
            share: 0.99,
        };
        assert_eq!(
            blocks_loop(&blocked),
            "fn blocks the event loop for 20.0 ms of every task (tasks.py:4: time.sleep(0.02)), so async runs \
             one task at a time: await an asynchronous call there, or use threads"
        );
    }

    #[test]
    fn a_semaphore_says_what_processes_make_of_it() {
        assert_eq!(
            own_semaphore(&gate(), &[StrategyKind::Processes]),
            "gate (asyncio.Semaphore) lets 10 tasks through at a time in each process, so that 2 processes make \
             20: processes is not measured unless asked for with --strategy"
        );
        let both = own_semaphore(&gate(), &[StrategyKind::Processes, StrategyKind::Hybrid]);
        assert!(
            both.ends_with("processes and hybrid are not measured unless asked for with --strategy"),
            "{both}"
        );
        assert_eq!(
            bound_to_one_loop(&gate()),
            "gate (asyncio.Semaphore) belongs to one event loop: threads, each with a loop of its own, would \
             hang or fail with it"
        );
    }
}

//! Items of the checklist of `check`, and their faults.

use crate::advice::check_result::{CheckDetail, CheckFinding, Fault};
use crate::units::{Seconds, Share};

/// Returns the outcome of an item of the checklist in a few words.
pub(crate) fn detail(detail: &CheckDetail) -> String {
    let fixed = match detail {
        CheckDetail::Faults { count: 1 } => "1 fault",
        CheckDetail::Faults { count } => return format!("{count} faults"),
        CheckDetail::NoCoroutine => "the callable is not a coroutine function",
        CheckDetail::InterpreterEnded => "the interpreter ended before this could be checked",
        CheckDetail::TasksHang => "the tasks hang, so this could not be checked",
        CheckDetail::RanOnOneLoop => "every coroutine ran on the event loop that it was started on",
        CheckDetail::AllAwaited => "every coroutine that was created was awaited",
        CheckDetail::AllCompleted => {
            "every task completed, alone and all at once, and so did everything that it started"
        }
        CheckDetail::AllClosed => "everything that the tasks opened is closed",
        CheckDetail::NoExceptions => "no exception was raised or lost",
        CheckDetail::NoLostUpdates => "no task overwrote what another one had written",
        CheckDetail::NoStalls => "no line blocked the event loop",
        CheckDetail::ShortStalls { longest_s } => {
            return format!("no line blocked the event loop for longer than {}", Seconds(*longest_s));
        }
        CheckDetail::NoGil => "this interpreter has no GIL",
        CheckDetail::ComputesUnderGil => "the tasks compute and hold the GIL: use processes, not threads",
        CheckDetail::ComputesWithoutGil => "the tasks compute without the GIL: threads run them in parallel",
        CheckDetail::ComputesUnderLock => {
            "the tasks compute one at a time in threads, though not for the GIL: a lock of a library or of the program"
        }
        CheckDetail::GilUnclear => {
            "the tasks compute; the machine is too busy to tell whether they hold the GIL"
        }
        CheckDetail::HardlyComputes => "the tasks hardly compute",
    };
    fixed.to_owned()
}

/// Returns a fault in one sentence.
pub fn fault(finding: &CheckFinding) -> String {
    match &finding.fault {
        Fault::Reported { text } => text.clone(),
        Fault::Deadlock { who } => {
            format!("{who} waits for a lock, as does everything else, and no CPU is used")
        }
        Fault::LockHeldAtFork => {
            "waits for a lock that was held when the process was forked, so nothing releases it there after fork; \
             start processes before threads, or by the start method spawn or forkserver"
                .to_owned()
        }
        Fault::IgnoresCancellation { who } => format!("{who} still runs after it was cancelled"),
        Fault::NotEnded { who, after_s } => format!("{who} has not ended after {}", Seconds(*after_s)),
        Fault::CoroutineHoldsGil { share } => format!(
            "the coroutine computes {} of its time and holds the GIL, so no other coroutine runs meanwhile; \
             move that part to a process pool",
            Share(*share)
        ),
        Fault::ThreadsHoldGil { threads: 1 } => {
            "1 thread computes and holds the GIL, so only one thread computes at a time; use processes"
                .to_owned()
        }
        Fault::ThreadsHoldGil { threads } => format!(
            "{threads} threads compute and hold the GIL in turn, so only one computes at a time; use processes"
        ),
        Fault::HoldsGilWaiting { threads, speedup } => format!(
            "waits in native code and keeps the GIL, so every other thread stands still: {threads} threads do \
             {speedup:.1} times the work of one; load the library with ctypes.CDLL instead of PyDLL, or release \
             the GIL there, or use processes"
        ),
        Fault::BlocksLoop { longest_s, package_function: None } => {
            format!("blocks the event loop for at least {}", Seconds(*longest_s))
        }
        Fault::BlocksLoop { longest_s, package_function: Some(name) } => format!(
            "`{name}` of an installed package, called here, blocks the event loop for at least {}; use the \
             asynchronous form of the package, or call it in a thread (asyncio.to_thread)",
            Seconds(*longest_s)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Code;

    #[test]
    fn every_fault_has_its_sentence() {
        let who = || "task A".to_owned();
        for (fault_of, expected) in [
            (Fault::Reported { text: "never awaited".to_owned() }, "never awaited"),
            (
                Fault::Deadlock { who: who() },
                "task A waits for a lock, as does everything else, and no CPU is used",
            ),
            (
                Fault::LockHeldAtFork,
                "waits for a lock that was held when the process was forked, so nothing releases it there after fork; start processes before threads, or by the start method spawn or forkserver",
            ),
            (Fault::IgnoresCancellation { who: who() }, "task A still runs after it was cancelled"),
            (Fault::NotEnded { who: who(), after_s: 10.0 }, "task A has not ended after 10.0 s"),
            (
                Fault::CoroutineHoldsGil { share: 0.9 },
                "the coroutine computes 90% of its time and holds the GIL, so no other coroutine runs meanwhile; move that part to a process pool",
            ),
            (
                Fault::ThreadsHoldGil { threads: 1 },
                "1 thread computes and holds the GIL, so only one thread computes at a time; use processes",
            ),
            (
                Fault::ThreadsHoldGil { threads: 4 },
                "4 threads compute and hold the GIL in turn, so only one computes at a time; use processes",
            ),
            (
                Fault::HoldsGilWaiting { threads: 4, speedup: 1.0 },
                "waits in native code and keeps the GIL, so every other thread stands still: 4 threads do 1.0 times the work of one; load the library with ctypes.CDLL instead of PyDLL, or release the GIL there, or use processes",
            ),
            (
                Fault::BlocksLoop { longest_s: 0.06, package_function: None },
                "blocks the event loop for at least 60.0 ms",
            ),
            (
                Fault::BlocksLoop { longest_s: 0.06, package_function: Some("client.get".to_owned()) },
                "`client.get` of an installed package, called here, blocks the event loop for at least 60.0 ms; use the asynchronous form of the package, or call it in a thread (asyncio.to_thread)",
            ),
        ] {
            let finding =
                CheckFinding { code: Code::AsyncBlocked, fault: fault_of, place: None, item: None, count: 1 };
            assert_eq!(fault(&finding), expected);
        }
    }

    #[test]
    fn every_judgement_is_a_fragment() {
        for of in [
            CheckDetail::Faults { count: 1 },
            CheckDetail::Faults { count: 2 },
            CheckDetail::NoCoroutine,
            CheckDetail::InterpreterEnded,
            CheckDetail::TasksHang,
            CheckDetail::RanOnOneLoop,
            CheckDetail::AllAwaited,
            CheckDetail::AllCompleted,
            CheckDetail::AllClosed,
            CheckDetail::NoExceptions,
            CheckDetail::NoLostUpdates,
            CheckDetail::NoStalls,
            CheckDetail::ShortStalls { longest_s: 0.01 },
            CheckDetail::NoGil,
            CheckDetail::ComputesUnderGil,
            CheckDetail::ComputesWithoutGil,
            CheckDetail::ComputesUnderLock,
            CheckDetail::GilUnclear,
            CheckDetail::HardlyComputes,
        ] {
            let text = detail(&of);
            assert!(text.len() > 5 && !text.ends_with('.'), "{text}");
        }
        let stalls = CheckDetail::ShortStalls { longest_s: 0.01 };
        assert_eq!(detail(&stalls), "no line blocked the event loop for longer than 10.0 ms");
    }
}

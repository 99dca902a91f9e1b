//! The judgement of a few observed tasks: each item of the list passed, failed or does not apply.
//!
//! Pure over the observations.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::diagnostics::Code;
use crate::profile::result::{ThreadsVerdict, TwoThreads};
use crate::python::check::{
    CallableForm, CheckStage, ChecklistItem, FormObservation, GilObservation, HangObservation, HangWaitKind,
    HarnessFinding, LoopStall, Observations, SourceLine,
};

/// Minimum duration of one stall, in seconds, at which a line counts as blocking the event loop.
const BLOCKED_S: f64 = 0.05;

/// Minimum total of repeated stalls, in seconds, at which a line counts as blocking the event loop.
const BLOCKED_TOTAL_S: f64 = 0.1;
/// Minimum number of stalls of a line that count as repeated.
const AGAIN: u64 = 3;

/// Minimum share of the wall time, from 0 to 1, that tasks use a CPU to count as computing.
const COMPUTES: f64 = 0.2;
/// Minimum CPU seconds of all tasks together for the tasks to count as computing.
const COMPUTES_S: f64 = 0.05;

/// Minimum share of the CPU time that others wait for the GIL at which tasks count as holding the GIL.
///
/// Pure Python code releases the GIL every 5 ms; a thread that wanted the GIL waited for 0.6 to 1.0 of the
/// CPU time of such code, and for none of the CPU time of code that computes without the GIL.
const HELD: f64 = 0.4;

/// CPU fraction of a hanging run, from 0 to 1, below which the run counts as idle.
const IDLE: f64 = 0.05;

/// One item of the list, judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CheckResult {
    /// The item.
    pub check: ChecklistItem,
    /// The judgement of the item.
    pub status: CheckStatus,
    /// The reason for the judgement.
    pub detail: CheckDetail,
    /// The faults; empty unless the item failed.
    pub findings: Vec<CheckFinding>,
}

/// The reason for the judgement of an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum CheckDetail {
    /// The item has faults.
    Faults {
        /// Number of faults.
        count: usize,
    },
    /// The callable is not a coroutine function, so the item does not apply.
    NoCoroutine,
    /// The interpreter ended before the item could be checked.
    InterpreterEnded,
    /// The tasks hang, so the item could not be checked.
    TasksHang,
    /// Every coroutine ran on the event loop that it was started on.
    RanOnOneLoop,
    /// Every coroutine was awaited.
    AllAwaited,
    /// Every task completed, and so did everything that it started.
    AllCompleted,
    /// Everything that was opened is closed.
    AllClosed,
    /// No exception was raised or lost.
    NoExceptions,
    /// No task overwrote what another one had written.
    NoLostUpdates,
    /// No line blocked the event loop.
    NoStalls,
    /// Lines blocked the event loop too shortly to be a fault.
    ShortStalls {
        /// Seconds of the longest stall.
        longest_s: f64,
    },
    /// The interpreter has no GIL.
    NoGil,
    /// The tasks compute and hold the GIL.
    ComputesUnderGil,
    /// The tasks compute and release the GIL.
    ComputesWithoutGil,
    /// The tasks hardly compute.
    HardlyComputes,
}

/// A fault, with its place and its item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CheckFinding {
    /// The code of the fault; `conc explain CODE` says more.
    pub code: Code,
    /// The observation.
    pub fault: Fault,
    /// The line that is at fault; null if none was found.
    pub place: Option<SourceLine>,
    /// The item of the first task in which the fault was seen, as Python writes the item; null if unknown.
    pub item: Option<String>,
    /// Number of times the fault was seen.
    pub count: u64,
}

/// An observation that shows a fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Fault {
    /// The interpreter reported the fault.
    Reported {
        /// The words of the interpreter.
        text: String,
    },
    /// A thread or task waits for a lock, and so does everything else.
    Deadlock {
        /// The thread or task.
        who: String,
    },
    /// A thread or task still runs after it was cancelled.
    IgnoresCancellation {
        /// The thread or task.
        who: String,
    },
    /// A thread or task did not end in time.
    NotEnded {
        /// The thread or task.
        who: String,
        /// Time limit, in seconds.
        after_s: f64,
    },
    /// A coroutine computes under the GIL.
    CoroutineHoldsGil {
        /// Share of its time that the coroutine computes, from 0 to 1.
        share: f64,
    },
    /// Threads compute under the GIL.
    ThreadsHoldGil {
        /// Number of threads.
        threads: u64,
    },
    /// Native code waits and holds the GIL meanwhile.
    HoldsGilWaiting {
        /// Number of threads that were tried together.
        threads: u64,
        /// Their calls per second, over those of one thread.
        speedup: f64,
    },
    /// A line blocks the event loop.
    BlocksLoop {
        /// Seconds of the longest stall.
        longest_s: f64,
        /// The function of an installed package that the line calls, if it is that which blocks.
        package_function: Option<String>,
    },
}

impl From<&HarnessFinding> for CheckFinding {
    fn from(finding: &HarnessFinding) -> Self {
        let HarnessFinding { check: _, code, message, place, item, count } = finding.clone();
        CheckFinding { code, fault: Fault::Reported { text: message }, place, item, count }
    }
}

/// The judgement of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckStatus {
    /// Nothing is wrong.
    Passed,
    /// Something is wrong.
    Failed,
    /// There was nothing to check.
    NotApplicable,
}

/// Judges every item of the list, for tasks that were given `patience` each; `threads` is what the profile
/// found about them in several threads, if it was asked.
pub(crate) fn judge(
    seen: &Observations,
    patience: Duration,
    threads: Option<&TwoThreads>,
) -> Vec<CheckResult> {
    ChecklistItem::ALL.into_iter().map(|check| judge_one(check, seen, patience, threads)).collect()
}

fn judge_one(
    check: ChecklistItem,
    seen: &Observations,
    patience: Duration,
    threads: Option<&TwoThreads>,
) -> CheckResult {
    let reported = seen.findings.iter().filter(|finding| finding.check == check);
    let mut findings: Vec<CheckFinding> = reported.map(CheckFinding::from).collect();
    findings.extend(match check {
        ChecklistItem::Completed => seen.hang.iter().flat_map(|hang| hung(hang, patience)).collect(),
        ChecklistItem::Gil => {
            let computing = seen.forms.iter().filter_map(|form| held(form, seen));
            computing.chain(held_waiting(seen, threads)).collect()
        }
        ChecklistItem::Blocking => stalls(seen).filter(|stall| is_blocked(stall)).map(blocked).collect(),
        _ => Vec::new(),
    });
    let (status, detail) = match findings.len() {
        0 => quiet(check, seen),
        count => (CheckStatus::Failed, CheckDetail::Faults { count }),
    };
    CheckResult { check, status, detail, findings }
}

/// Returns the status of an item without findings, and the reason why it passed or does not apply.
fn quiet(check: ChecklistItem, seen: &Observations) -> (CheckStatus, CheckDetail) {
    let passed = |detail| (CheckStatus::Passed, detail);
    let not_applicable = |detail| (CheckStatus::NotApplicable, detail);
    let is_async = seen.forms.iter().any(|form| form.form == CallableForm::Async);
    let needs_loop =
        matches!(check, ChecklistItem::EventLoop | ChecklistItem::Awaited | ChecklistItem::Blocking);
    match check {
        _ if needs_loop && !is_async && !seen.forms.is_empty() => not_applicable(CheckDetail::NoCoroutine),
        _ if seen.forms.is_empty() => not_applicable(CheckDetail::InterpreterEnded),
        _ if seen.hang.as_ref().is_some_and(is_early) && check != ChecklistItem::EventLoop => {
            not_applicable(CheckDetail::TasksHang)
        }
        ChecklistItem::EventLoop => passed(CheckDetail::RanOnOneLoop),
        ChecklistItem::Awaited => passed(CheckDetail::AllAwaited),
        ChecklistItem::Completed => passed(CheckDetail::AllCompleted),
        ChecklistItem::Resources => passed(CheckDetail::AllClosed),
        ChecklistItem::Exceptions => passed(CheckDetail::NoExceptions),
        ChecklistItem::SharedState => passed(CheckDetail::NoLostUpdates),
        ChecklistItem::Gil => considered(seen),
        ChecklistItem::Blocking => {
            let longest_s = stalls(seen).map(|stall| stall.longest_s).fold(0.0, f64::max);
            let is_quiet = longest_s == 0.0;
            passed(if is_quiet { CheckDetail::NoStalls } else { CheckDetail::ShortStalls { longest_s } })
        }
    }
}

/// Returns a finding for each line at which tasks did not end.
fn hung(hang: &HangObservation, patience: Duration) -> Vec<CheckFinding> {
    let is_deadlock = hang.cpu_fraction < IDLE
        && !hang.waits.is_empty()
        && hang.waits.iter().all(|wait| wait.kind == HangWaitKind::Lock);
    let after_s = patience.as_secs_f64();
    let fault_of = |who: String| match hang.stage {
        _ if is_deadlock => (Code::AsyncDeadlock, Fault::Deadlock { who }),
        CheckStage::Ending => (Code::AsyncCancelled, Fault::IgnoresCancellation { who }),
        _ => (Code::TaskTimeout, Fault::NotEnded { who, after_s }),
    };
    let finding = |who: &str, place: Option<SourceLine>| {
        let (code, fault) = fault_of(who.to_owned());
        CheckFinding { code, fault, place, item: hang.item.clone(), count: 1 }
    };
    let mut findings: Vec<CheckFinding> = Vec::new();
    for wait in &hang.waits {
        match findings.iter_mut().find(|found| found.place.as_ref() == Some(&wait.place)) {
            Some(found) => found.count += 1,
            None => findings.push(finding(&wait.who, Some(wait.place.clone()))),
        }
    }
    if findings.is_empty() {
        findings.push(finding("a task", None));
    }
    findings
}

/// Returns true if the tasks hung before every observation of tasks run one after another was made.
fn is_early(hang: &HangObservation) -> bool {
    hang.stage != CheckStage::Together
}

/// Returns the share of its time that a form computes; `None` if the form hardly computes.
fn computing(form: &FormObservation, tasks: u64) -> Option<(f64, &GilObservation)> {
    let share = form.cpu_s / form.wall_s;
    let is_much = share >= COMPUTES && form.cpu_s * tasks as f64 >= COMPUTES_S;
    form.gil.as_ref().filter(|_| is_much).map(|gil| (share, gil))
}

fn is_held(form: &FormObservation, gil: &GilObservation, tasks: u64) -> bool {
    gil.waited_s >= HELD * form.cpu_s * tasks as f64
}

/// Minimum share of the wall time, from 0 to 1, that another thread waits for the GIL while tasks wait, at which
/// the profile has to tell whether they hold it.
const MAYBE_HELD_WAITING: f64 = 0.2;

/// Returns true if tasks that wait seem to hold the GIL meanwhile, so that the profile has to tell.
pub(crate) fn may_hold_waiting(seen: &Observations) -> bool {
    seen.hang.is_none() && waiting_form(seen).is_some()
}

fn waiting_form(seen: &Observations) -> Option<(&FormObservation, &GilObservation)> {
    seen.forms.iter().filter(|form| form.form == CallableForm::Blocking && seen.has_gil).find_map(|form| {
        let gil = form.gil.as_ref()?;
        let waits = form.cpu_s < COMPUTES * form.wall_s;
        let wanted = gil.waited_s / (form.wall_s * seen.tasks as f64).max(f64::MIN_POSITIVE);
        (waits && wanted >= MAYBE_HELD_WAITING).then_some((form, gil))
    })
}

/// Returns a finding if tasks hold the GIL while they wait, as the profile found by trial.
fn held_waiting(seen: &Observations, threads: Option<&TwoThreads>) -> Option<CheckFinding> {
    let TwoThreads { threads, speedup, .. } =
        *threads.filter(|tried| tried.verdict == ThreadsVerdict::HoldsWaiting)?;
    let place = waiting_form(seen)?.1.place.clone();
    let fault = Fault::HoldsGilWaiting { threads, speedup };
    Some(CheckFinding { code: Code::PythonGilWaiting, fault, place, item: None, count: 1 })
}

/// Returns a finding if tasks compute while threads or an event loop wait for the GIL.
fn held(form: &FormObservation, seen: &Observations) -> Option<CheckFinding> {
    let (share, gil) = computing(form, seen.tasks)?;
    if !seen.has_gil || !is_held(form, gil, seen.tasks) {
        return None;
    }
    let fault = match form.form {
        CallableForm::Async => Fault::CoroutineHoldsGil { share: share.min(1.0) },
        CallableForm::Blocking if gil.threads > 0 => Fault::ThreadsHoldGil { threads: gil.threads },
        CallableForm::Blocking => return None,
    };
    Some(CheckFinding { code: Code::PythonGil, fault, place: gil.place.clone(), item: None, count: 1 })
}

/// Returns the effect of the GIL on these tasks, if the effect is no fault.
fn considered(seen: &Observations) -> (CheckStatus, CheckDetail) {
    if !seen.has_gil {
        return (CheckStatus::NotApplicable, CheckDetail::NoGil);
    }
    let computing = seen.forms.iter().find_map(|form| Some((form, computing(form, seen.tasks)?.1)));
    let detail = match computing {
        Some((form, gil)) if is_held(form, gil, seen.tasks) => CheckDetail::ComputesUnderGil,
        Some(_) => CheckDetail::ComputesWithoutGil,
        None => CheckDetail::HardlyComputes,
    };
    (CheckStatus::Passed, detail)
}

fn stalls(seen: &Observations) -> impl Iterator<Item = &LoopStall> {
    seen.forms.iter().flat_map(|form| &form.stalls)
}

fn is_blocked(stall: &LoopStall) -> bool {
    stall.longest_s >= BLOCKED_S || (stall.count >= AGAIN && stall.total_s >= BLOCKED_TOTAL_S)
}

fn blocked(stall: &LoopStall) -> CheckFinding {
    CheckFinding {
        code: Code::AsyncBlocked,
        fault: Fault::BlocksLoop {
            longest_s: stall.longest_s,
            package_function: stall.package_function.clone(),
        },
        place: Some(stall.place.clone()),
        item: None,
        count: stall.count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::check::HangWait;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn place(line: u32) -> SourceLine {
        SourceLine { file: "tasks.py".into(), line, function: None, source: None }
    }

    fn form(form: CallableForm, cpu_s: f64, waited_s: f64, threads: u64) -> FormObservation {
        let gil = Some(GilObservation { waited_s, threads, place: Some(place(2)) });
        FormObservation { form, wall_s: 0.1, cpu_s, gil, stalls: Vec::new() }
    }

    fn seen(form: FormObservation) -> Observations {
        Observations { tasks: 5, has_gil: true, forms: vec![form], findings: Vec::new(), hang: None }
    }

    fn waits(kind: HangWaitKind, lines: &[u32]) -> Vec<HangWait> {
        lines.iter().map(|line| HangWait { who: "task A".into(), kind, place: place(*line) }).collect()
    }

    fn status(seen: &Observations, check: ChecklistItem) -> CheckStatus {
        result(seen, check).status
    }

    fn result(seen: &Observations, check: ChecklistItem) -> CheckResult {
        judge(seen, PATIENCE, None)
            .into_iter()
            .find(|result| result.check == check)
            .expect("every item is judged")
    }

    #[test]
    fn a_healthy_coroutine_passes_everything() {
        let healthy = seen(form(CallableForm::Async, 0.001, 0.0, 0));
        assert!(judge(&healthy, PATIENCE, None).iter().all(|r| r.status == CheckStatus::Passed));
    }

    #[test]
    fn what_needs_an_event_loop_is_not_asked_of_a_function() {
        let function = seen(form(CallableForm::Blocking, 0.001, 0.0, 0));
        for check in [ChecklistItem::EventLoop, ChecklistItem::Awaited, ChecklistItem::Blocking] {
            assert_eq!(status(&function, check), CheckStatus::NotApplicable);
        }
        assert_eq!(status(&function, ChecklistItem::Completed), CheckStatus::Passed);
    }

    #[test]
    fn a_finding_fails_its_own_item_alone() {
        let finding = HarnessFinding {
            check: ChecklistItem::Awaited,
            code: Code::AsyncNotAwaited,
            message: "never awaited".into(),
            place: Some(place(3)),
            item: None,
            count: 1,
        };
        let seen = Observations { findings: vec![finding], ..seen(form(CallableForm::Async, 0.0, 0.0, 0)) };
        let failed: Vec<_> = judge(&seen, PATIENCE, None)
            .into_iter()
            .filter(|result| result.status == CheckStatus::Failed)
            .map(|result| (result.check, result.findings.len()))
            .collect();
        assert_eq!(failed, [(ChecklistItem::Awaited, 1)]);
    }

    #[test]
    fn only_what_waits_for_locks_alone_and_idly_is_a_deadlock() {
        let code = |waits: Vec<HangWait>, cpu_fraction| {
            let hang = HangObservation { stage: CheckStage::Together, item: None, cpu_fraction, waits };
            let seen = Observations { hang: Some(hang), ..seen(form(CallableForm::Async, 0.0, 0.0, 0)) };
            result(&seen, ChecklistItem::Completed).findings[0].code
        };
        assert_eq!(code(waits(HangWaitKind::Lock, &[3, 5]), 0.0), Code::AsyncDeadlock);
        assert_eq!(code(waits(HangWaitKind::Lock, &[3, 5]), 0.8), Code::TaskTimeout);
        assert_eq!(code(waits(HangWaitKind::Other, &[3]), 0.0), Code::TaskTimeout);
        assert_eq!(code(Vec::new(), 0.0), Code::TaskTimeout);
    }

    #[test]
    fn what_waits_at_one_line_is_told_once() {
        let waits = waits(HangWaitKind::Lock, &[8, 10, 8]);
        let hang = HangObservation { stage: CheckStage::Together, item: None, cpu_fraction: 0.0, waits };
        let lines: Vec<_> =
            hung(&hang, PATIENCE).iter().map(|f| (f.place.as_ref().map(|p| p.line), f.count)).collect();
        assert_eq!(lines, [(Some(8), 2), (Some(10), 1)]);
    }

    #[test]
    fn the_lock_is_a_fault_only_where_others_have_to_wait_for_it() {
        let fails = |form| status(&seen(form), ChecklistItem::Gil) == CheckStatus::Failed;
        assert!(fails(form(CallableForm::Async, 0.09, 0.4, 0)), "a coroutine that computes");
        assert!(fails(form(CallableForm::Blocking, 0.09, 0.4, 4)), "threads that compute");
        assert!(!fails(form(CallableForm::Blocking, 0.09, 0.4, 0)), "a function that computes");
        assert!(!fails(form(CallableForm::Async, 0.09, 0.0, 0)), "it computes without the lock");
        assert!(!fails(form(CallableForm::Async, 0.01, 0.05, 0)), "it hardly computes");
        let free = Observations { has_gil: false, ..seen(form(CallableForm::Async, 0.09, 0.4, 0)) };
        assert_eq!(status(&free, ChecklistItem::Gil), CheckStatus::NotApplicable);
    }

    #[test]
    fn a_line_blocks_the_loop_for_long_or_again_and_again() {
        let blocks = |longest_s, total_s, count| {
            let place = place(1);
            is_blocked(&LoopStall { place, longest_s, total_s, count, package_function: None })
        };
        assert!(blocks(0.06, 0.06, 1));
        assert!(blocks(0.03, 0.12, 4));
        assert!(!blocks(0.03, 0.06, 2));
    }
}

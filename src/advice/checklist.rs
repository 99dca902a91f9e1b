//! The judgement of a few observed tasks: each item of the list passed, failed or does not apply.
//!
//! Pure over the observations.

use std::time::Duration;

use crate::advice::check_result::{CheckDetail, CheckFinding, CheckResult, CheckStatus, Fault};
use crate::advice::gil_check;
use crate::diagnostics::Code;
use crate::profile::result::PythonProfile;
use crate::python::check::{
    CallableForm, CheckStage, ChecklistItem, HangObservation, HangWaitKind, LoopStall, Observations,
    SourceLine,
};

/// Minimum duration of one stall, in seconds, at which a line counts as blocking the event loop.
const BLOCKED_S: f64 = 0.05;

/// Minimum total of repeated stalls, in seconds, at which a line counts as blocking the event loop.
const BLOCKED_TOTAL_S: f64 = 0.1;
/// Minimum number of stalls of a line that count as repeated.
const AGAIN: u64 = 3;

/// CPU fraction of a hanging run, from 0 to 1, below which the run counts as idle.
const IDLE: f64 = 0.05;

/// Judges every item of the list, for tasks that were given `patience` each; `profile` is there if it
/// was asked about the GIL.
pub(crate) fn judge(
    seen: &Observations,
    patience: Duration,
    profile: Option<&PythonProfile>,
) -> Vec<CheckResult> {
    ChecklistItem::ALL.into_iter().map(|check| judge_one(check, seen, patience, profile)).collect()
}

fn judge_one(
    check: ChecklistItem,
    seen: &Observations,
    patience: Duration,
    profile: Option<&PythonProfile>,
) -> CheckResult {
    let reported = seen.findings.iter().filter(|finding| finding.check == check);
    let mut findings: Vec<CheckFinding> = reported.map(CheckFinding::from).collect();
    findings.extend(match check {
        ChecklistItem::Completed => seen.hang.iter().flat_map(|hang| hung(hang, patience)).collect(),
        ChecklistItem::Gil => gil_check::faults(seen, profile),
        ChecklistItem::Blocking => stalls(seen).filter(|stall| is_blocked(stall)).map(blocked).collect(),
        _ => Vec::new(),
    });
    let (status, detail) = match findings.len() {
        0 => quiet(check, seen, profile),
        count => (CheckStatus::Failed, CheckDetail::Faults { count }),
    };
    CheckResult { check, status, detail, findings }
}

/// Returns the status of an item without findings, and the reason why it passed or does not apply.
fn quiet(
    check: ChecklistItem,
    seen: &Observations,
    profile: Option<&PythonProfile>,
) -> (CheckStatus, CheckDetail) {
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
        ChecklistItem::Gil => gil_check::considered(seen, profile),
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
        && hang.waits.iter().all(|wait| wait.kind != HangWaitKind::Other);
    let is_after_fork = hang.waits.iter().any(|wait| wait.kind == HangWaitKind::LockAfterFork);
    let after_s = patience.as_secs_f64();
    let fault_of = |who: String| match hang.stage {
        _ if is_deadlock && is_after_fork => (Code::AsyncDeadlock, Fault::LockHeldAtFork),
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
    use crate::python::check::{FormObservation, GilObservation, HangWait, HarnessFinding};

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
        assert_eq!(code(waits(HangWaitKind::LockAfterFork, &[3]), 0.0), Code::AsyncDeadlock);
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

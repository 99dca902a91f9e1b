//! The judgement of what tasks do to the GIL: when it matters to others, and what the profile found about it.
//!
//! Pure over the observations and the profile.

use crate::advice::check_result::{CheckDetail, CheckFinding, CheckStatus, Fault};
use crate::diagnostics::Code;
use crate::policy::CPU_BOUND_FROM;
use crate::profile::result::{PythonProfile, ThreadsVerdict, TwoThreads};
use crate::python::check::{CallableForm, FormObservation, GilObservation, Observations};

/// Minimum share of the wall time, from 0 to 1, that tasks use a CPU to count as computing.
const COMPUTES: f64 = 0.2;
/// Minimum CPU seconds of all tasks together for the tasks to count as computing.
const COMPUTES_S: f64 = 0.05;

/// Minimum share of the CPU time that others wait for the GIL at which tasks count as holding the GIL, where
/// there is no profile.
///
/// Pure Python code releases the GIL every 5 ms; a thread that wanted the GIL waited for 0.6 to 1.0 of the
/// CPU time of such code, and for none of the CPU time of code that computes without the GIL.
const HELD: f64 = 0.4;

/// Minimum share of the wall time, from 0 to 1, that another thread waits for the GIL while tasks wait, at which
/// the profile has to tell whether they hold it.
const MAYBE_HELD_WAITING: f64 = 0.2;

/// Returns true if the profile has to tell whether tasks hold the GIL: they compute, or seem to hold it while
/// they wait.
pub(crate) fn needs_profile(seen: &Observations) -> bool {
    let computes = |form| computing(form, seen.tasks).is_some();
    seen.has_gil && seen.hang.is_none() && (waiting(seen).is_some() || seen.forms.iter().any(computes))
}

/// Returns the faults of tasks that keep others from the GIL.
pub(super) fn faults(seen: &Observations, profile: Option<&PythonProfile>) -> Vec<CheckFinding> {
    let computing = seen.forms.iter().filter_map(|form| held(form, seen, profile));
    computing.chain(held_waiting(seen, profile)).collect()
}

/// Returns the effect of the GIL on these tasks, if the effect is no fault.
pub(super) fn considered(seen: &Observations, profile: Option<&PythonProfile>) -> (CheckStatus, CheckDetail) {
    if !seen.has_gil {
        return (CheckStatus::NotApplicable, CheckDetail::NoGil);
    }
    let computing = seen.forms.iter().find_map(|form| Some((form, computing(form, seen.tasks)?.1)));
    let detail = match computing {
        Some((form, gil)) if is_held(form, gil, seen.tasks, profile) => CheckDetail::ComputesUnderGil,
        Some(_) => without_gil(profile),
        None => CheckDetail::HardlyComputes,
    };
    (CheckStatus::Passed, detail)
}

/// Returns what threads gain for tasks that do not hold the GIL while they compute.
fn without_gil(profile: Option<&PythonProfile>) -> CheckDetail {
    match profile.and_then(|profile| profile.two_threads).map(|tried| tried.verdict) {
        Some(ThreadsVerdict::Locked) => CheckDetail::ComputesUnderLock,
        Some(ThreadsVerdict::Unclear) => CheckDetail::GilUnclear,
        _ => CheckDetail::ComputesWithoutGil,
    }
}

/// Returns the share of its time that a form computes; `None` if the form hardly computes.
fn computing(form: &FormObservation, tasks: u64) -> Option<(f64, &GilObservation)> {
    let share = form.cpu_s / form.wall_s;
    let is_much = share >= COMPUTES && form.cpu_s * tasks as f64 >= COMPUTES_S;
    form.gil.as_ref().filter(|_| is_much).map(|gil| (share, gil))
}

/// Returns whether tasks hold the GIL while they compute: as the profile found, if there is one.
fn is_held(
    form: &FormObservation,
    gil: &GilObservation,
    tasks: u64,
    profile: Option<&PythonProfile>,
) -> bool {
    profile.map_or(gil.waited_s >= HELD * form.cpu_s * tasks as f64, PythonProfile::holds_gil)
}

/// Returns the form that hardly computes and seems to hold the GIL.
fn waiting(seen: &Observations) -> Option<&GilObservation> {
    seen.forms.iter().filter(|form| form.form == CallableForm::Blocking && seen.has_gil).find_map(|form| {
        let gil = form.gil.as_ref()?;
        let waits = form.cpu_s < COMPUTES * form.wall_s;
        let wanted = gil.waited_s / (form.wall_s * seen.tasks as f64).max(f64::MIN_POSITIVE);
        (waits && wanted >= MAYBE_HELD_WAITING).then_some(gil)
    })
}

/// Returns a finding if tasks hold the GIL while they wait, as the profile found by trial.
fn held_waiting(seen: &Observations, profile: Option<&PythonProfile>) -> Option<CheckFinding> {
    let tried = profile?.two_threads?;
    let TwoThreads { threads, speedup, verdict: ThreadsVerdict::HoldsWaiting, .. } = tried else {
        return None;
    };
    let place = waiting(seen)?.place.clone();
    let fault = Fault::HoldsGilWaiting { threads, speedup };
    Some(CheckFinding { code: Code::PythonGilWaiting, fault, place, item: None, count: 1 })
}

/// Returns a finding if tasks compute while threads or an event loop wait for the GIL.
fn held(
    form: &FormObservation,
    seen: &Observations,
    profile: Option<&PythonProfile>,
) -> Option<CheckFinding> {
    let (share, gil) = computing(form, seen.tasks)?;
    if !seen.has_gil || !is_held(form, gil, seen.tasks, profile) {
        return None;
    }
    let fault = match form.form {
        // What computes less has an event loop for the rest of its time, and blocks it for moments.
        CallableForm::Async if share < CPU_BOUND_FROM => return None,
        CallableForm::Async => Fault::CoroutineHoldsGil { share: share.min(1.0) },
        CallableForm::Blocking if gil.threads > 0 => Fault::ThreadsHoldGil { threads: gil.threads },
        CallableForm::Blocking => return None,
    };
    Some(CheckFinding { code: Code::PythonGil, fault, place: gil.place.clone(), item: None, count: 1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::testing::callable;

    fn seen(form: CallableForm, cpu_s: f64, waited_s: f64, threads: u64) -> Observations {
        let gil = Some(GilObservation { waited_s, threads, place: None });
        let form = FormObservation { form, wall_s: 0.1, cpu_s, gil, stalls: Vec::new() };
        Observations { tasks: 5, has_gil: true, forms: vec![form], findings: Vec::new(), hang: None }
    }

    fn fails(seen: &Observations, profile: Option<&PythonProfile>) -> bool {
        !faults(seen, profile).is_empty()
    }

    #[test]
    fn the_lock_is_a_fault_only_where_others_have_to_wait_for_it() {
        assert!(fails(&seen(CallableForm::Async, 0.09, 0.4, 0), None), "a coroutine that computes");
        assert!(fails(&seen(CallableForm::Blocking, 0.09, 0.4, 4), None), "threads that compute");
        assert!(!fails(&seen(CallableForm::Blocking, 0.09, 0.4, 0), None), "a function that computes");
        assert!(!fails(&seen(CallableForm::Async, 0.09, 0.0, 0), None), "it computes without the lock");
        assert!(!fails(&seen(CallableForm::Async, 0.01, 0.05, 0), None), "it hardly computes");
        assert!(!fails(&seen(CallableForm::Async, 0.056, 0.3, 0), None), "it waits for as long");
        let free = Observations { has_gil: false, ..seen(CallableForm::Async, 0.09, 0.4, 0) };
        assert!(!fails(&free, None) && !needs_profile(&free));
        assert_eq!(considered(&free, None).0, CheckStatus::NotApplicable);
    }

    #[test]
    fn a_form_waits_that_hardly_computes_and_computes_if_it_does_so_for_long() {
        let of = |cpu_s| seen(CallableForm::Blocking, cpu_s, 0.4, 0);
        assert!(waiting(&of(0.001)).is_some());
        assert!(waiting(&of(0.09)).is_none());
        let mut short = seen(CallableForm::Async, 0.0009, 0.004, 0);
        short.forms[0].wall_s = 0.001;
        assert!(!fails(&short, None), "nobody waits for long");
    }

    #[test]
    fn the_profile_has_the_last_word() {
        let tried = |verdict| {
            let two_threads = Some(TwoThreads::lost(2, verdict));
            PythonProfile { two_threads, ..callable(0.9, true) }
        };
        // The observer saw threads wait for the lock, which a busy machine can feign, or none wait.
        for waited_s in [0.0, 0.4] {
            let seen = seen(CallableForm::Blocking, 0.09, waited_s, 4);
            assert!(needs_profile(&seen));
            for (verdict, is_fault) in [
                (ThreadsVerdict::Holds, true),
                (ThreadsVerdict::Thrashing, true),
                (ThreadsVerdict::Unclear, true),
                (ThreadsVerdict::Releases, false),
                (ThreadsVerdict::Partly, false),
                (ThreadsVerdict::OwnThreads, false),
                (ThreadsVerdict::Locked, false),
            ] {
                assert_eq!(fails(&seen, Some(&tried(verdict))), is_fault, "{verdict:?}");
            }
        }
        let detail = |verdict, held| {
            let profile = PythonProfile { gil_held: Some(held), ..tried(verdict) };
            considered(&seen(CallableForm::Blocking, 0.09, 0.0, 0), Some(&profile)).1
        };
        assert_eq!(detail(ThreadsVerdict::Releases, 0.0), CheckDetail::ComputesWithoutGil);
        assert_eq!(detail(ThreadsVerdict::Locked, 0.0), CheckDetail::ComputesUnderLock);
        assert_eq!(detail(ThreadsVerdict::Unclear, 0.0), CheckDetail::GilUnclear);
        let coroutine = seen(CallableForm::Async, 0.09, 0.4, 0);
        assert!(fails(&coroutine, Some(&callable(0.9, false))));
        assert!(!fails(&coroutine, Some(&callable(0.05, false))));
        let idle = seen(CallableForm::Async, 0.01, 0.0, 0);
        assert!(!needs_profile(&idle));
    }
}

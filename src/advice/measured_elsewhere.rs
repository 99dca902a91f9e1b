//! The row of the table of `conc explain gil` that a measurement of a callable agrees with, or does not.
//!
//! Pure over the profile: the callable names a function of a library, and two threads ran the callable.

use std::collections::BTreeSet;

use crate::advice::note::Note;
use crate::advice::verdict::Agreement;
use crate::evidence::{GilRow, GilVerdict, MeasuredTable};
use crate::profile::result::{LibraryCall, PythonProfile, ThreadsVerdict};

/// Speed-ups of the table between which its verdict is not sure: `holds`, `thrashes` and `partly` are one then.
const WEAK: std::ops::RangeInclusive<f64> = 0.97..=1.3;

/// Returns the note about the row, if the code of the callable names a call of the table.
pub(super) fn note(python: &PythonProfile) -> Option<Note> {
    let verdict = python.two_threads?.verdict;
    if !python.has_lock() || comparable(verdict).is_none() {
        return None;
    }
    let rows = MeasuredTable::gil();
    let known = |call: &LibraryCall| rows.iter().any(|row| is_of(row, &call.name));
    let calls: Vec<&LibraryCall> = python.library_calls.iter().filter(|call| known(call)).collect();
    let of_calls = || {
        calls.iter().flat_map(|call| rows.iter().filter(|row| is_of(row, &call.name)).map(|row| (*call, row)))
    };
    let agreeing = of_calls().find(|(_, row)| agrees(row, verdict));
    // Of several calls, any may be the one that decides.
    let names: BTreeSet<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    let (agrees, (call, row)) = match agreeing {
        Some(found) => (Agreement::Yes, found),
        None if names.len() == 1 => (Agreement::No, of_calls().next()?),
        None => return None,
    };
    let better =
        rows.iter().find(|other| is_better(other, row, &call.name)).filter(|_| agrees == Agreement::Yes);
    Some(Note::MeasuredElsewhere {
        call: call.clone(),
        row: Box::new(row.clone()),
        agrees,
        better: better.map(|row| row.call.clone()),
    })
}

/// Returns true if a row is about the function of that name: its call begins with it.
fn is_of(row: &GilRow, name: &str) -> bool {
    row.call.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '(']))
}

/// Returns true if `other` is another way to call the same function that lets threads compute side by side.
fn is_better(other: &GilRow, row: &GilRow, name: &str) -> bool {
    let is_another = other.call != row.call && other.input == row.input && is_of(other, name);
    is_another && row.verdict != GilVerdict::Releases && other.verdict == GilVerdict::Releases
}

/// Returns the verdicts of the table that say the same; `None` if the table has no such verdict.
fn comparable(verdict: ThreadsVerdict) -> Option<&'static [GilVerdict]> {
    Some(match verdict {
        ThreadsVerdict::Releases => &[GilVerdict::Releases],
        ThreadsVerdict::Partly => &[GilVerdict::Partly],
        ThreadsVerdict::Holds | ThreadsVerdict::Locked => &[GilVerdict::Holds],
        ThreadsVerdict::Thrashing => &[GilVerdict::Thrashes],
        ThreadsVerdict::OwnThreads => &[GilVerdict::Internal],
        ThreadsVerdict::Fails | ThreadsVerdict::Hangs | ThreadsVerdict::Dies => &[GilVerdict::Unsafe],
        ThreadsVerdict::Waits
        | ThreadsVerdict::HoldsWaiting
        | ThreadsVerdict::Child
        | ThreadsVerdict::Unclear => return None,
    })
}

fn agrees(row: &GilRow, verdict: ThreadsVerdict) -> bool {
    let is_weak = row.speedup.is_some_and(|speedup| WEAK.contains(&speedup));
    let is_near = matches!(
        verdict,
        ThreadsVerdict::Holds | ThreadsVerdict::Locked | ThreadsVerdict::Thrashing | ThreadsVerdict::Partly
    );
    comparable(verdict).is_some_and(|same| same.contains(&row.verdict)) || is_weak && is_near
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::result::{PythonStep, TwoThreads};

    fn noted(calls: &[&str], verdict: ThreadsVerdict) -> Option<Note> {
        let step = PythonStep { name: "parse".into(), blocking: true, awaitable: false, cpu_fraction: 1.0 };
        let calls = calls.iter().map(|name| LibraryCall { name: (*name).to_owned(), version: None });
        note(&PythonProfile {
            two_threads: Some(TwoThreads::lost(2, verdict)),
            library_calls: calls.collect(),
            ..PythonProfile::of_steps(0.9, vec![step])
        })
    }

    #[test]
    fn a_row_that_agrees_is_cited_with_the_better_way() {
        let Some(Note::MeasuredElsewhere { row, agrees, better, .. }) =
            noted(&["lxml.html.fromstring"], ThreadsVerdict::Locked)
        else {
            panic!("no note")
        };
        assert_eq!((row.call.as_str(), agrees), ("lxml.html.fromstring (default parser)", Agreement::Yes));
        assert_eq!(better.as_deref(), Some("lxml.html.fromstring (own HTMLParser each)"));
        let of = |calls: &[&str], verdict| noted(calls, verdict).is_some();
        assert!(of(&["lxml.html.fromstring"], ThreadsVerdict::Releases));
        assert!(of(&["json.unknown", "orjson.loads"], ThreadsVerdict::Holds));
    }

    #[test]
    fn a_row_that_disagrees_is_cited_only_if_no_other_call_may_explain_it() {
        let agreement = |calls: &[&str]| match noted(calls, ThreadsVerdict::Releases) {
            Some(Note::MeasuredElsewhere { agrees, better, .. }) => Some((agrees, better)),
            _ => None,
        };
        assert_eq!(agreement(&["orjson.loads"]), Some((Agreement::No, None)));
        assert_eq!(agreement(&["orjson.loads", "ujson.loads"]), None);
        assert_eq!(agreement(&["orjson.load"]), None);
    }

    #[test]
    fn what_the_table_cannot_say_is_not_compared() {
        for verdict in [ThreadsVerdict::Unclear, ThreadsVerdict::Waits, ThreadsVerdict::Child] {
            assert_eq!(noted(&["orjson.loads"], verdict), None);
        }
    }
}

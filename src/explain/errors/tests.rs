//! Tests of the explanations on messages that every interpreter at hand has printed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::diagnostics::Code;
use crate::explain::errors::explain;
use crate::explain::errors::known::KNOWN;
use crate::explain::programs::fix;
use crate::explain::topic::Topic;

/// Messages that were collected by `tests/errors/collect.py`.
const COLLECTED: &str = include_str!("../../../tests/data/error_messages.json");

/// The programs that provoked them.
const CASES: &str = include_str!("../../../tests/errors/cases.txt");

/// Minimum number of entries that have been seen; issue: at least 60 messages.
const MIN_CASES: usize = 100;

#[derive(Deserialize)]
struct Collected {
    case: String,
    versions: Vec<String>,
    text: String,
}

struct Case {
    entry: &'static str,
    /// The line that is the user's fault, from 1.
    line: Option<usize>,
}

fn cases() -> BTreeMap<&'static str, Case> {
    let case = |part: &'static str| {
        let (head, program) = part.split_once('\n').expect("a program");
        let (name, entry) = head.split_once(": ").expect("a name and an entry");
        let line = program.lines().position(|line| line.ends_with("# here")).map(|at| at + 1);
        (name, Case { entry, line })
    };
    CASES.split("\n=== ").skip(1).map(case).collect()
}

fn collected() -> Vec<Collected> {
    serde_json::from_str(COLLECTED).expect("the file of messages is valid")
}

#[test]
fn every_message_of_every_interpreter_is_explained() {
    let cases = cases();
    let mut wrong = Vec::new();
    for message in collected() {
        let Collected { case, versions, text } = &message;
        let wanted = &cases[&**case];
        let Some(found) = explain(text) else {
            wrong.push(format!("{case} {versions:?}: nothing\n{text}"));
            continue;
        };
        if found.known_as != Some(wanted.entry) {
            wrong.push(format!("{case} {versions:?}: {:?} for {}\n{text}", found.known_as, wanted.entry));
        }
        let line = found.place.map(|place| place.line as usize);
        if wanted.line.is_some() && line != wanted.line {
            wrong.push(format!("{case} {versions:?}: line {line:?} for {:?}\n{text}", wanted.line));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn messages_were_seen_in_many_interpreters() {
    let seen: BTreeSet<_> = collected().into_iter().map(|message| message.case).collect();
    let versions: BTreeSet<_> = collected().into_iter().flat_map(|message| message.versions).collect();
    assert!(seen.len() >= MIN_CASES, "{} of {} cases", seen.len(), cases().len());
    for version in ["3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"] {
        assert!(versions.contains(version), "{version} is missing in {versions:?}");
    }
}

#[test]
fn messages_of_rust_are_explained() {
    let messages = [
        (
            "there is no reactor running, must be called from the context of a Tokio 1.x runtime",
            Code::AsyncEventLoop,
        ),
        (
            "Cannot start a runtime from within a runtime. This happens because a function (like `block_on`) attempted to block the current thread while the thread is being used to drive asynchronous tasks.",
            Code::AsyncEventLoop,
        ),
        (
            "Cannot drop a runtime in a context where blocking is not allowed. This happens when a runtime is dropped from within an asynchronous context.",
            Code::AsyncEventLoop,
        ),
        (
            "called `Result::unwrap()` on an `Err` value: ThreadPoolBuildError { kind: GlobalPoolAlreadyInitialized }",
            Code::PoolStart,
        ),
        ("called `Result::unwrap()` on an `Err` value: SendError { .. }", Code::PoolClosed),
        ("called `Result::unwrap()` on an `Err` value: PoisonError { .. }", Code::PoolWorkerDied),
        (
            "called `Result::unwrap()` on an `Err` value: Os { code: 24, kind: Uncategorized, message: \"Too many open files\" }",
            Code::AsyncExhausted,
        ),
        ("task 3 was cancelled", Code::AsyncCancelled),
        ("task 3 panicked with message \"boom\"", Code::PoolWorkerDied),
        ("deadline has elapsed", Code::TaskTimeout),
    ];
    for (message, code) in messages {
        let text = format!(
            "thread 'main' panicked at src/main.rs:5:10:\n{message}\nnote: run with `RUST_BACKTRACE=1`"
        );
        let found = explain(&text).unwrap_or_else(|| panic!("{message}"));
        assert_eq!(found.code, code, "{message}");
        assert_eq!(found.place.map(|place| (place.file, place.line)), Some(("src/main.rs".to_owned(), 5)));
        assert_eq!((found.wrong, found.right), (None, None), "{message}: a program in Python");
    }
}

#[test]
fn an_unknown_exception_has_its_line() {
    let text = "Traceback (most recent call last):\n  File \"app.py\", line 3, in parse\n    int(x)\nValueError: no\n";
    let found = explain(text).expect("a traceback");
    assert_eq!((found.code, found.known_as), (Code::PythonRaised, None));
    assert_eq!(found.place.map(|place| place.line), Some(3));
}

#[test]
fn a_failure_of_conc_is_explained_by_its_code() {
    let found = explain("error[E-GATE-001]: results cannot be compared").expect("a failure");
    assert_eq!(found.code, Code::GateResults);
}

#[test]
fn a_question_is_no_error() {
    for question in ["what is an event loop", "retry after a timeout", "how do I avoid a deadlock"] {
        assert_eq!(explain(question), None, "{question}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_read(text in "([a-z.\\*:|'\" ]{0,12}(\\.py|\\.rs|:|, line |Error: |File \"|Traceback|\\n)){0,8}\\PC{0,20}") {
        let _ = explain(&text);
    }
}

#[test]
fn entries_name_programs_and_topics_that_exist() {
    let ids: BTreeSet<_> = KNOWN.iter().map(|known| &*known.id).collect();
    assert_eq!(ids.len(), KNOWN.len(), "two entries have one name");
    for known in KNOWN.iter() {
        assert!(
            known.topics.iter().all(|name| Topic::find(name).is_some()),
            "{}: {:?}",
            known.id,
            known.topics
        );
        let sides = |name: &String| ["wrong", "right"].iter().all(|side| fix(name, side).is_some());
        assert!(known.fix.as_ref().is_none_or(sides), "{}", known.id);
    }
    for case in cases().values() {
        assert!(ids.contains(case.entry), "{}", case.entry);
    }
}

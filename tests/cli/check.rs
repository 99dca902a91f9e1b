//! `conc check` on small Python files, each with one fault.
//!
//! Each file states its own faults: a line with the comment `# CODE item` is the line of a finding with
//! that code, under that item of the list. A file without such a line passes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use conc::internal::{CheckReport, CheckStatus, Code, Document};
use predicates::prelude::*;
use predicates::str::{contains, starts_with};
use serde_json::Value;

use crate::sandbox::Sandbox;

/// Task limit longer than any task of these files takes that does not hang.
const LONG: &str = "60s";

/// Task limit for files that hang.
const SHORT: &str = "4s";

/// Number of runs in one of which code that holds the GIL must be found.
const GIL_ATTEMPTS: u32 = 5;

/// Item, code, file and line of a finding.
type Fault = (String, String, String, usize);

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checked")
}

/// Returns the faults that a file says it has.
fn expected(name: &str, text: &str) -> BTreeSet<Fault> {
    let fault = |(index, line): (usize, &str)| {
        let (code, item) = line.split_once("# E-")?.1.split_once(' ')?;
        Some((item.to_owned(), format!("E-{code}"), name.to_owned(), index + 1))
    };
    text.lines().enumerate().filter_map(fault).collect()
}

fn found(report: &CheckReport) -> BTreeSet<Fault> {
    let mut faults = BTreeSet::new();
    for check in &report.checks {
        assert_eq!(check.status == CheckStatus::Failed, !check.findings.is_empty(), "{check:?}");
        let item = serde_json::to_value(check.check).unwrap().as_str().unwrap().to_owned();
        for finding in &check.findings {
            let place = finding.place.as_ref().unwrap_or_else(|| panic!("no line: {finding:?}"));
            let code = finding.code.as_str().to_owned();
            faults.insert((item.clone(), code, place.file.clone(), place.line as usize));
        }
    }
    faults
}

fn report(stdout: &[u8]) -> CheckReport {
    let text = String::from_utf8_lossy(stdout);
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let Document::Check(report) = serde_json::from_value(value.clone()).unwrap() else { panic!("{text}") };
    assert_eq!(conc::internal::to_value(&*report).unwrap(), value, "the types know every field");
    *report
}

/// Checks the file `name` and compares the findings with the faults that the file states.
fn check(name: &str) {
    let text = fs::read_to_string(directory().join(name)).unwrap();
    let sandbox = Sandbox::with(name, &text);
    let expected = expected(name, &text);
    let hangs = ["E-ASYNC-004", "E-TASK-003"];
    let timeout = if expected.iter().any(|fault| hangs.contains(&fault.1.as_str())) { SHORT } else { LONG };
    let callable = format!("{name}:fetch");
    let arguments = ["check", &callable, "--tasks", "4", "--timeout", timeout, "--json"];
    // A thread that waits for a CPU cannot wait for the GIL at the same time, so a busy machine can hide the GIL.
    let attempts = if expected.iter().any(|fault| fault.1 == "E-PYTHON-006") { GIL_ATTEMPTS } else { 1 };
    let mut seen = BTreeSet::new();
    for _ in 0..attempts {
        let assert = sandbox.run(&arguments).stderr("");
        seen = found(&report(&assert.get_output().stdout));
        assert.code(i32::from(!seen.is_empty()));
        if seen == expected {
            break;
        }
    }
    assert_eq!(seen, expected, "{name}");
    // Nothing is written next to the user's file.
    let left: Vec<_> = fs::read_dir(sandbox.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, [name], "{name}");
}

macro_rules! checked {
    ($($name:ident)*) => {
        $(#[test] fn $name() { check(concat!(stringify!($name), ".py")); })*

        #[test]
        fn every_file_is_checked() {
            let entries = fs::read_dir(directory()).unwrap().map(Result::unwrap);
            let own = entries.filter(|entry| entry.path().is_file());
            let mut files: Vec<_> = own.map(|entry| entry.file_name()).collect();
            let mut checked = [$(concat!(stringify!($name), ".py")),*];
            files.sort();
            checked.sort_unstable();
            assert_eq!(files, checked);
        }
    };
}

checked! {
    healthy healthy_function
    loop_in_loop no_loop closed_loop
    not_awaited returned
    cancelled forgotten lost stubborn
    deadlock deadlock_threads forked_lock
    exhausted file_left_open descriptor_left_open connection_left_open process_left_running
    thread_left_running
    blocks
    raises raises_in_thread exits reads_input
    gil hangs
}

#[test]
fn the_document_fits_the_schema() {
    let sandbox = Sandbox::with("tasks.py", &fs::read_to_string(directory().join("raises.py")).unwrap());
    let schema = sandbox.run(&["schema"]).get_output().stdout.clone();
    let validator = jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap();
    let assert = sandbox.run(&["check", "tasks.py:fetch", "--tasks", "4", "--json"]).code(1);
    let document: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert!(validator.is_valid(&document), "{document}");
    assert_eq!((&document["command"], &document["workload"]["tasks"]), (&"check".into(), &4.into()));
    assert_eq!(document["checks"][4]["findings"][0]["item"], "3");
}

#[test]
fn a_task_that_ends_the_interpreter_is_told() {
    let sandbox = Sandbox::with("tasks.py", "import os\n\ndef fetch(item):\n    os._exit(7)\n");
    let assert = sandbox.run(&["check", "tasks.py:fetch", "--tasks", "2", "--json"]).code(1).stderr("");
    let report = report(&assert.get_output().stdout);
    let findings: Vec<_> = report.checks.iter().flat_map(|check| &check.findings).collect();
    assert_eq!(findings.iter().map(|f| f.code).collect::<Vec<_>>(), [Code::PoolWorkerDied]);
}

#[test]
fn a_fault_of_the_machine_has_its_line_and_its_item() {
    let source = "import ctypes\n\ndef fetch(item):\n    if item == 1:\n        ctypes.string_at(0)\n";
    let awaited = source.replace("def", "async def");
    for source in [source, &awaited] {
        let sandbox = Sandbox::with("tasks.py", source);
        let assert = sandbox.run(&["check", "tasks.py:fetch", "--tasks", "3", "--json"]).code(1).stderr("");
        let report = report(&assert.get_output().stdout);
        let findings: Vec<_> = report.checks.iter().flat_map(|check| &check.findings).collect();
        assert_eq!(findings.len(), 1, "{findings:?}");
        let place = findings[0].place.as_ref().expect("a place");
        assert_eq!(
            (place.file.as_str(), place.line, place.function.as_deref()),
            ("tasks.py", 5, Some("fetch"))
        );
        assert_eq!(place.source.as_deref(), Some("ctypes.string_at(0)"));
        assert_eq!(findings[0].item.as_deref(), Some("1"));
        let fault = conc::internal::fault(findings[0]);
        assert!(fault.contains("SIGSEGV"), "{findings:?}");
    }
}

#[test]
fn a_person_reads_the_line_and_what_to_do() {
    let text = fs::read_to_string(directory().join("not_awaited.py")).unwrap();
    let sandbox = Sandbox::with("tasks.py", &text);
    let assert = sandbox.run(&["check", "tasks.py:fetch", ":::", "a", "b"]).code(1).stderr("");
    assert
        .stdout(starts_with("tasks.py:fetch · 2 tasks · Python 3."))
        .stdout(contains("passed     tasks completed"))
        .stdout(contains("tasks.py:12 in fetch: coroutine 'log' was never awaited"))
        .stdout(contains("\n               log(item)"))
        .stdout(contains("1 of 8 failed. What to do: conc explain E-ASYNC-002"));
}

#[test]
fn what_cannot_be_checked_is_refused() {
    let sandbox = Sandbox::with("tasks.py", "def fetch(item)\n");
    sandbox.run(&["check", "web-scraper"]).code(2).stdout("").stderr(contains("only Python callables"));
    sandbox.run(&["check", "none.py:fetch"]).code(2).stdout("").stderr(contains("none.py"));
    sandbox.run(&["check"]).code(2).stdout("");
    let broken = sandbox.run(&["check", "tasks.py:fetch", "--tasks", "2"]).code(2).stdout("");
    broken.stderr(contains("E-PYTHON-002").and(contains("tasks.py\", line 1")));
}

//! `conc check` on wrong programs: each is found, with its code and its line.
//!
//! The programs are in `tests/checked/wrong`, small and each with one mistake that people make. Those that are almost
//! wrong, and must pass, are among the programs of `tests/checked/right`.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

use crate::environment::pythons;

/// Number of tasks of a check.
const TASKS: &str = "4";

/// Time after which a task hangs: short, because some do.
const PATIENCE: &str = "6s";

/// Number of checks in one of which a fault must be found: a busy machine can hide what depends on time.
const ATTEMPTS: u32 = 4;

/// The name of each program, and the code and the line of a fault of it.
#[rustfmt::skip]
const FAULTS: &[(&str, &str, u64)] = &[
    ("balance_of_account", "E-ASYNC-007", 14),
    ("callback_from_thread", "E-ASYNC-008", 8),
    ("cancelled_by_thread", "E-ASYNC-008", 13),
    ("connection_of_closed_loop", "E-ASYNC-001", 15),
    ("counter_in_closure", "E-ASYNC-007", 13),
    ("counter_in_dict", "E-ASYNC-007", 11),
    ("counter_of_threads", "E-ASYNC-007", 11),
    ("daemon_per_call", "E-ASYNC-005", 11),
    ("event_set_by_thread", "E-ASYNC-008", 12),
    ("failure_in_background", "E-ASYNC-003", 8),
    ("future_of_another_loop", "E-ASYNC-001", 9),
    ("future_set_at_once", "E-ASYNC-008", 11),
    ("future_set_by_thread", "E-ASYNC-008", 10),
    ("gil_kept_while_waiting", "E-PYTHON-007", 9),
    ("list_replaced", "E-ASYNC-007", 11),
    ("lock_kept_after_error", "E-ASYNC-004", 15),
    ("lock_of_its_own", "E-ASYNC-007", 13),
    ("lock_taken_twice", "E-ASYNC-004", 9),
    ("map_of_coroutines", "E-ASYNC-002", 11),
    ("package_that_blocks", "E-ASYNC-006", 13),
    ("package_that_retries", "E-ASYNC-006", 16),
    ("pool_never_done", "E-ASYNC-005", 17),
    ("pool_waits_for_itself", "E-ASYNC-004", 13),
    ("queue_filled_by_thread", "E-ASYNC-008", 11),
    ("queue_never_filled", "E-ASYNC-004", 10),
    ("queue_of_another_loop", "E-ASYNC-001", 16),
    ("run_in_coroutine", "E-ASYNC-001", 14),
    ("semaphore_of_another_loop", "E-ASYNC-001", 9),
    ("sleep_not_awaited", "E-ASYNC-002", 7),
    ("socket_left_open", "E-ASYNC-005", 7),
    ("subprocess_in_coroutine", "E-ASYNC-006", 8),
    ("task_from_thread", "E-ASYNC-008", 13),
    ("temporary_file_left_open", "E-ASYNC-005", 7),
    ("thread_per_call", "E-ASYNC-005", 15),
    ("total_awaits", "E-ASYNC-007", 15),
    ("total_of_threads", "E-ASYNC-007", 16),
    ("worker_without_end", "E-ASYNC-005", 18),
    ("workers_inside", "E-ASYNC-007", 11),
];

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checked/wrong")
}

/// Returns the code and the line of everything that is found in a program.
fn found(name: &str, python: &Path) -> Vec<(String, u64)> {
    let temporary = tempfile::tempdir().expect("a directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_conc"));
    let callable = format!("{name}.py:fetch");
    command.args(["check", &callable, "--tasks", TASKS, "--timeout", PATIENCE, "--json", "--python"]);
    command.arg(python).current_dir(directory()).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env_remove("VIRTUAL_ENV").env("TMPDIR", temporary.path());
    let output = command.output().expect("conc runs");
    let document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{name}: {}", String::from_utf8_lossy(&output.stderr)));
    let checks = document["checks"].as_array().cloned().unwrap_or_default();
    let findings = checks.iter().flat_map(|check| check["findings"].as_array().cloned().unwrap_or_default());
    let place = |finding: &Value| {
        let code = finding["code"].as_str().unwrap_or_default().to_owned();
        (code, finding["place"]["line"].as_u64().unwrap_or_default())
    };
    let all: Vec<_> = findings.map(|finding| place(&finding)).collect();
    assert_eq!(output.status.code(), Some(i32::from(!all.is_empty())), "{name}");
    all
}

fn is_found(name: &str, code: &str, line: u64, python: &Path) -> Result<(), String> {
    let mut seen = Vec::new();
    for _ in 0..ATTEMPTS {
        seen = found(name, python);
        if seen.iter().any(|(found, at)| found == code && *at == line) {
            return Ok(());
        }
    }
    Err(format!("{name}: {code} at line {line}, but found {seen:?}"))
}

#[test]
fn wrong_programs_are_found_with_their_lines() {
    let python = &pythons()[0];
    let missed: Vec<_> =
        FAULTS.iter().filter_map(|(name, code, line)| is_found(name, code, *line, python).err()).collect();
    assert!(missed.is_empty(), "{}:\n{}", python.display(), missed.join("\n"));
}

#[test]
fn every_program_is_in_the_table_and_its_line_says_so() {
    let entries = fs::read_dir(directory()).expect("programs").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    files.sort();
    let mut named: Vec<_> = FAULTS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    named.sort();
    named.dedup();
    assert_eq!(files, named);
    for (name, code, line) in FAULTS {
        let text = fs::read_to_string(directory().join(format!("{name}.py"))).expect("a program");
        let marked = text.lines().nth(*line as usize - 1).is_some_and(|text| text.contains(code));
        assert!(marked, "{name}:{line}");
    }
}

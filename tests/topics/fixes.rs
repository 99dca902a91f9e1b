//! The pairs of programs that show an error: it is there, it is explained, and the remedy takes it away.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::interpreters::{Python, failures, files, pythons, run};

/// The pair whose error is that it never ends: `conc check` sees it.
const HANGS: &str = "deadlock";

/// Explains a text with the program.
fn explained(text: &str) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conc"));
    command.args(["explain", "--json", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap_or_default()
}

/// Returns the name of a pair.
fn name(wrong: &Path) -> &str {
    wrong.file_stem().unwrap().to_str().unwrap().trim_end_matches("_wrong")
}

/// Provokes the error, has it explained, applies the remedy that the explanation shows, and looks again.
fn check((python, wrong): &(&Python, PathBuf)) -> Result<(), String> {
    let told = |what: &str, text: &str| format!("{} on 3.{}: {what}\n{text}", name(wrong), python.minor);
    let output = run(python, wrong);
    let errors = String::from_utf8_lossy(&output.stderr);
    let explanation = explained(&errors);
    let program = explanation["error"]["wrong"].as_str().unwrap_or_default();
    if program != fs::read_to_string(wrong).unwrap() {
        return Err(told("not recognised", &errors));
    }
    let directory = tempfile::tempdir().unwrap();
    let mended = directory.path().join("mended.py");
    fs::write(&mended, explanation["error"]["right"].as_str().unwrap()).unwrap();
    let output = run(python, &mended);
    let (printed, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let is_gone = output.status.success() && errors.is_empty();
    if is_gone { Ok(()) } else { Err(told("the remedy does not help", &format!("{printed}{errors}"))) }
}

#[test]
fn the_remedy_takes_the_error_away() {
    let pythons = pythons();
    let all =
        files("errors/fixes", "py").into_iter().filter(|path| path.to_str().unwrap().ends_with("_wrong.py"));
    let pairs: Vec<_> = all.filter(|path| name(path) != HANGS).collect();
    let runs: Vec<_> =
        pythons.iter().flat_map(|python| pairs.iter().map(move |pair| (python, pair.clone()))).collect();
    let failed = failures(&runs, check);
    assert!(failed.is_empty(), "{} of {} pairs\n{}", failed.len(), runs.len(), failed.join("\n"));
}

#[test]
fn the_codes_of_event_loops_have_a_remedy_that_was_tried() {
    let known = fs::read_to_string(files("errors", "toml").remove(0)).unwrap();
    let entries: Vec<&str> = known.split("[[error]]").collect();
    for code in ["E-ASYNC-001", "E-ASYNC-002", "E-ASYNC-003", "E-ASYNC-004", "E-ASYNC-005"] {
        let has_pair =
            |entry: &&str| entry.contains(&format!("code = \"{code}\"")) && entry.contains("\nfix = ");
        assert!(entries.iter().any(has_pair), "{code}");
    }
}

/// Lets `conc check` run a pair's callable; returns the codes that it found.
fn checked(side: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let path =
        files("errors/fixes", "py").into_iter().find(|path| path.ends_with(format!("{HANGS}_{side}.py")));
    fs::copy(path.unwrap(), directory.path().join("case.py")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_conc"));
    command.args(["check", "case.py:work", "--json"]).current_dir(directory.path());
    let output = command.stdin(Stdio::null()).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = report["checks"].as_array().cloned().unwrap_or_default();
    assert!(!checks.is_empty(), "{report}");
    let findings = checks.iter().flat_map(|check| check["findings"].as_array().cloned().unwrap_or_default());
    findings.map(|finding| finding["code"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_deadlock_is_found_and_gone_with_its_remedy() {
    let wrong = checked("wrong");
    assert!(wrong.iter().any(|code| code == "E-ASYNC-004"), "{wrong:?}");
    assert_eq!(checked("right"), [] as [&str; 0]);
}

//! `conc check` on right programs, which it must pass: a false alarm costs more trust than a fault that it
//! misses.
//!
//! The programs are in `tests/checked/right`. A line `# needs PACKAGE...` names what has to be installed, and
//! `# since 3.N` the first version of Python on which the program is right. They run on the first interpreter of
//! `CONC_TEST_PYTHONS`, or on `python3`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use assert_cmd::Command;
use serde_json::Value;

use crate::environment::{minor_of, pythons, with_each_of};

/// Number of programs that are checked at once.
const AT_ONCE: usize = 2;

/// Files that the programs import.
const HELPERS: [&str; 2] = ["loopback", "small_redis"];

/// A right program.
struct Program {
    name: String,
    text: String,
}

impl Program {
    /// Returns the words of the line `# keyword words...`.
    fn words(&self, keyword: &str) -> Vec<String> {
        let prefix = format!("# {keyword} ");
        let line = self.text.lines().find_map(|line| line.strip_prefix(&prefix));
        line.unwrap_or_default()
            .split([' ', ':'])
            .map(str::to_owned)
            .filter(|word| !word.is_empty())
            .collect()
    }

    fn is_right_on(&self, minor: u32) -> bool {
        let since = self.words("since").first().and_then(|version| version.strip_prefix("3.")?.parse().ok());
        since.is_none_or(|since: u32| minor >= since)
    }
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checked/right")
}

fn programs() -> Vec<Program> {
    let entries = fs::read_dir(directory()).expect("programs").map(|entry| entry.expect("an entry").path());
    let mut programs: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .map(|path| Program {
            name: path.file_stem().expect("a name").to_string_lossy().into_owned(),
            text: fs::read_to_string(&path).expect("a program"),
        })
        .filter(|program| !HELPERS.contains(&program.name.as_str()))
        .collect();
    programs.sort_by(|left, right| left.name.cmp(&right.name));
    programs
}

/// Checks a program in a directory of its own, and returns what is wrong with it, which should be nothing.
fn alarms(program: &Program, python: &Path) -> Vec<String> {
    let sandbox = tempfile::tempdir().expect("a directory");
    let temporary = sandbox.path().join("tmp");
    fs::create_dir(&temporary).expect("a directory");
    for name in HELPERS.into_iter().chain([program.name.as_str()]) {
        let file = format!("{name}.py");
        fs::copy(directory().join(&file), sandbox.path().join(&file)).expect("a copy");
    }
    let callable = format!("{}.py:fetch", program.name);
    let mut command = Command::new(env!("CARGO_BIN_EXE_conc"));
    command.args(["check", &callable, "--tasks", "5", "--timeout", "60s", "--json", "--python"]).arg(python);
    command.current_dir(sandbox.path()).env_remove("VIRTUAL_ENV").env("TMPDIR", &temporary);
    let output = command.output().expect("conc runs");
    let Ok(document) = serde_json::from_slice::<Value>(&output.stdout) else {
        return vec![format!("no document: {}", String::from_utf8_lossy(&output.stderr))];
    };
    let checks = document["checks"].as_array().cloned().unwrap_or_default();
    assert!(!checks.is_empty(), "{document}");
    let found = checks.iter().flat_map(|check| check["findings"].as_array().cloned().unwrap_or_default());
    let mut found: Vec<_> = found.map(|finding| finding.to_string()).collect();
    if found.is_empty() && !output.status.success() {
        found.push(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    found
}

/// Checks programs with an interpreter; none of them has a fault.
fn all_pass(programs: Vec<Program>, python: &Path) {
    let minor = minor_of(python).expect("an interpreter");
    let programs: Vec<_> = programs.into_iter().filter(|program| program.is_right_on(minor)).collect();
    let waiting = Mutex::new(programs);
    let failed = Mutex::new(Vec::new());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let work = || {
        while let Some(program) = next() {
            let alarms = alarms(&program, python);
            if !alarms.is_empty() {
                let report = format!("{} on 3.{minor}: {}", program.name, alarms.join("\n"));
                failed.lock().unwrap_or_else(PoisonError::into_inner).push(report);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[test]
fn programs_of_the_standard_library_pass() {
    let own = programs().into_iter().filter(|program| program.words("needs").is_empty()).collect();
    all_pass(own, &pythons()[0]);
}

#[test]
fn programs_with_libraries_pass() {
    let mut packages: Vec<_> = programs().iter().flat_map(|program| program.words("needs")).collect();
    packages.sort();
    packages.dedup();
    let Some((interpreter, installed)) = with_each_of(&pythons()[0], &packages) else { return };
    let can_run = |program: &Program| {
        let needs = program.words("needs");
        !needs.is_empty() && needs.iter().all(|package| installed.contains(package))
    };
    all_pass(programs().into_iter().filter(can_run).collect(), &interpreter);
}

#[test]
fn there_are_many_right_programs() {
    let (own, libraries): (Vec<_>, Vec<_>) =
        programs().into_iter().partition(|program| program.words("needs").is_empty());
    assert!(own.len() >= 30 && libraries.len() >= 30, "{} and {}", own.len(), libraries.len());
}

//! The programs in Python.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::interpreters::{Python, failures, files, needed, pythons, run, said};
use crate::lane::runs_all;

/// Names an interpreter that has the package distributed; `.ci/run` sets it.
const DASK: &str = "CONC_TEST_DASK";

/// Returns the programs that need a package for clusters, and all others.
fn of_clusters() -> (Vec<PathBuf>, Vec<PathBuf>) {
    let is_of_cluster = |program: &PathBuf| {
        fs::read_to_string(program).unwrap().contains("\nNeeds the package distributed.\n")
    };
    files("programs", "py").into_iter().partition(is_of_cluster)
}

/// Runs a program; fails unless it prints what it says, and nothing on standard error.
fn check((python, program): &(&Python, PathBuf)) -> Result<(), String> {
    let text = fs::read_to_string(program).unwrap();
    let output = run(python, program);
    let (printed, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let is_right = said(&text, "Prints: ").map_or(!printed.is_empty(), |said| printed.trim_end() == said);
    if output.status.success() && errors.is_empty() && is_right {
        return Ok(());
    }
    Err(format!("{} on 3.{}: {}\n{printed}{errors}", program.display(), python.minor, output.status))
}

#[test]
fn every_program_prints_what_it_says() {
    let pythons = pythons();
    let supports =
        |python: &Python, program: &PathBuf| needed(&fs::read_to_string(program).unwrap()) <= python.minor;
    let (_, programs) = of_clusters();
    let all = pythons.iter().flat_map(|python| programs.iter().map(move |program| (python, program.clone())));
    let runs: Vec<_> = all.filter(|(python, program)| supports(python, program)).collect();
    let failed = failures(&runs, check);
    assert!(failed.is_empty(), "{} of {} runs\n{}", failed.len(), runs.len(), failed.join("\n"));
}

#[test]
fn programs_for_clusters_print_what_they_say() {
    let (programs, _) = of_clusters();
    assert!(!programs.is_empty());
    let Some(python) = std::env::var_os(DASK) else {
        let is_missing = runs_all("programs_for_clusters_print_what_they_say");
        assert!(!is_missing, "{DASK} has to name an interpreter with the package distributed");
        return;
    };
    for program in programs {
        let text = fs::read_to_string(&program).unwrap();
        let output = Command::new(&python).arg("-B").arg(&program).output().unwrap();
        let (printed, errors) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let expected = said(&text, "Prints: ").unwrap();
        assert!(output.status.success() && printed.trim_end() == expected, "{printed}{errors}");
    }
}

//! The programs in Python.

use std::fs;
use std::path::PathBuf;

use crate::interpreters::{Python, failures, files, needed, pythons, run, said};

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
    let programs = files("programs", "py");
    let all = pythons.iter().flat_map(|python| programs.iter().map(move |program| (python, program.clone())));
    let runs: Vec<_> = all.filter(|(python, program)| supports(python, program)).collect();
    let failed = failures(&runs, check);
    assert!(failed.is_empty(), "{} of {} runs\n{}", failed.len(), runs.len(), failed.join("\n"));
}

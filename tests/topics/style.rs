//! The style of the programs in Python: ruff has no findings and would change nothing.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::interpreters::{files, needed};

#[test]
fn programs_are_formatted_and_without_findings() {
    let Some(ruff) = ruff() else {
        let _ = writeln!(std::io::stderr(), "skipped: there is no ruff");
        return;
    };
    for program in files("programs", "py").into_iter().chain(files("errors/fixes", "py")) {
        let target = format!("py3{}", needed(&fs::read_to_string(&program).unwrap()));
        let is_wrong = program.to_string_lossy().ends_with("_wrong.py");
        for arguments in [&["check"][..], &["format", "--diff"]] {
            if is_wrong && arguments == ["check"] {
                continue; // Some show what ruff finds.
            }
            let mut command = Command::new(&ruff);
            command
                .args(arguments)
                .args(["--no-cache", "--isolated", "--target-version", &target])
                .arg(&program);
            let output = command.output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{}\n{text}", program.display());
        }
    }
}

/// Returns the path of `ruff`, if it is installed.
fn ruff() -> Option<PathBuf> {
    let named = std::env::var_os("RUFF").map(PathBuf::from);
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&paths).map(|directory| directory.join("ruff")).find(|path| path.is_file());
    named.or(found).filter(|path: &PathBuf| Path::new(path).is_file())
}

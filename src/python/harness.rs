//! The Python files of the harness, as they are embedded and installed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The package beside the script that starts it.
const PACKAGE: &str = "conc_harness";

/// Tells about an interpreter; run on its own, by old interpreters too.
pub const DISCOVER: &str = include_str!("harness/discover.py");

const BOOTSTRAP: &str = include_str!("harness/bootstrap.py");

macro_rules! modules {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!("harness/conc_harness/", $name)))),*]
    };
}

/// The modules of the package.
const MODULES: &[(&str, &str)] = &modules! {
    "__init__.py"
    "asynchronous.py"
    "attempts.py"
    "board.py"
    "check/__init__.py"
    "check/faults.py"
    "check/hang.py"
    "check/leaks.py"
    "check/observer.py"
    "check/openings.py"
    "check/places.py"
    "check/record.py"
    "check/run.py"
    "digest.py"
    "errors.py"
    "hybrid.py"
    "inspection.py"
    "interpreter_worker.py"
    "interpreters.py"
    "job.py"
    "knocker.py"
    "load.py"
    "outcome.py"
    "pool.py"
    "processes.py"
    "profiling.py"
    "program.py"
    "protocol.py"
    "results.py"
    "sequential.py"
    "serve.py"
    "threads.py"
    "timer.py"
    "traffic.py"
    "usage.py"
    "watch.py"
    "worker.py"
};

/// Writes the harness below `directory`; the script to give to an interpreter.
///
/// # Errors
/// Those of the file system.
pub fn install(directory: &Path) -> io::Result<PathBuf> {
    let package = directory.join(PACKAGE);
    fs::create_dir_all(package.join("check"))?;
    for (name, text) in MODULES {
        fs::write(package.join(name), text)?;
    }
    let script = directory.join("bootstrap.py");
    fs::write(&script, BOOTSTRAP)?;
    Ok(script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_package_is_embedded() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/python/harness").join(PACKAGE);
        let below = |part: &str| -> Vec<String> {
            let entries = fs::read_dir(package.join(part)).expect("a directory of the package");
            let names = entries.map(|entry| entry.expect("an entry").file_name());
            names.map(|name| format!("{part}{}", name.to_string_lossy())).collect()
        };
        let mut found: Vec<String> =
            [below(""), below("check/")].concat().into_iter().filter(|name| name.ends_with(".py")).collect();
        found.sort();
        assert_eq!(found, MODULES.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
    }
}

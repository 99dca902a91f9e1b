//! The processes that import the module of the callables when the workers of a Python strategy start.

use crate::profile::result::PythonProfile;

/// The processes that import the module of the callables when workers start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ModuleImports {
    /// None: workers are copies of a process that has imported it.
    Inherited,
    /// The server that workers are copies of.
    ByServer,
    /// Each worker.
    ByWorkers,
}

impl ModuleImports {
    /// Returns who imports the module, by the start method of `multiprocessing`.
    pub(super) fn of_processes(python: &PythonProfile) -> Self {
        match python.start_method.as_str() {
            "fork" => ModuleImports::Inherited,
            "forkserver" if fork_server_imports(&python.version) => ModuleImports::ByServer,
            _ => ModuleImports::ByWorkers,
        }
    }
}

/// Returns true if the fork server imports the main module, as the documentation says: a bug kept it from that
/// until Python 3.12.9, 3.13.2 and 3.14 (gh-126631).
fn fork_server_imports(version: &str) -> bool {
    let release = version.split_whitespace().next().unwrap_or_default();
    let mut numbers = release.split('.').map(|part| {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().unwrap_or(0)
    });
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let patch = numbers.next().unwrap_or(0);
    match (major, minor) {
        (3, 12) => patch >= 9,
        (3, 13) => patch >= 2,
        newer => newer > (3, 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fork_server_imports_the_main_module_from_some_version_on() {
        let imports = ["3.12.9", "3.13.2", "3.14.0a7 (main, Apr 2026)", "3.15.0"];
        assert!(imports.iter().all(|version| fork_server_imports(version)));
        let leaves_it = ["3.9.18", "3.11.7", "3.12.8", "3.13.0 (main)", ""];
        assert!(!leaves_it.iter().any(|version| fork_server_imports(version)));
    }
}

//! The place of a workload in another directory.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::workload::input;

/// Returns the name of a workload of the current directory in `directory`: samples and modules have the same one
/// everywhere.
pub(super) fn located(name: impl AsRef<OsStr>, directory: &Path) -> OsString {
    let path = name.as_ref();
    // A name that is not UTF-8 is that of a file.
    let name = path.to_str().unwrap_or_default();
    let is_sample = input::samples().iter().any(|sample| sample.name == name);
    let is_module = name.contains(':') && !name.contains(std::path::is_separator) && !name.contains(".py:");
    if directory.as_os_str().is_empty() || is_sample || is_module {
        return path.to_owned();
    }
    let here = std::env::current_dir().unwrap_or_default();
    let below = Path::new(path).strip_prefix(&here).unwrap_or(Path::new(path));
    directory.join(below).into_os_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_sought_in_the_other_directory_and_names_are_not() {
        let there = |name| located(name, Path::new("/old"));
        assert_eq!(there("tasks.py:fetch"), "/old/tasks.py:fetch");
        assert_eq!(there("jobs/a.toml"), "/old/jobs/a.toml");
        assert_eq!(there("package.module:fetch"), "package.module:fetch");
        assert_eq!(there("hash-cpu"), "hash-cpu");
        assert_eq!(located("jobs/a.toml", Path::new("")), "jobs/a.toml");
        let here = std::env::current_dir().unwrap().join("tasks.py:fetch");
        assert_eq!(there(&here.to_string_lossy()), "/old/tasks.py:fetch");
    }
}

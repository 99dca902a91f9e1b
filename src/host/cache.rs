//! The directories of the user: for what is kept from one run to the next, and for settings.

use std::path::PathBuf;

/// Returns the file of a name in the directory for caches; `None` if there is no such directory.
pub(crate) fn cache_file(name: &str) -> Option<PathBuf> {
    file_in("XDG_CACHE_HOME", ".cache", name)
}

/// Returns the file of a name in the directory for settings; `None` if there is no such directory.
pub(crate) fn config_file(name: &str) -> Option<PathBuf> {
    file_in("XDG_CONFIG_HOME", ".config", name)
}

/// Returns a file in the directory that the variable names, or else in the one of the user's home (XDG Base Directory
/// Specification).
fn file_in(variable: &str, of_home: &str, name: &str) -> Option<PathBuf> {
    let directory = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let directory = directory.or_else(|| Some(std::env::home_dir()?.join(of_home)))?;
    Some(directory.join("conc").join(name))
}

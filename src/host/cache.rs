//! The directory for what is kept from one run to the next.

use std::path::PathBuf;

/// Returns the file of a name in the directory for caches; `None` if there is no such directory.
pub(crate) fn cache_file(name: &str) -> Option<PathBuf> {
    let caches = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = caches.or_else(|| Some(std::env::home_dir()?.join(".cache")))?;
    Some(caches.join("conc").join(name))
}

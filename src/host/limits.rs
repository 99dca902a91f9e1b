//! Limits of this process.

use nix::sys::resource::{Resource, getrlimit};

use crate::host::procfs;

/// Returns the soft limit of a resource; `None` means unlimited or unknown.
fn soft(resource: Resource) -> Option<u64> {
    match getrlimit(resource) {
        Ok((soft, _)) if soft == libc::RLIM_INFINITY => None,
        Ok((soft, _)) => Some(soft),
        Err(_) => None,
    }
}

/// Returns the number of descriptors that this process may have open.
pub(crate) fn open_files() -> Option<u64> {
    soft(Resource::RLIMIT_NOFILE)
}

/// Returns the number of processes and threads that this user may have.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "macos"))]
pub(crate) fn processes() -> Option<u64> {
    soft(Resource::RLIMIT_NPROC)
}

/// Returns the number of processes and threads that this user may have.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos")))]
pub fn processes() -> Option<u64> {
    None
}

/// Returns the number of memory maps that one process may have; a thread takes two, its stack and the
/// guard page below it.
pub(crate) fn memory_maps() -> Option<u64> {
    procfs::max_memory_maps()
}

/// Raises the soft limit of open descriptors to the hard one, as servers do; children inherit it.
pub(crate) fn raise_open_files() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // Failing leaves the soft limit, which is then reported and respected like any other.
        let _ = nix::sys::resource::setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

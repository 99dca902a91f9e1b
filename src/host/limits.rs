//! Limits of this process.

use nix::sys::resource::{Resource, getrlimit};

use crate::host::procfs;

/// Returns the soft and the hard limit of a resource; `None` means unlimited or unknown.
fn soft_and_hard(resource: Resource) -> [Option<u64>; 2] {
    let known = |limit| (limit != libc::RLIM_INFINITY).then_some(limit);
    getrlimit(resource).map_or([None; 2], |(soft, hard)| [known(soft), known(hard)])
}

/// Returns the soft limit of a resource; `None` means unlimited or unknown.
fn soft(resource: Resource) -> Option<u64> {
    soft_and_hard(resource)[0]
}

/// Returns the number of descriptors that a process may have open: as it is started, and once it has raised
/// its limit.
pub(crate) fn open_files() -> [Option<u64>; 2] {
    soft_and_hard(Resource::RLIMIT_NOFILE)
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

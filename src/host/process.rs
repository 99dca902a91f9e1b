//! Processes: their descendants, and how to kill all of them.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::host::procfs;

/// Number of times that descendants are listed, at most. Two are enough unless a process that is not stopped
/// keeps starting others.
const MAX_LISTINGS: usize = 16;

/// Makes orphaned descendants children of this process, so that they can be found and ended.
pub fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    {
        // An old kernel without the flag only loses orphans; the process group still ends them.
        let _ = nix::sys::prctl::set_child_subreaper(true);
    }
}

/// Makes the kernel kill this process when the process that started it is gone; on Linux, when the very
/// thread that started it is gone.
pub(crate) fn die_with_parent() {
    #[cfg(target_os = "linux")]
    {
        // Elsewhere the end of standard input says the same, a little later.
        let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
    }
}

/// Does the same for a helper, unless a watchdog looks after it: that one has to find what the helper has
/// started, and does so below a helper that is alive.
pub(crate) fn die_with_parent_unless_watched() {
    let group_of_parent = nix::unistd::getpgid(Some(nix::unistd::getppid()));
    if group_of_parent == Ok(nix::unistd::getpgrp()) {
        die_with_parent();
    }
}

/// Returns the descendants of `pid`, the nearest first; none if the system does not report it.
pub fn descendants(pid: u32) -> Vec<u32> {
    let mut found = children(pid);
    let mut next = 0;
    while next < found.len() {
        let below = children(found[next]);
        found.extend(below);
        next += 1;
    }
    found
}

/// Returns the children of all threads of `pid`.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    procfs::threads(pid).into_iter().flat_map(|tid| procfs::children(pid, tid)).collect()
}

/// Kills `pid` and all its descendants.
pub fn kill_tree(pid: u32) {
    signal(pid, Signal::SIGSTOP);
    kill_below(pid);
    signal(pid, Signal::SIGKILL);
}

/// Kills every descendant of this process but not itself.
pub fn kill_descendants() {
    kill_below(std::process::id());
}

/// Waits until this process has no children any more, those it adopted included.
pub(crate) fn wait_for_children() {
    loop {
        match nix::sys::wait::waitpid(None, None) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(_) => return,
        }
    }
}

/// Kills the descendants of `pid`.
///
/// All descendants are stopped first, so that none can start a process that is not listed, or orphan one by
/// its own death, while they are looked for.
fn kill_below(pid: u32) {
    let mut stopped = Vec::new();
    for _ in 0..MAX_LISTINGS {
        let found = descendants(pid).into_iter().filter(|p| !stopped.contains(p)).collect::<Vec<_>>();
        if found.is_empty() {
            break;
        }
        found.iter().for_each(|descendant| signal(*descendant, Signal::SIGSTOP));
        stopped.extend(found);
    }
    stopped.into_iter().for_each(|descendant| signal(descendant, Signal::SIGKILL));
}

fn signal(pid: u32, signal: Signal) {
    // The only failure that can happen here is that the process is already gone.
    let _ = kill(Pid::from_raw(pid.cast_signed()), signal);
}

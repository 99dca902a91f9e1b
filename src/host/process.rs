//! Processes: whom they belong to, and how they are ended for certain.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How often descendants are looked for; two looks are enough unless a caller that is not stopped
/// itself keeps starting others.
const MOST_LOOKS: usize = 16;

/// Makes orphaned descendants children of this process, so that they can be found and ended.
pub fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    {
        // An old kernel without the flag only loses orphans; the process group still ends them.
        let _ = nix::sys::prctl::set_child_subreaper(true);
    }
}

/// Makes the kernel kill this process when the one that started it is gone; on Linux, when the very
/// thread is that started it.
pub fn die_with_parent() {
    #[cfg(target_os = "linux")]
    {
        // Elsewhere the end of standard input says the same, a little later.
        let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
    }
}

/// The descendants of `pid`, nearest first; empty where the system does not tell.
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

/// The children of all threads of `pid`.
fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    threads
        .flatten()
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|list| list.split_whitespace().filter_map(|p| p.parse().ok()).collect::<Vec<_>>())
        .collect()
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
pub fn wait_for_children() {
    loop {
        match nix::sys::wait::waitpid(None, None) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(_) => return,
        }
    }
}

/// Kills the descendants of `pid`.
///
/// All of them are stopped first, so that none can start another one that is not listed, or give one
/// away by its own death, while they are looked for.
fn kill_below(pid: u32) {
    let mut stopped = Vec::new();
    for _ in 0..MOST_LOOKS {
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_tree_is_killed_to_its_leaves() {
        let mut shell = Command::new("sh")
            .args(["-c", "sleep 600 & echo ready; wait"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh");
        let mut ready = [0u8; 5];
        std::io::Read::read_exact(shell.stdout.as_mut().expect("piped"), &mut ready).expect("ready");
        let below = descendants(shell.id());
        assert_eq!(below.len(), 1);
        kill_tree(shell.id());
        assert!(!shell.wait().expect("wait").success());
        // The kill is asynchronous, and somebody else reaps the orphan: look until it is over.
        let is_gone = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", below[0])).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z ")
        };
        let patience = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while !is_gone() {
            assert!(std::time::Instant::now() < patience, "the child of the killed shell still runs");
            std::thread::yield_now();
        }
    }
}

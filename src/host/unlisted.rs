//! Programs that were being started when a run was killed: they run, and are on no list yet.
//!
//! Nothing marks them, so all of this is asked for: they lead a session, their parent is gone, they started after
//! the start that was under way, and they have the environment of the run.

use std::collections::{BTreeMap, BTreeSet};

use nix::unistd::getppid;

use crate::host::procfs::{self, Stat};

const NS_PER_S: f64 = 1e9;

/// Returns the programs that were started after `since_ns`, by [`boot_ns`](crate::host::clock::boot_ns), by a `root` that
/// was the parent of this process.
pub(crate) fn since(since_ns: u64, root: u32, processes: &BTreeMap<u32, Stat>) -> Vec<u32> {
    let since_ticks = (since_ns as f64 / NS_PER_S * procfs::ticks_per_second()) as u64;
    // Children of the root have the parent that this process has, before and after it is gone.
    let parents = [root, getppid().as_raw().cast_unsigned()];
    let own = environment(std::process::id());
    let is_of_run = |pid: u32| environment(pid).is_superset(&own);
    let orphans = processes.iter().filter(|(pid, stat)| is_new_leader(**pid, stat, since_ticks, parents));
    orphans.map(|(pid, _)| *pid).filter(|pid| is_of_run(*pid)).collect()
}

fn is_new_leader(pid: u32, stat: &Stat, since_ticks: u64, parents: [u32; 2]) -> bool {
    stat.session == pid && parents.contains(&stat.parent) && stat.started >= since_ticks
}

fn environment(pid: u32) -> BTreeSet<Vec<u8>> {
    let bytes = procfs::environment(pid).unwrap_or_default();
    bytes.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()).map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(parent: u32, session: u32, started: u64) -> Stat {
        Stat::waiting(parent, session, session, started)
    }

    #[test]
    fn a_new_leader_of_a_session_whose_parent_is_gone_may_be_of_the_run() {
        let is_new = |stat| is_new_leader(7, &stat, 100, [50, 1]);
        assert!(is_new(process(1, 7, 100)) && is_new(process(50, 7, 101)));
        assert!(!is_new(process(1, 7, 99)), "it was there before");
        assert!(!is_new(process(8, 7, 100)), "somebody else started it");
        assert!(!is_new(process(1, 6, 100)), "it is in the session of another");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_has_its_own_environment() {
        assert!(!environment(std::process::id()).is_empty());
    }
}

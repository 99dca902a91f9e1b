//! The look that every system offers: how much CPU time the processes of a tree have used.

use std::collections::{HashMap, HashSet};

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::profile::tree::moment::Moment;

/// A tree as `sysinfo` sees it.
#[derive(Debug)]
pub struct Portable {
    system: System,
    root: Pid,
    with_root: bool,
    /// CPU milliseconds before the profile began and at the last look, and the name.
    processes: HashMap<Pid, Process>,
    is_first: bool,
}

/// One process as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its name.
    pub name: String,
    /// CPU milliseconds it had used before the profile began.
    pub before_ms: u64,
    /// CPU milliseconds it had used at the last look.
    pub last_ms: u64,
}

impl Portable {
    /// Looks at the descendants of `root`, and at `root` too if it belongs to the tree; `None` where
    /// even `sysinfo` tells nothing.
    pub fn new(root: u32, with_root: bool) -> Option<Self> {
        let system = System::new().ok()?;
        let root = Pid::from_u32(root);
        Some(Portable { system, root, with_root, processes: HashMap::new(), is_first: true })
    }

    /// Looks once, at the end of `span_s` seconds; false if there is no process of the tree.
    pub fn look(&mut self, at_s: f64, span_s: f64) -> (Moment, bool) {
        let what = ProcessRefreshKind::nothing().with_cpu().without_tasks();
        self.system.refresh_processes_specifics(ProcessesToUpdate::All, true, what);
        let tree = self.tree();
        let mut run_ms = 0;
        for pid in &tree {
            let Some(process) = self.system.process(*pid) else { continue };
            let now = process.accumulated_cpu_time();
            let name = || process.name().to_string_lossy().into_owned();
            // What is there at the first look may have run before.
            let before_ms = if self.is_first { now } else { 0 };
            let entry = self.processes.entry(*pid).or_insert_with(|| Process {
                name: name(),
                before_ms,
                last_ms: before_ms,
            });
            run_ms += now.saturating_sub(entry.last_ms);
            entry.last_ms = now;
        }
        self.is_first = false;
        let run_s = run_ms as f64 * 1e-3;
        let share = if span_s > 0.0 { (run_s / span_s).min(1.0) } else { 0.0 };
        let looks = f64::from(u8::from(!tree.is_empty()));
        let moment = Moment {
            at_s,
            span_s,
            looks,
            run_s,
            busiest: share,
            runnable: share,
            workers: share,
            threads: tree.len() as f64,
            ..Moment::default()
        };
        (moment, !tree.is_empty())
    }

    /// Every process ever seen.
    pub fn processes(&self) -> impl Iterator<Item = (u32, &Process)> {
        self.processes.iter().map(|(pid, process)| (pid.as_u32(), process))
    }

    /// The processes whose parents lead to the root.
    fn tree(&self) -> Vec<Pid> {
        let mut children: HashMap<Pid, Vec<Pid>> = HashMap::new();
        for (pid, process) in self.system.processes() {
            if let Some(parent) = process.parent() {
                children.entry(parent).or_default().push(*pid);
            }
        }
        let mut tree = vec![self.root];
        let mut seen = HashSet::from([self.root]);
        let mut next = 0;
        while let Some(pid) = tree.get(next) {
            let below = children.remove(pid).unwrap_or_default();
            tree.extend(below.into_iter().filter(|child| seen.insert(*child)));
            next += 1;
        }
        let is_wanted =
            |pid: &Pid| self.system.process(*pid).is_some() && (self.with_root || *pid != self.root);
        tree.retain(is_wanted);
        tree
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_process_is_seen_to_run_and_one_that_is_gone_is_not() {
        let mut own = Portable::new(std::process::id(), true).expect("sysinfo knows this system");
        let (first, is_there) = own.look(0.0, 0.0);
        assert!(is_there);
        assert_eq!(first.run_s, 0.0);
        // CPU time is told in steps of 10 ms.
        let until = Instant::now() + Duration::from_secs(60);
        let mut run_s = 0.0;
        while run_s == 0.0 && Instant::now() < until {
            run_s += own.look(1.0, 1.0).0.run_s;
        }
        assert!(run_s > 0.0);
        let gone = Portable::new(u32::MAX >> 1, true).expect("sysinfo knows this system").look(0.0, 1.0);
        assert_eq!((gone.0.looks, gone.1), (0.0, false));
    }
}

//! Samples a process tree with what every system offers: the CPU time that processes have used.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::profile::sampling::interval::{CpuUse, Interval, WorkerCounts};
use crate::profile::sampling::target::Target;

/// A tree as `sysinfo` sees it.
#[derive(Debug)]
pub struct SysinfoSampler {
    system: System,
    root: Pid,
    includes_root: bool,
    processes: HashMap<Pid, ProcessRecord>,
    is_first: bool,
    begun: Instant,
}

/// Totals of one process over all samples so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessRecord {
    /// Name of the process.
    pub name: String,
    /// CPU milliseconds used before sampling began.
    pub before_ms: u64,
    /// CPU milliseconds used up to the last sample.
    pub last_ms: u64,
}

impl SysinfoSampler {
    /// Prepares to sample `target`; `None` where `sysinfo` does not know the system.
    pub fn new(target: Target) -> Option<Self> {
        let system = System::new().ok()?;
        let root = Pid::from_u32(target.root);
        let includes_root = target.includes_root;
        let (processes, begun) = (HashMap::new(), Instant::now());
        Some(SysinfoSampler { system, root, includes_root, processes, is_first: true, begun })
    }

    /// Takes a sample at the end of an interval of `span_s` seconds; returns the interval and whether there
    /// is any process of the tree.
    pub fn interval(&mut self, at_s: f64, span_s: f64) -> (Interval, bool) {
        let what = ProcessRefreshKind::nothing().with_cpu().without_tasks();
        self.system.refresh_processes_specifics(ProcessesToUpdate::All, true, what);
        let tree = self.tree();
        let run_s = tree.iter().map(|pid| self.ran_ms(*pid)).sum::<u64>() as f64 * 1e-3;
        self.is_first = false;
        let share = if span_s > 0.0 { (run_s / span_s).min(1.0) } else { 0.0 };
        let interval = Interval {
            at_s,
            span_s,
            samples: f64::from(u8::from(!tree.is_empty())),
            cpu: CpuUse { run_s, busiest: share, runnable: share, ..CpuUse::default() },
            workers: WorkerCounts { at_once: share, threads: tree.len() as f64, ..WorkerCounts::default() },
            ..Interval::default()
        };
        (interval, !tree.is_empty())
    }

    /// Returns the CPU milliseconds that a process has used since the last sample.
    fn ran_ms(&mut self, pid: Pid) -> u64 {
        let Some(process) = self.system.process(pid) else { return 0 };
        let now_ms = process.accumulated_cpu_time();
        // A process that the first sample finds may have run before, as may one that joins the tree.
        let is_older = process.run_time() > self.begun.elapsed().as_secs() + 1;
        let before_ms = if self.is_first || is_older { now_ms } else { 0 };
        let record = self.processes.entry(pid).or_insert_with(|| ProcessRecord {
            name: process.name().to_string_lossy().into_owned(),
            before_ms,
            last_ms: before_ms,
        });
        let ran_ms = now_ms.saturating_sub(record.last_ms);
        record.last_ms = now_ms;
        ran_ms
    }

    /// Returns every process ever seen, with its number.
    pub fn processes(&self) -> impl Iterator<Item = (u32, &ProcessRecord)> {
        self.processes.iter().map(|(pid, process)| (pid.as_u32(), process))
    }

    /// Returns the processes whose parents lead to the root.
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
            // This process is no part of the shell that started it.
            let is_other = |child: &Pid| child.as_u32() != std::process::id();
            tree.extend(below.into_iter().filter(|child| is_other(child) && seen.insert(*child)));
            next += 1;
        }
        let is_wanted =
            |pid: &Pid| self.system.process(*pid).is_some() && (self.includes_root || *pid != self.root);
        tree.retain(is_wanted);
        tree
    }
}

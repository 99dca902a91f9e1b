//! CPU and run-queue time by process and thread.

use std::collections::BTreeMap;

use crate::host::procfs::ticks_per_second;
use crate::profile::result::{ProcessUse, ThreadUse, Waits};
use crate::profile::sampling::procfs::ProcfsSampler;
use crate::profile::sampling::snapshot::{ThreadKey, ThreadRecord};
use crate::profile::sampling::sysinfo::SysinfoSampler;

/// Number of processes, and of threads of one process, that are listed singly.
const MAX_ENTRIES: usize = 12;

/// CPU seconds from which the kernel's share is meaningful; the clock ticks in hundredths of a second.
const MIN_SYSTEM_SHARE_CPU_S: f64 = 0.1;

/// The processes of a tree and what each of them used.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Breakdown {
    /// The processes by CPU time, the largest first.
    pub processes: Vec<ProcessUse>,
    /// Processes seen.
    pub process_count: u64,
    /// Threads seen.
    pub thread_count: u64,
}

/// Returns the breakdown of a tree that was sampled from `/proc`.
pub(crate) fn of_procfs(sampler: &ProcfsSampler) -> Breakdown {
    let mut processes: BTreeMap<u32, Vec<(&ThreadKey, &ThreadRecord)>> = BTreeMap::new();
    for (key, record) in sampler.records() {
        processes.entry(key.pid).or_default().push((key, record));
    }
    let process_count = processes.len() as u64;
    let list = processes.into_iter().map(|(pid, threads)| process(sampler, pid, threads)).collect();
    Breakdown { processes: shorten(list), process_count, thread_count: sampler.records().len() as u64 }
}

fn process(sampler: &ProcfsSampler, pid: u32, mut threads: Vec<(&ThreadKey, &ThreadRecord)>) -> ProcessUse {
    threads.sort_by_key(|(key, _)| key.tid);
    let main = threads.iter().find(|(key, _)| key.tid == pid).or(threads.first());
    let name = main.map(|(_, record)| record.name.clone()).unwrap_or_default();
    let threads: Vec<ThreadUse> = threads.into_iter().map(|(key, record)| thread(key.tid, record)).collect();
    let cpu_s = threads.iter().map(|thread| thread.cpu_s).sum();
    ProcessUse {
        pid: Some(pid),
        name,
        count: 1,
        cpu_s,
        runqueue_s: threads.iter().map(|thread| thread.runqueue_s).sum(),
        system_share: sampler.system_share(pid, MIN_SYSTEM_SHARE_CPU_S * ticks_per_second()),
        threads: shorten(threads),
    }
}

fn thread(tid: u32, record: &ThreadRecord) -> ThreadUse {
    let (cpu_s, runqueue_s) = record.total_s();
    let samples = record.samples.max(1) as f64;
    ThreadUse {
        tid: Some(tid),
        name: record.name.clone(),
        count: 1,
        cpu_s,
        runqueue_s,
        runnable: record.runnable as f64 / samples,
        waits: record.waited.resolved(&record.timed_ends).shares(),
    }
}

/// Returns the breakdown of a tree that was sampled by `sysinfo`.
pub(crate) fn of_sysinfo(sampler: &SysinfoSampler) -> Breakdown {
    let list: Vec<ProcessUse> = sampler
        .processes()
        .map(|(pid, process)| ProcessUse {
            pid: Some(pid),
            name: process.name.clone(),
            count: 1,
            cpu_s: process.last_ms.saturating_sub(process.before_ms) as f64 * 1e-3,
            runqueue_s: 0.0,
            system_share: None,
            threads: Vec::new(),
        })
        .collect();
    let count = list.len() as u64;
    // The number of threads is unknown.
    Breakdown { processes: shorten(list), process_count: count, thread_count: count }
}

/// An entry of a list that is shortened by joining its last entries.
trait Entry {
    fn cpu_s(&self) -> f64;
    fn number(&self) -> Option<u32>;
    fn join(rest: &[Self]) -> Self
    where
        Self: Sized;
}

impl Entry for ProcessUse {
    fn cpu_s(&self) -> f64 {
        self.cpu_s
    }

    fn number(&self) -> Option<u32> {
        self.pid
    }

    fn join(rest: &[Self]) -> Self {
        ProcessUse {
            pid: None,
            name: names(rest.iter().map(|process| process.name.as_str())),
            count: rest.iter().map(|process| process.count).sum(),
            cpu_s: rest.iter().map(|process| process.cpu_s).sum(),
            runqueue_s: rest.iter().map(|process| process.runqueue_s).sum(),
            system_share: None,
            threads: Vec::new(),
        }
    }
}

impl Entry for ThreadUse {
    fn cpu_s(&self) -> f64 {
        self.cpu_s
    }

    fn number(&self) -> Option<u32> {
        self.tid
    }

    fn join(rest: &[Self]) -> Self {
        ThreadUse {
            tid: None,
            name: names(rest.iter().map(|thread| thread.name.as_str())),
            count: rest.iter().map(|thread| thread.count).sum(),
            cpu_s: rest.iter().map(|thread| thread.cpu_s).sum(),
            runqueue_s: rest.iter().map(|thread| thread.runqueue_s).sum(),
            runnable: rest.iter().map(|thread| thread.runnable).sum::<f64>() / rest.len() as f64,
            waits: Waits::default(),
        }
    }
}

/// Sorts a list by CPU time and joins what is beyond its first entries.
fn shorten<T: Entry>(mut list: Vec<T>) -> Vec<T> {
    list.sort_by(|a, b| b.cpu_s().total_cmp(&a.cpu_s()).then(a.number().cmp(&b.number())));
    if list.len() > MAX_ENTRIES {
        let rest = list.split_off(MAX_ENTRIES);
        list.push(T::join(&rest));
    }
    list
}

/// Joins different names, three at most.
fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    let more = if names.len() > 3 { ", …" } else { "" };
    names.truncate(3);
    format!("{}{more}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, cpu_s: f64) -> ProcessUse {
        let name = format!("p{}", pid % 5);
        ProcessUse {
            pid: Some(pid),
            name,
            count: 1,
            cpu_s,
            runqueue_s: 0.5,
            system_share: None,
            threads: vec![],
        }
    }

    #[test]
    fn the_first_are_told_one_by_one_and_the_rest_together() {
        let list = shorten((0..20).map(|pid| process(pid, f64::from(pid))).collect());
        assert_eq!(list.len(), MAX_ENTRIES + 1);
        assert_eq!((list[0].pid, list[0].cpu_s), (Some(19), 19.0));
        let rest = &list[MAX_ENTRIES];
        assert_eq!((rest.pid, rest.count, rest.cpu_s, rest.runqueue_s), (None, 8, 28.0, 4.0));
        assert_eq!(rest.name, "p0, p1, p2, …");
        assert_eq!(shorten(vec![process(1, 1.0)]).len(), 1);
    }
}

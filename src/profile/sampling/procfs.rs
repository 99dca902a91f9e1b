//! Takes snapshots of a process tree from `/proc`.

use std::collections::{HashMap, HashSet};

use crate::host::clock::monotonic_ns;
use crate::host::procfs::{self, Schedstat, Stat};
use crate::host::usage::CpuTime;
use crate::profile::result::WaitKind;
use crate::profile::sampling::blocked;
use crate::profile::sampling::channel::Channels;
use crate::profile::sampling::snapshot::{
    Snapshot, ThreadKey, ThreadRecord, ThreadSample, ThreadState, elapsed_s,
};
use crate::profile::sampling::target::Target;
use crate::profile::sampling::timed_wait::{TimedEnds, TimedWait};

/// Threads of a process that are all asked for their children at every snapshot. Bigger processes are asked
/// in turns: every child is found all the same, a little later.
const THREADS_ASKED_AT_ONCE: usize = 8;

/// User and system ticks of one process, and of its children that were waited for.
#[derive(Debug, Clone, Copy, Default)]
struct Ticks {
    own: [u64; 2],
    children: [u64; 2],
}

/// Ticks of one process since sampling began.
#[derive(Debug, Clone, Copy)]
struct ProcessTicks {
    started: u64,
    before: Ticks,
    last: Ticks,
    /// Number of the last snapshot that found the process.
    snapshot: usize,
}

/// Takes snapshots of one tree again and again.
#[derive(Debug)]
pub struct ProcfsSampler {
    target: Target,
    /// Clock ticks since boot at which sampling began.
    begun: u64,
    snapshots: usize,
    records: HashMap<ThreadKey, ThreadRecord>,
    processes: HashMap<u32, ProcessTicks>,
    ticked: [u64; 2],
    sockets: HashSet<(u32, u64)>,
    channels: Channels,
    /// Time of this snapshot and of the one before, in seconds by `CLOCK_MONOTONIC`.
    look_s: [f64; 2],
    /// Waits with a time limit that have not ended, each with the number of the last snapshot that found it.
    timed_waits: HashMap<ThreadKey, (TimedWait, usize)>,
    timed_ends: TimedEnds,
}

impl ProcfsSampler {
    /// Prepares to sample `target`.
    pub fn new(target: Target) -> Self {
        ProcfsSampler {
            target,
            begun: (procfs::uptime_s().unwrap_or(0.0) * procfs::ticks_per_second()) as u64,
            snapshots: 0,
            records: HashMap::new(),
            processes: HashMap::new(),
            ticked: [0; 2],
            sockets: HashSet::new(),
            channels: Channels::default(),
            look_s: [monotonic_s(); 2],
            timed_waits: HashMap::new(),
            timed_ends: TimedEnds::default(),
        }
    }

    /// Returns every thread ever seen.
    pub fn records(&self) -> &HashMap<ThreadKey, ThreadRecord> {
        &self.records
    }

    /// Returns the CPU time of the tree by the kernel's ticks, at the last snapshot that found the tree;
    /// children that have ended and were waited for are included.
    pub fn ticked(&self) -> CpuTime {
        let [user_s, system_s] = self.ticked.map(|ticks| ticks as f64 / procfs::ticks_per_second());
        CpuTime { user_s, system_s }
    }

    /// Returns the kernel's share of the CPU time of a process, from 0 to 1, if the process used at least
    /// `min_ticks`.
    pub fn system_share(&self, pid: u32, min_ticks: f64) -> Option<f64> {
        let process = self.processes.get(&pid)?;
        let [user, system] = since(process.before.own, process.last.own).map(|ticks| ticks as f64);
        (user + system >= min_ticks).then(|| system / (user + system))
    }

    /// Takes the sockets that were waited for since the last call, each with a process that had it open.
    pub fn take_sockets(&mut self) -> HashSet<(u32, u64)> {
        std::mem::take(&mut self.sockets)
    }

    /// Takes a snapshot.
    pub fn snapshot(&mut self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        self.look_s = [monotonic_s(), self.look_s[0]];
        self.channels.begin_look(self.look_s[0]);
        let mut queue = vec![self.target.root];
        let mut next = 0;
        while let Some(&pid) = queue.get(next) {
            next += 1;
            self.process(pid, &mut snapshot, &mut queue);
        }
        snapshot.has_root =
            if self.target.includes_root { !snapshot.threads.is_empty() } else { queue.len() > 1 };
        if snapshot.has_root {
            self.ticked = self.sum_ticks();
        }
        let snapshots = self.snapshots;
        // The threads of the others are gone.
        self.end_timed_waits(|_, seen| seen < snapshots);
        self.channels.keep(&queue.iter().copied().collect());
        snapshot.ran_meanwhile = queue.len() > 2 && self.has_run_since(&snapshot);
        self.snapshots += 1;
        snapshot
    }

    /// Samples the threads of one process and adds its children to the queue.
    fn process(&mut self, pid: u32, snapshot: &mut Snapshot, queue: &mut Vec<u32>) {
        let Some(stat) = procfs::process_stat(pid) else { return };
        let threads = if stat.threads <= 1 { vec![pid] } else { procfs::threads(pid) };
        let groups = threads.len().div_ceil(THREADS_ASKED_AT_ONCE);
        for (i, tid) in threads.iter().enumerate() {
            if i == 0 || i % groups == self.snapshots % groups {
                let children = procfs::children(pid, *tid);
                self.channels.add(&children);
                snapshot.parents.extend(children.iter().map(|child| (*child, pid)));
                queue.extend(children);
            }
        }
        self.count_ticks(pid, &stat);
        if !self.is_sampled(pid) {
            return;
        }
        if threads.len() == 1 {
            snapshot.threads.extend(self.thread(pid, pid, stat));
            return;
        }
        for tid in threads {
            let stat = procfs::thread_stat(pid, tid);
            snapshot.threads.extend(stat.and_then(|stat| self.thread(pid, tid, stat)));
        }
    }

    /// Returns whether a process belongs to the tree, which its root may not.
    fn is_sampled(&self, pid: u32) -> bool {
        self.target.includes_root || pid != self.target.root
    }

    fn count_ticks(&mut self, pid: u32, stat: &Stat) {
        let now = Ticks { own: stat.own_ticks, children: stat.children_ticks };
        let before = if stat.started >= self.begun { Ticks::default() } else { now };
        let first = ProcessTicks { started: stat.started, before, last: before, snapshot: self.snapshots };
        let process = self.processes.entry(pid).or_insert(first);
        if process.started != stat.started {
            *process = first;
        }
        process.last = now;
        process.snapshot = self.snapshots;
    }

    /// Adds up the ticks of the processes in this snapshot; those that have ended are in the ticks of whoever
    /// waited for them.
    fn sum_ticks(&self) -> [u64; 2] {
        let mut sum = [0; 2];
        for (pid, process) in self.processes.iter().filter(|(_, p)| p.snapshot == self.snapshots) {
            let own =
                if self.is_sampled(*pid) { since(process.before.own, process.last.own) } else { [0; 2] };
            let children = since(process.before.children, process.last.children);
            sum = [sum[0] + own[0] + children[0], sum[1] + own[1] + children[1]];
        }
        sum
    }

    fn thread(&mut self, pid: u32, tid: u32, stat: Stat) -> Option<ThreadSample> {
        if stat.has_ended() {
            return None;
        }
        let now = procfs::schedstat(pid, tid)?;
        let key = ThreadKey { pid, tid, started: stat.started };
        // A thread older than the sampling counts from now on, a newer one from its start.
        let before = if stat.started >= self.begun { Schedstat::default() } else { now };
        let record = self.records.entry(key).or_insert_with(|| ThreadRecord::new(before));
        let was_scheduled = now.slices != record.last.slices || now.run_ns != record.last.run_ns;
        let (run_s, queued_s) = elapsed_s(record.last, now);
        record.last = now;
        if record.name != stat.name {
            record.name = stat.name;
        }
        record.samples += 1;
        if was_scheduled && let Some((wait, _)) = self.timed_waits.remove(&key) {
            let [now_s, before_s] = self.look_s;
            for ends in [&mut record.timed_ends, &mut self.timed_ends] {
                ends.record(&wait, now_s, now_s - before_s);
            }
        }
        let state = if stat.state == 'R' {
            record.blocked_on = None;
            record.runnable += 1;
            ThreadState::Runnable
        } else {
            // The other end may have been opened, or its process found, since.
            let is_outdated = record.blocked_on.is_some_and(|blocked| blocked.is_outside)
                && record.channels != self.channels.generation();
            if was_scheduled || record.blocked_on.is_none() || is_outdated {
                record.blocked_on = blocked::inspect(pid, tid, stat.state, &mut self.channels);
                record.channels = self.channels.generation();
                let socket = record.blocked_on.and_then(|blocked| blocked.socket);
                self.sockets.extend(socket.map(|inode| (pid, inode)));
                if let Some(deadline_s) = record.blocked_on.and_then(|blocked| blocked.deadline_s) {
                    let wait = TimedWait { seen_s: self.look_s[0], deadline_s };
                    self.timed_waits.insert(key, (wait, self.snapshots));
                }
            } else if let Some((_, seen)) = self.timed_waits.get_mut(&key) {
                *seen = self.snapshots;
            }
            let wait = record.blocked_on.map(|blocked| likely_end(blocked.wait, &record.timed_ends));
            wait.into_iter().for_each(|wait| record.waited.add(wait, 1.0));
            ThreadState::Blocked(wait)
        };
        Some(ThreadSample { key, state, run_s, queued_s, was_scheduled })
    }

    /// Returns the ends of all waits that had a time limit, with those whose time is over by now.
    pub(crate) fn finish_timed_waits(&mut self) -> TimedEnds {
        self.look_s = [monotonic_s(), self.look_s[0]];
        let now_s = self.look_s[0];
        self.end_timed_waits(|wait, _| now_s >= wait.deadline_s);
        self.timed_ends
    }

    /// Forgets timed waits that are over, of threads that are not asked any more. A thread that is gone before the
    /// time was over may have been killed in its wait.
    fn end_timed_waits(&mut self, is_over: impl Fn(&TimedWait, usize) -> bool) {
        let [now_s, before_s] = self.look_s;
        let (records, all_ends) = (&mut self.records, &mut self.timed_ends);
        self.timed_waits.retain(|key, (wait, seen)| {
            if !is_over(wait, *seen) {
                return true;
            }
            if now_s < wait.deadline_s {
                return false;
            }
            let of_thread = records.get_mut(key).map(|record| &mut record.timed_ends);
            for ends in of_thread.into_iter().chain([&mut *all_ends]) {
                ends.record(wait, now_s, now_s - before_s);
            }
            false
        });
    }

    /// Returns whether any of the threads that work has been given a CPU since it was sampled.
    fn has_run_since(&self, snapshot: &Snapshot) -> bool {
        snapshot.threads.iter().filter(|thread| thread.was_scheduled).any(|thread| {
            let now = procfs::schedstat(thread.key.pid, thread.key.tid);
            now.is_none_or(|now| now.slices != self.records[&thread.key].last.slices)
        })
    }
}

fn monotonic_s() -> f64 {
    monotonic_ns() as f64 * 1e-9
}

/// Returns the kind of a wait, for a lock with a time limit by what ended most of the thread's waits before.
fn likely_end(wait: WaitKind, ends: &TimedEnds) -> WaitKind {
    match ends.timed_out_share() {
        Some(share) if wait == WaitKind::LockOrTimer => {
            if share >= 0.5 {
                WaitKind::Sleep
            } else {
                WaitKind::Lock
            }
        }
        _ => wait,
    }
}

fn since(before: [u64; 2], after: [u64; 2]) -> [u64; 2] {
    [after[0].saturating_sub(before[0]), after[1].saturating_sub(before[1])]
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_measured_from_when_sampling_begins() {
        let pid = std::process::id();
        let mut sampler = ProcfsSampler::new(Target { root: pid, includes_root: true, runs_tasks: false });
        sampler.snapshot();
        let record = sampler.records().iter().find(|(key, _)| key.tid == pid).expect("the main thread");
        assert_eq!(record.1.total_s(), (0.0, 0.0));
    }
}

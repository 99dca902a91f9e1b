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
use crate::profile::sampling::ticks::TickLedger;
use crate::profile::sampling::timed_wait::{TimedEnds, TimedWait};

/// Threads of a process that are all asked for their children at every snapshot. Bigger processes are asked
/// in turns: every child is found all the same, a little later.
const THREADS_ASKED_AT_ONCE: usize = 8;

/// Threads of a process that are all looked at in every snapshot. Of a bigger process, those that waited at their
/// last look take turns: what they did since is seen all the same, a little later.
const THREADS_SAMPLED_AT_ONCE: usize = 128;

/// Takes snapshots of one tree again and again.
#[derive(Debug)]
pub struct ProcfsSampler {
    target: Target,
    /// Clock ticks since boot at which sampling began.
    begun: u64,
    snapshots: usize,
    records: HashMap<ThreadKey, ThreadRecord>,
    /// The threads of big processes that waited at their last look, by process and thread.
    waiting: HashMap<(u32, u32), ThreadSample>,
    ticks: TickLedger,
    ticked: [u64; 2],
    sockets: HashSet<(u32, u64)>,
    channels: Channels,
    /// Time of this snapshot and of the one before, in seconds by `CLOCK_MONOTONIC`.
    look_s: [f64; 2],
    /// Waits with a time limit that have not ended, each with the number of the last snapshot that found it.
    timed_waits: HashMap<ThreadKey, (TimedWait, usize)>,
    timed_ends: TimedEnds,
    /// Threads that the last snapshot found stopped by a signal.
    stopped: HashSet<ThreadKey>,
    /// Number of times that a thread was given a CPU since the last call of `take_wakeups`.
    wakeups: u64,
}

impl ProcfsSampler {
    /// Prepares to sample `target`.
    pub fn new(target: Target) -> Self {
        let begun = (procfs::uptime_s().unwrap_or(0.0) * procfs::ticks_per_second()) as u64;
        ProcfsSampler {
            target,
            begun,
            snapshots: 0,
            records: HashMap::new(),
            waiting: HashMap::new(),
            ticks: TickLedger::new(begun),
            ticked: [0; 2],
            sockets: HashSet::new(),
            channels: Channels::default(),
            look_s: [monotonic_s(); 2],
            timed_waits: HashMap::new(),
            timed_ends: TimedEnds::default(),
            stopped: HashSet::new(),
            wakeups: 0,
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
        self.ticks.system_share(pid, min_ticks)
    }

    /// Takes the sockets that were waited for since the last call, each with a process that had it open.
    pub fn take_sockets(&mut self) -> HashSet<(u32, u64)> {
        std::mem::take(&mut self.sockets)
    }

    /// Does the part of a snapshot that may take longer than all the rest.
    pub(super) fn follow_up(&mut self) {
        self.channels.look_up_wanted();
    }

    /// Takes the number of times that a thread was given a CPU since the last call.
    pub fn take_wakeups(&mut self) -> u64 {
        std::mem::take(&mut self.wakeups)
    }

    /// Returns whether a signal keeps the tree stopped in `snapshot`, which is the last one.
    ///
    /// It does if a thread that worked before is stopped, and all others only wait for threads of the tree.
    pub fn is_stopped(&self, snapshot: &Snapshot) -> bool {
        let works = |key: &ThreadKey| {
            key.pid == self.target.root
                || self.records.get(key).is_some_and(|record| record.total_s().0 > 0.0)
        };
        let may_wait = |thread: &ThreadSample| {
            let outside = |wait| matches!(wait, WaitKind::Network | WaitKind::Disk | WaitKind::Sleep);
            match thread.state {
                ThreadState::Runnable => false,
                ThreadState::Blocked(wait) => {
                    self.stopped.contains(&thread.key) || !wait.is_some_and(outside)
                }
            }
        };
        self.stopped.iter().any(works) && !snapshot.ran_meanwhile && snapshot.threads.iter().all(may_wait)
    }

    /// Takes a snapshot.
    pub fn snapshot(&mut self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        self.look_s = [monotonic_s(), self.look_s[0]];
        self.channels.begin_look(self.look_s[0]);
        self.stopped.clear();
        let mut queue = vec![(self.target.root, None)];
        let mut next = 0;
        while let Some(&(pid, parent)) = queue.get(next) {
            next += 1;
            self.process(pid, parent, &mut snapshot, &mut queue);
        }
        self.ticks.end_snapshot(|pid| procfs::process_stat(pid).is_some());
        snapshot.has_root =
            if self.target.includes_root { !snapshot.threads.is_empty() } else { queue.len() > 1 };
        if snapshot.has_root {
            self.ticked = self.ticks.sum(|pid| self.is_sampled(pid));
        }
        let snapshots = self.snapshots;
        // The threads of the others are gone.
        self.end_timed_waits(|_, seen| seen < snapshots);
        self.channels.keep(&queue.iter().map(|(pid, _)| *pid).collect());
        snapshot.ran_meanwhile = queue.len() > 2 && self.has_run_since(&snapshot);
        self.snapshots += 1;
        snapshot
    }

    /// Samples the threads of one process and adds its children to the queue of processes and their parents.
    fn process(
        &mut self,
        pid: u32,
        parent: Option<u32>,
        snapshot: &mut Snapshot,
        queue: &mut Vec<(u32, Option<u32>)>,
    ) {
        let Some(stat) = procfs::process_stat(pid) else { return };
        let threads = if stat.threads <= 1 { vec![pid] } else { procfs::threads(pid) };
        let groups = threads.len().div_ceil(THREADS_ASKED_AT_ONCE);
        for (i, tid) in threads.iter().enumerate() {
            if i == 0 || i % groups == self.snapshots % groups {
                let mut children = procfs::children(pid, *tid);
                children.retain(|child| !is_this_process(*child));
                self.channels.add(&children);
                snapshot.parents.extend(children.iter().map(|child| (*child, pid)));
                queue.extend(children.into_iter().map(|child| (child, Some(pid))));
            }
        }
        self.ticks.record(pid, parent, &stat);
        if !self.is_sampled(pid) {
            return;
        }
        if threads.len() == 1 {
            snapshot.threads.extend(self.thread(pid, pid, stat));
            return;
        }
        let turns = threads.len().div_ceil(THREADS_SAMPLED_AT_ONCE);
        for (i, tid) in threads.into_iter().enumerate() {
            let is_its_turn = i % turns == self.snapshots % turns;
            let sample = if is_its_turn { None } else { self.still_waiting(pid, tid) };
            snapshot.threads.extend(sample.or_else(|| {
                let stat = procfs::thread_stat(pid, tid)?;
                let sample = self.thread(pid, tid, stat)?;
                if turns > 1 {
                    self.remember(&sample);
                }
                Some(sample)
            }));
        }
    }

    /// Returns a thread as it was at its last look, if it waited then.
    fn still_waiting(&mut self, pid: u32, tid: u32) -> Option<ThreadSample> {
        let sample = self.waiting.get(&(pid, tid))?.clone();
        if let Some((_, seen)) = self.timed_waits.get_mut(&sample.key) {
            *seen = self.snapshots;
        }
        Some(sample)
    }

    /// Remembers a thread that waits until it is its turn again.
    fn remember(&mut self, sample: &ThreadSample) {
        let place = (sample.key.pid, sample.key.tid);
        if matches!(sample.state, ThreadState::Blocked(Some(_))) && !sample.was_scheduled {
            self.waiting.insert(place, ThreadSample { run_s: 0.0, queued_s: 0.0, ..sample.clone() });
        } else {
            self.waiting.remove(&place);
        }
    }

    /// Returns whether a process belongs to the tree, which its root may not.
    fn is_sampled(&self, pid: u32) -> bool {
        self.target.includes_root || pid != self.target.root
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
        self.wakeups += now.slices.saturating_sub(record.last.slices);
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
        if matches!(stat.state, 'T' | 't') {
            self.stopped.insert(key);
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

/// Returns whether a process is this one, which is no part of what it profiles: not of a shell that started it.
fn is_this_process(pid: u32) -> bool {
    pid == std::process::id()
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

//! Turns snapshots into intervals: which threads work, and what the tree waits for.

use std::collections::HashMap;

use crate::profile::result::WaitKind;
use crate::profile::sampling::interval::{CpuUse, Interval, WaitSums, WorkerCounts};
use crate::profile::sampling::snapshot::{Snapshot, ThreadKey, ThreadSample, ThreadState};
use crate::profile::sampling::wait_counts::WaitCounts;

/// Seconds in which recent activity loses half of its weight.
const HALF_LIFE_S: f64 = 1.0;

/// Share of the recent activity of the busiest thread below which a thread is a helper.
const HELPER_SHARE: f64 = 0.05;

/// Share of the recent activity of a thread that sleeps from which a thread below it explains it.
const EXPLAINS_FROM: f64 = 0.1;

/// Seconds before the last run of any thread within which another thread counts as having run last too.
const RECENT_S: f64 = 0.06;

/// Share of the CPU time of the busiest thread from which a thread is a worker like it.
const WORKER_SHARE: f64 = 0.2;

/// Number of threads up to which a snapshot is quick enough that a thread that ran meanwhile shows that the snapshot
/// missed it: while a large tree is looked at, something nearly always runs.
const MAX_THREADS_AT_A_GLANCE: usize = 8;

/// Weight in seconds of a thread that has not run yet, small next to any activity.
const IDLE_WEIGHT_S: f64 = 1e-6;

/// Recent and total activity of a thread.
#[derive(Debug, Clone, Copy, Default)]
struct Activity {
    /// CPU seconds, discounted by age.
    recent_s: f64,
    /// CPU seconds altogether.
    total_s: f64,
    /// Time of its last run, in seconds since sampling began.
    ran_at_s: f64,
}

/// Turns snapshots into intervals; remembers which threads work and which only wait next to them.
#[derive(Debug, Default)]
pub(crate) struct ActivityTracker {
    activity: HashMap<ThreadKey, Activity>,
}

impl ActivityTracker {
    /// Returns the interval of `span_s` seconds that ended with `snapshot`, `at_s` seconds after sampling
    /// began.
    pub(crate) fn interval(&mut self, snapshot: &Snapshot, at_s: f64, span_s: f64) -> Interval {
        self.update(snapshot, at_s, span_s);
        let threads = &snapshot.threads;
        let is_runnable = threads.iter().any(|thread| thread.state == ThreadState::Runnable)
            || (snapshot.ran_meanwhile && threads.len() <= MAX_THREADS_AT_A_GLANCE)
            || is_between_children(snapshot);
        let share = |s: f64| if span_s > 0.0 { (s / span_s).min(1.0) } else { 0.0 };
        let busy_shares = threads.iter().map(|thread| share(thread.run_s + thread.queued_s));
        let below_s = self.activity_below(snapshot);
        let (working, waiting) = self.workers(snapshot, &below_s);
        let thread_count = threads.len() as f64;
        let kinds = self.explaining_waits(snapshot, &below_s);
        let (workers, waits) = if is_runnable {
            let at_once = working + waiting;
            (
                WorkerCounts {
                    at_once,
                    waiting_while_busy: waiting,
                    waiting_while_idle: 0.0,
                    threads: thread_count,
                },
                WaitSums { while_busy: kinds, ..WaitSums::default() },
            )
        } else {
            (
                WorkerCounts {
                    waiting_while_idle: waiting.max(1.0),
                    threads: thread_count,
                    ..WorkerCounts::default()
                },
                WaitSums { while_idle: kinds, ..WaitSums::default() },
            )
        };
        Interval {
            at_s,
            span_s,
            // No thread exists between two runs.
            samples: f64::from(u8::from(!threads.is_empty())),
            cpu: CpuUse {
                run_s: threads.iter().map(|thread| thread.run_s).sum(),
                queued_s: threads.iter().map(|thread| thread.queued_s).sum(),
                busiest: busy_shares.fold(0.0, f64::max),
                runnable: f64::from(u8::from(is_runnable)),
                ..CpuUse::default()
            },
            workers,
            waits,
            ..Interval::default()
        }
    }

    fn update(&mut self, snapshot: &Snapshot, at_s: f64, span_s: f64) {
        let faded = 0.5_f64.powf(span_s / HALF_LIFE_S);
        let before = std::mem::take(&mut self.activity);
        for thread in &snapshot.threads {
            let mut activity = before.get(&thread.key).copied().unwrap_or_default();
            activity.recent_s = activity.recent_s * faded + thread.run_s;
            activity.total_s += thread.run_s;
            if thread.was_scheduled {
                activity.ran_at_s = at_s;
            }
            self.activity.insert(thread.key, activity);
        }
    }

    /// Returns the waits that explain why the tree waits, with a total weight of 1, or none.
    ///
    /// The threads that count are those that have been working, and those that ran last: all others wait for
    /// these in the end. A wait for another thread is explained by what that thread waits for.
    fn explaining_waits(&self, snapshot: &Snapshot, below_s: &HashMap<u32, f64>) -> WaitCounts {
        let busiest = self.activity.values().map(|a| a.recent_s).fold(0.0, f64::max);
        let last = self.activity.values().map(|a| a.ran_at_s).fold(0.0, f64::max);
        let counts_for_tree = |activity: &Activity| {
            activity.recent_s >= HELPER_SHARE * busiest || activity.ran_at_s >= last - RECENT_S
        };
        let blocked = |thread: &ThreadSample| match thread.state {
            ThreadState::Blocked(Some(wait)) => Some((wait, self.activity.get(&thread.key).copied()?)),
            _ => None,
        };
        let active: Vec<_> = snapshot
            .threads
            .iter()
            .filter(|thread| !self.is_explained_below(thread, below_s))
            .filter_map(blocked)
            .filter(|(_, activity)| counts_for_tree(activity))
            .collect();
        let mut counts = WaitCounts::default();
        let Some(lowest) = active.iter().map(|(wait, _)| rank(*wait)).min() else { return counts };
        // The end of a parent's wait could not be seen any more.
        if lowest == rank(WaitKind::Child) && snapshot.threads.iter().any(is_over) {
            return counts;
        }
        let chosen: Vec<_> = active.into_iter().filter(|(wait, _)| rank(*wait) == lowest).collect();
        let weight = |activity: &Activity| activity.recent_s + IDLE_WEIGHT_S;
        let total: f64 = chosen.iter().map(|(_, activity)| weight(activity)).sum();
        for (wait, activity) in &chosen {
            counts.add(*wait, weight(activity) / total);
        }
        counts
    }

    /// Returns true if a thread only sleeps until it looks again what has become of its children, as a parent
    /// does that asks every few milliseconds whether they have ended: one of them works, if only a tenth as much.
    fn is_explained_below(&self, parent: &ThreadSample, below_s: &HashMap<u32, f64>) -> bool {
        parent.state == ThreadState::Blocked(Some(WaitKind::Sleep))
            && below_s
                .get(&parent.key.pid)
                .is_some_and(|busiest_s| *busiest_s >= EXPLAINS_FROM * self.recent_s(&parent.key))
    }

    /// Returns the recent activity of the busiest thread that works below each process, in seconds.
    fn activity_below(&self, snapshot: &Snapshot) -> HashMap<u32, f64> {
        let mut below_s = HashMap::new();
        let works = |thread: &&ThreadSample| match thread.state {
            ThreadState::Runnable => true,
            // A wait that was over before its kind could be seen was short: the thread works.
            ThreadState::Blocked(wait) => wait.is_none_or(|wait| rank(wait) == 0),
        };
        for thread in snapshot.threads.iter().filter(works) {
            let recent_s = self.recent_s(&thread.key);
            let above = |pid: &u32| snapshot.parents.get(pid).copied();
            for pid in std::iter::successors(above(&thread.key.pid), above) {
                let busiest_s: &mut f64 = below_s.entry(pid).or_default();
                *busiest_s = busiest_s.max(recent_s);
            }
        }
        below_s
    }

    fn recent_s(&self, key: &ThreadKey) -> f64 {
        self.activity.get(key).map_or(0.0, |activity| activity.recent_s)
    }

    /// Returns the number of runnable threads, and of workers that wait for something outside the tree.
    fn workers(&self, snapshot: &Snapshot, below_s: &HashMap<u32, f64>) -> (f64, f64) {
        let busiest = self.activity.values().map(|a| a.total_s).fold(0.0, f64::max);
        let (mut runnable, mut outside) = (0.0_f64, 0.0);
        for thread in &snapshot.threads {
            let activity = self.activity.get(&thread.key);
            let is_worker = activity.is_some_and(|a| a.total_s >= WORKER_SHARE * busiest);
            match thread.state {
                ThreadState::Runnable => runnable += 1.0,
                ThreadState::Blocked(Some(wait))
                    if is_worker && rank(wait) == 0 && !self.is_explained_below(thread, below_s) =>
                {
                    outside += 1.0;
                }
                ThreadState::Blocked(_) => {}
            }
        }
        // Something ran between the samples, so at least one thread did.
        (runnable.max(1.0), outside)
    }
}

/// Returns how much a wait leaves unexplained: 0 if something outside the tree ends it, 1 if another thread
/// of the tree may end it, and 2 for the wait for a child or a signal, which tells nothing of what it is for.
fn rank(wait: WaitKind) -> u8 {
    match wait {
        WaitKind::Network | WaitKind::Disk | WaitKind::Sleep => 0,
        WaitKind::Pipe | WaitKind::Lock | WaitKind::LockOrTimer | WaitKind::Other => 1,
        WaitKind::Child | WaitKind::Signal => 2,
    }
}

/// Returns whether a wait was over before its kind could be seen.
fn is_over(thread: &ThreadSample) -> bool {
    thread.state == ThreadState::Blocked(None)
}

/// Returns whether all threads are parents that wait for children which have come and gone between samples,
/// or are still to come: one of them has run since the last sample.
fn is_between_children(snapshot: &Snapshot) -> bool {
    let waits_for_child = |thread: &ThreadSample| thread.state == ThreadState::Blocked(Some(WaitKind::Child));
    snapshot.threads.iter().any(|thread| waits_for_child(thread) && thread.was_scheduled)
        && snapshot.threads.iter().all(|thread| waits_for_child(thread) || is_over(thread))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread(tid: u32, state: ThreadState, run_s: f64) -> ThreadSample {
        let key = ThreadKey { pid: 1, tid, started: 1 };
        ThreadSample { key, state, run_s, queued_s: 0.0, was_scheduled: run_s > 0.0 }
    }

    fn blocked(wait: WaitKind) -> ThreadState {
        ThreadState::Blocked(Some(wait))
    }

    fn snapshot(threads: Vec<ThreadSample>) -> Snapshot {
        Snapshot { threads, has_root: true, ..Snapshot::default() }
    }

    /// The kinds of waits at the last of several snapshots, 20 ms apart.
    fn waits(snapshots: &[Snapshot]) -> WaitCounts {
        let mut tracker = ActivityTracker::default();
        let intervals = snapshots.iter().enumerate().map(|(i, s)| tracker.interval(s, i as f64 * 0.02, 0.02));
        intervals.last().expect("a snapshot").waits.while_idle
    }

    #[test]
    fn a_parent_is_explained_by_its_child() {
        let parent = |run| thread(1, blocked(WaitKind::Child), run);
        let child = |run| thread(2, blocked(WaitKind::Sleep), run);
        let snapshots =
            [snapshot(vec![parent(0.002), child(0.001)]), snapshot(vec![parent(0.0), child(0.0)])];
        assert_eq!(waits(&snapshots).shares().sleep, 1.0);
    }

    #[test]
    fn a_main_thread_that_did_much_is_explained_by_the_worker_that_ran_last() {
        let main = |run| thread(1, blocked(WaitKind::Lock), run);
        let worker = |run| thread(2, blocked(WaitKind::Network), run);
        let snapshots = [
            snapshot(vec![thread(1, ThreadState::Runnable, 0.018)]),
            snapshot(vec![main(0.01), worker(0.0005)]),
            snapshot(vec![main(0.0), worker(0.0005)]),
        ];
        assert_eq!(waits(&snapshots).shares().network, 1.0);
    }

    #[test]
    fn idle_helpers_weigh_nothing() {
        let helper = |tid, run| thread(tid, blocked(WaitKind::Sleep), run);
        let main = |state, run| thread(1, state, run);
        let mut snapshots =
            vec![snapshot(vec![main(ThreadState::Runnable, 0.01), helper(2, 0.0001), helper(3, 0.0001)])];
        for _ in 0..10 {
            let main = main(blocked(WaitKind::Network), 0.005);
            snapshots.push(snapshot(vec![main, helper(2, 0.0), helper(3, 0.0)]));
        }
        assert_eq!(waits(&snapshots).shares().network, 1.0);
    }

    #[test]
    fn a_parent_alone_waits_for_a_child_that_was_not_seen() {
        let mut tracker = ActivityTracker::default();
        let alone = snapshot(vec![thread(1, blocked(WaitKind::Child), 0.001)]);
        assert_eq!(tracker.interval(&alone, 0.02, 0.02).cpu.runnable, 1.0);
        let nothing = tracker.interval(&snapshot(vec![]), 0.04, 0.02);
        assert_eq!((nothing.cpu.runnable, nothing.samples), (0.0, 0.0));
    }

    #[test]
    fn a_parent_that_has_not_run_waits_for_what_it_says() {
        let mut tracker = ActivityTracker::default();
        let alone = |run_s| snapshot(vec![thread(1, blocked(WaitKind::Child), run_s)]);
        tracker.interval(&alone(0.001), 0.02, 0.02);
        let later = tracker.interval(&alone(0.0), 0.04, 0.02);
        assert_eq!((later.cpu.runnable, later.waits.while_idle.shares().child), (0.0, 1.0));
    }

    #[test]
    fn a_parent_that_asks_again_and_again_is_explained_by_its_child() {
        let of = |pid, wait, run_s| {
            let key = ThreadKey { pid, tid: pid, started: 1 };
            ThreadSample { key, ..thread(pid, blocked(wait), run_s) }
        };
        let look = |child_s| Snapshot {
            parents: [(2, 1)].into(),
            ..snapshot(vec![of(1, WaitKind::Sleep, 0.02), of(2, WaitKind::Disk, child_s)])
        };
        assert_eq!(waits(&[look(0.003), look(0.003)]).shares().disk, 1.0);
        let mut tracker = ActivityTracker::default();
        assert_eq!(tracker.interval(&look(0.005), 0.02, 0.02).workers.waiting_while_idle, 1.0);
        // A child that hardly does anything explains nothing.
        assert!(waits(&[look(0.0001)]).shares().sleep > 0.9);
    }

    #[test]
    fn what_ran_during_a_snapshot_counts_only_where_the_snapshot_is_quick() {
        let is_runnable = |count: u32| {
            let threads = (0..count).map(|tid| thread(tid, blocked(WaitKind::Pipe), 0.001)).collect();
            let snapshot = Snapshot { ran_meanwhile: true, ..snapshot(threads) };
            ActivityTracker::default().interval(&snapshot, 0.02, 0.02).cpu.runnable
        };
        assert_eq!((is_runnable(3), is_runnable(68)), (1.0, 0.0));
    }

    #[test]
    fn workers_that_wait_outside_the_tree_are_counted() {
        let mut tracker = ActivityTracker::default();
        let other = |state| thread(2, state, 0.01);
        let asleep = blocked(WaitKind::Sleep);
        let half = snapshot(vec![thread(1, ThreadState::Runnable, 0.01), other(asleep)]);
        let expected =
            WorkerCounts { at_once: 2.0, waiting_while_busy: 1.0, waiting_while_idle: 0.0, threads: 2.0 };
        assert_eq!(tracker.interval(&half, 0.02, 0.02).workers, expected);
        let both = snapshot(vec![thread(1, asleep, 0.01), other(asleep)]);
        let expected =
            WorkerCounts { at_once: 0.0, waiting_while_busy: 0.0, waiting_while_idle: 2.0, threads: 2.0 };
        assert_eq!(tracker.interval(&both, 0.03, 0.01).workers, expected);
        let pipeline = snapshot(vec![thread(1, ThreadState::Runnable, 0.01), other(blocked(WaitKind::Pipe))]);
        assert_eq!(tracker.interval(&pipeline, 0.04, 0.01).workers.waiting_while_busy, 0.0);
    }
}

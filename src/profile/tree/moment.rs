//! What a tree did between two looks, as plain numbers.

use std::collections::HashMap;

use crate::profile::tree::scan::{Doing, Look, Seen, ThreadKey};
use crate::profile::waits::{Wait, WaitCounts};

/// Activity is halved in this many seconds.
const HALF_LIFE_S: f64 = 1.0;

/// A thread with less than this share of the activity of the busiest one is a helper.
const HELPER: f64 = 0.05;

/// A thread that ran within this time of the one that ran last is as recent, in seconds.
const RECENT_S: f64 = 0.06;

/// A thread with at least this share of the CPU time of the busiest one is a worker like it.
const WORKER: f64 = 0.2;

/// The most moments that are kept; when there are more, each two become one.
const MOST: usize = 8192;

/// What a tree did between two looks.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moment {
    /// Seconds since the profile began, at its end.
    pub at_s: f64,
    /// Seconds it took.
    pub span_s: f64,
    /// Looks in it: 1, or more where moments were put together.
    pub looks: f64,
    /// CPU seconds of all threads seen.
    pub run_s: f64,
    /// Seconds of all threads seen in the run queue.
    pub queued_s: f64,
    /// The busiest thread's share of the time, running or in the run queue.
    pub busiest: f64,
    /// Share of the looks that found something runnable.
    pub runnable: f64,
    /// Workers that waited for something outside the tree though another thread was runnable.
    pub waiting_beside: f64,
    /// The same while nothing was runnable, and at least one: something was waited for.
    pub waiting_alone: f64,
    /// Workers that were runnable or waited for something outside the tree, where anything was runnable.
    pub workers: f64,
    /// Threads there were, at most.
    pub threads: f64,
    /// What was waited for while nothing was runnable, in looks.
    pub waits: WaitCounts,
    /// What was waited for while something was.
    pub beside: WaitCounts,
}

impl Moment {
    /// This moment and the next one as one.
    pub fn and(self, next: Moment) -> Moment {
        let span_s = self.span_s + next.span_s;
        let mean =
            |a: f64, b: f64| if span_s > 0.0 { (a * self.span_s + b * next.span_s) / span_s } else { a };
        Moment {
            at_s: next.at_s,
            span_s,
            looks: self.looks + next.looks,
            run_s: self.run_s + next.run_s,
            queued_s: self.queued_s + next.queued_s,
            busiest: mean(self.busiest, next.busiest),
            runnable: mean(self.runnable, next.runnable),
            waiting_beside: mean(self.waiting_beside, next.waiting_beside),
            waiting_alone: mean(self.waiting_alone, next.waiting_alone),
            workers: mean(self.workers, next.workers),
            threads: self.threads.max(next.threads),
            waits: self.waits.and(&next.waits),
            beside: self.beside.and(&next.beside),
        }
    }
}

/// The moments of a profile, in bounded memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Moments {
    list: Vec<Moment>,
    /// Moments that are put together before they are added.
    per_entry: usize,
    pending: Option<(usize, Moment)>,
}

impl Moments {
    /// Adds the next one.
    pub fn push(&mut self, moment: Moment) {
        let (count, joined) = match self.pending.take() {
            None => (1, moment),
            Some((count, before)) => (count + 1, before.and(moment)),
        };
        if count < self.per_entry {
            self.pending = Some((count, joined));
            return;
        }
        self.list.push(joined);
        if self.list.len() >= MOST {
            self.list =
                self.list.chunks(2).map(|pair| pair[1..].iter().fold(pair[0], |a, b| a.and(*b))).collect();
            self.per_entry = self.per_entry.max(1) * 2;
        }
    }

    /// All of them, in order.
    pub fn into_vec(mut self) -> Vec<Moment> {
        self.list.extend(self.pending.map(|(_, moment)| moment));
        self.list
    }
}

/// How active a thread has been of late.
#[derive(Debug, Clone, Copy, Default)]
struct Activity {
    /// CPU seconds, those long past counting less.
    recent_s: f64,
    /// CPU seconds altogether.
    total_s: f64,
    /// When it last ran, in seconds since the profile began.
    ran_at_s: f64,
}

/// Turns looks into moments; it remembers which threads work and which only wait beside them.
#[derive(Debug, Default)]
pub struct Observer {
    activity: HashMap<ThreadKey, Activity>,
}

impl Observer {
    /// What happened in the `span_s` seconds that ended `at_s` seconds after the profile began.
    pub fn observe(&mut self, look: &Look, at_s: f64, span_s: f64) -> Moment {
        self.update(look, at_s, span_s);
        let runnable = look.threads.iter().any(|seen| seen.doing == Doing::Runnable)
            || look.ran_meanwhile
            || is_between_children(look);
        let kinds = self.kinds(look);
        let share = |s: f64| if span_s > 0.0 { (s / span_s).min(1.0) } else { 0.0 };
        let busiest = look.threads.iter().map(|seen| share(seen.run_s + seen.queued_s)).fold(0.0, f64::max);
        let (working, waiting) = self.workers(look);
        let (waits, beside) =
            if runnable { (WaitCounts::default(), kinds) } else { (kinds, WaitCounts::default()) };
        Moment {
            at_s,
            span_s,
            // Between two runs there is nothing to be seen.
            looks: f64::from(u8::from(!look.threads.is_empty())),
            run_s: look.threads.iter().map(|seen| seen.run_s).sum(),
            queued_s: look.threads.iter().map(|seen| seen.queued_s).sum(),
            busiest,
            runnable: f64::from(u8::from(runnable)),
            waiting_beside: if runnable { waiting } else { 0.0 },
            waiting_alone: if runnable { 0.0 } else { waiting.max(1.0) },
            workers: if runnable { working + waiting } else { 0.0 },
            threads: look.threads.len() as f64,
            waits,
            beside,
        }
    }

    fn update(&mut self, look: &Look, at_s: f64, span_s: f64) {
        let faded = 0.5_f64.powf(span_s / HALF_LIFE_S);
        let before = std::mem::take(&mut self.activity);
        for seen in &look.threads {
            let mut activity = before.get(&seen.key).copied().unwrap_or_default();
            activity.recent_s = activity.recent_s * faded + seen.run_s;
            activity.total_s += seen.run_s;
            if seen.was_scheduled {
                activity.ran_at_s = at_s;
            }
            self.activity.insert(seen.key, activity);
        }
    }

    /// What the threads that matter wait for, as one look.
    ///
    /// They are those that have been working, and those that ran last, for what they wait for now is
    /// what all others wait for in the end. Waiting for one another is explained by what the others do.
    fn kinds(&self, look: &Look) -> WaitCounts {
        let busiest = self.activity.values().map(|a| a.recent_s).fold(0.0, f64::max);
        let last = self.activity.values().map(|a| a.ran_at_s).fold(0.0, f64::max);
        let matters = |activity: &Activity| {
            activity.recent_s >= HELPER * busiest || activity.ran_at_s >= last - RECENT_S
        };
        let blocked = |seen: &Seen| match seen.doing {
            Doing::Blocked(Some(wait)) => Some((wait, self.activity.get(&seen.key).copied()?)),
            _ => None,
        };
        let active: Vec<_> =
            look.threads.iter().filter_map(blocked).filter(|(_, activity)| matters(activity)).collect();
        let mut counts = WaitCounts::default();
        let Some(rank) = active.iter().map(|(wait, _)| rank(*wait)).min() else { return counts };
        // What a parent waits for was over before it could be seen.
        let is_over = |seen: &Seen| seen.doing == Doing::Blocked(None);
        if rank == self::rank(Wait::Child) && look.threads.iter().any(is_over) {
            return counts;
        }
        let chosen: Vec<_> = active.into_iter().filter(|(wait, _)| self::rank(*wait) == rank).collect();
        // A thread that has not run yet counts a little.
        let weight = |activity: &Activity| activity.recent_s + 1e-6;
        let total: f64 = chosen.iter().map(|(_, activity)| weight(activity)).sum();
        for (wait, activity) in &chosen {
            counts.add(*wait, weight(activity) / total);
        }
        counts
    }

    /// How many threads are runnable, and how many workers wait for something outside the tree.
    fn workers(&self, look: &Look) -> (f64, f64) {
        let busiest = self.activity.values().map(|a| a.total_s).fold(0.0, f64::max);
        let (mut runnable, mut outside) = (0.0_f64, 0.0);
        for seen in &look.threads {
            let is_worker = self.activity.get(&seen.key).is_some_and(|a| a.total_s >= WORKER * busiest);
            match seen.doing {
                Doing::Runnable => runnable += 1.0,
                Doing::Blocked(Some(wait)) if is_worker && rank(wait) == 0 => outside += 1.0,
                Doing::Blocked(_) => {}
            }
        }
        // What ran meanwhile is one, whatever it was.
        (runnable.max(1.0), outside)
    }
}

/// How much a wait explains: 0 for one that something outside the tree ends, then waits that another
/// thread of the tree may end, and last the wait for a child, which it always does.
fn rank(wait: Wait) -> u8 {
    match wait {
        Wait::Network | Wait::Disk | Wait::Sleep => 0,
        Wait::Pipe | Wait::Lock | Wait::Other => 1,
        Wait::Child => 2,
    }
}

/// Whether all that is seen are parents waiting for children that have come and gone meanwhile, or that
/// are still to come.
fn is_between_children(look: &Look) -> bool {
    let waits_for_child = |seen: &Seen| seen.doing == Doing::Blocked(Some(Wait::Child));
    let is_over = |seen: &Seen| seen.doing == Doing::Blocked(None);
    look.threads.iter().any(waits_for_child)
        && look.threads.iter().all(|seen| waits_for_child(seen) || is_over(seen))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(tid: u32, doing: Doing, run_s: f64) -> Seen {
        let key = ThreadKey { pid: 1, tid, started: 1 };
        Seen { key, doing, run_s, queued_s: 0.0, was_scheduled: run_s > 0.0 }
    }

    fn blocked(wait: Wait) -> Doing {
        Doing::Blocked(Some(wait))
    }

    fn look(threads: Vec<Seen>) -> Look {
        Look { threads, ran_meanwhile: false, has_root: true }
    }

    /// The kinds of waits at the last of several looks, 20 ms apart.
    fn waits(looks: &[Look]) -> WaitCounts {
        let mut observer = Observer::default();
        let moments = looks.iter().enumerate().map(|(i, look)| observer.observe(look, i as f64 * 0.02, 0.02));
        moments.last().expect("a look").waits
    }

    #[test]
    fn a_parent_is_explained_by_its_child() {
        let started = look(vec![seen(1, blocked(Wait::Child), 0.002), seen(2, blocked(Wait::Sleep), 0.001)]);
        let later = look(vec![seen(1, blocked(Wait::Child), 0.0), seen(2, blocked(Wait::Sleep), 0.0)]);
        assert_eq!(waits(&[started, later]).shares().sleep, 1.0);
    }

    #[test]
    fn a_main_thread_that_did_much_is_explained_by_the_worker_that_ran_last() {
        let main = |run| seen(1, blocked(Wait::Lock), run);
        let worker = |run| seen(2, blocked(Wait::Network), run);
        let looks = [
            look(vec![seen(1, Doing::Runnable, 0.018)]),
            look(vec![main(0.01), worker(0.0005)]),
            look(vec![main(0.0), worker(0.0005)]),
        ];
        assert_eq!(waits(&looks).shares().network, 1.0);
    }

    #[test]
    fn idle_helpers_weigh_nothing() {
        let helper = |tid, run| seen(tid, blocked(Wait::Sleep), run);
        let mut looks =
            vec![look(vec![seen(1, Doing::Runnable, 0.01), helper(2, 0.0001), helper(3, 0.0001)])];
        for _ in 0..10 {
            looks.push(look(vec![seen(1, blocked(Wait::Network), 0.005), helper(2, 0.0), helper(3, 0.0)]));
        }
        assert_eq!(waits(&looks).shares().network, 1.0);
    }

    #[test]
    fn a_parent_alone_waits_for_a_child_that_was_not_seen() {
        let mut observer = Observer::default();
        let alone = look(vec![seen(1, blocked(Wait::Child), 0.001)]);
        assert_eq!(observer.observe(&alone, 0.02, 0.02).runnable, 1.0);
        let nothing = observer.observe(&look(vec![]), 0.04, 0.02);
        assert_eq!((nothing.runnable, nothing.looks), (0.0, 0.0));
    }

    #[test]
    fn workers_that_wait_outside_the_tree_are_counted() {
        let mut observer = Observer::default();
        let half = look(vec![seen(1, Doing::Runnable, 0.01), seen(2, blocked(Wait::Sleep), 0.01)]);
        let moment = observer.observe(&half, 0.02, 0.02);
        assert_eq!((moment.workers, moment.waiting_beside, moment.waiting_alone), (2.0, 1.0, 0.0));
        let both = look(vec![seen(1, blocked(Wait::Sleep), 0.01), seen(2, blocked(Wait::Sleep), 0.01)]);
        let moment = observer.observe(&both, 0.03, 0.01);
        assert_eq!((moment.workers, moment.waiting_beside, moment.waiting_alone), (0.0, 0.0, 2.0));
        let pipeline = look(vec![seen(1, Doing::Runnable, 0.01), seen(2, blocked(Wait::Pipe), 0.01)]);
        assert_eq!(observer.observe(&pipeline, 0.04, 0.01).waiting_beside, 0.0);
    }

    #[test]
    fn a_long_profile_takes_no_more_memory_and_loses_nothing() {
        let mut moments = Moments::default();
        for i in 0..50_000 {
            let at_s = f64::from(i + 1) * 0.5;
            moments.push(Moment {
                at_s,
                span_s: 0.5,
                looks: 1.0,
                run_s: 0.25,
                busiest: 0.5,
                ..Moment::default()
            });
        }
        let list = moments.into_vec();
        assert!(list.len() < MOST);
        assert_eq!(list.iter().map(|m| m.looks).sum::<f64>(), 50_000.0);
        assert_eq!(list.iter().map(|m| m.run_s).sum::<f64>(), 12_500.0);
        assert_eq!(list.iter().map(|m| m.span_s).sum::<f64>(), 25_000.0);
        assert_eq!(list.last().map(|m| m.at_s), Some(25_000.0));
        assert!(list.iter().all(|m| (m.busiest - 0.5).abs() < 1e-9));
    }
}

//! Which tasks are next: one counter that every worker pulls from, in chunks that fit the tasks.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// A chunk should be about this much work: long beside the cost of pulling it (tens of ns), short
/// beside what anybody would notice as imbalance.
const CHUNK: Duration = Duration::from_micros(30);

/// A chunk is never more than the rest shared among this many times the workers.
const SHARES_PER_WORKER: u64 = 8;

/// Longer tasks than this are not prefetched: a batch that is stopped would last that much longer.
const PREFETCH_BELOW: Duration = Duration::from_millis(100);

/// Longer tasks than this are not prefetched towards the end, where one would wait behind another while
/// other workers have nothing to do.
const PREFETCH_TO_THE_END_BELOW: Duration = Duration::from_micros(500);

/// The end begins when fewer tasks than this are left for each worker.
const END_PER_WORKER: u64 = 2;

/// The tasks of one batch that are not started yet.
#[derive(Debug)]
pub struct TaskQueue {
    next: AtomicU64,
    range: Range<u64>,
    workers: u64,
    nanos_per_task: AtomicU64,
    busy: AtomicU64,
    most_busy: AtomicU64,
    stopped: AtomicBool,
}

impl TaskQueue {
    /// Feeds the tasks of `range` to `workers` workers.
    pub fn new(range: Range<u64>, workers: usize) -> Self {
        TaskQueue {
            next: AtomicU64::new(range.start),
            range,
            workers: workers.max(1) as u64,
            nanos_per_task: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            most_busy: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        }
    }

    /// The tasks of the whole batch.
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// How many tasks the whole batch has.
    pub fn len(&self) -> u64 {
        self.range.end - self.range.start
    }

    /// Whether the batch has no tasks at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the next chunk, no longer than `most` tasks; `None` when there are no more or the batch
    /// was stopped.
    pub fn pull(&self, most: u64) -> Option<Range<u64>> {
        self.pull_work(CHUNK, most)
    }

    /// Takes the next chunk of about so much work, for those to whom handing it on costs more.
    pub fn pull_work(&self, work: Duration, most: u64) -> Option<Range<u64>> {
        if self.is_stopped() {
            return None;
        }
        let nanos = self.nanos_per_task.load(Ordering::Relaxed);
        let chunk = chunk_len(work, nanos, self.left(), self.workers).min(most.max(1));
        let start = self.next.fetch_add(chunk, Ordering::Relaxed);
        (start < self.range.end).then(|| {
            let busy = self.busy.fetch_add(1, Ordering::Relaxed) + 1;
            self.most_busy.fetch_max(busy, Ordering::Relaxed);
            start..(start + chunk).min(self.range.end)
        })
    }

    /// Takes a chunk back that is done, with how long some tasks took, so that the next chunks fit.
    pub fn learn(&self, tasks: u64, took: Duration) {
        self.busy.fetch_sub(1, Ordering::Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        if let Some(each) = nanos.checked_div(tasks) {
            self.nanos_per_task.store(each.max(1), Ordering::Relaxed);
        }
    }

    /// Whether a worker far away should have its next chunk waiting: where the CPUs are busy, the round
    /// trip waits for its turn on them, twice for every task.
    pub fn allows_prefetching(&self) -> bool {
        let is_near_the_end = self.left() < END_PER_WORKER * self.workers;
        let longest = if is_near_the_end { PREFETCH_TO_THE_END_BELOW } else { PREFETCH_BELOW };
        let nanos = self.nanos_per_task.load(Ordering::Relaxed);
        nanos > 0 && Duration::from_nanos(nanos) < longest
    }

    fn left(&self) -> u64 {
        self.range.end.saturating_sub(self.next.load(Ordering::Relaxed))
    }

    /// Workers that had a chunk at once, at the most; 0 if nobody pulled any.
    pub fn most_busy(&self) -> u64 {
        self.most_busy.load(Ordering::Relaxed).min(self.workers)
    }

    /// Hands out no more tasks; those started are finished.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether there is nothing left to hand out.
    pub fn is_drained(&self) -> bool {
        self.is_stopped() || self.next.load(Ordering::Relaxed) >= self.range.end
    }

    /// Whether the batch was stopped.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

/// How many tasks make a chunk; one while nothing is known about them.
fn chunk_len(work: Duration, nanos_per_task: u64, left: u64, workers: u64) -> u64 {
    if nanos_per_task == 0 {
        return 1;
    }
    let fitting = work.as_nanos() as u64 / nanos_per_task;
    fitting.min(left / (SHARES_PER_WORKER * workers)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_fit_the_tasks_and_shrink_towards_the_end() {
        assert_eq!(chunk_len(CHUNK, 0, 1_000_000, 2), 1);
        assert_eq!(chunk_len(CHUNK, 1_000, 1_000_000, 2), 30);
        assert_eq!(chunk_len(CHUNK, 1_000, 160, 2), 10);
        assert_eq!(chunk_len(CHUNK, 1_000, 3, 2), 1);
        assert_eq!(chunk_len(CHUNK, 50_000_000, 1_000_000, 2), 1);
    }

    #[test]
    fn every_task_is_handed_out_once_to_many_threads() {
        let feed = TaskQueue::new(5..100_005, 4);
        let first: u64 = feed.pull(1).into_iter().flatten().sum();
        feed.learn(1, Duration::from_nanos(100));
        let sums: Vec<u64> = std::thread::scope(|scope| {
            let pullers: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| std::iter::from_fn(|| feed.pull(u64::MAX)).flatten().sum::<u64>()))
                .collect();
            pullers.into_iter().map(|p| p.join().expect("puller")).collect()
        });
        assert_eq!(first + sums.iter().sum::<u64>(), (5..100_005).sum::<u64>());
    }

    #[test]
    fn chunks_under_way_are_counted_until_they_are_taken_back() {
        let feed = TaskQueue::new(0..10, 2);
        let chunks = [feed.pull(1), feed.pull(1)];
        chunks.iter().flatten().for_each(|_| feed.learn(1, Duration::from_millis(1)));
        assert!(feed.pull(1).is_some());
        assert_eq!(feed.most_busy(), 2);
    }

    #[test]
    fn long_tasks_are_not_prefetched_and_others_not_towards_the_end() {
        let allows = |task: Duration, tasks| {
            let feed = TaskQueue::new(0..tasks, 4);
            let unknown = feed.allows_prefetching();
            feed.pull(1);
            feed.learn(1, task);
            (unknown, feed.allows_prefetching())
        };
        assert_eq!(allows(Duration::from_millis(20), 100), (false, true));
        assert_eq!(allows(Duration::from_millis(20), 8), (false, false));
        assert_eq!(allows(Duration::from_micros(20), 8), (false, true));
        assert_eq!(allows(Duration::from_millis(200), 100), (false, false));
    }

    #[test]
    fn a_stopped_feed_hands_out_nothing() {
        let feed = TaskQueue::new(0..10, 1);
        assert!(feed.pull(1).is_some() && !feed.is_drained());
        feed.stop();
        assert!(feed.pull(1).is_none() && feed.is_drained());
    }
}

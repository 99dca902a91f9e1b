//! The queue of tasks: one counter that every worker pulls from, in chunks that fit the tasks.

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::model::TaskInterval;
use crate::model::full_pipe::STEADY_TASKS_PER_WORKER;

/// Work that a chunk should hold: long compared with pulling it (tens of ns), too short to be noticed as
/// imbalance.
const CHUNK_WORK: Duration = Duration::from_micros(30);

/// Number of chunks per worker that the remaining tasks must at least make.
const CHUNKS_LEFT_PER_WORKER: u64 = 8;

/// Tasks are prefetched only if they are shorter than this: a stopped batch lasts one prefetched task longer.
const PREFETCH_BELOW: Duration = Duration::from_millis(100);

/// Limit instead of [`PREFETCH_BELOW`] towards the end, where a prefetched task waits behind another while
/// other workers have nothing to do.
const PREFETCH_TO_THE_END_BELOW: Duration = Duration::from_micros(500);

/// Number of tasks left per worker below which the end of the batch begins.
const END_PER_WORKER: u64 = 2;

/// Maximum number of tasks whose times are kept, 16 bytes each.
const MAX_TIMED_TASKS: u64 = 1 << 16;

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
    released: OnceLock<Instant>,
}

impl TaskQueue {
    /// Creates the queue of the tasks in `range` for `workers` workers.
    pub fn new(range: Range<u64>, workers: usize) -> Self {
        TaskQueue {
            next: AtomicU64::new(range.start),
            range,
            workers: workers.max(1) as u64,
            nanos_per_task: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            most_busy: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            released: OnceLock::new(),
        }
    }

    /// Starts the clock of the batch: every worker is ready and could have a task.
    pub fn release(&self) {
        self.clock_ns();
    }

    /// Returns the nanoseconds since the tasks were released.
    pub fn clock_ns(&self) -> u64 {
        u64::try_from(self.released.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Returns the time of a task that its worker could start at `start_ns`; `None` in a batch that is so long
    /// that nobody needs it.
    pub fn interval(&self, start_ns: u64, end_ns: u64) -> Option<TaskInterval> {
        let most = STEADY_TASKS_PER_WORKER.saturating_mul(self.workers).min(MAX_TIMED_TASKS);
        (self.len() <= most).then_some(TaskInterval { start_ns, end_ns })
    }

    /// Returns the tasks of the whole batch.
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// Returns the number of tasks of the whole batch.
    pub fn len(&self) -> u64 {
        self.range.end - self.range.start
    }

    /// Returns true if the batch has no tasks at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the next chunk, no longer than `most` tasks; `None` when there are no more or the batch
    /// was stopped.
    pub fn pull(&self, most: u64) -> Option<Range<u64>> {
        self.pull_work(CHUNK_WORK, most)
    }

    /// Takes the next chunk of about `work`, for workers that pay more to hand a chunk on.
    pub fn pull_work(&self, work: Duration, most: u64) -> Option<Range<u64>> {
        self.pull_shared(work, most, usize::try_from(self.workers).unwrap_or(usize::MAX))
    }

    /// Takes the next chunk of about `work`, of which the work of all workers is shared among `sharers`.
    pub fn pull_shared(&self, work: Duration, most: u64, sharers: usize) -> Option<Range<u64>> {
        let taken = self.take_work(work, most, sharers as u64)?;
        let busy = self.busy.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_busy.fetch_max(busy, Ordering::Relaxed);
        Some(taken)
    }

    /// Takes the next chunk for a stage of a pipeline, whose workers are not all that are busy.
    pub fn take(&self, most: u64) -> Option<Range<u64>> {
        self.take_work(CHUNK_WORK, most, self.workers)
    }

    fn take_work(&self, work: Duration, most: u64, sharers: u64) -> Option<Range<u64>> {
        if self.is_stopped() {
            return None;
        }
        let nanos = self.nanos_per_task.load(Ordering::Relaxed);
        let chunk = chunk_len(work, nanos, self.left(), sharers.max(1)).min(most.max(1));
        let start = self.next.fetch_add(chunk, Ordering::Relaxed);
        (start < self.range.end).then(|| start..(start + chunk).min(self.range.end))
    }

    /// Completes a chunk and takes the time that some tasks took together, so that the next chunks fit.
    pub fn complete_chunk(&self, tasks: u64, took: Duration) {
        self.busy.fetch_sub(1, Ordering::Relaxed);
        self.note_speed(tasks, took);
    }

    /// Takes the time that some tasks took together, so that the next chunks fit.
    pub fn note_speed(&self, tasks: u64, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        if let Some(each) = nanos.checked_div(tasks) {
            self.nanos_per_task.store(each.max(1), Ordering::Relaxed);
        }
    }

    /// Returns true if a worker process should have its next chunk waiting: on busy CPUs each of the two
    /// messages per chunk waits for its turn.
    pub fn allows_prefetching(&self) -> bool {
        let is_near_the_end = self.left() < END_PER_WORKER * self.workers;
        let longest = if is_near_the_end { PREFETCH_TO_THE_END_BELOW } else { PREFETCH_BELOW };
        let nanos = self.nanos_per_task.load(Ordering::Relaxed);
        nanos > 0 && Duration::from_nanos(nanos) < longest
    }

    fn left(&self) -> u64 {
        self.range.end.saturating_sub(self.next.load(Ordering::Relaxed))
    }

    /// Returns the largest number of workers that had a chunk at once; 0 if none was pulled.
    pub fn most_busy(&self) -> u64 {
        self.most_busy.load(Ordering::Relaxed).min(self.workers)
    }

    /// Hands out no further tasks; tasks that were started still finish.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Returns true if there is nothing left to hand out.
    pub fn is_drained(&self) -> bool {
        self.is_stopped() || self.next.load(Ordering::Relaxed) >= self.range.end
    }

    /// Returns true if the batch was stopped.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

/// Returns the number of tasks in a chunk; one while no task has ended.
fn chunk_len(work: Duration, nanos_per_task: u64, left: u64, workers: u64) -> u64 {
    if nanos_per_task == 0 {
        return 1;
    }
    let fitting = work.as_nanos() as u64 / nanos_per_task;
    fitting.min(left / (CHUNKS_LEFT_PER_WORKER * workers)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_fit_the_tasks_and_shrink_towards_the_end() {
        assert_eq!(chunk_len(CHUNK_WORK, 0, 1_000_000, 2), 1);
        assert_eq!(chunk_len(CHUNK_WORK, 1_000, 1_000_000, 2), 30);
        assert_eq!(chunk_len(CHUNK_WORK, 1_000, 160, 2), 10);
        assert_eq!(chunk_len(CHUNK_WORK, 1_000, 3, 2), 1);
        assert_eq!(chunk_len(CHUNK_WORK, 50_000_000, 1_000_000, 2), 1);
    }

    #[test]
    fn every_task_is_handed_out_once_to_many_threads() {
        let queue = TaskQueue::new(5..100_005, 4);
        let first: u64 = queue.pull(1).into_iter().flatten().sum();
        queue.complete_chunk(1, Duration::from_nanos(100));
        let sums: Vec<u64> = std::thread::scope(|scope| {
            let pullers: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| std::iter::from_fn(|| queue.pull(u64::MAX)).flatten().sum::<u64>()))
                .collect();
            pullers.into_iter().map(|p| p.join().expect("puller")).collect()
        });
        assert_eq!(first + sums.iter().sum::<u64>(), (5..100_005).sum::<u64>());
    }

    #[test]
    fn chunks_under_way_are_counted_until_they_are_taken_back() {
        let queue = TaskQueue::new(0..10, 2);
        let chunks = [queue.pull(1), queue.pull(1)];
        chunks.iter().flatten().for_each(|_| queue.complete_chunk(1, Duration::from_millis(1)));
        assert!(queue.pull(1).is_some());
        assert_eq!(queue.most_busy(), 2);
    }

    #[test]
    fn long_tasks_are_not_prefetched_and_others_not_towards_the_end() {
        let allows = |task: Duration, tasks| {
            let queue = TaskQueue::new(0..tasks, 4);
            let unknown = queue.allows_prefetching();
            queue.pull(1);
            queue.complete_chunk(1, task);
            (unknown, queue.allows_prefetching())
        };
        assert_eq!(allows(Duration::from_millis(20), 100), (false, true));
        assert_eq!(allows(Duration::from_millis(20), 8), (false, false));
        assert_eq!(allows(Duration::from_micros(20), 8), (false, true));
        assert_eq!(allows(Duration::from_millis(200), 100), (false, false));
    }

    #[test]
    fn a_stopped_feed_hands_out_nothing() {
        let queue = TaskQueue::new(0..10, 1);
        assert!(queue.pull(1).is_some() && !queue.is_drained());
        queue.stop();
        assert!(queue.pull(1).is_none() && queue.is_drained());
    }
}

//! The number of items that go to a worker in one message.

/// Share of the time that messages may take. Half as much would make chunks twice as long, and the results of
/// a chunk come back only at its end.
const MESSAGE_SHARE: f64 = 0.02;

/// Cost of a message where none could be measured: what a scheduler of `distributed` 2026.8 takes for a task, and
/// its client and worker, on a CPU of 2.5 GHz.
const DEFAULT_MESSAGE_S: f64 = 0.002;

/// Longest chunk in seconds, where items are not longer: what is lost when a worker dies, and the time that an
/// interrupted run waits at most.
const MAX_CHUNK_S: f64 = 2.0;

/// Items of a chunk, at most, however short they are: client and parent hold two chunks for each thread, and with as
/// many items a message already costs less than its items do.
const MAX_ITEMS: f64 = 2_000.0;

/// Bytes of the items and results of a chunk, where one item has not more, for the same reason.
const MAX_CHUNK_BYTES: f64 = 1_048_576.0;

/// Chunks that each thread still gets, at least, of the items that are left: the last ones end at different
/// times, and this keeps the wait for the slowest below a third of them.
const CHUNKS_LEFT: f64 = 3.0;

/// Items per place in a pool within a worker, at least: at the end of a chunk the pool runs empty.
const ITEMS_PER_PLACE: f64 = 8.0;

/// Returns the most items of a chunk, if each takes so many seconds of a thread.
pub(crate) fn longest(item_s: f64) -> f64 {
    (MAX_CHUNK_S / item_s.max(1e-9)).clamp(1.0, MAX_ITEMS)
}

/// What chunks have cost so far.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChunkSizes {
    message_s: f64,
    /// Seconds of a worker's thread per item; `None` before the first.
    item_s: Option<f64>,
    /// Bytes of an item and its result.
    item_bytes: f64,
}

impl ChunkSizes {
    /// Begins with the measured cost of a message in seconds.
    pub(crate) fn new(message_s: Option<f64>) -> Self {
        ChunkSizes { message_s: message_s.unwrap_or(DEFAULT_MESSAGE_S), item_s: None, item_bytes: 0.0 }
    }

    /// Adds a chunk of `items`, or a first item, that has taken `seconds` of a thread; items and results had `bytes`.
    pub(crate) fn add(&mut self, items: usize, seconds: f64, bytes: usize) {
        if items == 0 {
            return;
        }
        // The last chunks count most, because items may become longer.
        let mean = |before: Option<f64>, now: f64| before.map_or(now, |before| 0.7 * before + 0.3 * now);
        self.item_bytes = mean(self.item_s.map(|_| self.item_bytes), bytes as f64 / items as f64);
        self.item_s = Some(mean(self.item_s, seconds / items as f64));
    }

    /// Returns the number of items for the next chunk, if `left` items are not sent yet (`None` if nobody
    /// knows), `threads` threads run chunks, and each has a pool of `inner` places.
    pub(crate) fn next(&self, left: Option<u64>, threads: usize, inner: usize) -> usize {
        // Nobody knows how long the first one takes.
        let Some(item_s) = self.item_s.map(|item_s| item_s.max(1e-9)) else { return inner.max(1) };
        let (threads, inner) = (threads.max(1) as f64, inner.max(1) as f64);
        // One scheduler serves all threads, so that its time per message counts once for each of them.
        let for_messages = self.message_s * threads / (MESSAGE_SHARE * item_s);
        let for_pool = if inner > 1.0 { ITEMS_PER_PLACE * inner } else { 1.0 };
        let for_time = (MAX_CHUNK_S / item_s).max(for_pool);
        let for_end = left.map_or(MAX_ITEMS, |left| (left as f64 / (CHUNKS_LEFT * threads)).max(inner));
        let for_memory = (MAX_CHUNK_BYTES / self.item_bytes.max(1.0)).clamp(1.0, MAX_ITEMS);
        for_messages.max(for_pool).min(for_time).min(for_end).clamp(1.0, for_memory).ceil() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(item_s: f64) -> ChunkSizes {
        let mut sizes = ChunkSizes::new(Some(0.002));
        sizes.add(1, item_s, 200);
        sizes
    }

    #[test]
    fn messages_take_a_small_share_of_the_time() {
        assert_eq!(sizes(0.010).next(Some(1_000_000), 2, 1), 20);
        assert_eq!(sizes(1.0).next(Some(1_000_000), 2, 1), 1);
        assert_eq!(ChunkSizes::new(None).next(Some(1_000_000), 2, 1), 1, "nothing is known yet");
        assert_eq!(sizes(0.000_1).next(Some(1_000_000), 2, 1), 2_000);
        assert_eq!(sizes(1e-8).next(Some(1_000_000), 2, 1), 2_000);
        // More threads share the one scheduler.
        assert_eq!(sizes(0.010).next(None, 20, 1), 200);
    }

    #[test]
    fn no_chunk_is_long_and_the_last_ones_are_small() {
        assert_eq!(sizes(0.1).next(None, 200, 1), 20, "two seconds");
        assert_eq!(sizes(0.010).next(Some(60), 2, 1), 10);
        assert_eq!(sizes(0.010).next(Some(1), 2, 1), 1);
        assert_eq!(sizes(0.010).next(Some(0), 2, 1), 1);
    }

    #[test]
    fn large_results_make_small_chunks() {
        let mut sizes = ChunkSizes::new(Some(0.002));
        sizes.add(1, 0.001, 100_000);
        assert_eq!(sizes.next(Some(1_000_000), 2, 1), 11);
        sizes.add(1, 0.001, 100_000_000);
        assert_eq!(sizes.next(Some(1_000_000), 2, 16), 1);
    }

    #[test]
    fn a_pool_within_a_worker_is_filled_several_times() {
        assert_eq!(sizes(0.05).next(None, 1, 16), 128);
        assert_eq!(sizes(0.05).next(Some(24), 2, 16), 16);
    }

    #[test]
    fn items_that_become_longer_make_smaller_chunks() {
        let mut sizes = sizes(0.001);
        let before = sizes.next(None, 2, 1);
        (0..10).for_each(|_| sizes.add(before, 0.1 * before as f64, 200 * before));
        assert!(sizes.next(None, 2, 1) < before / 40, "{} {before}", sizes.next(None, 2, 1));
    }
}

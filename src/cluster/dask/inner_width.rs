//! The number of items that run at the same time within one thread of a worker, for work that waits.

/// The width that is tried first, beside one item at a time.
const FIRST: usize = 4;

/// Gain in throughput that keeps a width that is twice as wide: a quarter of what would be gained if nothing
/// were shared.
const WORTH: f64 = 1.25;

/// Chunks at a width before it is judged.
const CHUNKS: usize = 2;

/// Part of the places of a pool that a chunk fills, at least, for its rate to count.
const FULL: usize = 2;

/// Finds the width by doubling it as long as chunks become faster.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct InnerWidth {
    width: usize,
    max: usize,
    /// Items per second at half the width.
    before: Option<f64>,
    rates: Vec<f64>,
    is_settled: bool,
}

impl InnerWidth {
    /// Work that computes, or whose width the user has fixed: always this width.
    pub(crate) fn fixed(width: usize) -> Self {
        InnerWidth { width, max: width, before: None, rates: Vec::new(), is_settled: true }
    }

    /// Work that waits: up to `max` at a time. `item_s` are the seconds of an item that ran alone.
    pub(crate) fn search(max: usize, item_s: f64) -> Self {
        let max = max.max(1);
        let before = (item_s > 0.0).then(|| 1.0 / item_s);
        InnerWidth { width: FIRST.min(max), max, before, rates: Vec::new(), is_settled: max == 1 }
    }

    /// Returns the width for the next chunk.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Adds a chunk that ran at a width.
    pub(crate) fn add(&mut self, width: usize, items: usize, seconds: f64) {
        if self.is_settled || width != self.width || items < FULL * width || seconds <= 0.0 {
            return;
        }
        self.rates.push(items as f64 / seconds);
        if self.rates.len() < CHUNKS {
            return;
        }
        let rate = self.rates.iter().sum::<f64>() / self.rates.len() as f64;
        self.rates.clear();
        if self.before.is_some_and(|before| rate < WORTH * before) {
            self.width = if self.width == FIRST { 1 } else { self.width / 2 };
            self.is_settled = true;
        } else if self.width == self.max {
            self.is_settled = true;
        } else {
            self.before = Some(rate);
            self.width = (2 * self.width).min(self.max);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Finds the width of work of 20 ms on something that serves `capacity` items at a time.
    fn found(capacity: usize, max: usize) -> usize {
        let mut width = InnerWidth::search(max, 0.02);
        for _ in 0..40 {
            let at = width.width();
            let items = 8 * at;
            width.add(at, items, items as f64 * 0.02 / at.min(capacity) as f64);
        }
        width.width()
    }

    #[test]
    fn the_width_grows_as_long_as_it_pays() {
        assert_eq!(found(1_000, 64), 64);
        assert_eq!(found(16, 64), 16);
        assert_eq!(found(1, 64), 1);
        assert_eq!(found(1_000, 6), 6);
        assert_eq!(found(1_000, 1), 1);
    }

    #[test]
    fn a_chunk_that_does_not_fill_the_pool_says_nothing() {
        let mut width = InnerWidth::search(64, 0.02);
        (0..9).for_each(|_| width.add(4, 5, 0.02));
        (0..9).for_each(|_| width.add(8, 100, 0.02));
        assert_eq!(width, InnerWidth::search(64, 0.02));
        let mut fixed = InnerWidth::fixed(3);
        (0..9).for_each(|_| fixed.add(3, 100, 1.0));
        assert_eq!(fixed.width(), 3);
    }
}

//! The random order in which a batch takes the tasks of a workload.
//!
//! A batch that is a part of the workload should resemble the whole, so it takes tasks at random: the first
//! tasks of a seeded permutation, which costs nanoseconds and no memory. Batches with equal permutation IDs
//! share the order, so a short batch runs the first tasks of a longer one and the two are comparable.
//!
//! The permutation mixes the bits of the next power of two, each step of which can be undone
//! (multiplying by an odd number, shifting and XOR, as in the finaliser of MurmurHash3), and goes on
//! until it is back among the tasks: cycle walking (Black and Rogaway, "Ciphers with arbitrary finite
//! domains", CT-RSA 2002).

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Steps of mixing.
const MIXING_STEPS: usize = 3;

/// A permutation of the tasks of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ItemOrder {
    tasks: u64,
    mask: u64,
    shift: u32,
    factors: [u64; MIXING_STEPS],
    offsets: [u64; MIXING_STEPS],
}

impl ItemOrder {
    /// Returns permutation `permutation_id` of `tasks` tasks, in a run seeded by `seed`.
    pub(crate) fn new(tasks: u64, seed: u64, permutation_id: u64) -> Self {
        let tasks = tasks.max(1);
        let bits = u64::BITS - (tasks - 1).leading_zeros();
        let mut random = StdRng::seed_from_u64(seed.rotate_left(32) ^ permutation_id);
        ItemOrder {
            tasks,
            mask: if bits == 0 { 0 } else { u64::MAX >> (u64::BITS - bits) },
            shift: bits.div_ceil(2).max(1),
            factors: std::array::from_fn(|_| random.random::<u64>() | 1),
            offsets: std::array::from_fn(|_| random.random()),
        }
    }

    /// Returns the number of tasks, at least 1.
    pub(crate) fn tasks(&self) -> u64 {
        self.tasks
    }

    /// Returns the task at a position of the order.
    ///
    /// Beyond the last task the order starts over with new numbers.
    pub(crate) fn index(&self, position: u64) -> u64 {
        if position < self.tasks {
            return self.permuted(position);
        }
        let before = position / self.tasks * self.tasks;
        before.wrapping_add(self.permuted(position - before))
    }

    fn permuted(&self, position: u64) -> u64 {
        let mut x = position;
        loop {
            for step in 0..MIXING_STEPS {
                x = x.wrapping_mul(self.factors[step]).wrapping_add(self.offsets[step]) & self.mask;
                x ^= x >> self.shift;
            }
            if x < self.tasks {
                return x;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_largest_workload_has_an_order_too() {
        let order = ItemOrder::new(u64::MAX, 1, 0);
        assert_ne!(order.index(0), order.index(1));
        assert!(order.index(u64::MAX - 1) < u64::MAX);
        assert_eq!(ItemOrder::new(1, 1, 0).index(0), 0);
        assert_eq!(ItemOrder::new(0, 1, 0).index(3), 3);
    }

    #[test]
    fn ten_million_tasks_are_each_drawn_once() {
        const TASKS: u64 = 10_000_000;
        let order = ItemOrder::new(TASKS, 7, 3);
        let mut seen = vec![false; TASKS as usize];
        (0..TASKS).for_each(|i| seen[order.index(i) as usize] = true);
        assert!(seen.iter().all(|seen| *seen));
    }

    #[test]
    fn every_task_is_as_likely_to_be_among_the_first() {
        for tasks in [5_u64, 20, 200, 1000] {
            let (draws, first) = (4000_u64, (tasks / 5).max(1));
            let mut counts = vec![0.0; tasks as usize];
            for permutation_id in 0..draws {
                let order = ItemOrder::new(tasks, 42, permutation_id);
                (0..first).for_each(|position| counts[order.index(position) as usize] += 1.0);
            }
            let expected = (draws * first) as f64 / tasks as f64;
            let chi2: f64 = counts.iter().map(|n: &f64| (n - expected).powi(2) / expected).sum();
            // Mean tasks − 1; six standard deviations above it.
            let freedom = (tasks - 1) as f64;
            assert!(chi2 < freedom + 6.0 * (2.0 * freedom).sqrt(), "{tasks}: {chi2}");
        }
    }

    proptest! {
        #[test]
        fn every_task_is_drawn_once_in_every_turn(tasks in 1u64..3000, seed: u64, permutation_id: u64) {
            let order = ItemOrder::new(tasks, seed, permutation_id);
            let mut drawn: Vec<u64> = (0..2 * tasks).map(|position| order.index(position)).collect();
            prop_assert!(drawn[..tasks as usize].iter().all(|index| *index < tasks));
            drawn.sort_unstable();
            prop_assert!(drawn.into_iter().eq(0..2 * tasks));
        }
    }
}

//! `sort`: sorts shuffled integers; comparisons and branches that cannot be predicted.

use std::sync::LazyLock;

use crate::workload::step::cpu::data::{Sequence, chain};
use crate::workload::step::cpu::iterate::Iterate;

/// Integers sorted per iteration: 4 KiB, which stay in the first cache.
const LENGTH: usize = 1024;

/// Stride at which the sorted array is read for the output.
const SAMPLED: usize = 64;

pub(super) static SORT: LazyLock<Sort> = LazyLock::new(Sort::generate);

/// Shuffled integers.
#[derive(Debug)]
pub(super) struct Sort {
    shuffled: [u32; LENGTH],
}

impl Sort {
    fn generate() -> Self {
        let mut numbers = Sequence::new(1);
        Sort { shuffled: std::array::from_fn(|_| numbers.below(1 << 32) as u32) }
    }

    /// Returns the integers in an order of their own for each key, so that no branch is ever learnt.
    fn keyed(&self, key: u32) -> [u32; LENGTH] {
        self.shuffled.map(|number| number ^ key)
    }
}

impl Iterate for Sort {
    fn iterate(&self, input: u64) -> u64 {
        let mut numbers = self.keyed(input as u32);
        numbers.sort_unstable();
        let numbers = std::hint::black_box(numbers);
        numbers.iter().step_by(SAMPLED).fold(input, |found, number| chain(found, u64::from(*number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_change_the_order_in_which_the_integers_must_be_put() {
        let order = |key| {
            let numbers = SORT.keyed(key);
            let mut places: Vec<usize> = (0..LENGTH).collect();
            places.sort_unstable_by_key(|place| numbers[*place]);
            places
        };
        assert_ne!(order(0), order(0xdead_beef));
    }

    #[test]
    fn inputs_with_the_same_key_are_told_apart() {
        assert_ne!(SORT.iterate(1), SORT.iterate(1 | 1 << 40));
    }
}

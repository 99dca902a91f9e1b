//! A digest of what a run produced, comparable between runs of different length.

use serde::{Deserialize, Serialize};

/// Buckets: one per bit length of the position, from 0 to 64.
const BUCKETS: usize = 65;

/// Sums of output hashes, in buckets of doubling size.
///
/// A sum does not depend on the order in which tasks end. Bucket *b* holds the tasks whose position in
/// the draw has *b* bits, so that a run over 100 tasks and one over 1000 of the same draw can be
/// compared over the first 63.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    sums: Vec<u64>,
    counts: Vec<u64>,
}

impl Default for Digest {
    fn default() -> Self {
        Digest { sums: vec![0; BUCKETS], counts: vec![0; BUCKETS] }
    }
}

impl Digest {
    /// Adds the output of one task.
    pub fn add(&mut self, position: u64, output: u64) {
        let bucket = (u64::BITS - position.leading_zeros()) as usize;
        self.sums[bucket] = self.sums[bucket].wrapping_add(mix(position, output));
        self.counts[bucket] += 1;
    }

    /// Adds the outputs of another worker of the same run.
    pub fn merge(&mut self, other: &Digest) {
        for bucket in 0..BUCKETS {
            self.sums[bucket] = self.sums[bucket].wrapping_add(other.sums[bucket]);
            self.counts[bucket] += other.counts[bucket];
        }
    }

    /// Returns the number of leading buckets of which every task was added once.
    pub fn complete(&self) -> usize {
        (0..BUCKETS).take_while(|b| self.counts[*b] == bucket_len(*b)).count()
    }

    /// Returns true if two runs gave the same outputs for the tasks that both completed; `None` without such
    /// tasks.
    pub fn agrees_with(&self, other: &Digest) -> Option<bool> {
        let mut compared = None;
        for bucket in 0..BUCKETS {
            let (mine, theirs) = (self.counts[bucket], other.counts[bucket]);
            if mine == theirs && mine == bucket_len(bucket) {
                compared = Some(compared.unwrap_or(true) && self.sums[bucket] == other.sums[bucket]);
            }
        }
        compared
    }
}

/// Returns the number of positions that have `bits` bits.
fn bucket_len(bits: usize) -> u64 {
    if bits == 0 { 1 } else { 1 << (bits - 1) }
}

/// Ties an output to its task, so that two tasks cannot swap theirs unseen (the SplitMix64 finaliser,
/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
pub(super) fn mix(index: u64, output: u64) -> u64 {
    let mut z = output ^ index.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(indexes: impl Iterator<Item = u64>) -> Digest {
        let mut digest = Digest::default();
        for i in indexes {
            digest.add(i, i * 3);
        }
        digest
    }

    #[test]
    fn order_does_not_matter_and_merging_is_adding() {
        let mut halves = of(0..50);
        halves.merge(&of((50..100).rev()));
        assert_eq!(halves, of(0..100));
    }

    #[test]
    fn runs_of_different_length_are_compared_over_what_both_completed() {
        assert_eq!(of(0..100).agrees_with(&of(0..1000)), Some(true));
        assert_eq!(of(0..100).complete(), 7);
        assert_eq!(Digest::default().agrees_with(&of(0..10)), None);
    }

    #[test]
    fn a_different_or_swapped_output_is_seen() {
        let mut wrong = of(0..9);
        wrong.merge(&of(10..16));
        wrong.add(9, 1);
        assert_eq!(of(0..16).agrees_with(&wrong), Some(false));
        let (mut a, mut b) = (of(0..2), of(0..2));
        a.add(2, 20);
        a.add(3, 30);
        b.add(2, 30);
        b.add(3, 20);
        assert_eq!(a.agrees_with(&b), Some(false));
    }

    #[test]
    fn a_missing_task_leaves_its_bucket_out() {
        let failed_one = of((0..64).filter(|i| *i != 40));
        assert_eq!(failed_one.agrees_with(&of(0..64)), Some(true));
        assert_eq!(failed_one.complete(), 6);
    }
}

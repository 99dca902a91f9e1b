//! `memory`: streams through memory; as fast as it comes, which more cores do not change.

use std::sync::LazyLock;

use crate::workload::step::cpu::data::{Sequence, chain};
use crate::workload::step::cpu::iterate::Iterate;

/// Bytes read per iteration.
const PIECE: usize = 256 * 1024;

/// Pieces in the buffer: 64 MiB, more than the caches of most machines. On one with a larger cache
/// the kernel measures that cache instead.
const PIECES: usize = 256;

/// Numbers per piece.
const NUMBERS: usize = PIECE / size_of::<u64>();

pub(super) static MEMORY: LazyLock<Memory> = LazyLock::new(Memory::generate);

/// The buffer, written once so that all of its pages are really there, then only read.
#[derive(Debug)]
pub(super) struct Memory {
    numbers: Vec<u64>,
}

impl Memory {
    fn generate() -> Self {
        // Reserved at once: growing would hold, and count, two buffers at a time.
        let mut numbers = Vec::with_capacity(PIECES * NUMBERS);
        numbers.extend(Sequence::new(7).take(PIECES * NUMBERS));
        Memory { numbers }
    }
}

impl Iterate for Memory {
    /// Reads one piece. The lowest bits of input and output select the piece to read: one after another, so
    /// that a piece has left the caches when its turn comes again.
    fn iterate(&self, input: u64) -> u64 {
        let piece = input as usize % PIECES;
        let numbers = &self.numbers[piece * NUMBERS..][..NUMBERS];
        let sum = numbers.iter().fold(0u64, |sum, number| sum.wrapping_add(*number));
        let next = (piece + 1) % PIECES;
        let pieces = PIECES as u64;
        chain(input, sum) / pieces * pieces + next as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_are_read_one_after_another() {
        let mut value = 254;
        let visited = [(); 4].map(|()| {
            value = MEMORY.iterate(value);
            value as usize % PIECES
        });
        assert_eq!(visited, [255, 0, 1, 2]);
    }
}

// Hands out chunks instead of single numbers, so that a hand-over pays.
// Prints: 20000 numbers in 20 chunks: sum 200010000

use rayon::prelude::*;

fn main() {
    let numbers: Vec<u64> = (0..20_000).collect();
    let sums: Vec<u64> = numbers
        .par_chunks(1_000) // Each chunk is one task.
        .map(|chunk| chunk.iter().map(|number| number + 1).sum())
        .collect();
    let total: u64 = sums.iter().sum();
    println!("{} numbers in {} chunks: sum {total}", numbers.len(), sums.len());
}

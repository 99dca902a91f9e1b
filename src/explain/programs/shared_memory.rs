// Threads share memory: each gets a part of one vector, and the compiler checks it.
// Prints: 1000000 numbers doubled in place by 4 threads: sum 999999000000

use std::thread;

fn main() {
    let mut numbers: Vec<u64> = (0..1_000_000).collect();
    let part = numbers.len() / 4;
    thread::scope(|scope| {
        for chunk in numbers.chunks_mut(part) {
            scope.spawn(move || chunk.iter_mut().for_each(|number| *number *= 2));
        }
    });
    let total: u64 = numbers.iter().sum();
    println!("{} numbers doubled in place by 4 threads: sum {total}", numbers.len());
}

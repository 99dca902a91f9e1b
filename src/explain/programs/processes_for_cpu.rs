// Computes on all CPUs in threads: Rust has no GIL, so no process is needed.
// Prints: 5133 primes below 50000

use rayon::prelude::*;

fn is_prime(number: u32) -> bool {
    number >= 2 && (2..).take_while(|n| n * n <= number).all(|n| !number.is_multiple_of(n))
}

fn main() {
    // Idle threads steal work from busy ones, so that uneven tasks balance.
    let total = (0..50_000_u32).into_par_iter().filter(|number| is_prime(*number)).count();
    println!("{total} primes below 50000");
}

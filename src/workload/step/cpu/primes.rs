//! `primes`: sieves a window of numbers; simple loops over a small table, with a few divisions.

use std::sync::LazyLock;

use crate::workload::step::cpu::data::chain;
use crate::workload::step::cpu::iterate::Iterate;

/// Numbers per iteration.
const WINDOW: usize = 4096;

/// The windows lie below this square, and any number there without a divisor below its root is prime.
const ROOT: u64 = 1 << 11;

/// Windows to choose from; the first one lies above `ROOT`, so that no prime crosses itself off.
const WINDOWS: u64 = ROOT * ROOT / WINDOW as u64 - 1;

pub(super) static PRIMES: LazyLock<Primes> = LazyLock::new(Primes::generate);

/// The primes by which a window is sieved.
#[derive(Debug)]
pub(super) struct Primes {
    divisors: Vec<u64>,
}

impl Primes {
    fn generate() -> Self {
        let is_prime = |n: &u64| (2..*n).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
        Primes { divisors: (2..ROOT).filter(is_prime).collect() }
    }

    /// Returns the number of primes in the window at `start`, and their sum.
    fn sieve(&self, start: u64) -> (u64, u64) {
        let mut composite = [false; WINDOW];
        for &divisor in &self.divisors {
            let first = (start.next_multiple_of(divisor) - start) as usize;
            for place in (first..WINDOW).step_by(divisor as usize) {
                composite[place] = true;
            }
        }
        let primes = composite.iter().zip(start..).filter(|(composite, _)| !**composite);
        primes.fold((0, 0), |(count, sum), (_, prime)| (count + 1, sum + prime))
    }
}

impl Iterate for Primes {
    fn iterate(&self, input: u64) -> u64 {
        let (count, sum) = self.sieve((1 + input % WINDOWS) * WINDOW as u64);
        chain(input, count ^ sum << 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sieve_counts_as_many_primes_as_are_known() {
        // pi(8192) - pi(4096), pi(2^22) - pi(2^22 - 4096), by trial division.
        let is_prime = |n: u64| (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d));
        for start in [WINDOW as u64, WINDOWS * WINDOW as u64] {
            let primes: Vec<u64> = (start..start + WINDOW as u64).filter(|n| is_prime(*n)).collect();
            assert_eq!(PRIMES.sieve(start), (primes.len() as u64, primes.iter().sum()));
        }
    }

    #[test]
    fn all_windows_lie_where_the_divisors_suffice() {
        assert!((WINDOWS + 1) * WINDOW as u64 <= ROOT * ROOT);
        assert!(WINDOW as u64 > ROOT);
    }
}

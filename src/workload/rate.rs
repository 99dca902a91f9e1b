//! `rate_per_s`: a token bucket shared by all threads, async tasks and worker processes of a batch.
//!
//! The bucket is kept as one number, the theoretical arrival time of the generic cell rate algorithm
//! (ITU-T I.371, annex A): when the next token would be due if nobody had been idle. Taking a token
//! is one compare-and-swap, so one word of shared memory serves every process alike.

use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::host::clock::monotonic_ns;
use crate::host::shared::SharedWord;

/// The share of a second whose tokens an idle bucket saves up: enough to ride out late wake-ups, too
/// little to be seen in a throughput.
const SAVED_SECONDS: f64 = 0.01;

/// Hands out starts at a given rate.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    due: SharedWord,
    bucket: TokenBucket,
}

impl RateLimiter {
    /// Joins the bucket kept in the file `path`, or starts it; `rate_per_s` must be the same for all.
    ///
    /// A bucket holds at most `rate_per_s`/100 tokens, and at least one. A new one is empty, so that
    /// the shortest batch is no faster than its limit.
    pub(crate) fn open(path: &Path, rate_per_s: f64) -> io::Result<Self> {
        let bucket = TokenBucket::new(rate_per_s).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{rate_per_s} per second is not a valid rate"),
            )
        })?;
        Ok(RateLimiter { due: SharedWord::open(path)?, bucket })
    }

    /// Takes one token and says how long the caller must wait before using it.
    ///
    /// The token is taken even if the caller gives up; its place in the line stays empty.
    pub(crate) fn reserve(&self) -> Duration {
        let now = monotonic_ns();
        let word = self.due.get();
        let mut due = word.load(Ordering::Relaxed);
        loop {
            let (next, wait) = self.bucket.take(due, now);
            match word.compare_exchange_weak(due, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Duration::from_nanos(wait),
                Err(current) => due = current,
            }
        }
    }
}

/// The arithmetic of the bucket, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TokenBucket {
    /// Nanoseconds between two tokens; rounded up, so that the rate is never exceeded.
    interval: u64,
    /// The time before its due time at which a token may be used: the interval times the capacity less one.
    tolerance: u64,
}

impl TokenBucket {
    /// Creates the bucket of a rate; `None` unless the rate is a positive number.
    fn new(rate_per_s: f64) -> Option<Self> {
        if !(rate_per_s > 0.0 && rate_per_s.is_finite()) {
            return None;
        }
        // Bounded to a year, so that a few hundred reservations cannot overflow the clock.
        let interval = (1e9 / rate_per_s).ceil().min(365.25 * 86_400e9) as u64;
        let tokens = ((rate_per_s * SAVED_SECONDS) as u64).max(1);
        Some(TokenBucket { interval, tolerance: (tokens - 1).saturating_mul(interval) })
    }

    /// Takes one token at time `now` from a bucket whose next token is due at `due` (0 for a new bucket);
    /// returns the due time of the token after it, and how long to wait.
    fn take(self, due: u64, now: u64) -> (u64, u64) {
        let due = if due == 0 {
            now.saturating_add(self.tolerance).saturating_add(self.interval)
        } else {
            due.max(now)
        };
        let usable = due.saturating_sub(self.tolerance);
        (due.saturating_add(self.interval), usable.saturating_sub(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 100 ns between tokens, three of them in a full bucket.
    const BUCKET: TokenBucket = TokenBucket { interval: 100, tolerance: 200 };

    #[test]
    fn the_rate_sets_interval_and_bucket() {
        assert_eq!(TokenBucket::new(50.0), Some(TokenBucket { interval: 20_000_000, tolerance: 0 }));
        assert_eq!(TokenBucket::new(500.0), Some(TokenBucket { interval: 2_000_000, tolerance: 8_000_000 }));
        assert_eq!(TokenBucket::new(3.0).unwrap().interval, 333_333_334);
        for nonsense in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(TokenBucket::new(nonsense), None);
        }
    }

    #[test]
    fn a_new_bucket_is_empty() {
        let (due, wait) = BUCKET.take(0, 1000);
        assert_eq!((due, wait), (1400, 100));
        let (due, wait) = BUCKET.take(due, 1000);
        assert_eq!((due, wait), (1500, 200));
        assert_eq!(BUCKET.take(due, 1000).1, 300);
    }

    #[test]
    fn an_idle_bucket_saves_up_no_more_than_it_holds() {
        let (mut due, mut waits) = (1300, Vec::new());
        for _ in 0..5 {
            let (next, wait) = BUCKET.take(due, 1_000_000);
            due = next;
            waits.push(wait);
        }
        assert_eq!(waits, [0, 0, 0, 100, 200]);
    }

    #[test]
    fn a_token_that_is_due_is_given_at_once() {
        let (due, _) = BUCKET.take(0, 1000);
        assert_eq!(BUCKET.take(due, 1200).1, 0);
        assert_eq!(BUCKET.take(due, 1140).1, 60);
    }

    #[test]
    fn threads_and_openings_share_one_bucket() {
        const RATE: f64 = 1000.0;
        const BURST: f64 = 10.0;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rate");
        let limiters = [(); 2].map(|()| RateLimiter::open(&path, RATE).unwrap());

        let start = monotonic_ns();
        let mut uses: Vec<u64> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|i| {
                    let limiter = &limiters[i % 2];
                    scope.spawn(move || {
                        let used = || limiter.reserve().as_nanos() as u64 + monotonic_ns();
                        (0..500).map(|_| used()).collect::<Vec<_>>()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        uses.sort_unstable();

        let seconds = (uses[uses.len() - 1] - start) as f64 / 1e9;
        let least = (uses.len() as f64 - BURST) / RATE;
        assert!(seconds >= least, "{} tokens in {seconds} s", uses.len());
    }

    #[test]
    fn a_rate_of_nothing_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let error = RateLimiter::open(&dir.path().join("rate"), 0.0).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}

//! The work that the CPUs do now: with one thread, and with one thread per CPU.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::model::RateCurve;
use crate::stats::quantile::median;
use crate::workload::spec::{CpuSpec, Kernel};
use crate::workload::step::cpu::Burner;

/// CPU time of one piece of work.
const PIECE: Duration = Duration::from_millis(8);

/// Number of pieces per thread that count.
const PIECES: usize = 5;

/// Number of pieces before the first that counts, for CPUs that may have been idle: they are slow at first,
/// most of all virtual ones, to which the host then assigns a core.
const WARM_UP: usize = 4;

/// The same for a thread on CPUs that have just computed.
const WARM: usize = 1;

/// Least number of pieces that count.
const LEAST_PIECES: usize = 2;

/// Time after which no further piece is begun, once [`LEAST_PIECES`] count: on a busy machine pieces take
/// several times as long, and their median needs no more of them.
const MOST: Duration = Duration::from_millis(125);

/// Measures the rates of `cpus` CPUs at work like that of `step`; takes about 120 ms, on a busy machine little
/// more.
///
/// The kind of work matters: CPUs that share a cache, a core or the way to memory do not all hinder one
/// another alike.
pub fn measure_rates(cpus: f64, step: Option<&CpuSpec>) -> RateCurve {
    let usual = || Burner::rough(Kernel::Sha256, PIECE);
    let piece = step.map_or_else(usual, |step| Burner::like(step, PIECE));
    // In this order, because all CPUs are warm after the first.
    let together = rate(&piece, (cpus.ceil() as usize).max(1), WARM_UP);
    let alone = rate(&piece, 1, WARM);
    // A piece that was calibrated on a CPU that was slow at first is smaller than it seems.
    let share = (together.fastest_s.min(alone.fastest_s) / piece.cpu_s()).min(1.0);
    let (together, alone) = (share * together.per_s, share * alone.per_s);
    // A quota is enforced over longer times than are measured here.
    RateCurve { alone: alone.min(cpus), together: together.min(cpus).max(alone.min(cpus)), cpus }
}

/// The work of some threads.
struct Rate {
    /// CPU seconds of work per second, of all threads together.
    per_s: f64,
    /// Wall seconds of the fastest piece of any thread.
    fastest_s: f64,
}

/// Returns the work that `threads` threads do together after `warm_up` pieces.
fn rate(piece: &Burner, threads: usize, warm_up: usize) -> Rate {
    let ready = Barrier::new(threads);
    let ends = || -> Vec<Instant> {
        ready.wait();
        let burn = |_| {
            piece.burn();
            Instant::now()
        };
        let begun = Instant::now();
        let is_over = |piece: usize| piece >= warm_up + LEAST_PIECES && begun.elapsed() > MOST;
        (0..warm_up + PIECES).take_while(|piece| !is_over(*piece)).map(burn).collect()
    };
    let ends: Vec<Vec<Instant>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(ends)).collect();
        workers.into_iter().map(|worker| worker.join().expect("computing does not panic")).collect()
    });
    // After the first thread is done the others have its CPU.
    let first_done = ends.iter().filter_map(|ends| ends.last()).min().copied();
    let pieces = ends.iter().flat_map(|ends| ends.windows(2));
    Rate {
        per_s: ends.iter().map(|ends| piece.cpu_s() / piece_s(ends, warm_up, first_done)).sum(),
        fastest_s: pieces.map(|pair| (pair[1] - pair[0]).as_secs_f64()).fold(f64::INFINITY, f64::min),
    }
}

/// Returns the median wall seconds of a thread's pieces that count, after `warm_up` others.
fn piece_s(ends: &[Instant], warm_up: usize, until: Option<Instant>) -> f64 {
    let least = warm_up + LEAST_PIECES;
    let counted = ends.iter().enumerate().take_while(|(i, end)| *i < least || Some(**end) <= until);
    let counted: Vec<Instant> = counted.map(|(_, end)| *end).skip(warm_up - 1).collect();
    let pieces: Vec<f64> = counted.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
    median(&pieces).unwrap_or(0.0).max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_slow_thread_does_after_the_others_is_not_counted() {
        let begun = Instant::now();
        let mut at = begun;
        let mut ends = |piece_ms: &[u64]| -> Vec<Instant> {
            piece_ms
                .iter()
                .map(|ms| {
                    at += Duration::from_millis(*ms);
                    at
                })
                .collect()
        };
        let times = [&[50; WARM_UP][..], &[10; 5], &[1; 5]].concat();
        let ends = ends(&times);
        let until = Some(ends[WARM_UP + 4]);
        assert!((piece_s(&ends, WARM_UP, until) - 0.01).abs() < 1e-9);
        assert!((piece_s(&ends, WARM_UP, Some(begun)) - 0.01).abs() < 1e-9, "two pieces count in any case");
    }
}

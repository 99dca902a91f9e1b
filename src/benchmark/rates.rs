//! The work that the CPUs do now: with one thread, and with one thread per CPU.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::host::Interrupt;
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
/// another alike. An interrupt ends it, without a measurement.
pub fn measure_rates(cpus: f64, step: Option<&CpuSpec>, interrupt: &Interrupt) -> RateCurve {
    let usual = || Burner::rough(Kernel::Sha256, PIECE, interrupt);
    let piece = step.map_or_else(usual, |step| Burner::like(step, PIECE, interrupt));
    // In this order, because all CPUs are warm after the first.
    let together = rate(&piece, (cpus.ceil() as usize).max(1), WARM_UP, interrupt);
    let alone = rate(&piece, 1, WARM, interrupt);
    if interrupt.is_raised() {
        return RateCurve::ideal(cpus);
    }
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
fn rate(piece: &Burner, threads: usize, warm_up: usize, interrupt: &Interrupt) -> Rate {
    let ready = Barrier::new(threads);
    let ends = || -> Vec<Instant> {
        ready.wait();
        burn(piece, warm_up, interrupt)
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

/// Does the pieces of a thread; returns the ends of each.
fn burn(piece: &Burner, warm_up: usize, interrupt: &Interrupt) -> Vec<Instant> {
    let begun = Instant::now();
    let is_late = |piece: usize| piece >= warm_up + LEAST_PIECES && begun.elapsed() > MOST;
    let pieces = (0..warm_up + PIECES).take_while(|piece| !is_late(*piece) && !interrupt.is_raised());
    let burn = |_| {
        piece.burn();
        Instant::now()
    };
    pieces.map(burn).collect()
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
    fn nothing_is_measured_once_the_run_is_interrupted() {
        let interrupt = Interrupt::default();
        let piece = Burner::rough(Kernel::Sha256, Duration::from_millis(1), &interrupt);
        assert_eq!(burn(&piece, 2, &interrupt).len(), 2 + PIECES);
        interrupt.raise();
        assert!(burn(&piece, 2, &interrupt).is_empty());
        let rates = measure_rates(2.0, None, &interrupt);
        assert_eq!((rates.alone, rates.together), (1.0, 2.0), "{rates:?}");
    }

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

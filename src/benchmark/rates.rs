//! How much work the CPUs do now: a fixed piece of it on one thread, and on as many as there are CPUs.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::model::RateCurve;
use crate::stats::quantile::median;
use crate::workload::spec::Kernel;
use crate::workload::step::cpu::Burner;

/// CPU time of one piece: long beside a time slice, short beside the patience of whoever waits.
const PIECE: Duration = Duration::from_millis(12);

/// Times that each is measured, of which the median counts.
const TIMES: usize = 3;

/// Measures the rates of `cpus` CPUs at work of a kind; takes about 120 ms.
///
/// The kind matters: CPUs that share a cache, a core or the way to memory do not all hinder one another
/// alike.
pub fn measure_rates(cpus: f64, kernel: Kernel) -> RateCurve {
    let piece = Burner::new(kernel, PIECE);
    let mut pairs = Vec::new();
    for _ in 0..TIMES {
        pairs.push((rate(&piece, 1), rate(&piece, (cpus.ceil() as usize).max(1))));
    }
    let middle = |rates: Vec<f64>| median(&rates).unwrap_or(1.0);
    let alone = middle(pairs.iter().map(|(alone, _)| *alone).collect());
    let together = middle(pairs.iter().map(|(_, together)| *together).collect());
    // A quota is enforced over longer times than are measured here.
    RateCurve { alone: alone.min(cpus), together: together.min(cpus).max(alone.min(cpus)), cpus }
}

/// CPU seconds of work per second with one piece on each of `threads` threads.
fn rate(piece: &Burner, threads: usize) -> f64 {
    let ready = Barrier::new(threads);
    let ended = |piece: &Burner| {
        ready.wait();
        let begun = Instant::now();
        piece.burn();
        (begun, Instant::now())
    };
    let times: Vec<(Instant, Instant)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| ended(piece))).collect();
        workers.into_iter().map(|worker| worker.join().expect("computing does not panic")).collect()
    });
    let begun = times.iter().map(|(begun, _)| *begun).min();
    let ended = times.iter().map(|(_, ended)| *ended).max();
    let wall_s = begun.zip(ended).map_or(0.0, |(begun, ended)| (ended - begun).as_secs_f64());
    threads as f64 * piece.cpu_s() / wall_s.max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_threads_do_no_less_than_one_and_no_more_than_there_are_cpus() {
        let rates = measure_rates(2.0, Kernel::Sha256);
        assert!(rates.alone > 0.0 && rates.alone <= rates.together, "{rates:?}");
        assert!(rates.together <= 2.0, "{rates:?}");
    }
}

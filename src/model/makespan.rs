//! How long a whole workload takes, from the rate of a full pipe: its end, when workers run out of
//! tasks, takes longer than its share.

use std::f64::consts::PI;

/// A workload and the way it runs, as plain numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// How many tasks there are.
    pub tasks: f64,
    /// Tasks in flight.
    pub width: f64,
    /// Tasks per second while as many are in flight.
    pub rate: f64,
    /// Seconds that one task takes alone.
    pub alone_s: f64,
    /// The part of it that is no CPU time.
    pub delay_s: f64,
    /// The share of the CPUs that the tasks use at that rate.
    pub utilisation: f64,
    /// Coefficient of variation of the time that a task takes.
    pub variation: f64,
}

/// Seconds from the first task started to the last one ended.
///
/// Where CPUs are idle, tasks run in waves: those that all take the same time need a whole wave for the
/// last few, those that differ fall out of step and end with half a wave on average. How much of the
/// step is left after *q* waves is the first Fourier coefficient of a wrapped normal distribution,
/// exp(−2π²·cv²·q). Where the CPUs are full there are no waves; only the time that the first tasks
/// wait before any of them computes is lost. The last of many tasks that differ is a slow one.
pub fn makespan_s(run: &Run) -> f64 {
    let width = run.width.min(run.tasks).max(1.0);
    let waves = run.tasks / width;
    let in_step = (-2.0 * PI * PI * run.variation.powi(2) * waves).exp();
    let ragged = in_step * (waves.ceil() - waves) + (1.0 - in_step) * (1.0 - 1.0 / width) / 2.0;
    let missing = ragged + run.variation * extreme(width);
    let full = run.utilisation.clamp(0.0, 1.0).powi(2);
    let end_s = if width <= 1.0 { 0.0 } else { (1.0 - full) * missing * run.alone_s + full * run.delay_s };
    run.tasks / run.rate + end_s
}

/// By how many standard deviations the largest of `n` normal numbers exceeds their mean (Cramér,
/// *Mathematical Methods of Statistics*, 1946, section 28.6).
fn extreme(n: f64) -> f64 {
    if n < 2.0 {
        return 0.0;
    }
    let root = (2.0 * n.ln()).sqrt();
    (root - (n.ln().ln() + (4.0 * PI).ln()) / (2.0 * root)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(tasks: f64, width: f64, variation: f64) -> f64 {
        let rate = width / 0.1;
        makespan_s(&Run { tasks, width, rate, alone_s: 0.1, delay_s: 0.1, utilisation: 0.0, variation })
    }

    #[test]
    fn equal_tasks_run_in_whole_waves() {
        assert!((waiting(200.0, 64.0, 0.0) - 0.4).abs() < 1e-12);
        assert!((waiting(192.0, 64.0, 0.0) - 0.3).abs() < 1e-12);
        assert!((waiting(10.0, 1.0, 0.0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn tasks_that_differ_end_with_half_a_wave() {
        let extra = waiting(64_000.0, 64.0, 0.5) - 100.0;
        assert!((extra - 0.05 * 63.0 / 64.0 - 0.05 * extreme(64.0)).abs() < 1e-9, "{extra}");
    }

    #[test]
    fn the_largest_of_many_is_further_out() {
        // The mean of the largest of 64 normal numbers is 2.37 by numerical integration.
        assert!((extreme(64.0) - 2.37).abs() < 0.2, "{}", extreme(64.0));
        assert!(extreme(1000.0) > extreme(64.0) && extreme(1.0) == 0.0);
    }

    #[test]
    fn full_cpus_lose_only_the_first_wait() {
        let busy = Run {
            tasks: 100.0,
            width: 50.0,
            rate: 200.0,
            alone_s: 0.05,
            delay_s: 0.04,
            utilisation: 1.0,
            variation: 0.0,
        };
        assert!((makespan_s(&busy) - 0.54).abs() < 1e-12);
    }
}

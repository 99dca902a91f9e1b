//! The share of its time that a tree computes, from plain numbers.
//!
//! Totals are exact, samples are not, and neither alone is enough: a tree of several threads may compute
//! in one while another waits, children may be too short to be sampled, and on a busy machine much of the
//! time goes into waiting for a CPU, which is neither.

/// Share of unseen CPU time above which children come and go faster than they can be sampled.
const CHURN_SHARE: f64 = 0.3;

/// Samples below which unseen CPU time is no sign of churn: it is what ran after the last sample.
const MIN_CHURN_SAMPLES: f64 = 5.0;

/// Share of the wall time below which CPU time is too little for churn to matter.
pub(crate) const LITTLE_CPU_SHARE: f64 = 0.05;

/// Share of the wall time spent waiting for a CPU above which a machine is crowded.
const CROWDED_SHARE: f64 = 0.25;

/// Totals of a tree.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct TreeTotals {
    /// Wall seconds.
    pub wall_s: f64,
    /// CPU seconds, exact.
    pub cpu_s: f64,
    /// CPU seconds of the threads that were sampled.
    pub seen_s: f64,
    /// Seconds that the sampled threads waited for a CPU.
    pub queued_s: f64,
    /// Share of the samples that found something runnable, from 0 to 1; `None` without any sample.
    pub runnable: Option<f64>,
    /// The busiest thread's share of the time, run or queued, averaged over intervals.
    pub busiest: f64,
    /// Seconds that workers waited for something outside the tree while something was runnable, added up over
    /// all workers.
    pub waiting_s: f64,
    /// Mean number of workers that waited for something outside the tree while nothing was runnable; at
    /// least 1.
    pub waiting_while_idle: f64,
    /// Samples taken.
    pub samples: f64,
    /// Largest number of threads at a time.
    pub threads: u64,
    /// CPUs that could be used.
    pub cpus: f64,
}

/// Shares of its time that a tree computes, each from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct CpuFractions {
    /// *f*: the time spent computing, over that and the time in which nothing was runnable.
    pub cpu_fraction: f64,
    /// Share of the time in which any thread of the tree computes.
    pub any_fraction: f64,
    /// CPU time of one worker, over its CPU time and its waits for something outside the tree.
    pub each_fraction: f64,
    /// Share of the wall time spent waiting for a CPU.
    pub queued_share: f64,
    /// CPU seconds that no sample caught.
    pub unseen_s: f64,
}

/// Estimates the share of its time that a tree computes.
pub(crate) fn cpu_fractions(totals: &TreeTotals) -> CpuFractions {
    if totals.wall_s <= 0.0 {
        return CpuFractions::default();
    }
    let unseen_s = (totals.cpu_s - totals.seen_s).max(0.0);
    let matters = totals.cpu_s > LITTLE_CPU_SHARE * totals.wall_s;
    let is_churning = unseen_s > CHURN_SHARE * totals.cpu_s && matters && totals.samples >= MIN_CHURN_SAMPLES;
    // Unseen threads are assumed to have waited for a CPU in the same proportion as the sampled ones.
    let unseen_queued_s = unseen_s * quotient(totals.queued_s, totals.seen_s);
    let queued_s = totals.queued_s + if matters { unseen_queued_s } else { 0.0 };
    let is_alone = totals.threads == 1 && !is_churning;
    let busy = if is_alone { busy_alone(totals, queued_s) } else { busy(totals, queued_s, is_churning) };
    let demanded_s = totals.cpu_s + queued_s;
    let run = busy * share(totals.cpu_s, demanded_s);
    let any_fraction = share(run, run + 1.0 - busy);
    let waiting_s = totals.waiting_s + (1.0 - busy) * totals.wall_s * totals.waiting_while_idle;
    let computing_s = totals.cpu_s.max(run * totals.wall_s);
    let each_fraction = share(computing_s, computing_s + waiting_s);
    // Workers that each wait outside the tree for half of their time compute half of the time, even if some
    // worker always computes; unless they use up the CPUs, so that one more would find none.
    let used = share(totals.cpu_s, totals.wall_s * totals.cpus.max(1.0));
    let cpu_fraction = any_fraction.min(each_fraction.max(used));
    CpuFractions { cpu_fraction, any_fraction, each_fraction, queued_share: busy - run, unseen_s }
}

/// Returns the share of the time in which the only thread ran or waited for a CPU.
///
/// Time in the run queue is credited when it is over, so on a crowded machine some is missing. The share is
/// then at least the one that the samples show, less two standard errors and one sample (Agresti and Coull,
/// Approximate is better than "exact", 1998).
fn busy_alone(totals: &TreeTotals, queued_s: f64) -> f64 {
    let busy = share(totals.cpu_s + queued_s, totals.wall_s);
    match totals.runnable {
        Some(runnable) if queued_s > CROWDED_SHARE * totals.wall_s && totals.samples > 0.0 => {
            let error = (runnable * (1.0 - runnable) / totals.samples).sqrt();
            busy.max(runnable - 2.0 * error - 1.0 / totals.samples)
        }
        _ => busy,
    }
}

/// Returns the share of the time in which any of several threads ran or waited for a CPU.
fn busy(totals: &TreeTotals, queued_s: f64, is_churning: bool) -> f64 {
    let busy = share(totals.cpu_s + queued_s, totals.wall_s);
    match totals.runnable {
        Some(runnable) if is_churning => runnable,
        Some(runnable) => busy.min(runnable.max(totals.busiest)),
        None => busy,
    }
}

fn share(part: f64, whole: f64) -> f64 {
    quotient(part, whole).clamp(0.0, 1.0)
}

fn quotient(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(cpu_s: f64, queued_s: f64) -> TreeTotals {
        TreeTotals {
            wall_s: 1.0,
            cpu_s,
            seen_s: cpu_s,
            queued_s,
            runnable: Some((cpu_s + queued_s).min(1.0)),
            busiest: (cpu_s + queued_s).min(1.0),
            waiting_s: 0.0,
            waiting_while_idle: 1.0,
            samples: 50.0,
            threads: 1,
            cpus: 2.0,
        }
    }

    fn fraction(totals: TreeTotals) -> f64 {
        (cpu_fractions(&totals).cpu_fraction * 1000.0).round() / 1000.0
    }

    #[test]
    fn one_thread_is_judged_without_its_waits_for_a_cpu() {
        assert_eq!(fraction(one(0.9, 0.0)), 0.9);
        assert_eq!(fraction(one(0.4, 0.6)), 1.0);
        assert_eq!(fraction(one(0.1, 0.5)), 0.2);
        assert_eq!(fraction(one(0.4, 7.0)), 1.0);
        assert_eq!(fraction(TreeTotals::default()), 0.0);
    }

    #[test]
    fn several_threads_that_compute_at_once_fill_the_time_once() {
        let parallel = TreeTotals { threads: 5, runnable: Some(1.0), busiest: 1.0, ..one(1.9, 2.0) };
        assert_eq!(fraction(parallel), 1.0);
    }

    #[test]
    fn what_looks_busy_by_its_sum_is_capped_by_what_was_seen() {
        // Two threads compute at once, half of the time: their summed CPU time alone would say all of the
        // time.
        let totals = TreeTotals { threads: 2, runnable: Some(0.5), busiest: 0.5, ..one(1.0, 0.0) };
        assert_eq!(fraction(totals), 0.5);
    }

    #[test]
    fn children_too_short_to_be_sampled_leave_it_to_the_samples() {
        let churning =
            TreeTotals { seen_s: 0.2, threads: 40, runnable: Some(0.95), busiest: 0.3, ..one(0.7, 0.0) };
        let fractions = cpu_fractions(&churning);
        assert!((fractions.cpu_fraction - 0.95).abs() < 1e-9, "{fractions:?}");
        assert!((fractions.unseen_s - 0.5).abs() < 1e-9, "{fractions:?}");
        // The run-queue time of unseen children is estimated from the sampled threads.
        let queued = TreeTotals { queued_s: 0.2, runnable: Some(1.0), ..churning };
        assert!((cpu_fractions(&queued).queued_share - 0.5).abs() < 1e-9);
    }

    #[test]
    fn what_ran_after_the_last_of_few_samples_is_no_churn() {
        let short = TreeTotals { seen_s: 0.0, samples: 1.0, runnable: Some(0.0), ..one(0.7, 0.0) };
        assert_eq!(fraction(short), 0.7);
    }

    #[test]
    fn hardly_any_cpu_time_tells_nothing_of_the_run_queue() {
        let asleep = TreeTotals { seen_s: 0.000_01, queued_s: 0.009, ..one(0.001, 0.0) };
        assert!(cpu_fractions(&asleep).queued_share < 0.01);
    }

    #[test]
    fn workers_side_by_side_count_by_what_each_of_them_does() {
        // Each of two workers computes half of the time; for a quarter of the time both wait.
        let workers = TreeTotals {
            threads: 2,
            runnable: Some(0.75),
            busiest: 0.5,
            waiting_s: 0.5,
            waiting_while_idle: 2.0,
            ..one(1.0, 0.0)
        };
        assert_eq!(cpu_fractions(&workers).any_fraction, 0.75);
        assert_eq!(fraction(workers), 0.5);
        // Eight such workers use up two CPUs.
        let many = TreeTotals {
            cpu_s: 1.9,
            seen_s: 1.9,
            runnable: Some(0.97),
            busiest: 0.4,
            waiting_s: 5.0,
            ..workers
        };
        assert_eq!(fraction(many), 0.95);
    }

    #[test]
    fn a_crowded_machine_changes_nothing_about_what_workers_do() {
        // Two workers that each wait for a CPU three times as long as they compute.
        let crowded = TreeTotals {
            wall_s: 2.5,
            seen_s: 1.0,
            queued_s: 3.0,
            runnable: Some(0.96),
            busiest: 0.8,
            waiting_s: 0.8,
            waiting_while_idle: 2.0,
            threads: 2,
            ..one(1.0, 0.0)
        };
        assert_eq!(fraction(crowded), 0.5);
        // A tenth of the time of a thread that always computes is missing: the kernel has not credited it
        // yet.
        let uncredited = TreeTotals { queued_s: 0.7, runnable: Some(1.0), ..one(0.2, 0.0) };
        assert!(cpu_fractions(&uncredited).cpu_fraction > 0.8);
        let waiting = TreeTotals { queued_s: 0.4, runnable: Some(0.5), ..one(0.1, 0.0) };
        assert!(cpu_fractions(&waiting).cpu_fraction < 0.25);
    }

    #[test]
    fn without_samples_the_totals_decide() {
        assert_eq!(fraction(TreeTotals { threads: 0, runnable: None, ..one(0.3, 0.0) }), 0.3);
    }
}

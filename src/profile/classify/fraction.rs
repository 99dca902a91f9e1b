//! The share of its time that a tree computes, from plain numbers.
//!
//! Totals are exact, samples are not, and neither alone is enough: a tree of several threads may compute
//! in one while another waits, children may be too short to be sampled, and on a busy machine much of the
//! time goes into waiting for a CPU, which is neither.

/// Share of unseen CPU time above which children come and go faster than they can be sampled.
const CHURN_SHARE: f64 = 0.3;

/// Samples below which unseen CPU time is no sign of churn: it is what ran after the last sample.
const MIN_CHURN_SAMPLES: f64 = 5.0;

/// Share of the time, without that in the run queue, below which CPU time is too little for churn to matter.
const LITTLE_CPU_SHARE: f64 = 0.05;

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
    /// Share of the time in which samples found something runnable, from 0 to 1; `None` without any sample.
    pub runnable: Option<f64>,
    /// CPUs that the tree could use at once while it computed, from 1 to `cpus`; `None` where no sample shows any
    /// CPU time.
    pub at_once: Option<f64>,
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
    /// `any_fraction` if threads that no sample caught never waited for a CPU.
    pub least_fraction: f64,
    /// `any_fraction` if something was runnable as often as samples found it, and two standard errors more often.
    pub most_fraction: f64,
    /// Share of the wall time spent waiting for a CPU.
    pub queued_share: f64,
    /// CPU seconds that no sample caught.
    pub unseen_s: f64,
    /// Share of the CPU time that no sample caught, from 0 to 1; 0 where there is hardly any CPU time.
    pub unseen_share: f64,
}

/// Estimates the share of its time that a tree computes.
pub(crate) fn cpu_fractions(totals: &TreeTotals) -> CpuFractions {
    if totals.wall_s <= 0.0 {
        return CpuFractions::default();
    }
    let unseen_s = (totals.cpu_s - totals.seen_s).max(0.0);
    let matters = totals.cpu_s > LITTLE_CPU_SHARE * own_s(totals);
    let unseen_share = if matters { unseen_s / totals.cpu_s } else { 0.0 };
    let is_churning = unseen_share > CHURN_SHARE && totals.samples >= MIN_CHURN_SAMPLES;
    // Unseen threads are assumed to have waited for a CPU in the same proportion as the sampled ones.
    let unseen_queued_s = unseen_s * quotient(totals.queued_s, totals.seen_s);
    let queued_s = totals.queued_s + if matters { unseen_queued_s } else { 0.0 };
    let is_alone = totals.threads == 1 && !is_churning;
    let busy = if is_alone { busy_alone(totals, queued_s) } else { busy(totals, queued_s, is_churning) };
    let run = run(totals, busy, queued_s);
    let any_fraction = share(run, run + 1.0 - busy);
    let [least_fraction, most_fraction] =
        if is_alone { [any_fraction; 2] } else { bounds(totals, busy, any_fraction) };
    let waiting_s = totals.waiting_s + (1.0 - busy) * totals.wall_s * totals.waiting_while_idle;
    let computing_s = totals.cpu_s.max(run * totals.wall_s);
    let each_fraction = share(computing_s, computing_s + waiting_s);
    // Workers that each wait outside the tree for half of their time compute half of the time, even if some
    // worker always computes; unless they use up the CPUs, so that one more would find none.
    let used = share(totals.cpu_s, wall_alone_s(totals, queued_s, waiting_s) * totals.cpus.max(1.0));
    let cpu_fraction = any_fraction.min(each_fraction.max(used));
    CpuFractions {
        cpu_fraction,
        any_fraction,
        each_fraction,
        least_fraction,
        most_fraction,
        queued_share: busy - run,
        unseen_s,
        unseen_share,
    }
}

/// Returns the wall seconds without those in the run queue, as far as totals and samples show them.
fn own_s(totals: &TreeTotals) -> f64 {
    let TreeTotals { wall_s, cpu_s, queued_s, .. } = *totals;
    let by_samples_s = totals.runnable.map_or(wall_s, |runnable| (1.0 - runnable) * wall_s + cpu_s);
    (wall_s - queued_s).max(by_samples_s).min(wall_s)
}

/// Returns the wall seconds that workers would take for their CPU time and their waits without a run queue.
fn wall_alone_s(totals: &TreeTotals, queued_s: f64, waiting_s: f64) -> f64 {
    let own_s = totals.cpu_s + waiting_s;
    totals.wall_s * share(own_s, own_s + queued_s)
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
            busy.max(runnable - 2.0 * standard_error(runnable, totals.samples) - 1.0 / totals.samples)
        }
        _ => busy,
    }
}

/// Returns the share of the time in which any of several threads ran or waited for a CPU; never less than they
/// need for their CPU time.
fn busy(totals: &TreeTotals, queued_s: f64, is_churning: bool) -> f64 {
    let busy = share(totals.cpu_s + queued_s, totals.wall_s);
    let seen = match totals.runnable {
        Some(runnable) if is_churning => runnable,
        Some(runnable) => busy.min(runnable.max(totals.busiest)),
        None => busy,
    };
    seen.max(least_run_of(totals, seen, queued_s))
}

/// Returns the share of the time in which the tree would compute if it were alone on the CPUs.
///
/// A thread runs for its part of the time in which it could run. A tree that is wider than the machine keeps
/// itself waiting: it runs for at least as long as its CPU time takes on the CPUs that it can use at once.
fn run(totals: &TreeTotals, busy: f64, queued_s: f64) -> f64 {
    let of_demand = busy * share(totals.cpu_s, totals.cpu_s + queued_s);
    of_demand.max(least_run_of(totals, busy, queued_s)).min(busy)
}

/// Returns the share of the time that the CPU time takes at least, on the CPUs that the tree could use at once; on
/// all of them where nothing shows how many.
pub(crate) fn least_run(totals: &TreeTotals) -> f64 {
    let at_once = totals.at_once.unwrap_or(totals.cpus).min(totals.cpus).max(1.0);
    share(totals.cpu_s, totals.wall_s * at_once)
}

/// Returns [`least_run`] of a tree that could run for a share `busy` of the time; where no sample shows how many
/// CPUs it could use at once, its demand does.
fn least_run_of(totals: &TreeTotals, busy: f64, queued_s: f64) -> f64 {
    let demanded = quotient(totals.cpu_s + queued_s, busy * totals.wall_s);
    least_run(&TreeTotals { at_once: totals.at_once.or(Some(demanded)), ..*totals })
}

/// Returns the smallest and the largest share of computing that samples and totals leave open.
fn bounds(totals: &TreeTotals, busy: f64, any_fraction: f64) -> [f64; 2] {
    let fraction_of = |busy: f64, queued_s| {
        let run = run(totals, busy, queued_s);
        share(run, run + 1.0 - busy)
    };
    let queued_s = totals.queued_s;
    let least = fraction_of(self::busy(totals, queued_s, false), queued_s);
    let most = totals.runnable.filter(|_| totals.samples > 0.0).map_or(any_fraction, |runnable| {
        let up_to = runnable + 2.0 * standard_error(runnable, totals.samples);
        fraction_of(busy.max(up_to.min(1.0)), queued_s)
    });
    [least.min(any_fraction), most.max(any_fraction)]
}

/// Returns the standard error of a share of so many samples.
fn standard_error(share: f64, samples: f64) -> f64 {
    (share * (1.0 - share) / samples).sqrt()
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
            at_once: None,
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
    fn a_tree_wider_than_the_machine_keeps_only_itself_waiting() {
        // Asleep for half of the time, then eight processes on two CPUs.
        let wide = TreeTotals {
            wall_s: 6.2,
            cpu_s: 6.0,
            seen_s: 6.0,
            threads: 10,
            runnable: Some(0.5),
            at_once: Some(2.0),
            busiest: 0.5,
            samples: 300.0,
            ..one(6.0, 17.0)
        };
        assert!((0.45..=0.55).contains(&fraction(wide)), "{}", fraction(wide));
        let unsampled = TreeTotals { at_once: None, ..wide };
        assert!((0.45..=0.55).contains(&fraction(unsampled)), "{}", fraction(unsampled));
        // On a machine with eight CPUs that others use up, the same figures mean mostly computing.
        let crowded = TreeTotals { cpu_s: 2.0, seen_s: 2.0, cpus: 8.0, at_once: Some(8.0), ..wide };
        assert!(fraction(crowded) < 0.2, "{}", fraction(crowded));
    }

    #[test]
    fn a_serial_tree_never_computes_less_than_its_cpu_time() {
        // Samples under-represent children that come and go, and those that were seen waited for a CPU the longest.
        let churning = TreeTotals {
            seen_s: 0.1,
            queued_s: 0.5,
            threads: 3,
            runnable: Some(0.3),
            at_once: Some(1.0),
            busiest: 0.1,
            ..one(0.6, 0.0)
        };
        assert!(fraction(churning) >= 0.6, "{}", fraction(churning));
        let seen = TreeTotals { seen_s: 0.55, queued_s: 0.0, ..churning };
        assert!(fraction(seen) >= 0.6, "{}", fraction(seen));
        // Two at a time need half as long.
        let pairs = TreeTotals { at_once: Some(2.0), ..churning };
        assert_eq!(fraction(pairs), 0.3);
    }

    #[test]
    fn little_cpu_time_is_little_of_the_time_without_the_queue() {
        // Short processes that waited for a CPU for nine tenths of the time.
        let crowded = TreeTotals {
            wall_s: 20.0,
            cpu_s: 0.9,
            seen_s: 0.3,
            queued_s: 9.0,
            threads: 5,
            runnable: Some(0.95),
            at_once: Some(1.0),
            busiest: 0.6,
            samples: 200.0,
            ..one(0.9, 0.0)
        };
        let fractions = cpu_fractions(&crowded);
        assert!((fractions.unseen_share - 2.0 / 3.0).abs() < 1e-9, "{fractions:?}");
        assert!(fractions.most_fraction >= fractions.any_fraction, "{fractions:?}");
        assert!(fractions.least_fraction < 0.35 && fractions.most_fraction > 0.45, "{fractions:?}");
    }

    #[test]
    fn what_was_seen_whole_leaves_nothing_open() {
        for fractions in
            [one(0.4, 0.1), TreeTotals { threads: 2, ..one(0.4, 0.0) }].map(|t| cpu_fractions(&t))
        {
            let CpuFractions { least_fraction, any_fraction, most_fraction, .. } = fractions;
            assert!(any_fraction - least_fraction < 1e-9, "{fractions:?}");
            assert!(most_fraction - any_fraction < 0.15, "{fractions:?}");
        }
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
        // Ten workers that use half of two CPUs do so on a crowded machine too, only for twice as long.
        let quiet = TreeTotals {
            threads: 10,
            runnable: Some(0.65),
            at_once: Some(1.5),
            busiest: 0.2,
            waiting_s: 5.0,
            waiting_while_idle: 10.0,
            ..one(1.0, 0.0)
        };
        let busy = TreeTotals {
            wall_s: 1.65,
            queued_s: 6.5,
            runnable: Some(0.95),
            at_once: Some(1.9),
            busiest: 0.5,
            waiting_s: 8.4,
            waiting_while_idle: 7.0,
            ..quiet
        };
        assert!((fraction(quiet) - 0.5).abs() < 0.01, "{}", fraction(quiet));
        assert!((fraction(busy) - 0.5).abs() < 0.05, "{}", fraction(busy));
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

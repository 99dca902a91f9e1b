//! How much of the time a tree computes, from plain numbers.
//!
//! Totals are exact, samples are not, and neither alone is enough: a tree of several threads may compute
//! in one while another waits, children may be too short to be seen, and on a busy machine much of the
//! time goes into waiting for a CPU, which is neither.

/// Unseen CPU time above this share means that children come and go faster than they can be sampled.
const CHURN: f64 = 0.3;

/// CPU time below this share of the wall time is too little for churn to matter.
pub(super) const LITTLE: f64 = 0.05;

/// Waiting for a CPU above this share of the time makes a machine crowded.
const CROWDED: f64 = 0.25;

/// What is known of a tree.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Totals {
    /// Wall seconds.
    pub wall_s: f64,
    /// CPU seconds, exact.
    pub cpu_s: f64,
    /// CPU seconds of the threads that were sampled.
    pub seen_s: f64,
    /// Seconds that these waited for a CPU.
    pub queued_s: f64,
    /// Share of the looks in which something was runnable; `None` without any look.
    pub runnable: Option<f64>,
    /// The busiest thread's share of the time, run or queued, averaged over intervals.
    pub busiest: f64,
    /// Seconds of all workers that waited for something outside the tree though something was runnable.
    pub waiting_s: f64,
    /// How many workers did so at a time while nothing was runnable; at least 1.
    pub waiting_alone: f64,
    /// Looks taken.
    pub looks: f64,
    /// Threads there were at a time, at most.
    pub threads: u64,
    /// CPUs that may be used.
    pub cpus: f64,
}

/// What follows from it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Estimate {
    /// *f*: the time that was spent computing, over that and the time that nothing was runnable.
    pub cpu_fraction: f64,
    /// The same with a tree taken as computing whenever any of its threads does.
    pub any_fraction: f64,
    /// The same of one worker: its CPU time over that and its waits for something outside the tree.
    pub each_fraction: f64,
    /// Share of the wall time that went into waiting for a CPU.
    pub queued_share: f64,
    /// CPU seconds of threads that were too short to be seen.
    pub unseen_s: f64,
}

/// Estimates how much of its time a tree computes.
pub fn estimate(totals: &Totals) -> Estimate {
    if totals.wall_s <= 0.0 {
        return Estimate::default();
    }
    let unseen_s = (totals.cpu_s - totals.seen_s).max(0.0);
    let matters = totals.cpu_s > LITTLE * totals.wall_s;
    let is_churning = unseen_s > CHURN * totals.cpu_s && matters;
    // What was not seen waited for a CPU as much as what was, as far as that is enough to tell.
    let unseen_queued_s = unseen_s * quotient(totals.queued_s, totals.seen_s);
    let queued_s = totals.queued_s + if matters { unseen_queued_s } else { 0.0 };
    let is_alone = totals.threads == 1 && !is_churning;
    let busy = if is_alone { busy_alone(totals, queued_s) } else { busy(totals, queued_s, is_churning) };
    let demanded_s = totals.cpu_s + queued_s;
    let run = busy * share(totals.cpu_s, demanded_s);
    let any_fraction = share(run, run + 1.0 - busy);
    let waiting_s = totals.waiting_s + (1.0 - busy) * totals.wall_s * totals.waiting_alone;
    let computing_s = totals.cpu_s.max(run * totals.wall_s);
    let each_fraction = share(computing_s, computing_s + waiting_s);
    // Workers side by side that wait outside the tree half of the time compute half of the time, even if
    // some worker always does; unless they use up the CPUs, when another one would find none.
    let used = share(totals.cpu_s, totals.wall_s * totals.cpus.max(1.0));
    let cpu_fraction = any_fraction.min(each_fraction.max(used));
    Estimate { cpu_fraction, any_fraction, each_fraction, queued_share: busy - run, unseen_s }
}

/// The share of the time in which the only thread there is ran or waited for a CPU.
///
/// Time in the run queue is credited when it is over, so on a crowded machine some is missing; then no
/// more is taken for blocked than the looks allow: two standard errors, and one look beside because none
/// may be missed by chance (Agresti and Coull, Approximate is better than "exact", 1998).
fn busy_alone(totals: &Totals, queued_s: f64) -> f64 {
    let busy = share(totals.cpu_s + queued_s, totals.wall_s);
    match totals.runnable {
        Some(runnable) if queued_s > CROWDED * totals.wall_s && totals.looks > 0.0 => {
            let error = (runnable * (1.0 - runnable) / totals.looks).sqrt();
            busy.max(runnable - 2.0 * error - 1.0 / totals.looks)
        }
        _ => busy,
    }
}

/// The share of the time in which any of several threads ran or waited for a CPU.
fn busy(totals: &Totals, queued_s: f64, is_churning: bool) -> f64 {
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

    fn one(cpu_s: f64, queued_s: f64) -> Totals {
        Totals {
            wall_s: 1.0,
            cpu_s,
            seen_s: cpu_s,
            queued_s,
            runnable: Some((cpu_s + queued_s).min(1.0)),
            busiest: (cpu_s + queued_s).min(1.0),
            waiting_s: 0.0,
            waiting_alone: 1.0,
            looks: 50.0,
            threads: 1,
            cpus: 2.0,
        }
    }

    fn fraction(totals: Totals) -> f64 {
        (estimate(&totals).cpu_fraction * 1000.0).round() / 1000.0
    }

    #[test]
    fn one_thread_is_judged_without_its_waits_for_a_cpu() {
        assert_eq!(fraction(one(0.9, 0.0)), 0.9);
        assert_eq!(fraction(one(0.4, 0.6)), 1.0);
        assert_eq!(fraction(one(0.1, 0.5)), 0.2);
        assert_eq!(fraction(one(0.4, 7.0)), 1.0);
        assert_eq!(fraction(Totals::default()), 0.0);
    }

    #[test]
    fn several_threads_that_compute_at_once_fill_the_time_once() {
        let parallel = Totals { threads: 5, runnable: Some(1.0), busiest: 1.0, ..one(1.9, 2.0) };
        assert_eq!(fraction(parallel), 1.0);
    }

    #[test]
    fn what_looks_busy_by_its_sum_is_capped_by_what_was_seen() {
        // Two threads compute at once, half of the time: the sum alone would say all of it.
        let totals = Totals { threads: 2, runnable: Some(0.5), busiest: 0.5, ..one(1.0, 0.0) };
        assert_eq!(fraction(totals), 0.5);
    }

    #[test]
    fn children_too_short_to_be_seen_leave_it_to_the_looks() {
        let churning =
            Totals { seen_s: 0.2, threads: 40, runnable: Some(0.95), busiest: 0.3, ..one(0.7, 0.0) };
        let estimate = estimate(&churning);
        assert!((estimate.cpu_fraction - 0.95).abs() < 1e-9, "{estimate:?}");
        assert!((estimate.unseen_s - 0.5).abs() < 1e-9, "{estimate:?}");
        // What they waited for a CPU is estimated by what was seen.
        let queued = Totals { queued_s: 0.2, runnable: Some(1.0), ..churning };
        assert!((super::estimate(&queued).queued_share - 0.5).abs() < 1e-9);
    }

    #[test]
    fn hardly_any_cpu_time_tells_nothing_of_the_run_queue() {
        let asleep = Totals { seen_s: 0.000_01, queued_s: 0.009, ..one(0.001, 0.0) };
        assert!(estimate(&asleep).queued_share < 0.01);
    }

    #[test]
    fn workers_side_by_side_count_by_what_each_of_them_does() {
        // Each of two computes half of the time; for a quarter of it both wait.
        let workers = Totals {
            threads: 2,
            runnable: Some(0.75),
            busiest: 0.5,
            waiting_s: 0.5,
            waiting_alone: 2.0,
            ..one(1.0, 0.0)
        };
        assert_eq!(estimate(&workers).any_fraction, 0.75);
        assert_eq!(fraction(workers), 0.5);
        // Eight of them use up two CPUs.
        let many =
            Totals { cpu_s: 1.9, seen_s: 1.9, runnable: Some(0.97), busiest: 0.4, waiting_s: 5.0, ..workers };
        assert_eq!(fraction(many), 0.95);
    }

    #[test]
    fn a_crowded_machine_changes_nothing_about_what_workers_do() {
        // The same two when each waits for a CPU three times as long as it computes.
        let crowded = Totals {
            wall_s: 2.5,
            seen_s: 1.0,
            queued_s: 3.0,
            runnable: Some(0.96),
            busiest: 0.8,
            waiting_s: 0.8,
            waiting_alone: 2.0,
            threads: 2,
            ..one(1.0, 0.0)
        };
        assert_eq!(fraction(crowded), 0.5);
        // Of one that computes all the time, a tenth is missing because it is not credited yet.
        let uncredited = Totals { queued_s: 0.7, runnable: Some(1.0), ..one(0.2, 0.0) };
        assert!(estimate(&uncredited).cpu_fraction > 0.8);
        let waiting = Totals { queued_s: 0.4, runnable: Some(0.5), ..one(0.1, 0.0) };
        assert!(estimate(&waiting).cpu_fraction < 0.25);
    }

    #[test]
    fn without_looks_the_totals_decide() {
        assert_eq!(fraction(Totals { threads: 0, runnable: None, ..one(0.3, 0.0) }), 0.3);
    }
}

//! Judges what threads gain, from plain numbers of the trial that the harness made after the profile.

use crate::profile::result::{ThreadsVerdict, TwoThreads};
use crate::python::protocol::event::{SliceReport, TrialReport};
use crate::python::slice::{OWN_THREADS_FROM_CPUS, sum};

/// Gain above which threads compute side by side, and below which they gain nothing.
///
/// The table of 200 library calls that the verdicts were checked with uses the same bounds.
const RELEASES_FROM_GAIN: f64 = 1.6;
const NO_GAIN_BELOW: f64 = 1.15;

/// CPUs in use from which threads that gain nothing thrash, and CPU time of a call, over that of one alone, from
/// which it is wasted.
const THRASHES_FROM_CPUS: f64 = 1.3;
const WASTES_FROM_RATIO: f64 = 1.3;

/// Times per second that a thread falls asleep, from which two that waste CPU time do so by handing the GIL over.
/// Two that hold it for as long as they may, 5 ms, were seen to fall asleep 180 to 340 times.
const HANDS_OVER_FROM_PAUSES_PER_S: f64 = 1000.0;

/// Share of the CPU time for which the GIL is held, by the probe, from which it explains that nothing is gained
/// and below which it does not.
const HELD_FROM_SHARE: f64 = 0.6;
const FREE_BELOW_SHARE: f64 = 0.1;

/// Share of the wall time that another thread waits for the GIL, from which waiting callables hold it: 0.58 to
/// 0.93 for `ctypes.PyDLL(None).usleep` and 0.00 for `CDLL` on a machine with seven programs per CPU.
const HELD_WHILE_WAITING_FROM_SHARE: f64 = 0.3;

/// Share of the time that threads wait for a CPU from which only the probe can tell that they hold the GIL.
const CROWDED_SHARE: f64 = 0.4;

/// Times per second that a thread falls asleep, from which it waits for a lock between short stretches of
/// computing: the GIL, which a probe that comes at random mostly finds free.
const SHORT_STRETCHES_FROM_PAUSES_PER_S: f64 = 500.0;

/// Share of its time that a callable uses a CPU below which it waits rather than computes. The harness uses
/// the same.
const WAITS_BELOW_SHARE: f64 = 0.35;

/// Share of its time that a callable uses a CPU from which two threads ask for two CPUs.
const COMPUTES_FROM_SHARE: f64 = 0.8;

/// Speed-up of at least five threads below which their waits do not overlap.
const NO_OVERLAP_BELOW_SPEEDUP: f64 = 1.35;

/// CPUs that the threads have to ask for to show whether they compute side by side.
const MIN_DEMAND_CPUS: f64 = 1.5;

/// Share of the CPU time that children use from which a callable waits for them.
const CHILD_FROM_SHARE: f64 = 0.5;

/// Share of calls that fail in several threads, and not in one, from which they fail because of the threads.
const FAILS_FROM_SHARE: f64 = 0.5;

/// What a probe beside one thread saw of the GIL.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct GilShares {
    /// Wait for the GIL as a share of the wall time.
    pub(super) wanted: Option<f64>,
    /// Wait for the GIL as a share of the CPU time.
    pub(super) held: Option<f64>,
}

/// Judges a trial; `profiled` is the cost of the tasks in the profile.
pub(super) fn judge(trial: &TrialReport, profiled: &SliceReport, gil: GilShares) -> Option<TwoThreads> {
    if trial.hangs {
        return Some(TwoThreads::lost(trial.threads, ThreadsVerdict::Hangs));
    }
    let alone = sum(trial.rounds.iter().filter_map(|round| round.alone.as_ref()));
    let together = sum(trial.rounds.iter().map(|round| &round.together))?;
    let evidence = Evidence { alone: alone.as_ref().unwrap_or(profiled), together: &together, gil };
    let is_cached = alone.as_ref().is_some_and(|alone| alone.is_cached(profiled));
    Some(evidence.judge(is_cached))
}

/// The figures that a verdict follows from.
struct Evidence<'a> {
    alone: &'a SliceReport,
    together: &'a SliceReport,
    gil: GilShares,
}

/// A gain, as far as a busy machine shows it.
#[derive(Debug, Clone, Copy)]
struct Gain {
    /// The gain if threads that wait for a CPU hold what the others wait for.
    low: f64,
    /// The gain if no thread waits for another one.
    high: f64,
}

impl Evidence<'_> {
    fn judge(&self, is_cached: bool) -> TwoThreads {
        let speedup = self.speedup();
        let (verdict, speedup, serial_share) = if is_cached {
            (ThreadsVerdict::Unclear, speedup.high, None)
        } else if self.together.failed_share() - self.alone.failed_share() >= FAILS_FROM_SHARE {
            (ThreadsVerdict::Fails, speedup.high, None)
        } else if self.children_share() >= CHILD_FROM_SHARE {
            (ThreadsVerdict::Child, speedup.high, Some(1.0 - self.children_share()))
        } else if self.share_alone() < WAITS_BELOW_SHARE {
            self.waiting(speedup)
        } else {
            self.computing(speedup)
        };
        TwoThreads {
            threads: self.together.threads,
            calls: self.together.calls,
            speedup,
            cpu_per_call_ratio: self.cpu_per_call_ratio(),
            parallelism: self.parallelism(),
            queued_share: (self.together.queued_s / self.together.wall_s.max(f64::MIN_POSITIVE)).min(1.0),
            serial_share,
            verdict,
        }
    }

    fn speedup(&self) -> Gain {
        let alone = self.alone.rate().max(f64::MIN_POSITIVE);
        let together = self.together;
        let low = together.calls as f64 / together.wall_s.max(f64::MIN_POSITIVE) / alone;
        Gain { low, high: together.rate() / alone }
    }

    /// Returns the share of its time that a call uses a CPU, in its own thread or in threads that it starts.
    fn share_alone(&self) -> f64 {
        (self.alone.cpu_s / self.alone.own_s()).min(1.0).max(self.alone.cpu_share())
    }

    fn children_share(&self) -> f64 {
        let all = self.alone.cpu_s + self.alone.children_s;
        if all > 0.05 * self.alone.own_s() { self.alone.children_s / all } else { 0.0 }
    }

    fn cpu_per_call_ratio(&self) -> Option<f64> {
        let computes = self.alone.cpu_s + self.alone.children_s > 0.05 * self.alone.own_s();
        let ratio = self.together.cpu_per_call_s() / self.alone.cpu_per_call_s();
        (computes && ratio.is_finite()).then_some(ratio)
    }

    fn parallelism(&self) -> f64 {
        self.together.cpu_s / self.together.own_s()
    }

    /// CPUs that the threads ask for: as many as two can be told apart.
    fn demand_cpus(&self) -> f64 {
        let share = self.share_alone();
        let share = if share >= COMPUTES_FROM_SHARE { 1.0 } else { share };
        (self.together.threads as f64 * share).min(2.0)
    }

    /// Returns the share of the computing that one thread at a time does (Amdahl's law), given the work that
    /// all do as a multiple of what one CPU does.
    fn serial_share(&self, gain: f64) -> Option<f64> {
        let demand = self.demand_cpus();
        (demand >= MIN_DEMAND_CPUS && gain > 0.0)
            .then(|| ((1.0 / gain - 1.0 / demand) / (1.0 - 1.0 / demand)).max(0.0))
    }

    /// Judges callables that hardly compute.
    fn waiting(&self, speedup: Gain) -> (ThreadsVerdict, f64, Option<f64>) {
        if speedup.high < NO_OVERLAP_BELOW_SPEEDUP {
            let is_held = self.gil.wanted.is_some_and(|share| share >= HELD_WHILE_WAITING_FROM_SHARE);
            let verdict = if is_held { ThreadsVerdict::HoldsWaiting } else { ThreadsVerdict::Locked };
            return (verdict, speedup.high, Some(1.0));
        }
        let work = self.together.calls as f64 * self.alone.thread_cpu_s
            / self.alone.calls.max(1) as f64
            / self.together.own_s();
        // Less work than one CPU does may be all that there is to do.
        let serial = if work >= NO_GAIN_BELOW { self.serial_share(work) } else { None };
        (ThreadsVerdict::Waits, speedup.high, serial)
    }

    /// Judges callables that compute, also if they wait in between.
    fn computing(&self, speedup: Gain) -> (ThreadsVerdict, f64, Option<f64>) {
        let cpus = self.alone.cpu_s / self.alone.own_s();
        if cpus >= OWN_THREADS_FROM_CPUS {
            return (ThreadsVerdict::OwnThreads, speedup.high, Some(0.0));
        }
        let share = self.share_alone();
        let share = if share >= COMPUTES_FROM_SHARE { 1.0 } else { share };
        let gain = Gain { low: speedup.low * share, high: speedup.high * share };
        let verdict = match (self.band(gain.low), self.band(gain.high)) {
            (low, high) if low == high => high,
            // A busy machine leaves it open; the probe, which counts no time in the run queue, may decide.
            (ThreadsVerdict::Holds, _) if self.is_held() => ThreadsVerdict::Holds,
            (low, ThreadsVerdict::Releases) if low != ThreadsVerdict::Holds && self.is_free() => {
                ThreadsVerdict::Releases
            }
            _ => ThreadsVerdict::Unclear,
        };
        let (verdict, gain) = match verdict {
            // Threads that hardly ever had a CPU at the same time show no gain either.
            ThreadsVerdict::Holds if self.is_crowded() && !self.is_held() => {
                (ThreadsVerdict::Unclear, gain.high)
            }
            ThreadsVerdict::Holds => self.without_gain(gain),
            ThreadsVerdict::Releases => (verdict, gain.high.min(self.demand_cpus())),
            _ => (verdict, gain.high),
        };
        let serial = match verdict {
            // The probe has to do, unless threads hand the GIL over so often that it finds it free.
            ThreadsVerdict::Unclear if self.pauses_per_s() < HANDS_OVER_FROM_PAUSES_PER_S => None,
            ThreadsVerdict::Unclear => self.serial_share((speedup.low * speedup.high).sqrt() * share),
            _ => self.serial_share(gain),
        };
        (verdict, gain / share, serial)
    }

    fn band(&self, gain: f64) -> ThreadsVerdict {
        if gain >= RELEASES_FROM_GAIN {
            ThreadsVerdict::Releases
        } else if gain >= NO_GAIN_BELOW {
            ThreadsVerdict::Partly
        } else {
            ThreadsVerdict::Holds
        }
    }

    fn pauses_per_s(&self) -> f64 {
        self.together.pauses as f64 / self.together.wall_s.max(f64::MIN_POSITIVE)
    }

    fn is_crowded(&self) -> bool {
        self.together.queued_s > CROWDED_SHARE * self.together.wall_s
    }

    fn is_held(&self) -> bool {
        self.gil.held.is_some_and(|share| share >= HELD_FROM_SHARE)
    }

    fn is_free(&self) -> bool {
        let often = self.pauses_per_s() >= HANDS_OVER_FROM_PAUSES_PER_S;
        !often && self.gil.held.is_some_and(|share| share < FREE_BELOW_SHARE)
    }

    /// Returns why threads gain nothing, and their gain.
    fn without_gain(&self, gain: Gain) -> (ThreadsVerdict, f64) {
        let gain = gain.high.min(NO_GAIN_BELOW);
        let pauses_per_s = self.pauses_per_s();
        let hands_over =
            self.parallelism() >= THRASHES_FROM_CPUS || pauses_per_s >= HANDS_OVER_FROM_PAUSES_PER_S;
        let wastes = self.cpu_per_call_ratio().is_some_and(|ratio| ratio >= WASTES_FROM_RATIO);
        let verdict = if wastes && hands_over {
            ThreadsVerdict::Thrashing
        } else if self.gil.held.is_some_and(|share| share < HELD_FROM_SHARE / 2.0)
            && pauses_per_s < SHORT_STRETCHES_FROM_PAUSES_PER_S
        {
            ThreadsVerdict::Locked
        } else {
            ThreadsVerdict::Holds
        };
        // Threads that only wait for one another are as fast as one, whatever a busy machine shows; those whose
        // calls cost more, such as two that each fill the memory of a parser anew, are slower.
        (verdict, if wastes { gain } else { gain.max(1.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::protocol::event::RoundReport;

    /// Returns a slice of 0.1 s, with calls and CPU seconds of its threads.
    fn slice(threads: u64, calls: u64, cpu_s: f64) -> SliceReport {
        SliceReport { threads, calls, wall_s: 0.1, cpu_s, thread_cpu_s: cpu_s, ..SliceReport::default() }
    }

    /// Returns the slice on a machine on which its threads wait for a CPU for a part of the time.
    fn queued(slice: SliceReport, queued_s: f64) -> SliceReport {
        SliceReport { queued_s, ..slice }
    }

    fn held(share: f64) -> GilShares {
        GilShares { wanted: Some(share), held: Some(share) }
    }

    fn judged(alone: SliceReport, together: SliceReport, gil: GilShares) -> TwoThreads {
        let (threads, profiled) = (together.threads, alone.clone());
        let trial =
            TrialReport { threads, rounds: vec![RoundReport { alone: Some(alone), together }], hangs: false };
        judge(&trial, &profiled, gil).expect("a verdict")
    }

    fn verdict(alone: SliceReport, together: SliceReport, gil: GilShares) -> ThreadsVerdict {
        judged(alone, together, gil).verdict
    }

    #[test]
    fn threads_that_hold_the_lock_do_the_work_of_one() {
        let spin = judged(slice(1, 300, 0.1), slice(2, 297, 0.1), held(0.93));
        assert_eq!(spin.verdict, ThreadsVerdict::Holds);
        assert!(spin.serial_share.is_some_and(|share| (share - 1.0).abs() < 1e-9), "{spin:?}");
        // PyNaCl and networkx of the table.
        assert_eq!(verdict(slice(1, 100, 0.1), slice(2, 108, 0.126), held(0.7)), ThreadsVerdict::Holds);
        assert_eq!(verdict(slice(1, 100, 0.1), slice(2, 93, 0.119), held(0.8)), ThreadsVerdict::Holds);
    }

    #[test]
    fn short_stretches_between_system_calls_are_no_release() {
        // The probe comes when the lock is free; the threads wait for it thousands of times a second.
        let together = SliceReport { pauses: 900, ..slice(2, 104, 0.11) };
        assert_eq!(verdict(slice(1, 100, 0.1), together, held(0.05)), ThreadsVerdict::Holds);
    }

    #[test]
    fn threads_that_release_the_lock_work_side_by_side() {
        for (calls, cpu_s) in [(200, 0.2), (181, 0.198), (166, 0.18)] {
            let found = judged(slice(1, 100, 0.1), slice(2, calls, cpu_s), held(0.0));
            assert_eq!(found.verdict, ThreadsVerdict::Releases, "{calls}");
        }
        let partly = judged(slice(1, 100, 0.1), slice(2, 138, 0.195), held(0.2));
        assert_eq!(partly.verdict, ThreadsVerdict::Partly);
        assert!(partly.serial_share.is_some_and(|share| (0.4..0.5).contains(&share)), "{partly:?}");
    }

    #[test]
    fn threads_that_hand_the_lock_over_all_the_time_thrash() {
        // `fetchall`, `executemany`, `regex.findall`, numpy's addition, SHA-256 of 4 KB, `numpy.asarray`.
        for (gain, cpus) in [(0.64, 1.8), (0.36, 1.93), (0.35, 1.71), (0.34, 1.85), (1.03, 1.9), (1.0, 1.32)]
        {
            let together = slice(2, (1000.0 * gain) as u64, 0.1 * cpus);
            let found = judged(slice(1, 1000, 0.1), together, held(0.3));
            assert_eq!(found.verdict, ThreadsVerdict::Thrashing, "{gain}");
            assert!(found.serial_share.is_some_and(|share| gain > 0.99 || share > 1.0), "{found:?}");
        }
    }

    #[test]
    fn calls_that_cost_more_side_by_side_hold_the_lock_unless_they_hand_it_over_all_the_time() {
        // Parsers of JSON: one CPU in use, the lock handed over every 5 ms, calls dearer by half.
        let parser = SliceReport { pauses: 20, ..slice(2, 66, 0.101) };
        let found = judged(slice(1, 100, 0.1), parser.clone(), held(0.9));
        assert_eq!(found.verdict, ThreadsVerdict::Holds);
        assert!(found.speedup < 0.7 && found.serial_share.is_some_and(|share| share > 1.5), "{found:?}");
        let handed_over = SliceReport { pauses: 2000, ..parser };
        assert_eq!(verdict(slice(1, 100, 0.1), handed_over, held(0.9)), ThreadsVerdict::Thrashing);
    }

    #[test]
    fn a_lock_of_a_library_leaves_the_interpreters_lock_free() {
        // `lxml.html` with its shared parser, and HDF5: 3% of the GIL.
        for calls in [100, 97] {
            assert_eq!(
                verdict(slice(1, 100, 0.1), slice(2, calls, 0.101), held(0.03)),
                ThreadsVerdict::Locked
            );
        }
    }

    #[test]
    fn a_call_that_waits_for_threads_that_it_starts_computes() {
        // Of a pool of two threads, of which one at a time has the GIL.
        let in_pool = |threads, calls| SliceReport { thread_cpu_s: 0.001, ..slice(threads, calls, 0.099) };
        let tried = judged(in_pool(1, 10), in_pool(2, 10), held(0.8));
        assert_eq!((tried.verdict, tried.serial_share), (ThreadsVerdict::Holds, Some(1.0)));
        // One that waits for an outside thing beside a little work in a thread still waits.
        let waits = |threads, calls| SliceReport { thread_cpu_s: 0.001, ..slice(threads, calls, 0.01) };
        assert_eq!(judged(waits(1, 10), waits(16, 158), held(0.0)).verdict, ThreadsVerdict::Waits);
    }

    #[test]
    fn a_call_that_uses_two_cpus_has_threads_of_its_own() {
        let product = judged(slice(1, 100, 0.199), slice(2, 101, 0.2), held(0.01));
        assert_eq!(product.verdict, ThreadsVerdict::OwnThreads);
        assert_eq!(product.serial_share, Some(0.0));
        assert_eq!(verdict(slice(1, 100, 0.143), slice(2, 101, 0.2), held(0.2)), ThreadsVerdict::OwnThreads);
    }

    #[test]
    fn waits_overlap_unless_the_lock_or_another_one_is_held_meanwhile() {
        let alone = slice(1, 10, 0.001);
        let of = |calls, wanted| {
            let gil = GilShares { wanted: Some(wanted), held: None };
            judged(alone.clone(), slice(16, calls, 0.01), gil)
        };
        assert_eq!(of(158, 0.0).verdict, ThreadsVerdict::Waits);
        assert_eq!(of(40, 0.0).verdict, ThreadsVerdict::Waits, "an upstream that serves four at a time");
        assert_eq!(of(158, 0.0).serial_share, None, "they compute too little to tell");
        assert_eq!(of(10, 0.95).verdict, ThreadsVerdict::HoldsWaiting);
        assert_eq!(of(10, 0.01).verdict, ThreadsVerdict::Locked);
    }

    #[test]
    fn a_callable_that_waits_for_a_child_does_not_hold_the_lock() {
        let child = |slice: SliceReport, children_s| SliceReport { children_s, ..slice };
        let alone = child(slice(1, 2, 0.003), 0.09);
        assert_eq!(verdict(alone.clone(), child(slice(2, 4, 0.006), 0.18), held(0.0)), ThreadsVerdict::Child);
        // A busy machine, on which two children are no faster than one.
        assert_eq!(verdict(alone, child(slice(2, 2, 0.006), 0.09), held(0.9)), ThreadsVerdict::Child);
    }

    #[test]
    fn computing_between_waits_shows_whether_the_lock_is_held() {
        let alone = slice(1, 20, 0.05);
        let held_ = judged(alone.clone(), slice(6, 41, 0.1), held(0.9));
        assert_eq!(held_.verdict, ThreadsVerdict::Holds);
        assert_eq!(verdict(alone, slice(6, 76, 0.19), held(0.0)), ThreadsVerdict::Releases);
    }

    #[test]
    fn a_busy_machine_is_told_from_the_lock_or_leaves_it_open() {
        // Another program uses one of two CPUs: each of two threads waits a third of the time.
        let alone = slice(1, 100, 0.1);
        let free = queued(slice(2, 133, 0.133), 0.033);
        assert_eq!(verdict(alone.clone(), free.clone(), held(0.02)), ThreadsVerdict::Releases);
        assert_eq!(verdict(alone.clone(), free, held(0.4)), ThreadsVerdict::Unclear);
        let one_at_a_time = queued(slice(2, 95, 0.095), 0.02);
        assert_eq!(verdict(alone.clone(), one_at_a_time.clone(), held(0.9)), ThreadsVerdict::Holds);
        assert_eq!(verdict(alone.clone(), one_at_a_time, held(0.05)), ThreadsVerdict::Unclear);
        // Nine programs for every CPU: the threads never run at the same time.
        let crowded = queued(slice(2, 30, 0.03), 0.07);
        assert_eq!(verdict(alone.clone(), crowded, held(0.0)), ThreadsVerdict::Unclear);
        // One CPU: two threads take turns, whether they hold the lock or not.
        let one_cpu = queued(slice(2, 100, 0.1), 0.05);
        assert_eq!(verdict(alone.clone(), one_cpu.clone(), held(0.01)), ThreadsVerdict::Unclear);
        assert_eq!(verdict(alone, one_cpu, held(0.95)), ThreadsVerdict::Holds);
    }

    #[test]
    fn short_stretches_on_a_busy_machine_are_not_predicted_by_the_probe() {
        let of = |pauses| {
            let together = SliceReport { pauses, ..queued(slice(2, 100, 0.1), 0.03) };
            judged(slice(1, 100, 0.1), together, held(0.2))
        };
        assert_eq!((of(10).verdict, of(10).serial_share), (ThreadsVerdict::Unclear, None));
        let free = SliceReport { pauses: 300, ..queued(slice(2, 133, 0.133), 0.033) };
        assert_eq!(verdict(slice(1, 100, 0.1), free, held(0.02)), ThreadsVerdict::Unclear);
        assert_eq!(of(300).verdict, ThreadsVerdict::Unclear);
        assert!(of(300).serial_share.is_some_and(|share| (0.6..0.75).contains(&share)), "{:?}", of(300));
    }

    #[test]
    fn calls_that_fail_hang_or_come_from_a_cache_show_no_gain() {
        let failing = SliceReport { failed: 180, ..slice(2, 200, 0.1) };
        assert_eq!(verdict(slice(1, 100, 0.1), failing, held(0.9)), ThreadsVerdict::Fails);
        let hanging = TrialReport { threads: 2, rounds: Vec::new(), hangs: true };
        let hung = judge(&hanging, &slice(1, 10, 0.1), held(0.9)).map(|found| found.verdict);
        assert_eq!(hung, Some(ThreadsVerdict::Hangs));
        let round = RoundReport { alone: Some(slice(1, 10_000, 0.1)), together: slice(2, 10_000, 0.1) };
        let cached = TrialReport { threads: 2, rounds: vec![round], hangs: false };
        let found = judge(&cached, &slice(1, 10, 0.1), held(0.9)).map(|found| found.verdict);
        assert_eq!(found, Some(ThreadsVerdict::Unclear));
        let none = TrialReport { threads: 2, rounds: Vec::new(), hangs: false };
        assert_eq!(judge(&none, &slice(1, 10, 0.1), held(0.9)), None);
    }
}

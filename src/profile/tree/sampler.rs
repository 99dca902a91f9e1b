//! Looks at a tree many times a second until it ends, and no more often than that may cost.

use std::time::{Duration, Instant};

use crate::host::clock::{monotonic_ns, thread_cpu};
use crate::host::usage::CpuTime;
use crate::profile::tree::breakdown::{self, Breakdown};
use crate::profile::tree::moment::{Moment, Moments, Observer};
use crate::profile::tree::peer::{self, Peer};
use crate::profile::tree::portable::Portable;
use crate::profile::tree::result::SampleSource;
use crate::profile::tree::scan::Scanner;

/// Mean time between two looks, unless they cost too much.
const PERIOD: Duration = Duration::from_millis(20);

/// The longest time between two looks.
const LONGEST: Duration = Duration::from_millis(2560);

/// `sysinfo` sees CPU time in steps, and looks at every process of the machine.
const PORTABLE_PERIOD: Duration = Duration::from_millis(200);

/// The period varies by this much either way, so that it does not beat with the work.
const JITTER: f64 = 0.25;

/// A look may take this share of the period in CPU time; then the period is doubled.
const DEAR: f64 = 0.02;

/// A look that takes less than this share is cheap enough for twice as many.
const CHEAP: f64 = 0.008;

/// How much of the cost of the last look goes into what a look is taken to cost.
const NEWEST: f64 = 0.25;

/// The most sockets that are looked up, until one is found: the list of all there are may be long.
const MOST_SOCKETS: usize = 4;

/// Which processes are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The process above all others.
    pub root: u32,
    /// Whether it belongs to the tree, or only started it.
    pub with_root: bool,
}

/// What was seen of a tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// When the first look was taken, by [`monotonic_ns`].
    pub begun_ns: u64,
    /// Seconds from the first look to the last one that found the root.
    pub wall_s: f64,
    /// What happened between the looks.
    pub moments: Vec<Moment>,
    /// CPU time of the tree by the kernel's ticks, children that have ended included.
    pub ticked: CpuTime,
    /// CPU seconds of all threads seen.
    pub seen_s: f64,
    /// Seconds these waited for a CPU.
    pub queued_s: f64,
    /// Where the looks came from.
    pub source: SampleSource,
    /// CPU seconds that looking took.
    pub cost_s: f64,
    /// Processes and threads seen.
    pub breakdown: Breakdown,
    /// Where the server is that was waited for first, if one was.
    pub peer: Option<Peer>,
}

/// Looks at a tree, until `pause`, which waits as long as it is told, says that it is over.
///
/// With [`SampleSource::Proc`], `/proc` is read; where that is not to be had, and with
/// [`SampleSource::Sysinfo`], only what every system tells.
pub fn sample(target: Target, source: SampleSource, mut pause: impl FnMut(Duration) -> bool) -> Observed {
    let has_proc =
        cfg!(target_os = "linux") && crate::host::procfs::process_stat(std::process::id()).is_some();
    match source {
        SampleSource::Proc if has_proc => by_proc(target, &mut pause),
        _ => by_sysinfo(target, &mut pause),
    }
}

fn by_proc(target: Target, pause: &mut impl FnMut(Duration) -> bool) -> Observed {
    let cost_before = thread_cpu();
    let (begun_ns, begun) = (monotonic_ns(), Instant::now());
    let mut scanner = Scanner::new(target.root, target.with_root);
    let mut observer = Observer::default();
    let mut moments = Moments::default();
    let mut pace = Pace::new(PERIOD, target.root);
    let mut peer = None;
    let (mut last_s, mut rooted_s, mut lookups) = (0.0, 0.0, 0);
    loop {
        let before = thread_cpu();
        let look = scanner.look();
        let at_s = begun.elapsed().as_secs_f64();
        moments.push(observer.observe(&look, at_s, at_s - last_s));
        last_s = at_s;
        if look.has_root {
            rooted_s = at_s;
        }
        pace.after(thread_cpu().saturating_sub(before));
        for (pid, inode) in scanner.take_sockets() {
            if peer.is_none() && lookups < MOST_SOCKETS {
                lookups += 1;
                peer = peer::of(pid, inode);
            }
        }
        let is_gone = target.with_root && !look.has_root;
        if is_gone || !pause(pace.next()) {
            break;
        }
    }
    let totals = || scanner.known().values().map(|known| known.total_s());
    Observed {
        begun_ns,
        wall_s: rooted_s,
        moments: moments.into_vec(),
        ticked: scanner.ticked(),
        seen_s: totals().map(|(run, _)| run).sum(),
        queued_s: totals().map(|(_, queued)| queued).sum(),
        source: SampleSource::Proc,
        breakdown: breakdown::of_scanner(&scanner),
        peer,
        cost_s: thread_cpu().saturating_sub(cost_before).as_secs_f64(),
    }
}

fn by_sysinfo(target: Target, pause: &mut impl FnMut(Duration) -> bool) -> Observed {
    let cost_before = thread_cpu();
    let (begun_ns, begun) = (monotonic_ns(), Instant::now());
    let mut portable = Portable::new(target.root, target.with_root);
    let mut moments = Moments::default();
    let mut pace = Pace::new(PORTABLE_PERIOD, target.root);
    let (mut last_s, mut rooted_s) = (0.0, 0.0);
    loop {
        let at_s = begun.elapsed().as_secs_f64();
        let is_there = portable.as_mut().is_some_and(|portable| {
            let (moment, is_there) = portable.look(at_s, at_s - last_s);
            moments.push(moment);
            is_there
        });
        last_s = at_s;
        if is_there {
            rooted_s = at_s;
        }
        if (target.with_root && !is_there) || !pause(pace.next()) {
            break;
        }
    }
    let breakdown = portable.as_ref().map(breakdown::of_portable).unwrap_or_default();
    let seen_s = breakdown.processes.iter().map(|process| process.cpu_s).sum();
    Observed {
        begun_ns,
        wall_s: rooted_s,
        moments: moments.into_vec(),
        // Which mode it was used in is not told.
        ticked: CpuTime { user_s: seen_s, system_s: 0.0 },
        seen_s,
        queued_s: 0.0,
        source: SampleSource::Sysinfo,
        breakdown,
        peer: None,
        cost_s: thread_cpu().saturating_sub(cost_before).as_secs_f64(),
    }
}

/// When to look next.
#[derive(Debug)]
struct Pace {
    shortest: Duration,
    period: Duration,
    /// What a look costs, single dear ones smoothed out.
    cost: Option<Duration>,
    draw: u32,
}

impl Pace {
    fn new(period: Duration, seed: u32) -> Self {
        Pace { shortest: period, period, cost: None, draw: seed }
    }

    /// Looks less often when one costs too much, and more often again when it does not.
    fn after(&mut self, cost: Duration) {
        let before = self.cost.unwrap_or(cost);
        let cost = before.mul_f64(1.0 - NEWEST) + cost.mul_f64(NEWEST);
        self.cost = Some(cost);
        if cost < self.period.mul_f64(CHEAP) {
            self.period = (self.period / 2).max(self.shortest);
        }
        while cost > self.period.mul_f64(DEAR) && self.period < LONGEST {
            self.period = (self.period * 2).min(LONGEST);
        }
    }

    /// The time to the next look, from a linear congruential generator (Knuth, TAOCP 3.3.4).
    fn next(&mut self) -> Duration {
        self.draw = self.draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let unit = f64::from(self.draw) / f64::from(u32::MAX);
        self.period.mul_f64(1.0 + JITTER * (2.0 * unit - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn dear_looks_are_taken_less_often_and_cheap_ones_more_often_again() {
        let mut pace = Pace::new(PERIOD, 1);
        pace.after(MS);
        assert_eq!(pace.period, 80 * MS);
        // One in between is fine as it is.
        pace.after(MS);
        assert_eq!(pace.period, 80 * MS);
        (0..20).for_each(|_| pace.after(MS / 10));
        assert_eq!(pace.period, PERIOD);
        (0..20).for_each(|_| pace.after(Duration::from_secs(1)));
        assert_eq!(pace.period, LONGEST);
    }

    #[test]
    fn one_dear_look_changes_little() {
        let mut pace = Pace::new(PERIOD, 1);
        pace.after(MS / 10);
        pace.after(MS);
        assert_eq!(pace.period, PERIOD);
    }

    #[test]
    fn periods_vary_within_their_bounds() {
        let mut pace = Pace::new(PERIOD, 1);
        let periods: Vec<_> = (0..1000).map(|_| pace.next().as_secs_f64()).collect();
        assert!(periods.iter().all(|p| (0.015..=0.025).contains(p)));
        assert!(periods.iter().any(|p| *p < 0.017) && periods.iter().any(|p| *p > 0.023));
    }

    #[test]
    fn a_tree_is_looked_at_until_it_is_over_in_both_ways() {
        for source in [SampleSource::Proc, SampleSource::Sysinfo] {
            let mut looks = 0;
            let target = Target { root: std::process::id(), with_root: true };
            let observed = sample(target, source, |_| {
                looks += 1;
                looks < 3
            });
            assert_eq!(observed.moments.iter().map(|m| m.looks).sum::<f64>(), 3.0);
            assert!(observed.source == source || cfg!(not(target_os = "linux")));
            assert!(!observed.breakdown.processes.is_empty());
        }
    }

    #[test]
    fn a_process_that_is_gone_ends_it() {
        let target = Target { root: u32::MAX >> 1, with_root: true };
        let observed = sample(target, SampleSource::Proc, |_| panic!("there is nothing to wait for"));
        assert_eq!(observed.moments.iter().map(|m| m.looks).sum::<f64>(), 0.0);
    }
}

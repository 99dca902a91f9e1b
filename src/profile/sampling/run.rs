//! The sampling loop.

use std::time::{Duration, Instant};

use crate::host::clock::{monotonic_ns, thread_cpu};
use crate::host::procfs::{self, Peer};
use crate::host::quota::QuotaUse;
use crate::host::suspension::{awake_now, awake_since};
use crate::host::usage::CpuTime;
use crate::profile::result::{SampleSource, Sockets};
use crate::profile::sampling::activity::ActivityTracker;
use crate::profile::sampling::breakdown::{self, Breakdown};
use crate::profile::sampling::cadence::Cadence;
use crate::profile::sampling::interval::{Interval, IntervalLog};
use crate::profile::sampling::polling::counts::PlaceCounts;
use crate::profile::sampling::polling::watch::PollingWatch;
use crate::profile::sampling::procfs::ProcfsSampler;
use crate::profile::sampling::quota_watch::QuotaWatch;
use crate::profile::sampling::socket_watch::SocketWatch;
use crate::profile::sampling::sysinfo::SysinfoSampler;
use crate::profile::sampling::target::Target;
use crate::profile::sampling::timed_wait::TimedEnds;

/// Mean time between two samples from `/proc`, unless they cost too much; at 20 ms, a sample of a small tree
/// takes about 1% of a CPU (`cargo bench --bench profile`).
const PROCFS_PERIOD: Duration = Duration::from_millis(20);

/// Longest time between two samples from `/proc`, however much they cost.
const MAX_PROCFS_PERIOD: Duration = Duration::from_millis(2560);

/// Mean and longest time between two samples of a process that runs tasks: some tens of them, at least ten,
/// tell the kinds of waits of a profile that ends as early as it can. Profiles of tasks are short, so that the
/// samples cost little on the whole.
const TASK_PERIODS: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(20)];

/// Mean time between two samples from `sysinfo`, which sees CPU time in steps of 10 ms and reads every
/// process of the machine.
const SYSINFO_PERIOD: Duration = Duration::from_millis(200);

/// Number of sockets whose peer is looked up, until one is found: the list of all sockets may be long.
const MAX_PEER_LOOKUPS: usize = 4;

/// Everything that sampling shows of a tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Time of the first sample, by [`monotonic_ns`].
    pub begun_ns: u64,
    /// Seconds from the first sample to the last one that found the tree.
    pub wall_s: f64,
    /// The intervals between the samples.
    pub intervals: Vec<Interval>,
    /// The totals of all threads seen.
    pub totals: SampledTotals,
    /// The source of the samples.
    pub source: SampleSource,
    /// CPU seconds that sampling took.
    pub cost_s: f64,
    /// Processes and threads seen.
    pub breakdown: Breakdown,
    /// Place of the first server that was waited for, where one was found.
    pub peer: Option<Peer>,
    /// The CPU quota that held the tree back, if it has one.
    pub quota: Option<QuotaUse>,
    /// The sockets of the tree, by who asks whom; `None` if they were not looked at.
    pub sockets: Option<Sockets>,
    /// Samples of what busy threads execute.
    pub places: PlaceCounts,
}

/// Totals of all threads that were sampled.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SampledTotals {
    /// CPU time by the kernel's ticks, with children that ended and were waited for.
    pub ticked: CpuTime,
    /// CPU seconds of the threads seen.
    pub seen_s: f64,
    /// Seconds that these threads waited for a CPU.
    pub queued_s: f64,
}

/// Everything that one way to sample a tree has found at its end.
#[derive(Debug, Default)]
struct Sampled {
    totals: SampledTotals,
    breakdown: Breakdown,
    peer: Option<Peer>,
    quota: Option<QuotaUse>,
    sockets: Option<Sockets>,
}

/// One way to sample a tree.
trait Sampler {
    /// Source of the samples.
    const SOURCE: SampleSource;

    /// Takes a sample; returns the interval since `last_s`, both in seconds since `begun`, and whether the
    /// tree was there.
    fn sample(&mut self, begun: Instant, last_s: f64) -> (Interval, bool);

    /// Does the work that a sample left over; the cost of that work does not count as the sample's.
    fn follow_up(&mut self) {}

    /// Returns the ends of waits that had a time limit.
    fn timed_ends(&mut self) -> TimedEnds {
        TimedEnds::default()
    }

    /// Takes the samples of what busy threads execute.
    fn places(&mut self) -> PlaceCounts {
        PlaceCounts::default()
    }

    /// Ends sampling.
    fn finish(self) -> Sampled;
}

/// Samples a tree until it is gone, or until `pause`, which waits for the time it is given, returns false.
///
/// [`SampleSource::Proc`] is used where there is `/proc`; elsewhere, and with [`SampleSource::Sysinfo`], only
/// the CPU time of processes is seen.
pub fn sample(target: Target, source: SampleSource, mut pause: impl FnMut(Duration) -> bool) -> Observation {
    match source {
        SampleSource::Proc if procfs::is_available() => {
            let usual = [PROCFS_PERIOD, MAX_PROCFS_PERIOD];
            let [shortest, longest] = if target.runs_tasks { TASK_PERIODS } else { usual };
            let cadence = Cadence::new(shortest, longest, target.root);
            run(target, ByProcfs::new(target), cadence, &mut pause)
        }
        _ => {
            let cadence = Cadence::new(SYSINFO_PERIOD, SYSINFO_PERIOD, target.root);
            run(target, BySysinfo(SysinfoSampler::new(target)), cadence, &mut pause)
        }
    }
}

fn run<S: Sampler>(
    target: Target,
    mut sampler: S,
    mut cadence: Cadence,
    pause: &mut impl FnMut(Duration) -> bool,
) -> Observation {
    let cost_before = thread_cpu();
    let (begun_ns, begun) = (monotonic_ns(), awake_now());
    let mut intervals = IntervalLog::default();
    let (mut last_s, mut rooted_s) = (0.0, 0.0);
    loop {
        let before = thread_cpu();
        let (interval, has_root) = sampler.sample(begun, last_s);
        cadence.record_cost(thread_cpu().saturating_sub(before));
        intervals.push(interval);
        last_s = interval.at_s;
        if has_root {
            rooted_s = last_s;
        }
        sampler.follow_up();
        let is_gone = target.includes_root && !has_root;
        if is_gone || !pause(cadence.next_pause()) {
            break;
        }
    }
    let ends = sampler.timed_ends();
    let resolved = |interval: Interval| Interval { waits: interval.waits.resolved(&ends), ..interval };
    let places = sampler.places();
    let Sampled { totals, breakdown, peer, quota, sockets } = sampler.finish();
    Observation {
        begun_ns,
        wall_s: rooted_s,
        intervals: intervals.into_vec().into_iter().map(resolved).collect(),
        totals,
        source: S::SOURCE,
        cost_s: thread_cpu().saturating_sub(cost_before).as_secs_f64(),
        breakdown,
        peer,
        quota,
        sockets,
        places,
    }
}

/// Samples every thread and what it waits for.
struct ByProcfs {
    sampler: ProcfsSampler,
    activity: ActivityTracker,
    /// CPU time by the kernel's ticks at the last sample.
    ticked: CpuTime,
    peer: Option<Peer>,
    lookups: usize,
    quota: QuotaWatch,
    sockets: SocketWatch,
    polling: PollingWatch,
}

impl ByProcfs {
    fn new(target: Target) -> Self {
        let (sampler, activity) = (ProcfsSampler::new(target), ActivityTracker::default());
        let (ticked, quota, sockets) = (CpuTime::default(), QuotaWatch::default(), SocketWatch::default());
        let polling = PollingWatch::default();
        ByProcfs { sampler, activity, ticked, peer: None, lookups: 0, quota, sockets, polling }
    }

    /// Returns the ticks since the last sample. The sum of a tree falls where a process ends that nobody in the
    /// tree waits for.
    fn ticked_since_last(&mut self) -> CpuTime {
        let (before, now) = (self.ticked, self.sampler.ticked());
        self.ticked =
            CpuTime { user_s: now.user_s.max(before.user_s), system_s: now.system_s.max(before.system_s) };
        self.ticked - before
    }
}

impl Sampler for ByProcfs {
    const SOURCE: SampleSource = SampleSource::Proc;

    fn sample(&mut self, begun: Instant, last_s: f64) -> (Interval, bool) {
        let snapshot = self.sampler.snapshot();
        let at_s = awake_since(begun).as_secs_f64();
        self.quota.consider(&snapshot, at_s);
        self.sockets.consider(&snapshot, at_s);
        let mut interval = self.activity.interval(&snapshot, at_s, at_s - last_s);
        interval.cpu.ticked = self.ticked_since_last();
        interval.cpu.wakeups = self.sampler.take_wakeups() as f64;
        for thread in snapshot.threads.iter().filter(|thread| thread.run_s > 0.0) {
            self.polling.look(thread.key, &self.sampler.records()[&thread.key]);
        }
        let is_stopped = self.sampler.is_stopped(&snapshot);
        (if is_stopped { interval.stopped() } else { interval }, snapshot.has_root)
    }

    fn follow_up(&mut self) {
        self.sampler.follow_up();
        self.polling.collect();
        self.quota.look();
        self.sockets.look();
        for (pid, inode) in self.sampler.take_sockets() {
            if self.peer.is_none() && self.lookups < MAX_PEER_LOOKUPS {
                self.lookups += 1;
                self.peer = procfs::tcp_peer(pid, inode);
            }
        }
    }

    fn timed_ends(&mut self) -> TimedEnds {
        self.sampler.finish_timed_waits()
    }

    fn places(&mut self) -> PlaceCounts {
        std::mem::take(&mut self.polling).finish(self.sampler.records())
    }

    fn finish(self) -> Sampled {
        let totals = || self.sampler.records().values().map(|record| record.total_s());
        let totals = SampledTotals {
            ticked: self.sampler.ticked(),
            seen_s: totals().map(|(run, _)| run).sum(),
            queued_s: totals().map(|(_, queued)| queued).sum(),
        };
        let breakdown = breakdown::of_procfs(&self.sampler);
        let (quota, sockets) = (self.quota.finish(), self.sockets.finish());
        Sampled { totals, breakdown, peer: self.peer, quota, sockets }
    }
}

/// Samples CPU time of processes; nothing at all where even `sysinfo` does not know the system.
struct BySysinfo(Option<SysinfoSampler>);

impl Sampler for BySysinfo {
    const SOURCE: SampleSource = SampleSource::Sysinfo;

    fn sample(&mut self, begun: Instant, last_s: f64) -> (Interval, bool) {
        let at_s = awake_since(begun).as_secs_f64();
        let span_s = at_s - last_s;
        match &mut self.0 {
            Some(sampler) => sampler.interval(at_s, span_s),
            None => (Interval { at_s, span_s, ..Interval::default() }, false),
        }
    }

    fn finish(self) -> Sampled {
        let breakdown = self.0.as_ref().map(breakdown::of_sysinfo).unwrap_or_default();
        let seen_s = breakdown.processes.iter().map(|process| process.cpu_s).sum();
        // User and system time cannot be distinguished.
        let ticked = CpuTime { user_s: seen_s, system_s: 0.0 };
        let totals = SampledTotals { ticked, seen_s, queued_s: 0.0 };
        Sampled { totals, breakdown, ..Sampled::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(observation: &Observation) -> f64 {
        observation.intervals.iter().map(|interval| interval.samples).sum()
    }

    #[test]
    fn a_tree_is_sampled_until_it_is_over_in_both_ways() {
        for source in [SampleSource::Proc, SampleSource::Sysinfo] {
            let mut pauses = 0;
            let target = Target { root: std::process::id(), includes_root: true, runs_tasks: false };
            let observation = sample(target, source, |_| {
                pauses += 1;
                pauses < 3
            });
            assert_eq!(samples(&observation), 3.0);
            assert!(observation.source == source || cfg!(not(target_os = "linux")));
            assert!(!observation.breakdown.processes.is_empty());
        }
    }

    #[test]
    fn a_process_that_is_gone_ends_it() {
        let target = Target { root: u32::MAX >> 1, includes_root: true, runs_tasks: false };
        let observation = sample(target, SampleSource::Proc, |_| panic!("there is nothing to wait for"));
        assert_eq!(samples(&observation), 0.0);
    }
}

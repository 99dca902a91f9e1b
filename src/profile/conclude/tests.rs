use super::*;
use crate::host::quota::QuotaUse;
use crate::host::usage::CpuTime;
use crate::profile::result::{Sockets, WaitKind};
use crate::profile::sampling::breakdown::Breakdown;
use crate::profile::sampling::interval::{CpuUse, WorkerCounts};
use crate::profile::sampling::polling::counts::PlaceCounts;
use crate::profile::sampling::run::SampledTotals;

/// Samples, 20 ms apart for two seconds, of one thread that sleeps in the first half of the second that
/// counts.
fn observation() -> Observation {
    let interval = |i: u32| {
        let at_s = f64::from(i + 1) * 0.02;
        let share = f64::from(u8::from(at_s <= 0.5 || at_s > 1.01));
        let mut waits = WaitSums::default();
        waits.while_idle.add(WaitKind::Sleep, 1.0 - share);
        let cpu = CpuUse {
            run_s: 0.02 * share,
            busiest: share,
            runnable: share,
            wakeups: 1.0,
            ..CpuUse::default()
        };
        let workers = WorkerCounts { threads: 1.0, ..WorkerCounts::default() };
        Interval { at_s, span_s: 0.02, samples: 1.0, cpu, workers, waits, ..Interval::default() }
    };
    Observation {
        begun_ns: 0,
        wall_s: 2.0,
        intervals: (0..100).map(interval).collect(),
        totals: SampledTotals { seen_s: 1.5, ..SampledTotals::default() },
        source: SampleSource::Proc,
        cost_s: 0.01,
        breakdown: Breakdown::default(),
        peer: None,
        places: PlaceCounts::default(),
        quota: None,
        sockets: None,
    }
}

fn accounting() -> Accounting {
    Accounting {
        runs: vec![[0.5, 1.5]],
        cpu: CpuTime { user_s: 0.5, system_s: 0.0 },
        runqueue_s: None,
        exit: None,
        is_exact: true,
        is_of_tasks: false,
    }
}

fn profile(accounting: &Accounting, implied: &WaitCounts) -> Profile {
    conclude(accounting, observation(), Contention::default(), 2.0, implied)
}

#[test]
fn only_the_time_of_the_runs_counts() {
    let profile = profile(&accounting(), &WaitCounts::default());
    assert!((profile.cpu_fraction - 0.5).abs() < 1e-9, "{profile:?}");
    assert_eq!((profile.task_class(), profile.samples), (Class::Mixed, 50));
    assert_eq!(profile.waits.main(), Some(WaitKind::Sleep));
    assert!((profile.task.wait_s - 0.5).abs() < 1e-9, "{profile:?}");
}

#[test]
fn rare_samples_stand_for_as_much_time_as_frequent_ones() {
    // A second of sleep at fifty samples, then a second of short children at five that cost more.
    let sleep = observation().intervals[40];
    let compute = Interval { waits: WaitSums::default(), ..observation().intervals[0] };
    let at = |interval: Interval, at_s: f64, span_s: f64| Interval { at_s, span_s, ..interval };
    let slept = (0..50).map(|i| at(sleep, 0.02 * f64::from(i + 1), 0.02));
    let computed = (0..5).map(|i| at(compute, 1.0 + 0.2 * f64::from(i + 1), 0.2));
    let observation = Observation { intervals: slept.chain(computed).collect(), ..observation() };
    let cpu = CpuTime { user_s: 0.9, system_s: 0.0 };
    let accounting = Accounting { runs: vec![[0.0, 2.0]], cpu, ..accounting() };
    let profile = conclude(
        &accounting,
        Observation { totals: SampledTotals { seen_s: 0.1, ..observation.totals }, ..observation },
        Contention::default(),
        2.0,
        &WaitCounts::default(),
    );
    assert!((0.45..0.55).contains(&profile.cpu_fraction), "{profile:?}");
}

/// A second of waiting for the network that hardly uses the CPU, then one that computes in the kernel; or both in
/// turns, in every interval.
fn kernel_profile(is_interleaved: bool) -> Profile {
    let interval = |i: u32| {
        let share = match i {
            _ if is_interleaved => 0.48,
            0..=51 => 0.0,
            _ => 1.0,
        };
        let is_running = if is_interleaved { i.is_multiple_of(2) } else { share > 0.5 };
        let mut waits = WaitSums::default();
        waits.while_idle.add(WaitKind::Network, f64::from(u8::from(!is_running)));
        let run_s = 0.02 * share;
        let ticked = CpuTime { user_s: 0.0, system_s: run_s };
        let runnable = f64::from(u8::from(is_running));
        let cpu = CpuUse { run_s, ticked, busiest: share, runnable, ..CpuUse::default() };
        let workers = WorkerCounts { threads: 1.0, ..WorkerCounts::default() };
        Interval {
            at_s: f64::from(i + 1) * 0.02,
            span_s: 0.02,
            samples: 1.0,
            cpu,
            workers,
            waits,
            ..Interval::default()
        }
    };
    let observation = Observation { intervals: (0..100).map(interval).collect(), ..observation() };
    let cpu = CpuTime { user_s: 0.0, system_s: 0.96 };
    let accounting = Accounting { runs: vec![[0.0, 2.0]], cpu, ..accounting() };
    conclude(&accounting, observation, Contention::default(), 2.0, &WaitCounts::default())
}

#[test]
fn kernel_time_is_io_only_in_moments_that_do_io() {
    let [phased, interleaved] = [false, true].map(kernel_profile);
    assert!((phased.cpu_fraction - interleaved.cpu_fraction).abs() < 1e-9);
    assert_eq!((phased.task_class(), interleaved.task_class()), (Class::Mixed, Class::IoBound));
    // Only one of them is close to its edge at 50%.
    assert_eq!((phased.confidence, interleaved.confidence), (Confidence::High, Confidence::Low));
    let classes = |profile: &Profile| {
        let tree = profile.tree.as_ref().expect("a tree");
        tree.phases.iter().map(|phase| phase.class).collect::<Vec<_>>()
    };
    assert_eq!(classes(&phased), [Class::IoBound, Class::CpuBound]);
    assert_eq!(classes(&interleaved), [Class::IoBound]);
}

#[test]
fn threads_at_once_are_those_that_run_or_are_queued() {
    let threads = |runnable: f64, working: f64, waiting_while_busy: f64| {
        let cpu = CpuUse { runnable, ..CpuUse::default() };
        let at_once = working + waiting_while_busy;
        let workers = WorkerCounts { at_once, waiting_while_busy, threads: 9.0, ..WorkerCounts::default() };
        Interval { span_s: 0.02, samples: 1.0, cpu, workers, ..Interval::default() }
    };
    // Four threads in the run queue, none, and two beside three that wait for a disk.
    let intervals = [threads(1.0, 4.0, 0.0), threads(0.0, 0.0, 0.0), threads(1.0, 2.0, 3.0)];
    assert!((threads_at_once(&intervals) - 3.0).abs() < 1e-9);
    assert_eq!(threads_at_once(&intervals[1..2]), 1.0);
}

#[test]
fn waiting_for_a_cpu_is_not_waiting() {
    let queued = Accounting { runqueue_s: Some(0.4), ..accounting() };
    let profile = profile(&queued, &WaitCounts::default());
    assert!((profile.cpu_fraction - 0.5 / 0.6).abs() < 1e-9, "{profile:?}");
    assert_eq!(profile.runqueue_s, 0.4);
}

#[test]
fn a_quota_that_holds_work_back_leaves_no_doubt_about_it() {
    let quota =
        QuotaUse { cpus: 0.5, machine_cpus: 2.0, periods: 20, throttled_periods: 19, throttled_s: 1.0 };
    let observation = Observation { quota: Some(quota), ..observation() };
    let busy = Contention { others_cpus: Some(1.9), ..Contention::default() };
    let long = Accounting { runs: vec![[0.0, 2.0]], runqueue_s: Some(1.0), ..accounting() };
    let profile = |observation| conclude(&long, observation, busy, 0.5, &WaitCounts::default());
    let contended =
        |profile: &Profile| matches!(profile.confidence_reason, ConfidenceReason::Contended { .. });
    let held_back = profile(observation.clone());
    assert!(!contended(&held_back), "{held_back:?}");
    let throttling = held_back.tree.expect("a tree").throttling.expect("a quota");
    assert_eq!((throttling.quota_cpus, throttling.share), (0.5, 0.5));
    assert!(contended(&profile(Observation { quota: None, ..observation })));
}

#[test]
fn stopped_time_is_taken_out() {
    let mut observation = observation();
    observation.source = SampleSource::Proc;
    // The thread sleeps for half of the second that counts; for half of that it is stopped.
    for interval in observation.intervals.iter_mut().filter(|i| i.at_s > 0.5 && i.at_s < 0.751) {
        *interval = interval.stopped();
    }
    let accounting = Accounting { cpu: CpuTime { user_s: 0.25, system_s: 0.0 }, ..accounting() };
    let profile = conclude(&accounting, observation, Contention::default(), 2.0, &WaitCounts::default());
    let stopped_s = profile.tree.as_ref().expect("a tree").stopped_s;
    assert!((stopped_s - 0.25).abs() < 0.021, "{profile:?}");
    assert!((profile.wall_s + stopped_s - 1.0).abs() < 1e-9, "{profile:?}");
}

#[test]
fn an_idle_server_has_no_class() {
    let mut observation = observation();
    for interval in &mut observation.intervals {
        (interval.cpu.run_s, interval.cpu.busiest, interval.cpu.runnable) = (0.0, 0.0, 0.0);
    }
    observation.sockets = Some(Sockets { listening: 1, clients: 0, servers: 0 });
    let quiet = Accounting { cpu: CpuTime::default(), ..accounting() };
    let of = |accounting: &Accounting| {
        conclude(accounting, observation.clone(), Contention::default(), 2.0, &WaitCounts::default())
    };
    let idle = of(&quiet);
    let reason = idle.tree.as_ref().expect("a tree").no_class;
    assert!(idle.class.is_none() && matches!(reason, Some(NoClass::Idle { .. })), "{idle:?}");
    assert_eq!(of(&Accounting { is_of_tasks: true, ..quiet }).class, Class::IoBound);
}

#[test]
fn implied_waits_stand_in_for_samples() {
    let mut implied = WaitCounts::default();
    implied.add(WaitKind::Disk, 1.0);
    let short = Accounting { runs: vec![[0.5, 0.55]], ..accounting() };
    assert_eq!(profile(&short, &implied).waits.main(), Some(WaitKind::Disk));
    assert_eq!(profile(&accounting(), &implied).waits.main(), Some(WaitKind::Sleep));
}

#[test]
fn a_stopped_tree_has_neither_a_class_nor_gaps() {
    let mut observation = observation();
    observation.intervals.iter_mut().for_each(|interval| *interval = interval.stopped());
    let quiet = Accounting { cpu: CpuTime::default(), ..accounting() };
    let profile = conclude(&quiet, observation, Contention::default(), 2.0, &WaitCounts::default());
    let tree = profile.tree.as_ref().expect("a tree");
    assert!(matches!(tree.no_class, Some(NoClass::Stopped { .. })), "{profile:?}");
    assert!(profile.class.is_none() && profile.wall_s < 1e-9 && tree.unknown.is_empty(), "{profile:?}");
    assert!((tree.sampling.period_s - 0.02).abs() < 1e-9, "{profile:?}");
}

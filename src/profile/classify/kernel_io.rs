//! Kernel time on the way to a device, told from other kernel time by the moments in which it was used.

use crate::profile::classify::stretches::{cpu_of_intervals, stretches};
use crate::profile::result::{WaitKind, Waits};
use crate::profile::sampling::interval::Interval;

/// Share of its own time that an interval computes, from which it does not wait for a device in between: about
/// where work that is copied from a device is CPU-bound itself.
const COMPUTING_SHARE: f64 = 0.75;

/// Share of the waits of a stretch that are for disks and sockets, from which the stretch does I/O.
const DEVICE_WAITS_SHARE: f64 = 0.5;

/// Use of the kernel on the way to devices.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct KernelIo {
    /// CPU seconds.
    pub cpu_s: f64,
    /// CPU seconds of the kernel, in moments that do I/O.
    pub kernel_s: f64,
    /// Share of the waits that are for disks and sockets, from 0 to 1.
    pub device_share: f64,
}

impl KernelIo {
    /// Returns the kernel's share of the CPU time, as far as it is used in moments that do I/O; 0 without CPU time.
    pub(crate) fn kernel_share(&self) -> f64 {
        if self.cpu_s > 0.0 { (self.kernel_s / self.cpu_s).min(1.0) } else { 0.0 }
    }
}

/// CPU seconds of one interval, and those of the kernel in it if it does I/O.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Moment {
    /// CPU seconds.
    pub cpu_s: f64,
    /// CPU seconds of the kernel; 0 in an interval that does no I/O.
    pub kernel_io_s: f64,
}

impl Moment {
    /// Returns the sums of both.
    #[must_use]
    pub(crate) fn plus(self, other: Moment) -> Moment {
        Moment { cpu_s: self.cpu_s + other.cpu_s, kernel_io_s: self.kernel_io_s + other.kernel_io_s }
    }
}

/// Returns what each interval used; `system_share` is the kernel's share where a stretch has no ticks.
///
/// An interval does I/O if it does not compute throughout, and the stretch around it waits for devices.
pub(crate) fn moments(intervals: &[Interval], system_share: f64) -> Vec<Moment> {
    let cpu_s = cpu_of_intervals(intervals);
    let mut moments = Vec::with_capacity(intervals.len());
    for stretch in stretches(intervals) {
        let within = &intervals[stretch.clone()];
        let waits = within.iter().fold(Waits::default(), weighted);
        let all: f64 = WaitKind::ALL.iter().map(|kind| waits.share(*kind)).sum();
        let does_io = waits.disk + waits.network > DEVICE_WAITS_SHARE * all;
        let kernel_share = if does_io { kernel_share(within).unwrap_or(system_share) } else { 0.0 };
        moments.extend(within.iter().zip(&cpu_s[stretch]).map(|(interval, cpu_s)| {
            let own_s = (interval.span_s - interval.cpu.queued_s).max(*cpu_s);
            let computes = *cpu_s >= COMPUTING_SHARE * own_s;
            Moment { cpu_s: *cpu_s, kernel_io_s: if computes { 0.0 } else { kernel_share * cpu_s } }
        }));
    }
    moments
}

/// Adds the waits for which nothing was runnable, each by the time it stands for.
fn weighted(sum: Waits, interval: &Interval) -> Waits {
    let shares = interval.waits.while_idle.shares();
    let idle_s = interval.span_s * (1.0 - interval.cpu.runnable);
    Waits {
        network: sum.network + shares.network * idle_s,
        disk: sum.disk + shares.disk * idle_s,
        other: sum.other + (1.0 - shares.network - shares.disk) * idle_s,
        ..sum
    }
}

fn kernel_share(intervals: &[Interval]) -> Option<f64> {
    let total_s: f64 = intervals.iter().map(|interval| interval.cpu.ticked.total_s()).sum();
    let system_s: f64 = intervals.iter().map(|interval| interval.cpu.ticked.system_s).sum();
    (total_s > 0.0).then(|| system_s / total_s)
}

/// Returns the use of the kernel in a part of a run, or in all of it.
pub(crate) fn kernel_io<'a>(moments: impl Iterator<Item = &'a Moment>, waits: &Waits) -> KernelIo {
    let device_share = waits.disk + waits.network;
    moments.fold(KernelIo { device_share, ..KernelIo::default() }, |sum, moment| KernelIo {
        cpu_s: sum.cpu_s + moment.cpu_s,
        kernel_s: sum.kernel_s + moment.kernel_io_s,
        ..sum
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::usage::CpuTime;
    use crate::profile::sampling::interval::{CpuUse, WaitSums};

    /// Intervals of 20 ms, with this CPU share and kernel's share of it, that wait for this.
    fn intervals(count: usize, share: f64, kernel: f64, wait: WaitKind) -> Vec<Interval> {
        let interval = |i: usize| {
            let run_s = 0.02 * share;
            let ticked = CpuTime { user_s: run_s * (1.0 - kernel), system_s: run_s * kernel };
            // As often as the thread is seen to run.
            let runnable = f64::from(u8::from((i as f64 * share).fract() + share >= 1.0));
            let mut waits = WaitSums::default();
            if runnable == 0.0 {
                waits.while_idle.add(wait, 1.0);
            }
            let cpu = CpuUse { run_s, ticked, busiest: share, runnable, ..CpuUse::default() };
            Interval { span_s: 0.02, samples: 1.0, cpu, waits, ..Interval::default() }
        };
        (0..count).map(interval).collect()
    }

    fn share(intervals: &[Interval]) -> f64 {
        kernel_io(moments(intervals, 0.5).iter(), &Waits::default()).kernel_share()
    }

    #[test]
    fn copying_from_a_disk_is_kernel_time_of_io() {
        assert!(share(&intervals(100, 0.45, 0.9, WaitKind::Disk)) > 0.85);
        assert!((share(&intervals(100, 0.45, 0.1, WaitKind::Disk)) - 0.1).abs() < 1e-9);
        assert_eq!(share(&intervals(100, 0.45, 0.9, WaitKind::Sleep)), 0.0);
    }

    #[test]
    fn kernel_time_after_a_download_is_none_of_io() {
        let download = intervals(150, 0.02, 1.0, WaitKind::Network);
        let computing = intervals(150, 1.0, 1.0, WaitKind::Network);
        assert!(share(&[download, computing].concat()) < 0.1);
    }

    #[test]
    fn turns_of_a_tenth_of_a_second_are_told_apart() {
        let turn = || [intervals(5, 0.0, 1.0, WaitKind::Network), intervals(5, 1.0, 1.0, WaitKind::Network)];
        let turns: Vec<_> = (0..20).flat_map(|_| turn().concat()).collect();
        assert!(share(&turns) < 0.1, "{}", share(&turns));
    }

    #[test]
    fn a_queue_does_not_make_io_of_computing_or_the_reverse() {
        let mut computing = intervals(100, 0.4, 1.0, WaitKind::Disk);
        computing.iter_mut().for_each(|interval| interval.cpu.queued_s = 0.012);
        assert_eq!(share(&computing), 0.0);
        let mut copying = intervals(100, 0.2, 1.0, WaitKind::Disk);
        copying.iter_mut().for_each(|interval| interval.cpu.queued_s = 0.01);
        assert!(share(&copying) > 0.9);
    }
}

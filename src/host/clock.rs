//! Clocks that the standard library does not offer: CPU time, and time that processes share.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// Returns the CPU time, user and system, that the calling thread has used since it started
/// (`CLOCK_THREAD_CPUTIME_ID`).
///
/// Unlike wall time it stands still while other programs have the CPU.
pub fn thread_cpu() -> Duration {
    read(ClockId::CLOCK_THREAD_CPUTIME_ID)
}

/// Returns the CPU time that all threads of a process have used; `None` if the process is gone, or the
/// system does not report it.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
pub fn process_cpu(pid: u32) -> Option<Duration> {
    let clock = nix::time::clock_getcpuclockid(nix::unistd::Pid::from_raw(pid.cast_signed())).ok()?;
    clock_gettime(clock).ok().map(Duration::from)
}

/// Returns `None`: this system does not report the CPU time of another process.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
pub fn process_cpu(_: u32) -> Option<Duration> {
    None
}

/// Returns nanoseconds since a time that every process of this boot shares (`CLOCK_MONOTONIC`).
pub(crate) fn monotonic_ns() -> u64 {
    let now = read(ClockId::CLOCK_MONOTONIC);
    u64::try_from(now.as_nanos()).expect("2^64 ns are 584 years of uptime")
}

/// Returns nanoseconds since the boot, those in which the machine was suspended included (`CLOCK_BOOTTIME`): the
/// clock of [`Stat::started`](crate::host::procfs::Stat::started).
pub(crate) fn boot_ns() -> u64 {
    #[cfg(target_os = "linux")]
    let now = read(ClockId::CLOCK_BOOTTIME);
    #[cfg(not(target_os = "linux"))]
    let now = read(ClockId::CLOCK_MONOTONIC);
    u64::try_from(now.as_nanos()).expect("2^64 ns are 584 years of uptime")
}

/// Returns the time by which `CLOCK_REALTIME` is ahead of `CLOCK_MONOTONIC`.
pub(crate) fn realtime_ahead() -> Duration {
    read(ClockId::CLOCK_REALTIME).saturating_sub(read(ClockId::CLOCK_MONOTONIC))
}

fn read(clock: ClockId) -> Duration {
    clock_gettime(clock).expect("these clocks exist on every system conc is built for").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_monotonic_clock_never_goes_back() {
        let earlier = monotonic_ns();
        assert!(monotonic_ns() >= earlier);
    }
}

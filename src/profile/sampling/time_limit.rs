//! The time after which a blocked system call returns at the latest.

use std::time::Duration;

use crate::host::clock::{monotonic_ns, realtime_ahead};
use crate::host::procfs::{self, Syscall};

/// Bytes of a `struct timespec`: seconds and nanoseconds.
const TIMESPEC_BYTES: usize = 16;

/// Bit of a futex operation that makes its deadline one of `CLOCK_REALTIME` (futex(2)).
const FUTEX_CLOCK_REALTIME: u64 = 256;

/// Operations of a futex whose time limit is a deadline: `FUTEX_WAIT_BITSET`, `FUTEX_WAIT_REQUEUE_PI`,
/// `FUTEX_LOCK_PI2` and, always in `CLOCK_REALTIME`, `FUTEX_LOCK_PI`.
const WITH_DEADLINE: [u64; 4] = [9, 11, 13, FUTEX_LOCK_PI];
const FUTEX_LOCK_PI: u64 = 6;

/// Bits of a futex operation that say what it does.
const FUTEX_OPERATION: u64 = 127;

/// Place of the time limit among the arguments of a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LimitArgument {
    /// A number of milliseconds, negative for none.
    Milliseconds(usize),
    /// The address of a time, null for none.
    Timespec(usize),
    /// No time limit.
    None,
}

#[cfg(target_os = "linux")]
fn limit_argument(number: i64) -> LimitArgument {
    #[cfg(target_arch = "x86_64")]
    match number {
        libc::SYS_poll => return LimitArgument::Milliseconds(2),
        libc::SYS_select => return LimitArgument::Timespec(4),
        libc::SYS_epoll_wait => return LimitArgument::Milliseconds(3),
        _ => {}
    }
    match number {
        libc::SYS_ppoll => LimitArgument::Timespec(2),
        libc::SYS_pselect6 => LimitArgument::Timespec(4),
        libc::SYS_epoll_pwait => LimitArgument::Milliseconds(3),
        libc::SYS_epoll_pwait2 | libc::SYS_futex | libc::SYS_futex_waitv => LimitArgument::Timespec(3),
        libc::SYS_rt_sigtimedwait => LimitArgument::Timespec(2),
        _ => LimitArgument::None,
    }
}

#[cfg(not(target_os = "linux"))]
fn limit_argument(_number: i64) -> LimitArgument {
    LimitArgument::None
}

/// Returns true if the call returns after some time even if nothing else ends it.
pub(crate) fn has_time_limit(call: &Syscall) -> bool {
    match limit_argument(call.number) {
        LimitArgument::Milliseconds(at) => (call.arguments[at] as u32).cast_signed() >= 0,
        LimitArgument::Timespec(at) => call.arguments[at] != 0,
        LimitArgument::None => false,
    }
}

/// Returns the seconds by `CLOCK_MONOTONIC` at which a futex of process `pid` ends at the latest; `None` if it
/// has no time limit, or one that cannot be read. Where the call has a duration, it counts from now on.
pub(crate) fn futex_deadline_s(pid: u32, call: &Syscall) -> Option<f64> {
    let LimitArgument::Timespec(at) = limit_argument(call.number) else { return None };
    let address = Some(call.arguments[at]).filter(|address| *address != 0)?;
    let mut bytes = [0; TIMESPEC_BYTES];
    let time_s = procfs::read_memory(pid, address, &mut bytes).then(|| seconds(bytes))?;
    let now_s = Duration::from_nanos(monotonic_ns()).as_secs_f64();
    // futex_waitv takes no operation: its flags are elsewhere, and its time limit is a deadline.
    let operation = if call.number == waitv() { WITH_DEADLINE[0] } else { call.arguments[1] };
    Some(match operation & FUTEX_OPERATION {
        FUTEX_LOCK_PI => time_s - realtime_ahead().as_secs_f64(),
        kind if !WITH_DEADLINE.contains(&kind) => now_s + time_s,
        _ if operation & FUTEX_CLOCK_REALTIME != 0 => time_s - realtime_ahead().as_secs_f64(),
        _ => time_s,
    })
}

#[cfg(target_os = "linux")]
fn waitv() -> i64 {
    libc::SYS_futex_waitv
}

#[cfg(not(target_os = "linux"))]
fn waitv() -> i64 {
    -1
}

fn seconds(timespec: [u8; TIMESPEC_BYTES]) -> f64 {
    let (s, ns) = timespec.split_at(TIMESPEC_BYTES / 2);
    let number = |bytes: &[u8]| i64::from_ne_bytes(bytes.try_into().expect("eight bytes")) as f64;
    number(s) + number(ns) * 1e-9
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn call(number: i64, arguments: [u64; 6]) -> Syscall {
        Syscall { number, arguments }
    }

    #[test]
    fn a_negative_number_and_a_null_pointer_are_no_limit() {
        let wait = |ms: i32| call(libc::SYS_epoll_pwait, [3, 1, 8, u64::from(ms.cast_unsigned()), 0, 8]);
        assert!(has_time_limit(&wait(50)) && !has_time_limit(&wait(-1)));
        assert!(!has_time_limit(&call(libc::SYS_ppoll, [0, 0, 0, 0, 0, 0])));
        assert!(!has_time_limit(&call(libc::SYS_read, [3, 1, 8, 9, 9, 9])));
    }

    #[test]
    fn a_futex_has_a_duration_or_a_deadline() {
        let time = [7_i64, 500_000_000];
        let futex = |operation| call(libc::SYS_futex, [1, operation, 0, (&raw const time) as u64, 0, 0]);
        let deadline_s = |operation| futex_deadline_s(std::process::id(), &futex(operation)).expect("a time");
        assert_eq!(deadline_s(9 | 128), 7.5, "FUTEX_WAIT_BITSET");
        let now_s = monotonic_ns() as f64 * 1e-9;
        assert!((deadline_s(128) - now_s - 7.5).abs() < 5.0, "FUTEX_WAIT");
        let realtime_s = deadline_s(9 | FUTEX_CLOCK_REALTIME);
        assert!((realtime_s - (7.5 - realtime_ahead().as_secs_f64())).abs() < 5.0);
        assert_eq!(futex_deadline_s(std::process::id(), &call(libc::SYS_futex, [1, 9, 0, 0, 0, 0])), None);
    }
}

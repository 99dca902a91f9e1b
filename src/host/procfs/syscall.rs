//! Blocked threads: `wchan`, `syscall`, `mem`, `fd` and `fdinfo`.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::read;

/// The system call that a thread is blocked in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Syscall {
    /// Number of the call, as in `libc::SYS_read`; -1 outside of any call.
    pub number: i64,
    /// Arguments of the call.
    pub arguments: [u64; 6],
}

/// Returns the kernel function that a thread sleeps in; `0` while it runs or where the kernel hides it.
pub(crate) fn wchan(pid: u32, tid: u32) -> Option<String> {
    read::line(&format!("/proc/{pid}/task/{tid}/wchan"), |text| Some(text.to_owned()))
}

/// Returns the system call that a thread is blocked in; `None` while it runs.
pub(crate) fn syscall(pid: u32, tid: u32) -> Option<Syscall> {
    read::line(&format!("/proc/{pid}/task/{tid}/syscall"), parse_syscall)
}

/// Fills `bytes` from the memory of another process; returns false where that is not allowed.
pub(crate) fn read_memory(pid: u32, address: u64, bytes: &mut [u8]) -> bool {
    open_memory(pid).is_some_and(|file| file.read_exact_at(bytes, address).is_ok())
}

/// Opens the memory of another process, whose offsets are addresses; `None` where that is not allowed.
pub(crate) fn open_memory(pid: u32) -> Option<File> {
    File::open(format!("/proc/{pid}/mem")).ok()
}

/// Returns the path that leads to an open descriptor of a process.
pub(crate) fn descriptor_path(pid: u32, fd: u64) -> PathBuf {
    format!("/proc/{pid}/fd/{fd}").into()
}

/// A descriptor that an epoll instance watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EpollTarget {
    /// The descriptor.
    pub fd: u64,
    /// The events that are asked for (epoll_ctl(2)).
    pub events: u32,
}

/// Returns the descriptors that an epoll instance watches, from `/proc/PID/fdinfo/FD`.
pub(crate) fn epoll_targets(pid: u32, epoll: u64) -> Vec<EpollTarget> {
    let targets = read::text(&format!("/proc/{pid}/fdinfo/{epoll}"), |text| Some(parse_epoll_targets(text)));
    targets.unwrap_or_default()
}

pub(super) fn parse_syscall(line: &str) -> Option<Syscall> {
    let mut fields = line.split_whitespace();
    let number = fields.next()?.parse().ok()?;
    let mut arguments = [0; 6];
    for (argument, text) in arguments.iter_mut().zip(fields) {
        *argument = u64::from_str_radix(text.trim_start_matches("0x"), 16).ok()?;
    }
    Some(Syscall { number, arguments })
}

/// Parses the lines `tfd: 5 events: 19 …`; events are hexadecimal.
pub(super) fn parse_epoll_targets(text: &str) -> Vec<EpollTarget> {
    let target = |line: &str| {
        let mut fields = line.strip_prefix("tfd:")?.split_whitespace();
        let fd = fields.next()?.parse().ok()?;
        let events = fields.nth(1)?;
        Some(EpollTarget { fd, events: u32::from_str_radix(events, 16).ok()? })
    };
    text.lines().filter_map(target).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocked_thread_has_a_call_and_a_running_one_has_none() {
        let line = "7 0x7f1e4ffa46f0 0x1 0xbb8 0x1 0x0 0x0 0x7ffc09a7ee38 0x7f1e5011a230";
        let call = parse_syscall(line).expect("a valid line");
        assert_eq!((call.number, call.arguments), (7, [0x7f1e_4ffa_46f0, 1, 3000, 1, 0, 0]));
        assert_eq!(parse_syscall("-1 0x7ffc09a7ee38 0x7f1e5011a230").map(|call| call.number), Some(-1));
        assert_eq!(parse_syscall("running"), None);
    }

    #[test]
    fn an_epoll_instance_lists_its_targets() {
        let text = "pos:\t0\nflags:\t02\ntfd:        5 events:       19 data: 5\ntfd:       12 events: 1d\n";
        let expected = [EpollTarget { fd: 5, events: 0x19 }, EpollTarget { fd: 12, events: 0x1d }];
        assert_eq!(parse_epoll_targets(text), expected);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn memory_of_this_process_can_be_read() {
        let word = 0x1234_5678_u32;
        let mut copy = [0; 4];
        assert!(read_memory(std::process::id(), (&raw const word) as u64, &mut copy));
        assert_eq!(u32::from_ne_bytes(copy), word);
    }
}

//! Descriptors that a blocked thread waits for, those of poll, select and epoll included.

use crate::host::procfs::{self, Syscall};
use crate::profile::sampling::descriptor::DescriptorKind;

/// Number of descriptors of one call that are inspected; more show nothing new.
const MAX_DESCRIPTORS: usize = 16;

/// Bytes of a `struct pollfd`: a descriptor, and the events asked for and found (poll(2)).
const POLLFD_BYTES: usize = 8;

/// Descriptors that fit an `fd_set` (select(2)).
const FD_SET_SIZE: u64 = 1024;

/// Descriptors that a thread waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WaitedDescriptors {
    /// One descriptor, by reading, writing or the like.
    One(u64),
    /// Any of these; with none, only the timeout ends the wait.
    Any(Vec<u64>),
    /// Any of several descriptors that could not be read.
    Hidden,
    /// What was submitted to a ring of io_uring.
    Ring,
    /// No descriptor.
    Nothing,
}

/// Kind of a system call, by its number on this architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    /// The first argument is a descriptor.
    Descriptor,
    Poll,
    Select,
    Epoll,
    Ring,
    Other,
}

/// Events of poll and epoll that something can be done on; the others are errors, which are always reported
/// (poll(2), epoll_ctl(2)): `IN`, `PRI`, `OUT`, `RDNORM`, `RDBAND`, `WRNORM`, `WRBAND`, `MSG` and `RDHUP`.
const AWAITED_EVENTS: u32 = 0x1 | 0x2 | 0x4 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x2000;

impl WaitedDescriptors {
    /// Returns the descriptors that a thread of process `pid` waits for while it is blocked in `syscall`.
    pub(crate) fn of(pid: u32, syscall: &Syscall) -> Self {
        let [first, second, third, ..] = syscall.arguments;
        match call(syscall.number) {
            Call::Descriptor => WaitedDescriptors::One(first),
            Call::Poll => polled(pid, first, second),
            Call::Select => selected(pid, first, [second, third]),
            Call::Epoll => WaitedDescriptors::Any(watched_by_epoll(pid, first)),
            Call::Ring => WaitedDescriptors::Ring,
            Call::Other => WaitedDescriptors::Nothing,
        }
    }
}

/// Calls that block on their first argument.
#[cfg(target_os = "linux")]
const DESCRIPTOR: [libc::c_long; 21] = [
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_preadv,
    libc::SYS_pwritev,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_connect,
    libc::SYS_splice,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_ioctl,
];

#[cfg(target_os = "linux")]
fn call(number: i64) -> Call {
    #[cfg(target_arch = "x86_64")]
    match number {
        libc::SYS_poll => return Call::Poll,
        libc::SYS_select => return Call::Select,
        libc::SYS_epoll_wait => return Call::Epoll,
        _ => {}
    }
    match number {
        libc::SYS_ppoll => Call::Poll,
        libc::SYS_pselect6 => Call::Select,
        libc::SYS_epoll_pwait | libc::SYS_epoll_pwait2 => Call::Epoll,
        libc::SYS_io_uring_enter => Call::Ring,
        number if DESCRIPTOR.contains(&number) => Call::Descriptor,
        _ => Call::Other,
    }
}

#[cfg(not(target_os = "linux"))]
fn call(_number: i64) -> Call {
    Call::Other
}

/// Returns the descriptors that an epoll instance watches for something to do, with those of an instance that
/// it watches.
fn watched_by_epoll(pid: u32, epoll: u64) -> Vec<u64> {
    let awaited = |epoll| {
        let targets = procfs::epoll_targets(pid, epoll);
        targets.into_iter().filter(|target| target.events & AWAITED_EVENTS != 0).map(|target| target.fd)
    };
    let is_epoll = |fd: u64| DescriptorKind::of(pid, fd) == DescriptorKind::Epoll;
    let outer = awaited(epoll).take(MAX_DESCRIPTORS);
    let nested = |fd| if is_epoll(fd) { awaited(fd).collect() } else { vec![fd] };
    outer.flat_map(nested).take(MAX_DESCRIPTORS).collect()
}

/// Reads the descriptors of an array of `struct pollfd` without negative ones, which the kernel ignores, and
/// without those of which only errors are awaited.
fn polled(pid: u32, address: u64, count: u64) -> WaitedDescriptors {
    let count = usize::try_from(count).unwrap_or(MAX_DESCRIPTORS).min(MAX_DESCRIPTORS);
    let mut bytes = [0; MAX_DESCRIPTORS * POLLFD_BYTES];
    if count > 0 && !procfs::read_memory(pid, address, &mut bytes[..count * POLLFD_BYTES]) {
        return WaitedDescriptors::Hidden;
    }
    let number = |entry: &[u8]| i32::from_ne_bytes([entry[0], entry[1], entry[2], entry[3]]);
    let entries = bytes[..count * POLLFD_BYTES].chunks_exact(POLLFD_BYTES);
    let awaited = |entry: &&[u8]| u32::from(u16::from_ne_bytes([entry[4], entry[5]])) & AWAITED_EVENTS != 0;
    let descriptor = |entry: &[u8]| u64::try_from(number(entry)).ok();
    WaitedDescriptors::Any(entries.filter(awaited).filter_map(descriptor).collect())
}

/// Reads the descriptors below `limit` whose bit is set in one of the sets.
fn selected(pid: u32, limit: u64, sets: [u64; 2]) -> WaitedDescriptors {
    let limit = limit.min(FD_SET_SIZE);
    let length = usize::try_from(limit.div_ceil(64) * 8).unwrap_or(0);
    let mut found = Vec::new();
    for set in sets.into_iter().filter(|address| *address != 0) {
        let mut bytes = [0; 128];
        if length > 0 && !procfs::read_memory(pid, set, &mut bytes[..length]) {
            return WaitedDescriptors::Hidden;
        }
        let is_set = |fd: &u64| bytes[(*fd / 8) as usize] >> (*fd % 8) & 1 == 1;
        found.extend((0..limit).filter(is_set));
    }
    found.truncate(MAX_DESCRIPTORS);
    WaitedDescriptors::Any(found)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn own(number: libc::c_long, arguments: [u64; 6]) -> WaitedDescriptors {
        WaitedDescriptors::of(std::process::id(), &Syscall { number, arguments })
    }

    #[test]
    fn the_descriptors_of_a_poll_are_read_from_memory() {
        // The last one is asked for errors alone.
        let entries: [[i32; 2]; 4] = [[7, 1], [-1, 1], [9, 4], [1, 8]];
        let polled = |count| own(libc::SYS_ppoll, [(&raw const entries) as u64, count, 0, 0, 0, 0]);
        assert_eq!(polled(4), WaitedDescriptors::Any(vec![7, 9]));
        assert_eq!(polled(0), WaitedDescriptors::Any(vec![]));
        assert_eq!(own(libc::SYS_ppoll, [8, 3, 0, 0, 0, 0]), WaitedDescriptors::Hidden);
    }

    #[test]
    fn the_descriptors_of_a_select_are_bits() {
        let (reads, writes) = ([1_u64 << 3 | 1 << 20, 1], [0_u64, 2]);
        let arguments = [66, (&raw const reads) as u64, (&raw const writes) as u64, 0, 0, 0];
        assert_eq!(own(libc::SYS_pselect6, arguments), WaitedDescriptors::Any(vec![3, 20, 64, 65]));
        assert_eq!(own(libc::SYS_pselect6, [0; 6]), WaitedDescriptors::Any(vec![]));
    }

    #[test]
    fn other_calls_wait_for_one_descriptor_or_for_none() {
        assert_eq!(own(libc::SYS_read, [4, 0, 0, 0, 0, 0]), WaitedDescriptors::One(4));
        assert_eq!(own(libc::SYS_futex, [4, 0, 0, 0, 0, 0]), WaitedDescriptors::Nothing);
    }
}

//! What kind of wait a blocked thread is in.

use crate::host::procfs;
use crate::profile::tree::descriptor::Behind;
use crate::profile::tree::watched::Watched;
use crate::profile::waits::Wait;

/// A wait, and what is known of it beyond its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocked {
    /// The kind.
    pub wait: Wait,
    /// The inode of the socket that is waited for, if it is one.
    pub socket: Option<u64>,
}

/// Looks at thread `tid` of process `pid`, which is in scheduler state `state`; `None` if it runs by now.
pub fn look(pid: u32, tid: u32, state: char) -> Option<Blocked> {
    let function = procfs::wchan(pid, tid).unwrap_or_default();
    let plain = |wait| Some(Blocked { wait, socket: None });
    match by_function(state, &function) {
        Verdict::Sure(wait) => plain(wait),
        Verdict::Gone => None,
        Verdict::Ask(likely) => {
            let Some(syscall) = procfs::syscall(pid, tid) else { return plain(likely) };
            Some(by_descriptors(pid, Watched::of(pid, &syscall), likely))
        }
    }
}

/// What the name of the kernel function says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Enough.
    Sure(Wait),
    /// It depends on the descriptors; without them it is probably this.
    Ask(Wait),
    /// The thread is not blocked any more.
    Gone,
}

/// Parts of kernel function names that tell the kind of wait; the first that matches counts.
const SURE: [(&str, Wait); 15] = [
    ("nanosleep", Wait::Sleep),
    ("futex", Wait::Lock),
    ("do_wait", Wait::Child),
    ("vfork", Wait::Child),
    ("kernel_clone", Wait::Child),
    ("lock_inode", Wait::Lock),
    ("locks_lock", Wait::Lock),
    ("flock", Wait::Lock),
    ("setlk", Wait::Lock),
    ("rwsem", Wait::Lock),
    ("mutex", Wait::Lock),
    ("semtimedop", Wait::Lock),
    ("sigtimedwait", Wait::Child),
    ("sigsuspend", Wait::Child),
    ("wq_sync_buffer", Wait::Disk),
];

/// Parts of names of functions in which several kinds of wait end up, and the most probable one.
const ASK: [(&str, Wait); 13] = [
    ("poll", Wait::Network),
    ("select", Wait::Network),
    ("pipe", Wait::Pipe),
    ("fifo", Wait::Pipe),
    ("wait_for_partner", Wait::Pipe),
    ("tty", Wait::Pipe),
    ("sk_wait", Wait::Network),
    ("wait_woken", Wait::Network),
    ("inet_", Wait::Network),
    ("tcp_", Wait::Network),
    ("unix_", Wait::Network),
    ("skb_", Wait::Network),
    ("sock", Wait::Network),
];

/// Parts of names of functions on the way to a block device.
const DEVICE: [&str; 12] = [
    "io_schedule",
    "folio",
    "page",
    "jbd2",
    "blk",
    "bio",
    "iomap",
    "ext4",
    "xfs",
    "btrfs",
    "sync",
    "writeback",
];

fn by_function(state: char, function: &str) -> Verdict {
    let find = |table: &[(&str, Wait)]| table.iter().find(|(part, _)| function.contains(part)).map(|e| e.1);
    if let Some(wait) = find(&SURE) {
        return Verdict::Sure(wait);
    }
    // Uninterruptible sleep is for a device: often the name is gone by the time it is read.
    if state == 'D' || DEVICE.iter().any(|part| function.contains(part)) {
        return Verdict::Sure(Wait::Disk);
    }
    match find(&ASK) {
        Some(likely) => Verdict::Ask(likely),
        None if function.is_empty() || function == "0" => Verdict::Gone,
        None => Verdict::Ask(Wait::Other),
    }
}

fn by_descriptors(pid: u32, watched: Watched, likely: Wait) -> Blocked {
    let behind: Vec<Behind> = match watched {
        Watched::One(fd) => vec![Behind::of(pid, fd)],
        Watched::Any(fds) if fds.is_empty() => return Blocked { wait: Wait::Sleep, socket: None },
        Watched::Any(fds) => fds.into_iter().map(|fd| Behind::of(pid, fd)).collect(),
        Watched::Hidden | Watched::Nothing => return Blocked { wait: likely, socket: None },
    };
    let socket = behind.iter().find_map(|b| if let Behind::Socket(inode) = b { Some(*inode) } else { None });
    Blocked { wait: most_telling(&behind).unwrap_or(likely), socket }
}

/// The kind of wait where any of several descriptors ends it.
///
/// Event loops watch a descriptor to be woken by beside those they work with, and the latter count.
fn most_telling(behind: &[Behind]) -> Option<Wait> {
    const ORDER: [Wait; 6] = [Wait::Network, Wait::Pipe, Wait::Disk, Wait::Child, Wait::Sleep, Wait::Lock];
    let waits: Vec<Wait> = behind.iter().map(|b| b.wait()).collect();
    ORDER.into_iter().find(|wait| waits.contains(wait))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_functions_say_it_all() {
        for (state, function, wait) in [
            ('S', "hrtimer_nanosleep", Wait::Sleep),
            ('S', "futex_do_wait", Wait::Lock),
            ('S', "do_wait", Wait::Child),
            ('D', "kernel_clone", Wait::Child),
            ('S', "locks_lock_inode_wait", Wait::Lock),
            ('D', "rwsem_down_write_slowpath", Wait::Lock),
            ('D', "0", Wait::Disk),
            ('D', "jbd2_log_wait_commit", Wait::Disk),
            ('S', "__iomap_dio_rw", Wait::Disk),
        ] {
            assert_eq!(by_function(state, function), Verdict::Sure(wait), "{function}");
        }
    }

    #[test]
    fn others_need_a_look_at_the_descriptors() {
        assert_eq!(by_function('S', "do_epoll_wait"), Verdict::Ask(Wait::Network));
        assert_eq!(by_function('S', "wait_woken"), Verdict::Ask(Wait::Network));
        assert_eq!(by_function('S', "anon_pipe_read"), Verdict::Ask(Wait::Pipe));
        assert_eq!(by_function('S', "something_new"), Verdict::Ask(Wait::Other));
        assert_eq!(by_function('S', "0"), Verdict::Gone);
    }

    #[test]
    fn a_descriptor_to_be_woken_by_does_not_hide_the_work() {
        assert_eq!(most_telling(&[Behind::Event, Behind::Socket(1)]), Some(Wait::Network));
        assert_eq!(most_telling(&[Behind::Pipe, Behind::Socket(1)]), Some(Wait::Network));
        assert_eq!(most_telling(&[Behind::Event, Behind::Timer]), Some(Wait::Sleep));
        assert_eq!(most_telling(&[Behind::Event]), Some(Wait::Lock));
        assert_eq!(most_telling(&[Behind::Unknown]), None);
    }

    #[test]
    fn a_wait_for_no_descriptor_is_a_sleep() {
        assert_eq!(by_descriptors(0, Watched::Any(vec![]), Wait::Network).wait, Wait::Sleep);
        assert_eq!(by_descriptors(0, Watched::Hidden, Wait::Network).wait, Wait::Network);
    }
}

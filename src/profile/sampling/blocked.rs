//! Causes of the wait of one blocked thread.

use crate::host::procfs;
use crate::profile::result::WaitKind;
use crate::profile::sampling::channel::{Channels, OtherEnd};
use crate::profile::sampling::descriptor::DescriptorKind;
use crate::profile::sampling::time_limit::{futex_deadline_s, has_time_limit};
use crate::profile::sampling::wait_kind::{FunctionMeaning, meaning_of};
use crate::profile::sampling::watched::WaitedDescriptors;

/// Kinds of waits in the order in which they explain a wait for any of several descriptors.
const EXPLAINS_FIRST: [WaitKind; 8] = [
    WaitKind::Network,
    WaitKind::Pipe,
    WaitKind::Disk,
    WaitKind::Child,
    WaitKind::Sleep,
    WaitKind::Signal,
    WaitKind::Lock,
    WaitKind::Other,
];

/// The cause of a wait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct BlockedOn {
    /// Kind of the wait.
    pub wait: WaitKind,
    /// Inode of the socket, if the thread waits for one with its other end outside the tree.
    pub socket: Option<u64>,
    /// True if the other end of what the thread waits for has not been found in the tree.
    pub is_outside: bool,
    /// Seconds by `CLOCK_MONOTONIC` at which a wait for a lock ends at the latest, if its call says so.
    pub deadline_s: Option<f64>,
}

impl From<WaitKind> for BlockedOn {
    fn from(wait: WaitKind) -> Self {
        BlockedOn { wait, socket: None, is_outside: false, deadline_s: None }
    }
}

/// A descriptor that is waited for, as far as it tells what the wait is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WaitedFor {
    /// Something outside the thread's process.
    Thing(WaitKind),
    /// A socket with its other end outside the tree, by its inode.
    Socket(u64),
    /// A pipe with its other end outside the tree.
    Pipe,
    /// A descriptor by which a process wakes itself.
    WakeUp,
    /// A descriptor by which a process wakes itself, or by which others that have it too wake it.
    SharedWakeUp,
    /// Something unknown.
    Unknown,
}

/// Finds the cause of the wait of thread `tid` of process `pid`, which is in scheduler state `state`; `None`
/// if it runs by now.
pub(crate) fn inspect(pid: u32, tid: u32, state: char, channels: &mut Channels) -> Option<BlockedOn> {
    let function = procfs::wchan(pid, tid).unwrap_or_default();
    match meaning_of(state, &function) {
        FunctionMeaning::Certain(WaitKind::Lock) => Some(lock(pid, tid)),
        // A shell waits for the signal that a child has ended.
        FunctionMeaning::Certain(WaitKind::Signal) if has_children(pid) => Some(WaitKind::Child.into()),
        FunctionMeaning::Certain(wait) => Some(wait.into()),
        FunctionMeaning::NotBlocked => None,
        FunctionMeaning::Likely(likely) => {
            let Some(call) = procfs::syscall(pid, tid) else { return Some(likely.into()) };
            Some(match WaitedDescriptors::of(pid, &call) {
                WaitedDescriptors::One(fd) => one(waited_for(pid, fd, channels), likely),
                WaitedDescriptors::Any(fds) => {
                    let watched: Vec<_> = fds.into_iter().map(|fd| waited_for(pid, fd, channels)).collect();
                    let has_children = || has_children(pid);
                    any(&watched, has_time_limit(&call), has_children, likely)
                }
                WaitedDescriptors::Ring => match procfs::ring_has_files(pid) {
                    Some(false) => WaitKind::Network.into(),
                    _ => WaitKind::Disk.into(),
                },
                WaitedDescriptors::Hidden | WaitedDescriptors::Nothing => likely.into(),
            })
        }
    }
}

fn has_children(pid: u32) -> bool {
    !procfs::children(pid, pid).is_empty()
}

/// Returns the cause of a wait for a lock, which may have a time limit.
fn lock(pid: u32, tid: u32) -> BlockedOn {
    let deadline_s = procfs::syscall(pid, tid).and_then(|call| futex_deadline_s(pid, &call));
    let wait = if deadline_s.is_some() { WaitKind::LockOrTimer } else { WaitKind::Lock };
    BlockedOn { deadline_s, ..wait.into() }
}

fn waited_for(pid: u32, fd: u64, channels: &mut Channels) -> WaitedFor {
    let kind = DescriptorKind::of(pid, fd);
    match kind {
        DescriptorKind::Socket(inode) => match channels.of_socket(pid, inode) {
            OtherEnd::SameProcess => WaitedFor::WakeUp,
            OtherEnd::Shared => WaitedFor::SharedWakeUp,
            OtherEnd::SameTree => WaitedFor::Thing(WaitKind::Pipe),
            OtherEnd::Outside => WaitedFor::Socket(inode),
        },
        DescriptorKind::Pipe { inode, writes } => match channels.of_pipe(pid, inode, writes) {
            OtherEnd::SameProcess => WaitedFor::WakeUp,
            OtherEnd::Shared => WaitedFor::SharedWakeUp,
            OtherEnd::SameTree => WaitedFor::Thing(WaitKind::Pipe),
            OtherEnd::Outside => WaitedFor::Pipe,
        },
        DescriptorKind::Event => WaitedFor::WakeUp,
        DescriptorKind::Unknown | DescriptorKind::Epoll => WaitedFor::Unknown,
        DescriptorKind::File
        | DescriptorKind::FileEvents
        | DescriptorKind::Process
        | DescriptorKind::Signal
        | DescriptorKind::Terminal
        | DescriptorKind::Timer => WaitedFor::Thing(kind.wait()),
    }
}

/// Returns the cause of a wait for one descriptor.
fn one(waited_for: WaitedFor, likely: WaitKind) -> BlockedOn {
    match waited_for {
        WaitedFor::Thing(wait) => wait.into(),
        WaitedFor::Socket(inode) => {
            BlockedOn { socket: Some(inode), is_outside: true, ..WaitKind::Network.into() }
        }
        WaitedFor::Pipe => BlockedOn { is_outside: true, ..WaitKind::Pipe.into() },
        WaitedFor::WakeUp => WaitKind::Lock.into(),
        WaitedFor::SharedWakeUp => WaitKind::Pipe.into(),
        WaitedFor::Unknown => likely.into(),
    }
}

/// Returns the cause of a wait for any of several descriptors. An event loop that watches nothing but what it is
/// woken by waits for its time limit, for a child, or for another thread of the process.
fn any(
    watched: &[WaitedFor],
    has_time_limit: bool,
    has_children: impl FnOnce() -> bool,
    likely: WaitKind,
) -> BlockedOn {
    let kind = |waited_for: &WaitedFor| match waited_for {
        WaitedFor::Thing(wait) => Some(*wait),
        WaitedFor::Socket(_) => Some(WaitKind::Network),
        WaitedFor::Pipe => Some(WaitKind::Pipe),
        WaitedFor::WakeUp | WaitedFor::SharedWakeUp => None,
        WaitedFor::Unknown => Some(likely),
    };
    let kinds: Vec<WaitKind> = watched.iter().filter_map(kind).collect();
    let socket = watched.iter().find_map(|waited_for| match waited_for {
        WaitedFor::Socket(inode) => Some(*inode),
        _ => None,
    });
    // Servers watch for signals and for the end of their parent, by a pipe, in every wait for a timer.
    let is_latch = has_time_limit && kinds.contains(&WaitKind::Signal) && socket.is_none();
    if is_latch {
        return WaitKind::Sleep.into();
    }
    let is_outside = |waited_for: &WaitedFor| matches!(waited_for, WaitedFor::Socket(_) | WaitedFor::Pipe);
    if let Some(wait) = EXPLAINS_FIRST.into_iter().find(|wait| kinds.contains(wait)) {
        return BlockedOn { socket, is_outside: watched.iter().any(is_outside), ..wait.into() };
    }
    if has_time_limit || watched.is_empty() {
        WaitKind::Sleep.into()
    } else if has_children() {
        WaitKind::Child.into()
    } else {
        WaitKind::Lock.into()
    }
}

#[cfg(test)]
mod tests {
    use WaitedFor::{Pipe, SharedWakeUp, Socket, Thing, Unknown, WakeUp};

    use super::*;

    fn wait(watched: &[WaitedFor], has_time_limit: bool, has_children: bool) -> WaitKind {
        any(watched, has_time_limit, || has_children, WaitKind::Network).wait
    }

    #[test]
    fn a_descriptor_to_be_woken_by_does_not_hide_the_work() {
        assert_eq!(wait(&[WakeUp, Socket(1)], true, true), WaitKind::Network);
        assert_eq!(wait(&[Pipe, Socket(1)], false, false), WaitKind::Network);
        assert_eq!(wait(&[WakeUp, Thing(WaitKind::Sleep)], false, false), WaitKind::Sleep);
        assert_eq!(wait(&[Unknown], false, false), WaitKind::Network);
    }

    #[test]
    fn an_event_loop_that_watches_only_itself_waits_for_a_timer_a_child_or_a_thread() {
        assert_eq!(wait(&[WakeUp, WakeUp], true, false), WaitKind::Sleep);
        assert_eq!(wait(&[WakeUp], false, true), WaitKind::Child);
        assert_eq!(wait(&[WakeUp, Thing(WaitKind::Child)], false, true), WaitKind::Child);
        assert_eq!(wait(&[WakeUp], false, false), WaitKind::Lock);
        assert_eq!(wait(&[], false, true), WaitKind::Sleep);
    }

    #[test]
    fn a_server_that_sleeps_watches_for_signals_and_for_its_parent() {
        let latch = [Thing(WaitKind::Signal), Pipe];
        assert_eq!(wait(&latch, true, false), WaitKind::Sleep);
        assert_eq!(wait(&[latch[0], latch[1], Socket(1)], true, false), WaitKind::Network);
        assert_eq!(wait(&[Thing(WaitKind::Signal)], false, false), WaitKind::Signal);
    }

    #[test]
    fn changes_of_files_are_no_network() {
        assert_eq!(wait(&[Thing(WaitKind::Other)], false, false), WaitKind::Other);
    }

    #[test]
    fn one_descriptor_tells_its_kind() {
        assert_eq!(one(WakeUp, WaitKind::Other).wait, WaitKind::Lock);
        // The queue of a pool of processes: each of them has both ends.
        assert_eq!(one(SharedWakeUp, WaitKind::Other).wait, WaitKind::Pipe);
        assert_eq!(one(Socket(7), WaitKind::Pipe).socket, Some(7));
        assert_eq!(one(Thing(WaitKind::Sleep), WaitKind::Other).wait, WaitKind::Sleep);
        assert!(one(Pipe, WaitKind::Other).is_outside && !one(SharedWakeUp, WaitKind::Other).is_outside);
        assert_eq!(one(Unknown, WaitKind::Pipe).wait, WaitKind::Pipe);
    }
}

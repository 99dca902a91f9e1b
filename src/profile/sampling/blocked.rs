//! Causes of the wait of one blocked thread.

use crate::host::procfs;
use crate::profile::result::WaitKind;
use crate::profile::sampling::descriptor::DescriptorKind;
use crate::profile::sampling::wait_kind::{FunctionMeaning, meaning_of};
use crate::profile::sampling::watched::WaitedDescriptors;

/// Kinds of waits in the order in which they explain a wait for any of several descriptors. Event loops also
/// watch a descriptor to be woken by, which comes last.
const EXPLAINS_FIRST: [WaitKind; 6] =
    [WaitKind::Network, WaitKind::Pipe, WaitKind::Disk, WaitKind::Child, WaitKind::Sleep, WaitKind::Lock];

/// The cause of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockedOn {
    /// Kind of the wait.
    pub wait: WaitKind,
    /// Inode of the socket, if the thread waits for one.
    pub socket: Option<u64>,
}

impl From<WaitKind> for BlockedOn {
    fn from(wait: WaitKind) -> Self {
        BlockedOn { wait, socket: None }
    }
}

/// Finds the cause of the wait of thread `tid` of process `pid`, which is in scheduler state `state`; `None`
/// if it runs by now.
pub(crate) fn inspect(pid: u32, tid: u32, state: char) -> Option<BlockedOn> {
    let function = procfs::wchan(pid, tid).unwrap_or_default();
    match meaning_of(state, &function) {
        FunctionMeaning::Certain(wait) => Some(wait.into()),
        FunctionMeaning::NotBlocked => None,
        FunctionMeaning::Likely(likely) => {
            let Some(syscall) = procfs::syscall(pid, tid) else { return Some(likely.into()) };
            Some(by_descriptors(pid, WaitedDescriptors::of(pid, &syscall), likely))
        }
    }
}

fn by_descriptors(pid: u32, descriptors: WaitedDescriptors, likely: WaitKind) -> BlockedOn {
    let kinds: Vec<DescriptorKind> = match descriptors {
        WaitedDescriptors::One(fd) => vec![DescriptorKind::of(pid, fd)],
        WaitedDescriptors::Any(fds) if fds.is_empty() => return WaitKind::Sleep.into(),
        WaitedDescriptors::Any(fds) => fds.into_iter().map(|fd| DescriptorKind::of(pid, fd)).collect(),
        WaitedDescriptors::Hidden | WaitedDescriptors::Nothing => return likely.into(),
    };
    let inode = |kind: &DescriptorKind| match kind {
        DescriptorKind::Socket(inode) => Some(*inode),
        _ => None,
    };
    BlockedOn { wait: explaining(&kinds).unwrap_or(likely), socket: kinds.iter().find_map(inode) }
}

/// Returns the kind of wait that best explains a wait for any of several descriptors.
fn explaining(kinds: &[DescriptorKind]) -> Option<WaitKind> {
    let waits: Vec<WaitKind> = kinds.iter().map(|kind| kind.wait()).collect();
    EXPLAINS_FIRST.into_iter().find(|wait| waits.contains(wait))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_to_be_woken_by_does_not_hide_the_work() {
        use DescriptorKind::{Event, Pipe, Socket, Timer, Unknown};
        assert_eq!(explaining(&[Event, Socket(1)]), Some(WaitKind::Network));
        assert_eq!(explaining(&[Pipe, Socket(1)]), Some(WaitKind::Network));
        assert_eq!(explaining(&[Event, Timer]), Some(WaitKind::Sleep));
        assert_eq!(explaining(&[Event]), Some(WaitKind::Lock));
        assert_eq!(explaining(&[Unknown]), None);
    }

    #[test]
    fn a_wait_for_no_descriptor_is_a_sleep() {
        let wait = |descriptors| by_descriptors(0, descriptors, WaitKind::Network).wait;
        assert_eq!(wait(WaitedDescriptors::Any(vec![])), WaitKind::Sleep);
        assert_eq!(wait(WaitedDescriptors::Hidden), WaitKind::Network);
    }
}

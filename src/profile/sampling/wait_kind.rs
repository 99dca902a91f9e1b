//! The table of kernel functions that threads sleep in, and the kinds of waits they stand for.

use crate::profile::result::WaitKind;

/// Meaning of a kernel function for a thread that sleeps in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FunctionMeaning {
    /// The function stands for one kind of wait.
    Certain(WaitKind),
    /// The kind depends on the descriptors; if they are unknown, this kind is the most likely.
    Likely(WaitKind),
    /// The thread is not blocked any more.
    NotBlocked,
}

/// Parts of function names with their meanings; the first that matches counts.
const FUNCTIONS: [(&str, FunctionMeaning); 46] = {
    use FunctionMeaning::{Certain, Likely};
    use WaitKind::{Child, Disk, Lock, Network, Other, Pipe, Signal, Sleep};
    [
        ("nanosleep", Certain(Sleep)),
        ("futex", Certain(Lock)),
        // A counter, a timer or signals that are read as a descriptor.
        ("do_wait_intr", Likely(Other)),
        ("do_wait", Certain(Child)),
        ("waitid", Certain(Child)),
        ("vfork", Certain(Child)),
        ("kernel_clone", Certain(Child)),
        ("lock_inode", Certain(Lock)),
        ("locks_lock", Certain(Lock)),
        ("flock", Certain(Lock)),
        ("setlk", Certain(Lock)),
        ("rwsem", Certain(Lock)),
        ("mutex", Certain(Lock)),
        ("semtimedop", Certain(Lock)),
        ("sigtimedwait", Certain(Signal)),
        ("sigsuspend", Certain(Signal)),
        ("sys_pause", Certain(Signal)),
        ("signalfd", Certain(Signal)),
        ("wq_sync_buffer", Certain(Disk)),
        // Input and output that was submitted before: libaio and io_uring.
        ("read_events", Certain(Disk)),
        ("io_cqring_wait", Likely(Disk)),
        // On the way to a block device.
        ("io_schedule", Certain(Disk)),
        ("folio", Certain(Disk)),
        ("page", Certain(Disk)),
        ("jbd2", Certain(Disk)),
        ("blk", Certain(Disk)),
        ("bio", Certain(Disk)),
        ("iomap", Certain(Disk)),
        ("ext4", Certain(Disk)),
        ("xfs", Certain(Disk)),
        ("btrfs", Certain(Disk)),
        ("sync", Certain(Disk)),
        ("writeback", Certain(Disk)),
        // Functions in which several kinds of waits end up.
        ("poll", Likely(Network)),
        ("select", Likely(Network)),
        ("pipe", Likely(Pipe)),
        ("fifo", Likely(Pipe)),
        ("wait_for_partner", Likely(Pipe)),
        ("tty", Likely(Pipe)),
        ("sk_wait", Likely(Network)),
        ("wait_woken", Likely(Network)),
        ("inet_", Likely(Network)),
        ("tcp_", Likely(Network)),
        ("unix_", Likely(Network)),
        ("skb_", Likely(Network)),
        ("sock", Likely(Network)),
    ]
};

/// Returns the meaning of kernel function `function` for a thread in scheduler state `state`.
///
/// Uninterruptible sleep (`D`) is for a device unless the function is certain to mean something else: often
/// the name is gone by the time it is read.
pub(crate) fn meaning_of(state: char, function: &str) -> FunctionMeaning {
    let mut matches =
        FUNCTIONS.iter().filter(|(part, _)| function.contains(part)).map(|(_, meaning)| *meaning);
    if state == 'D' {
        let certain = matches.find(|meaning| matches!(meaning, FunctionMeaning::Certain(_)));
        return certain.unwrap_or(FunctionMeaning::Certain(WaitKind::Disk));
    }
    match matches.next() {
        Some(meaning) => meaning,
        None if function.is_empty() || function == "0" => FunctionMeaning::NotBlocked,
        None => FunctionMeaning::Likely(WaitKind::Other),
    }
}

#[cfg(test)]
mod tests {
    use FunctionMeaning::{Certain, Likely, NotBlocked};

    use super::*;

    #[test]
    fn some_functions_stand_for_one_kind() {
        for (state, function, wait) in [
            ('S', "hrtimer_nanosleep", WaitKind::Sleep),
            ('S', "futex_do_wait", WaitKind::Lock),
            ('S', "do_wait", WaitKind::Child),
            ('D', "kernel_clone", WaitKind::Child),
            ('S', "sigsuspend", WaitKind::Signal),
            ('S', "do_sigtimedwait", WaitKind::Signal),
            ('S', "__x64_sys_pause", WaitKind::Signal),
            ('S', "read_events", WaitKind::Disk),
            ('S', "locks_lock_inode_wait", WaitKind::Lock),
            ('D', "rwsem_down_write_slowpath", WaitKind::Lock),
            ('D', "wq_sync_buffer", WaitKind::Disk),
            ('D', "0", WaitKind::Disk),
            ('D', "do_epoll_wait", WaitKind::Disk),
            ('D', "jbd2_log_wait_commit", WaitKind::Disk),
            ('S', "__iomap_dio_rw", WaitKind::Disk),
        ] {
            assert_eq!(meaning_of(state, function), Certain(wait), "{function}");
        }
    }

    #[test]
    fn others_depend_on_the_descriptors() {
        assert_eq!(meaning_of('S', "do_epoll_wait"), Likely(WaitKind::Network));
        assert_eq!(meaning_of('S', "sk_wait_data"), Likely(WaitKind::Network));
        assert_eq!(meaning_of('S', "wait_woken"), Likely(WaitKind::Network));
        assert_eq!(meaning_of('S', "anon_pipe_read"), Likely(WaitKind::Pipe));
        assert_eq!(meaning_of('S', "do_wait_intr_irq"), Likely(WaitKind::Other));
        assert_eq!(meaning_of('S', "io_cqring_wait"), Likely(WaitKind::Disk));
        assert_eq!(meaning_of('S', "something_new"), Likely(WaitKind::Other));
        assert_eq!(meaning_of('S', "0"), NotBlocked);
    }
}

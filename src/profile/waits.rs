//! Which kind of wait a blocked thread is in, by the name of the kernel function it sleeps in.

use crate::profile::result::Waits;

/// A kind of waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// For a socket.
    Network,
    /// For a block device.
    Disk,
    /// For a timer.
    Sleep,
    /// For a lock.
    Lock,
    /// For a pipe or a terminal.
    Pipe,
    /// For a child process: derived from what the child does.
    Child,
    /// For something else.
    Other,
}

/// Parts of kernel function names and what waiting there means; the first that matches counts.
const FUNCTIONS: [(&str, Wait); 27] = [
    ("nanosleep", Wait::Sleep),
    ("futex", Wait::Lock),
    ("do_wait", Wait::Child),
    ("waitid", Wait::Child),
    ("lock_inode", Wait::Lock),
    ("flock", Wait::Lock),
    ("fcntl_setlk", Wait::Lock),
    ("pipe", Wait::Pipe),
    ("tty", Wait::Pipe),
    ("sk_wait", Wait::Network),
    ("wait_woken", Wait::Network),
    ("inet_", Wait::Network),
    ("tcp_", Wait::Network),
    ("unix_", Wait::Network),
    ("skb_", Wait::Network),
    ("sock", Wait::Network),
    ("poll", Wait::Network),
    ("select", Wait::Network),
    ("io_schedule", Wait::Disk),
    ("folio", Wait::Disk),
    ("page", Wait::Disk),
    ("jbd2", Wait::Disk),
    ("blk", Wait::Disk),
    ("bio", Wait::Disk),
    ("ext4", Wait::Disk),
    ("xfs", Wait::Disk),
    ("btrfs", Wait::Disk),
];

/// The kind of wait of a thread in scheduler state `state` that sleeps in `function`.
///
/// Uninterruptible sleep is for a device, whatever the name: the name is often gone by the time it
/// is read.
pub fn classify_wait(state: char, function: &str) -> Wait {
    if state == 'D' {
        return Wait::Disk;
    }
    let known = FUNCTIONS.iter().find(|(part, _)| function.contains(part));
    known.map_or(Wait::Other, |(_, wait)| *wait)
}

/// The kind of wait that a step is made of, for waits too short to be sampled.
pub fn wait_of_step(kind: &str) -> Wait {
    match kind {
        "sleep" => Wait::Sleep,
        "http" | "websocket" => Wait::Network,
        "read" | "write" | "sqlite" => Wait::Disk,
        "lock" => Wait::Lock,
        "command" => Wait::Child,
        _ => Wait::Other,
    }
}

/// Weights by kind, summed up and told as shares.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WaitCounts([f64; 7]);

impl WaitCounts {
    /// Adds `weight` to one kind.
    pub fn add(&mut self, wait: Wait, weight: f64) {
        self.0[wait as usize] += weight;
    }

    /// These and `others` together.
    pub fn and(&self, others: &WaitCounts) -> WaitCounts {
        WaitCounts(std::array::from_fn(|kind| self.0[kind] + others.0[kind]))
    }

    /// The sum over all kinds.
    pub fn total(&self) -> f64 {
        self.0.iter().sum()
    }

    /// The sum over all kinds that tell something.
    pub fn known(&self) -> f64 {
        self.total() - self.0[Wait::Other as usize]
    }

    /// The shares of the kinds; all 0 if nothing was added.
    pub fn shares(&self) -> Waits {
        let total = self.total();
        let share = |wait: Wait| if total > 0.0 { self.0[wait as usize] / total } else { 0.0 };
        Waits {
            network: share(Wait::Network),
            disk: share(Wait::Disk),
            sleep: share(Wait::Sleep),
            lock: share(Wait::Lock),
            pipe: share(Wait::Pipe),
            child: share(Wait::Child),
            other: share(Wait::Other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_functions_tell_what_is_waited_for() {
        assert_eq!(classify_wait('S', "hrtimer_nanosleep"), Wait::Sleep);
        assert_eq!(classify_wait('S', "sk_wait_data"), Wait::Network);
        assert_eq!(classify_wait('S', "do_wait"), Wait::Child);
        assert_eq!(classify_wait('S', "futex_do_wait"), Wait::Lock);
        assert_eq!(classify_wait('S', "locks_lock_inode_wait"), Wait::Lock);
        assert_eq!(classify_wait('S', "anon_pipe_read"), Wait::Pipe);
        assert_eq!(classify_wait('D', "0"), Wait::Disk);
        assert_eq!(classify_wait('S', "0"), Wait::Other);
    }

    #[test]
    fn shares_sum_to_one_or_are_all_zero() {
        let mut counts = WaitCounts::default();
        assert_eq!(counts.shares(), Waits::default());
        counts.add(Wait::Network, 3.0);
        counts.add(Wait::Disk, 1.0);
        assert_eq!(counts.known(), 4.0);
        assert_eq!(counts.shares().network, 0.75);
        assert_eq!(counts.shares().named().iter().map(|(_, share)| share).sum::<f64>(), 1.0);
    }
}

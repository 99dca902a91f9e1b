//! The other end of pipes and sockets: is it in the same process, elsewhere in the tree, or outside?
//!
//! A program that waits for its own process waits for nothing outside, and one that waits for another process
//! of its tree waits for whatever that process does.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::host::clock::thread_cpu;
use crate::host::procfs::{self, OpenChannel};
use crate::host::unix_peer::UnixPeers;

/// Processes of a tree whose descriptors are listed at most; of a larger tree, the first.
const MAX_PROCESSES: usize = 256;

/// Sockets whose other end is looked up in one look.
const MAX_LOOKUPS: usize = 4;

/// Least and most seconds for which a list of open descriptors is kept.
const KEPT_S: [f64; 2] = [0.1, 5.0];

/// Seconds for which a list is kept, over the CPU seconds that it cost: it may use 1% of a CPU.
const KEPT_OVER_COST: f64 = 100.0;

/// Place of the other end of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherEnd {
    /// The process that waits, and no other one.
    SameProcess,
    /// The process that waits, and others of the tree too.
    Shared,
    /// Another process of the tree.
    SameTree,
    /// No process of the tree, as far as is known.
    Outside,
}

/// A socket, or one end of a pipe, by its inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum End {
    Socket(u64),
    PipeReader(u64),
    PipeWriter(u64),
}

/// The pipes and sockets that the processes of a tree have open.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    processes: BTreeSet<u32>,
    /// True if there are processes, or ends, that were not there when the holders were listed.
    is_outdated: bool,
    /// Number of times that the holders were listed.
    lists: u64,
    holders: HashMap<End, Vec<u32>>,
    /// Time until which the holders are kept, in seconds since sampling began.
    kept_until_s: f64,
    now_s: f64,
    /// The other ends of sockets; `None` where there is none, or it is unknown.
    peers: HashMap<u64, Option<u64>>,
    lookups: usize,
    unix: UnixPeers,
    /// Sockets that may be TCP connections, each with a process that has it open: the list of those is read after
    /// the look, because it may take longer than the look itself.
    wanted: HashMap<u64, u32>,
    /// Number of times that the list of TCP connections was read.
    tcp_reads: u64,
    /// Time before which that list is not read again, in seconds since sampling began.
    tcp_due_s: f64,
}

impl Channels {
    /// Begins a look, at a time in seconds.
    pub(crate) fn begin_look(&mut self, now_s: f64) {
        self.now_s = now_s;
        self.lookups = 0;
        if self.is_outdated && self.lists > 0 && now_s >= self.kept_until_s {
            self.list_holders();
        }
    }

    /// Adds processes to the tree.
    pub(crate) fn add(&mut self, processes: &[u32]) {
        for pid in processes {
            if self.processes.len() < MAX_PROCESSES {
                self.is_outdated |= self.processes.insert(*pid);
            }
        }
    }

    /// Removes the processes that are not in the tree any more.
    pub(crate) fn keep(&mut self, tree: &HashSet<u32>) {
        self.processes.retain(|pid| tree.contains(pid));
    }

    /// Returns a number that is another one when a place may have changed.
    pub(crate) fn generation(&self) -> u64 {
        self.lists + self.tcp_reads
    }

    /// Looks for the other ends of the sockets that may be TCP connections, as often as the cost allows.
    pub(crate) fn look_up_wanted(&mut self) {
        let Some(pid) = self.wanted.values().next().copied() else { return };
        if self.now_s < self.tcp_due_s {
            return;
        }
        let before = thread_cpu();
        let peers = procfs::local_tcp_peers(pid);
        self.peers.extend(self.wanted.drain().map(|(inode, _)| (inode, peers.get(&inode).copied())));
        self.tcp_reads += 1;
        let cost_s = thread_cpu().saturating_sub(before).as_secs_f64();
        self.tcp_due_s = self.now_s + (cost_s * KEPT_OVER_COST).clamp(KEPT_S[0], KEPT_S[1]);
    }

    /// Returns the place of the other end of a pipe that process `pid` reads, or writes if `writes`.
    pub(crate) fn of_pipe(&mut self, pid: u32, inode: u64, writes: bool) -> OtherEnd {
        self.place(pid, if writes { End::PipeReader(inode) } else { End::PipeWriter(inode) })
    }

    /// Returns the place of the other end of a socket of process `pid`.
    pub(crate) fn of_socket(&mut self, pid: u32, inode: u64) -> OtherEnd {
        match self.peer(pid, inode) {
            Some(peer) => self.place(pid, End::Socket(peer)),
            None => OtherEnd::Outside,
        }
    }

    /// Returns the inode of the socket at the other end, if it is on this machine.
    fn peer(&mut self, pid: u32, inode: u64) -> Option<u64> {
        if let Some(known) = self.peers.get(&inode) {
            return *known;
        }
        if self.lookups >= MAX_LOOKUPS {
            return None;
        }
        self.lookups += 1;
        match self.unix.of(inode) {
            Some(peer) => {
                self.peers.insert(inode, Some(peer));
                Some(peer)
            }
            None => {
                self.wanted.insert(inode, pid);
                None
            }
        }
    }

    fn place(&mut self, pid: u32, end: End) -> OtherEnd {
        self.add(&[pid]);
        let is_missing = !self.holders.contains_key(&end);
        let is_due = self.now_s >= self.kept_until_s + if is_missing { 0.0 } else { KEPT_S[1] };
        if self.lists == 0 || is_due {
            self.list_holders();
        } else {
            // It may have been opened since.
            self.is_outdated |= is_missing;
        }
        let Some(holders) = self.holders.get(&end) else { return OtherEnd::Outside };
        match holders.as_slice() {
            [] => OtherEnd::Outside,
            holders if holders.iter().all(|holder| *holder == pid) => OtherEnd::SameProcess,
            holders if holders.contains(&pid) => OtherEnd::Shared,
            _ => OtherEnd::SameTree,
        }
    }

    /// Lists the holders of all ends.
    fn list_holders(&mut self) {
        let before = thread_cpu();
        self.holders.clear();
        self.lists += 1;
        self.is_outdated = false;
        for holder in &self.processes {
            for channel in procfs::open_channels(*holder) {
                let end = match channel {
                    OpenChannel::Socket(inode) => End::Socket(inode),
                    OpenChannel::Pipe { inode, writes: true } => End::PipeWriter(inode),
                    OpenChannel::Pipe { inode, writes: false } => End::PipeReader(inode),
                };
                self.holders.entry(end).or_default().push(*holder);
            }
        }
        let cost_s = thread_cpu().saturating_sub(before).as_secs_f64();
        self.kept_until_s = self.now_s + (cost_s * KEPT_OVER_COST).clamp(KEPT_S[0], KEPT_S[1]);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::net::UnixStream;
    use std::process::{Command, Stdio};

    use super::*;

    fn inode(descriptor: &impl AsRawFd) -> u64 {
        let path = format!("/proc/self/fd/{}", descriptor.as_raw_fd());
        std::fs::metadata(path).expect("open").ino()
    }

    fn channels(processes: &[u32]) -> Channels {
        let mut channels = Channels::default();
        channels.begin_look(1.0);
        channels.add(processes);
        channels
    }

    #[test]
    fn a_process_that_holds_both_ends_waits_for_itself() {
        let own = std::process::id();
        let (one, _other) = UnixStream::pair().expect("a pair");
        let (reader, _writer) = std::io::pipe().expect("a pipe");
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let client = TcpStream::connect(listener.local_addr().expect("bound")).expect("connected");
        let (_server, _) = listener.accept().expect("accepted");
        let mut channels = channels(&[]);
        assert_eq!(channels.of_socket(own, inode(&one)), OtherEnd::SameProcess);
        assert_eq!(channels.of_pipe(own, inode(&reader), false), OtherEnd::SameProcess);
        // A connection is looked up after the look.
        assert_eq!(channels.of_socket(own, inode(&client)), OtherEnd::Outside);
        assert_eq!(channels.of_socket(own, inode(&listener)), OtherEnd::Outside);
        let generation = channels.generation();
        channels.look_up_wanted();
        assert_ne!(channels.generation(), generation);
        assert_eq!(channels.of_socket(own, inode(&client)), OtherEnd::SameProcess);
        assert_eq!(channels.of_socket(own, inode(&listener)), OtherEnd::Outside);
    }

    #[test]
    fn the_other_end_is_sought_in_the_tree() {
        let own = std::process::id();
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().expect("cat");
        let stdin = child.stdin.take().expect("a pipe");
        assert_eq!(channels(&[child.id()]).of_pipe(own, inode(&stdin), true), OtherEnd::SameTree);
        let mut channels = channels(&[]);
        assert_eq!(channels.of_pipe(own, inode(&stdin), true), OtherEnd::Outside);
        // A child that is found later is asked as soon as the list is due.
        let generation = channels.generation();
        channels.add(&[child.id()]);
        channels.begin_look(1.0 + 2.0 * KEPT_S[1]);
        assert_ne!(channels.generation(), generation);
        assert_eq!(channels.of_pipe(own, inode(&stdin), true), OtherEnd::SameTree);
        drop(stdin);
        child.wait().expect("cat ends with its input");
    }
}

//! Finds out who asks whom: the sockets with which a tree waits for clients, and those to servers.

use std::collections::{HashMap, HashSet};

use crate::host::procfs::{SocketRole, socket_inodes, socket_roles};
use crate::profile::result::Sockets;
use crate::profile::sampling::snapshot::Snapshot;

/// Seconds from the start of sampling to the first look; each later look comes after twice the time.
const FIRST_LOOK_S: f64 = 0.25;

/// Descriptors of a tree that are examined in one look: about a millisecond's worth.
const MAX_DESCRIPTORS: usize = 512;

/// Looks at the sockets of a tree from time to time.
#[derive(Debug)]
pub(super) struct SocketWatch {
    next_s: f64,
    /// The processes to look at, where a look is due.
    due: Vec<u32>,
    seen: Option<Sockets>,
}

impl Default for SocketWatch {
    fn default() -> Self {
        SocketWatch { next_s: FIRST_LOOK_S, due: Vec::new(), seen: None }
    }
}

impl SocketWatch {
    /// Notes the processes to look at, if a look is due.
    pub(super) fn consider(&mut self, snapshot: &Snapshot, at_s: f64) {
        if at_s >= self.next_s && !snapshot.threads.is_empty() {
            self.next_s = 2.0 * at_s;
            self.due = snapshot.threads.iter().map(|thread| thread.key.pid).collect();
            self.due.dedup();
        }
    }

    /// Takes the look that is due, if one is.
    pub(super) fn look(&mut self) {
        let mut left = MAX_DESCRIPTORS;
        let mut inodes = HashSet::new();
        let due = std::mem::take(&mut self.due);
        let Some(first) = due.first().copied() else { return };
        for pid in due {
            let (found, examined) = socket_inodes(pid, left);
            inodes.extend(found);
            left -= examined;
            if left == 0 {
                break;
            }
        }
        let roles = if inodes.is_empty() { HashMap::new() } else { socket_roles(first) };
        let own = roles.into_iter().filter(|(inode, _)| inodes.contains(inode)).map(|(_, role)| role);
        let now = count(&own.collect::<Vec<_>>());
        self.seen = Some(self.seen.map_or(now, |seen| seen.most(now)));
    }

    /// Returns the sockets seen; `None` if no look was due.
    pub(super) fn finish(self) -> Option<Sockets> {
        self.seen
    }
}

/// Counts sockets by their part; connections within the tree are neither to clients nor to servers.
fn count(roles: &[SocketRole]) -> Sockets {
    let ends: HashSet<_> = roles.iter().filter_map(ends_of).collect();
    let is_inside = |role: &SocketRole| {
        ends_of(role).is_some_and(|own| !own.local.is_empty() && ends.contains(&own.reversed()))
    };
    let mut sockets = Sockets::default();
    for role in roles.iter().filter(|role| !is_inside(role)) {
        match role {
            SocketRole::Listening => sockets.listening += 1,
            SocketRole::Accepted(_) => sockets.clients += 1,
            SocketRole::Outgoing(..) => sockets.servers += 1,
        }
    }
    sockets
}

fn ends_of(role: &SocketRole) -> Option<&crate::host::procfs::Ends> {
    match role {
        SocketRole::Listening => None,
        SocketRole::Accepted(ends) | SocketRole::Outgoing(ends, _) => Some(ends),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::procfs::{Ends, Peer};

    fn ends(local: &str, remote: &str) -> Ends {
        Ends { local: local.to_owned(), remote: remote.to_owned() }
    }

    #[test]
    fn clients_and_servers_are_outside_of_the_tree() {
        let client = SocketRole::Accepted(ends("a:1", "b:9"));
        let server = SocketRole::Outgoing(ends("a:2", "c:3"), Peer::Remote);
        let unix = SocketRole::Accepted(Ends::default());
        let expected = Sockets { listening: 1, clients: 3, servers: 1 };
        assert_eq!(count(&[SocketRole::Listening, client, server, unix.clone(), unix]), expected);
        let both = [
            SocketRole::Accepted(ends("a:1", "a:9")),
            SocketRole::Outgoing(ends("a:9", "a:1"), Peer::Loopback),
        ];
        assert_eq!(count(&both), Sockets::default());
    }

    #[test]
    fn looks_become_rare() {
        let snapshot = crate::profile::sampling::snapshot::Snapshot {
            threads: vec![crate::profile::sampling::snapshot::ThreadSample {
                key: crate::profile::sampling::snapshot::ThreadKey { pid: u32::MAX >> 1, tid: 1, started: 1 },
                state: crate::profile::sampling::snapshot::ThreadState::Runnable,
                run_s: 0.0,
                queued_s: 0.0,
                was_scheduled: false,
            }],
            ..Snapshot::default()
        };
        let mut watch = SocketWatch::default();
        let mut looks = 0;
        for i in 0..500 {
            watch.consider(&snapshot, f64::from(i) * 0.02);
            looks += usize::from(!watch.due.is_empty());
            watch.look();
        }
        assert_eq!((looks, watch.finish()), (6, Some(Sockets::default())));
        assert_eq!(SocketWatch::default().finish(), None);
    }
}

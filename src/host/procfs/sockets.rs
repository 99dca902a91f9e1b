//! Sockets of processes: `fd` and the lists in `net`.

use std::collections::{HashMap, HashSet};

use super::channel::{OpenChannel, parse_channel};
use super::net::{LISTENING, Peer, TCP_LISTS, list, peer_of};

/// State of a unix socket that is connected (`SS_CONNECTED`).
const UNIX_CONNECTED: &str = "03";

/// Flag of a unix socket that waits for connections (`__SO_ACCEPTCON`).
const UNIX_ACCEPTS: u32 = 0x1_0000;

/// The part that a socket has in a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SocketRole {
    /// It waits for connections.
    Listening,
    /// A client of the process made the connection.
    Accepted(Ends),
    /// The process made the connection.
    Outgoing(Ends, Peer),
}

/// The addresses of a connection, its own and that of the other end; empty where the list has none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Ends {
    /// The own address.
    pub local: String,
    /// The address of the other end.
    pub remote: String,
}

impl Ends {
    /// Returns the connection as the other end sees it.
    pub(crate) fn reversed(&self) -> Ends {
        Ends { local: self.remote.clone(), remote: self.local.clone() }
    }
}

/// Returns the inodes of the sockets among the first `most` descriptors of a process, and how many those are.
pub(crate) fn socket_inodes(pid: u32, most: usize) -> (Vec<u64>, usize) {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return (Vec::new(), 0) };
    let links: Vec<_> =
        entries.flatten().take(most).flat_map(|entry| std::fs::read_link(entry.path())).collect();
    let inode = |link: &std::path::PathBuf| match parse_channel(link.to_str()?, || false)? {
        OpenChannel::Socket(inode) => Some(inode),
        OpenChannel::Pipe { .. } => None,
    };
    (links.iter().filter_map(inode).collect(), links.len())
}

/// Returns the parts of the sockets that the network namespace of a process has, by inode, as far as the lists
/// tell them.
pub(crate) fn socket_roles(pid: u32) -> HashMap<u64, SocketRole> {
    let mut roles = tcp_roles(&TCP_LISTS.map(|name| list(pid, name)));
    roles.extend(unix_roles(&list(pid, "unix")));
    roles
}

/// A connection was made by the other side if it has the port of a socket that waits for connections.
pub(super) fn tcp_roles(lists: &[String]) -> HashMap<u64, SocketRole> {
    let lines = lists.iter().flat_map(|list| list.lines().skip(1));
    let sockets: Vec<(Ends, bool, u64)> = lines.filter_map(parse_tcp).collect();
    let port = |address: &str| address.split_once(':').map(|(_, port)| port.to_owned());
    let ports: HashSet<_> = sockets
        .iter()
        .filter(|(_, listens, _)| *listens)
        .filter_map(|(ends, ..)| port(&ends.local))
        .collect();
    let role = |(ends, listens, inode): (Ends, bool, u64)| {
        let is_of_server = port(&ends.local).is_some_and(|port| ports.contains(&port));
        let role = match listens {
            true => SocketRole::Listening,
            false if is_of_server => SocketRole::Accepted(ends),
            false => {
                let peer = peer_of(&ends.remote);
                SocketRole::Outgoing(ends, peer)
            }
        };
        (inode, role)
    };
    sockets.into_iter().map(role).collect()
}

/// Parses a line of `net/tcp`: its ends, whether it listens, and its inode.
fn parse_tcp(line: &str) -> Option<(Ends, bool, u64)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (local, remote) = ((*fields.get(1)?).to_owned(), (*fields.get(2)?).to_owned());
    let inode = fields.get(9)?.parse().ok().filter(|inode| *inode != 0)?;
    Some((Ends { local, remote }, *fields.get(3)? == LISTENING, inode))
}

/// A unix socket that a server accepted has the path of the one that it listens with; the list does not tell to
/// whom any other is connected.
pub(super) fn unix_roles(list: &str) -> HashMap<u64, SocketRole> {
    let fields = list.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    // Num RefCount Protocol Flags Type St Inode Path
    let parse = |fields: Vec<&str>| {
        let flags = u32::from_str_radix(fields.get(3)?, 16).ok()?;
        let path = fields.get(7).map(|path| (*path).to_owned());
        Some((
            flags & UNIX_ACCEPTS != 0,
            fields.get(5)? == &UNIX_CONNECTED,
            fields.get(6)?.parse().ok()?,
            path,
        ))
    };
    let sockets: Vec<(bool, bool, u64, Option<String>)> = fields.filter_map(parse).collect();
    let paths: HashSet<&String> =
        sockets.iter().filter(|(listens, ..)| *listens).filter_map(|(.., path)| path.as_ref()).collect();
    let role = |(listens, connected, inode, path): &(bool, bool, u64, Option<String>)| {
        let is_of_server = path.as_ref().is_some_and(|path| paths.contains(path));
        match (listens, connected) {
            (true, _) => Some((*inode, SocketRole::Listening)),
            (false, true) if is_of_server => Some((*inode, SocketRole::Accepted(Ends::default()))),
            _ => None,
        }
    };
    sockets.iter().filter_map(role).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0 100 0 0 10 0\n\
   1: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 12 1 0 20 4 30 10 -1\n\
   2: 0100007F:C001 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 13 1 0 20 4 30 10 -1\n\
   3: 0500A8C0:C002 0101A8C0:01BB 01 00000000:00000000 00:00000000 00000000     0        0 14 1 0 20 4 30 10 -1\n\
   4: 0500A8C0:C003 0101A8C0:01BB 06 00000000:00000000 00:00000000 00000000     0        0 0 1 0 20 4 30 10 -1\n";

    #[test]
    fn who_made_a_connection_follows_from_its_port() {
        let roles = tcp_roles(&[TCP.to_owned(), String::new()]);
        let ends = |local: &str, remote: &str| Ends { local: local.to_owned(), remote: remote.to_owned() };
        let accepted = ends("0100007F:1F90", "0100007F:C001");
        assert_eq!(roles[&11], SocketRole::Listening);
        assert_eq!(roles[&12], SocketRole::Accepted(accepted.clone()));
        assert_eq!(roles[&13], SocketRole::Outgoing(accepted.reversed(), Peer::Loopback));
        let outgoing = ends("0500A8C0:C002", "0101A8C0:01BB");
        assert_eq!(roles[&14], SocketRole::Outgoing(outgoing, Peer::Remote));
        assert_eq!(roles.len(), 4);
    }

    #[test]
    fn an_accepted_unix_socket_has_the_path_of_its_server() {
        let list = "Num       RefCount Protocol Flags    Type St Inode Path\n\
                    0000000000000000: 00000002 00000000 00010000 0001 01 21 /run/x.sock\n\
                    0000000000000000: 00000003 00000000 00000000 0001 03 22 /run/x.sock\n\
                    0000000000000000: 00000003 00000000 00000000 0001 03 23\n\
                    0000000000000000: 00000002 00000000 00000000 0002 01 24 /dev/log\n";
        let roles = unix_roles(list);
        assert_eq!(roles[&21], SocketRole::Listening);
        assert_eq!(roles[&22], SocketRole::Accepted(Ends::default()));
        assert_eq!(roles.len(), 2);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn sockets_of_this_process_are_found() {
        use std::net::{TcpListener, TcpStream};
        use std::os::fd::AsRawFd;
        use std::os::unix::fs::MetadataExt;

        let inode = |socket: &dyn AsRawFd| {
            std::fs::metadata(format!("/proc/self/fd/{}", socket.as_raw_fd())).expect("open").ino()
        };
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let stream = TcpStream::connect(listener.local_addr().expect("bound")).expect("connected");
        let pid = std::process::id();
        let (inodes, _) = socket_inodes(pid, 4096);
        let roles = socket_roles(pid);
        assert!(inodes.contains(&inode(&listener)) && inodes.contains(&inode(&stream)));
        assert_eq!(roles[&inode(&listener)], SocketRole::Listening);
        assert!(matches!(roles[&inode(&stream)], SocketRole::Outgoing(_, Peer::Loopback)));
    }
}

//! TCP sockets: `net/tcp` and `net/tcp6`.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;

/// Bytes of a list that are read at most; a machine with more sockets than that is a server, not a workload.
const MAX_LIST_BYTES: u64 = 4 << 20;

/// The lists of TCP sockets.
pub(super) const TCP_LISTS: [&str; 2] = ["tcp", "tcp6"];

/// State of a socket that waits for connections (`TCP_LISTEN`).
pub(super) const LISTENING: &str = "0A";

/// Place of the other end of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// The local machine, by the loopback interface.
    Loopback,
    /// Another machine.
    Remote,
}

/// Returns a list of sockets in the network of process `pid`; an empty one if it cannot be read.
pub(super) fn list(pid: u32, name: &str) -> String {
    let mut text = String::new();
    let file = File::open(format!("/proc/{pid}/net/{name}"));
    let read = file.and_then(|file| file.take(MAX_LIST_BYTES).read_to_string(&mut text));
    read.map(|_| text).unwrap_or_default()
}

/// Returns the place of the other end of the TCP socket with `inode`, which process `pid` has open.
///
/// Returns `None` if it is no TCP socket, waits for connections, or is gone.
pub(crate) fn tcp_peer(pid: u32, inode: u64) -> Option<Peer> {
    TCP_LISTS.into_iter().find_map(|name| parse_peer(&list(pid, name), inode))
}

/// Returns the TCP connections of this machine with itself: the inode of each socket and that of the socket at the
/// other end, in the network of process `pid`.
///
/// Where the kernel keeps a large table of connections, reading it takes some milliseconds, even if it is empty.
pub(crate) fn local_tcp_peers(pid: u32) -> HashMap<u64, u64> {
    TCP_LISTS.into_iter().flat_map(|name| parse_local_peers(&list(pid, name))).collect()
}

/// Finds the sockets whose addresses are those of other ones in reverse.
pub(super) fn parse_local_peers(list: &str) -> Vec<(u64, u64)> {
    // Local address, remote address and inode; connections that nobody has accepted yet have no inode.
    let connection = |line| {
        let fields: Vec<&str> = str::split_whitespace(line).collect();
        let inode: u64 = fields.get(9)?.parse().ok()?;
        (inode != 0).then_some(((*fields.get(1)?, *fields.get(2)?), inode))
    };
    let inodes: HashMap<(&str, &str), u64> = list.lines().skip(1).filter_map(connection).collect();
    let peer =
        |(&(local, remote), inode): (&(&str, &str), &u64)| Some((*inode, *inodes.get(&(remote, local))?));
    inodes.iter().filter_map(peer).collect()
}

/// Finds a socket in `/proc/net/tcp` (proc_pid_net(5)).
pub(super) fn parse_peer(list: &str, inode: u64) -> Option<Peer> {
    let inode = inode.to_string();
    let mut sockets = list.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let socket = sockets.find(|fields| fields.get(9).is_some_and(|field| *field == inode))?;
    let remote = socket.get(2)?;
    (socket.get(3) != Some(&LISTENING)).then(|| peer_of(remote))
}

/// Returns the place of a remote address with its port.
pub(super) fn peer_of(remote: &str) -> Peer {
    let (address, _port) = remote.split_once(':').unwrap_or((remote, ""));
    if is_loopback(address) { Peer::Loopback } else { Peer::Remote }
}

/// Returns whether an address is 127.0.0.0/8 or ::1; four bytes at a time are one number of this machine.
fn is_loopback(address: &str) -> bool {
    let last = address.get(address.len().saturating_sub(8)..).unwrap_or_default();
    let last = u32::from_str_radix(last, 16).unwrap_or(0);
    let bytes = last.to_ne_bytes();
    let is_v4 = address.len() == 8 || address.starts_with("0000000000000000FFFF0000");
    if is_v4 {
        return bytes[0] == 127;
    }
    address.len() == 32 && address.bytes().take(24).all(|digit| digit == b'0') && bytes == [0, 0, 0, 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn addresses_are_words_in_hexadecimal() {
        assert!(is_loopback("0100007F"));
        assert!(!is_loopback("0500A8C0"));
        assert!(is_loopback("00000000000000000000000001000000"));
        assert!(is_loopback("0000000000000000FFFF00000100007F"));
        assert!(!is_loopback("B80D0120000000000000000001000000"));
        assert!(!is_loopback(""));
    }

    #[test]
    fn the_other_end_has_the_addresses_in_reverse() {
        let socket = |local: &str, remote: &str, inode: u64| {
            format!("   0: {local} {remote} 01 00000000:00000000 00:00000000 00000000  0  0 {inode} 1\n")
        };
        let list = [
            "  sl  local_address rem_address\n".to_owned(),
            socket("0100007F:1F90", "0100007F:C350", 7),
            socket("0100007F:C350", "0100007F:1F90", 8),
            socket("0100007F:C351", "0500A8C0:1F90", 9),
        ]
        .concat();
        let mut peers = parse_local_peers(&list);
        peers.sort_unstable();
        assert_eq!(peers, [(7, 8), (8, 7)]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_connection_to_this_machine_is_found() {
        use std::net::{TcpListener, TcpStream};
        use std::os::fd::AsRawFd;
        use std::os::unix::fs::MetadataExt;

        let inode = |socket: &dyn AsRawFd| {
            let path = format!("/proc/self/fd/{}", socket.as_raw_fd());
            std::fs::metadata(path).expect("open").ino()
        };
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let stream = TcpStream::connect(listener.local_addr().expect("bound")).expect("connected");
        let pid = std::process::id();
        assert_eq!(tcp_peer(pid, inode(&stream)), Some(Peer::Loopback));
        assert_eq!(tcp_peer(pid, inode(&listener)), None);
    }
}

//! The other end of a connected Unix socket, by the kernel's socket diagnostics (sock_diag(7)).

#[cfg(target_os = "linux")]
use std::os::fd::{AsRawFd, OwnedFd};

/// Asks for the other end of Unix sockets; asks nobody where the system has no such diagnostics.
#[derive(Debug, Default)]
pub(crate) struct UnixPeers {
    /// The socket that asks; `None` before the first question.
    #[cfg(target_os = "linux")]
    netlink: Option<OwnedFd>,
}

#[cfg(target_os = "linux")]
mod message {
    /// `SOCK_DIAG_BY_FAMILY`, the type of the question.
    pub(super) const BY_FAMILY: u16 = 20;
    /// `NLM_F_REQUEST`, the flags of the question.
    pub(super) const REQUEST: u16 = 1;
    /// `UDIAG_SHOW_PEER`: the answer is to name the other end.
    pub(super) const SHOW_PEER: u32 = 4;
    /// `UNIX_DIAG_PEER`, the attribute that names it.
    pub(super) const PEER: u16 = 2;
    /// Bytes of a `struct nlmsghdr`.
    pub(super) const HEADER: usize = 16;
    /// Bytes of a `struct unix_diag_req`.
    pub(super) const QUESTION: usize = 24;
    /// Bytes of a `struct unix_diag_msg`, after which the attributes begin.
    pub(super) const ANSWER: usize = 16;
    /// Bytes of the header of an attribute.
    pub(super) const ATTRIBUTE: usize = 4;
}

#[cfg(target_os = "linux")]
impl UnixPeers {
    /// Returns the inode of the socket that the Unix socket with `inode` is connected to; `None` if there is no
    /// such socket, or it is not connected.
    pub(crate) fn of(&mut self, inode: u64) -> Option<u64> {
        use nix::sys::socket::{
            AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket,
        };

        let question = question(u32::try_from(inode).ok()?);
        if self.netlink.is_none() {
            let (family, protocol) = (AddressFamily::Netlink, SockProtocol::NetlinkSockDiag);
            self.netlink = socket(family, SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol).ok();
        }
        let socket = self.netlink.as_ref()?.as_raw_fd();
        send(socket, &question, MsgFlags::empty()).ok()?;
        let mut answer = [0; 1024];
        let length = recv(socket, &mut answer, MsgFlags::MSG_DONTWAIT).ok()?;
        peer_in(&answer[..length])
    }
}

#[cfg(not(target_os = "linux"))]
impl UnixPeers {
    /// Returns `None`: this system does not say.
    pub(crate) fn of(&mut self, _inode: u64) -> Option<u64> {
        None
    }
}

/// Returns a `struct nlmsghdr` and a `struct unix_diag_req` for one socket, whatever its state.
#[cfg(target_os = "linux")]
fn question(inode: u32) -> Vec<u8> {
    let length = u32::try_from(message::HEADER + message::QUESTION).expect("40 bytes");
    let mut bytes = Vec::with_capacity(message::HEADER + message::QUESTION);
    bytes.extend(length.to_ne_bytes());
    bytes.extend(message::BY_FAMILY.to_ne_bytes());
    bytes.extend(message::REQUEST.to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend([libc::AF_UNIX as u8, 0, 0, 0]);
    // All states, the inode, what to show, and no cookie.
    for word in [u32::MAX, inode, message::SHOW_PEER, u32::MAX, u32::MAX] {
        bytes.extend(word.to_ne_bytes());
    }
    bytes
}

/// Finds the attribute with the other end in an answer.
#[cfg(target_os = "linux")]
fn peer_in(answer: &[u8]) -> Option<u64> {
    let half = |at: usize| Some(u16::from_ne_bytes(answer.get(at..at + 2)?.try_into().ok()?));
    if half(4)? != message::BY_FAMILY {
        return None;
    }
    let mut at = message::HEADER + message::ANSWER;
    loop {
        let (length, kind) = (usize::from(half(at)?), half(at + 2)?);
        if kind == message::PEER {
            let value = answer.get(at + message::ATTRIBUTE..at + message::ATTRIBUTE + 4)?;
            return Some(u64::from(u32::from_ne_bytes(value.try_into().ok()?)));
        }
        // Attributes are aligned to four bytes.
        at += length.max(message::ATTRIBUTE).next_multiple_of(4);
    }
}

/// Gives an answer to the parser, for tests of any answer.
pub(super) fn parse_any(answer: &[u8]) {
    #[cfg(target_os = "linux")]
    peer_in(answer);
    #[cfg(not(target_os = "linux"))]
    let _ = answer;
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    fn inode(socket: &impl AsRawFd) -> u64 {
        use std::os::unix::fs::MetadataExt;

        let path = format!("/proc/self/fd/{}", socket.as_raw_fd());
        std::fs::metadata(path).expect("open").ino()
    }

    #[test]
    fn each_end_of_a_pair_names_the_other() {
        let (one, other) = UnixStream::pair().expect("a pair");
        let mut peers = UnixPeers::default();
        assert_eq!(peers.of(inode(&one)), Some(inode(&other)));
        assert_eq!(peers.of(inode(&other)), Some(inode(&one)));
    }

    #[test]
    fn what_is_not_connected_has_no_other_end() {
        let directory = tempfile::tempdir().expect("a directory");
        let listener = UnixListener::bind(directory.path().join("socket")).expect("bound");
        let mut peers = UnixPeers::default();
        assert_eq!(peers.of(inode(&listener)), None);
        assert_eq!(peers.of(u64::from(u32::MAX)), None);
    }

    #[test]
    fn a_torn_answer_names_nobody() {
        assert_eq!(peer_in(&[0; 8]), None);
        let mut answer = vec![0; message::HEADER + message::ANSWER];
        answer[4..6].copy_from_slice(&message::BY_FAMILY.to_ne_bytes());
        assert_eq!(peer_in(&answer), None);
    }
}

//! Anything, given to every parser: a file of another kernel, or of none.

use super::machine::Stalled;
use super::{cgroup, channel, machine, maps, memory, net, signals, sockets, syscall, thread};

/// An inode that is looked for.
const INODE: u64 = 11;

/// Gives a text to every parser.
pub(crate) fn parse_any(text: &str) {
    cgroup::parse_cgroups(text);
    channel::parse_channel(text, || true);
    machine::parse_machine_cpu(text, 100.0);
    machine::parse_pressure(text, Stalled::Some);
    machine::parse_pressure(text, Stalled::Full);
    maps::parse_executable_maps(text);
    memory::parse_resident_pages(text);
    memory::parse_kib(text, "Pss:");
    memory::parse_peak_rss(text);
    net::parse_local_peers(text);
    net::parse_peer(text, INODE);
    signals::parse_ignored(text);
    sockets::tcp_roles(&[text.to_owned()]);
    sockets::unix_roles(text);
    syscall::parse_syscall(text);
    syscall::parse_epoll_targets(text);
    thread::parse_stat(text);
    thread::parse_schedstat(text);
    thread::parse_children(text);
}

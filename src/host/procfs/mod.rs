//! Everything that is read from `/proc`, with one parser for each file.
//!
//! Every reader returns `None`, or nothing, for a process that is gone and on systems without `/proc`.

mod cgroup;
mod channel;
mod machine;
mod maps;
mod memory;
mod net;
mod read;
mod signals;
mod sockets;
mod syscall;
mod thread;
mod untrusted;

pub(crate) use cgroup::{cgroups, parse_cgroups};
pub(crate) use channel::{OpenChannel, open_channels, ring_has_files};
pub(crate) use machine::{
    MachineCpu, Stalled, cpu_pressure, machine_cpu, max_memory_maps, out_of_memory_kills, pressure, uptime_s,
};
pub(crate) use maps::{ExecutableMap, executable_maps};
pub(crate) use memory::{available_bytes, own_peak_rss_bytes, proportional_bytes, resident_bytes};
pub(crate) use net::Peer;
pub(crate) use net::{local_tcp_peers, tcp_peer};
pub(crate) use signals::own_ignored_signals;
pub(crate) use sockets::{Ends, SocketRole, socket_inodes, socket_roles};
pub(crate) use syscall::{Syscall, descriptor_path, epoll_targets, open_memory, read_memory, syscall, wchan};
pub use thread::process_stat;
pub(crate) use thread::{Schedstat, Stat};
pub(crate) use thread::{
    children, environment, is_available, own_schedstat, processes, schedstat, thread_stat, threads,
    ticks_per_second,
};
pub(crate) use untrusted::parse_any;

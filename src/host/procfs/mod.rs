//! Everything that is read from `/proc`, with one parser for each file.
//!
//! Every reader returns `None`, or nothing, for a process that is gone and on systems without `/proc`.

mod cgroup;
mod machine;
mod memory;
mod net;
mod read;
mod syscall;
mod thread;

pub use cgroup::cgroups;
pub use machine::{CpuPressure, MachineCpu, cpu_pressure, machine_cpu, max_memory_maps, uptime_s};
pub use memory::{own_peak_rss_bytes, resident_bytes};
pub use net::{Peer, tcp_peer};
pub use syscall::{Syscall, descriptor_path, epoll_targets, read_memory, syscall, wchan};
pub use thread::{
    Schedstat, Stat, children, is_available, own_schedstat, process_stat, schedstat, thread_stat, threads,
    ticks_per_second,
};

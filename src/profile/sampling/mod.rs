//! Sampling: looks many times a second at what the threads of a process tree are doing.
//!
//! [`run`] is the loop, at the times that [`cadence`] gives. Each look is a [`snapshot`], read from `/proc`
//! by [`procfs`]; [`activity`] turns snapshots into [`interval`]s. Where there is no `/proc`, [`sysinfo`]
//! gives intervals with CPU time alone.

pub(crate) mod activity;
pub(crate) mod blocked;
pub(crate) mod breakdown;
pub(crate) mod cadence;
pub(crate) mod channel;
pub(crate) mod descriptor;
pub(crate) mod interval;
pub(crate) mod polling;
pub(crate) mod procfs;
mod quota_watch;
pub(crate) mod run;
pub(crate) mod snapshot;
mod socket_watch;
pub(crate) mod sysinfo;
pub(crate) mod target;
mod ticks;
pub(crate) mod time_limit;
pub(crate) mod timed_wait;
pub(crate) mod wait_counts;
pub(crate) mod wait_kind;
pub(crate) mod watched;

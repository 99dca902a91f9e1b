//! Sampling: looks many times a second at what the threads of a process tree are doing.
//!
//! [`run`] is the loop, at the times that [`cadence`] gives. Each look is a [`snapshot`], read from `/proc`
//! by [`procfs`]; [`activity`] turns snapshots into [`interval`]s. Where there is no `/proc`, [`sysinfo`]
//! gives intervals with CPU time alone.

pub mod activity;
pub mod blocked;
pub mod breakdown;
pub mod cadence;
pub mod descriptor;
pub mod interval;
pub mod procfs;
pub mod run;
pub mod snapshot;
pub mod sysinfo;
pub mod target;
pub mod wait_counts;
pub mod wait_kind;
pub mod watched;

//! The machine, its limits, and the operating system.
//!
//! The only `unsafe` of the crate is here.

pub(crate) mod bounded_read;
pub(crate) mod cache;
pub(crate) mod cgroup;
pub(crate) mod child;
pub(crate) mod child_process;
pub(crate) mod clock;
pub(crate) mod contention;
pub(crate) mod deadline;
pub(crate) mod ending;
pub(crate) mod group;
pub(crate) mod how_ended;
pub(crate) mod info;
pub(crate) mod inherited;
pub(crate) mod instructions;
pub(crate) mod interrupt;
pub(crate) mod launch;
pub(crate) mod limits;
pub(crate) mod memory;
pub(crate) mod orphans;
pub(crate) mod pipe;
pub(crate) mod pressure;
pub(crate) mod process;
pub(crate) mod procfs;
pub(crate) mod quota;
pub(crate) mod reexec;
pub(crate) mod replace_file;
pub(crate) mod scratch;
pub(crate) mod sessions;
pub(crate) mod shared;
pub(crate) mod slurm_memory;
pub(crate) mod spawned;
pub(crate) mod standard_streams;
pub(crate) mod suspension;
pub(crate) mod thread_failure;
pub(crate) mod unix_peer;
pub(crate) mod unlisted;
pub(crate) mod untrusted;
pub(crate) mod usage;
pub(crate) mod user_clock;
pub(crate) mod watchdog;

pub use info::Host;
pub use interrupt::Interrupt;
pub use reexec::Reexec;

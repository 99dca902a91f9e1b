//! The machine, its limits, and the operating system.
//!
//! The only `unsafe` of the crate is here.

pub mod cgroup;
pub mod child;
pub mod clock;
pub mod contention;
pub mod deadline;
pub mod group;
pub mod info;
pub mod interrupt;
pub mod limits;
pub mod memory;
pub mod process;
pub mod procfs;
pub mod reexec;
pub mod replace_file;
pub mod shared;
pub mod usage;
pub mod watchdog;

pub use info::Host;
pub use interrupt::Interrupt;
pub use reexec::Reexec;

//! Exact accounting: what tasks and commands used, by the kernel's own totals.

pub mod slowest;
pub mod supervisor;
pub mod task_child;
pub mod totals;

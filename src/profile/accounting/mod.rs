//! Exact accounting: what tasks and commands used, by the kernel's own totals.

pub(crate) mod early_end;
pub(crate) mod slowest;
pub(crate) mod supervisor;
pub(crate) mod task_child;
pub(crate) mod totals;

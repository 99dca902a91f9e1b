//! The processes that are sampled.

/// The tree of processes that is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// ID of the root process.
    pub root: u32,
    /// True if the root belongs to the tree; false if the root only started the tree.
    pub includes_root: bool,
    /// True if the root runs tasks for a profile: the tree is small, and the profile may be short.
    pub runs_tasks: bool,
}

//! The processes that are sampled.

/// The tree of processes that is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Number of the process above all others.
    pub root: u32,
    /// Whether the root belongs to the tree, or only started it.
    pub includes_root: bool,
}

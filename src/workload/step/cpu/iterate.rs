//! The interface of a kernel to the step that runs it.

use std::fmt::Debug;

/// An algorithm that can be run again and again, each time on what it gave before.
pub(super) trait Iterate: Debug + Send + Sync {
    /// Runs once. The output depends on the input and on the whole of the work done, and on nothing
    /// else; every input costs about the same.
    fn iterate(&self, input: u64) -> u64;

    /// Runs `iterations` times, each on the output of the one before.
    ///
    /// Compiled once per kernel, so that the smallest kernels are not called through a table.
    fn repeat(&self, input: u64, iterations: u64) -> u64 {
        (0..iterations).fold(input, |value, _| self.iterate(value))
    }
}

//! What one task costs, measured sequentially, and the class that follows.

pub mod child;
pub mod classify;
mod detail;
pub mod kinds;
pub mod probe;
pub mod result;
pub mod sampler;
pub mod slowest;
pub mod tree;
pub mod waits;

pub use result::{Class, Profile};

//! What one task costs, measured sequentially, and the class that follows.

pub mod child;
pub mod classify;
pub mod probe;
pub mod result;
pub mod sampler;
pub mod slowest;
pub mod waits;

pub use result::{Class, Profile};

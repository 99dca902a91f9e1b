//! What one task costs, measured sequentially, and the class that follows.

pub mod result;

pub use result::{Class, Profile};

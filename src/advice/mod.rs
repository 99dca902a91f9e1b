//! The recommendation: pure functions over the profile and the results.

pub mod code;
pub mod result;

pub use result::Recommendation;

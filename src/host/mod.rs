//! What this machine is and allows, and the operating system below it.
//!
//! The only `unsafe` of the crate is here.

pub mod clock;
pub mod info;
pub mod shared;

pub use info::Host;

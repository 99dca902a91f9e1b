//! What this machine is and allows, and the operating system below it.
//!
//! The only `unsafe` of the crate is here.

pub mod info;

pub use info::Host;

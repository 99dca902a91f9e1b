//! How tasks are run concurrently.

pub mod kind;

pub use kind::Kind;

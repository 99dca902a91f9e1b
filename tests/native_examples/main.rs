//! Every program in Rust compiles without a warning, is formatted, and does its tasks within their limits; every
//! line for a shell runs the user's own words.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

#[path = "../common/lane.rs"]
mod lane;
mod rust;
mod shapes;
mod shell;

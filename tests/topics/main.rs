//! The programs that topics and explanations show: every one runs and prints what it says.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

#[path = "../common/lane.rs"]
mod lane;

mod fixes;
mod interpreters;
mod python;
mod rust;
mod style;

//! Error messages: what is known about them, and which line of a traceback is the user's.
//!
//! [`pasted`] reads the text, [`known`] finds the entry of `known.toml` that fits it, [`explanation`] puts both together.

mod explanation;
mod known;
mod pasted;
mod pattern;
#[cfg(test)]
mod tests;

pub(super) use explanation::{Explanation, explain};

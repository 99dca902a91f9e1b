//! How results are told: one document, and one file per way of writing it.
//!
//! Nothing here prints; everything returns text or writes to what it is given.

pub mod check;
mod columns;
pub mod command;
pub mod csv;
pub mod document;
#[cfg(test)]
pub(crate) mod example;
pub mod explain;
pub mod fit;
pub mod json;
pub mod markdown;
pub mod schema;
pub mod table;
mod text;
mod wording;

pub use check::CheckReport;
pub use document::{BenchReport, Document, Report};

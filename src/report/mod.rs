//! How results are told: one document, and one file per way of writing it.
//!
//! Nothing here prints; everything returns text or writes to what it is given.

pub mod bmf;
pub mod check;
mod columns;
pub mod command;
pub mod csv;
pub mod document;
#[cfg(test)]
pub(crate) mod example;
mod figures;
pub mod fit;
pub mod fit_formats;
pub mod format;
pub mod gab;
pub mod github;
pub mod html;
pub mod hyperfine;
pub mod json;
pub mod junit;
pub mod load;
pub mod markdown;
mod markup;
pub mod prose;
pub mod schema;
#[cfg(test)]
mod shapes;
pub mod table;
mod text;
pub mod worded;
mod workload_summary;

pub use check::CheckReport;
pub use document::{BenchReport, Document, Report};
pub use workload_summary::{WorkloadRuntime, WorkloadSummary};

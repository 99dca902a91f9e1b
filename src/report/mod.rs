//! The output of results: one document, and one file per format.
//!
//! Nothing here prints; functions return text or write to a given writer.

pub(crate) mod bmf;
pub(crate) mod check;
mod columns;
pub(crate) mod command;
pub(crate) mod csv;
mod csv_field;
pub(crate) mod document;
pub(crate) mod evidence;
#[cfg(test)]
pub(crate) mod example;
mod figures;
pub(crate) mod fit;
pub(crate) mod fit_formats;
mod flag_columns;
mod flag_exports;
pub(crate) mod format;
pub(crate) mod gab;
pub(crate) mod github;
#[cfg(test)]
mod hostile;
pub(crate) mod html;
pub(crate) mod hyperfine;
pub(crate) mod invocation;
pub(crate) mod job;
pub(crate) mod json;
pub(crate) mod junit;
pub(crate) mod load;
pub(crate) mod markdown;
mod markup;
pub(crate) mod prose;
pub(crate) mod sarif;
pub(crate) mod schema;
#[cfg(test)]
mod shapes;
pub(crate) mod table;
mod text;
pub(crate) mod worded;
mod workload_summary;

pub use check::CheckReport;
pub use document::{Document, Report};
pub(crate) use job::JobReport;
pub(crate) use text::shorten;

//! `conc fit`: throughput at several widths, from any load test, and the scaling law fitted to it.

pub(crate) mod document;
pub(crate) mod notes;
pub(crate) mod read;
pub(crate) mod reading;
pub(crate) mod series;

pub(crate) use document::FitDocument;
pub use document::FitReport;
pub(crate) use document::FitResults;
pub(crate) use document::fit;
pub use notes::{FailureUnit, FitNote};
pub use reading::{TableReading, ThroughputBasis, UnusedReason, UnusedRows};

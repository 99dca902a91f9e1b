//! `conc fit`: throughput at several widths, from anybody's load test, and the law in it.

pub mod document;
pub mod read;
pub mod series;

pub use document::{FitReport, FitResults, fit};

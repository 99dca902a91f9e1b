//! Measures how work should be run concurrently: which strategy, how wide, and why.
//!
//! Data flows one way: workload, profile, prediction, benchmark, comparison, advice, report. A module
//! imports only from the floors below its own.
//!
//! | floor | module | holds |
//! |---|---|---|
//! | 0 | [`diagnostics`], [`error`], [`units`], [`policy`], [`stats`], [`model`], [`host`] | codes; the error type; quantities; thresholds; pure statistics and theory; the limits of this machine |
//! | 1 | [`workload`] | the work, and what became of it |
//! | 2 | [`strategy`], [`profile`] | how tasks are run concurrently; what one task costs |
//! | 3 | [`python`] | the same two for Python callables |
//! | 4 | [`benchmark`] | predictions and measurements |
//! | 5 | [`advice`], [`gate`] | the recommendation; the verdict on a regression |
//! | 6 | [`snippets`] | generated programs |
//! | 7 | [`report`], [`explain`] | documents, tables and exports; topics in words |
//! | 8 | [`study`] | the pipeline of one workload, from its description to its report |
//! | 9 | [`cli`], [`runtime`] | the command line; the hidden roles of the program |

pub mod advice;
pub mod benchmark;
pub mod cli;
pub mod diagnostics;
pub mod error;
pub mod explain;
pub mod gate;
pub mod host;
pub mod model;
pub mod policy;
pub mod profile;
pub mod python;
pub mod report;
pub mod runtime;
pub mod snippets;
pub mod stats;
pub mod strategy;
pub mod study;
pub mod units;
pub mod workload;

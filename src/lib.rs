//! Measures how work should be run concurrently: which strategy, how wide, and why.
//!
//! The way of the data is one street: workload, profile, prediction, benchmark, comparison, advice,
//! report. Modules are floors of a house: each uses only those below it.
//!
//! | floor | module | holds |
//! |---|---|---|
//! | 0 | [`code`], [`units`], [`stats`], [`model`], [`host`] | codes; quantities; pure statistics and theory; what this machine allows |
//! | 1 | [`workload`] | what is run, and what became of it |
//! | 2 | [`profile`], [`strategy`] | what one task costs; how tasks are run concurrently |
//! | 2 | [`python`] | the same two for callables of Python, above them |
//! | 3 | [`benchmark`] | what is predicted, and what running shows |
//! | 4 | [`advice`], [`gate`] | what follows; whether it got worse |
//! | 5 | [`report`] | how it is told |

pub mod advice;
pub mod benchmark;
pub mod code;
pub mod gate;
pub mod host;
pub mod model;
pub mod profile;
pub mod python;
pub mod report;
pub mod stats;
pub mod strategy;
pub mod units;
pub mod workload;

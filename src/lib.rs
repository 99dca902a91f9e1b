//! Measures how work should be run concurrently: which strategy, how wide, and why.
//!
//! [`advise`] does what `conc advise` does:
//!
//! ```standalone_crate
//! use std::process::ExitCode;
//! use std::time::Duration;
//!
//! use conc::{StrategyKind, StudyConfig};
//!
//! fn main() -> ExitCode {
//!     // Batches run in children that are this same program: it has to answer for them first.
//!     conc::runtime::dispatch().unwrap_or_else(run)
//! }
//!
//! fn run() -> ExitCode {
//!     let wait = Duration::from_millis(20);
//!     let workload = conc::inline_workload(None, Some(wait), 60).expect("a valid workload");
//!     let config = StudyConfig { budget: Duration::from_millis(500), ..StudyConfig::default() };
//!     let report = conc::advise(workload, &config).expect("a report");
//!     let advice = report.recommendation.expect("a recommendation");
//!     assert_ne!(advice.strategy, StrategyKind::Sequential);
//!     println!("{} with {} tasks in flight", advice.strategy, advice.width);
//!     ExitCode::SUCCESS
//! }
//! ```
//!
//! [`Study`] does the same on a [`Machine`] and with an [`Observer`] of the caller's.
//!
//! Data flows one way: workload, profile, prediction, benchmark, comparison, advice, report. A module
//! imports from lower floors and, without a circle, from its own. The names re-exported here are the interface;
//! everything else is private.
//!
//! | floor | module | holds |
//! |---|---|---|
//! | 0 | `characters`, `diagnostics`, `error`, `units`, `policy`, `stats`, `model`, `evidence`, `host` | what may not reach a terminal; codes; the error type; quantities; thresholds; pure statistics and theory; what was measured elsewhere; the limits of this machine |
//! | 1 | `workload` | the work, and what became of it |
//! | 2 | `strategy`, `profile` | how tasks are run concurrently; what one task costs |
//! | 3 | `python` | the same two for Python callables |
//! | 4 | `benchmark` | predictions and measurements |
//! | 5 | `advice`, `gate`, `flag`, `job` | the recommendation; the verdict on a regression; the value of a program's own flag; every item once |
//! | 6 | `snippets`, `cluster` | generated programs; every item once, beyond this machine |
//! | 7 | `report`, `explain` | documents, tables and exports; topics in words |
//! | 8 | `study` | the pipeline of one workload, from its description to its report |
//! | 9 | `mcp` | the commands for programs that speak the Model Context Protocol |
//! | 10 | `cli`, `runtime`, `internal` | the command line; the hidden roles of the program; parts for tests and benches |

mod advice;
mod benchmark;
mod characters;
#[doc(hidden)]
pub mod cli;
mod cluster;
mod diagnostics;
mod error;
mod evidence;
mod explain;
mod flag;
mod gate;
mod host;
#[doc(hidden)]
pub mod internal;
mod job;
mod mcp;
mod model;
mod policy;
mod profile;
mod python;
mod report;
pub mod runtime;
mod snippets;
mod stats;
mod strategy;
mod study;
mod units;
mod workload;

pub use advice::{Objective, Recommendation};
pub use benchmark::Configuration;
pub use benchmark::event::Observer;
pub use benchmark::plan::Selection;
pub use diagnostics::Code;
pub use error::{Error, ExitStatus};
pub use profile::Profile;
pub use report::Report;
pub use strategy::StrategyKind;
pub use study::{Machine, StopRule, Study, StudyConfig, advise, profile};
pub use workload::Workload;
pub use workload::input::{inline as inline_workload, resolve as load_workload};

//! The whole job: every item once, with results, a journal, retries and a width that is found on the way.
//!
//! Data flows one way. A [`reader`] fills the [`scheduler`] with items; [`worker`] threads take them
//! and run [`attempt`]s; what came of an item goes to the one [`committer`], which delivers the output, writes
//! results and then the journal. [`engine`] starts them; [`supervise`] looks at the counters a few times a second,
//! sets the width as [`width`] decides, and tells an observer.

pub(crate) mod attempt;
pub(crate) mod callable;
pub(crate) mod callable_strategy;
pub(crate) mod callable_work;
pub(crate) mod command;
pub(crate) mod commit_error;
pub(crate) mod committer;
pub(crate) mod config;
pub(crate) mod counters;
pub(crate) mod delivery;
pub(crate) mod engine;
pub(crate) mod engine_report;
pub(crate) mod eyes;
pub(crate) mod failure;
pub(crate) mod finisher;
pub(crate) mod guard;
pub(crate) mod halt;
pub(crate) mod item_order;
pub(crate) mod items;
pub(crate) mod joblog;
pub(crate) mod journal;
pub(crate) mod outcome;
pub(crate) mod output;
pub(crate) mod own_time;
pub(crate) mod pressure;
pub(crate) mod prior;
pub(crate) mod progress;
pub(crate) mod reader;
pub(crate) mod results;
pub(crate) mod runner;
pub(crate) mod running;
pub(crate) mod scheduler;
pub(crate) mod shutdown;
pub(crate) mod steps;
pub(crate) mod summary;
pub(crate) mod supervise;
pub(crate) mod timeout;
pub(crate) mod width;
pub(crate) mod worker;

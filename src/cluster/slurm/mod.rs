//! Items on Slurm, in array tasks of minutes.
//!
//! [`cut`] decides how many items an array task has, [`part`] is one of them in the shared directory, [`script`] is what
//! runs it on a node, [`queue`] speaks to Slurm, and [`follow`] takes what the nodes have finished. [`state`] is what
//! another `conc` needs to go on. Items are in files, and only bits of them in memory ([`number_set`]).

pub(crate) mod config;
pub(crate) mod course;
pub(crate) mod cut;
pub(crate) mod follow;
pub(crate) mod number_set;
pub(crate) mod orders;
pub(crate) mod part;
pub(crate) mod parts;
pub(crate) mod queue;
pub(crate) mod queue_state;
pub(crate) mod rest;
pub(crate) mod run;
pub(crate) mod sample;
pub(crate) mod script;
pub(crate) mod state;

//! Every sentence of a report, one file per kind of fact.
//!
//! Facts are data everywhere else; here they become English, and nowhere is a sentence read back.

pub(crate) mod callables;
pub(crate) mod checklist;
pub(crate) mod comparison;
pub(crate) mod confidence;
#[cfg(test)]
mod consistency;
pub(crate) mod decision;
pub(crate) mod details;
pub(crate) mod engine;
pub(crate) mod engine_advice;
pub(crate) mod findings;
pub(crate) mod fit;
pub(crate) mod flag;
pub(crate) mod gate;
pub(crate) mod job;
pub(crate) mod limit;
pub(crate) mod notes;
pub(crate) mod outcome;
pub(crate) mod outcomes;
pub(crate) mod profile;
pub(crate) mod scaling;
pub(crate) mod soundness;
pub(crate) mod together;
pub(crate) mod tree;
pub(crate) mod uncertainty;
pub(crate) mod warnings;
pub(crate) mod workload;

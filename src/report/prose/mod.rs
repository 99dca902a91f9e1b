//! Every sentence of a report, one file per kind of fact.
//!
//! Facts are data everywhere else; here they become English, and nowhere is a sentence read back.

pub mod checklist;
pub mod comparison;
pub mod decision;
pub mod details;
pub mod findings;
pub mod gate;
pub mod limit;
pub mod notes;
pub mod outcome;
pub mod profile;
pub mod scaling;
pub mod tree;
pub mod uncertainty;
pub mod warnings;
pub mod workload;

//! Worker processes: this program re-executed, spoken to over pipes.

pub(crate) mod child;
pub(crate) mod protocol;
pub(crate) mod worker;

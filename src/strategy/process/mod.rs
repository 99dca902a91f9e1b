//! Worker processes: this program re-executed, spoken to over pipes.

pub mod child;
pub mod protocol;
pub mod worker;

//! The time that a whole workload takes, by sending its tasks through a closed queueing network in simulated
//! time (Lazowska et al., *Quantitative System Performance*, 1984, chapter 3).
//!
//! Formulas give the rate of a full pipe, but not how a run gets there: all tasks start at once, and threads
//! that share the CPUs by time slices keep tasks in step, wave after wave, where an event loop, which computes
//! one task to its end, spreads them out. That is worth up to a third of the throughput near the knee.

pub mod closed;
mod multipliers;
mod simulation;
pub mod stage;

pub use closed::Network;
pub use stage::TaskStage;

//! The time that a whole workload takes: its tasks pass through a closed queueing network in simulated time
//! (Lazowska et al., *Quantitative System Performance*, 1984, chapter 3).
//!
//! Formulas give the rate of a full pipe, but not how a run gets there: all tasks start at once, and threads
//! that share the CPUs by time slices keep tasks in step, wave after wave, where an event loop, which computes
//! one task to its end, spreads them out. This difference is up to a third of the throughput near the knee.

pub(crate) mod closed;
mod multipliers;
mod simulation;
pub(crate) mod stage;

pub(crate) use closed::Network;
pub(crate) use stage::TaskStage;

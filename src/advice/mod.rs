//! The recommendation: pure functions over the profile and the results.
//!
//! The way of the data: [`facts`] are read off workload and profile, [`tree`] decides from them
//! alone, [`choose`](mod@choose) decides from what was measured, and [`recommend`](mod@recommend)
//! puts both together with the [`limit`] that binds, the notes and the fallbacks. Apart from that way,
//! [`checklist`] judges what was seen of a Python callable that was checked.

pub mod bound;
pub mod checklist;
pub mod choose;
pub mod facts;
pub(crate) mod interpreter;
pub mod limit;
pub mod objective;
pub mod pareto;
pub mod predicted;
pub mod recommend;
pub mod result;
pub mod scaling;
pub mod tree;

pub(crate) mod chunks;
mod eligible;
mod fallbacks;
mod measured;
mod notes;
mod standing;
#[cfg(test)]
mod testing;

pub use choose::{Choice, choose};
pub use facts::Facts;
pub use objective::Objective;
pub use pareto::pareto;
pub use predicted::recommend_predicted;
pub use recommend::{Evidence, recommend};
pub use result::Recommendation;
pub use scaling::Model;
pub use tree::{Decision, decide};

//! The recommendation: pure functions over the profile and the results.
//!
//! [`facts`] are read off workload and profile, the [`decision_tree`] decides from them alone,
//! [`choose`](mod@choose) decides from what was measured, and [`recommend`](mod@recommend) puts both
//! together with the [`limit`] that binds, the notes and the fallbacks. All of it is data: the sentences
//! are written by `report::prose`. The [`checklist`] judges what was seen of a Python callable.

pub mod checklist;
pub mod choose;
pub mod comparison;
pub mod context;
pub mod decision_tree;
pub mod facts;
pub mod limit;
pub mod limiting_factor;
pub mod note;
pub mod objective;
pub mod pareto;
pub mod predicted;
pub mod recommend;
pub mod result;
pub mod scaling;
pub mod verdict;

pub(crate) mod chunks;
mod eligible;
mod fallbacks;
mod notes;
mod pairwise;
mod python_notes;
#[cfg(test)]
mod testing;

pub use choose::{Choice, choose};
pub use decision_tree::{DecisionPath, decide};
pub use facts::Facts;
pub use limiting_factor::LimitingFactor;
pub use note::Note;
pub use objective::Objective;
pub use pareto::pareto;
pub use predicted::recommend_predicted;
pub use recommend::{AdviceInput, recommend};
pub use result::Recommendation;
pub use scaling::Model;

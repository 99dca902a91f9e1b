//! The recommendation: pure functions over the profile and the results.
//!
//! [`facts`] derives facts from workload and profile, the [`decision_tree`] decides from these facts alone,
//! [`choose`](mod@choose) decides from measurements, and [`recommend`](mod@recommend) combines both with
//! the [`limit`] that binds, the notes and the fallbacks. All results are data: `report::prose` writes the
//! sentences. The [`checklist`] judges the observations of a Python callable.

pub(crate) mod check_result;
pub(crate) mod checklist;
pub mod choose;
pub(crate) mod comparison;
pub(crate) mod confidence;
pub(crate) mod context;
pub(crate) mod decision_tree;
pub(crate) mod facts;
pub(crate) mod gil_check;
pub(crate) mod limit;
pub(crate) mod limiting_factor;
pub(crate) mod note;
pub(crate) mod objective;
pub(crate) mod pareto;
pub(crate) mod predicted;
pub(crate) mod recommend;
pub(crate) mod result;
pub(crate) mod scaling;
pub(crate) mod verdict;

mod beside_others;
pub(crate) mod chunks;
mod eligible;
mod fallbacks;
mod measured_elsewhere;
mod notes;
mod pairwise;
mod python_notes;
pub(crate) mod seen;
mod spinning;
#[cfg(test)]
pub(crate) mod testing;

pub use choose::{choose, choose_among};
pub use decision_tree::DecisionPath;
pub(crate) use decision_tree::decide;
pub(crate) use facts::Facts;
pub(crate) use limiting_factor::LimitingFactor;
pub(crate) use note::Note;
pub use objective::Objective;
pub(crate) use pareto::pareto;
pub(crate) use predicted::recommend_predicted;
pub(crate) use recommend::{AdviceInput, recommend};
pub use result::Recommendation;
pub(crate) use scaling::Model;

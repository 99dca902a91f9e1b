//! How tasks of one language behave under each strategy: what fits, how fast they compute together, and what
//! the strategy costs.

pub mod model;
pub mod native;
pub mod python;
pub mod select;

pub use model::ExecutionModel;
pub use select::execution_model;

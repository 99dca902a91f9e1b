//! The behaviour of tasks of one language under each strategy: which strategies fit, the speed at which tasks
//! compute together, and the overheads.

pub mod model;
pub mod native;
pub mod python;
pub mod select;

pub use model::ExecutionModel;
pub use select::execution_model;

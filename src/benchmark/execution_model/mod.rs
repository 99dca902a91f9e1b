//! The behaviour of tasks of one language under each strategy: which strategies fit, the speed at which tasks
//! compute together, and the overheads.

pub(crate) mod model;
mod module_imports;
pub(crate) mod native;
pub(crate) mod python;
pub(crate) mod select;
mod staged;

pub(crate) use model::ExecutionModel;
pub(crate) use select::execution_model;

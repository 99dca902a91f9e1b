//! Running cells for real: the plan, the batches, the rounds and what they gave.

pub mod batch;
pub mod cell;
pub mod executor;
pub mod result;

pub use cell::Cell;
pub use result::CellResult;

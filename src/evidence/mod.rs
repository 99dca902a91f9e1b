//! Tables of what was measured elsewhere: which calls hold the GIL, what runtimes make of a CPU quota, where pools
//! end.
//!
//! Each row is a fact with the version, the date and the way in which it was measured. The files under `data/` are
//! embedded in the binary; [`MeasuredTable`] reads them.

mod rows;
mod table;

pub(crate) use rows::{EvidenceRow, GilRow, GilVerdict};
pub(crate) use table::MeasuredTable;

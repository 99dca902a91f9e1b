//! The width of a run, found while the work goes on.
//!
//! Nothing here has a clock or starts anything: [`Governor::decide`] is given the counters of a run at a time,
//! a few times a second and off the path of finished items, and returns a width.

mod bracket;
mod constants;
mod controller;
mod estimate;
mod governor;
mod opening;
mod reading;
mod report;
mod tries;

pub use governor::Governor;
pub use reading::{HeldFor, Reading, WidthConfig};
pub use report::{WidthLimit, WidthReport, WidthStep};

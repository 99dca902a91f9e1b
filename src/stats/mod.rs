//! Pure statistics.

pub mod interval;
pub mod quantile;
pub mod ratio;

pub use interval::{Interval, geometric_mean_ci};
pub use ratio::{Ordering4, RatioEstimate, compare};

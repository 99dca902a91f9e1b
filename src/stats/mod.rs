//! Statistics without state or clocks: means, intervals, tests and corrections.

pub mod autocorrelation;
pub mod fdr;
pub mod interval;
pub mod looks;
pub mod mean;
pub mod quantile;
pub mod ratio;
pub mod sign;

pub use interval::{Interval, geometric_mean_ci};
pub use mean::Mean;
pub use ratio::{RatioEstimate, UncertainOrdering, compare};

//! Statistics without state or clocks: means, intervals, tests and corrections.

pub(crate) mod autocorrelation;
pub(crate) mod interval;
pub(crate) mod looks;
pub(crate) mod mean;
pub(crate) mod proportion;
pub(crate) mod quantile;
pub(crate) mod ratio;
pub(crate) mod sign;

pub(crate) use mean::Mean;

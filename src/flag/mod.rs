//! The best value of a program's own flag: `make -j{width}`.
//!
//! A command with [`{width}`](parameters) is the whole work and runs once per measurement. The first run is at
//! the effective CPUs and tells most: [`model`] derives a prediction and a bound for every other width from it,
//! [`belief`] joins them with what was measured, and [`search`] decides what to run next. [`run`] carries it
//! out on any [`Runner`](run::Runner), [`limit`] says what binds, and [`result`] is what is reported.

pub(crate) mod belief;
pub(crate) mod caps;
pub(crate) mod conclude;
pub(crate) mod ladder;
pub(crate) mod limit;
pub(crate) mod measure;
pub(crate) mod metric;
pub(crate) mod model;
pub(crate) mod parameters;
pub(crate) mod record;
pub(crate) mod result;
pub(crate) mod run;
pub(crate) mod search;
pub(crate) mod serial;
#[cfg(test)]
mod shapes;
pub(crate) mod template;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub(crate) use result::FlagReport;

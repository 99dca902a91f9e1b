//! Predictions and measurements of configurations: the plan, the batches, the rounds and their results.

pub mod batch;
pub mod calibration;
pub mod capacity;
pub mod clock;
pub mod conditions;
pub mod configuration;
pub mod event;
pub mod execution_model;
pub mod executor;
pub mod finding;
pub mod hooks;
pub mod machine_probe;
pub mod measure;
pub mod once;
pub mod overhead;
pub mod params;
pub mod plan;
pub mod posterior;
pub mod predict;
pub mod python;
pub mod rates;
pub mod record;
pub mod reference;
pub mod repeat;
pub mod result;
pub mod search;
pub mod series;
pub mod sizing;
pub mod summary;
#[cfg(test)]
pub(crate) mod testing;
pub mod throughput;
pub mod width_list;

pub use configuration::Configuration;
pub use result::ConfigurationResult;
pub use series::Series;

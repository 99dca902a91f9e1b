//! Predictions and measurements of configurations: the plan, the batches, the rounds and their results.

pub(crate) mod agreement;
pub(crate) mod batch;
pub(crate) mod batch_costs;
pub(crate) mod calibration;
pub(crate) mod capacity;
pub(crate) mod clock;
pub(crate) mod conditions;
pub(crate) mod configuration;
pub(crate) mod event;
pub(crate) mod execution_model;
pub(crate) mod executor;
pub(crate) mod finding;
pub(crate) mod hooks;
pub(crate) mod machine_probe;
pub(crate) mod measure;
pub(crate) mod once;
pub(crate) mod onset;
pub(crate) mod overhead;
pub(crate) mod params;
pub(crate) mod plan;
pub(crate) mod posterior;
pub(crate) mod predict;
pub(crate) mod python;
pub(crate) mod rates;
pub(crate) mod record;
pub(crate) mod reference;
pub(crate) mod repeat;
pub(crate) mod result;
pub(crate) mod search;
pub(crate) mod series;
pub(crate) mod side_outcomes;
pub(crate) mod sizing;
pub(crate) mod soundness;
pub(crate) mod stage_plan;
pub(crate) mod standing;
pub(crate) mod startup_belief;
pub(crate) mod summary;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod throughput;
pub(crate) mod width_list;

pub use configuration::Configuration;
pub use result::ConfigurationResult;
pub use series::Series;

//! The arguments resolved into settings, one struct per command; everything below takes only settings.

mod advise;
pub(crate) mod attach;
mod bench;
mod check;
mod compare;
mod environment;
mod explain;
mod fit;
mod flag;
mod located;
mod on;
mod output;
mod profile;
mod reference_suite;
mod run;
mod run_width;
mod study;
mod suite;
mod trust;
mod workload;

pub(crate) use advise::AdviseSettings;
pub(crate) use bench::BenchSettings;
pub(crate) use check::CheckSettings;
pub(crate) use compare::CompareSettings;
pub(crate) use environment::{Environment, typed_words};
pub(crate) use explain::{ExplainSettings, MeasuredQuestion};
pub(crate) use fit::FitSettings;
pub(crate) use output::OutputSettings;
pub(crate) use profile::{ProfileSettings, ProfileTarget};
pub(crate) use run::RunSettings;

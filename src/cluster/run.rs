//! Runs a job on the engine that the user has named.

use std::path::PathBuf;

use crate::cluster::dask;
use crate::cluster::slurm;
use crate::cluster::slurm::config::SlurmConfig;
use crate::job::config::JobConfig;
use crate::job::engine::Surroundings;
use crate::job::failure::{JobError, JobOutcome};
use crate::job::progress::JobObserver;
use crate::python::cluster_client::ClusterAddress;

/// The engine of a run, with everything that it needs to know.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum EngineConfig {
    /// A cluster of `dask.distributed`.
    Dask {
        /// The cluster.
        cluster: ClusterAddress,
        /// The interpreter with `distributed`, if the user has named one.
        python: Option<PathBuf>,
    },
    /// Slurm.
    Slurm(Box<SlurmConfig>),
}

/// Runs every item on an engine.
///
/// # Errors
/// When the run cannot begin. A run that cannot go on has an outcome with its failure.
pub(crate) fn run(
    config: &JobConfig,
    engine: &EngineConfig,
    around: &Surroundings<'_>,
    observer: &mut dyn JobObserver,
) -> Result<JobOutcome, JobError> {
    match engine {
        EngineConfig::Dask { cluster, python } => {
            dask::run::run(config, cluster, python.as_deref(), around, observer)
        }
        EngineConfig::Slurm(slurm) => slurm::run::run(config, slurm, around, observer),
    }
}

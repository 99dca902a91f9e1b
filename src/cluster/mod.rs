//! The same job beyond this machine, on an engine that exists: `dask.distributed` or Slurm.
//!
//! The source of items, the committer, the journal and the results are those of `job`; only what runs the
//! items is another. [`on`] names the engine, [`run`] starts it, [`dask`] and [`slurm`] run items,
//! [`conclusion`] says what came of it. [`trial`] measures an engine for a few seconds, and [`advise`] says from which
//! job on it pays.

pub(crate) mod advise;
pub(crate) mod conclusion;
pub(crate) mod dask;
pub(crate) mod engine_advice;
pub(crate) mod on;
pub(crate) mod payoff;
pub(crate) mod run;
pub(crate) mod slurm;
pub(crate) mod trial;
pub(crate) mod watch;

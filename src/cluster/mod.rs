//! The same job beyond this machine, on an engine that exists: `dask.distributed`.
//!
//! The source of items, the committer, the journal and the results are those of `job`; only what runs the
//! items is another. [`on`] names the engine, [`run`] starts it, [`dask`] runs items, [`conclusion`] says what
//! came of it.

pub(crate) mod conclusion;
pub(crate) mod dask;
pub(crate) mod on;
pub(crate) mod run;
pub(crate) mod watch;

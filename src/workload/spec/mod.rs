//! A workload as plain data, which every way to write one is read into.

mod limits;
mod server;
mod steps;
mod workload;

pub use limits::{Backoff, RetryPolicy, WorkloadLimits};
pub use server::{FixtureSpec, LatencySpec};
pub use steps::{
    CommandSpec, CpuSpec, EMBEDDED_SERVER, HttpSpec, Kernel, LockSpec, PythonSpec, ReadSpec, SleepSpec,
    SqliteSpec, StepNature, StepSpec, WebSocketSpec, WriteSpec,
};
pub use workload::{Workload, WorkloadSource};

//! A workload as plain data, which every way to write one is read into.

mod limits;
mod server;
mod step_rule;
mod steps;
mod workload;

pub use limits::{Backoff, RetryPolicy, WorkloadLimits};
pub use server::{FixtureSpec, LatencySpec};
pub use step_rule::StepRule;
pub(crate) use steps::EMBEDDED_SERVER;
pub use steps::{
    CommandSpec, CpuSpec, HttpSpec, Kernel, LockSpec, OwnItems, PythonSpec, SleepSpec, SqliteSpec, StepSpec,
    WebSocketSpec,
};
pub(crate) use steps::{ReadSpec, StepNature, WriteSpec};
pub use workload::{Workload, WorkloadSource};

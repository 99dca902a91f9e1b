//! Parts of the library that the tests and benches of this repository use.
//!
//! Nothing here is an interface: any of it may change without notice.

pub mod untrusted;

pub use crate::advice::check_result::CheckStatus;
pub use crate::advice::confidence::ChoiceConfidenceReason;
pub use crate::advice::result::CodeExample;
pub use crate::advice::scaling::{FitStatus, PeakStatus};
pub use crate::advice::verdict::{Basis, ChoiceVerdict};
pub use crate::advice::{DecisionPath, Objective, choose, choose_among};
pub use crate::benchmark::clock::{Clock, Stopwatch};
pub use crate::benchmark::event::Silent;
pub use crate::benchmark::executor::{BatchRequest, Executor, ProcessExecutor};
pub use crate::benchmark::machine_probe::{CpuSpeedProbe, MachineProbe};
pub use crate::benchmark::measure::{Measurement, MeasurementSettings};
pub use crate::benchmark::params::{SearchParams, SizingParams};
pub use crate::benchmark::plan::{Candidate, Plan};
pub use crate::benchmark::rates::measure_rates;
pub use crate::benchmark::repeat::{Repeated, Repetition, RepetitionSettings};
pub use crate::benchmark::result::Status;
pub use crate::benchmark::series::BatchMetrics;
pub use crate::benchmark::side_outcomes::SideOutcomes;
pub use crate::benchmark::sizing::Sizing;
pub use crate::benchmark::summary::{results, unrun};
pub use crate::benchmark::throughput::BatchTimes;
pub use crate::benchmark::{Configuration, ConfigurationResult, Series};
pub use crate::diagnostics::Code;
pub use crate::error::Error;
pub use crate::gate::paired::{compare as compare_paired, needs_more as needs_more_pairs};
pub use crate::gate::presence::Presence;
pub use crate::gate::result::AdviceChange;
pub use crate::gate::stored::{RunCircumstances, compare as compare_stored};
pub use crate::gate::{Comparison, ComparisonDesign, GateReport, GateVerdict, Metric, MetricVerdict};
pub use crate::gate::{GateReason, Thresholds, judge};
pub use crate::host::child::{Allowance, ChildError, Pending};
pub use crate::host::clock::{process_cpu, thread_cpu};
pub use crate::host::contention::{CpuMeter, TakenCpu};
pub use crate::host::deadline::DeadlineKeeper;
pub use crate::host::group::Group;
pub use crate::host::memory::{MemoryGuard, resident_of_tree};
pub use crate::host::orphans::keep_reaping;
pub use crate::host::process::{adopt_orphans, descendants, kill_descendants, kill_tree};
pub use crate::host::procfs::process_stat;
pub use crate::host::reexec::HiddenRole;
pub use crate::host::usage::CpuTime;
pub use crate::host::{Host, Interrupt, Reexec};
pub use crate::job::width::{Governor, HeldFor, Reading, WidthConfig, WidthLimit, WidthReport, WidthStep};

pub use crate::model::Point;
pub use crate::model::amdahl::Amdahl;
pub use crate::model::scaling::{Peak, Scaling, assess};
pub use crate::model::usl::Usl;
pub use crate::profile::Class;
pub use crate::profile::Profile;
pub use crate::profile::result::{
    Confidence, ConfidenceReason, PollingCause, StagePool, TaskCost, ThreadsVerdict, Unknown,
};
pub use crate::profile::result::{ExitStatus, NoClass, SampleSource, Tree, WaitKind};
pub use crate::profile::sampling::descriptor::DescriptorKind;
pub use crate::profile::sampling::procfs::ProcfsSampler;
pub use crate::profile::sampling::run::sample;
pub use crate::profile::sampling::snapshot::{Snapshot, ThreadState};
pub use crate::profile::sampling::sysinfo::SysinfoSampler;
pub use crate::profile::sampling::target::Target;
pub use crate::profile::tasks::{ProfileLimits, Profiled, profile as profile_tasks};
pub use crate::python::Session;
pub use crate::python::profile::profile as profile_callable;
pub use crate::python::session::{PythonBatch, SessionTimeouts};
pub use crate::report::document::WorkloadRuntime;
pub use crate::report::document::{BenchReport, CommandName, SCHEMA_VERSION};
pub use crate::report::fit::{
    FailureUnit, FitNote, FitReport, TableReading, ThroughputBasis, UnusedReason, UnusedRows,
};
pub use crate::report::prose::checklist::fault;
pub use crate::report::worded::to_value;
pub use crate::report::{CheckReport, Document, Report};
pub use crate::snippets::{Choice, ItemSource, PythonCallable, PythonTask, StageShape, TaskShape, examples};
pub use crate::snippets::{EngineCallable, EngineShape, dask as dask_program, slurm as slurm_script};
pub use crate::stats::quantile::median;
pub use crate::strategy::run::strategy;
pub use crate::strategy::stages::Stages;
pub use crate::strategy::task_queue::TaskQueue;
pub use crate::strategy::{Job, RunReport, StrategyKind};
pub use crate::units::{Bytes, Seconds};
pub use crate::workload::fixture::protocol::ATTEMPT_HEADER;
pub use crate::workload::fixture::{Fixture, FixtureConfig, FixtureError, FixtureStats};
pub use crate::workload::input::{from_command, load as load_workload, resolve as resolve_workload};
pub use crate::workload::retry::pause;
pub use crate::workload::spec::{
    Backoff, FixtureSpec, LatencySpec, RetryPolicy, StepRule, WorkloadLimits, WorkloadSource,
};
pub use crate::workload::spec::{
    CommandSpec, CpuSpec, HttpSpec, Kernel, LockSpec, OwnItems, PythonSpec, SleepSpec, SqliteSpec, StepSpec,
    WebSocketSpec,
};
pub use crate::workload::step::Step;
pub use crate::workload::step::command::Command;
pub use crate::workload::step::cpu::calibrate::{SmallWork, calibrate};
pub use crate::workload::step::{StepOutput, TaskContext};
pub use crate::workload::task_outcomes::{TaskCounts, TaskOutcomes};
pub use crate::workload::{Env, Item, Items, Program, Workload};

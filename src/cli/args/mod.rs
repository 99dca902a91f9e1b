//! The arguments as the user types them. [`settings`](super::settings) interprets the arguments.

mod bench;
mod check;
mod command_line;
pub(crate) mod complete;
#[cfg(test)]
mod documented;
mod exit_help;
mod explain;
mod flag;
mod foreign;
mod man;
mod mcp;
mod measure;
mod on;
mod output;
mod profile;
mod run;
pub(crate) mod short_help;
pub(crate) mod slips;
mod values;
mod workload;

pub(crate) use bench::{BenchArgs, CompareArgs, GateArgs};
pub(crate) use check::{CheckArgs, CheckFormat};
pub(crate) use command_line::{AdviseArgs, Cli, Command, FitArgs, ListArgs};
pub(crate) use explain::ExplainArgs;
pub(crate) use flag::FlagArgs;
pub(crate) use man::ManArgs;
pub(crate) use mcp::McpArgs;
pub(crate) use measure::{HookArgs, MeasureArgs};
pub(crate) use output::{Language, OutputArgs, Style, ViewArgs};
pub(crate) use profile::{ExternalArgs, ProfileArgs};
pub(crate) use run::{Jobs, ProgressForm, RunArgs, RunInputArgs};
pub(crate) use workload::WorkloadArgs;

//! The arguments of `bench` and `compare`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::flag::FlagArgs;
use crate::cli::args::measure::{HookArgs, MeasureArgs};
use crate::cli::args::output::OutputArgs;
use crate::cli::args::workload::WorkloadArgs;
use crate::study::suite_file::ShareSetting;

/// Usage of `bench`: one line for each way to describe a suite.
pub(super) const BENCH_USAGE: &str = "\
conc bench [OPTIONS] [WORKLOAD|DIRECTORY]...
       conc bench [OPTIONS] -- <COMMAND>... [::: <ITEM>...]
       conc bench [OPTIONS] --cpu <TIME> --wait <TIME>";

/// Explanation at the end of `conc bench --help`.
pub(super) const BENCH_HELP: &str = "\
Without a workload, the suite is that of ./conc.toml, else every file in ./workloads, else every sample.
For each workload, bench searches for the best configuration for --budget, then repeats it for the
same time again. The comparison uses the repeats. An invalid workload file does not stop the others.

Examples:
  conc bench --reference-ref origin/main --build make --fail-on-regression
  conc bench --save-baseline baseline.json
  conc bench --baseline baseline.json --fail-on-regression
  conc bench --reference './old {}' -- ./new {} ::: a b c
  conc bench --reference-bin ./old/conc web-scraper hash-cpu";

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) workload: WorkloadArgs,

    /// Run the workload and this command, file or sample in alternation, and compare them
    #[arg(long, value_name = "WORKLOAD", conflicts_with_all = ["baseline", "reference_bin"], help_heading = "Comparison")]
    pub(crate) reference: Option<String>,

    /// Run every workload with this build of conc and another one in alternation, and compare them
    #[arg(long, value_name = "PATH", conflicts_with = "baseline", help_heading = "Comparison")]
    pub(crate) reference_bin: Option<PathBuf>,

    /// Run the same suite of another version of this git repository in alternation, and compare them
    #[arg(long, value_name = "REF", conflicts_with_all = ["baseline", "reference", "reference_bin", "reference_dir"])]
    pub(crate) reference_ref: Option<String>,

    /// Run the same suite of another directory in alternation, and compare them
    #[arg(long, value_name = "DIR", conflicts_with_all = ["baseline", "reference", "reference_bin"])]
    pub(crate) reference_dir: Option<PathBuf>,

    /// Run this command with the shell first, in the current and in the other directory
    #[arg(long, value_name = "COMMAND")]
    pub(crate) build: Option<String>,

    /// Compare with the results in a file
    #[arg(long, value_name = "FILE", help_heading = "Comparison")]
    pub(crate) baseline: Option<PathBuf>,

    /// Write the results to a file, for a later --baseline
    #[arg(long, value_name = "FILE", help_heading = "Comparison")]
    pub(crate) save_baseline: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) gate: GateArgs,
    #[command(flatten)]
    pub(crate) measure: MeasureArgs,
    #[command(flatten)]
    pub(crate) hooks: HookArgs,
    #[command(flatten)]
    pub(crate) flag: FlagArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The earlier results, as bench writes them with --export-json or --save-baseline
    #[arg(value_name = "BEFORE")]
    pub(crate) before: PathBuf,

    /// The later results
    #[arg(value_name = "AFTER")]
    pub(crate) after: PathBuf,

    #[command(flatten)]
    pub(crate) gate: GateArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// Arguments that decide which verdicts fail the run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Comparison")]
pub(crate) struct GateArgs {
    /// Exit with 3 if a workload regressed
    #[arg(long)]
    pub(crate) fail_on_regression: bool,

    /// Exit with 3 if the class or the best strategy of a workload changed
    #[arg(long)]
    pub(crate) fail_on_advice_change: bool,

    /// Exit with 3 if a workload is missing or was redefined
    #[arg(long)]
    pub(crate) fail_on_missing: bool,

    /// Exit with 4 if a comparison is inconclusive, or a workload is missing or was redefined
    #[arg(long)]
    pub(crate) strict: bool,

    /// Do not compare outputs and exit statuses
    #[arg(long)]
    pub(crate) allow_changed_outputs: bool,

    /// Ignore changes up to this share, such as 3% or 0.03 [default: 5%, 10% for p99, 3% for CPU time and memory; with
    /// a baseline 15%, 30% for p99, 6% for CPU time, 5% for memory]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub(crate) noise_threshold: Option<ShareSetting>,

    /// Compare with results of another machine or version; only large changes are detectable then
    #[arg(long)]
    pub(crate) allow_other_machine: bool,
}

//! The arguments that set the amount of measuring, and the hooks around it.

use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use clap_complete::engine::ArgValueCompleter;

use crate::advice::Objective;
use crate::cli::args::complete;
use crate::cli::args::values::{count, cpus, positive_duration};
use crate::strategy::StrategyKind;

/// Arguments that set the amount of measuring.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Measuring")]
pub(crate) struct MeasureArgs {
    /// Measuring time per workload [default: 5s]
    #[arg(long, value_name = "TIME", value_parser = positive_duration)]
    pub(crate) budget: Option<Duration>,

    /// Measure every configuration, regardless of the budget
    #[arg(long)]
    pub(crate) exhaustive: bool,

    /// Run only the profile, and recommend from predictions
    #[arg(long, conflicts_with_all = ["exhaustive", "runs"])]
    pub(crate) predict_only: bool,

    /// Run only the profile, and predict for a machine with N CPUs of the same speed
    #[arg(long, value_name = "N", value_parser = cpus, conflicts_with_all = ["exhaustive", "runs"],
          allow_negative_numbers = true)]
    pub(crate) assume_cpus: Option<f64>,

    /// Measure again what each strategy costs on this machine
    #[arg(long)]
    pub(crate) recalibrate: bool,

    /// Measure only these strategies, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', add = ArgValueCompleter::new(complete::strategies))]
    pub(crate) strategy: Vec<StrategyKind>,

    /// Measure only these widths: numbers, ranges, percentages of the CPUs (1,4-8,200%)
    ///
    /// Or workers of each stage of a pipeline, such as 8+2+1.
    #[arg(long, value_name = "WIDTHS", value_delimiter = ',', allow_negative_numbers = true)]
    pub(crate) width: Vec<String>,

    /// Measure nothing that is wider than N
    #[arg(long, value_name = "N", value_parser = count::<usize>, allow_negative_numbers = true)]
    pub(crate) max_width: Option<usize>,

    /// Measure exactly N rounds, regardless of the budget
    #[arg(short, long, value_name = "N", value_parser = count::<u32>, allow_negative_numbers = true)]
    pub(crate) runs: Option<u32>,

    /// Run N warm-up batches of every configuration first
    #[arg(short, long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) warmup: u32,

    /// Seed for everything that is random
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Goal of the optimisation: throughput, latency, memory or cpu
    #[arg(long, value_name = "GOAL", default_value_t)]
    pub(crate) objective: Objective,
}

/// Shell commands to run around the batches.
#[derive(Debug, Args)]
#[command(next_help_heading = "Hooks")]
pub(crate) struct HookArgs {
    /// Run a command once, before everything else
    #[arg(short, long, value_name = "COMMAND", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) setup: Option<String>,

    /// Run a command before every batch of tasks; its time is charged to the budget but not measured
    #[arg(short, long, value_name = "COMMAND", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) prepare: Option<String>,

    /// Run a command after every batch of tasks; its time is charged to the budget but not measured
    #[arg(short, long, value_name = "COMMAND", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) cleanup: Option<String>,
}

//! The arguments as they are typed. What they mean is decided in [`config`](super::config).

mod bench;
#[cfg(test)]
mod documented;
mod exit_help;
mod foreign;
mod output;

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::advice::Objective;
use crate::error::ExitStatus;
use crate::strategy::StrategyKind;
use crate::units::parse_duration;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use bench::{BenchArgs, CompareArgs};
use exit_help::{COMPARING, PLAIN, RUNNING, with_exit_statuses};
pub(crate) use foreign::ForeignArgs;
pub(crate) use output::{OutputArgs, Style, ViewArgs};

const EXAMPLES: &str = "\
Examples:
  conc advise web-scraper
  conc advise --cpu 5ms --wait 50ms --tasks 200
  conc advise --items urls.txt -- curl -s {}
  conc advise tasks.py:fetch --items urls.txt";

/// More CPUs than any machine has that one operating system runs on.
const MOST_CPUS: f64 = 8192.0;

/// The ways to say what is run without naming a workload.
const OTHER_WORKLOADS: [&str; 4] = ["command_line", "cpu", "wait", "shell"];

/// One line for each way to say what is run; they exclude one another.
const ADVISE_USAGE: &str = "\
conc advise [OPTIONS] <WORKLOAD> [::: <ITEM>...]
       conc advise [OPTIONS] -- <COMMAND>... [::: <ITEM>...]
       conc advise [OPTIONS] --cpu <TIME> --wait <TIME>";

const PROFILE_USAGE: &str = "\
conc profile [OPTIONS] <WORKLOAD> [::: <ITEM>...]
       conc profile [OPTIONS] -- <COMMAND>... [::: <ITEM>...]
       conc profile [OPTIONS] --pid <PID>
       conc profile [OPTIONS] --cpu <TIME> --wait <TIME>";

const CHECK_USAGE: &str = "conc check [OPTIONS] <CALLABLE> [::: <ITEM>...]";

const CHECK_HELP: &str = "\
Every task is run at least three times: alone, alone with the interpreter's warnings on, and all
together. If the callable also has an async form, that form is run as often again.";

/// Measures how work should be run concurrently: which strategy, how wide, and why.
#[derive(Debug, Parser)]
#[command(name = "conc", version, max_term_width = 100, after_help = with_exit_statuses(EXAMPLES, RUNNING))]
pub(crate) struct Cli {
    /// Puts a scripted machine in the place of this one, for tests of `conc` itself
    #[arg(long, value_name = "FILE", global = true, hide = true)]
    pub(crate) simulate: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Profile a workload, run it under every strategy that applies, and recommend one
    // An argument that is adapted is put behind the others, and so the command after it again.
    #[command(
        override_usage = ADVISE_USAGE,
        after_help = with_exit_statuses("", RUNNING),
        mut_arg("workload", |arg| arg.required_unless_present_any(OTHER_WORKLOADS)),
        mut_arg("command_line", |arg| arg)
    )]
    Advise(AdviseArgs),
    /// Measure a suite of workloads and compare it with an earlier state, for CI
    #[command(override_usage = bench::BENCH_USAGE, after_help = with_exit_statuses(bench::BENCH_HELP, &ExitStatus::ALL))]
    Bench(BenchArgs),
    /// Compare two files of results
    #[command(after_help = with_exit_statuses("", COMPARING))]
    Compare(CompareArgs),
    /// Classify a workload or any program as io-bound, cpu-bound or mixed, with the evidence
    #[command(
        override_usage = PROFILE_USAGE,
        after_help = with_exit_statuses("", RUNNING),
        mut_arg("workload", |arg| arg.required_unless_present_any(OTHER_WORKLOADS).required_unless_present("pid")),
        mut_arg("command_line", |arg| arg)
    )]
    Profile(ProfileArgs),
    /// Run a Python callable on a few items and find concurrency bugs
    #[command(override_usage = CHECK_USAGE, after_help = with_exit_statuses(CHECK_HELP, RUNNING))]
    Check(CheckArgs),
    /// Fit the universal scalability law to throughput at several widths
    #[command(after_help = with_exit_statuses("", PLAIN))]
    Fit(FitArgs),
    /// List the sample workloads
    #[command(after_help = with_exit_statuses("", PLAIN))]
    List(ListArgs),
    /// Write a commented workload file
    #[command(after_help = with_exit_statuses("", PLAIN))]
    Init {
        /// The file to write; it must not exist yet [default: standard output]
        file: Option<PathBuf>,
    },
    /// Explain a topic, a strategy or an error code
    #[command(after_help = with_exit_statuses("", PLAIN))]
    Explain {
        /// Such as ci, work-stealing or E-ASYNC-005 [default: list the topics]
        topic: Option<String>,
    },
    /// Print the JSON Schema of the --json output
    #[command(after_help = with_exit_statuses("", PLAIN))]
    Schema,
    /// Print a completion script for a shell
    #[command(after_help = with_exit_statuses("", PLAIN))]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AdviseArgs {
    #[command(flatten)]
    pub(crate) workload: WorkloadArgs,
    #[command(flatten)]
    pub(crate) measure: MeasureArgs,
    #[command(flatten)]
    pub(crate) hooks: HookArgs,

    /// Run no item twice: every configuration gets its own random items (for commands with side effects)
    #[arg(long)]
    pub(crate) once: bool,

    #[command(flatten)]
    pub(crate) output: OutputArgs,

    /// Language of the code example [default: python for Python callables, else rust]
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    pub(crate) code: Option<Language>,
}

#[derive(Debug, Args)]
pub(crate) struct ProfileArgs {
    #[command(flatten)]
    pub(crate) workload: WorkloadArgs,
    #[command(flatten)]
    pub(crate) foreign: ForeignArgs,
    #[command(flatten)]
    pub(crate) hooks: HookArgs,
    #[command(flatten)]
    pub(crate) output: ViewArgs,

    /// Seed for everything that is random
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct FitArgs {
    /// A table with the columns concurrency and throughput, or JSON from bench or advise (- is
    /// standard input)
    #[arg(value_name = "FILE")]
    pub(crate) data: String,
    #[command(flatten)]
    pub(crate) output: ViewArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// A Python callable such as tasks.py:fetch or package.module:fetch; ::: and items may follow
    #[arg(value_name = "CALLABLE", num_args = 1.., required = true)]
    pub(crate) callable: Vec<String>,

    /// Call it with the numbers from 0 to N-1 [default: the first 5 items of the module]
    #[arg(long, value_name = "N", value_parser = count::<u64>, allow_negative_numbers = true)]
    pub(crate) tasks: Option<u64>,

    /// Read items from a file, one per line (- is standard input)
    #[arg(long, value_name = "FILE")]
    pub(crate) items: Option<String>,

    #[command(flatten)]
    pub(crate) python: PythonArgs,

    /// Report a task that takes longer than this as hanging
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = positive_duration)]
    pub(crate) timeout: Duration,

    /// Print one JSON document on standard output
    #[arg(long)]
    pub(crate) json: bool,

    /// Colour and progress of the output
    #[arg(long, value_enum, value_name = "STYLE", default_value_t = Style::Auto)]
    pub(crate) style: Style,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The ways to say what is run.
#[derive(Debug, Args)]
pub(crate) struct WorkloadArgs {
    /// A sample (see `conc list`), a TOML file (see `conc init`), or a Python callable such as
    /// tasks.py:fetch or package.module:fetch; ::: and items may follow
    #[arg(value_name = "WORKLOAD", num_args = 1.., conflicts_with_all = ["command_line", "cpu", "wait"])]
    pub(crate) workload: Vec<String>,

    /// Describe a task by its CPU time, instead of naming a workload
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with = "command_line")]
    pub(crate) cpu: Option<Duration>,

    /// Describe a task by the time it waits, instead of naming a workload
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with = "command_line")]
    pub(crate) wait: Option<Duration>,

    /// Number of tasks
    #[arg(long, value_name = "N", value_parser = count::<u64>, allow_negative_numbers = true)]
    pub(crate) tasks: Option<u64>,

    /// Read items from a file, one per line (- is standard input)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["cpu", "wait"])]
    pub(crate) items: Option<String>,

    #[command(flatten)]
    pub(crate) python: PythonArgs,

    /// Run the command line with `sh -c`
    #[arg(long, requires = "command_line", conflicts_with_all = ["workload", "cpu", "wait"])]
    pub(crate) shell: bool,

    /// Count commands that fail as successful
    #[arg(short, long)]
    pub(crate) ignore_failure: bool,

    /// Name of the workload in the report
    #[arg(short, long, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) name: Option<String>,

    /// A command to run for every item; {} stands for the item, ::: starts a list of items
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command_line: Vec<String>,
}

/// Which interpreter runs Python callables, and what of them.
#[derive(Debug, Args)]
pub(crate) struct PythonArgs {
    /// Python interpreter to use [default: that of the active virtual environment, else python3]
    #[arg(long, value_name = "PATH")]
    pub(crate) python: Option<PathBuf>,

    /// Async form of the callable [default: the function of the same name with _async appended]
    #[arg(long, value_name = "NAME")]
    pub(crate) async_fn: Option<String>,
}

/// How much is measured.
#[derive(Debug, Clone, Args)]
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
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) strategy: Vec<StrategyKind>,

    /// Measure only these widths: numbers, ranges and percentages of the CPUs, such as 1,4-8,200%
    #[arg(
        short = 'j',
        long,
        visible_alias = "jobs",
        value_name = "WIDTHS",
        value_delimiter = ',',
        allow_negative_numbers = true
    )]
    pub(crate) width: Vec<String>,

    /// Measure exactly N rounds, regardless of the budget
    #[arg(short, long, value_name = "N", value_parser = count::<u32>, allow_negative_numbers = true)]
    pub(crate) runs: Option<u32>,

    /// Run N warm-up batches of every configuration first
    #[arg(short, long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) warmup: u32,

    /// Seed for everything that is random
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// What to optimise: throughput, latency, memory or cpu
    #[arg(long, value_name = "GOAL", default_value_t)]
    pub(crate) objective: Objective,
}

/// Commands around what is measured, run by `sh -c`.
#[derive(Debug, Args)]
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Rust
    Rust,
    /// Python
    Python,
    /// No code example
    None,
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|e| e.to_string())
}

fn positive_duration(text: &str) -> Result<Duration, String> {
    duration(text).and_then(|d| if d.is_zero() { Err("must be greater than 0".to_owned()) } else { Ok(d) })
}

/// A number of CPUs; a quota may be a fraction.
fn cpus(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(cpus) if (MOST_CPUS.recip()..=MOST_CPUS).contains(&cpus) => Ok(cpus),
        _ => Err(format!("must be a number of CPUs, at most {MOST_CPUS}")),
    }
}

/// A number of things of which there is at least one.
fn count<T: FromStr + Default + PartialEq>(text: &str) -> Result<T, String> {
    let is_whole = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if number != T::default() => Ok(number),
        // All that is left to be wrong with digits is that there are too many.
        Err(_) if is_whole => Err("is out of range".to_owned()),
        _ => Err("must be a whole number of at least 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_count_is_a_whole_number_of_at_least_one() {
        assert_eq!(count("20"), Ok(20_u64));
        assert_eq!(count::<u32>("4294967296"), Err("is out of range".to_owned()));
        for text in ["0", "-3", "1.5", "many", ""] {
            assert_eq!(count::<u64>(text), Err("must be a whole number of at least 1".to_owned()), "{text}");
        }
    }
}

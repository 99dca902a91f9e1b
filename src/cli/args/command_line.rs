//! The commands, and the arguments of those that have few.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::engine::ArgValueCompleter;

use crate::cli::args::bench::{BENCH_HELP, BENCH_USAGE, BenchArgs, CompareArgs};
use crate::cli::args::check::{CHECK_HELP, CHECK_USAGE, CheckArgs};
use crate::cli::args::complete;
use crate::cli::args::exit_help::{COMPARING, PLAIN, RUNNING, with_exit_statuses};
use crate::cli::args::explain::{EXPLAIN_USAGE, ExplainArgs};
use crate::cli::args::flag::FlagArgs;
use crate::cli::args::man::ManArgs;
use crate::cli::args::mcp::{MCP_HELP, McpArgs};
use crate::cli::args::measure::{HookArgs, MeasureArgs};
use crate::cli::args::on::EngineArgs;
use crate::cli::args::output::{Language, OutputArgs, Style, ViewArgs};
use crate::cli::args::profile::ProfileArgs;
use crate::cli::args::run::{RUN_HELP, RUN_USAGE, RunArgs};
use crate::cli::args::workload::WorkloadArgs;
use crate::cli::failure::FailedCommand;
use crate::error::ExitStatus;

/// Examples at the end of `conc --help`.
const EXAMPLES: &str = "\
Examples:
  conc advise web-scraper
  conc advise --cpu 5ms --wait 50ms --tasks 200
  conc advise --items urls.txt -- curl -s {}
  conc advise tasks.py:fetch --items urls.txt";

/// Arguments that describe a workload without naming one.
const OTHER_WORKLOADS: [&str; 4] = ["command_line", "cpu", "wait", "shell"];

/// Usage of `advise`: one line for each way to describe a workload.
const ADVISE_USAGE: &str = "\
conc advise [OPTIONS] <WORKLOAD> [::: <ITEM>...]
       conc advise [OPTIONS] -- <COMMAND>... [::: <ITEM>...]
       conc advise [OPTIONS] --cpu <TIME> --wait <TIME>";

/// Usage of `profile`: one line for each way to describe what is profiled.
const PROFILE_USAGE: &str = "\
conc profile [OPTIONS] <WORKLOAD> [::: <ITEM>...]
       conc profile [OPTIONS] -- <COMMAND>... [::: <ITEM>...]
       conc profile [OPTIONS] --pid <PID>
       conc profile [OPTIONS] --cpu <TIME> --wait <TIME>";

/// Measures how work should be run concurrently: which strategy, how wide, and why.
#[derive(Debug, Parser)]
#[command(name = "conc", version, max_term_width = 100, after_help = with_exit_statuses(EXAMPLES, RUNNING))]
pub(crate) struct Cli {
    /// Puts a scripted machine in the place of this one, for tests of `conc` itself
    #[arg(long, value_name = "FILE", global = true, hide = true)]
    pub(crate) simulate: Option<PathBuf>,
    /// Writes progress on standard error as lines of JSON, for `conc mcp`
    #[arg(long, global = true, hide = true)]
    pub(crate) progress_lines: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Profile a workload, run it under every strategy that applies, and recommend one
    // `mut_arg` moves an argument behind the others, so the command must follow it again.
    #[command(
        override_usage = ADVISE_USAGE,
        after_help = with_exit_statuses("", RUNNING),
        mut_arg("workload", |arg| arg.required_unless_present_any(OTHER_WORKLOADS)),
        mut_arg("command_line", |arg| arg)
    )]
    Advise(AdviseArgs),
    /// Run a command for every item, once, with the width found on the way
    #[command(override_usage = RUN_USAGE, after_help = with_exit_statuses(RUN_HELP, RUNNING))]
    Run(Box<RunArgs>),
    /// Measure a suite of workloads and compare it with an earlier state, for CI
    #[command(override_usage = BENCH_USAGE, after_help = with_exit_statuses(BENCH_HELP, &ExitStatus::ALL))]
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
    /// Explain a topic, a code or an error message, or answer a question
    #[command(override_usage = EXPLAIN_USAGE, after_help = with_exit_statuses("", RUNNING))]
    Explain(ExplainArgs),
    /// Serve programs that speak the Model Context Protocol over standard input and output
    #[command(after_help = with_exit_statuses(MCP_HELP, RUNNING))]
    Mcp(McpArgs),
    /// Print the JSON Schema of the --json output
    #[command(after_help = with_exit_statuses("", PLAIN))]
    Schema,
    /// Print a completion script for a shell
    #[command(after_help = with_exit_statuses("", PLAIN))]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the man pages
    #[command(after_help = with_exit_statuses("", PLAIN))]
    Man(ManArgs),
}

impl Command {
    /// Returns the style of the output, which errors follow too.
    pub(crate) fn style(&self) -> Style {
        match self {
            Command::Advise(args) => args.output.view.style,
            Command::Bench(args) => args.output.view.style,
            Command::Run(args) => args.style,
            Command::Compare(args) => args.output.view.style,
            Command::Profile(args) => args.output.style,
            Command::Check(args) => args.style,
            Command::Fit(args) => args.output.style,
            _ => Style::Auto,
        }
    }

    /// Returns the command as its failures name remedies.
    pub(crate) fn as_failed(&self) -> FailedCommand {
        match self {
            Command::Check(_) => FailedCommand::Check,
            Command::Profile(_) => FailedCommand::Profile,
            _ => FailedCommand::Other,
        }
    }
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
    #[arg(long, help_heading = "Workload")]
    pub(crate) once: bool,

    #[command(flatten)]
    pub(crate) flag: FlagArgs,

    /// For a command with {width}: run the narrowest width in any case, to know the speed-up
    #[arg(long, help_heading = "A command with {width}")]
    pub(crate) reference: bool,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,

    #[command(flatten)]
    pub(crate) output: OutputArgs,

    /// Language of the code example [default: python for Python callables, shell for commands, else rust]
    #[arg(long, value_enum, value_name = "LANGUAGE", help_heading = "Output")]
    pub(crate) code: Option<Language>,
}

#[derive(Debug, Args)]
pub(crate) struct FitArgs {
    /// What a load test printed or exported (- is standard input)
    ///
    /// A table, JSON, or the reports of several runs one after another; or the JSON of bench or advise.
    #[arg(value_name = "FILE")]
    pub(crate) data: String,

    /// Column of the number in flight, by name or number [default: found by its name]
    #[arg(long, value_name = "COLUMN", add = ArgValueCompleter::new(complete::columns))]
    pub(crate) concurrency: Option<String>,

    /// Column of the throughput, or of the time of a run [default: found by its name]
    #[arg(long, value_name = "COLUMN", add = ArgValueCompleter::new(complete::columns))]
    pub(crate) throughput: Option<String>,

    #[command(flatten)]
    pub(crate) output: ViewArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }
}

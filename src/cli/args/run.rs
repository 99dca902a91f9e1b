//! The arguments of `run`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use clap_complete::engine::ArgValueCompleter;

use crate::cli::args::complete;
use crate::cli::args::on::RunOnArgs;
use crate::cli::args::output::Style;
use crate::cli::args::values::{count, positive_duration, rate, tasks};
use crate::cli::args::workload::PythonArgs;
use crate::job::halt::Halt;
use crate::job::timeout::Timeout;
use crate::strategy::StrategyKind;
use crate::units::parse_bytes;

/// Usage of `run`.
pub(super) const RUN_USAGE: &str = "\
conc run [OPTIONS] -- <COMMAND>... [::: <ITEM>...]
       conc run [OPTIONS] --items <FILE> -- <COMMAND>...
       conc run [OPTIONS] <CALLABLE | FILE.toml> [::: <ITEM>...]";

/// Explanation at the end of `conc run --help`.
pub(super) const RUN_HELP: &str = "\
Placeholders: {} item, {.} without extension, {/} last component, {//} directory,
              {/.} last component without extension, {#} number, {%} slot
Signals:      the first SIGINT or SIGTERM lets what runs end, the second kills it;
              SIGUSR1 and SIGUSR2 widen and narrow the run by one";

/// The number of commands at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Jobs {
    /// Found while the work goes on.
    Auto,
    /// So many.
    Number(usize),
    /// So many per hundred CPUs.
    Percent(f64),
}

/// The form of progress on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressForm {
    /// A bar on a terminal, else a line every ten seconds
    Auto,
    /// A line every ten seconds
    Lines,
    /// A JSON object every second
    Json,
    /// Nothing
    None,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// A Python callable such as tasks.py:fetch or package.module:fetch, or a workload file such as work.toml; ::: and items may follow
    #[arg(value_name = "CALLABLE", num_args = 1.., conflicts_with = "command_line")]
    pub(crate) callable: Vec<OsString>,

    #[command(flatten)]
    pub(crate) python: PythonArgs,

    /// Strategy of a callable: async, threads, processes, hybrid or sequential [default: chosen by the first items]
    #[arg(long, value_name = "STRATEGY", requires = "callable", help_heading = "Python",
          add = ArgValueCompleter::new(complete::strategies))]
    pub(crate) strategy: Option<StrategyKind>,

    #[command(flatten)]
    pub(crate) input: RunInputArgs,
    #[command(flatten)]
    pub(crate) width: RunWidthArgs,
    #[command(flatten)]
    pub(crate) record: RunRecordArgs,
    #[command(flatten)]
    pub(crate) failure: RunFailureArgs,
    #[command(flatten)]
    pub(crate) on: RunOnArgs,

    /// Print output in the order of the items
    #[arg(short, long, conflicts_with_all = ["line_buffer", "ungroup"], help_heading = "Output")]
    pub(crate) keep_order: bool,

    /// Begin each line of output with its item and a tab
    #[arg(long, conflicts_with = "ungroup", help_heading = "Output")]
    pub(crate) tag: bool,

    /// Print whole lines as they come, instead of the output of an item at its end
    #[arg(long, aliases = ["lb", "linebuffer"], conflicts_with = "ungroup", help_heading = "Output")]
    pub(crate) line_buffer: bool,

    /// Let commands write to the terminal themselves
    #[arg(short, long, help_heading = "Output")]
    pub(crate) ungroup: bool,

    /// Form of the progress
    #[arg(long, value_enum, value_name = "FORM", default_value_t = ProgressForm::Auto, help_heading = "Output")]
    pub(crate) progress: ProgressForm,

    /// Show no progress, and no summary unless something failed
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,

    /// Print one JSON document at the end instead of the output of the items
    #[arg(long, conflicts_with_all = ["keep_order", "line_buffer", "ungroup", "tag"], help_heading = "Output")]
    pub(crate) json: bool,

    /// Write the JSON document to a file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) export_json: Option<PathBuf>,

    /// Colour of the output
    #[arg(long, value_enum, value_name = "STYLE", default_value_t = Style::Auto, help_heading = "Output")]
    pub(crate) style: Style,

    /// The command to run for every item; {} stands for the item, ::: starts a list of items
    #[arg(last = true, value_name = "COMMAND", required_unless_present_any = ["callable", "attach"])]
    pub(crate) command_line: Vec<OsString>,
}

/// Arguments about the items and the command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Items and command")]
pub(crate) struct RunInputArgs {
    /// Read items from a file, one per line (- is standard input) [default: standard input]
    #[arg(short = 'a', long, alias = "arg-file", value_name = "FILE")]
    pub(crate) items: Option<PathBuf>,

    /// Items end in a NUL byte instead of a line break, as `find -print0` writes them
    #[arg(short = '0', long)]
    pub(crate) null: bool,

    /// Run the command N times, with the numbers from 0 as items
    #[arg(long, value_name = "N", value_parser = tasks, conflicts_with_all = ["items", "null"])]
    pub(crate) tasks: Option<u64>,

    /// Run the command line with `sh -c`
    #[arg(long, conflicts_with = "callable")]
    pub(crate) shell: bool,

    /// Name of the work in the summary
    #[arg(short, long, value_parser = name)]
    pub(crate) name: Option<String>,
}

/// Arguments about how much runs at the same time.
#[derive(Debug, Args)]
#[command(next_help_heading = "Width")]
pub(crate) struct RunWidthArgs {
    /// Commands at a time: a number, a percentage of the CPUs, or auto
    #[arg(short, long, value_name = "N", default_value = "auto", value_parser = jobs)]
    pub(crate) jobs: Jobs,

    /// The most commands at a time [default: 64 with auto]
    #[arg(long, value_name = "N", value_parser = count::<usize>)]
    pub(crate) max_width: Option<usize>,

    /// Start at most N commands per second
    #[arg(long, value_name = "N", value_parser = rate)]
    pub(crate) rate: Option<f64>,

    /// Start nothing while less memory is free; below half of it, stop the youngest command and run it again
    /// later [default: 5% of the memory, and nothing is stopped]
    #[arg(long, alias = "memfree", value_name = "SIZE", value_parser = bytes)]
    pub(crate) memory_free: Option<u64>,

    /// Start nothing while tasks of the machine waited for CPUs, memory or I/O for more than N% of the last 10 s
    /// [default: only while nothing gets done for want of memory, 10% of the time]
    #[arg(long, value_name = "N%", value_parser = share)]
    pub(crate) max_pressure: Option<f64>,

    /// Niceness of the commands
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(-20..=19), allow_negative_numbers = true)]
    pub(crate) nice: Option<i32>,
}

/// Arguments about what is kept of a run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Records")]
pub(crate) struct RunRecordArgs {
    /// Write results to a directory (stdout, stderr and exit of each item), or to a file FILE.jsonl
    #[arg(long, value_name = "PLACE")]
    pub(crate) results: Option<PathBuf>,

    /// Record finished items in a file, durably, so that the run can be resumed
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,

    /// Go on where the journal ends
    #[arg(long, requires = "journal")]
    pub(crate) resume: bool,

    /// Go on where the journal ends, and run items again that had failed
    #[arg(long, requires = "journal")]
    pub(crate) retry_failed: bool,

    /// Write a log with the columns of GNU parallel
    #[arg(long, value_name = "FILE")]
    pub(crate) joblog: Option<PathBuf>,
}

/// Arguments about items that fail.
#[derive(Debug, Args)]
#[command(next_help_heading = "Failures")]
pub(crate) struct RunFailureArgs {
    /// Try an item that fails up to N more times
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) retries: u32,

    /// Longest pause before the first retry; it doubles each time, and the pause is drawn at random below it
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = positive_duration)]
    pub(crate) retry_delay: Duration,

    /// Kill a command that takes longer: a time, or a percentage of the median
    #[arg(long, value_name = "TIME|N%", value_parser = str::parse::<Timeout>)]
    pub(crate) timeout: Option<Timeout>,

    /// End the run early: soon or now, and fail=N, fail=N%, success=N or done=N
    #[arg(long, value_name = "WHEN", value_parser = str::parse::<Halt>)]
    pub(crate) halt: Option<Halt>,

    /// Count commands that fail as successful
    #[arg(short, long)]
    pub(crate) ignore_failure: bool,
}

/// Parses a name, which a number is not: for xargs and GNU parallel -n is a number of items.
fn name(text: &str) -> Result<String, String> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    match is_number {
        true => Err("this is the name of the work; conc run passes one item to each command".to_owned()),
        false => Ok(text.to_owned()),
    }
}

fn jobs(text: &str) -> Result<Jobs, String> {
    if text == "auto" {
        return Ok(Jobs::Auto);
    }
    match text.strip_suffix('%') {
        None => count(text).map(Jobs::Number),
        Some(percent) => match percent.parse::<f64>() {
            Ok(percent) if percent > 0.0 && percent.is_finite() => Ok(Jobs::Percent(percent)),
            _ => Err("must be a number, a percentage of the CPUs above 0, or auto".to_owned()),
        },
    }
}

/// Parses a percentage above 0 and up to 100; returns it as a share.
fn share(text: &str) -> Result<f64, String> {
    match text.strip_suffix('%').unwrap_or(text).parse::<f64>() {
        Ok(percent) if percent > 0.0 && percent <= 100.0 => Ok(percent / 100.0),
        _ => Err("must be a percentage above 0% and up to 100%".to_owned()),
    }
}

fn bytes(text: &str) -> Result<u64, String> {
    parse_bytes(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_a_number_a_percentage_or_auto() {
        assert_eq!((jobs("auto"), jobs("8")), (Ok(Jobs::Auto), Ok(Jobs::Number(8))));
        assert_eq!(jobs("150%"), Ok(Jobs::Percent(150.0)));
        for text in ["0", "-1", "", "0%", "x%", "many"] {
            assert!(jobs(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_number_is_no_name() {
        assert_eq!(name("build 2"), Ok("build 2".to_owned()));
        assert!(name("1").is_err() && name("").is_err());
    }

    #[test]
    fn a_pressure_is_a_percentage() {
        assert_eq!((share("40%"), share("100")), (Ok(0.4), Ok(1.0)));
        for text in ["0%", "101%", "-5", "", "much"] {
            assert!(share(text).is_err(), "{text}");
        }
    }
}

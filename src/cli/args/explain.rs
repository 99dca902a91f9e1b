//! The arguments of `explain`.

use clap::{Args, ValueEnum};
use clap_complete::engine::ArgValueCompleter;

use crate::cli::args::complete;
use crate::explain::UsedPattern;
use crate::profile::Class;

/// Usage of `explain`: one line for each way to ask.
pub(super) const EXPLAIN_USAGE: &str = "\
conc explain [OPTIONS] [TOPIC|CODE]
       conc explain [OPTIONS] <QUESTION>... [WORKLOAD]
       conc explain [OPTIONS] <MESSAGE>
       COMMAND 2>&1 | conc explain
       conc explain --last";

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A topic, a strategy, a code, a question, an error message or a traceback
    ///
    /// A lone hyphen is standard input. A workload among the words is measured. [default: list the topics, or explain
    /// what is piped in]
    #[arg(value_name = "WORDS", allow_negative_numbers = true, add = ArgValueCompleter::new(complete::explained))]
    pub(crate) words: Vec<String>,

    /// The class of the work
    #[arg(long = "type", value_enum, value_name = "CLASS")]
    pub(crate) class: Option<AskedClass>,

    /// The concurrency that you use or ask about
    #[arg(long, value_enum, value_name = "PATTERN")]
    pub(crate) pattern: Option<AskedPattern>,

    /// Run the workload of the topic, and add the figures of this machine
    #[arg(long, requires = "words")]
    pub(crate) measure: bool,

    /// Explain the failure that the last run of conc ended with
    #[arg(long, conflicts_with_all = ["words", "measure"])]
    pub(crate) last: bool,

    /// Time for measuring a workload [default: as for advise]
    #[arg(long, value_name = "TIME")]
    pub(crate) budget: Option<String>,

    /// Read the items of a workload from a file, one per line
    #[arg(long, value_name = "FILE")]
    pub(crate) items: Option<String>,

    /// Python interpreter for a workload
    #[arg(long, value_name = "PATH")]
    pub(crate) python: Option<String>,

    /// Print one JSON document on standard output
    #[arg(long)]
    pub(crate) json: bool,

    /// Takes every word as text, so that nothing is measured, for `conc mcp`
    #[arg(long, hide = true)]
    pub(crate) words_only: bool,
}

/// A class of work, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AskedClass {
    /// Waits most of the time
    IoBound,
    /// Computes most of the time
    CpuBound,
    /// Does both
    Mixed,
}

impl From<AskedClass> for Class {
    fn from(asked: AskedClass) -> Self {
        match asked {
            AskedClass::IoBound => Class::IoBound,
            AskedClass::CpuBound => Class::CpuBound,
            AskedClass::Mixed => Class::Mixed,
        }
    }
}

/// A kind of concurrency, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AskedPattern {
    /// Coroutines on an event loop
    Async,
    /// Threads
    Threading,
    /// Processes
    Multiprocessing,
}

impl From<AskedPattern> for UsedPattern {
    fn from(asked: AskedPattern) -> Self {
        match asked {
            AskedPattern::Async => UsedPattern::Async,
            AskedPattern::Threading => UsedPattern::Threading,
            AskedPattern::Multiprocessing => UsedPattern::Multiprocessing,
        }
    }
}

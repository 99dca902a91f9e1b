//! The arguments about output.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Output arguments of every command with results.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct ViewArgs {
    /// Print one JSON document on standard output
    #[arg(long, conflicts_with = "verbose")]
    pub(crate) json: bool,

    /// Write the JSON document to a file (- is standard output)
    #[arg(long, value_name = "FILE")]
    pub(crate) export_json: Option<PathBuf>,

    /// Write a table in Markdown to a file (- is standard output)
    #[arg(long, value_name = "FILE")]
    pub(crate) export_markdown: Option<PathBuf>,

    /// Write a table as CSV to a file (- is standard output)
    #[arg(long, value_name = "FILE")]
    pub(crate) export_csv: Option<PathBuf>,

    /// Show every configuration that was measured, and the remedy for every warning
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// Colour and progress of the output
    #[arg(long, value_enum, value_name = "STYLE", default_value_t = Style::Auto)]
    pub(crate) style: Style,
}

/// Output arguments of commands that measure configurations.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    #[command(flatten)]
    pub(crate) view: ViewArgs,

    /// Write every configuration as hyperfine's JSON to a file (- is standard output)
    #[arg(long, value_name = "FILE")]
    pub(crate) export_hyperfine: Option<PathBuf>,

    /// Write the recommended configurations in Bencher Metric Format to a file (- is standard output)
    #[arg(long, value_name = "FILE")]
    pub(crate) export_bmf: Option<PathBuf>,

    /// Write the recommended configurations for github-action-benchmark to two files: gab.json becomes
    /// gab-bigger.json (customBiggerIsBetter) and gab-smaller.json (customSmallerIsBetter)
    #[arg(long, value_name = "FILE")]
    pub(crate) export_gab: Option<PathBuf>,

    /// Write JUnit XML to a file, with one test case per metric compared (- is standard output)
    #[arg(long, value_name = "FILE")]
    pub(crate) export_junit: Option<PathBuf>,

    /// Write a self-contained page with plots to a file (- is standard output)
    #[arg(long, value_name = "FILE")]
    pub(crate) export_html: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Style {
    /// Colour and progress if the terminal supports them
    Auto,
    /// No colour, no progress
    Basic,
    /// Colour and progress
    Full,
    /// Progress without colour
    Nocolor,
    /// Colour without progress
    Color,
}

/// Language of the code example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Rust
    Rust,
    /// Python
    Python,
    /// Lines for a shell, of a command
    Shell,
    /// No code example
    None,
}

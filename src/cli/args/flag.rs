//! The arguments about a program's own flag: a command with `{width}`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

/// Arguments about a command with `{width}`.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "A command with {width}")]
pub(crate) struct FlagArgs {
    /// For a command with {width}: values of one more parameter, which stands in braces in the command
    #[arg(short = 'L', long, value_names = ["NAME", "VALUES"], num_args = 2)]
    pub(crate) parameter_list: Vec<String>,

    /// For a command with {width}: maximise the first number that this regular expression captures in the output
    #[arg(long, value_name = "REGEX", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) metric: Option<String>,

    /// Minimise the number of --metric
    #[arg(long, requires = "metric")]
    pub(crate) minimize: bool,
}

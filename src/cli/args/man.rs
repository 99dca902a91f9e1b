//! The arguments of `man`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `man`.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The command whose page is printed, such as advise [default: the page of conc itself]
    #[arg(conflicts_with = "output")]
    pub(crate) command: Option<String>,

    /// Write all pages to a directory, such as ~/.local/share/man/man1, which is made if it is missing
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

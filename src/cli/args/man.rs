//! The arguments of `man`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `man`.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The command or topic whose page is printed, such as advise or semaphore [default: the page of conc itself]
    #[arg(conflicts_with = "output")]
    pub(crate) name: Option<String>,

    /// Write all pages to the folders man1 and man7 of a directory, such as ~/.local/share/man
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

//! What is told where GitHub Actions runs this: the step summary and annotations.

use std::env;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use crate::report::document::{CommandName, Results};
use crate::report::{github, markdown};

/// Tells the results of `bench` and `compare` to GitHub, where it runs this.
///
/// Commands of a workflow are read from both streams; on standard error they leave JSON on the other
/// one whole.
pub(crate) fn tell(results: &impl Results) {
    let (reports, failed) = (results.reports(), results.failed());
    let is_for_ci = matches!(results.command(), CommandName::Bench | CommandName::Compare);
    if !is_for_ci || env::var_os("GITHUB_ACTIONS").is_none_or(|value| value != "true") {
        return;
    }
    // Where even this cannot be said there is nobody left to hear it.
    let _ = io::stderr().write_all(github::annotations(reports, failed).as_bytes());
    let Some(path) = env::var_os("GITHUB_STEP_SUMMARY") else { return };
    let path = Path::new(&path);
    if let Err(error) = append(path, &markdown::to_string(reports, failed)) {
        let _ = writeln!(anstream::stderr(), "cannot add to the step summary '{}': {error}", path.display());
    }
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(format!("{text}\n").as_bytes())
}

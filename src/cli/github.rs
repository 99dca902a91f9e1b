//! The step summary and the annotations of GitHub Actions.

use std::env;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use crate::report::document::{CommandName, Results};
use crate::report::{github, markdown};

use crate::cli::console::Console;

/// Publishes the results of `bench` and `compare` to GitHub Actions, if it runs this.
///
/// GitHub reads workflow commands from both streams; on standard error they do not mix with JSON.
pub(crate) fn publish(results: &impl Results, console: Console) {
    let (reports, failed, missing) = (results.reports(), results.failed(), results.missing());
    let is_for_ci = matches!(results.command(), CommandName::Bench | CommandName::Compare);
    if !is_for_ci || env::var_os("GITHUB_ACTIONS").is_none_or(|value| value != "true") {
        return;
    }
    console.annotate(&github::annotations(reports, failed, missing));
    let Some(path) = env::var_os("GITHUB_STEP_SUMMARY") else { return };
    let path = Path::new(&path);
    if let Err(error) = append(path, &markdown::to_string(reports, failed, missing)) {
        console.note(&format!("cannot add to the step summary '{}': {error}", path.display()));
    }
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(format!("{text}\n").as_bytes())
}

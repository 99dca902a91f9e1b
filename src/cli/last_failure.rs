//! The failure that the last run ended with, kept for `conc explain --last`.

use std::fs;

use crate::host::cache::cache_file;
use crate::host::replace_file::replace_file;

use crate::cli::failure::{FailedCommand, Failure};

/// The file in the directory for caches.
const FILE: &str = "last-failure.txt";

/// Keeps a failure that has a code. A directory that cannot be written only costs the explanation.
pub(crate) fn keep(failure: &Failure, command: FailedCommand) {
    let Failure::Coded(_) = failure else { return };
    let (text, Some(file)) = (failure.text(command), cache_file(FILE)) else { return };
    let _ = file.parent().map(fs::create_dir_all);
    let _ = replace_file(&file, text.as_bytes());
}

/// Returns the text of the last failure; `None` if there is none.
pub(crate) fn read() -> Option<String> {
    fs::read_to_string(cache_file(FILE)?).ok().filter(|text| !text.trim().is_empty())
}

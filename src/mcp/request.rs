//! A command line of this program, to be run in a child.

use std::fmt::Display;
use std::time::Duration;

/// A command line of this program.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Request {
    /// The words after the name of the program.
    pub words: Vec<String>,
    /// What the command reads from standard input.
    pub stdin: Option<String>,
    /// The working directory; `None` for that of the server.
    pub directory: Option<String>,
    /// The time after which it is ended; `None` if it runs nothing of the caller's.
    pub time_limit: Option<Duration>,
}

impl Request {
    /// Starts the command line of `command`.
    pub(super) fn new(command: &str) -> Self {
        Request { words: vec![command.to_owned()], stdin: None, directory: None, time_limit: None }
    }

    /// Returns true if the command runs work of the caller, so that it must run alone.
    pub(super) fn measures(&self) -> bool {
        self.time_limit.is_some()
    }

    /// Adds an option with its value, in one word: a value is never taken for an option.
    pub(super) fn option(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.words.push(format!("--{name}={value}"));
        }
    }

    /// Adds an option without a value, if it is on.
    pub(super) fn flag(&mut self, name: &str, is_on: bool) {
        if is_on {
            self.words.push(format!("--{name}"));
        }
    }
}

/// Returns a word that is not taken for an option.
///
/// # Errors
/// A message for the caller.
pub(super) fn plain(name: &str, word: &str) -> Result<String, String> {
    if word.starts_with('-') || word.is_empty() {
        return Err(format!("{name}: must not begin with '-' or be empty: '{word}'"));
    }
    Ok(word.to_owned())
}

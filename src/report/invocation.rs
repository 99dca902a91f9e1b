//! The command line of a run, and the time when it began.

use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// The command line of a run, and the time when it began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Invocation {
    /// The words after the name of the program.
    pub words: Vec<String>,
    /// The time when it began, as RFC 3339 in UTC with whole seconds.
    pub began: String,
}

impl Invocation {
    /// Describes a run of `words` that began at a time.
    pub(crate) fn new(words: Vec<String>, began: SystemTime) -> Self {
        let began = DateTime::<Utc>::from(began).to_rfc3339_opts(SecondsFormat::Secs, true);
        Invocation { words, began }
    }

    /// Returns the command as a line for a shell.
    pub(crate) fn line(&self) -> String {
        let words = std::iter::once("conc").chain(self.words.iter().map(String::as_str));
        // A word with a zero byte cannot be an argument.
        shlex::try_join(words).unwrap_or_else(|_| "conc".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_line_can_be_pasted_and_the_time_be_read() {
        let words = ["advise", "--", "sh", "-c", "sleep 1; echo 'a'"].map(str::to_owned).to_vec();
        let invocation =
            Invocation::new(words, SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_837_080_900));
        assert_eq!(invocation.began, "2026-11-28T03:38:00Z");
        assert_eq!(shlex::split(&invocation.line()).unwrap()[1..], invocation.words);
        assert!(invocation.line().starts_with("conc advise -- sh -c "), "{}", invocation.line());
    }
}

//! What is known about messages.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::diagnostics::Code;
use crate::explain::errors::pasted::PastedLine;
use crate::explain::errors::pattern::{fits, is_quoted};

/// An entry of `known.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KnownError {
    /// The name of the entry.
    pub(super) id: String,
    /// The code.
    pub(super) code: Code,
    /// Patterns of lines.
    messages: Vec<String>,
    /// The cause.
    pub(super) cause: String,
    /// The remedy.
    pub(super) remedy: String,
    /// The name of two programs, with the error and without it.
    pub(super) fix: Option<String>,
    /// Topics that say more.
    pub(super) topics: Vec<String>,
}

#[derive(Deserialize)]
struct KnownFile {
    error: Vec<KnownError>,
}

/// Every entry, the more specific ones first.
pub(super) static KNOWN: LazyLock<Vec<KnownError>> = LazyLock::new(|| {
    let file: KnownFile = toml::from_str(include_str!("known.toml")).expect("the file of messages is valid");
    file.error
});

/// Returns the first entry that fits a line, and the number of that line. If none does, an entry whose message a line quotes.
pub(super) fn find(lines: &[PastedLine<'_>]) -> Option<(&'static KnownError, usize)> {
    first(lines, fits).or_else(|| first(lines, is_quoted))
}

fn first(lines: &[PastedLine<'_>], is_match: fn(&str, &str) -> bool) -> Option<(&'static KnownError, usize)> {
    KNOWN.iter().find_map(|known| {
        let is_known =
            |line: &PastedLine<'_>| known.messages.iter().any(|message| is_match(message, line.text));
        Some((known, lines.iter().position(is_known)?))
    })
}

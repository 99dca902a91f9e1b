//! A command with its limits, and what its lines have in common.

use crate::advice::result::CodeExample;
use crate::benchmark::Configuration;
use crate::snippets::shape::TaskShape;
use crate::snippets::wording::provenance;

/// Maximum number of characters in a line, unless a word alone is longer.
const MAX_LINE_CHARS: usize = 100;

/// The command, its limits, and the number that run at a time.
pub(super) struct Job<'a> {
    pub(super) command: Vec<String>,
    pub(super) cell: &'a Configuration,
    pub(super) shape: &'a TaskShape,
    pub(super) width: usize,
}

impl Job<'_> {
    /// Returns the lines that say how the number was chosen.
    pub(super) fn chosen(&self) -> Vec<String> {
        provenance(self.cell, self.shape)
    }

    /// Returns an example: comments, and the line itself.
    pub(super) fn example(&self, program: &str, comments: &[String], line: &str) -> CodeExample {
        let comments: String = comments.iter().map(|comment| format!("# {comment}\n")).collect();
        CodeExample {
            language: "shell".to_owned(),
            title: format!("{program}, {} at a time", self.width),
            code: format!("{comments}{line}\n"),
        }
    }
}

/// Joins two commands by a pipe, on two lines if one would be too long.
pub(super) fn piped(from: &str, to: &str) -> String {
    let line = format!("{from} | {to}");
    if line.chars().count() <= MAX_LINE_CHARS { line } else { format!("{from} |\n    {to}") }
}

/// Returns seconds as `timeout` and `sleep` read them, without zeros at the end.
pub(super) fn seconds(seconds: f64) -> String {
    let text = format!("{seconds:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

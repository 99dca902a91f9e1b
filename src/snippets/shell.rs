//! Command lines that run a command for every item: `xargs -P` and GNU `parallel -j`.
//!
//! Both take the user's own words. xargs passes an item as it is; parallel quotes it for the shell that it
//! starts, and replaces more than `{}` (see [`words`]).

mod input;
mod parallel;
mod words;
mod xargs;

use crate::advice::result::CodeExample;
use crate::benchmark::Configuration;
use crate::snippets::shape::TaskShape;
use crate::snippets::wording::provenance;

/// Maximum number of characters in a line, unless a word alone is longer.
const MAX_LINE_CHARS: usize = 100;

/// Returns the command lines for one cell; none if tasks are no commands.
///
/// There is no line with xargs if starts are limited per second, because xargs cannot do that.
pub(super) fn examples(cell: &Configuration, shape: &TaskShape) -> Vec<CodeExample> {
    let Some(command) = shape.command.clone() else { return Vec::new() };
    let job = Job { command: with_short_parameters(command), cell, shape, width: width(cell, shape) };
    let xargs = shape.limits.rate_per_s.is_none().then(|| xargs::example(&job));
    xargs.into_iter().chain([parallel::example(&job)]).collect()
}

/// The command, its limits, and the number that run at a time.
struct Job<'a> {
    command: Vec<String>,
    cell: &'a Configuration,
    shape: &'a TaskShape,
    width: usize,
}

fn width(cell: &Configuration, shape: &TaskShape) -> usize {
    shape.limits.max_in_flight.map_or(cell.width, |most| cell.width.min(most))
}

impl Job<'_> {
    /// Returns the lines that say how the number was chosen.
    fn chosen(&self) -> Vec<String> {
        provenance(self.cell, self.shape)
    }

    /// Returns an example: comments, and the line itself.
    fn example(&self, program: &str, comments: &[String], line: &str) -> CodeExample {
        let comments: String = comments.iter().map(|comment| format!("# {comment}\n")).collect();
        CodeExample {
            language: "shell".to_owned(),
            title: format!("{program}, {} at a time", self.width),
            code: format!("{comments}{line}\n"),
        }
    }
}

/// Returns the command with `$1` for the `${1}` of a shell line, which parallel would replace.
fn with_short_parameters(mut command: Vec<String>) -> Vec<String> {
    if let [shell, option, line, ..] = &mut command[..]
        && shell == "sh"
        && option == "-c"
    {
        *line = short_parameters(line);
    }
    command
}

/// Replaces every `${1}` that a shell expands: not inside single quotes, and not behind a backslash.
fn short_parameters(line: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(line.len()), line);
    let (mut is_single, mut is_double) = (false, false);
    while let Some(c) = rest.chars().next() {
        // Of `$10`, shells differ in what they make.
        let after =
            rest.strip_prefix("${1}").filter(|after| !after.starts_with(|c: char| c.is_ascii_digit()));
        if let Some(after) = after.filter(|_| !is_single) {
            out += "$1";
            rest = after;
            continue;
        }
        is_single ^= c == '\'' && !is_double;
        is_double ^= c == '"' && !is_single;
        let taken: usize =
            rest.chars().take(if c == '\\' && !is_single { 2 } else { 1 }).map(char::len_utf8).sum();
        out += &rest[..taken];
        rest = &rest[taken..];
    }
    out
}

/// Joins two commands by a pipe, on two lines if one would be too long.
fn piped(from: &str, to: &str) -> String {
    let line = format!("{from} | {to}");
    if line.chars().count() <= MAX_LINE_CHARS { line } else { format!("{from} |\n    {to}") }
}

/// Returns seconds as `timeout` and `sleep` read them, without zeros at the end.
fn seconds(seconds: f64) -> String {
    let text = format!("{seconds:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests;

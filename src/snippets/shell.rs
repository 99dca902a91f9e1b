//! Command lines that run a command for every item: `xargs -P` and GNU `parallel -j`.
//!
//! Both take the user's own words. xargs passes an item as it is; parallel quotes it for the shell that it
//! starts, and replaces more than `{}` (see [`words`]).

pub(super) mod input;
mod job;
mod parallel;
pub(super) mod words;
mod xargs;

use crate::advice::result::CodeExample;
use crate::benchmark::Configuration;
use crate::snippets::shape::TaskShape;

use job::Job;

/// Returns the command lines for one cell; none if tasks are no commands.
///
/// There is no line with xargs if starts are limited per second, because xargs cannot do that.
pub(super) fn examples(cell: &Configuration, shape: &TaskShape) -> Vec<CodeExample> {
    let Some(command) = shape.command.clone() else { return Vec::new() };
    let job = Job { command: with_short_parameters(command), cell, shape, width: width(cell, shape) };
    let xargs = shape.limits.rate_per_s.is_none().then(|| xargs::example(&job));
    xargs.into_iter().chain([parallel::example(&job)]).collect()
}

fn width(cell: &Configuration, shape: &TaskShape) -> usize {
    shape.limits.max_in_flight.map_or(cell.width, |most| cell.width.min(most))
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

#[cfg(test)]
mod tests;

//! The way of the items to xargs and parallel.

use crate::snippets::shape::{ItemSource, TaskShape};
use crate::snippets::shell::words::quoted;

/// Prints the lines that are items: without a byte order mark, carriage returns and blank lines.
const TIDY: &str = r"sed '1s/^\xEF\xBB\xBF//; s/\r$//; /^[[:space:]]*$/d'";

/// Puts a byte of zero in the place of each line's end, which xargs takes for the only separator then.
const TO_ZEROS: &str = r"tr '\n' '\0'";

/// The input of xargs.
pub(super) struct ForXargs {
    /// The command that prints the items; empty if they come from the user's own pipe.
    pub(super) from: String,
    /// The options that say how items are separated.
    pub(super) options: &'static str,
}

/// Returns the input of xargs; `vary` is true if the command depends on the item.
pub(super) fn for_xargs(shape: &TaskShape, vary: bool) -> ForXargs {
    let zeros = |from: String| ForXargs { from, options: "-0 " };
    match &shape.items {
        ItemSource::Numbers | ItemSource::Module { .. } => {
            ForXargs { from: numbers(shape.tasks, vary), options: "" }
        }
        ItemSource::Listed(items) => zeros(format!(r"printf '%s\0' {}", listed(items))),
        ItemSource::Arguments => zeros(r#"printf '%s\0' "$@""#.to_owned()),
        ItemSource::File(path) if shape.has_untidy_lines => {
            zeros(format!("{TIDY} < {} | {TO_ZEROS}", quoted(path)))
        }
        ItemSource::File(path) => zeros(format!("{TO_ZEROS} < {}", quoted(path))),
        ItemSource::StandardInput => zeros(TO_ZEROS.to_owned()),
    }
}

/// The input of parallel.
#[derive(Default)]
pub(super) struct ForParallel {
    /// The command that prints the items, if one does.
    pub(super) from: Option<String>,
    /// The options that say how items are separated.
    pub(super) options: &'static str,
    /// The end of the line. Commands get no input, as when they were measured.
    pub(super) end: String,
}

/// Returns the input of parallel; `vary` is true if the command depends on the item.
pub(super) fn for_parallel(shape: &TaskShape, vary: bool) -> ForParallel {
    let behind = |items: &str| format!(" ::: {items} < /dev/null");
    match &shape.items {
        ItemSource::Numbers | ItemSource::Module { .. } => {
            ForParallel { from: Some(numbers(shape.tasks, vary)), ..ForParallel::default() }
        }
        ItemSource::Listed(items) => {
            let options = if items.iter().any(|item| item.contains('\n')) { "-0 " } else { "" };
            ForParallel { options, end: behind(&listed(items)), ..ForParallel::default() }
        }
        ItemSource::Arguments => {
            ForParallel { options: "-0 ", end: behind(r#""$@""#), ..ForParallel::default() }
        }
        ItemSource::File(path) if shape.has_untidy_lines => {
            ForParallel { from: Some(format!("{TIDY} < {}", quoted(path))), ..ForParallel::default() }
        }
        ItemSource::File(path) => {
            ForParallel { end: format!(" < {}", quoted(path)), ..ForParallel::default() }
        }
        ItemSource::StandardInput => ForParallel::default(),
    }
}

/// Returns what to do before the line can run, if anything.
pub(super) fn note(items: &ItemSource) -> Option<&'static str> {
    match items {
        ItemSource::Arguments => {
            Some(r#"Items: "$@", the arguments of a script, or what `set -- ITEM...` gave."#)
        }
        ItemSource::StandardInput => Some("Items: the lines of standard input; pipe them into it."),
        _ => None,
    }
}

/// Returns a command that prints the numbers of the tasks from 0, or any numbers if nothing depends on them.
fn numbers(tasks: u64, vary: bool) -> String {
    if vary { format!("seq 0 {}", tasks.saturating_sub(1)) } else { format!("seq {tasks}") }
}

/// Returns a command that prints items, one a line.
pub(in crate::snippets) fn listed_lines(items: &[String]) -> String {
    format!(r"printf '%s\n' {}", listed(items))
}

fn listed(items: &[String]) -> String {
    items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(" ")
}

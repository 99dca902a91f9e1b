//! One line of a table, and the text inside its cells.

use crate::report::text::plain;

/// Returns a line with these cells.
pub(super) fn line(values: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", values.collect::<Vec<_>>().join(" | "))
}

/// Returns `text`, escaped to stay inside its cell and to have no meaning as Markdown.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(&text.split_whitespace().collect::<Vec<_>>().join(" ")).chars() {
        if matches!(c, '|' | '*' | '_' | '`' | '\\' | '<' | '[' | '~' | '#' | '@') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

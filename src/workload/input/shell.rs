//! Shell lines with items in them that the shell never gets to interpret.
//!
//! Quoting an item into the line is safe only where the line itself has no quotes around it. So
//! the line refers to the shell's first parameter instead, which is expanded but never parsed, and
//! the item is passed as that parameter.

use crate::workload::template::PLACEHOLDER;

/// Program and arguments that run `line` by `sh`, with the item as its first parameter.
pub(super) fn shell_argv(line: &str) -> Vec<String> {
    let mut argv = vec!["sh".to_owned(), "-c".to_owned(), with_parameter(line)];
    if line.contains(PLACEHOLDER) {
        argv.extend(["sh".to_owned(), PLACEHOLDER.to_owned()]);
    }
    argv
}

/// The quotes around a place in a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    None,
    Single,
    Double,
}

/// Replaces every placeholder by the shell's first parameter, quoted as its surroundings need.
fn with_parameter(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut quotes = Quotes::None;
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let escapes = c == '\\' && quotes != Quotes::Single;
        // A backslash before an item would escape the quote or the dollar put there instead.
        let unescaped = if escapes { &rest[1..] } else { rest };
        if let Some(after) = unescaped.strip_prefix(PLACEHOLDER) {
            out.push_str(match quotes {
                Quotes::None => "\"${1}\"",
                Quotes::Single => "'\"${1}\"'",
                Quotes::Double => "${1}",
            });
            rest = after;
            continue;
        }
        quotes = match (quotes, c) {
            (Quotes::None, '\'') => Quotes::Single,
            (Quotes::None, '"') => Quotes::Double,
            (Quotes::Single, '\'') | (Quotes::Double, '"') => Quotes::None,
            _ => quotes,
        };
        let taken: usize = rest.chars().take(if escapes { 2 } else { 1 }).map(char::len_utf8).sum();
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_an_item_has_no_parameter() {
        assert_eq!(shell_argv("true && true"), ["sh", "-c", "true && true"]);
    }
}

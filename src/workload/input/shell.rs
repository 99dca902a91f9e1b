//! Shell lines with items in them that the shell never gets to interpret.
//!
//! Quoting an item into the line is safe only where the line itself has no quotes around it. So
//! the line refers to the shell's first parameter instead, which is expanded but never parsed, and
//! the item is passed as that parameter.

use crate::workload::template::PLACEHOLDER;

/// A place for an item at the start of a text: its length, and the number of the parameter that stands for it.
pub(crate) type FindPlace<'a> = &'a mut dyn FnMut(&str) -> Option<(usize, usize)>;

/// Program and arguments that run `line` by `sh`, with the item as its first parameter.
pub(super) fn shell_argv(line: &str) -> Vec<String> {
    let mut first = |text: &str| text.starts_with(PLACEHOLDER).then_some((PLACEHOLDER.len(), 1));
    let mut argv = vec!["sh".to_owned(), "-c".to_owned(), with_parameters(line, &mut first)];
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

/// Replaces every place by a parameter of the shell, quoted as its surroundings need.
pub(crate) fn with_parameters(line: &str, find: FindPlace<'_>) -> String {
    let mut out = String::with_capacity(line.len());
    let mut quotes = Quotes::None;
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let escapes = c == '\\' && quotes != Quotes::Single;
        // A backslash before an item would escape the quote or the dollar put there instead.
        let unescaped = if escapes { &rest[1..] } else { rest };
        if let Some((length, parameter)) = find(unescaped) {
            out.push_str(&match quotes {
                Quotes::None => format!("\"${{{parameter}}}\""),
                Quotes::Single => format!("'\"${{{parameter}}}\"'"),
                Quotes::Double => format!("${{{parameter}}}"),
            });
            rest = &unescaped[length..];
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

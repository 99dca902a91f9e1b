//! One line of a table, and the text inside its cells.

use crate::characters::plain;

/// A comment, which no reader sees and which parts what GitHub would make a link of.
const NOTHING: &str = "<!-- -->";

/// Returns a line with these cells.
pub(super) fn line(values: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", values.collect::<Vec<_>>().join(" | "))
}

/// Returns `text`, escaped to stay inside its cell and to have no meaning as Markdown.
///
/// GitHub looks for names of users, numbers of issues and addresses in what is left once escapes are resolved, so
/// that a backslash does not keep it from notifying anybody: a comment does.
pub(in crate::report) fn escaped(text: &str) -> String {
    let text = plain(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        if matches!(c, '|' | '*' | '_' | '`' | '\\' | '<' | '[' | ']' | '~' | '#' | '&' | '!') {
            out.push('\\');
        }
        out.push(c);
        let rest = &text[at + c.len_utf8()..];
        let is_link = match c {
            '@' | '#' => true,
            ':' => rest.starts_with("//"),
            '.' => text[..at].to_ascii_lowercase().ends_with("www"),
            _ => false,
        };
        if is_link {
            out.push_str(NOTHING);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_a_link_or_notifies_anybody() {
        assert_eq!(escaped("@octocat"), "@<!-- -->octocat");
        assert_eq!(escaped("fixes #12"), "fixes \\#<!-- -->12");
        assert_eq!(escaped("https://a.b/c WWW.x.y"), "https:<!-- -->//a.b/c WWW.<!-- -->x.y");
        assert_eq!(escaped("![a](b) <script> &amp;"), "\\!\\[a\\](b) \\<script> \\&amp;");
    }

    #[test]
    fn controls_are_gone() {
        assert_eq!(escaped("a\u{202e}b\u{1b}[2J|"), "a\u{fffd}b\u{fffd}\\[2J\\|");
    }
}

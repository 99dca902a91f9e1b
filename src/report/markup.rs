//! Text in XML and HTML.

use crate::characters::{REMOVED, is_control};

/// Returns `text` escaped for content and quoted attributes, of XML 1.0 and of HTML alike.
///
/// Characters that neither may contain are replaced: those that control what shows them, and U+FFFE and U+FFFF (Extensible
/// Markup Language 1.0, fifth edition, production 2). Tabs and line breaks survive in attributes too.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            c if is_control(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(REMOVED),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_what_may_not_be_there_is_no_more() {
        assert_eq!(escaped("<a b='\"'>&"), "&lt;a b=&#39;&quot;&#39;&gt;&amp;");
        assert_eq!(escaped("a\tb\nc\rd"), "a&#9;b&#10;c\u{fffd}d");
        assert_eq!(
            escaped("\u{0}\u{1b}[2J\u{85}\u{fffe}\u{ffff}"),
            "\u{fffd}\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}"
        );
        assert_eq!(escaped("宽 é 🦀 \u{10ffff}"), "宽 é 🦀 \u{10ffff}");
    }
}

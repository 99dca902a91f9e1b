//! Python literals.

/// Returns a string literal; unprintable characters are escaped, so that a line of source stays one line.
///
/// The quotes are double, unless single ones need fewer escapes, as `ruff format` writes them.
pub(in crate::snippets) fn literal(text: &str) -> String {
    let count = |quote: char| text.chars().filter(|c| *c == quote).count();
    let quote = if count('"') > count('\'') { '\'' } else { '"' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '"' | '\'' if c != quote => out.push(c),
            '"' | '\'' => out.extend(['\\', c]),
            // Rust's own rule for unprintable characters.
            c if c.escape_debug().len() > 1 => out += &format!("\\U{:08x}", c as u32),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_a_literal_whatever_is_in_it() {
        assert_eq!(literal("it's \"x\\y\"\n\u{1b}é"), "'it\\'s \"x\\\\y\"\\n\\U0000001bé'");
        assert_eq!(literal("it's"), r#""it's""#);
        assert_eq!(literal(r#"'"'"#), r#""'\"'""#);
    }
}

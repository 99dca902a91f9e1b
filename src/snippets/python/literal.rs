//! Python literals.

use crate::snippets::shape::ItemSource;
use crate::snippets::wording::grouped;

/// Returns the items as a sequence.
pub(super) fn list(items: &ItemSource, tasks: u64) -> String {
    let lines = |text: &str| format!("[line for line in {text}.splitlines() if line.strip()]");
    match items {
        ItemSource::Numbers => format!("range({})", grouped(u128::from(tasks))),
        ItemSource::Listed(texts) => {
            format!("[{}]", texts.iter().map(|t| literal(t)).collect::<Vec<_>>().join(", "))
        }
        ItemSource::Arguments => "sys.argv[1:]".to_owned(),
        ItemSource::File(path) => lines(&format!("open({}, encoding=\"utf-8-sig\").read()", literal(path))),
        ItemSource::StandardInput => lines("sys.stdin.read()"),
        ItemSource::Module => "list(source() if callable(source) else source)".to_owned(),
    }
}

/// Returns a string literal; unprintable characters are escaped, so that a line of source stays one line.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // Rust's own rule for unprintable characters, apart from the quote that needs no escape.
            c if c != '\'' && c.escape_debug().len() > 1 => out += &format!("\\U{:08x}", c as u32),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_a_literal_whatever_is_in_it() {
        assert_eq!(literal("it's \"x\\y\"\n\u{1b}é"), r#""it's \"x\\y\"\n\U0000001bé""#);
    }
}

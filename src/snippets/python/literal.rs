//! Python literals.

use crate::snippets::item::ItemList;
use crate::snippets::wording::grouped;

/// Returns the items as a sequence.
pub(super) fn list(items: &ItemList<'_>) -> String {
    let texts = |texts: &[String]| texts.iter().map(|t| literal(t)).collect::<Vec<_>>().join(", ");
    match items {
        ItemList::Numbers(count) => format!("range({})", grouped(u128::from(*count))),
        ItemList::All(all) => format!("[{}]", texts(all)),
        ItemList::Sample(few, count) => {
            let times = count.div_ceil(few.len() as u64);
            format!("([{}] * {times})[:{count}]  # put yours here", texts(few))
        }
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

    #[test]
    fn a_sample_of_items_is_repeated_to_the_count() {
        let few = ["a".to_owned(), "b".to_owned()];
        assert_eq!(list(&ItemList::Sample(&few, 5)), r#"(["a", "b"] * 3)[:5]  # put yours here"#);
    }
}

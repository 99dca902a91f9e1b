//! Characters that may not reach a terminal, a log or a file of another program: text comes from anywhere.

/// The mark that stands for a character that was removed.
pub(crate) const REMOVED: char = '\u{fffd}';

/// Returns true for characters that control what shows them instead of being shown: control characters, the
/// controls of writing direction (Unicode Standard Annex 9), which make text read as another, and the separators
/// of lines and paragraphs.
pub(crate) fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

/// Replaces the characters that control what shows them.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if is_control(c) { REMOVED } else { c }).collect()
}

/// Returns the text, or its start with the number of characters that are left out if it has more than `most`.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}… ({} more characters)", &text[..end], text[end..].chars().count()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_controls_a_terminal_or_the_direction_is_left() {
        assert_eq!(
            plain("a\u{1b}[31m\u{7}\n\u{9b}2J\u{7f}"),
            "a\u{fffd}[31m\u{fffd}\u{fffd}\u{fffd}2J\u{fffd}"
        );
        assert_eq!(plain("\u{202e}txt\u{2066}\u{2028}\u{200f}"), "\u{fffd}txt\u{fffd}\u{fffd}\u{fffd}");
        assert_eq!(plain("é 宽 🦀 👩\u{200d}🚀"), "é 宽 🦀 👩\u{200d}🚀");
    }

    #[test]
    fn long_text_says_how_much_is_missing() {
        assert_eq!(shortened("äöü", 3), "äöü");
        assert_eq!(shortened("äöüß", 2), "äö… (2 more characters)");
    }
}

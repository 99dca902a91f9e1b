//! Text that fits a terminal: its width, wrapping and shortening.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub(super) use crate::characters::plain;

/// Returns the number of columns that `text` takes on a terminal.
pub(super) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Breaks `text` at white space into lines of at most `limit` columns; there is at least one line.
///
/// A word wider than a line is broken anywhere.
pub(super) fn wrap(text: &str, limit: usize) -> Vec<String> {
    let limit = limit.max(1);
    let mut lines = vec![String::new()];
    for word in words(text) {
        let line = lines.last_mut().expect("it starts with one line and only grows");
        if !line.is_empty() && width(line) + 1 + width(&word) > limit {
            lines.push(String::new());
        } else if !line.is_empty() {
            line.push(' ');
        }
        for piece in pieces(&word, limit) {
            let line = lines.last_mut().expect("it starts with one line and only grows");
            if width(line) + width(&piece) > limit {
                lines.push(piece);
            } else {
                line.push_str(&piece);
            }
        }
    }
    lines
}

/// Returns the words between white space; a number stays with its thousands, its unit or its whole.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace().map(plain) {
        match words.last_mut() {
            Some(last) if belongs(last, &word) => {
                last.push(' ');
                last.push_str(&word);
            }
            _ => words.push(word),
        }
    }
    words
}

/// Returns true if `word` belongs on one line with the word before it.
fn belongs(before: &str, word: &str) -> bool {
    const UNITS: [&str; 10] = ["ns", "µs", "ms", "s", "min", "B", "KiB", "MiB", "GiB", "TiB"];
    let digit = |c: char| c.is_ascii_digit();
    let share = word.starts_with(digit) && word.trim_end_matches([')', ',', ';', '.']).ends_with('%');
    let thousands = word.len() >= 3 && word.bytes().take(3).all(|b| b.is_ascii_digit());
    let unit = UNITS.contains(&word.trim_end_matches(|c: char| !c.is_alphabetic()));
    share || (before.ends_with(digit) && (thousands || unit))
}

/// Splits a word into pieces of at most `limit` columns.
fn pieces(word: &str, limit: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut used = 0;
    for c in word.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > limit {
            pieces.push(String::new());
            used = 0;
        }
        used += wide;
        pieces.last_mut().expect("it starts with one piece and only grows").push(c);
    }
    pieces
}

/// Returns the start of `text` on one line of at most `limit` columns, with `…` if something is missing.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    let line = words(text).join(" ");
    if width(&line) <= limit {
        return line;
    }
    let mut out = String::new();
    for c in line.chars() {
        if width(&out) + c.width().unwrap_or(0) + 1 > limit {
            break;
        }
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_never_exceed_the_limit() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("", 7), [""]);
        assert_eq!(wrap("a abcdefgh b", 3), ["a", "abc", "def", "gh", "b"]);
        assert_eq!(wrap("宽宽宽", 4), ["宽宽", "宽"]);
    }

    #[test]
    fn numbers_stay_together() {
        assert_eq!(wrap("about 1 240 per second", 9), ["about", "1 240 per", "second"]);
        assert_eq!(wrap("free: 24.0 GiB, say", 9), ["free:", "24.0 GiB,", "say"]);
        assert_eq!(wrap("(network 95%, disk 1%)", 16), ["(network 95%,", "disk 1%)"]);
    }

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(wrap("a\u{1b}[31mb\u{7}", 20), ["a\u{fffd}[31mb\u{fffd}"]);
        assert_eq!(shorten("a\nb\u{1b}", 20), "a b\u{fffd}");
    }

    #[test]
    fn long_text_is_shortened_visibly() {
        assert_eq!(shorten("worker process died", 10), "worker pr…");
        assert_eq!(shorten("short", 10), "short");
        assert_eq!(shorten("宽宽宽", 4), "宽…");
    }
}

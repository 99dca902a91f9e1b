//! Patterns of messages: literal text, with `*` for anything.

/// Minimum letters of a pattern that may be found inside of a line, such as a question that quotes a message.
const MIN_QUOTED: usize = 12;

/// Returns true if a pattern fits a whole line.
pub(super) fn fits(pattern: &str, line: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let mut last = None;
    for piece in pieces {
        if let Some(piece) = last.replace(piece) {
            let Some(at) = rest.find(piece) else { return false };
            rest = &rest[at + piece.len()..];
        }
    }
    // The last piece has to be at the end; without a star the line ends with the first one.
    last.map_or(rest.is_empty(), |piece: &str| rest.ends_with(piece))
}

/// Returns true if a line quotes a pattern, with or without the type of the exception.
pub(super) fn is_quoted(pattern: &str, line: &str) -> bool {
    let message = pattern.split_once("Error: ").map_or(pattern, |(_, message)| message);
    let literal = message.chars().filter(|c| *c != '*').count();
    literal >= MIN_QUOTED && fits(&format!("*{message}*"), line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        assert!(fits("a*c", "abc") && fits("a*c", "ac") && fits("abc", "abc") && fits("*c", "abc"));
        assert!(fits("*b*", "abc") && fits("a*", "abc") && fits("a*b*c", "a-b-c"));
        assert!(!fits("a*c", "abcd") && !fits("abc", "abcd") && !fits("b*", "abc") && !fits("a*b*c", "ac"));
    }

    #[test]
    fn a_message_may_be_quoted_without_its_type() {
        let pattern = "RuntimeError: no running event loop";
        assert!(is_quoted(pattern, "why do I get 'no running event loop'?"));
        assert!(!is_quoted(pattern, "what is an event loop"));
        assert!(!is_quoted("EOFError", "what is an EOFError"), "too short to be sure");
    }
}

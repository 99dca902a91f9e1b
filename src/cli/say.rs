//! The one way of text to standard error.
//!
//! Names, file names and the output of commands come from anywhere, and end on terminals and in the logs of
//! workflows. Whatever they hold, nothing that is said moves a cursor, reverses the direction of writing, or is
//! taken for a command by GitHub Actions.

use std::borrow::Cow;

use crate::characters::{REMOVED, is_control, shortened};

/// Longest line that is said, in characters: longer ones are data, not a message.
const MAX_LINE_CHARS: usize = 4000;

/// The origin of the colours in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colours {
    /// There are none: an escape sequence is part of a name.
    None,
    /// Those of this program, in which names were made harmless before.
    Own,
}

/// Returns the text as it may be said: harmless, and no line longer than a message.
pub(crate) fn sayable(text: &str, colours: Colours) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| shortened(line, MAX_LINE_CHARS)).collect();
    harmless(&lines.join("\n"), colours)
}

/// Returns the text without anything that controls a terminal or GitHub Actions.
pub(crate) fn harmless(text: &str, colours: Colours) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        push_line(&mut out, line, colours);
        out.push_str(end);
    }
    out
}

fn push_line(out: &mut String, line: &str, colours: Colours) {
    // GitHub Actions takes a line that starts like this for a command, and "##[" anywhere in a line.
    if is_command(&uncoloured(line, colours)) {
        out.push('\\');
    }
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let colour = if colours == Colours::Own { colour_len(rest) } else { 0 };
        if colour > 0 {
            out.push_str(&rest[..colour]);
            rest = &rest[colour..];
            continue;
        }
        let is_bad = (is_control(c) && c != '\t') || (c == '[' && out.ends_with("##"));
        out.push(if is_bad { REMOVED } else { c });
        rest = &rest[c.len_utf8()..];
    }
}

/// Returns the line as it is where colours are removed, as on the way into a log.
fn uncoloured(line: &str, colours: Colours) -> Cow<'_, str> {
    if colours == Colours::None || !line.contains('\u{1b}') {
        return Cow::Borrowed(line);
    }
    let (mut out, mut rest) = (String::with_capacity(line.len()), line);
    while let Some(c) = rest.chars().next() {
        let colour = colour_len(rest);
        if colour == 0 {
            out.push(c);
        }
        rest = &rest[colour.max(c.len_utf8())..];
    }
    Cow::Owned(out)
}

/// Returns true for a line that GitHub Actions takes for a command.
fn is_command(line: &str) -> bool {
    let name = line.trim_start().strip_prefix("::");
    name.is_some_and(|name| name.starts_with(|c: char| c.is_alphanumeric()))
}

/// Returns the bytes of the sequence at the start of `text` that sets a colour or a link (ECMA-48, SGR; OSC 8 is
/// none of ours); 0 if there is none.
fn colour_len(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\u{1b}[") else { return 0 };
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';' && c != ':');
    match end {
        Some(end) if parameters[end..].starts_with('m') => 2 + end + 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escape_sequences_of_names_are_gone_and_those_of_this_program_stay() {
        assert_eq!(
            sayable("\u{1b}[31mred\u{1b}[2J\u{7}", Colours::None),
            "\u{fffd}[31mred\u{fffd}[2J\u{fffd}"
        );
        assert_eq!(
            sayable("\u{1b}[1;31mred\u{1b}[0m\u{1b}[2J", Colours::Own),
            "\u{1b}[1;31mred\u{1b}[0m\u{fffd}[2J"
        );
        assert_eq!(sayable("a\u{202e}b\u{9b}2J\r", Colours::Own), "a\u{fffd}b\u{fffd}2J\u{fffd}");
    }

    #[test]
    fn no_line_is_a_command_of_github_actions() {
        assert_eq!(
            sayable("a\n::error::b\n  ::set-env::c", Colours::None),
            "a\n\\::error::b\n\\  ::set-env::c"
        );
        assert_eq!(
            sayable("\u{1b}[1m  \u{1b}[0m::error::b", Colours::Own),
            "\\\u{1b}[1m  \u{1b}[0m::error::b"
        );
        assert_eq!(sayable("x ##[error]y", Colours::None), "x ##\u{fffd}error]y");
        assert_eq!(sayable("src::lib ##\n::: a b", Colours::None), "src::lib ##\n::: a b");
    }

    #[test]
    fn a_line_has_an_end() {
        let said = sayable(&format!("{}\nnext", "x".repeat(200_000)), Colours::None);
        assert_eq!(
            said.lines().next().map(|line| line.chars().count()),
            Some(MAX_LINE_CHARS + 26),
            "{}",
            said.len()
        );
        assert!(said.ends_with("… (196000 more characters)\nnext"), "{}", &said[said.len() - 60..]);
    }

    proptest! {
        #[test]
        fn whatever_is_said_controls_nothing(text in "(?s).{0,80}|([\u{1b}\\[0-9;m:#\n\r\u{202e}\u{9b} error]){0,60}") {
            let said = sayable(&text, Colours::None);
            prop_assert!(!said.chars().any(|c| is_control(c) && c != '\n' && c != '\t'), "{said:?}");
            let is_command = |line: &str| {
                let name = line.trim_start().strip_prefix("::").and_then(|name| name.chars().next());
                line.contains("##[") || name.is_some_and(char::is_alphanumeric)
            };
            prop_assert!(!said.lines().any(is_command), "{said:?}");
            prop_assert_eq!(said.matches('\n').count(), text.matches('\n').count());
        }
    }
}

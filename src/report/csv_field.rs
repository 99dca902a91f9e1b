//! One field of CSV, whatever its text.

use crate::characters::{REMOVED, is_control};

/// Returns a field that is one field, on one line, and nothing but text to those who read it: no spreadsheet takes it
/// for a formula (OWASP, "CSV Injection"), and no log of GitHub Actions for a command. An apostrophe goes before one
/// that begins like either; numbers stay as they are.
pub(super) fn csv_field(text: &str) -> String {
    let plain = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        c if is_control(c) => REMOVED,
        c => c,
    };
    let mut field: String = text.chars().map(plain).collect();
    let begins = |starts: &[&str]| starts.iter().any(|start| field.trim_start().starts_with(start));
    if (begins(&["=", "+", "-", "@"]) && field.parse::<f64>().is_err()) || begins(&["::"]) {
        field.insert(0, '\'');
    }
    if field.contains([',', '"']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_commas_and_quotes_are_quoted_and_stay_on_their_line() {
        assert_eq!(csv_field("plain"), "plain");
        assert_eq!(csv_field("a,b"), "\"a,b\"");
        assert_eq!(csv_field("say \"hi\"\n"), "\"say \"\"hi\"\" \"");
        assert_eq!(csv_field("\u{1b}[2J\u{202e}"), "\u{fffd}[2J\u{fffd}");
    }

    #[test]
    fn no_field_is_a_formula() {
        assert_eq!(csv_field("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(csv_field("@SUM(1)"), "'@SUM(1)");
        assert_eq!(csv_field("\t-2+3"), "' -2+3");
        assert_eq!(csv_field("+1-555"), "'+1-555");
        assert_eq!(csv_field("::error::x"), "'::error::x");
        assert_eq!((csv_field("-0.5"), csv_field("1e-3")), ("-0.5".to_owned(), "1e-3".to_owned()));
    }
}

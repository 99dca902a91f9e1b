//! Distinguishes SQL that writes from SQL that only reads, by the first words of a statement.

/// Returns true if `statement` needs SQLite's single writer.
///
/// A statement that is not known to read counts as a write: the wrong guess then costs a note, and not a
/// wrong explanation of poor scaling.
pub(super) fn writes(statement: &str) -> bool {
    let mut words = Words { rest: statement, depth: 0 };
    match words.next().as_deref() {
        Some("SELECT" | "VALUES" | "PRAGMA" | "EXPLAIN") => false,
        Some("WITH") => {
            let verb = words.find(|w| {
                matches!(w.as_str(), "SELECT" | "VALUES" | "INSERT" | "REPLACE" | "UPDATE" | "DELETE")
            });
            !matches!(verb.as_deref(), Some("SELECT" | "VALUES"))
        }
        _ => true,
    }
}

/// The bare words outside parentheses, quotes and comments, in capitals.
struct Words<'a> {
    rest: &'a str,
    depth: usize,
}

impl Iterator for Words<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            let first = self.rest.chars().next()?;
            let length = token_length(self.rest, first);
            let (token, rest) = self.rest.split_at(length);
            self.rest = rest;
            match first {
                '(' => self.depth += 1,
                ')' => self.depth = self.depth.saturating_sub(1),
                _ if self.depth == 0 && is_word(first) => return Some(token.to_ascii_uppercase()),
                _ => {}
            }
        }
    }
}

/// Bytes of the token at the start of `text`, which starts with `first`.
fn token_length(text: &str, first: char) -> usize {
    let until =
        |end: &str, from: usize| text[from..].find(end).map_or(text.len(), |at| from + at + end.len());
    match first {
        '\'' | '"' | '`' => until(first.encode_utf8(&mut [0; 4]), 1),
        '[' => until("]", 1),
        '-' if text.starts_with("--") => until("\n", 2),
        '/' if text.starts_with("/*") => until("*/", 2),
        c if is_word(c) => text.find(|c| !is_word(c)).unwrap_or(text.len()),
        c => c.len_utf8(),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_read_do_not_write() {
        for statement in [
            "SELECT * FROM t",
            "  select 1",
            "-- a note; INSERT\nSELECT 1",
            "/* DELETE */ VALUES (1)",
            "PRAGMA user_version",
            "EXPLAIN INSERT INTO t VALUES (1)",
            "WITH a AS (SELECT 1), b AS (SELECT 2) SELECT * FROM a",
            "with \"insert\" as (select ')') select 1",
        ] {
            assert!(!writes(statement), "{statement}");
        }
    }

    #[test]
    fn everything_else_does() {
        for statement in [
            "INSERT INTO t VALUES (?1)",
            "update t set a = 1",
            "CREATE TABLE t (a)",
            "BEGIN",
            "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a",
            "WITH a AS (SELECT 'it''s (' ) DELETE FROM t",
            "WITH unfinished",
            "",
            "'",
        ] {
            assert!(writes(statement), "{statement}");
        }
    }
}

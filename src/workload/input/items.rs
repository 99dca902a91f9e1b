//! Items from a file or from standard input: one per line.

use std::io::{self, BufRead};
use std::path::Path;

use crate::diagnostics::Code;
use crate::host::bounded_read::{read_at_most, read_file_at_most};
use crate::workload::input::input_error::InputError;
use crate::workload::item::Items;

/// Longest list of items, in bytes: every process of a batch may hold it in memory.
const MAX_ITEMS_BYTES: u64 = 256 << 20;

/// Reads items from the file `path`, or from `stdin` if `path` is `-`.
///
/// Lines end in LF or CRLF. Blank lines are skipped, and so is a byte order mark.
///
/// # Errors
///
/// `E-WORKLOAD-005` if there is no such file, it has no items, or it is not UTF-8.
pub(crate) fn read_items(path: &str, stdin: impl BufRead) -> Result<Items, InputError> {
    let items = if path == "-" {
        read_at_most(stdin, MAX_ITEMS_BYTES).map_err(Unreadable::Io).and_then(parse)
    } else {
        read_items_file(Path::new(path))
    };
    let name = if path == "-" { "standard input".to_owned() } else { format!("items file '{path}'") };
    items.map_err(|why| InputError::new(Code::WorkloadItems, why.message_for(&name)))
}

/// Reads items from a file.
pub(super) fn read_items_file(path: &Path) -> Result<Items, Unreadable> {
    read_file_at_most(path, MAX_ITEMS_BYTES).map_err(Unreadable::Io).and_then(parse)
}

/// The reasons why a file has no items.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// The file cannot be read.
    Io(io::Error),
    /// The line with this number is not UTF-8.
    NotUtf8(usize),
    /// The file is empty.
    Empty,
}

impl Unreadable {
    /// Returns the reason as a fragment about the file `name`.
    pub(super) fn message_for(&self, name: &str) -> String {
        match self {
            Unreadable::Io(error) => format!("{name} cannot be read: {error}"),
            Unreadable::NotUtf8(line) => format!("{name} is not UTF-8 in line {line}"),
            Unreadable::Empty => format!("{name} has no items"),
        }
    }
}

fn parse(bytes: Vec<u8>) -> Result<Items, Unreadable> {
    let text = str::from_utf8(&bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        Unreadable::NotUtf8(before.iter().filter(|byte| **byte == b'\n').count() + 1)
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let list: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
    if list.is_empty() { Err(Unreadable::Empty) } else { Ok(Items::List(list)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_stdin(bytes: &[u8]) -> Result<Items, InputError> {
        read_items("-", bytes)
    }

    #[test]
    fn lines_end_in_lf_or_crlf_and_blank_ones_are_skipped() {
        let items = from_stdin(b"\xef\xbb\xbfa b\r\n\r\n  \nc").expect("two items");
        assert_eq!(items, Items::List(vec!["a b".into(), "c".into()]));
    }

    #[test]
    fn input_without_items_is_an_error() {
        let error = from_stdin(b" \n\r\n").expect_err("nothing in it");
        assert_eq!(
            (error.code, error.to_string().as_str()),
            (Code::WorkloadItems, "standard input has no items")
        );
    }

    #[test]
    fn the_line_that_is_not_utf8_is_named() {
        let error = from_stdin(b"a\nb\nc\xff\n").expect_err("not UTF-8");
        assert_eq!(error.to_string(), "standard input is not UTF-8 in line 3");
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read_items("no/such/list.txt", io::empty()).expect_err("no file");
        assert_eq!(error.code, Code::WorkloadItems);
        assert!(error.to_string().starts_with("items file 'no/such/list.txt' cannot be read: "), "{error}");
    }

    #[test]
    fn a_file_is_read_when_named() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), "x\ny\n").expect("written");
        let path = file.path().to_str().expect("a path in UTF-8");
        assert_eq!(read_items(path, io::empty()), Ok(Items::List(vec!["x".into(), "y".into()])));
    }
}

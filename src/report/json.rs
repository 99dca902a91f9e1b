//! JSON: one document, pretty, with a line break at its end.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::characters::is_control;
use crate::report::worded::{Worded, to_value};

/// Writes `document` with its sentences.
///
/// # Errors
///
/// The error of `writer`; a closed pipe keeps its kind.
pub(crate) fn to_writer(mut writer: impl Write, document: &impl Worded) -> io::Result<()> {
    let text = serde_json::to_string_pretty(&to_value(document)?)?;
    writer.write_all(escape_controls(&text).as_bytes())?;
    writer.write_all(b"\n")?;
    writer.flush()
}

/// Escapes the characters of strings that control what shows them and that JSON (RFC 8259) would allow as they are:
/// a document may be read on a terminal.
pub(crate) fn escape_controls(json: &str) -> Cow<'_, str> {
    let is_bad = |c: char| c != '\n' && is_control(c);
    if !json.contains(is_bad) {
        return Cow::Borrowed(json);
    }
    // All of them are in the basic plane, so that four digits are enough.
    let escaped = |c: char| if is_bad(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    Cow::Owned(json.chars().map(escaped).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_document_uses_the_words_of_the_contract() {
        let mut bytes = Vec::new();
        to_writer(&mut bytes, &example::advise()).unwrap();
        assert!(bytes.ends_with(b"}\n"));
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(value["schema_version"], 2);
        assert_eq!(value["command"], "advise");
        assert_eq!(value["workload"]["runtime"], "native");
        assert_eq!(value["profile"]["class"], "io-bound");
        assert_eq!(value["cells"][0]["strategy"], "sequential");
        assert_eq!(value["cells"][0]["status"], "ok");
        assert_eq!(value["model"]["usl"]["status"], "fitted");
        assert_eq!(value["recommendation"]["agrees"], "yes");
        assert_eq!(value["warnings"][0]["code"], "W-RUN-001");
    }

    #[test]
    fn a_closed_pipe_is_told_as_one() {
        let error = to_writer(Closed, &example::advise()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}

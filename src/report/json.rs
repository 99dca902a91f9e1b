//! JSON: one document, pretty, with a line break at its end.

use std::io::{self, Write};

use serde::Serialize;

/// Writes `document`, a [`Report`](crate::report::Report), a
/// [`BenchReport`](crate::report::BenchReport) or a [`Document`](crate::report::Document).
///
/// # Errors
///
/// What `writer` returns; a closed pipe keeps its kind.
pub fn to_writer(mut writer: impl Write, document: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut writer, document)?;
    writer.write_all(b"\n")?;
    writer.flush()
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
        assert_eq!(value["schema_version"], 1);
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

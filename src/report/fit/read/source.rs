//! The text of a file, and errors in it.

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostics::Code;
use crate::workload::input::{InputError, SourceSpan};

/// A file to read.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// The file as the user named it.
    pub(super) name: Arc<str>,
    /// All of its text.
    pub(super) text: Arc<str>,
}

impl Source {
    /// Decodes the bytes of a file.
    ///
    /// # Errors
    /// `E-FIT-001` if they are not UTF-8, with the line.
    pub(super) fn new(name: &str, bytes: Vec<u8>) -> Result<Self, InputError> {
        let text = String::from_utf8(bytes).map_err(|error| {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            InputError::new(Code::FitData, format!("{name} is not UTF-8 in line {line}"))
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text).into();
        Ok(Source { name: name.into(), text })
    }

    /// Makes an error about some bytes of the text.
    pub(super) fn error(&self, span: Range<usize>, message: impl Into<String>) -> InputError {
        let place = SourceSpan::new(Arc::clone(&self.name), Arc::clone(&self.text), span);
        InputError { place: Some(place), ..InputError::new(Code::FitData, message) }
    }

    /// Makes an error about the JSON of the text; `offset` is where the JSON begins.
    pub(super) fn json_error(&self, error: &serde_json::Error) -> InputError {
        let (name, text) = (Arc::clone(&self.name), Arc::clone(&self.text));
        let message = format!("not valid JSON: {}", SourceSpan::reason_of_json_error(error));
        let place = Some(SourceSpan::of_json_error(name, text, error));
        InputError { place, ..InputError::new(Code::FitData, message) }
    }

    /// Returns the lines, each with the byte that it starts at and without its end.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut start = 0;
        self.text.split_inclusive('\n').map(move |line| {
            let at = start;
            start += line.len();
            (at, line.trim_end_matches(['\n', '\r']))
        })
    }
}

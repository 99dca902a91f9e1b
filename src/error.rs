//! The one error of the library: a code, a message, and where known a source and a place.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::diagnostics::Code;

/// A result whose error is an [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// The reason why something failed.
///
/// Errors cross process boundaries by `serde`, which drops the source. Two errors are equal if a reader
/// cannot distinguish them: equality ignores the source.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Error {
    /// The entry of the catalogue, which scripts match on.
    pub code: Code,
    /// The failure in words: a lowercase fragment that fits after "error: ".
    ///
    /// Messages of tasks do not name the item, so that equal failures can be counted together.
    pub message: String,
    /// The error that caused this one.
    #[serde(skip)]
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    /// The line of the user's code that failed; boxed because tasks return errors by value.
    pub place: Option<Box<Place>>,
}

/// A line of source code.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The path of the file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The function that contains the line.
    pub function: String,
}

impl fmt::Display for Place {
    /// Writes the file without its directory, as in `tasks.py:12 in fetch`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Path::new(&self.file).file_name().unwrap_or_default();
        write!(f, "{}:{} in {}", name.to_string_lossy(), self.line, self.function)
    }
}

impl Error {
    /// Makes an error without a source or a place.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Error { code, message: message.into(), source: None, place: None }
    }

    /// Makes an error from another error: `doing` says what failed, the source says why.
    pub fn from_source(
        code: Code,
        doing: impl fmt::Display,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        let message = format!("{doing}: {source}");
        Error { source: Some(Arc::new(source)), ..Error::new(code, message) }
    }

    /// Makes an error from an I/O error; running out of a resource has a code of its own.
    ///
    /// The code is `otherwise` unless the operating system ran out of descriptors, processes, buffers or
    /// memory.
    pub fn from_io(otherwise: Code, doing: &str, error: &std::io::Error) -> Self {
        let exhausted = matches!(
            error.raw_os_error(),
            Some(libc::EMFILE | libc::ENFILE | libc::EAGAIN | libc::ENOMEM | libc::ENOBUFS)
        );
        let code = if exhausted { Code::AsyncExhausted } else { otherwise };
        Error::new(code, format!("{doing}: {error}"))
    }

    /// Makes the error of a task that reached its deadline.
    pub fn timed_out() -> Self {
        Error::new(Code::TaskTimeout, "timed out")
    }

    /// Returns true if the task reached its deadline.
    pub fn is_timeout(&self) -> bool {
        self.code == Code::TaskTimeout
    }

    /// Puts `context` before the message, as in "the profile: no answer within 5.0 s".
    #[must_use]
    pub fn context(self, context: impl fmt::Display) -> Self {
        Error { message: format!("{context}: {}", self.message), ..self }
    }

    /// Returns the error with the place where it happened.
    #[must_use]
    pub fn at(self, place: Option<Place>) -> Self {
        Error { place: place.map(Box::new), ..self }
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code && self.message == other.message && self.place == other.place
    }
}

impl Eq for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io;

    use super::*;

    #[test]
    fn an_error_keeps_its_cause_and_equality_ignores_it() {
        let cause = io::Error::other("disk on fire");
        let error = Error::from_source(Code::TaskIo, "cannot read 'a'", cause);
        assert_eq!(error.to_string(), "cannot read 'a': disk on fire");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("disk on fire"));
        assert_eq!(error, Error::new(Code::TaskIo, "cannot read 'a': disk on fire"));
    }

    #[test]
    fn an_error_survives_json_without_its_cause() {
        let place = Place { file: "/srv/tasks.py".into(), line: 7, function: "fetch".into() };
        let error =
            Error::from_source(Code::TaskIo, "read", io::Error::other("gone")).at(Some(place.clone()));
        let json = serde_json::to_string(&error).expect("serialisable");
        let back: Error = serde_json::from_str(&json).expect("readable");
        assert_eq!(back, error);
        assert!(back.source().is_none());
        assert_eq!(place.to_string(), "tasks.py:7 in fetch");
    }

    #[test]
    fn running_out_of_descriptors_has_a_code_of_its_own() {
        let exhausted = io::Error::from_raw_os_error(libc::EMFILE);
        assert_eq!(Error::from_io(Code::TaskNetwork, "connect", &exhausted).code, Code::AsyncExhausted);
        let refused = io::Error::from_raw_os_error(libc::ECONNREFUSED);
        assert_eq!(Error::from_io(Code::TaskNetwork, "connect", &refused).code, Code::TaskNetwork);
    }
}

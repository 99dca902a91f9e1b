//! The ways in which a command fails, and the messages shown to the user.

use std::io;

use crate::diagnostics::Code;
use crate::error::{Error, ExitStatus};
use crate::workload::input::{InputError, InputErrors};

/// The reason why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments contradict each other or mean nothing.
    Usage(String),
    /// A file that the user wrote is wrong.
    Input(InputErrors),
    /// The request cannot be carried out, or the run failed; the code decides the exit status.
    Coded(Error),
    /// A file or a stream could not be read or written: the attempt in words, and the cause.
    Io(String, io::Error),
    /// The user interrupted the command before there was a result.
    Interrupted,
}

impl From<InputErrors> for Failure {
    fn from(errors: InputErrors) -> Self {
        Failure::Input(errors)
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        Failure::Input(error.into())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if error.is_interrupted() { Failure::Interrupted } else { Failure::Coded(error) }
    }
}

impl Failure {
    /// Makes a failure with a code.
    pub(crate) fn coded(code: Code, message: impl Into<String>) -> Self {
        Failure::Coded(Error::new(code, message))
    }

    /// Returns a function that makes a failure from an I/O error met while `doing`.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Failure {
        let doing = doing.into();
        move |error| Failure::Io(doing, error)
    }

    /// Returns the text to show the user; `None` if there is nobody to show it to.
    pub(crate) fn text(&self) -> Option<String> {
        Some(match self {
            // The reader of the output has closed it, which is no failure.
            Failure::Io(_, error) if error.kind() == io::ErrorKind::BrokenPipe => return None,
            Failure::Usage(message) => format!("error: {message}"),
            Failure::Input(errors) => errors.render(true),
            Failure::Coded(error) => coded(error),
            Failure::Io(doing, error) => format!("error: {doing}: {error}"),
            Failure::Interrupted => "interrupted".to_owned(),
        })
    }

    /// Returns the failure as an entry of a report.
    pub(crate) fn describe(&self) -> (Option<Code>, String) {
        match self {
            Failure::Usage(message) => (None, message.clone()),
            Failure::Input(errors) => (Some(errors.first().code), errors.to_string()),
            Failure::Coded(error) => (Some(error.code), error.message.clone()),
            Failure::Io(doing, error) => (None, format!("{doing}: {error}")),
            Failure::Interrupted => (Some(Code::NoteInterrupted), "interrupted".to_owned()),
        }
    }

    /// Returns the exit status.
    pub(crate) fn exit_status(&self) -> ExitStatus {
        match self {
            Failure::Usage(_) | Failure::Input(_) => ExitStatus::Usage,
            Failure::Coded(error) => error.code.exit_status(),
            Failure::Io(_, error) if error.kind() == io::ErrorKind::BrokenPipe => ExitStatus::Done,
            Failure::Io(..) => ExitStatus::Failed,
            Failure::Interrupted => ExitStatus::Interrupted,
        }
    }
}

fn coded(error: &Error) -> String {
    let Error { code, message, .. } = error;
    let entry = code.entry();
    format!("error[{code}]: {message}\n  {}: {}\n  remedy: {}", entry.title, entry.cause, entry.remedy)
}

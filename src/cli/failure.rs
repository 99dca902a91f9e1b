//! How a command fails, and the exit code that says so.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::diagnostics::Code;
use crate::study::StudyError;
use crate::workload::input::{InputError, InputErrors};

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The request makes no sense; exit code 2.
    Usage(String),
    /// The workload is described wrongly; exit code 2.
    Input(InputErrors),
    /// What was asked for cannot be done here; exit code 2.
    Refused(Code, String),
    /// The run failed; exit code 1.
    Run(Code, String),
    /// Something could not be read or written; exit code 1.
    Io(String, io::Error),
    /// The user interrupted it before there was anything to show; exit code 130.
    Interrupted,
}

/// The exit code of a run that the user interrupted: 128 and the number of SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;

impl From<StudyError> for Failure {
    fn from(error: StudyError) -> Self {
        match error {
            StudyError::Refused(error) => Failure::Refused(error.code, error.message),
            StudyError::Failed(error) => Failure::Run(error.code, error.message),
            StudyError::Interrupted => Failure::Interrupted,
        }
    }
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

impl Failure {
    /// Something could not be read or written.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Failure {
        let doing = doing.into();
        move |error| Failure::Io(doing, error)
    }

    /// The failure as that of one workload among several.
    pub(crate) fn of(self, workload: &str) -> Self {
        let named = |message| format!("{workload}: {message}");
        match self {
            Failure::Refused(code, message) => Failure::Refused(code, named(message)),
            Failure::Run(code, message) => Failure::Run(code, named(message)),
            other => other,
        }
    }

    /// Tells the user on standard error and gives the exit code.
    pub(crate) fn tell(&self) -> ExitCode {
        let text = match self {
            // The reader of the output has left, which is its right.
            Failure::Io(_, error) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
            Failure::Usage(message) => format!("error: {message}"),
            Failure::Input(errors) => errors.render(true),
            Failure::Refused(code, message) | Failure::Run(code, message) => coded(*code, message),
            Failure::Io(doing, error) => format!("error: {doing}: {error}"),
            Failure::Interrupted => "interrupted".to_owned(),
        };
        // Where even this cannot be said there is nobody left to hear it.
        let _ = writeln!(anstream::stderr(), "{}", text.trim_end());
        ExitCode::from(self.exit_code())
    }

    /// The failure as an entry of a report.
    pub(crate) fn describe(&self) -> (Option<Code>, String) {
        match self {
            Failure::Usage(message) => (None, message.clone()),
            Failure::Input(errors) => (Some(errors.first().code), errors.to_string()),
            Failure::Refused(code, message) | Failure::Run(code, message) => (Some(*code), message.clone()),
            Failure::Io(doing, error) => (None, format!("{doing}: {error}")),
            Failure::Interrupted => (Some(Code::NoteInterrupted), "interrupted".to_owned()),
        }
    }

    fn exit_code(&self) -> u8 {
        match self {
            Failure::Usage(_) | Failure::Input(_) | Failure::Refused(..) => 2,
            Failure::Run(..) | Failure::Io(..) => 1,
            Failure::Interrupted => INTERRUPTED,
        }
    }
}

fn coded(code: Code, message: &str) -> String {
    let entry = code.entry();
    format!("error[{code}]: {message}\n  {}: {}\n  remedy: {}", entry.title, entry.cause, entry.remedy)
}

//! The ways in which a command fails, and the messages shown to the user.

use std::io;

use crate::cli::say::Colours;
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

    /// Returns the text to show the user of a command.
    pub(crate) fn text(&self, under: FailedCommand) -> String {
        match self {
            Failure::Usage(message) => format!("error: {message}"),
            Failure::Input(errors) => errors.render(true),
            Failure::Coded(error) => coded(error, under),
            Failure::Io(doing, error) => format!("error: {doing}: {error}"),
            Failure::Interrupted => "interrupted".to_owned(),
        }
    }

    /// Returns the origin of the colours in the text: what is shown of a file is coloured, and has no others.
    pub(crate) fn colours(&self) -> Colours {
        if matches!(self, Failure::Input(_)) { Colours::Own } else { Colours::None }
    }

    /// Returns the failure with the name of the workload that failed.
    pub(crate) fn of_workload(self, name: &str) -> Self {
        match self {
            Failure::Coded(error) => Failure::Coded(error.context(name)),
            // Names its file.
            other => other,
        }
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
            Failure::Io(..) => ExitStatus::Failed,
            Failure::Interrupted => ExitStatus::Interrupted,
        }
    }
}

/// The command that failed, as far as remedies differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailedCommand {
    /// `conc check`, whose limit on a task is `--timeout`.
    Check,
    /// `conc profile`, which has no budget.
    Profile,
    /// Any other.
    Other,
}

fn coded(error: &Error, under: FailedCommand) -> String {
    let Error { code, message, .. } = error;
    let (entry, remedy) = (code.entry(), remedy(*code, under));
    // A message from another process may begin with its code.
    let message = message.strip_prefix(&format!("{code}: ")).unwrap_or(message);
    format!("error[{code}]: {message}\n  {}: {}\n  remedy: {remedy}", entry.title, entry.cause)
}

/// Returns the remedy in terms of the options that the command has.
fn remedy(code: Code, under: FailedCommand) -> &'static str {
    match (code, under) {
        (Code::PoolHung, FailedCommand::Check) => {
            "See what the line that the message names waits for, or give tasks more time with --timeout."
        }
        (Code::PoolHung, FailedCommand::Profile) => {
            "See what the line that the message names waits for, or set a timeout per task under [limits]."
        }
        (Code::TaskTimeout, FailedCommand::Check | FailedCommand::Profile) => {
            "Raise the timeout under [limits]."
        }
        (Code::HostMemory, FailedCommand::Check | FailedCommand::Profile) => {
            "Raise the limit under [limits]."
        }
        _ => code.entry().remedy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_said_once() {
        let told = Failure::coded(Code::PythonCallable, "E-PYTHON-003: no such callable");
        let told = told.text(FailedCommand::Other);
        assert!(told.starts_with("error[E-PYTHON-003]: no such callable\n"), "{told}");
    }

    #[test]
    fn a_remedy_names_only_options_that_the_command_has() {
        let text = |code, under| Failure::coded(code, "it hangs").text(under);
        assert!(text(Code::PoolHung, FailedCommand::Other).contains("--budget"));
        assert!(text(Code::PoolHung, FailedCommand::Check).contains("--timeout"));
        for under in [FailedCommand::Check, FailedCommand::Profile] {
            for code in [Code::PoolHung, Code::TaskTimeout, Code::HostMemory] {
                let told = text(code, under);
                assert!(!told.contains("--budget") && !told.contains("width"), "{told}");
            }
        }
    }
}

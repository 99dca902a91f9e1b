//! The one error of the library, and the exit status that it leads to.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::diagnostics::Code;

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
    /// The exit status of the command that failed; 128 and more are signals.
    pub exit_status: Option<i32>,
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
        Error { code, message: message.into(), source: None, place: None, exit_status: None }
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

    /// Makes an error from an I/O error of starting a process or making what belongs to it, such as a file in the
    /// directory for temporary files.
    pub fn cannot_start(doing: impl fmt::Display, error: std::io::Error) -> Self {
        Error::from_source(Error::code_of_start(&error), doing, error)
    }

    /// Returns the code of an I/O error of starting a process: a lack of processes, of descriptors and of room
    /// for files have different remedies.
    pub(crate) fn code_of_start(error: &std::io::Error) -> Code {
        use std::io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        match (error.kind(), error.raw_os_error()) {
            (StorageFull | QuotaExceeded | ReadOnlyFilesystem, _) => Code::HostTemporary,
            (_, Some(libc::EMFILE | libc::ENFILE)) => Code::AsyncExhausted,
            _ => Code::HostSpawn,
        }
    }

    /// Makes the error of a task that reached its deadline.
    pub fn timed_out() -> Self {
        Error::new(Code::TaskTimeout, "timed out")
    }

    /// Returns true if the task reached its deadline.
    pub fn is_timeout(&self) -> bool {
        self.code == Code::TaskTimeout
    }

    /// Makes the error of a run that the user interrupted before there was a result.
    pub fn interrupted() -> Self {
        Error::new(Code::NoteInterrupted, "interrupted")
    }

    /// Returns true if the user interrupted the run before there was a result.
    pub fn is_interrupted(&self) -> bool {
        self.code == Code::NoteInterrupted
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

/// The ways in which the program ends, each with the number that a shell sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitStatus {
    /// The command did what it was asked to.
    Done,
    /// The run failed, or a check found a fault.
    Failed,
    /// The request cannot be carried out as it was written.
    Usage,
    /// A gate found a regression or changed advice.
    Regressed,
    /// A strict gate could not decide.
    Inconclusive,
    /// The user interrupted the run.
    Interrupted,
}

impl ExitStatus {
    /// Every exit status, in the order of the numbers.
    pub const ALL: [ExitStatus; 6] = [
        ExitStatus::Done,
        ExitStatus::Failed,
        ExitStatus::Usage,
        ExitStatus::Regressed,
        ExitStatus::Inconclusive,
        ExitStatus::Interrupted,
    ];

    /// Returns the number that the program exits with; an interrupt is 128 plus the number of SIGINT.
    pub fn number(self) -> u8 {
        match self {
            ExitStatus::Done => 0,
            ExitStatus::Failed => 1,
            ExitStatus::Usage => 2,
            ExitStatus::Regressed => 3,
            ExitStatus::Inconclusive => 4,
            ExitStatus::Interrupted => 130,
        }
    }

    /// Returns the meaning in one line, as `--help` and the documentation show it.
    pub fn meaning(self) -> &'static str {
        match self {
            ExitStatus::Done => "done",
            ExitStatus::Failed => "the run failed (workload, worker or machine), or `check` found a fault",
            ExitStatus::Usage => "bad usage, or an invalid workload file or baseline",
            ExitStatus::Regressed => {
                "a regression with --fail-on-regression, changed advice with --fail-on-advice-change"
            }
            ExitStatus::Inconclusive => "the comparison could not decide, with --strict",
            ExitStatus::Interrupted => "interrupted; the results so far are shown",
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        ExitCode::from(status.number())
    }
}

impl Code {
    /// Returns the exit status of a command that ends with an error of this code.
    ///
    /// A request that cannot work as written is bad usage; everything else is a failed run.
    pub fn exit_status(self) -> ExitStatus {
        match self {
            Code::WorkloadSyntax
            | Code::WorkloadKey
            | Code::WorkloadValue
            | Code::WorkloadMetric
            | Code::WorkloadEmpty
            | Code::WorkloadItems
            | Code::WorkloadRemote
            | Code::WorkloadAccess
            | Code::WorkloadNotFound
            | Code::WorkloadUnsupported
            | Code::WorkloadCommand
            | Code::PythonInterpreter
            | Code::PythonImport
            | Code::PythonCallable
            | Code::EngineMissing
            | Code::EngineUnfit
            | Code::FitData
            | Code::GateResults
            | Code::GateOtherMachine
            | Code::GateReference
            | Code::HostLimit
            | Code::HostProcess => ExitStatus::Usage,
            Code::NoteInterrupted => ExitStatus::Interrupted,
            _ => ExitStatus::Failed,
        }
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
    fn what_the_user_can_correct_is_usage_and_what_ran_is_a_failure() {
        assert_eq!(Code::WorkloadKey.exit_status(), ExitStatus::Usage);
        assert_eq!(Code::PythonImport.exit_status(), ExitStatus::Usage);
        assert_eq!(Code::PoolWorkerDied.exit_status(), ExitStatus::Failed);
        assert_eq!(Code::NoteInterrupted.exit_status(), ExitStatus::Interrupted);
    }

    #[test]
    fn running_out_of_descriptors_has_a_code_of_its_own() {
        let exhausted = io::Error::from_raw_os_error(libc::EMFILE);
        assert_eq!(Error::from_io(Code::TaskNetwork, "connect", &exhausted).code, Code::AsyncExhausted);
        let refused = io::Error::from_raw_os_error(libc::ECONNREFUSED);
        assert_eq!(Error::from_io(Code::TaskNetwork, "connect", &refused).code, Code::TaskNetwork);
    }

    #[test]
    fn a_full_directory_is_no_lack_of_processes() {
        let code = |errno| Error::cannot_start("start", io::Error::from_raw_os_error(errno)).code;
        assert_eq!(code(libc::ENOSPC), Code::HostTemporary);
        assert_eq!(code(libc::EROFS), Code::HostTemporary);
        assert_eq!(code(libc::EMFILE), Code::AsyncExhausted);
        assert_eq!(code(libc::EAGAIN), Code::HostSpawn);
    }
}

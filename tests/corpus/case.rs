//! A real program, and what is known of it.

use std::path::Path;

use conc::internal::{Class, PollingCause};

/// A program and its known properties.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The program that is profiled.
    pub(crate) subject: Subject,
    /// Expected classes; two if the class depends on the disk of the machine, none if the program shows too little.
    pub(crate) classes: &'static [Class],
    /// Expected main waits, if the program is I/O-bound.
    pub(crate) waits: &'static [&'static str],
    /// Codes of what may be unknown about it, besides those that may be of any program.
    unknown: &'static [&'static str],
    /// Programs that it runs besides the first word of a command; those with a slash are built by the sandbox.
    needs: &'static [&'static str],
    /// What it polls for, if a part of its CPU time has to be told as polling.
    pub(crate) polls: Option<PollingCause>,
    /// Longest time of the profile.
    pub(crate) time: &'static str,
    /// True if it hardly computes, so that several can be profiled side by side.
    pub(crate) is_quiet: bool,
}

/// What is profiled.
pub(crate) enum Subject {
    /// A command.
    Command(Vec<&'static str>),
    /// A process that runs already: the line for a shell starts it and prints its number as soon as it is
    /// ready.
    Process(&'static str),
}

/// Profile time that is enough for a confident class.
const TIME: &str = "1300ms";

/// Time of a profile of a program that takes a while to start.
pub(crate) const LONGER: &str = "3s";

/// Profile time that is enough for a command that ends by itself, however loaded the machine is.
pub(crate) const TO_ITS_END: &str = "20s";

/// What may be unknown of any program: which short processes it started with, as an interpreter's own script
/// does.
const OF_ANY: &[&str] = &["short-processes"];

/// What may be unknown of a program that computes.
const OF_COMPUTING: &[&str] = &["memory-stalls"];

impl Case {
    fn new(
        name: &'static str,
        classes: &'static [Class],
        waits: &'static [&'static str],
        subject: Subject,
    ) -> Self {
        let is_io = classes == [Class::IoBound];
        let unknown = if is_io { &[] } else { OF_COMPUTING };
        Case { name, subject, classes, waits, unknown, needs: &[], polls: None, time: TIME, is_quiet: false }
    }

    /// Sets the programs that are needed besides the first word.
    pub(crate) fn needs(self, needs: &'static [&'static str]) -> Self {
        Case { needs, ..self }
    }

    /// Sets the longest time of the profile.
    pub(crate) fn lasts(self, time: &'static str) -> Self {
        Case { time, ..self }
    }

    /// Sets the codes of what may be unknown.
    pub(crate) fn may_hide(self, unknown: &'static [&'static str]) -> Self {
        Case { unknown, ..self }
    }

    /// Sets what it polls for.
    pub(crate) fn polls(self, cause: PollingCause) -> Self {
        Case { polls: Some(cause), ..self }
    }

    /// Marks a program that hardly computes.
    pub(crate) fn quiet(self) -> Self {
        Case { is_quiet: true, ..self }
    }

    /// Returns true if the program is I/O-bound and its main wait is known.
    pub(crate) fn is_io(&self) -> bool {
        self.classes.contains(&Class::IoBound)
    }

    /// Returns true if something with this code may be unknown.
    pub(crate) fn may_be_unknown(&self, code: &str) -> bool {
        OF_ANY.iter().chain(self.unknown).any(|other| *other == code)
    }

    /// Returns the first program that is not there; `folder` is that of the sandbox.
    pub(crate) fn missing(&self, folder: &Path) -> Option<&'static str> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let is_there = |program: &str| {
            if program.contains('/') {
                return folder.join(program).is_file();
            }
            std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
        };
        let first = match &self.subject {
            Subject::Command(argv) => &argv[..1],
            Subject::Process(_) => &[],
        };
        first.iter().chain(self.needs).copied().find(|program| !is_there(program))
    }
}

/// A command, by its words.
pub(crate) fn case(
    name: &'static str,
    classes: &'static [Class],
    waits: &'static [&'static str],
    argv: &[&'static str],
) -> Case {
    Case::new(name, classes, waits, Subject::Command(argv.to_vec()))
}

/// A line for a shell.
pub(crate) fn shell(
    name: &'static str,
    classes: &'static [Class],
    waits: &'static [&'static str],
    line: &'static str,
    needs: &'static [&'static str],
) -> Case {
    Case::new(name, classes, waits, Subject::Command(vec!["sh", "-c", line])).needs(needs)
}

/// A running process, by the line for a shell that starts it and prints its number.
pub(crate) fn process(
    name: &'static str,
    classes: &'static [Class],
    waits: &'static [&'static str],
    line: &'static str,
    needs: &'static [&'static str],
) -> Case {
    Case::new(name, classes, waits, Subject::Process(line)).needs(needs)
}

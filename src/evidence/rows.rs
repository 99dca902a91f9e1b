//! The rows of the tables.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A row of any table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum EvidenceRow {
    /// A library call in two threads, with the GIL.
    Gil(GilRow),
    /// A library call in two threads of a free-threaded interpreter, or an import.
    NoGil(NoGilRow),
    /// The workers that a runtime starts in a CPU quota.
    Quota(QuotaRow),
    /// An observation in words.
    Finding(FindingRow),
}

/// What two threads that run the same call do to one another, with the GIL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GilRow {
    /// The library, by its name on PyPI or that of a module of the standard library.
    pub library: String,
    /// Its version.
    pub version: String,
    /// The call.
    pub call: String,
    /// The input of the call: its size or kind.
    pub input: String,
    /// The version of CPython.
    pub python: String,
    /// What the threads do to one another.
    pub verdict: GilVerdict,
    /// CPU seconds of both threads per second; null where it was not measured.
    pub parallelism: Option<f64>,
    /// Calls per second of two threads over those of one; null where it was not measured.
    pub speedup: Option<f64>,
    /// The day of the measurement.
    pub date: String,
    /// The way in which it was measured.
    pub source: String,
}

/// What two threads that run the same call do to one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GilVerdict {
    /// They compute one at a time.
    Holds,
    /// They hand the GIL over so often that they use more CPU time and do no more.
    Thrashes,
    /// They do 1.15 to 1.6 times the work of one.
    Partly,
    /// They do more than 1.6 times the work of one.
    Releases,
    /// One call alone uses more than one CPU.
    Internal,
    /// The library may not be called from two threads.
    Unsafe,
}

impl fmt::Display for GilVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GilVerdict::Holds => "holds",
            GilVerdict::Thrashes => "thrashes",
            GilVerdict::Partly => "partly",
            GilVerdict::Releases => "releases",
            GilVerdict::Internal => "internal",
            GilVerdict::Unsafe => "unsafe",
        })
    }
}

/// What two threads of a free-threaded interpreter do to one another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NoGilRow {
    /// The library, or CPython itself.
    pub library: String,
    /// Its version; empty if there is none for the interpreter.
    pub version: String,
    /// The call, or `import`.
    pub call: String,
    /// The input of the call.
    pub input: String,
    /// The version of the interpreter; `t` is the free-threaded build.
    pub python: String,
    /// `on` if the import switches the GIL on, else `off`; null where nothing could be imported.
    pub gil_after_import: Option<String>,
    /// The verdict with the GIL, in the ordinary build.
    pub with_gil: Option<GilVerdict>,
    /// The verdict without it.
    pub without_gil: Option<GilVerdict>,
    /// Calls per second of two threads over those of one.
    pub speedup: Option<f64>,
    /// What else was seen.
    pub note: String,
    /// The day of the measurement.
    pub date: String,
    /// The way in which it was measured.
    pub source: String,
}

/// The number of workers, or of CPUs, that a runtime chooses by itself on a machine with two CPUs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct QuotaRow {
    /// The runtime or program.
    pub runtime: String,
    /// Its version.
    pub version: String,
    /// The call or option whose result is shown.
    pub call: String,
    /// Without a quota.
    pub no_quota: String,
    /// In a container with a quota of 0.5 CPUs.
    pub container_half: String,
    /// In a container with a quota of 1.5 CPUs.
    pub container_one_and_half: String,
    /// In a control group of the host with a quota of 0.5 CPUs.
    pub host_half: String,
    /// In a control group of the host with a quota of 1.5 CPUs.
    pub host_one_and_half: String,
    /// The rule that explains the numbers.
    pub rule: String,
    /// The day of the measurement.
    pub date: String,
    /// The way in which it was measured.
    pub source: String,
}

/// An observation in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FindingRow {
    /// What was looked at.
    pub subject: String,
    /// The version in which it was seen.
    pub version: String,
    /// What was seen.
    pub finding: String,
    /// The day of the observation.
    pub date: String,
    /// The way in which it was seen.
    pub source: String,
}

impl EvidenceRow {
    /// Returns the texts of the row in which a reader may look for a word; the first is what it is about.
    pub(super) fn texts(&self) -> Vec<&str> {
        match self {
            EvidenceRow::Gil(row) => vec![&row.library, &row.version, &row.call, &row.input],
            EvidenceRow::NoGil(row) => vec![&row.library, &row.version, &row.call, &row.input, &row.note],
            EvidenceRow::Quota(row) => vec![&row.runtime, &row.version, &row.call, &row.rule],
            EvidenceRow::Finding(row) => vec![&row.subject, &row.version, &row.finding],
        }
    }

    /// Returns the verdict with the GIL, if the row has one.
    pub(super) fn verdict(&self) -> Option<GilVerdict> {
        match self {
            EvidenceRow::Gil(row) => Some(row.verdict),
            EvidenceRow::NoGil(row) => row.without_gil,
            _ => None,
        }
    }
}

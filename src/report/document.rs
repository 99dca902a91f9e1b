//! The document that every command prints, and that scripts read.

use serde::{Deserialize, Serialize};

use crate::advice::verdict::Basis;
use crate::advice::{Model, Recommendation};
use crate::benchmark::{ConfigurationResult, Series};
use crate::diagnostics::Code;
use crate::gate::GateReport;
use crate::host::Host;
use crate::profile::Profile;
use crate::report::check::CheckReport;
pub use crate::report::command::{CommandName, SCHEMA_VERSION};
use crate::report::fit::{FitReport, FitResults};
use crate::workload::spec::{Workload, WorkloadSource};

/// What is known of one workload. What a command does not know is null or empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Report {
    /// The version of this shape.
    pub schema_version: u32,
    /// The version of `conc` that wrote it.
    pub conc_version: String,
    /// The command that was run.
    pub command: CommandName,
    /// The machine it ran on.
    pub host: Host,
    /// What was run.
    pub workload: WorkloadSummary,
    /// What one task costs.
    pub profile: Option<Profile>,
    /// Every cell considered.
    pub cells: Vec<ConfigurationResult>,
    /// Laws fitted to the cells.
    pub model: Option<Model>,
    /// What to do.
    pub recommendation: Option<Recommendation>,
    /// The cell that is compared with other runs, of `bench`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<Series>,
    /// How it compares with another run, of `bench` where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateReport>,
    /// What to know before any of it is trusted.
    pub warnings: Vec<Warning>,
}

impl Report {
    /// A report about `workload` that knows nothing yet.
    pub fn new(command: CommandName, host: Host, workload: WorkloadSummary) -> Self {
        Report {
            schema_version: SCHEMA_VERSION,
            conc_version: env!("CARGO_PKG_VERSION").to_owned(),
            command,
            host,
            workload,
            profile: None,
            cells: Vec::new(),
            model: None,
            recommendation: None,
            series: None,
            gate: None,
            warnings: Vec::new(),
        }
    }

    /// Whether nothing was run but the profile.
    pub fn is_prediction(&self) -> bool {
        self.recommendation.as_ref().is_some_and(|r| r.basis == Basis::Predicted)
    }

    /// Whether `result` is that of the recommended cell.
    pub fn is_recommended(&self, result: &ConfigurationResult) -> bool {
        self.recommendation.as_ref().is_some_and(|recommendation| recommendation.cell() == result.cell)
    }
}

/// What `bench` prints: a report for each workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BenchReport {
    /// The version of this shape.
    pub schema_version: u32,
    /// The version of `conc` that wrote it.
    pub conc_version: String,
    /// The command that was run.
    pub command: CommandName,
    /// The machine it ran on.
    pub host: Host,
    /// A report for each workload, in the order given.
    pub results: Vec<Report>,
    /// Workloads that could not be run or measured.
    #[serde(default)]
    pub failed: Vec<FailedWorkload>,
}

/// A workload that gave no results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FailedWorkload {
    /// Its name, or the file it would be read from.
    pub name: String,
    /// What kind of failure it was, where there is a code for it.
    pub code: Option<Code>,
    /// The failure in words.
    pub message: String,
}

impl BenchReport {
    /// The reports of one run of `bench`.
    pub fn new(host: Host, results: Vec<Report>) -> Self {
        BenchReport {
            schema_version: SCHEMA_VERSION,
            conc_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: CommandName::Bench,
            host,
            results,
            failed: Vec::new(),
        }
    }
}

/// What a document says of workloads, whatever else is in it.
pub trait Results: Serialize {
    /// The command that was run.
    fn command(&self) -> CommandName;

    /// Those that gave results.
    fn reports(&self) -> &[Report];

    /// Those that gave none.
    fn failed(&self) -> &[FailedWorkload] {
        &[]
    }
}

impl Results for Report {
    fn command(&self) -> CommandName {
        self.command
    }

    fn reports(&self) -> &[Report] {
        std::slice::from_ref(self)
    }
}

impl Results for BenchReport {
    fn command(&self) -> CommandName {
        self.command
    }

    fn reports(&self) -> &[Report] {
        &self.results
    }

    fn failed(&self) -> &[FailedWorkload] {
        &self.failed
    }
}

/// The document of any command. The field `command` decides the shape; a document of `fit` with several
/// series has `results`.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Document {
    /// Of `bench`.
    Bench(Box<BenchReport>),
    /// Of `check`.
    Check(Box<CheckReport>),
    /// Of `advise` and `profile`.
    Single(Box<Report>),
    /// Of `fit`, for a result with several series.
    FitResults(Box<FitResults>),
    /// Of `fit`.
    Fit(Box<FitReport>),
}

impl Document {
    /// The reports of workloads in it.
    pub fn reports(&self) -> &[Report] {
        match self {
            Document::Bench(bench) => &bench.results,
            Document::Single(report) => std::slice::from_ref(report),
            Document::Check(_) | Document::FitResults(_) | Document::Fit(_) => &[],
        }
    }
}

/// What was run, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WorkloadSummary {
    /// Its name.
    pub name: String,
    /// Where it came from.
    pub source: WorkloadSource,
    /// What runs its tasks.
    pub runtime: WorkloadRuntime,
    /// Tasks of one run.
    pub tasks: u64,
    /// A hash of what it does; another one means another workload under the same name.
    #[serde(default)]
    pub definition: String,
}

impl WorkloadSummary {
    /// The summary of a workload.
    pub fn of(workload: &Workload) -> Self {
        WorkloadSummary {
            name: workload.name.clone(),
            source: workload.source,
            runtime: if workload.runs_python() { WorkloadRuntime::Python } else { WorkloadRuntime::Native },
            tasks: workload.tasks(),
            definition: workload.definition(),
        }
    }
}

/// What runs the tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WorkloadRuntime {
    /// This binary, or the programs it starts.
    Native,
    /// CPython.
    Python,
}

/// Something to know before the results are trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Warning {
    /// What kind of thing; `conc explain CODE` says more.
    pub code: Code,
    /// What was seen.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl Warning {
    /// A warning with the remedy of its code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Warning { code, message: message.into(), remedy: code.entry().remedy.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;
    use crate::report::worded::to_value;

    #[test]
    fn a_document_survives_json_in_both_shapes() {
        let documents =
            [Document::Single(Box::new(example::advise())), Document::Bench(Box::new(example::bench()))];
        for document in documents {
            let text = to_value(&document).unwrap().to_string();
            assert_eq!(serde_json::from_str::<Document>(&text).unwrap(), document);
            assert_eq!(document.reports()[0].workload.name, "web-scraper");
        }
        let command = Document::Single(Box::new(example::command()));
        let text = to_value(&command).unwrap().to_string();
        assert_eq!(serde_json::from_str::<Document>(&text).unwrap(), command);
    }
}

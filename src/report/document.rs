//! The document that every command prints, and that scripts read.

use serde::{Deserialize, Serialize};

use crate::advice::comparison::ComparisonCode;
use crate::advice::{Model, Recommendation};
use crate::benchmark::{ConfigurationResult, Series};
use crate::cluster::engine_advice::EngineAdvice;
use crate::diagnostics::Code;
use crate::flag::FlagReport;
use crate::gate::GateReport;
use crate::gate::presence::MissingWorkload;
use crate::host::Host;
use crate::profile::Profile;
use crate::report::check::CheckReport;
pub use crate::report::command::{CommandName, SCHEMA_VERSION};
use crate::report::evidence::EvidenceReport;
use crate::report::fit::{FitReport, FitResults};
use crate::report::invocation::Invocation;
use crate::report::job::JobReport;
pub use crate::report::workload_summary::WorkloadRuntime;
pub(crate) use crate::report::workload_summary::WorkloadSummary;

/// Everything known about one workload. Facts that a command does not know are null or empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Report {
    /// The version of this shape.
    pub schema_version: u32,
    /// The version of `conc` that wrote it.
    pub conc_version: String,
    /// The command that was run.
    pub command: CommandName,
    /// The command line, and the time when it began; absent for a simulated machine and for documents of
    /// earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invocation: Option<Invocation>,
    /// The machine it ran on.
    pub host: Host,
    /// The work.
    pub workload: WorkloadSummary,
    /// The cost of one task.
    pub profile: Option<Profile>,
    /// Every cell considered.
    pub cells: Vec<ConfigurationResult>,
    /// Laws fitted to the cells.
    pub model: Option<Model>,
    /// The recommended configuration, with reasons.
    pub recommendation: Option<Recommendation>,
    /// The search over a program's own flag; then there are no cells, no model and no recommendation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<Box<FlagReport>>,
    /// An engine beyond this machine, if `advise` was asked about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Box<EngineAdvice>>,
    /// The cell that is compared with other runs, of `bench`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<Series>,
    /// Comparison of that cell with another run, of `bench` where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateReport>,
    /// Seconds that measuring took, of `bench`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed_s: Option<f64>,
    /// Warnings to read before trusting the results.
    pub warnings: Vec<Warning>,
}

impl Report {
    /// Returns an empty report about `workload`.
    pub fn new(command: CommandName, host: Host, workload: WorkloadSummary) -> Self {
        Report {
            schema_version: SCHEMA_VERSION,
            conc_version: env!("CARGO_PKG_VERSION").to_owned(),
            command,
            invocation: None,
            host,
            workload,
            profile: None,
            cells: Vec::new(),
            model: None,
            recommendation: None,
            flag: None,
            engine: None,
            series: None,
            gate: None,
            elapsed_s: None,
            warnings: Vec::new(),
        }
    }

    /// Returns true if only the profile was run.
    pub fn is_prediction(&self) -> bool {
        self.recommendation.as_ref().is_some_and(|r| r.comparison.code == ComparisonCode::Predicted)
    }

    /// Returns true if `result` is that of the recommended cell.
    pub fn is_recommended(&self, result: &ConfigurationResult) -> bool {
        self.recommendation.as_ref().is_some_and(|recommendation| recommendation.cell() == result.cell)
    }
}

/// The document of `bench`: a report for each workload.
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
    /// Workloads that only the other side of the comparison has.
    #[serde(default)]
    pub missing: Vec<MissingWorkload>,
}

/// A workload that gave no results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FailedWorkload {
    /// Name of the workload, or the file it would be read from.
    pub name: String,
    /// The code of the failure, if any.
    pub code: Option<Code>,
    /// The failure in words.
    pub message: String,
}

impl BenchReport {
    /// Returns the document of one run of `bench`.
    pub fn new(host: Host, results: Vec<Report>) -> Self {
        BenchReport {
            schema_version: SCHEMA_VERSION,
            conc_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: CommandName::Bench,
            host,
            results,
            failed: Vec::new(),
            missing: Vec::new(),
        }
    }
}

/// The reports about workloads in a document.
pub(crate) trait Results: Serialize {
    /// The command that was run.
    fn command(&self) -> CommandName;

    /// The workloads that gave results.
    fn reports(&self) -> &[Report];

    /// The workloads that gave no results.
    fn failed(&self) -> &[FailedWorkload] {
        &[]
    }

    /// The workloads that only the other side has.
    fn missing(&self) -> &[MissingWorkload] {
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

    fn missing(&self) -> &[MissingWorkload] {
        &self.missing
    }
}

/// The document of any command. The field `command` decides the shape; a document of `fit` with several
/// series has `results`.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Document {
    /// The document of `bench`.
    Bench(Box<BenchReport>),
    /// The document of `check`.
    Check(Box<CheckReport>),
    /// The document of `run`.
    Run(Box<JobReport>),
    /// The document of `advise` and `profile`.
    Single(Box<Report>),
    /// The document of `fit` for several series.
    FitResults(Box<FitResults>),
    /// The document of `fit` for one series.
    Fit(Box<FitReport>),
    /// The document of `explain` for a measured table.
    Evidence(Box<EvidenceReport>),
}

impl Document {
    /// Returns the reports of workloads in the document.
    pub fn reports(&self) -> &[Report] {
        match self {
            Document::Bench(bench) => &bench.results,
            Document::Single(report) => std::slice::from_ref(report),
            Document::Check(_)
            | Document::Run(_)
            | Document::FitResults(_)
            | Document::Fit(_)
            | Document::Evidence(_) => &[],
        }
    }
}

/// An observation to know before trusting the results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Warning {
    /// The kind of observation; `conc explain CODE` says more.
    pub code: Code,
    /// The observation in words.
    pub message: String,
    /// The remedy.
    pub remedy: String,
}

impl Warning {
    /// Returns a warning with the remedy of its code.
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

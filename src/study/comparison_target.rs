//! The other side that the workloads of a suite are compared with.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::benchmark::Configuration;
use crate::benchmark::repeat::Side;
use crate::diagnostics::Code;
use crate::error::Error;
use crate::gate::reason::GateReason;
use crate::gate::{Comparison, ComparisonDesign, Thresholds, paired};
use crate::host::Host;
use crate::report::document::{BenchReport, Report};
use crate::study::compare::{check_machine, compare_reports, differences};
use crate::study::prepare::PreparedStudy;
use crate::study::repeat::OtherSide;
use crate::workload::Workload;
use crate::workload::spec::WorkloadSource;

/// The other side of a comparison.
pub(crate) enum ComparisonTarget {
    /// Nothing is compared.
    Nothing,
    /// The results of an earlier run.
    Results {
        /// The results.
        before: Box<BenchReport>,
        /// The file that they are stored in.
        file: String,
        /// True if they are from another machine, which the user has allowed.
        other_machine: bool,
    },
    /// Another workload, measured alternately.
    Workload(Box<Workload>),
    /// Another build of `conc`, which runs the same workloads.
    Build(PathBuf),
}

impl ComparisonTarget {
    /// Compares with the results of an earlier run, stored in `file`.
    ///
    /// # Errors
    /// `E-GATE-002` if the results are those of another machine, unless they are allowed.
    pub(crate) fn stored(
        before: BenchReport,
        file: String,
        host: &Host,
        allow_other_machine: bool,
    ) -> Result<Self, Error> {
        let differences = differences(&before, &BenchReport::new(host.clone(), Vec::new()));
        check_machine(&file, &differences, allow_other_machine)?;
        let other_machine = !differences.is_empty();
        Ok(ComparisonTarget::Results { before: Box::new(before), file, other_machine })
    }

    /// Compares with another build of this program.
    ///
    /// # Errors
    /// `E-GATE-003` if the program at `path` is no build of `conc`, or if one of the workloads is Python,
    /// whose harness belongs to this build.
    pub(crate) fn build<'w>(
        path: PathBuf,
        mut workloads: impl Iterator<Item = &'w Workload>,
    ) -> Result<Self, Error> {
        check_program(&path)?;
        match workloads.find(|workload| workload.runs_python()) {
            Some(workload) => {
                let message = format!(
                    "'{}' is Python, which another build cannot run: its harness belongs to this build",
                    workload.name
                );
                Err(Error::new(Code::GateReference, message))
            }
            None => Ok(ComparisonTarget::Build(path)),
        }
    }

    /// Returns the other workload, if the other side is one.
    pub(super) fn workload(&self) -> Option<Workload> {
        match self {
            ComparisonTarget::Workload(workload) => Some((**workload).clone()),
            _ => None,
        }
    }

    /// Returns the results of the workload `name` in an earlier run.
    pub(super) fn results_of(&self, name: &str) -> Option<&Report> {
        match self {
            ComparisonTarget::Results { before, .. } => {
                before.results.iter().find(|r| r.workload.name == name)
            }
            _ => None,
        }
    }

    /// Returns the configuration that an earlier run repeated and this run must repeat too.
    pub(super) fn cell_of(&self, name: &str) -> Option<Configuration> {
        self.results_of(name)?.series.as_ref().map(|series| series.cell)
    }

    /// Returns the number of tasks in the batches of that configuration.
    pub(super) fn batch_tasks_of(&self, name: &str) -> Option<u64> {
        Some(self.results_of(name)?.series.as_ref()?.batches.first()?.started)
    }

    /// Returns the name of the other side.
    pub(super) fn name(&self) -> String {
        match self {
            ComparisonTarget::Nothing => String::new(),
            ComparisonTarget::Results { file, .. } => file.clone(),
            ComparisonTarget::Workload(other) if other.source == WorkloadSource::Command => {
                other.description.clone()
            }
            ComparisonTarget::Workload(other) => other.name.clone(),
            ComparisonTarget::Build(path) => path.display().to_string(),
        }
    }

    /// Returns the program that runs alternately with the workload, if there is one.
    pub(super) fn side<'a>(&'a self, other: Option<&'a PreparedStudy<'a>>) -> Option<OtherSide<'a>> {
        match self {
            ComparisonTarget::Build(path) => Some(OtherSide::Build(path)),
            _ => other.map(OtherSide::Workload),
        }
    }

    /// Returns the comparison of a workload one side of which cannot be run.
    pub(super) fn explain(&self, side: Side, error: Option<String>) -> Option<Comparison> {
        let design = match self {
            ComparisonTarget::Nothing => return None,
            ComparisonTarget::Results { .. } => ComparisonDesign::Stored,
            ComparisonTarget::Workload(_) | ComparisonTarget::Build(_) => ComparisonDesign::Paired,
        };
        Some(match side {
            Side::Current => {
                let reason =
                    error.map_or(GateReason::NothingMeasured, |error| GateReason::CannotRun { error });
                Comparison::broken(design, &self.name(), reason)
            }
            Side::Reference => {
                let error = error.unwrap_or_default();
                Comparison::impossible(design, &self.name(), GateReason::ReferenceCannotRun { error })
            }
        })
    }

    /// Compares a report with the other side.
    pub(super) fn compare(&self, report: &Report, thresholds: Thresholds) -> Option<Comparison> {
        let name = &report.workload.name;
        match self {
            ComparisonTarget::Nothing => None,
            ComparisonTarget::Results { file, other_machine, .. } => {
                Some(compare_reports(self.results_of(name), report, file, thresholds, *other_machine))
            }
            ComparisonTarget::Workload(_) | ComparisonTarget::Build(_) => {
                Some(paired::compare(report.series.as_ref()?, &self.name(), thresholds))
            }
        }
    }
}

/// Checks that a program is a build of `conc`, before anything is measured.
fn check_program(path: &Path) -> Result<(), Error> {
    let name = path.display();
    let refused = |why: String| Error::new(Code::GateReference, format!("'{name}': {why}"));
    let answer = Command::new(path).arg("--version").output().map_err(|error| refused(error.to_string()))?;
    if String::from_utf8_lossy(&answer.stdout).starts_with("conc ") {
        Ok(())
    } else {
        Err(refused("it is not conc: its --version does not say so".to_owned()))
    }
}

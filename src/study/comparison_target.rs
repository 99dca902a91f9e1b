//! The other side that the workloads of a suite are compared with.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::benchmark::Configuration;
use crate::benchmark::repeat::Side;
use crate::diagnostics::Code;
use crate::error::Error;
use crate::gate::presence::{MissingWorkload, NamedWork, Presence, SuitePairs};
use crate::gate::reason::GateReason;
use crate::gate::{Comparison, ComparisonDesign, Thresholds, paired};
use crate::host::Host;
use crate::report::document::{BenchReport, Report};
use crate::study::checkout::{Checkout, OtherWorkload, missing};
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
        /// The workloads that have other names there, or are missing here.
        pairs: SuitePairs,
    },
    /// Another workload, measured alternately.
    Workload(Box<Workload>),
    /// Another build of `conc`, which runs the same workloads.
    Build(PathBuf),
    /// The same suite in another directory, measured alternately.
    Checkout(Box<Checkout>),
}

impl ComparisonTarget {
    /// Compares the workloads `now` with the results of an earlier run, stored in `file`.
    ///
    /// # Errors
    /// `E-GATE-002` if the results are those of another machine, unless they are allowed.
    pub(crate) fn stored(
        before: BenchReport,
        file: String,
        host: &Host,
        allow_other_machine: bool,
        now: &[NamedWork],
    ) -> Result<Self, Error> {
        let differences = differences(&before, &BenchReport::new(host.clone(), Vec::new()));
        check_machine(&file, &differences, allow_other_machine)?;
        Ok(ComparisonTarget::results(before, file, !differences.is_empty(), now))
    }

    /// Compares the workloads `now` with results that are known to be comparable.
    pub(crate) fn results(before: BenchReport, file: String, other_machine: bool, now: &[NamedWork]) -> Self {
        let pairs = SuitePairs::of(&named_work(&before), now);
        ComparisonTarget::Results { before: Box::new(before), file, other_machine, pairs }
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

    /// Returns the workload that runs alternately with the workload `name`, if there is one.
    pub(super) fn other_of(&self, name: &str) -> Option<OtherWorkload<'_>> {
        match self {
            ComparisonTarget::Workload(workload) => Some(OtherWorkload { workload, directory: None }),
            ComparisonTarget::Checkout(checkout) => checkout
                .counterpart(name)
                .map(|workload| OtherWorkload { workload, directory: Some(&checkout.directory) }),
            _ => None,
        }
    }

    /// Returns true if the other side runs alternately with this one.
    pub(crate) fn is_paired(&self) -> bool {
        !matches!(self, ComparisonTarget::Nothing | ComparisonTarget::Results { .. })
    }

    /// Returns the presence of a workload of this run on the other side.
    pub(super) fn presence(&self, report: &Report) -> Presence {
        let name = &report.workload.name;
        match self {
            ComparisonTarget::Results { pairs, .. } => {
                self.results_of(name).map_or(Presence::New, |before| {
                    pairs.presence(name, before.workload.definition != report.workload.definition)
                })
            }
            ComparisonTarget::Checkout(checkout) if checkout.has(name) => {
                checkout.pairs().presence(name, checkout.is_redefined(name))
            }
            ComparisonTarget::Checkout(_) => Presence::New,
            ComparisonTarget::Nothing | ComparisonTarget::Workload(_) | ComparisonTarget::Build(_) => {
                Presence::Both
            }
        }
    }

    /// Returns the workloads that only the other side has.
    pub(crate) fn missing(&self) -> Vec<MissingWorkload> {
        match self {
            ComparisonTarget::Results { pairs, file, .. } => missing(pairs, file),
            ComparisonTarget::Checkout(checkout) => missing(checkout.pairs(), &checkout.name),
            _ => Vec::new(),
        }
    }

    /// Returns the results of the workload `name` in an earlier run.
    pub(super) fn results_of(&self, name: &str) -> Option<&Report> {
        match self {
            ComparisonTarget::Results { before, pairs, .. } => {
                let name = pairs.name_before(name);
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
            ComparisonTarget::Checkout(checkout) => checkout.name.clone(),
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
            ComparisonTarget::Workload(_) | ComparisonTarget::Build(_) | ComparisonTarget::Checkout(_) => {
                ComparisonDesign::Paired
            }
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

    /// Compares a report with the other side, if it has the workload, and says how it has it.
    pub(crate) fn compare_with_presence(
        &self,
        report: &Report,
        thresholds: Thresholds,
    ) -> Option<Comparison> {
        Some(self.compare(report, thresholds)?.with_presence(self.presence(report)))
    }

    /// Compares a report with the other side.
    pub(super) fn compare(&self, report: &Report, thresholds: Thresholds) -> Option<Comparison> {
        let name = &report.workload.name;
        match self {
            ComparisonTarget::Nothing => None,
            ComparisonTarget::Results { file, other_machine, .. } => {
                Some(compare_reports(self.results_of(name), report, file, thresholds, *other_machine))
            }
            ComparisonTarget::Checkout(checkout) if checkout.counterpart(name).is_none() => {
                let reference = checkout.name.clone();
                let reason = if checkout.is_redefined(name) {
                    GateReason::DefinedDifferently { reference }
                } else {
                    GateReason::NotInSuite { reference }
                };
                Some(Comparison::impossible(ComparisonDesign::Paired, &checkout.name, reason))
            }
            _ => {
                let series = report.series.as_ref()?;
                let comparison = paired::compare(series, &self.name(), thresholds);
                let reference = series.reference_outcomes.as_ref().filter(|_| self.has_outcomes_of(report));
                Some(comparison.with_outcomes(series.outcomes.as_ref(), reference))
            }
        }
    }
}

impl ComparisonTarget {
    /// Returns true if the other side is expected to give the same outcomes: it does the same work, or is a
    /// version of the same program.
    fn has_outcomes_of(&self, report: &Report) -> bool {
        let is_program = |source| matches!(source, WorkloadSource::Command | WorkloadSource::Python);
        match self {
            ComparisonTarget::Workload(other) => {
                is_program(other.source) && other.source == report.workload.source
            }
            _ => true,
        }
    }
}

/// Returns the workloads of an earlier run.
pub(crate) fn named_work(before: &BenchReport) -> Vec<NamedWork> {
    let named = |report: &Report| NamedWork {
        name: report.workload.name.clone(),
        identity: report.workload.identity.clone(),
    };
    before.results.iter().map(named).collect()
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

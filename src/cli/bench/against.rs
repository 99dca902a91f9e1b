//! What the workloads of a run are compared with.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::benchmark::Configuration;
use crate::benchmark::repeat::Side;
use crate::diagnostics::Code;
use crate::gate::reason::GateReason;
use crate::gate::{Comparison, Design, Thresholds, paired};
use crate::host::Host;
use crate::report::document::{BenchReport, Report};
use crate::report::load::load_results;
use crate::study::{OtherSide, PreparedStudy};
use crate::workload::Workload;
use crate::workload::input;
use crate::workload::item::Items;
use crate::workload::spec::WorkloadSource;

use crate::cli::args::BenchArgs;
use crate::cli::bench::suite::Suite;
use crate::cli::failure::Failure;
use crate::cli::gating;

/// The other side.
pub(crate) enum Against {
    /// There is none.
    Nothing,
    /// The results of an earlier run.
    Results {
        /// The results.
        before: Box<BenchReport>,
        /// The file they are from.
        file: String,
        /// Whether they are of another machine, which was allowed.
        other_machine: bool,
    },
    /// Another workload, measured alternately.
    Workload(Box<Workload>),
    /// Another build of `crate`, which runs the same workloads.
    Program(PathBuf),
}

impl Against {
    /// Finds out what the arguments name.
    ///
    /// # Errors
    /// When it cannot be read, or compared with.
    pub(crate) fn read(args: &BenchArgs, suite: &Suite, host: &Host) -> Result<Self, Failure> {
        if let Some(path) = &args.baseline {
            let (before, file) = (Box::new(load_results(path)?), path.display().to_string());
            let differences = gating::differences(&before, &BenchReport::new(host.clone(), Vec::new()));
            gating::check_machine(&file, &differences, args.gate.allow_other_machine)?;
            return Ok(Against::Results { before, file, other_machine: !differences.is_empty() });
        }
        if let Some(path) = &args.reference_bin {
            check_program(path)?;
            let python = suite.entries.iter().find(|entry| entry.workload.runs_python());
            return match python {
                Some(entry) => {
                    let name = &entry.workload.name;
                    let message =
                        format!("--reference-bin: '{name}' is of Python, whose harness is no other build's");
                    Err(Failure::coded(Code::GateReference, message))
                }
                None => Ok(Against::Program(path.clone())),
            };
        }
        match &args.reference {
            Some(reference) => Ok(Against::Workload(Box::new(workload(reference, args, suite)?))),
            None => Ok(Against::Nothing),
        }
    }

    /// The other workload, where it is one.
    pub(crate) fn workload(&self) -> Option<Workload> {
        match self {
            Against::Workload(workload) => Some((**workload).clone()),
            _ => None,
        }
    }

    /// What an earlier run gave of the workload called `name`.
    pub(crate) fn results_of(&self, name: &str) -> Option<&Report> {
        match self {
            Against::Results { before, .. } => before.results.iter().find(|r| r.workload.name == name),
            _ => None,
        }
    }

    /// The cell that was repeated in an earlier run, and so has to be again.
    pub(crate) fn cell_of(&self, name: &str) -> Option<Configuration> {
        self.results_of(name)?.series.as_ref().map(|series| series.cell)
    }

    /// Tasks of its batches there.
    pub(crate) fn batch_tasks_of(&self, name: &str) -> Option<u64> {
        Some(self.results_of(name)?.series.as_ref()?.batches.first()?.started)
    }

    /// What it is called.
    pub(crate) fn name(&self) -> String {
        match self {
            Against::Nothing => String::new(),
            Against::Results { file, .. } => file.clone(),
            Against::Workload(other) if other.source == WorkloadSource::Command => other.description.clone(),
            Against::Workload(other) => other.name.clone(),
            Against::Program(path) => path.display().to_string(),
        }
    }

    /// What runs beside the workload.
    pub(crate) fn side<'a>(&'a self, other: Option<&'a PreparedStudy<'a>>) -> Option<OtherSide<'a>> {
        match self {
            Against::Program(path) => Some(OtherSide::Build(path)),
            _ => other.map(OtherSide::Workload),
        }
    }

    /// What it means that a batch of one side cannot be run.
    pub(crate) fn explain(&self, side: Side, error: Option<String>) -> Option<Comparison> {
        let design = match self {
            Against::Nothing => return None,
            Against::Results { .. } => Design::Stored,
            Against::Workload(_) | Against::Program(_) => Design::Paired,
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

    /// How what was measured compares.
    pub(crate) fn compare(&self, report: &Report, thresholds: Thresholds) -> Option<Comparison> {
        let name = &report.workload.name;
        match self {
            Against::Nothing => None,
            Against::Results { file, other_machine, .. } => {
                Some(gating::compare(self.results_of(name), report, file, thresholds, *other_machine))
            }
            Against::Workload(_) | Against::Program(_) => {
                Some(paired::compare(report.series.as_ref()?, &self.name(), thresholds))
            }
        }
    }
}

/// The workload that `reference` describes: a command if the suite is one, over the same items, and else
/// whatever can be named.
fn workload(reference: &str, args: &BenchArgs, suite: &Suite) -> Result<Workload, Failure> {
    let [entry] = &suite.entries[..] else {
        let message = "--reference: it is compared with one workload, and there are several";
        return Err(Failure::Usage(message.to_owned()));
    };
    if args.workload.command_line.is_empty() {
        return Ok(input::resolve(reference)?);
    }
    let words = if args.workload.shell {
        vec![reference.to_owned()]
    } else {
        shlex::split(reference)
            .ok_or_else(|| Failure::Usage("--reference: a quote is not closed".to_owned()))?
    };
    let (items, tasks) = match &entry.workload.items {
        Items::Count(tasks) => (None, Some(*tasks)),
        items => (Some(items.clone()), None),
    };
    let (shell, ignore_failure) = (args.workload.shell, args.workload.ignore_failure);
    let mut workload = input::from_command(&words, items, tasks, shell, ignore_failure)?;
    workload.name.clone_from(&entry.workload.name);
    Ok(workload)
}

/// Refuses what is no `crate`, before anything is measured.
fn check_program(path: &Path) -> Result<(), Failure> {
    let name = path.display();
    let refused = |why: String| Failure::coded(Code::GateReference, format!("'{name}': {why}"));
    let told = Command::new(path).arg("--version").output().map_err(|error| refused(error.to_string()))?;
    if String::from_utf8_lossy(&told.stdout).starts_with("conc ") {
        Ok(())
    } else {
        Err(refused("it does not call itself conc when asked for its --version".to_owned()))
    }
}

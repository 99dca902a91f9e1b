//! Settings of `conc bench`.

use std::path::PathBuf;

use crate::host::Host;
use crate::report::load::load_results;
use crate::study::suite_file::SuiteFile;
use crate::study::{Checkout, ComparisonTarget, FailPolicy, SuiteEntry};
use crate::workload::Workload;
use crate::workload::input::{self, InputErrors};
use crate::workload::item::Items;

use crate::cli::args::{BenchArgs, Language};
use crate::cli::checkout::ReferenceCheckout;
use crate::cli::failure::Failure;
use crate::cli::settings::compare::resolve_fail_policy;
use crate::cli::settings::environment::Environment;
use crate::cli::settings::output::OutputSettings;
use crate::cli::settings::reference_suite::reference_suite;
use crate::cli::settings::suite::{SuiteWorkloads, resolve_suite};
use crate::cli::settings::workload::set_limits;

/// Settings of `conc bench`.
pub(crate) struct BenchSettings {
    /// The workloads, in the order in which they run.
    pub(crate) entries: Vec<SuiteEntry>,
    /// The workloads whose description is invalid, by name.
    pub(crate) invalid: Vec<(String, InputErrors)>,
    /// The other side of the comparison.
    pub(crate) target: ComparisonTarget,
    /// The verdicts that fail the run.
    pub(crate) fail_policy: FailPolicy,
    /// The file with earlier results.
    pub(crate) baseline: Option<PathBuf>,
    /// The file to write results to, for later comparisons.
    pub(crate) save_baseline: Option<PathBuf>,
    /// The output.
    pub(crate) output: OutputSettings,
}

impl BenchSettings {
    /// Resolves the arguments and the suite file.
    ///
    /// # Errors
    /// When they contradict each other, no workload is valid, or the other side cannot be compared with.
    pub(crate) fn resolve(
        args: &BenchArgs,
        file: &SuiteFile,
        host: &Host,
        environment: &Environment,
        reference: Option<&ReferenceCheckout>,
    ) -> Result<Self, Failure> {
        let output = OutputSettings::resolve(&args.output, Language::None, environment)?;
        let SuiteWorkloads { entries, invalid } = resolve_suite(args, file, host, environment.stdin())?;
        Ok(BenchSettings {
            target: resolve_target(args, &entries, host, reference)?,
            entries,
            invalid,
            fail_policy: resolve_fail_policy(&args.gate).or(file.gate),
            baseline: args.baseline.clone(),
            save_baseline: args.save_baseline.clone(),
            output,
        })
    }
}

/// Returns the other side that the arguments name.
fn resolve_target(
    args: &BenchArgs,
    entries: &[SuiteEntry],
    host: &Host,
    reference: Option<&ReferenceCheckout>,
) -> Result<ComparisonTarget, Failure> {
    if let Some(ReferenceCheckout { name, directory, .. }) = reference {
        let workloads = reference_suite(args, directory, entries, host)?;
        let now: Vec<_> = entries.iter().map(|entry| &entry.workload).collect();
        let checkout = Checkout::new(name.clone(), directory.clone(), workloads, &now);
        return Ok(ComparisonTarget::Checkout(Box::new(checkout)));
    }
    if let Some(path) = &args.baseline {
        let (before, file) = (load_results(path)?, path.display().to_string());
        let now: Vec<_> = entries.iter().map(SuiteEntry::named_work).collect();
        return Ok(ComparisonTarget::stored(before, file, host, args.gate.allow_other_machine, &now)?);
    }
    if let Some(path) = &args.reference_bin {
        let workloads = entries.iter().map(|entry| &entry.workload);
        return Ok(ComparisonTarget::build(path.clone(), workloads)?);
    }
    match &args.reference {
        Some(reference) => {
            Ok(ComparisonTarget::Workload(Box::new(reference_workload(reference, args, entries)?)))
        }
        None => Ok(ComparisonTarget::Nothing),
    }
}

/// Returns the workload that `reference` describes: a command over the same items if the suite is a
/// command, else a workload by its name.
fn reference_workload(
    reference: &str,
    args: &BenchArgs,
    entries: &[SuiteEntry],
) -> Result<Workload, Failure> {
    let [entry] = entries else {
        let message = "--reference needs a single workload, and the suite has several";
        return Err(Failure::Usage(message.to_owned()));
    };
    if args.workload.command_line.is_empty() {
        let mut workload = input::resolve(reference)?;
        set_limits(&mut workload, &args.workload);
        return Ok(workload);
    }
    let words = if args.workload.shell {
        vec![reference.to_owned()]
    } else {
        shlex::split(reference)
            .ok_or_else(|| Failure::Usage("--reference: a quote is not closed".to_owned()))?
    };
    let items = Some(&entry.workload.items).filter(|items| !matches!(items, Items::Count(_))).cloned();
    let tasks = args.workload.tasks.filter(|_| items.is_none());
    let (shell, ignore_failure) = (args.workload.shell, args.workload.ignore_failure);
    let mut workload = input::from_command(&words, items, tasks, shell, ignore_failure)?;
    workload.name.clone_from(&entry.workload.name);
    workload.items.clone_from(&entry.workload.items);
    workload.limits.clone_from(&entry.workload.limits);
    Ok(workload)
}

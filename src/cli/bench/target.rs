//! Resolves the other side of a comparison.

use crate::host::Host;
use crate::report::load::load_results;
use crate::study::ComparisonTarget;
use crate::workload::Workload;
use crate::workload::input;
use crate::workload::item::Items;

use crate::cli::args::BenchArgs;
use crate::cli::bench::suite::Suite;
use crate::cli::failure::Failure;

/// Finds out what the arguments name as the other side.
///
/// # Errors
/// When it cannot be read, or not be compared with.
pub(super) fn resolve(args: &BenchArgs, suite: &Suite, host: &Host) -> Result<ComparisonTarget, Failure> {
    if let Some(path) = &args.baseline {
        let (before, file) = (load_results(path)?, path.display().to_string());
        return Ok(ComparisonTarget::stored(before, file, host, args.gate.allow_other_machine)?);
    }
    if let Some(path) = &args.reference_bin {
        let workloads = suite.entries.iter().map(|entry| &entry.workload);
        return Ok(ComparisonTarget::build(path.clone(), workloads)?);
    }
    match &args.reference {
        Some(reference) => Ok(ComparisonTarget::Workload(Box::new(workload(reference, args, suite)?))),
        None => Ok(ComparisonTarget::Nothing),
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

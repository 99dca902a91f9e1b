//! The suite of another directory, by the same arguments as the current one.

use std::path::Path;

use crate::diagnostics::Code;
use crate::host::Host;
use crate::study::SuiteEntry;
use crate::study::suite_file::read_suite_file_of;
use crate::workload::Workload;
use crate::workload::input;
use crate::workload::spec::WorkloadSource;

use crate::cli::args::{BenchArgs, WorkloadArgs};
use crate::cli::failure::Failure;
use crate::cli::settings::located::located;
use crate::cli::settings::suite::{entry, is_one, names};
use crate::cli::settings::trust::access;
use crate::cli::settings::workload::{ignore_failures, name_async_form, set_limits};

/// Returns the workloads that the arguments mean in `directory`, of which `entries` are those of the current
/// one. A workload that is not there, or cannot be read, is left out.
///
/// # Errors
/// When the suite file there is invalid, or the arguments do not fit a workload there.
pub(super) fn reference_suite(
    args: &BenchArgs,
    directory: &Path,
    entries: &[SuiteEntry],
    host: &Host,
) -> Result<Vec<Workload>, Failure> {
    if let (true, [current]) = (is_one(&args.workload), entries) {
        return Ok(one(&args.workload, directory, &current.workload)?.into_iter().collect());
    }
    let file = read_suite_file_of(directory)?;
    let names = names(&args.workload, &file, directory)?;
    let is_of_samples = |entry: &SuiteEntry| entry.workload.source == WorkloadSource::Sample;
    if names.is_empty() && entries.iter().all(is_of_samples) {
        return Ok(entries.iter().map(|entry| entry.workload.clone()).collect());
    }
    let mut workloads = Vec::new();
    let access = access(&args.workload)?;
    for mut workload in names.iter().filter_map(|name| input::resolve_os(name, access).ok()) {
        name_async_form(&mut workload, args.workload.python.async_fn.as_deref())?;
        set_limits(&mut workload, &args.workload);
        workloads.push(entry(workload, args, &file, host)?.workload);
    }
    Ok(workloads)
}

/// Returns the counterpart of the only workload, over the same items; `None` if it is not there.
fn one(args: &WorkloadArgs, directory: &Path, current: &Workload) -> Result<Option<Workload>, Failure> {
    let Some(name) = args.workload.first() else { return Ok(Some(current.clone())) };
    let mut there = match input::resolve_os(&located(name, directory), access(args)?) {
        Ok(workload) => workload,
        Err(errors) if errors.first().code == Code::WorkloadNotFound => return Ok(None),
        Err(errors) => return Err(errors.into()),
    };
    there.name.clone_from(&current.name);
    if there.runs_python() || args.tasks.is_some() {
        there.items.clone_from(&current.items);
        there.take_items_of_module(current.items_of_module());
    }
    if args.ignore_failure {
        ignore_failures(&mut there);
    }
    set_limits(&mut there, args);
    name_async_form(&mut there, args.python.async_fn.as_deref())?;
    Ok(Some(there))
}

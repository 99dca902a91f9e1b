//! Settings of the workloads of a suite.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead};
use std::path::Path;

use crate::diagnostics::Code;
use crate::gate::Thresholds;
use crate::host::Host;
use crate::report::document::CommandName;
use crate::study::suite_file::{SuiteFile, resolve_thresholds};
use crate::study::{SuiteEntry, check_names};
use crate::workload::Workload;
use crate::workload::input::{self, InputErrors};

use crate::cli::args::{BenchArgs, WorkloadArgs};
use crate::cli::failure::Failure;
use crate::cli::settings::flag::{FlagRequest, resolve_flag};
use crate::cli::settings::located::located;
use crate::cli::settings::study::resolve_study;
use crate::cli::settings::trust::access;
use crate::cli::settings::workload::{check_python, name_async_form, resolve_workload, set_limits};

/// Directory whose workload files are the suite if nothing else is named.
const DIRECTORY: &str = "workloads";

/// The workloads of a suite.
pub(super) struct SuiteWorkloads {
    /// The workloads, in the order in which they run.
    pub(super) entries: Vec<SuiteEntry>,
    /// The workloads whose description is invalid, by name.
    pub(super) invalid: Vec<(String, InputErrors)>,
}

/// Resolves the workloads that the arguments and the suite file name.
///
/// All workloads are read before any is run: a mistake in the last should not cost the time of the
/// others.
///
/// # Errors
/// When no workload is left to run, or the arguments contradict each other.
pub(super) fn resolve_suite(
    args: &BenchArgs,
    file: &SuiteFile,
    host: &Host,
    stdin: impl BufRead,
) -> Result<SuiteWorkloads, Failure> {
    let (workloads, invalid) = workloads(&args.workload, file, stdin)?;
    if let ([], [(_, errors), ..]) = (&workloads[..], &invalid[..]) {
        return Err(errors.clone().into());
    }
    check_names(&workloads).map_err(Failure::Usage)?;
    if let (Some(first), false) = (workloads.first(), workloads.iter().any(Workload::runs_python)) {
        check_python(first, args.workload.python.python.as_deref())?;
    }
    if is_left_to(file, &args.workload) {
        file.check_names(&workloads).map_err(Failure::Usage)?;
    }
    let entries = workloads.into_iter().map(|workload| entry(workload, args, file, host));
    Ok(SuiteWorkloads { entries: entries.collect::<Result<_, Failure>>()?, invalid })
}

/// Returns a workload with the settings that apply to it.
pub(super) fn entry(
    mut workload: Workload,
    args: &BenchArgs,
    file: &SuiteFile,
    host: &Host,
) -> Result<SuiteEntry, Failure> {
    let layers = file.layers(&workload.name);
    let mut config = resolve_study(CommandName::Bench, &args.measure, &layers, &args.hooks, host)?;
    if workload.runs_python() {
        config.python.clone_from(&args.workload.python.python);
    }
    let budget = args.measure.budget.or_else(|| layers.iter().find_map(|layer| layer.budget));
    let request = FlagRequest {
        flag: &args.flag,
        workload: &args.workload,
        measure: &args.measure,
        wants_reference: false,
        budget,
    };
    let flag = resolve_flag(&mut workload, &request, &config)?;
    let usual = if args.baseline.is_some() { Thresholds::stored() } else { Thresholds::default() };
    Ok(SuiteEntry {
        workload,
        config,
        thresholds: resolve_thresholds(args.gate.noise_threshold, &layers, usual),
        flag,
    })
}

/// Valid workloads, and the errors of the invalid ones by name.
type ReadWorkloads = (Vec<Workload>, Vec<(String, InputErrors)>);

fn workloads(args: &WorkloadArgs, file: &SuiteFile, stdin: impl BufRead) -> Result<ReadWorkloads, Failure> {
    if is_one(args) {
        return Ok((vec![resolve_workload(args, stdin)?], Vec::new()));
    }
    if args.name.is_some() || args.tasks.is_some() || args.items.is_some() {
        let message = "--name, --tasks and --items are for one workload, and a suite has several";
        return Err(Failure::Usage(message.to_owned()));
    }
    let names = names(args, file, Path::new(""))?;
    let names = if names.is_empty() { sample_names() } else { names };
    let (mut workloads, mut broken) = (Vec::new(), Vec::new());
    let access = access(args)?;
    for name in names {
        match input::resolve_os(&name, access) {
            Ok(mut workload) => {
                name_async_form(&mut workload, args.python.async_fn.as_deref())?;
                set_limits(&mut workload, args);
                workloads.push(workload);
            }
            // A file that does not exist is a misspelt name, which is better reported before anything runs.
            Err(errors) if errors.first().code == Code::WorkloadNotFound => return Err(errors.into()),
            Err(errors) => broken.push((name.to_string_lossy().into_owned(), errors)),
        }
    }
    Ok((workloads, broken))
}

/// Returns true if the arguments describe one workload and not a suite.
pub(super) fn is_one(args: &WorkloadArgs) -> bool {
    let is_described = !args.command_line.is_empty() || args.cpu.is_some() || args.wait.is_some();
    let is_file = |name: &OsString| !Path::new(name).is_dir();
    is_described || args.workload.iter().any(|word| word == ":::") || {
        let has_options = args.name.is_some() || args.tasks.is_some() || args.items.is_some();
        has_options && args.workload.len() == 1 && args.workload.iter().all(is_file)
    }
}

/// Returns true if the suite file names the workloads.
fn is_left_to(file: &SuiteFile, args: &WorkloadArgs) -> bool {
    !is_one(args) && args.workload.is_empty() && !file.workloads.is_empty()
}

fn sample_names() -> Vec<OsString> {
    input::samples().iter().map(|sample| sample.name.into()).collect()
}

/// Returns the names of the workloads in `root`, with the files of a directory in its place; none if there is
/// no suite. An empty `root` is the current directory.
pub(super) fn names(args: &WorkloadArgs, file: &SuiteFile, root: &Path) -> Result<Vec<OsString>, Failure> {
    let of_file = || file.workloads.iter().map(OsString::from).collect();
    let asked = if args.workload.is_empty() { of_file() } else { args.workload.clone() };
    if asked.is_empty() {
        return Ok(files(&root.join(DIRECTORY)).unwrap_or_default());
    }
    let mut names = Vec::new();
    for name in asked.iter().map(|name| located(name, root)) {
        if !Path::new(&name).is_dir() {
            names.push(name);
            continue;
        }
        let shown = name.display();
        let files = files(Path::new(&name)).map_err(Failure::io(format!("cannot read '{shown}'")))?;
        if files.is_empty() {
            return Err(Failure::Usage(format!("there is no workload file (.toml) in '{shown}'")));
        }
        names.extend(files);
    }
    Ok(names)
}

/// Returns the workload files in a directory, in alphabetical order.
fn files(directory: &Path) -> io::Result<Vec<OsString>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") && path.is_file() {
            files.push(path.into_os_string());
        }
    }
    files.sort();
    Ok(files)
}

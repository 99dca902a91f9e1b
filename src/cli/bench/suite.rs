//! The workloads of a run, and how each is measured.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead};
use std::path::Path;

use crate::diagnostics::Code;
use crate::gate::Thresholds;
use crate::host::Host;
use crate::report::document::CommandName;
use crate::study::suite_file::{SUITE_FILE, ShareSetting, SuiteFile, SuiteSettings, read_suite_file};
use crate::study::{FailPolicy, SuiteEntry};
use crate::workload::input::{self, InputErrors};
use crate::workload::{Workload, input::closest};

use crate::cli::args::{BenchArgs, WorkloadArgs};
use crate::cli::config;
use crate::cli::failure::Failure;
use crate::cli::widths;

/// The directory whose workload files are a suite.
const DIRECTORY: &str = "workloads";

/// Everything that is measured in one run.
pub(crate) struct Suite {
    /// In the order in which they run.
    pub(crate) entries: Vec<SuiteEntry>,
    /// What cannot be run, because it is described wrongly.
    pub(crate) broken: Vec<(String, InputErrors)>,
    /// What the suite's file says of the gate.
    pub(crate) gate: FailPolicy,
}

impl Suite {
    /// Finds out what the arguments and `conc.toml` ask for.
    ///
    /// All workloads are read before any is run: a mistake in the last should not cost the time of the
    /// others.
    ///
    /// # Errors
    /// When nothing is left that could be run, or what is asked for contradicts itself.
    pub(crate) fn read(args: &BenchArgs, host: &Host, stdin: impl BufRead) -> Result<Self, Failure> {
        let path = Path::new(SUITE_FILE);
        let file = if path.is_file() { read_suite_file(path)? } else { SuiteFile::default() };
        let (workloads, broken) = workloads(&args.workload, &file, stdin)?;
        if let ([], [(_, errors), ..]) = (&workloads[..], &broken[..]) {
            return Err(errors.clone().into());
        }
        check_names(&workloads)?;
        if !workloads.iter().any(Workload::runs_python)
            && let Some(first) = workloads.first()
        {
            config::check_python(first, args.workload.python.python.as_deref())?;
        }
        if is_left_to(&file, &args.workload) {
            check_settings(&file, &workloads)?;
        }
        let entries = workloads
            .into_iter()
            .map(|workload| entry(workload, args, &file, host))
            .collect::<Result<_, Failure>>()?;
        Ok(Suite { entries, broken, gate: file.gate })
    }
}

fn entry(workload: Workload, args: &BenchArgs, file: &SuiteFile, host: &Host) -> Result<SuiteEntry, Failure> {
    let own = file.workload.get(&workload.name);
    let layers: Vec<&SuiteSettings> = own.into_iter().chain([&file.settings]).collect();
    let mut measure = args.measure.clone();
    for settings in &layers {
        measure.budget = measure.budget.or(settings.budget);
        if measure.strategy.is_empty() {
            measure.strategy.clone_from(&settings.strategies);
        }
        if measure.width.is_empty() {
            measure.width.clone_from(&settings.widths);
            widths::parse(&measure.width, host.cpus_effective)
                .map_err(|e| Failure::Usage(format!("{}: widths: {e}", SUITE_FILE)))?;
        }
    }
    let mut config = config::study(CommandName::Bench, &measure, &args.hooks, host)?;
    if workload.runs_python() {
        config.python.clone_from(&args.workload.python.python);
    }
    Ok(SuiteEntry { workload, config, thresholds: thresholds(args.gate.noise_threshold, &layers) })
}

/// What a flag says, else what the nearest settings say; and for single metrics what these say.
fn thresholds(flag: Option<ShareSetting>, layers: &[&SuiteSettings]) -> Thresholds {
    let of_all = flag.or_else(|| layers.iter().find_map(|settings| settings.noise_threshold));
    let mut thresholds = of_all.map_or_else(Thresholds::default, |share| Thresholds::uniform(share.0));
    let of_one = layers.iter().rev().flat_map(|settings| &settings.thresholds);
    of_one.for_each(|(metric, share)| thresholds.set(*metric, share.0));
    thresholds
}

type Read = (Vec<Workload>, Vec<(String, InputErrors)>);

fn workloads(args: &WorkloadArgs, file: &SuiteFile, stdin: impl BufRead) -> Result<Read, Failure> {
    if is_one(args) {
        return Ok((vec![config::workload(args, stdin)?], Vec::new()));
    }
    if args.name.is_some() || args.tasks.is_some() || args.items.is_some() {
        let message = "--name, --tasks and --items are for one workload, and a suite has several";
        return Err(Failure::Usage(message.to_owned()));
    }
    let names = names(args, file)?;
    let (mut workloads, mut broken) = (Vec::new(), Vec::new());
    for name in names {
        match input::resolve(&name) {
            Ok(mut workload) => {
                config::name_async_form(&mut workload, args.python.async_fn.as_deref())?;
                workloads.push(workload);
            }
            // What is not there is a misspelt name, which is better told before anything is run.
            Err(errors) if errors.first().code == Code::WorkloadNotFound => return Err(errors.into()),
            Err(errors) => broken.push((name, errors)),
        }
    }
    Ok((workloads, broken))
}

/// Whether one workload is described, and not a suite named.
fn is_one(args: &WorkloadArgs) -> bool {
    let is_described = !args.command_line.is_empty() || args.cpu.is_some() || args.wait.is_some();
    let is_file = |name: &String| !Path::new(name).is_dir();
    is_described || args.workload.iter().any(|word| word == ":::") || {
        let has_options = args.name.is_some() || args.tasks.is_some() || args.items.is_some();
        has_options && args.workload.len() == 1 && args.workload.iter().all(is_file)
    }
}

/// Whether what is run is up to the file.
fn is_left_to(file: &SuiteFile, args: &WorkloadArgs) -> bool {
    !is_one(args) && args.workload.is_empty() && !file.workloads.is_empty()
}

/// The names of the workloads, directories taken apart.
fn names(args: &WorkloadArgs, file: &SuiteFile) -> Result<Vec<String>, Failure> {
    let asked = if args.workload.is_empty() { &file.workloads } else { &args.workload };
    if asked.is_empty() {
        let files = files(Path::new(DIRECTORY)).unwrap_or_default();
        let samples = || input::samples().iter().map(|sample| sample.name.to_owned()).collect();
        return Ok(if files.is_empty() { samples() } else { files });
    }
    let mut names = Vec::new();
    for name in asked {
        if !Path::new(name).is_dir() {
            names.push(name.clone());
            continue;
        }
        let files = files(Path::new(name)).map_err(Failure::io(format!("cannot read '{name}'")))?;
        if files.is_empty() {
            return Err(Failure::Usage(format!("there is no workload file (.toml) in '{name}'")));
        }
        names.extend(files);
    }
    Ok(names)
}

/// The workload files in a directory, in alphabetical order.
fn files(directory: &Path) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") && path.is_file() {
            files.push(path.to_string_lossy().into_owned());
        }
    }
    files.sort();
    Ok(files)
}

/// Results are told apart by name.
fn check_names(workloads: &[Workload]) -> Result<(), Failure> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for workload in workloads {
        *counts.entry(&workload.name).or_default() += 1;
    }
    match counts.iter().find(|(_, count)| **count > 1) {
        Some((name, count)) => {
            let message = format!("{count} workloads are called '{name}'; give each a name of its own");
            Err(Failure::Usage(message))
        }
        None => Ok(()),
    }
}

/// Settings of a workload that is not there are a misspelt name.
fn check_settings(file: &SuiteFile, workloads: &[Workload]) -> Result<(), Failure> {
    let names = || workloads.iter().map(|workload| workload.name.as_str());
    let Some(unknown) = file.workload.keys().find(|key| !names().any(|name| name == key.as_str())) else {
        return Ok(());
    };
    let hint = closest(unknown, names()).map_or(String::new(), |name| format!("; did you mean '{name}'?"));
    let message = format!("{}: [workload.{unknown}] is none of the suite{hint}", SUITE_FILE);
    Err(Failure::Usage(message))
}

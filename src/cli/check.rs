//! `conc check`: a Python callable on a few items, and which line is wrong.

use std::io;
use std::time::Duration;

use crate::error::ExitStatus;
use crate::report::{CheckReport, json, table};
use crate::study::{Study, StudyConfig};
use crate::workload::{Workload, input};

use crate::cli::args::CheckArgs;
use crate::cli::config;
use crate::cli::failure::Failure;
use crate::cli::machine::TargetMachine;
use crate::cli::output::print;
use crate::cli::progress::Progress;

/// Tasks that are run unless more are asked for.
const FEW: u64 = 5;

/// Nothing of a check is drawn at random but what the embedded server does.
const SEED: u64 = 1;

/// Checks and prints; the exit code says whether anything failed.
pub(crate) fn check(args: &CheckArgs, machine: &TargetMachine) -> Result<ExitStatus, Failure> {
    let workload = workload(args)?;
    let (options, shows_progress) = config::appearance(args.style);
    let host = machine.host()?;
    let machine = machine.start()?;
    let mut progress = Progress::new(&workload.name, Duration::ZERO, shows_progress);
    let config = StudyConfig { seed: SEED, python: args.python.python.clone(), ..StudyConfig::default() };
    let study = Study::new(&*machine, &host, workload).prepare(&config, &mut progress)?;
    let report = study.check(args.tasks.unwrap_or(FEW), args.timeout, &mut progress)?;
    drop(progress);
    if args.json {
        print_json(&report)?
    } else {
        print(&table::render_check(&report, &options))?
    }
    Ok(if report.failed() == 0 { ExitStatus::Done } else { ExitStatus::Failed })
}

fn workload(args: &CheckArgs) -> Result<Workload, Failure> {
    let Some((name, rest)) = args.callable.split_first() else {
        return Err(Failure::Usage("name a Python callable, as in tasks.py:fetch".to_owned()));
    };
    let workload = input::resolve(name)?;
    if !workload.runs_python() {
        return Err(Failure::Usage(format!("only Python callables can be checked, and '{name}' is none")));
    }
    let stdin = io::stdin().lock();
    let items = args.items.as_deref().map(|path| input::read_items(path, stdin)).transpose()?;
    let mut workload = input::with_items(workload, rest, items, args.tasks)?;
    config::name_async_form(&mut workload, args.python.async_fn.as_deref())?;
    Ok(workload)
}

fn print_json(report: &CheckReport) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    json::to_writer(&mut bytes, report).map_err(Failure::io("cannot print"))?;
    print(&String::from_utf8_lossy(&bytes))
}

//! The commands, each from its arguments to its output.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::CommandFactory;
use conc::code::Code;
use conc::host::{Host, limits};
use conc::report::document::{BenchReport, CommandName, Report};
use conc::report::{explain, schema, table};
use conc::workload::{Workload, input};

use crate::cli::args::{AdviseArgs, BenchArgs, Cli, Command, Language, ListArgs, MeasureArgs, ProfileArgs};
use crate::cli::config;
use crate::cli::failure::{Failure, INTERRUPTED};
use crate::cli::guard::Guard;
use crate::cli::output::{print, publish};
use crate::cli::progress::Progress;
use crate::cli::study::{Aim, Study};

/// Runs a command to its end.
pub(crate) fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Advise(args) => return advise(&args),
        Command::Bench(args) => return bench(&args),
        Command::Profile(args) => return profile(&args),
        Command::List(args) => list(&args),
        Command::Init { file } => init(file.as_deref()),
        Command::Explain { topic } => explain_topic(&topic),
        Command::Schema => print(&schema::schema()),
        Command::Completions { shell } => completions(shell),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn advise(args: &AdviseArgs) -> Result<ExitCode, Failure> {
    let workload = config::workload(&args.workload, io::stdin().lock())?;
    let host = detect()?;
    let output = config::output(&args.output, args.code);
    let aim = aim(CommandName::Advise, &args.measure, &host)?;
    let guard = Guard::start()?;
    let mut progress = Progress::new(&workload.name, aim.settings.budget, output.progress);
    progress.phase("calibrating");
    let study = Study::prepare(&guard, &host, workload, aim.settings.seed)?;
    let profiled = study.profile(&progress)?;
    let report = study.advise(&aim, profiled, &mut progress)?;
    drop(progress);
    let table = table::render_advise(&report, &output.table);
    publish(&report, std::slice::from_ref(&report), &table, &output)?;
    Ok(ending(&guard))
}

fn profile(args: &ProfileArgs) -> Result<ExitCode, Failure> {
    let workload = config::workload(&args.workload, io::stdin().lock())?;
    let host = detect()?;
    let output = config::output(&args.output, Language::None);
    let guard = Guard::start()?;
    let progress = Progress::new(&workload.name, Duration::ZERO, output.progress);
    progress.phase("calibrating");
    let study = Study::prepare(&guard, &host, workload, args.seed)?;
    let profiled = study.profile(&progress)?;
    let report = study.report_profile(profiled);
    drop(progress);
    let table = table::render_profile(&report, &output.table);
    publish(&report, std::slice::from_ref(&report), &table, &output)?;
    Ok(ending(&guard))
}

fn bench(args: &BenchArgs) -> Result<ExitCode, Failure> {
    let workloads = suite(&args.workloads)?;
    let host = detect()?;
    let output = config::output(&args.output, Language::None);
    let aim = aim(CommandName::Bench, &args.measure, &host)?;
    let guard = Guard::start()?;
    let mut results: Vec<Report> = Vec::new();
    for workload in workloads {
        let mut progress = Progress::new(&workload.name, aim.settings.budget, output.progress);
        let study = Study::prepare(&guard, &host, workload, aim.settings.seed)?;
        match study.profile(&progress).and_then(|profiled| study.advise(&aim, profiled, &mut progress)) {
            Ok(report) => results.push(report),
            // What was measured before is shown.
            Err(Failure::Interrupted) if !results.is_empty() => break,
            Err(failure) => return Err(failure),
        }
        if guard.interrupt.is_raised() {
            break;
        }
    }
    let report = BenchReport::new(host, results);
    let table = table::render_bench(&report, &output.table);
    publish(&report, &report.results, &table, &output)?;
    Ok(ending(&guard))
}

fn aim(command: CommandName, args: &MeasureArgs, host: &Host) -> Result<Aim, Failure> {
    let selection = config::selection(args, host)?;
    Ok(Aim { command, selection, settings: config::settings(args), objective: args.objective })
}

/// The workloads named, or every sample.
///
/// All are read before any is run: a mistake in the last should not cost the time of the others.
fn suite(names: &[String]) -> Result<Vec<Workload>, Failure> {
    let named = names.iter().map(String::as_str);
    let samples = input::samples().iter().map(|sample| sample.name);
    let names: Vec<&str> = if names.is_empty() { samples.collect() } else { named.collect() };
    Ok(names.into_iter().map(input::resolve).collect::<Result<_, _>>()?)
}

/// The exit code of a command that had something to show.
fn ending(guard: &Guard) -> ExitCode {
    if guard.interrupt.is_raised() { ExitCode::from(INTERRUPTED) } else { ExitCode::SUCCESS }
}

fn detect() -> Result<Host, Failure> {
    limits::raise_open_files();
    Host::detect()
        .map_err(|error| Failure::Run(Code::HostSpawn, format!("cannot look at this machine: {error}")))
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let samples = input::samples().iter().filter_map(|sample| input::load(sample.name));
    if args.json {
        let list: Vec<_> = samples
            .map(|w| serde_json::json!({ "name": w.name, "description": w.description, "tasks": w.tasks() }))
            .collect();
        return print(&format!("{:#}\n", serde_json::Value::from(list)));
    }
    print(
        &samples
            .map(|w| format!("{:18} {:>8} tasks  {}\n", w.name, w.tasks(), w.description))
            .collect::<String>(),
    )
}

fn init(file: Option<&Path>) -> Result<(), Failure> {
    let Some(path) = file else { return print(input::INIT) };
    let doing = || Failure::io(format!("cannot write '{}'", path.display()));
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(doing())?;
    file.write_all(input::INIT.as_bytes()).map_err(doing())
}

fn explain_topic(topic: &str) -> Result<(), Failure> {
    match explain::topic(topic, config::columns()) {
        Some(page) => print(&page),
        None => Err(Failure::Usage(format!("'{topic}' is neither an error code nor a strategy"))),
    }
}

fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "conc", &mut script);
    print(&String::from_utf8_lossy(&script))
}

//! The commands, each from its arguments to its output.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use crate::error::ExitStatus;
use crate::explain;
use crate::report::document::CommandName;
use crate::report::{schema, table};
use crate::study::{Study, StudyConfig};
use crate::workload::input;
use clap::CommandFactory;

use crate::cli::args::{AdviseArgs, Cli, Command, Language, ListArgs, ProfileArgs};
use crate::cli::bench;
use crate::cli::check;
use crate::cli::compare;
use crate::cli::config;
use crate::cli::ending;
use crate::cli::failure::Failure;
use crate::cli::fit;
use crate::cli::foreign;
use crate::cli::machine::TargetMachine;
use crate::cli::output::{self, print, publish};
use crate::cli::progress::Progress;

/// Runs a command to its end.
pub(crate) fn run(cli: Cli) -> Result<ExitStatus, Failure> {
    let machine = TargetMachine::read(cli.simulate.as_deref())?;
    match cli.command {
        Command::Advise(args) => return advise(&args, &machine),
        Command::Bench(args) => return bench::run(&args, &machine),
        Command::Compare(args) => return compare::run(&args),
        Command::Profile(args) => return profile(&args, &machine),
        Command::Fit(args) => fit::run(&args),
        Command::Check(args) => return check::check(&args, &machine),
        Command::List(args) => list(&args),
        Command::Init { file } => init(file.as_deref()),
        Command::Explain { topic } => explain_topic(topic.as_deref()),
        Command::Schema => print(&schema::schema()),
        Command::Completions { shell } => completions(shell),
    }?;
    Ok(ExitStatus::Done)
}

fn advise(args: &AdviseArgs, machine: &TargetMachine) -> Result<ExitStatus, Failure> {
    let workload = config::workload(&args.workload, io::stdin().lock())?;
    let language = if workload.runs_python() { Language::Python } else { Language::Rust };
    let output = config::output(&args.output, args.code.unwrap_or(language))?;
    let host = machine.host()?;
    let mut config = config::study(CommandName::Advise, &args.measure, &args.hooks, &host)?;
    config.once = args.once;
    config.python.clone_from(&args.workload.python.python);
    config.selection.variants = args.output.view.verbose;
    if args.once {
        config::check_once(&workload)?;
    }
    output::check(&output)?;
    let machine = machine.start()?;
    let mut progress = Progress::new(&workload.name, config.budget, output.progress);
    let report = Study::new(&*machine, &host, workload).run(&config, &mut progress)?;
    drop(progress);
    let table = table::render_advise(&report, &output.table);
    publish(&report, &table, &output)?;
    ending::of(machine.interrupt(), &[report])
}

fn profile(args: &ProfileArgs, machine: &TargetMachine) -> Result<ExitStatus, Failure> {
    let output = config::view(&args.output)?;
    if let Some(pid) = args.foreign.pid {
        return foreign::process(pid, args, &machine.host()?, &output);
    }
    let workload = config::workload(&args.workload, io::stdin().lock())?;
    let host = machine.host()?;
    output::check(&output)?;
    if foreign::is_one_command(&workload, args) {
        return foreign::command(workload, args, &host, &output);
    }
    foreign::check_unused(&args.foreign)?;
    let machine = machine.start()?;
    let mut progress = Progress::new(&workload.name, Duration::ZERO, output.progress);
    let config = StudyConfig {
        seed: args.seed,
        hooks: config::hooks(&args.hooks),
        python: args.workload.python.python.clone(),
        ..StudyConfig::default()
    };
    let study = Study::new(&*machine, &host, workload).prepare(&config, &mut progress)?;
    let report = study.profile_only(&mut progress)?;
    drop(progress);
    let table = table::render_profile(&report, &output.table);
    publish(&report, &table, &output)?;
    ending::of(machine.interrupt(), &[report])
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
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(Failure::Usage(format!("'{}' exists already; it was not changed", path.display())))
        }
        Err(error) => Err(doing()(error)),
        Ok(mut file) => file.write_all(input::INIT.as_bytes()).map_err(doing()),
    }
}

fn explain_topic(topic: Option<&str>) -> Result<(), Failure> {
    let layout = config::page_layout();
    let Some(topic) = topic else { return print(&explain::index(layout)) };
    if let Some(page) = explain::page(topic, layout) {
        return print(&page);
    }
    let hint = match &explain::suggestions(topic)[..] {
        [] => "`conc explain` lists the topics".to_owned(),
        near => format!("did you mean '{}'?", near.join("', '")),
    };
    Err(Failure::Usage(format!("'{topic}' is no topic, strategy or error code; {hint}")))
}

fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "conc", &mut script);
    print(&String::from_utf8_lossy(&script))
}

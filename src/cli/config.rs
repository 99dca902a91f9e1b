//! The arguments resolved: what is run, how it is measured, what is shown.

use std::io::{self, BufRead};
use std::path::PathBuf;

use conc::benchmark::measure::Settings;
use conc::benchmark::plan::Selection;
use conc::code::Code;
use conc::host::Host;
use conc::report::table::{CodeChoice, TableOptions};
use conc::strategy::Kind;
use conc::workload::item::Items;
use conc::workload::spec::StepSpec;
use conc::workload::{Workload, input};

use crate::cli::args::{Language, MeasureArgs, OutputArgs, Style, WorkloadArgs};
use crate::cli::failure::Failure;
use crate::cli::widths;

/// Columns assumed where the output is not a terminal.
const DEFAULT_COLUMNS: usize = 100;

/// The workload that the arguments name.
pub(crate) fn workload(args: &WorkloadArgs, stdin: impl BufRead) -> Result<Workload, Failure> {
    let mut workload = match &args.workload {
        Some(name) => with_tasks(input::resolve(name)?, args.tasks)?,
        None if !args.command_line.is_empty() => {
            let items = args.items.as_deref().map(|path| input::read_items(path, stdin)).transpose()?;
            input::from_command(&args.command_line, items, args.tasks, args.shell, args.ignore_failure)?
        }
        None => input::inline(args.cpu, args.wait, args.tasks.unwrap_or(input::DEFAULT_TASKS))?,
    };
    if args.ignore_failure {
        ignore_failures(&mut workload);
    }
    if let Some(name) = &args.name {
        workload.name.clone_from(name);
    }
    Ok(workload)
}

/// The workload with another number of tasks.
fn with_tasks(mut workload: Workload, tasks: Option<u64>) -> Result<Workload, Failure> {
    match (tasks, &workload.items) {
        (None, _) => {}
        (Some(tasks), Items::Count(_)) => workload.items = Items::Count(tasks),
        (Some(_), _) => {
            let message = format!(
                "--tasks: '{}' has a list of items, which says how many tasks there are",
                workload.name
            );
            return Err(Failure::Usage(message));
        }
    }
    Ok(workload)
}

fn ignore_failures(workload: &mut Workload) {
    for step in &mut workload.steps {
        if let StepSpec::Command(command) = step {
            command.ignore_failure = true;
        }
    }
}

/// The strategies and widths to measure.
pub(crate) fn selection(args: &MeasureArgs, host: &Host) -> Result<Selection, Failure> {
    if args.strategy.contains(&Kind::Pipeline) {
        let message = "the strategy 'pipeline' is not supported yet".to_owned();
        return Err(Failure::Refused(Code::WorkloadUnsupported, message));
    }
    let widths = widths::parse(&args.width, host.cpus_effective)
        .map_err(|e| Failure::Usage(format!("--width: {e}")))?;
    Ok(Selection { strategies: args.strategy.clone(), widths })
}

/// How much is measured.
pub(crate) fn settings(args: &MeasureArgs) -> Settings {
    Settings {
        budget: args.budget,
        rounds: args.runs,
        warmup: args.warmup,
        exhaustive: args.exhaustive,
        seed: args.seed,
    }
}

/// What is shown and written.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    /// JSON on standard output, and nothing else.
    pub(crate) json: bool,
    /// Files to write.
    pub(crate) exports: Exports,
    /// How the table looks.
    pub(crate) table: TableOptions,
    /// Whether progress is shown.
    pub(crate) progress: bool,
}

/// Files to write, if any.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exports {
    /// The JSON document.
    pub(crate) json: Option<PathBuf>,
    /// A table in Markdown.
    pub(crate) markdown: Option<PathBuf>,
    /// The cells as CSV.
    pub(crate) csv: Option<PathBuf>,
}

/// Resolves what is shown and written.
pub(crate) fn output(args: &OutputArgs, language: Language) -> Output {
    let to_stdout = args.export_json.as_deref().is_some_and(|path| path.as_os_str() == "-");
    let colour = match args.style {
        Style::Auto => anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
        Style::Full | Style::Color => true,
        Style::Basic | Style::Nocolor => false,
    };
    let code = match language {
        Language::Rust => CodeChoice::Rust,
        Language::Python => CodeChoice::Python,
        Language::None => CodeChoice::None,
    };
    Output {
        json: args.json || to_stdout,
        exports: Exports {
            json: args.export_json.clone().filter(|_| !to_stdout),
            markdown: args.export_markdown.clone(),
            csv: args.export_csv.clone(),
        },
        table: TableOptions { width: columns(), colour, verbose: args.verbose, code },
        progress: matches!(args.style, Style::Auto | Style::Full | Style::Nocolor),
    }
}

/// The width of the terminal that standard output is, or what `COLUMNS` says.
pub(crate) fn columns() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|n| *n > 0);
    let shown = || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
    said.or_else(shown).unwrap_or(DEFAULT_COLUMNS)
}

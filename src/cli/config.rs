//! The arguments resolved: what is run, how it is measured, what is shown.

use std::io::{self, BufRead};
use std::path::Path;

use crate::benchmark::hooks::Hooks;
use crate::benchmark::plan::Selection;
use crate::explain::PageLayout;
use crate::host::Host;
use crate::report::document::CommandName;
use crate::report::table::{CodeChoice, TableOptions};
use crate::workload::item::Items;
use crate::workload::spec::{StepSpec, WorkloadSource};
use crate::workload::{Workload, input};
use anstream::ColorChoice;

use crate::cli::args::{HookArgs, Language, MeasureArgs, OutputArgs, Style, ViewArgs, WorkloadArgs};
use crate::cli::destination::{Files, Format, destinations, split, view_destinations};
use crate::cli::failure::Failure;
use crate::cli::widths;
use crate::study::{DEFAULT_BUDGET, StopRule, StudyConfig};

/// Columns assumed where the output is not a terminal.
const DEFAULT_COLUMNS: usize = 100;

/// The workload that the arguments name.
pub(crate) fn workload(args: &WorkloadArgs, stdin: impl BufRead) -> Result<Workload, Failure> {
    let mut workload = match args.workload.split_first() {
        Some((name, rest)) => {
            let workload = input::resolve(name)?;
            if workload.source == WorkloadSource::Python {
                let items = args.items.as_deref().map(|path| input::read_items(path, stdin)).transpose()?;
                input::with_items(workload, rest, items, args.tasks)?
            } else {
                refuse_items(&workload, args)?;
                with_tasks(workload, args.tasks)?
            }
        }
        None if args.items.is_some() && args.command_line.is_empty() => return Err(no_command()),
        None if !args.command_line.is_empty() => {
            let items = args.items.as_deref().map(|path| input::read_items(path, stdin)).transpose()?;
            input::from_command(&args.command_line, items, args.tasks, args.shell, args.ignore_failure)?
        }
        None => input::inline(args.cpu, args.wait, args.tasks.unwrap_or(input::DEFAULT_TASKS))?,
    };
    if args.ignore_failure {
        ignore_failures(&mut workload);
    }
    check_python(&workload, args.python.python.as_deref())?;
    name_async_form(&mut workload, args.python.async_fn.as_deref())?;
    if let Some(name) = &args.name {
        workload.name.clone_from(name);
    }
    Ok(workload)
}

/// Items are for commands and callables; everything else has its own.
fn refuse_items(workload: &Workload, args: &WorkloadArgs) -> Result<(), Failure> {
    if args.items.is_none() && args.workload.len() == 1 {
        return Ok(());
    }
    let message = format!("items are for commands and Python callables, and '{}' is neither", workload.name);
    Err(Failure::Usage(message))
}

fn no_command() -> Failure {
    let message = "--items: there is nothing to run; name a Python callable, or write a command after --";
    Failure::Usage(message.to_owned())
}

/// Refuses an interpreter for a workload that is not Python.
pub(crate) fn check_python(workload: &Workload, python: Option<&Path>) -> Result<(), Failure> {
    if python.is_some() && !workload.runs_python() {
        let message = format!("--python: '{}' is not a Python workload", workload.name);
        return Err(Failure::Usage(message));
    }
    Ok(())
}

/// Says which coroutine function goes with the callable of the workload.
pub(crate) fn name_async_form(workload: &mut Workload, name: Option<&str>) -> Result<(), Failure> {
    let Some(name) = name else { return Ok(()) };
    match &mut workload.steps[..] {
        [StepSpec::Python(spec)] => spec.async_callable = Some(name.to_owned()),
        _ => return Err(Failure::Usage("--async-fn: it goes with one Python callable".to_owned())),
    }
    Ok(())
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
fn selection(args: &MeasureArgs, host: &Host) -> Result<Selection, Failure> {
    args.strategy.iter().try_for_each(|strategy| strategy.ensure_measured())?;
    let widths = widths::parse(&args.width, host.cpus_effective)
        .map_err(|e| Failure::Usage(format!("--width: {e}")))?;
    Ok(Selection { strategies: args.strategy.clone(), widths, variants: false })
}

/// Resolves the configuration of a study.
pub(crate) fn study(
    command: CommandName,
    args: &MeasureArgs,
    hooks: &HookArgs,
    host: &Host,
) -> Result<StudyConfig, Failure> {
    Ok(StudyConfig {
        command,
        seed: args.seed,
        once: false,
        hooks: self::hooks(hooks),
        python: None,
        selection: selection(args, host)?,
        budget: args.budget.unwrap_or(DEFAULT_BUDGET),
        stop: stop_rule(args),
        warmup: args.warmup,
        objective: args.objective,
        recalibrate: args.recalibrate,
    })
}

fn stop_rule(args: &MeasureArgs) -> StopRule {
    match args.runs {
        _ if args.predict_only || args.assume_cpus.is_some() => {
            StopRule::PredictOnly { cpus: args.assume_cpus }
        }
        rounds if args.exhaustive => StopRule::Exhaustive { rounds },
        Some(rounds) => StopRule::Rounds(rounds),
        None => StopRule::Budget,
    }
}

/// The commands around the batches.
pub(crate) fn hooks(args: &HookArgs) -> Hooks {
    let HookArgs { setup, prepare, cleanup } = args;
    Hooks { setup: setup.clone(), prepare: prepare.clone(), cleanup: cleanup.clone() }
}

/// Refuses to run items once where there are none to tell apart.
pub(crate) fn check_once(workload: &Workload) -> Result<(), Failure> {
    let is_called = workload.runs_commands() || workload.runs_python();
    if matches!(workload.items, Items::Count(_)) && !is_called {
        let message = format!("--once: '{}' has no items that could be run once", workload.name);
        return Err(Failure::Usage(message));
    }
    Ok(())
}

/// What is shown and written.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    /// What goes to standard output, and nothing else with it; the table where it is none of these.
    pub(crate) stdout: Option<Format>,
    /// Files to write.
    pub(crate) files: Files,
    /// How the table looks.
    pub(crate) table: TableOptions,
    /// Whether progress is shown.
    pub(crate) progress: bool,
}

/// How a screen looks, and whether progress is shown. From here on colour is what `--style` says, in
/// errors too.
pub(crate) fn appearance(style: Style) -> (TableOptions, bool) {
    match style {
        Style::Auto => ColorChoice::Auto,
        Style::Full | Style::Color => ColorChoice::Always,
        Style::Basic | Style::Nocolor => ColorChoice::Never,
    }
    .write_global();
    let colour = anstream::AutoStream::choice(&io::stdout()) != ColorChoice::Never;
    let options = TableOptions { width: columns(), colour, verbose: false, code: CodeChoice::None };
    (options, matches!(style, Style::Auto | Style::Full | Style::Nocolor))
}

/// Resolves what is shown and written of cells.
pub(crate) fn output(args: &OutputArgs, language: Language) -> Result<Output, Failure> {
    resolved(&args.view, destinations(args)?, language)
}

/// Resolves what is shown and written where there are no cells.
pub(crate) fn view(args: &ViewArgs) -> Result<Output, Failure> {
    resolved(args, view_destinations(args), Language::None)
}

fn resolved(args: &ViewArgs, exports: Files, language: Language) -> Result<Output, Failure> {
    let (table, progress) = appearance(args.style);
    let code = match language {
        Language::Rust => CodeChoice::Rust,
        Language::Python => CodeChoice::Python,
        Language::None => CodeChoice::None,
    };
    let (stdout, files) = split(args.json, exports)?;
    Ok(Output { stdout, files, table: TableOptions { verbose: args.verbose, code, ..table }, progress })
}

/// The layout of a page of `conc explain`.
pub(crate) fn page_layout() -> PageLayout {
    let is_styled = anstream::AutoStream::choice(&io::stdout()) != ColorChoice::Never;
    PageLayout { width: columns(), is_styled }
}

/// The width of the terminal that standard output is, or what `COLUMNS` says.
pub(crate) fn columns() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|n| *n > 0);
    let shown = || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
    said.or_else(shown).unwrap_or(DEFAULT_COLUMNS)
}

//! Settings of the workload.

use std::ffi::OsString;
use std::io::BufRead;
use std::path::Path;

use crate::workload::item::Items;
use crate::workload::spec::{StepSpec, WorkloadSource};
use crate::workload::{Workload, input};

use crate::cli::args::{WorkloadArgs, slips};
use crate::cli::failure::Failure;
use crate::cli::settings::trust::access;

/// Returns the workload that the arguments describe.
pub(super) fn resolve_workload(args: &WorkloadArgs, stdin: impl BufRead) -> Result<Workload, Failure> {
    let mut workload = match args.workload.split_first() {
        Some((name, rest)) => {
            let workload = input::resolve_os(name, access(args)?)?;
            if workload.source == WorkloadSource::Python {
                let items = args.items.as_deref().map(|path| input::read_items(path, stdin)).transpose()?;
                input::with_items(workload, &in_utf8(rest)?, items, args.tasks)?
            } else {
                refuse_items(&workload, args)?;
                with_tasks(workload, args.tasks)?
            }
        }
        None if args.items.is_some() && args.command_line.is_empty() => return Err(no_command()),
        None if !args.command_line.is_empty() => {
            slips::check_items(&args.command_line).map_err(Failure::Usage)?;
            let items = args.items.as_deref().map(|path| input::read_items(path, stdin)).transpose()?;
            input::from_command(&args.command_line, items, args.tasks, args.shell, args.ignore_failure)?
        }
        None => input::inline(args.cpu, args.wait, args.tasks.unwrap_or(input::DEFAULT_TASKS))?,
    };
    if args.items.is_some() {
        workload.items_from.clone_from(&args.items);
    }
    if args.ignore_failure {
        ignore_failures(&mut workload);
    }
    set_limits(&mut workload, args);
    name_async_form(&mut workload, args.python.async_fn.as_deref())?;
    if let Some(name) = &args.name {
        workload.name.clone_from(name);
    }
    Ok(workload)
}

/// Returns words that become items, which are text.
fn in_utf8(words: &[OsString]) -> Result<Vec<String>, Failure> {
    let text = |word: &OsString| {
        let why = || Failure::Usage(format!("the item '{}' is not UTF-8", word.display()));
        word.to_str().map(str::to_owned).ok_or_else(why)
    };
    words.iter().map(text).collect()
}

/// Refuses items for a workload that has its own: only commands and callables take items.
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

/// Checks that an interpreter is not given for a workload that is not Python.
///
/// # Errors
/// When it is.
pub(super) fn check_python(workload: &Workload, python: Option<&Path>) -> Result<(), Failure> {
    if python.is_some() && !workload.runs_python() {
        let message = format!("--python: '{}' is not a Python workload", workload.name);
        return Err(Failure::Usage(message));
    }
    Ok(())
}

/// Sets the coroutine function that is the async form of the callable.
pub(super) fn name_async_form(workload: &mut Workload, name: Option<&str>) -> Result<(), Failure> {
    let Some(name) = name else { return Ok(()) };
    match &mut workload.steps[..] {
        [StepSpec::Python(spec)] => spec.async_callable = Some(name.to_owned()),
        _ => return Err(Failure::Usage("--async-fn needs a single Python callable".to_owned())),
    }
    Ok(())
}

/// Returns the workload with another number of tasks.
fn with_tasks(mut workload: Workload, tasks: Option<u64>) -> Result<Workload, Failure> {
    match (tasks, &workload.items) {
        (None, _) => {}
        (Some(tasks), Items::Count(_)) => workload.items = Items::Count(tasks),
        (Some(_), _) => {
            let message =
                format!("--tasks: '{}' has a list of items, which sets the number of tasks", workload.name);
            return Err(Failure::Usage(message));
        }
    }
    Ok(workload)
}

/// Sets the limits that the arguments give; each replaces that of a workload file.
pub(super) fn set_limits(workload: &mut Workload, args: &WorkloadArgs) {
    let limits = &mut workload.limits;
    limits.max_in_flight = args.max_in_flight.or(limits.max_in_flight);
    limits.rate_per_s = args.rate.or(limits.rate_per_s);
}

/// Counts commands that fail as successful.
pub(super) fn ignore_failures(workload: &mut Workload) {
    for step in &mut workload.steps {
        if let StepSpec::Command(command) = step {
            command.ignore_failure = true;
        }
    }
}

/// Refuses to run items only once if there are none to distinguish.
pub(super) fn check_once(workload: &Workload) -> Result<(), Failure> {
    let is_called = workload.runs_commands() || workload.runs_python();
    if matches!(workload.items, Items::Count(_)) && !is_called {
        let message = format!("--once: '{}' has no items that could be run once", workload.name);
        return Err(Failure::Usage(message));
    }
    Ok(())
}

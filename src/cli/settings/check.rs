//! Settings of `conc check`.

use std::io::BufRead;
use std::time::Duration;

use crate::report::document::CommandName;
use crate::report::table::TableOptions;
use crate::study::StudyConfig;
use crate::workload::{Workload, input};

use crate::cli::args::{CheckArgs, CheckFormat};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::settings::environment::Environment;
use crate::cli::settings::workload::name_async_form;

/// Seed of a check, in which nothing but the embedded server is random.
const SEED: u64 = 1;

/// Settings of `conc check`.
pub(crate) struct CheckSettings {
    /// The callable and its items.
    pub(crate) workload: Workload,
    /// Number of tasks at most; there are no more than items.
    pub(crate) tasks: u64,
    /// Time after which a task hangs.
    pub(crate) timeout: Duration,
    /// The configuration of the study.
    pub(crate) study: StudyConfig,
    /// The format of standard output.
    pub(crate) format: CheckFormat,
    /// The look of the table.
    pub(crate) table: TableOptions,
    /// The streams.
    pub(crate) console: Console,
}

impl CheckSettings {
    /// Resolves the arguments.
    ///
    /// # Errors
    /// When they name no Python callable.
    pub(crate) fn resolve(args: &CheckArgs, environment: &Environment) -> Result<Self, Failure> {
        let python = args.python.python.clone();
        Ok(CheckSettings {
            workload: resolve_callable(args, environment.stdin())?,
            tasks: args.tasks.unwrap_or(u64::MAX),
            timeout: args.timeout,
            study: StudyConfig { command: CommandName::Check, seed: SEED, python, ..StudyConfig::default() },
            format: if args.json { CheckFormat::Json } else { args.format },
            table: environment.table(),
            console: environment.console,
        })
    }
}

fn resolve_callable(args: &CheckArgs, stdin: impl BufRead) -> Result<Workload, Failure> {
    let Some((name, rest)) = args.callable.split_first() else {
        return Err(Failure::Usage("name a Python callable, such as tasks.py:fetch".to_owned()));
    };
    let workload = input::resolve(name)?;
    if !workload.runs_python() {
        let message = format!("only Python callables can be checked, and '{name}' is not one");
        return Err(Failure::Usage(message));
    }
    let items = args.items.as_deref().map(|path| input::read_items(path, stdin)).transpose()?;
    let mut workload = input::with_items(workload, rest, items, args.tasks)?;
    name_async_form(&mut workload, args.python.async_fn.as_deref())?;
    Ok(workload)
}

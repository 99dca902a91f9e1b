//! `conc run`: every item once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use crate::cluster;
use crate::error::{Error, ExitStatus};
use crate::host::Host;
use crate::job::engine::{self, Surroundings};
use crate::job::failure::{JobError, JobFailure, JobOutcome};
use crate::job::shutdown::Shutdown;
use crate::job::summary::{JobEnd, JobSummary};
use crate::report::JobReport;
use crate::report::format::render_json;
use crate::report::prose::job;
use crate::report::table::Glyphs;
use crate::study::this_machine;

use crate::cli::args::RunArgs;
use crate::cli::failure::Failure;
use crate::cli::output::{self, write_json};
use crate::cli::run_progress::SharedStreams;
use crate::cli::settings::{Environment, RunSettings, attach};
use crate::cli::signals;

/// Runs the command.
pub(super) fn run(args: &RunArgs, environment: &Environment) -> Result<ExitStatus, Failure> {
    let attached = args.on.attach.as_deref().map(attach::arguments).transpose()?;
    let args = attached.as_deref().unwrap_or(args);
    let host = this_machine()?;
    let settings = RunSettings::resolve(args, &host)?;
    let console = environment.console;
    let shutdown = Shutdown::default();
    let steps = Arc::new(AtomicI64::new(0));
    signals::follow_width(&steps)?;
    let guard = signals::graceful(&shutdown)?;
    let streams = SharedStreams::new(settings.progress, console);
    let mut observer = streams.observer(settings.progress, console);
    let around = Surroundings { group: guard.group(), shutdown: &shutdown, steps: &steps, streams: &streams };
    let outcome = match &settings.engine {
        None => engine::run(&settings.job, &around, guard.interrupt(), &mut observer),
        // What was submitted has to be cancelled, from the first moment on.
        Some(_) if !shutdown.begin() => Err(Error::interrupted().into()),
        Some(engine) => cluster::run::run(&settings.job, engine, &around, &mut observer),
    };
    let outcome = outcome.map_err(|error| guard.check().map_or_else(Failure::from, |()| refused(error)))?;
    streams.finish();
    drop(guard);
    conclude(&settings, outcome, host, environment)
}

/// Returns the failure of a run that could not begin.
pub(super) fn refused(error: JobError) -> Failure {
    match error {
        JobError::Callable(error) => error.into(),
        error if error.is_usage() => Failure::Usage(error.to_string()),
        JobError::Io(doing, error) => Failure::Io(doing, error),
        error => Failure::Io("the run cannot begin".to_owned(), io::Error::other(error.to_string())),
    }
}

fn conclude(
    settings: &RunSettings,
    outcome: JobOutcome,
    host: Host,
    environment: &Environment,
) -> Result<ExitStatus, Failure> {
    let JobOutcome { summary, failure } = outcome;
    let status = status(&summary);
    settings.prior.keep(&summary);
    let shown = job::lines(&summary, environment.glyphs == Glyphs::Unicode);
    if !settings.is_quiet || status != ExitStatus::Done {
        for (label, line) in shown {
            environment.console.note(&format!("{label:<10} {line}"));
        }
    }
    let report = JobReport::new(host, summary);
    let written = settings.export_json.as_ref().map_or(Ok(()), |path| write_json(path, &report));
    let printed = match settings.is_json {
        true => render_json(&report)
            .map_err(Failure::io("cannot print"))
            .and_then(|text| environment.console.print(&text)),
        false => Ok(()),
    };
    let verdict = match failure {
        None => Ok(status),
        Some(JobFailure::Items(error)) => Err(Failure::Usage(error.to_string())),
        Some(JobFailure::Commit(error)) => {
            Ok(broken(settings, environment, &format!("{}: {}", error.doing, error.error)))
        }
        Some(JobFailure::Engine(error)) => {
            Ok(broken(settings, environment, &format!("{}: {}", error.code, error.message)))
        }
    };
    output::conclude(verdict, written.and(printed), environment.console)
}

/// Says why a run could not go on, and how to go on with it.
fn broken(settings: &RunSettings, environment: &Environment, message: &str) -> ExitStatus {
    let resume =
        if settings.job.journal.is_some() { "; what was not recorded runs again with --resume" } else { "" };
    environment.console.note(&format!("error: {message}{resume}"));
    ExitStatus::Failed
}

fn status(summary: &JobSummary) -> ExitStatus {
    match summary.end {
        JobEnd::Interrupted => ExitStatus::Interrupted,
        JobEnd::Broken => ExitStatus::Failed,
        JobEnd::Complete | JobEnd::Halted | JobEnd::Detached => {
            let failed = summary.items.failed + summary.items.skipped_failed;
            if failed == 0 { ExitStatus::Done } else { ExitStatus::Failed }
        }
    }
}

//! Sends a request to a fresh interpreter and waits for its report.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::Reexec;
use crate::host::deadline::DeadlineKeeper;
use crate::python::harness::GREETING;
use crate::python::harness_process::HarnessProcess;
use crate::python::protocol::event::{HarnessEvent, Inspection};
use crate::python::protocol::request::{HarnessRequest, TaskJob};
use crate::python::results_file::ResultsFile;
use crate::python::zygote::Zygote;
use crate::workload::Workload;

/// Maximum length of an item in messages, in characters.
const MAX_ITEM_CHARACTERS: usize = 60;

/// Maximum number of running tasks that the error of a dead interpreter names; of more, only the number is
/// reported.
const MAX_NAMED_TASKS: usize = 4;

/// The environment variable by which callables find the embedded server.
const FIXTURE_VARIABLE: &str = "CONC_FIXTURE";

/// Time limits of an interpreter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTimeouts {
    /// Limit for importing the user's module.
    pub import: Duration,
    /// Limit for starting the interpreter and its pools, in addition to `import`.
    pub start: Duration,
    /// Grace after the harness should have given up, in which it can report where it hangs.
    pub report_grace: Duration,
}

impl Default for SessionTimeouts {
    fn default() -> Self {
        SessionTimeouts {
            import: Duration::from_secs(30),
            start: Duration::from_secs(30),
            report_grace: Duration::from_millis(1500),
        }
    }
}

/// Starts interpreters with the harness.
#[derive(Debug)]
pub(super) struct Exchange {
    /// The Python executable.
    pub(super) executable: PathBuf,
    /// The script that starts the harness.
    pub(super) script: PathBuf,
    /// The directory for files of requests.
    pub(super) scratch: PathBuf,
    /// The address of the embedded server.
    pub(super) fixture: Option<SocketAddr>,
    /// Starts processes that end with this one.
    pub(super) reexec: Reexec,
    /// Kills interpreters at their deadline.
    pub(super) keeper: Arc<DeadlineKeeper>,
    /// The interpreter that forks a child for each batch, once there is one.
    pub(super) zygote: Mutex<Option<Arc<Zygote>>>,
    /// The time limits.
    pub(super) timeouts: SessionTimeouts,
}

/// A failed run, with the tasks that were running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RunFailure {
    /// The reason.
    pub(super) error: Error,
    /// Numbers of the tasks that were running when the interpreter died; empty if the harness reported the
    /// failure itself.
    pub(super) running: Vec<u64>,
}

impl From<Error> for RunFailure {
    fn from(error: Error) -> Self {
        RunFailure { error, running: Vec::new() }
    }
}

impl From<RunFailure> for Error {
    fn from(failure: RunFailure) -> Self {
        failure.error
    }
}

/// The side that a failed request was reported by.
enum ExchangeError {
    /// The harness reported the failure.
    Reported(Error),
    /// The interpreter died, was late or was killed.
    Silent(Error),
}

impl From<Error> for ExchangeError {
    fn from(error: Error) -> Self {
        ExchangeError::Silent(error)
    }
}

impl Exchange {
    /// Serves a request without tasks.
    ///
    /// # Errors
    /// If the interpreter dies or the harness reports a failure.
    pub(super) fn ask<T: DeserializeOwned>(
        &self,
        request: &HarnessRequest,
        workload: &Workload,
    ) -> Result<T, Error> {
        let mut harness = self.start(request, workload)?;
        let report = harness.next(self.start_limit()).map_err(while_importing)?.into_report()?;
        harness.finish();
        Ok(report)
    }

    /// Serves an inspection, and keeps the interpreter if it forks.
    ///
    /// # Errors
    /// If the interpreter dies or the harness reports a failure.
    pub(super) fn inspect(&self, request: &HarnessRequest, workload: &Workload) -> Result<Inspection, Error> {
        let mut harness = self.start(request, workload)?;
        let event = harness.next::<Inspection>(self.start_limit()).map_err(while_importing)?;
        let inspection = event.into_report()?;
        if inspection.forks {
            *self.zygote() = Some(Arc::new(Zygote::new(harness)));
        } else {
            harness.finish();
        }
        Ok(inspection)
    }

    /// Returns the CPU seconds of the interpreter that forks and of its children; 0 if there is none.
    pub(super) fn forking_cpu_s(&self) -> f64 {
        self.zygote().as_ref().map_or(0.0, |zygote| zygote.cpu_s())
    }

    /// Ends the interpreter that forks, if there is one.
    pub(super) fn end_forking(&self) {
        let zygote = self.zygote().take();
        drop(zygote);
    }

    fn zygote(&self) -> MutexGuard<'_, Option<Arc<Zygote>>> {
        self.zygote.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves a request whose tasks are announced one by one, none of which may take longer than
    /// `task_limit`. Leaves the item of the last announced task in `current_item`.
    ///
    /// # Errors
    /// If the interpreter dies or the harness reports a failure.
    pub(super) fn attend<T: DeserializeOwned>(
        &self,
        request: &HarnessRequest,
        workload: &Workload,
        task_limit: Duration,
        current_item: &mut Option<String>,
    ) -> Result<T, Error> {
        let mut harness = self.start(request, workload)?;
        let mut event = harness.next(self.start_limit())?;
        while let HarnessEvent::Ready { item } = event {
            *current_item = item;
            event = harness.next(task_limit + self.timeouts.report_grace)?;
        }
        let report = event.into_report()?;
        harness.finish();
        Ok(report)
    }

    /// Serves a request that runs a job; calls `ready` with the process when tasks begin.
    ///
    /// # Errors
    /// If the interpreter dies or the harness reports a failure.
    pub(super) fn run_job<T: DeserializeOwned>(
        &self,
        request: &HarnessRequest,
        workload: &Workload,
        kill_after: Duration,
        ready: &mut dyn FnMut(u32),
    ) -> Result<(T, ResultsFile), RunFailure> {
        let job = request.job().expect("the request has a results file");
        let outcome = self.run(request, workload, kill_after, ready);
        let results = read_results(job);
        match (outcome, results) {
            (Ok(report), Ok(results)) => Ok((report, results)),
            (Ok(_), Err(error)) | (Err(ExchangeError::Reported(error)), _) => Err(error.into()),
            (Err(ExchangeError::Silent(error)), Ok(results)) => {
                Err(with_last_words(error, request, job, &results, workload))
            }
            (Err(ExchangeError::Silent(error)), Err(_)) => Err(error.into()),
        }
    }

    fn run<T: DeserializeOwned>(
        &self,
        request: &HarnessRequest,
        workload: &Workload,
        kill_after: Duration,
        ready: &mut dyn FnMut(u32),
    ) -> Result<T, ExchangeError> {
        let mut harness = self.start(request, workload)?;
        if let HarnessEvent::Failed { code, message } = harness.next::<T>(self.start_limit())? {
            return Err(ExchangeError::Reported(Error::new(code, message)));
        }
        ready(harness.pid());
        let event = harness.next(kill_after + self.timeouts.report_grace)?;
        let report = event.into_report().map_err(ExchangeError::Reported)?;
        harness.finish();
        Ok(report)
    }

    /// Starts the process of a request: for a batch or a profile a fork of the interpreter that has imported the
    /// module already, if there is one.
    fn start(&self, request: &HarnessRequest, workload: &Workload) -> Result<HarnessProcess, Error> {
        let memory = workload.limits.memory;
        let zygote = self.zygote().clone().filter(|_| request.job().is_some());
        if let Some(zygote) = zygote {
            match zygote.fork(request, &self.scratch, &self.keeper, memory) {
                Ok(process) => return Ok(process),
                // It is gone, perhaps killed for its memory. A fresh interpreter does the same.
                Err(_) => *self.zygote() = None,
            }
        }
        let mut command = self.reexec.foreign(&self.executable);
        command.arg(&self.script).arg(GREETING);
        if let Some(fixture) = self.fixture {
            command.env(FIXTURE_VARIABLE, format!("http://{fixture}"));
        }
        HarnessProcess::start(&mut command, request, &self.scratch, &self.keeper, memory)
    }

    fn start_limit(&self) -> Duration {
        self.timeouts.import + self.timeouts.start
    }
}

/// Returns the error of an interpreter that its module ended or blocked: the module cannot be imported.
fn while_importing(error: Error) -> Error {
    let code = match error.code {
        Code::PoolWorkerDied | Code::PoolHung => Code::PythonImport,
        code => code,
    };
    let place = error.place.as_ref().map(|place| format!(", at {place}")).unwrap_or_default();
    Error { code, message: format!("{} while importing{place}", error.message), ..error }
}

/// Reads the results of a job and removes its files.
fn read_results(job: &TaskJob) -> Result<ResultsFile, Error> {
    let file = &job.results_file;
    let bytes = fs::read(&file.path).unwrap_or_default();
    // A file that cannot be removed now is removed with its directory at the end.
    let _ = fs::remove_file(&file.path);
    let _ = job.limits.rate.as_ref().map(|rate| fs::remove_file(&rate.bucket_file));
    ResultsFile::parse(bytes, file.tasks, file.slots)
        .map_err(|error| Error::from_source(Code::PoolWorkerDied, "cannot read the results", error))
}

/// Adds to the error of an interpreter that died which tasks were running and how many had ended.
fn with_last_words(
    error: Error,
    request: &HarnessRequest,
    job: &TaskJob,
    results: &ResultsFile,
    workload: &Workload,
) -> RunFailure {
    let running: Vec<u64> = results.running().iter().map(|task| job.number(*task)).collect();
    let total = match request {
        HarnessRequest::Batch(_) => format!(" of {}", job.results_file.tasks),
        _ => String::new(),
    };
    let names: Vec<_> = running.iter().map(|number| name_of(*number, workload)).collect();
    let place = error.place.as_ref().map(|place| format!(", at {place}")).unwrap_or_default();
    let ended = results.ended();
    let message =
        format!("{}{}; {ended}{total} tasks had ended{place}", error.message, while_running(&names));
    RunFailure { error: Error { message, ..error }, running }
}

/// Names the tasks that were running, as a continuation of a message.
fn while_running(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => format!(" while running {one}"),
        [few @ .., last] if few.len() < MAX_NAMED_TASKS => {
            format!(" while running {} or {last}", few.join(", "))
        }
        many => format!(" with {} tasks in flight", many.len()),
    }
}

fn name_of(task: u64, workload: &Workload) -> String {
    let item = workload.items.get(task).to_string();
    let shown: String = item.chars().take(MAX_ITEM_CHARACTERS).collect();
    format!("task {} (item {shown})", task + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_running_tasks_are_named_and_many_are_counted() {
        let names = |count: usize| (1..=count).map(|task| format!("task {task}")).collect::<Vec<_>>();
        assert_eq!(while_running(&[]), "");
        assert_eq!(while_running(&names(1)), " while running task 1");
        assert_eq!(while_running(&names(3)), " while running task 1, task 2 or task 3");
        assert_eq!(while_running(&names(9)), " with 9 tasks in flight");
    }
}

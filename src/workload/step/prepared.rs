//! A step of any kind, ready to run in this process.

use futures_util::FutureExt;
use futures_util::future::{Either, lazy};

use crate::error::Error;
use crate::workload::env::Env;
use crate::workload::spec::StepSpec;
use crate::workload::step::{
    StepOutput, TaskContext, command, cpu, http, lock, read, sleep, sqlite, websocket, write,
};

/// The reason why a step cannot be prepared in this process.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("step {number} ({kind}): {message}")]
pub struct PrepareError {
    /// Number of the step, from 1.
    pub number: usize,
    /// Its kind.
    pub kind: &'static str,
    /// The cause.
    pub message: String,
}

/// A step ready to run, any number of times and from any thread.
#[derive(Debug)]
pub enum Step {
    /// See [`cpu`].
    Cpu(cpu::Cpu),
    /// See [`sleep`].
    Sleep(sleep::Sleep),
    /// See [`command`].
    Command(command::Command),
    /// See [`read`].
    Read(read::Read),
    /// See [`mod@write`].
    Write(write::Write),
    /// See [`sqlite`].
    Sqlite(sqlite::Sqlite),
    /// See [`lock`].
    Lock(lock::Lock),
    /// See [`http`].
    Http(Box<http::Http>),
    /// See [`websocket`].
    WebSocket(Box<websocket::WebSocket>),
}

impl Step {
    /// Prepares what a process needs once: data of kernels, clients, databases.
    pub fn prepare(spec: &StepSpec, env: &Env) -> Result<Self, String> {
        Ok(match spec {
            StepSpec::Cpu(spec) => Step::Cpu(cpu::Cpu::prepare(spec)?),
            StepSpec::Sleep(spec) => Step::Sleep(sleep::Sleep::prepare(spec)),
            StepSpec::Command(spec) => Step::Command(command::Command::prepare(spec, env)?),
            StepSpec::Read(spec) => Step::Read(read::Read::prepare(spec, env)?),
            StepSpec::Write(spec) => Step::Write(write::Write::prepare(spec, env)?),
            StepSpec::Sqlite(spec) => Step::Sqlite(sqlite::Sqlite::prepare(spec, env)?),
            StepSpec::Lock(spec) => Step::Lock(lock::Lock::prepare(spec, env)?),
            StepSpec::Http(spec) => Step::Http(Box::new(http::Http::prepare(spec, env)?)),
            StepSpec::WebSocket(spec) => Step::WebSocket(Box::new(websocket::WebSocket::prepare(spec, env)?)),
            StepSpec::Python(_) => return Err("the step runs only in a Python interpreter".to_owned()),
        })
    }

    /// Returns whether the step computes rather than waits.
    pub fn is_cpu(&self) -> bool {
        matches!(self, Step::Cpu(_))
    }

    /// Returns the answers so far that pointed elsewhere.
    pub fn redirects(&self) -> u64 {
        if let Step::Http(step) = self { step.redirects() } else { 0 }
    }

    /// Runs the step on the calling thread.
    pub fn run_blocking(&self, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
        match self {
            Step::Cpu(step) => step.run_blocking(task),
            Step::Sleep(step) => step.run_blocking(task),
            Step::Command(step) => step.run_blocking(task),
            Step::Read(step) => step.run_blocking(task),
            Step::Write(step) => step.run_blocking(task),
            Step::Sqlite(step) => step.run_blocking(task),
            Step::Lock(step) => step.run_blocking(task),
            Step::Http(step) => step.run_blocking(task),
            Step::WebSocket(step) => step.run_blocking(task),
        }
    }

    /// Runs the step on the calling event loop.
    ///
    /// Neither an `async fn`, which keeps its arguments twice, nor as large as the largest form, so
    /// that a task that sleeps costs little more than a timer.
    pub fn run_async<'a>(
        &'a self,
        task: &'a TaskContext<'a>,
    ) -> impl Future<Output = Result<StepOutput, Error>> + Send {
        match self {
            Step::Cpu(step) => Either::Left(Either::Left(lazy(|_| step.run_blocking(task)))),
            Step::Sleep(step) => Either::Left(Either::Right(step.run_async(task))),
            Step::Command(step) => Either::Right(step.run_async(task).boxed()),
            Step::Read(step) => Either::Right(step.run_async(task).boxed()),
            Step::Write(step) => Either::Right(step.run_async(task).boxed()),
            Step::Sqlite(step) => Either::Right(step.run_async(task).boxed()),
            Step::Lock(step) => Either::Right(step.run_async(task).boxed()),
            Step::Http(step) => Either::Right(step.run_async(task).boxed()),
            Step::WebSocket(step) => Either::Right(step.run_async(task).boxed()),
        }
    }
}

//! Runs batches of Python callables, each in an interpreter of its own.

use crate::benchmark::executor::{BatchRequest, Executor};
use crate::error::Error;
use crate::profile::Profile;
use crate::profile::result::PythonProfile;
use crate::python::Session;
use crate::python::session::PythonBatch;
use crate::strategy::run::RunReport;
use crate::workload::Workload;

/// Runs every batch in a fresh interpreter.
#[derive(Debug)]
pub(crate) struct PythonExecutor<'a> {
    session: &'a Session,
    workload: &'a Workload,
    profile: &'a Profile,
}

impl<'a> PythonExecutor<'a> {
    /// Runs batches of a workload that was profiled.
    pub(crate) fn new(session: &'a Session, workload: &'a Workload, profile: &'a Profile) -> Self {
        PythonExecutor { session, workload, profile }
    }
}

impl Executor for PythonExecutor<'_> {
    fn run(&mut self, request: &BatchRequest) -> Result<RunReport, Error> {
        let batch = PythonBatch {
            strategy: request.cell.strategy,
            width: request.cell.width,
            processes: request.cell.processes.unwrap_or(1),
            tasks: request.tasks.clone(),
            permutation_id: request.permutation_id,
            cpu_steps: self.profile.python.as_ref().map(PythonProfile::cpu_steps),
            task_s: Some(self.profile.task.total_s()),
            stop_starting_after: request.stop_starting_after,
            kill_after: request.kill_after,
        };
        self.session.run(self.workload, &batch)
    }
}

//! The Python side of a study: the interpreter and what it says of the callables.

use std::path::Path;
use std::time::Duration;

use conc::benchmark::python::PythonExecutor;
use conc::code::Code;
use conc::profile::Profile;
use conc::profile::probe::{ProfileError, Profiled};
use conc::python::Session;
use conc::python::message::Inspection;
use conc::python::profile::{self, Limits};
use conc::workload::item::Items;
use conc::workload::{Env, Workload};

use crate::cli::failure::Failure;
use crate::cli::guard::Guard;

/// The callables of a workload in their interpreter.
pub(crate) struct Callables {
    session: Session,
    inspection: Inspection,
}

impl Callables {
    /// Finds the interpreter, imports the callables and, where the workload leaves that to their module,
    /// counts the items; nothing for a workload that is not of Python.
    pub(crate) fn open(
        guard: &Guard,
        workload: &mut Workload,
        env: &Env,
        python: Option<&Path>,
    ) -> Result<Option<Self>, Failure> {
        if !workload.runs_python() {
            return match python {
                Some(_) => Err(Failure::Usage(format!("--python: '{}' is not of Python", workload.name))),
                None => Ok(None),
            };
        }
        let refused = |error: conc::python::interpreter::PythonError| {
            guard.judge(Failure::Refused(error.code, error.message))
        };
        let session = Session::open(python, guard.group.reexec(), env).map_err(refused)?;
        let inspection = session.inspect(workload).map_err(refused)?;
        if workload.items.is_empty() {
            workload.items = Items::Count(inspection.items.ok_or_else(|| no_items(workload))?);
        }
        if workload.items.is_empty() {
            return Err(Failure::Refused(Code::WorkloadEmpty, "the items of the module are none".to_owned()));
        }
        Ok(Some(Callables { session, inspection }))
    }

    pub(crate) fn profile(
        &self,
        workload: &Workload,
        time: Duration,
        patience: Duration,
        most_tasks: u64,
    ) -> Result<Profiled, ProfileError> {
        let limits = Limits { time, patience, most_tasks };
        profile::profile(&self.session, workload, &self.inspection, &limits)
    }

    pub(crate) fn executor<'a>(&'a self, workload: &'a Workload, profile: &'a Profile) -> PythonExecutor<'a> {
        PythonExecutor::new(&self.session, workload, profile)
    }
}

fn no_items(workload: &Workload) -> Failure {
    let message = format!(
        "'{}' is to be called with what? Give --items FILE, ::: and items, or --tasks N for the numbers \
         from 0, or let its module have `items`, an iterable or a function that gives one",
        workload.name
    );
    Failure::Refused(Code::WorkloadItems, message)
}

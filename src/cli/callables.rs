//! The Python side of a study: the interpreter and what it says of the callables.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use crate::benchmark::python::PythonExecutor;
use crate::diagnostics::Code;
use crate::error::Error;
use crate::profile::Profile;
use crate::profile::probe::Profiled;
use crate::profile::result::PythonProfile;
use crate::python::check::Observations;
use crate::python::message::Inspection;
use crate::python::profile::{self, Limits};
use crate::python::session::callables;
use crate::python::{Session, check};
use crate::snippets::{PythonCallable, PythonTask};
use crate::workload::item::Items;
use crate::workload::spec::PythonSpec;
use crate::workload::{Env, Workload};

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
        let refused = |error: Error| guard.judge(Failure::Refused(error.code, error.message));
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
    ) -> Result<Profiled, Error> {
        let limits = Limits { time, patience, most_tasks };
        profile::profile(&self.session, workload, &self.inspection, &limits)
    }

    pub(crate) fn observe(
        &self,
        workload: &Workload,
        tasks: u64,
        patience: Duration,
    ) -> Result<Observations, Error> {
        check::observe(&self.session, workload, tasks, patience)
    }

    /// The version of the interpreter.
    pub(crate) fn version(&self) -> &str {
        &self.session.interpreter.version
    }

    /// What a program that calls the callables needs to know of them.
    pub(crate) fn task(&self, workload: &Workload, profile: &Profile) -> PythonTask {
        let computes = profile.python.as_ref().map(PythonProfile::cpu_steps).unwrap_or_default();
        let specs: Vec<_> = callables(workload).collect();
        let step = |(index, spec): (usize, &&PythonSpec)| {
            let (forms, own) = (&self.inspection.steps[index], spec.callable.clone());
            let twin = spec.async_callable.clone().unwrap_or_else(|| format!("{own}_async"));
            let file = spec.file.as_deref().and_then(|file| root_of(file, &spec.module));
            PythonCallable {
                module: spec.module.clone(),
                file: file.map(|name| name.to_string_lossy().into_owned()),
                coroutine: forms.awaitable.then(|| if forms.blocking { twin } else { own.clone() }),
                blocking: forms.blocking.then_some(own),
                takes_item: forms.takes_value,
                computes: computes.get(index).copied().unwrap_or(false),
            }
        };
        PythonTask {
            steps: specs.iter().enumerate().map(step).collect(),
            own_items: specs.iter().any(|spec| spec.own_items),
        }
    }

    pub(crate) fn executor<'a>(&'a self, workload: &'a Workload, profile: &'a Profile) -> PythonExecutor<'a> {
        PythonExecutor::new(&self.session, workload, profile)
    }
}

/// What a program has to be beside to import the module of a file: the file, or its package.
fn root_of<'a>(file: &'a Path, module: &str) -> Option<&'a OsStr> {
    let is_file = file.file_stem().is_some_and(|stem| stem == module);
    let above = if is_file { 0 } else { module.split('.').count() - 1 };
    file.ancestors().nth(above)?.file_name()
}

fn no_items(workload: &Workload) -> Failure {
    let message = format!(
        "'{}' is to be called with what? Give --items FILE, ::: and items, or --tasks N for the numbers \
         from 0, or let its module have `items`, an iterable or a function that gives one",
        workload.name
    );
    Failure::Refused(Code::WorkloadItems, message)
}

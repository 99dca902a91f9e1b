//! The Python side of a study: the interpreter and the callables that it has imported.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use crate::benchmark::python::PythonExecutor;
use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::Reexec;
use crate::profile::Profile;
use crate::profile::result::PythonProfile;
use crate::profile::tasks::{ProfileLimits, Profiled};
use crate::python::check::Observations;
use crate::python::profile;
use crate::python::protocol::event::{Inspection, StartUpReport};
use crate::python::session::SessionTimeouts;
use crate::python::{Session, check};
use crate::report::document::Warning;
use crate::report::prose;
use crate::snippets::{PythonCallable, PythonTask};
use crate::workload::item::Items;
use crate::workload::spec::{OwnItems, PythonSpec};
use crate::workload::{Env, Workload};

use crate::study::run_guard::RunGuard;

/// The callables of a workload in their interpreter.
#[derive(Debug)]
pub struct Callables {
    session: Session,
    inspection: Inspection,
}

impl Callables {
    /// Finds the interpreter, imports the callables and counts the items if the workload leaves that to
    /// its module; returns `None` for a workload that is not Python.
    pub(super) fn open(
        guard: &RunGuard,
        reexec: &Reexec,
        workload: &mut Workload,
        env: &Env,
        python: Option<&Path>,
    ) -> Result<Option<Self>, Error> {
        if !workload.runs_python() {
            return Ok(None);
        }
        let refused = |error: Error| guard.explain(error);
        let timeouts = SessionTimeouts::default();
        let session = Session::open(python, reexec, env, timeouts).map_err(refused)?;
        let inspection = session.inspect(workload).map_err(refused)?;
        match inspection.items {
            Some(items) => workload.items = Items::Count(items),
            None if workload.items.is_empty() => return Err(no_items(workload)),
            // The module has none, so that the number of tasks stands for the numbers from 0.
            None => workload.take_items_of_module(OwnItems::None),
        }
        if workload.items.is_empty() {
            let message = format!("'{}': its module has no items", workload.name);
            return Err(Error::new(Code::WorkloadEmpty, message));
        }
        Ok(Some(Callables { session, inspection }))
    }

    /// Returns the version of the interpreter, major and minor.
    pub(super) fn python_version(&self) -> Option<[u32; 2]> {
        let mut numbers = self.session.interpreter.release().split('.').map(str::parse);
        Some([numbers.next()?.ok()?, numbers.next()?.ok()?])
    }

    pub(super) fn profile(&self, workload: &Workload, limits: &ProfileLimits) -> Result<Profiled, Error> {
        profile::profile(&self.session, workload, &self.inspection, limits)
    }

    pub(super) fn observe(
        &self,
        workload: &Workload,
        tasks: u64,
        patience: Duration,
    ) -> Result<Observations, Error> {
        check::observe(&self.session, workload, tasks, patience)
    }

    /// Returns what a profile of so much time finds about the interpreter; `None` if it fails.
    pub(super) fn profile_briefly(
        &self,
        workload: &Workload,
        time: Duration,
        patience: Duration,
    ) -> Option<PythonProfile> {
        let limits = ProfileLimits { time, ends_early: true, patience, most_tasks: u64::MAX };
        self.profile(workload, &limits).ok()?.profile.python
    }

    /// Returns the executable of the interpreter.
    pub(super) fn executable(&self) -> &Path {
        &self.session.interpreter.executable
    }

    /// Returns the start method of `multiprocessing` that programs with these callables get.
    pub(super) fn start_method(&self) -> &str {
        self.session.start_method(&self.inspection)
    }

    /// Starts workers without the module of the callables, and returns how long that took.
    pub(super) fn measure_start_up(&self, workers: usize) -> Result<StartUpReport, Error> {
        self.session.measure_start_up(self.start_method(), workers)
    }

    /// Returns the version of the interpreter.
    pub(super) fn version(&self) -> &str {
        &self.session.interpreter.version
    }

    /// Returns the description of the callables from which programs are generated.
    pub(super) fn task(&self, workload: &Workload, profile: &Profile) -> PythonTask {
        let computes = profile.python.as_ref().map(PythonProfile::cpu_steps).unwrap_or_default();
        let rated = workload.rated_unless(&computes);
        let specs: Vec<_> = workload.callables().collect();
        let step = |(index, spec): (usize, &&PythonSpec)| {
            let (forms, own) = (&self.inspection.steps[index], spec.callable.clone());
            let twin = spec.async_callable.clone().unwrap_or_else(|| format!("{own}_async"));
            let file = spec.file.as_deref().and_then(|file| root_of(file, &spec.module));
            PythonCallable {
                module: spec.module.clone(),
                file: file.map(|name| name.to_string_lossy().into_owned()),
                coroutine: forms.awaitable.then(|| if forms.blocking { twin } else { own.clone() }),
                blocking: forms.blocking.then_some(own),
                takes_item: forms.takes_item,
                unpacks: forms.unpacks,
                computes: computes.get(index).copied().unwrap_or(false),
                is_rated: workload.limits.rate_per_s.is_some() && rated[index],
            }
        };
        PythonTask { steps: specs.iter().enumerate().map(step).collect() }
    }

    /// Returns the warning about threads that the module has replaced.
    pub(super) fn warning(&self) -> Option<Warning> {
        let replaced_by = self.inspection.replaced_by.as_deref()?;
        let told = prose::callables::threads_are_replaced(replaced_by);
        Some(Warning::new(Code::NoteGreenThreads, told))
    }

    /// Returns the time that importing the user's module took.
    pub(super) fn import_time(&self) -> Duration {
        Duration::try_from_secs_f64(self.inspection.import_s).unwrap_or_default()
    }

    /// Returns the CPU seconds of the interpreter that forks children for batches, and of these children.
    pub(super) fn forking_cpu_s(&self) -> f64 {
        self.session.forking_cpu_s()
    }

    pub(super) fn executor<'a>(&'a self, workload: &'a Workload, profile: &'a Profile) -> PythonExecutor<'a> {
        PythonExecutor::new(&self.session, workload, profile)
    }
}

/// Returns the name of the file or package that a program must stand next to in order to import `module`.
fn root_of<'a>(file: &'a Path, module: &str) -> Option<&'a OsStr> {
    let is_file = file.file_stem().is_some_and(|stem| stem == module);
    let above = if is_file { 0 } else { module.split('.').count() - 1 };
    file.ancestors().nth(above)?.file_name()
}

fn no_items(workload: &Workload) -> Error {
    let message = format!(
        "'{}' has no items to run on: give --items FILE, ::: and items, or --tasks N for the numbers \
         from 0, or define `items` in its module, an iterable or a function that returns one",
        workload.name
    );
    Error::new(Code::WorkloadItems, message)
}

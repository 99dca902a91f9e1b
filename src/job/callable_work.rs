//! A Python callable made ready to be run: its interpreter is found and its module was imported.

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::group::Group;
use crate::job::callable::Callables;
use crate::job::callable_strategy::{CallableForm, CallableMode, FirstItems};
use crate::job::config::{CallableConfig, JobConfig};
use crate::job::items::ItemSource;
use crate::python::Session;
use crate::python::session::SessionTimeouts;
use crate::strategy::StrategyKind;
use crate::workload::Env;
use crate::workload::Workload;
use crate::workload::spec::OwnItems;

/// A callable that is ready.
pub(crate) struct CallableWork {
    session: Session,
    workload: Workload,
    strategy: Option<StrategyKind>,
    cpus: usize,
    form: CallableForm,
    is_blocking: bool,
    own_items: Option<u64>,
    takes_numbers: bool,
}

impl CallableWork {
    /// Finds the interpreter and imports the module.
    ///
    /// # Errors
    /// When there is no suitable interpreter, the module cannot be imported, or has no such callable.
    pub(crate) fn open(config: &CallableConfig, group: &Group, seed: u64) -> Result<Self, Error> {
        let state_dir = group.scratch().to_owned();
        let env =
            Env { exe: group.reexec().exe().to_owned(), fixture: None, state_dir, seed, permutation_id: 0 };
        let python = config.python.as_deref();
        let session = Session::open(python, group.reexec(), &env, SessionTimeouts::default())?;
        let inspection = session.inspect(&config.workload)?;
        session.end_forking();
        let limits = &inspection.own_limits;
        let form = CallableForm {
            is_awaitable: inspection.steps.iter().any(|step| step.awaitable),
            needs_one_loop: limits.iter().any(|limit| limit.one_loop),
            needs_one_process: limits.iter().any(|limit| limit.permits.is_some()),
        };
        let is_blocking = inspection.steps.iter().all(|step| step.blocking);
        Ok(CallableWork {
            session,
            workload: config.workload.clone(),
            strategy: config.strategy,
            cpus: config.cpus,
            form,
            is_blocking,
            own_items: inspection.items,
            takes_numbers: config.takes_numbers,
        })
    }

    /// Makes the callable of a job ready, if it has one; returns it with the items of the job.
    ///
    /// # Errors
    /// As [`CallableWork::open`], and when the items cannot be read.
    pub(crate) fn of_job(config: &JobConfig, group: &Group) -> Result<(Option<Self>, ItemSource), Error> {
        let Some(callable) = &config.callable else { return Ok((None, config.items.clone())) };
        let mut work = CallableWork::open(callable, group, config.seed)?;
        let items = work.items(&config.items)?;
        Ok((Some(work), items))
    }

    /// Returns the interpreter.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// Returns the workload.
    pub(crate) fn workload(&self) -> &Workload {
        &self.workload
    }

    /// Returns true if the callable can be awaited.
    pub(crate) fn is_awaitable(&self) -> bool {
        self.form.is_awaitable
    }

    /// Returns true if items reach it as numbers: they are, or are those of items of its module.
    pub(crate) fn takes_numbers(&self) -> bool {
        self.takes_numbers || self.workload.has_items_of_module()
    }

    /// Returns the strategy, if the user has fixed it.
    pub(crate) fn strategy(&self) -> Option<StrategyKind> {
        self.strategy
    }

    /// Returns the items: those that were given, else those of the module, by their numbers from 0. A number of tasks
    /// stands for the first items of a module that has some.
    ///
    /// # Errors
    /// When there are none.
    fn items(&mut self, given: &ItemSource) -> Result<ItemSource, Error> {
        if !self.takes_numbers && *given != ItemSource::OfModule || self.own_items.is_none() {
            self.workload.take_items_of_module(OwnItems::None);
        }
        match (given, self.own_items) {
            (ItemSource::OfModule | ItemSource::Count(_), Some(count)) => Ok(ItemSource::Count(count)),
            (ItemSource::OfModule, None) => Err(Error::new(
                Code::WorkloadItems,
                format!(
                    "'{}' has no items to run on: give --items FILE, ::: and items, or --tasks N for the numbers \
                     from 0, or define `items` in its module",
                    self.workload.name
                ),
            )),
            _ => Ok(given.clone()),
        }
    }

    /// Returns the runner.
    ///
    /// # Errors
    /// When callables have no strategy of that name, or this one has no async form.
    pub(crate) fn runner(&self) -> Result<Callables<'_>, Error> {
        let fixed = self.strategy.map(|kind| {
            let has_form = kind != StrategyKind::Async || self.form.is_awaitable;
            let mode = CallableMode::of(kind, self.form.is_awaitable, self.cpus).filter(|_| has_form);
            mode.ok_or_else(|| {
                let message = format!("--strategy: '{}' cannot be run as {kind}", self.workload.name);
                Error::new(Code::WorkloadUnsupported, message)
            })
        });
        let fixed = fixed.transpose()?;
        // The first items run in what most callables keep: an event loop, or threads.
        let kind = if self.form.is_awaitable && !self.is_blocking {
            StrategyKind::Async
        } else {
            StrategyKind::Threads
        };
        let begun = CallableMode::of(kind, self.form.is_awaitable, self.cpus);
        let mode = fixed.or(begun).ok_or_else(|| Error::new(Code::WorkloadUnsupported, "no strategy"))?;
        let first = FirstItems::new(fixed.is_some(), self.form, self.cpus);
        Ok(Callables::new(&self.session, &self.workload, self.takes_numbers(), mode, first))
    }
}

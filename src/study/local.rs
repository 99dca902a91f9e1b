//! The real machine: processes, servers and interpreters in the group of a run.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::benchmark::clock::{Clock, Stopwatch};
use crate::benchmark::conditions::Conditions;
use crate::benchmark::executor::{Executor, ProcessExecutor};
use crate::benchmark::hooks::Shell;
use crate::benchmark::machine_probe::{CpuSpeedProbe, MachineProbe};
use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::contention::{CpuMeter, TakenCpu, TakenShares};
use crate::host::suspension::{awake_now, awake_since};
use crate::host::{Host, Interrupt, Reexec};
use crate::profile::tasks::{ProfileLimits, Profiled, profile};
use crate::report::document::Warning;
use crate::report::prose;
use crate::study::calibrate::conditions;
use crate::study::callables::Callables;
use crate::study::config::StudyConfig;
use crate::study::machine::{Backend, ContentionMeter, Machine, PreparedWorkload};
use crate::study::run_guard::RunGuard;
use crate::workload::fixture::{Fixture, FixtureStats};
use crate::workload::step::cpu::calibrate::Calibration;
use crate::workload::{Env, Workload};

impl Machine for RunGuard {
    fn interrupt(&self) -> &Interrupt {
        RunGuard::interrupt(self)
    }

    fn guard(&self) -> Option<&RunGuard> {
        Some(self)
    }

    fn prepare<'m>(
        &'m self,
        mut workload: Workload,
        host: &Host,
        config: &StudyConfig,
    ) -> Result<PreparedWorkload<'m>, Error> {
        let begun = awake_now();
        let small = Calibration::until(RunGuard::interrupt(self)).calibrate(&mut workload);
        let mut warnings: Vec<_> =
            small.iter().map(|small| Warning::new(Code::NoteSmallKernel, small.to_string())).collect();
        self.check()?;
        let reexec = self.group().reexec().in_directory(config.directory.clone());
        let fixture = Fixture::for_workload(&workload, &reexec, config.seed)
            .map_err(|error| self.explain(Error::new(Code::HostFixture, error.to_string())))?;
        let state_dir = tempfile::tempdir_in(self.group().scratch()).map_err(cannot_make_directory)?;
        let env = Env {
            exe: reexec.exe().to_owned(),
            fixture: fixture.as_ref().map(Fixture::addr),
            // Removed with the directory of the run.
            state_dir: state_dir.keep(),
            seed: config.seed,
            permutation_id: 0,
        };
        let asked = workload.has_items_of_module().then(|| workload.tasks());
        let python = Callables::open(self, &reexec, &mut workload, &env, config.python.as_deref())?;
        if let Some(asked) = asked.filter(|asked| *asked > workload.tasks()) {
            let message = prose::warnings::fewer_items(asked, workload.tasks());
            warnings.push(Warning::new(Code::NoteFewerItems, message));
        }
        warnings.extend(python.as_ref().and_then(Callables::warning));
        let (workload, host) = (Arc::new(workload), host.clone());
        let backend =
            Box::new(LocalBackend { guard: self, reexec, begun, host, workload, env, fixture, python });
        Ok(PreparedWorkload { backend, warnings })
    }
}

/// A workload in the process group of a run.
struct LocalBackend<'g> {
    guard: &'g RunGuard,
    /// The way to start processes, in the directory of the work.
    reexec: Reexec,
    /// Time at which the workload began to be prepared.
    begun: Instant,
    host: Host,
    workload: Arc<Workload>,
    env: Env,
    fixture: Option<Fixture>,
    python: Option<Callables>,
}

impl Backend for LocalBackend<'_> {
    fn workload(&self) -> &Arc<Workload> {
        &self.workload
    }

    fn shell(&self) -> Shell {
        Shell::new(self.reexec.clone(), self.env.state_dir.clone())
    }

    fn conditions(&self, recalibrate: bool) -> Conditions {
        let python = self.python.as_ref();
        conditions(self.guard, &self.host, &self.env, &self.workload, python, recalibrate)
    }

    fn profile(&self, limits: &ProfileLimits) -> Result<Profiled, Error> {
        let profiled = match &self.python {
            Some(callables) => callables.profile(&self.workload, limits),
            None => profile(&self.reexec, &self.workload, &self.env, limits),
        };
        profiled.map_err(|error| self.guard.explain(error))
    }

    fn executor<'s>(&'s self, profiled: &'s Profiled) -> Box<dyn Executor + 's> {
        match &self.python {
            Some(callables) => Box::new(callables.executor(&self.workload, &profiled.profile)),
            None => Box::new(ProcessExecutor::new(
                self.reexec.clone(),
                Arc::clone(&self.workload),
                self.env.clone(),
                self.host.cpu_workers(),
            )),
        }
    }

    fn executor_of_build<'s>(&'s self, program: &Path) -> Result<Box<dyn Executor + 's>, Error> {
        let state_dir = self.env.state_dir.join("reference");
        fs::create_dir_all(&state_dir).map_err(cannot_make_directory)?;
        let env = Env { exe: program.to_path_buf(), state_dir, ..self.env.clone() };
        let reexec = self.reexec.of(program.to_path_buf());
        let workload = Arc::clone(&self.workload);
        Ok(Box::new(ProcessExecutor::new(reexec, workload, env, self.host.cpu_workers())))
    }

    fn clock(&self) -> Box<dyn Clock> {
        Box::new(Stopwatch::start())
    }

    fn spent(&self) -> Duration {
        let import = self.python.as_ref().map_or(Duration::ZERO, Callables::import_time);
        awake_since(self.begun).saturating_sub(import)
    }

    fn contention(&self) -> Box<dyn ContentionMeter + '_> {
        Box::new(LocalContention::start(self))
    }

    fn machine_probe(&self) -> Box<dyn MachineProbe + '_> {
        let contention = LocalContention::start(self);
        Box::new(CpuSpeedProbe::new(move || contention.taken(), self.guard.interrupt()))
    }

    fn server_cpu_s(&self) -> f64 {
        self.fixture.as_ref().map_or(0.0, Fixture::cpu_s)
    }

    fn stop_server(&mut self) -> Option<FixtureStats> {
        // An interrupt has ended the server already, with everything else.
        self.fixture.take()?.stop().ok()
    }

    fn callables(&self) -> Option<&Callables> {
        self.python.as_ref()
    }
}

impl LocalBackend<'_> {
    /// Returns the CPU seconds of the embedded server and of the interpreter that forks.
    fn helpers_cpu_s(&self) -> f64 {
        self.server_cpu_s() + self.python.as_ref().map_or(0.0, Callables::forking_cpu_s)
    }
}

/// Counts the CPU time that is neither this program's nor its server's.
struct LocalContention<'b> {
    backend: &'b LocalBackend<'b>,
    meter: CpuMeter,
    helpers_before_s: f64,
}

impl<'b> LocalContention<'b> {
    fn start(backend: &'b LocalBackend<'_>) -> Self {
        LocalContention { backend, meter: CpuMeter::start(), helpers_before_s: backend.helpers_cpu_s() }
    }

    /// Returns the CPU seconds of processes that are this program's, and not children it has waited for.
    fn helpers_s(&self) -> f64 {
        self.backend.helpers_cpu_s() - self.helpers_before_s
    }

    fn taken(&self) -> Option<TakenCpu> {
        self.meter.taken(self.helpers_s())
    }
}

impl ContentionMeter for LocalContention<'_> {
    fn shares(&self) -> Option<TakenShares> {
        self.meter.taken_shares(self.backend.host.cpus_logical, self.helpers_s())
    }
}

fn cannot_make_directory(error: std::io::Error) -> Error {
    Error::cannot_start("cannot create a directory", error)
}

//! The way of one workload: calibrate, profile, plan, measure, recommend, report.

mod example;
mod measuring;
mod remarks;
mod repeating;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::advice::checklist;
use crate::advice::{Evidence, Model, Objective, Recommendation, recommend, recommend_predicted};
use crate::benchmark::conditions::{Conditions, Subject};
use crate::benchmark::hooks::{Hooks, Shell};
use crate::benchmark::measure::Settings;
use crate::benchmark::plan::{Plan, Selection};
use crate::benchmark::summary::{predictions, results};
use crate::benchmark::{Configuration, ConfigurationResult};
use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::Host;
use crate::host::reexec::Role;
use crate::profile::Profile;
use crate::profile::probe::{Profiled, profile};
use crate::report::CheckReport;
use crate::report::document::{CommandName, Report, Warning, WorkloadSummary};
use crate::units::Share;
use crate::workload::fixture::{Fixture, FixtureConfig, FixtureError};
use crate::workload::step::cpu::calibrate::calibrate;
use crate::workload::{Env, Workload};

use crate::cli::callables::Callables;
use crate::cli::conditions::conditions;
use crate::cli::config::Prediction;
use crate::cli::failure::Failure;
use crate::cli::guard::Guard;
use crate::cli::progress::Progress;
use crate::cli::repetition;

pub(crate) use repeating::{OtherSide, Repeats};

/// Profiling time; twice what a confident class needs at least.
const PROFILE: Duration = Duration::from_millis(1000);

/// With `--once` the profile takes no more than one of so many parts of the items.
const PROFILED: u64 = 4;

/// One task may take this long before the profile is given up.
const PATIENCE: Duration = Duration::from_secs(120);

/// Some task waited for a CPU this much of the last seconds before the run: the machine is busy.
const BUSY: f64 = 0.25;

/// What a study is to find out.
#[derive(Debug, Clone)]
pub(crate) struct Aim {
    /// The command that asks.
    pub(crate) command: CommandName,
    /// The cells that count.
    pub(crate) selection: Selection,
    /// How much is measured.
    pub(crate) settings: Settings,
    /// What is run around the batches.
    pub(crate) hooks: Hooks,
    /// What is predicted instead of measured.
    pub(crate) prediction: Prediction,
    /// What is optimised.
    pub(crate) objective: Objective,
    /// The interpreter of Python callables, where it is not the usual one.
    pub(crate) python: Option<PathBuf>,
}

/// What a study is told beside the workload.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    /// Seeds everything that is drawn at random.
    pub(crate) seed: u64,
    /// What is run around the batches.
    pub(crate) hooks: Hooks,
    /// The interpreter of Python callables, where it is not the usual one.
    pub(crate) python: Option<PathBuf>,
}

/// A workload that is being studied on this machine.
pub(crate) struct Study<'a> {
    guard: &'a Guard,
    host: Host,
    workload: Arc<Workload>,
    env: Env,
    conditions: Conditions,
    hooks: Hooks,
    fixture: Option<Fixture>,
    python: Option<Callables>,
    warnings: Vec<Warning>,
    /// The time that batches have taken so far.
    measured: Duration,
}

impl<'a> Study<'a> {
    /// Calibrates the workload, starts the server it needs and runs the user's set-up.
    pub(crate) fn prepare(
        guard: &'a Guard,
        host: &Host,
        mut workload: Workload,
        surroundings: Surroundings,
    ) -> Result<Self, Failure> {
        let Surroundings { seed, hooks, python } = surroundings;
        let mut warnings = Vec::new();
        if let Some(pressure) = host.cpu_pressure.filter(|pressure| *pressure > BUSY) {
            let message = format!("tasks of other programs waited for a CPU {} of the time", Share(pressure));
            warnings.push(Warning::new(Code::HostContended, message));
        }
        for small in calibrate(&mut workload) {
            warnings.push(Warning::new(Code::NoteSmallKernel, small.to_string()));
        }
        guard.check()?;
        let fixture = start_fixture(guard, &workload, seed)?;
        let state_dir =
            tempfile::tempdir_in(guard.group.scratch()).map_err(Failure::io("cannot make a directory"))?;
        let env = Env {
            exe: guard.group.reexec().exe().to_owned(),
            fixture: fixture.as_ref().map(Fixture::addr),
            // Removed with everything else at the end of the run.
            state_dir: state_dir.keep(),
            seed,
            permutation_id: 0,
        };
        let python = Callables::open(guard, &mut workload, &env, python.as_deref())?;
        let study = Study {
            guard,
            host: host.clone(),
            workload: Arc::new(workload),
            env,
            conditions: Conditions::usual(host),
            hooks,
            fixture,
            python,
            warnings,
            measured: Duration::ZERO,
        };
        study.hook("--setup", study.hooks.setup.as_deref())?;
        Ok(study)
    }

    fn shell(&self) -> Shell {
        Shell::new(self.guard.group.reexec().clone(), self.env.state_dir.clone())
    }

    /// Runs a command of the user.
    fn hook(&self, option: &'static str, line: Option<&str>) -> Result<(), Failure> {
        self.shell().run(option, line).map_err(|error| self.hook_failed(&error))
    }

    fn hook_failed(&self, error: &Error) -> Failure {
        self.guard.judge(Failure::Run(Code::HookFailed, error.to_string()))
    }

    /// Finds out what strategies cost here, and how fast the CPUs are now.
    pub(crate) fn look_at_conditions(
        &mut self,
        progress: &Progress,
        prediction: &Prediction,
    ) -> Result<(), Failure> {
        progress.phase("measuring what strategies cost on this machine");
        let Study { guard, host, env, workload, .. } = &*self;
        self.conditions = conditions(guard, host, env, workload, prediction.recalibrate);
        self.guard.check()
    }

    /// Profiles the workload, with `once` on a part of its items.
    pub(crate) fn profile(&mut self, progress: &Progress, once: bool) -> Result<Profiled, Failure> {
        progress.phase("profiling one task after another");
        let most_tasks = if once { self.workload.tasks() / PROFILED } else { u64::MAX };
        self.hook("--prepare", self.hooks.prepare.as_deref())?;
        let reexec = self.guard.group.reexec();
        let server_before_s = self.server_cpu_s();
        let profiled = match &self.python {
            Some(callables) => callables.profile(&self.workload, PROFILE, PATIENCE, most_tasks),
            None => profile(reexec, &self.workload, &self.env, PROFILE, PATIENCE, most_tasks),
        };
        self.hook("--cleanup", self.hooks.cleanup.as_deref())?;
        let profiled = profiled.map_err(|error| self.guard.judge(Failure::Run(error.code, error.message)))?;
        let server_s = self.server_cpu_s() - server_before_s;
        self.conditions.server_cpu_s = server_s / profiled.tally.counts.started().max(1) as f64;
        Ok(profiled)
    }

    /// The report of a profile alone.
    pub(crate) fn report_profile(mut self, profiled: Profiled) -> Report {
        self.note_failures_of_profile(&profiled);
        let mut report = self.empty_report(CommandName::Profile);
        report.profile = Some(profiled.profile);
        report.warnings = self.warnings;
        report
    }

    /// Runs a few tasks under observation, none longer than `patience`, and judges what was seen.
    pub(crate) fn examine(self, tasks: u64, patience: Duration) -> Result<CheckReport, Failure> {
        let Some(callables) = &self.python else {
            return Err(Failure::Usage("only Python callables can be checked".to_owned()));
        };
        let seen = callables.observe(&self.workload, tasks, patience);
        self.guard.check()?;
        let seen = seen.map_err(|error| Failure::Refused(error.code, error.message))?;
        let workload = WorkloadSummary { tasks: seen.tasks, ..WorkloadSummary::of(&self.workload) };
        let checks = checklist::judge(&seen, patience);
        Ok(CheckReport::new(self.host, workload, callables.version().to_owned(), checks))
    }

    /// Measures the cells and recommends one of them. The report is whole when it was
    /// [concluded](Self::conclude).
    pub(crate) fn advise(
        &mut self,
        aim: &Aim,
        profiled: &Profiled,
        progress: &mut Progress,
    ) -> Result<Report, Failure> {
        if let Some(cpus) = aim.prediction.cpus {
            self.assume(cpus);
        }
        let mut plan = Plan::new(&self.subject(&profiled.profile), &aim.selection);
        if aim.settings.once {
            self.warnings.extend(repetition::narrow(&mut plan, self.workload.tasks()));
        }
        self.check(&plan, &aim.selection)?;
        let mut report = self.empty_report(aim.command);
        if aim.prediction.only {
            report.cells = predictions(&plan);
        } else {
            report.cells = self.cells(&plan, profiled, aim, progress)?;
        }
        report.recommendation = self.recommendation(aim, profiled, &report.cells);
        report.profile = Some(profiled.profile.clone());
        report.model = report
            .recommendation
            .as_ref()
            .filter(|_| !aim.prediction.only)
            .map(|r| Model::of_cells(&report.cells, r.cell()));
        Ok(report)
    }

    /// Runs the cells of the plan.
    fn cells(
        &mut self,
        plan: &Plan,
        profiled: &Profiled,
        aim: &Aim,
        progress: &mut Progress,
    ) -> Result<Vec<ConfigurationResult>, Failure> {
        let mut measured = self.measure(plan, profiled, aim, progress)?;
        if let Some(reference) = measured.cells.get_mut(&Configuration::REFERENCE) {
            reference.note(&profiled.tally.outputs);
        }
        self.measured += measured.elapsed;
        self.add_findings(plan, &measured, aim.settings.once);
        Ok(results(plan, &measured))
    }

    /// Batches have taken this much more time.
    pub(crate) fn note_time(&mut self, elapsed: Duration) {
        self.measured += elapsed;
    }

    /// Ends the study, and adds to its report what there is to know before it is trusted.
    pub(crate) fn conclude(mut self, report: Report) -> Report {
        self.note_fixture();
        Report { warnings: self.warnings, ..report }
    }

    /// What follows from the cells, with a program that does it.
    fn recommendation(
        &self,
        aim: &Aim,
        profiled: &Profiled,
        cells: &[ConfigurationResult],
    ) -> Option<Recommendation> {
        let notes: Vec<String> = aim.prediction.cpus.map(assumption).into_iter().collect();
        let evidence = Evidence {
            workload: &self.workload,
            profile: &profiled.profile,
            host: &self.host,
            cells,
            objective: aim.objective,
            notes: &notes,
        };
        let recommend = if aim.prediction.only { recommend_predicted } else { recommend };
        let advice = recommend(&evidence)?;
        Some(Recommendation { code_examples: self.code_examples(&advice, profiled), ..advice })
    }

    fn subject<'b>(&'b self, profile: &'b Profile) -> Subject<'b> {
        Subject { workload: &self.workload, profile, host: &self.host, conditions: &self.conditions }
    }

    /// Goes on as if the machine had this many CPUs.
    fn assume(&mut self, cpus: f64) {
        self.host.cpus_effective = cpus;
        self.host.cpus_logical = (cpus.ceil() as usize).max(1);
        self.conditions.rates = self.conditions.rates.scaled_to(cpus);
    }

    fn empty_report(&self, command: CommandName) -> Report {
        Report::new(command, self.host.clone(), WorkloadSummary::of(&self.workload))
    }

    /// Refuses a selection of which nothing can be measured.
    fn check(&self, plan: &Plan, selection: &Selection) -> Result<(), Failure> {
        let is_selective = !selection.widths.is_empty() || !selection.strategies.is_empty();
        let only_reference = plan.candidates.iter().all(|c| c.cell == Configuration::REFERENCE);
        match plan.refused.first() {
            Some(refused) if is_selective && only_reference => {
                Err(Failure::Refused(refused.code, format!("{}: {}", refused.cell, refused.reason)))
            }
            _ => Ok(()),
        }
    }
}

/// What is said of a machine that is not this one.
fn assumption(cpus: f64) -> String {
    format!("a prediction for {cpus} CPUs, each as fast as those here, with everything else as it is here")
}

/// Starts the embedded server, if the workload needs it.
pub(crate) fn start_fixture(
    guard: &Guard,
    workload: &Workload,
    seed: u64,
) -> Result<Option<Fixture>, Failure> {
    if !workload.needs_fixture() {
        return Ok(None);
    }
    let config = FixtureConfig { spec: workload.fixture.clone().unwrap_or_default(), seed };
    let command = guard.group.reexec().command(Role::Fixture);
    let failed = |error: FixtureError| Failure::Run(Code::HostFixture, error.to_string());
    Fixture::start(command, &config).map(Some).map_err(|error| guard.judge(failed(error)))
}

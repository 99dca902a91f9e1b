//! `conc advise --on`: the same work for a few seconds on an engine beyond this machine.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use clap::Parser;

use crate::advice::LimitingFactor;
use crate::advice::limiting_factor::SharedResource;
use crate::advice::result::CodeExample;
use crate::cluster::advise::{AdvisedJob, advise, chunk};
use crate::cluster::engine_advice::{EngineMeasurement, MachineMeasurement};
use crate::cluster::on::On;
use crate::cluster::run::EngineConfig;
use crate::cluster::trial::Trial;
use crate::host::Host;
use crate::job::engine_report::EngineKind;
use crate::report::Report;
use crate::snippets::{self, EngineCallable, EngineShape, TaskShape};
use crate::study::{RunGuard, StudyConfig, item_source};
use crate::workload::{Items, Workload};

use crate::cli::args::{AdviseArgs, Cli, Command};
use crate::cli::commands::run::refused;
use crate::cli::failure::Failure;
use crate::cli::settings::RunSettings;
use crate::cli::signals::EnginePhase;

/// Seconds of work of this machine that a trial has at hand, for each second of its budget: an engine may be so many
/// times faster.
const WORK_AT_HAND: f64 = 20.0;

/// Bounds of the number of tasks of a trial.
const TASKS: [f64; 2] = [100.0, 100_000.0];

/// First tasks of a trial on Dask, which run one after another.
const FIRST_ON_DASK: u64 = 5;

/// The engine that is asked about.
pub(super) struct EngineQuestion<'a> {
    /// The arguments.
    pub(super) args: &'a AdviseArgs,
    /// The engine.
    pub(super) on: &'a On,
    /// The configuration of the study.
    pub(super) config: StudyConfig,
}

impl EngineQuestion<'_> {
    /// Measures the engine and adds what it shows of a workload to its report; nothing without a recommendation for
    /// this machine.
    pub(super) fn answer(
        &self,
        workload: &Workload,
        report: &mut Report,
        host: &Host,
        (guard, phase): (&RunGuard, &EnginePhase),
    ) -> Result<(), Failure> {
        let Some(machine) = machine_of(report) else { return Ok(()) };
        let group = guard.group();
        let budget = self.config.budget;
        let wanted = machine.throughput_per_s * budget.as_secs_f64() * WORK_AT_HAND;
        let tasks = wanted.clamp(TASKS[0], TASKS[1]) as u64;
        let line = self.line(workload, tasks, group.scratch())?;
        let cli = Cli::try_parse_from(line).map_err(|error| Failure::Usage(error.to_string()))?;
        let Command::Run(run) = cli.command else {
            return Err(Failure::Usage("--on: this work cannot be run on an engine".to_owned()));
        };
        let settings = RunSettings::resolve(&run, host)?;
        let Some(engine) = &settings.engine else { return Ok(()) };
        phase.begin();
        let cpus = self.args.engine.cpus.unwrap_or(1) as u64;
        let first = match engine {
            EngineConfig::Dask { .. } => FIRST_ON_DASK,
            EngineConfig::Slurm(slurm) => slurm.sample_items(),
        };
        let (job, shutdown) = (&settings.job, phase.shutdown());
        let measured = Trial { job, engine, group, shutdown, first, budget }.run().map_err(refused)?;
        if phase.is_interrupted() {
            return Err(Failure::Interrupted);
        }
        let shared_per_s = shared_limit(report, &machine, &measured);
        let asked = AdvisedJob { tasks: report.workload.tasks, cpus_per_task: cpus, shared_per_s };
        let examples = self.programs(workload, &measured, asked, engine);
        report.engine = Some(Box::new(advise(measured, machine, asked, examples)));
        Ok(())
    }

    /// Returns the command line that runs the work on the engine, with a file of items in `directory`.
    fn line(&self, workload: &Workload, tasks: u64, directory: &Path) -> Result<Vec<OsString>, Failure> {
        let args = self.args;
        let mut line: Vec<OsString> =
            ["conc", "run", "--json", "--progress", "none", "--on"].map(Into::into).into();
        line.push(self.on.to_string().into());
        let mut add = |name: &str, value: Option<OsString>| {
            line.extend(value.into_iter().flat_map(|value| [OsString::from(name), value]));
        };
        let engine = &args.engine;
        add("--nodes", engine.nodes.map(|nodes| nodes.to_string().into()));
        add("--cpus", engine.cpus.map(|cpus| cpus.to_string().into()));
        add("--time", engine.time.clone().map(Into::into));
        add("--account", engine.account.clone().map(Into::into));
        add("--shared", engine.shared.clone().map(Into::into));
        add("--python", args.workload.python.python.clone().map(Into::into));
        add("--async-fn", args.workload.python.async_fn.clone().map(Into::into));
        line.extend(engine.sbatch_arg.iter().map(|argument| format!("--sbatch-arg={argument}").into()));
        line.extend(args.workload.ignore_failure.then(|| "--ignore-failure".into()));
        line.extend(items(workload, tasks, directory)?);
        let words = args.workload.command_line.iter().take_while(|word| *word != ":::");
        if args.workload.command_line.is_empty() {
            line.extend(args.workload.workload.first().cloned());
        } else {
            line.extend(args.workload.shell.then(|| "--shell".into()));
            line.push("--".into());
            line.extend(words.map(OsString::from));
        }
        Ok(line)
    }

    /// Returns the programs that use the engine by hand.
    fn programs(
        &self,
        workload: &Workload,
        measured: &EngineMeasurement,
        asked: AdvisedJob,
        engine: &EngineConfig,
    ) -> Vec<CodeExample> {
        let address = match engine {
            EngineConfig::Dask { cluster, .. } => cluster.address.clone(),
            EngineConfig::Slurm(_) => None,
        };
        let shape = EngineShape {
            callable: self.args.workload.workload.first().and_then(|name| callable(&name.to_string_lossy())),
            task: TaskShape {
                tasks: asked.tasks,
                command: workload.only_command().map(|command| command.argv.clone()),
                items: item_source(workload),
                ..TaskShape::default()
            },
            chunk: chunk(measured, asked),
            inner_width: measured.inner_width,
            message_s: measured.message_s,
            address,
            workers: measured.threads,
            cpus: asked.cpus_per_task,
        };
        match measured.kind {
            EngineKind::Dask => vec![snippets::dask(&shape)],
            EngineKind::Slurm => snippets::slurm(&shape).into_iter().collect(),
        }
    }
}

/// Returns the options that give the items of a trial: those of the work, again and again.
fn items(workload: &Workload, tasks: u64, directory: &Path) -> Result<Vec<OsString>, Failure> {
    let command = workload.only_command();
    if command.is_some_and(|command| !command.argv.iter().any(|word| word.contains("{item}"))) {
        return Ok(vec!["--tasks".into(), tasks.to_string().into()]);
    }
    let path = directory.join("trial-items");
    let mut text = String::new();
    for index in 0..tasks {
        text += &workload.items.get(index).to_string();
        text.push('\0');
    }
    std::fs::write(&path, text).map_err(Failure::io("cannot write the items of a trial"))?;
    let are_numbers = workload.runs_python() && matches!(workload.items, Items::Count(_));
    let mut options: Vec<OsString> = vec!["--null".into(), "--items".into(), path.into()];
    options.extend(are_numbers.then(|| "--number-items".into()));
    Ok(options)
}

/// Returns a callable as a program imports it, from `FILE.py:NAME` or `package.module:NAME`.
fn callable(name: &str) -> Option<EngineCallable> {
    let (place, function) = name.rsplit_once(':')?;
    let path = PathBuf::from(place);
    let is_file = path.extension().is_some_and(|extension| extension == "py");
    let module = if is_file { path.file_stem()?.to_str()?.to_owned() } else { place.to_owned() };
    Some(EngineCallable { module, file: is_file.then(|| place.to_owned()), function: function.to_owned() })
}

/// Returns the recommended configuration of this machine as it was measured.
fn machine_of(report: &Report) -> Option<MachineMeasurement> {
    let cell = report.cells.iter().find(|cell| report.is_recommended(cell))?;
    let task = &report.profile.as_ref()?.task;
    Some(MachineMeasurement {
        strategy: cell.cell.strategy,
        width: cell.cell.width,
        throughput_per_s: cell.per_s()?,
        start_s: cell.startup_s.unwrap_or(0.0),
        task_s: task.cpu_s + task.wait_s,
    })
}

/// Returns what a server lets through that all machines would ask, if this machine has found one that is the limit.
fn shared_limit(report: &Report, machine: &MachineMeasurement, engine: &EngineMeasurement) -> Option<f64> {
    match report.recommendation.as_ref()?.limit {
        LimitingFactor::SharedResource { resource: SharedResource::Upstream, .. } => {
            Some(machine.throughput_per_s.max(engine.throughput_per_s))
        }
        _ => None,
    }
}

/// Refuses work that no engine can run.
pub(super) fn check(args: &AdviseArgs, workload: &Workload) -> Result<(), Failure> {
    let refuse = |why: &str| Err(Failure::Usage(format!("--on: {why}")));
    let limits = &workload.limits;
    if args.workload.workload.first().is_some_and(|name| callable(&name.to_string_lossy()).is_none())
        || args.workload.cpu.is_some()
        || args.workload.wait.is_some()
    {
        return refuse("an engine runs Python callables and commands, and nothing else");
    }
    if args.once {
        return refuse("a trial runs items again and again, which --once forbids");
    }
    if limits.max_in_flight.is_some() || limits.rate_per_s.is_some() {
        return refuse("limits hold on one machine, and not on all workers together");
    }
    if args.measure.predict_only || args.measure.assume_cpus.is_some() {
        return refuse(
            "an engine is measured, and not predicted: leave --predict-only and --assume-cpus out",
        );
    }
    Ok(())
}

/// Returns the failure of a command that asks about an engine on a machine that is not real.
pub(super) fn not_simulated() -> Failure {
    Failure::Io("--on".to_owned(), io::Error::other("a simulated machine has no engine"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callable_is_imported_by_its_module() {
        let file = callable("lib/tasks.py:fetch").expect("a callable");
        assert_eq!((file.module.as_str(), file.file.as_deref()), ("tasks", Some("lib/tasks.py")));
        let module = callable("pkg.tasks:Client.fetch").expect("a callable");
        assert_eq!((module.module.as_str(), module.function.as_str()), ("pkg.tasks", "Client.fetch"));
        assert_eq!(module.file, None);
        assert_eq!(callable("web-scraper"), None);
    }
}

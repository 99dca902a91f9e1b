//! Runs one cell again and again, alone or beside what it is compared with.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::benchmark::clock::Stopwatch;
use crate::benchmark::executor::{Executor, ProcessExecutor};
use crate::benchmark::hooks::Hooked;
use crate::benchmark::machine_probe::CpuSpeedProbe;
use crate::benchmark::repeat::{Repeated, Repetition, Settings};
use crate::benchmark::{Configuration, ConfigurationResult};
use crate::gate::{Thresholds, paired};
use crate::host::others::OthersMeter;
use crate::profile::probe::Profiled;
use crate::workload::Env;

use crate::cli::failure::Failure;
use crate::cli::progress::Progress;
use crate::cli::study::{Aim, Study};

/// More batches of one cell than this tell nothing more of it.
const MOST: usize = 200;

/// Seconds of a batch: many short ones show more than few long ones, as what disturbs the machine lasts.
const BATCH_S: f64 = 0.08;

/// Waves of tasks in a batch at least, so that it also shows what follows the first.
const WAVES: u64 = 2;

/// What is repeated, and for how long.
pub(crate) struct Repeats<'a> {
    /// The cell.
    pub(crate) cell: Configuration,
    /// What the search gave of the cells.
    pub(crate) cells: &'a [ConfigurationResult],
    /// Tasks of a batch, where an earlier series had so many.
    pub(crate) batch_tasks: Option<u64>,
    /// Time that it may take.
    pub(crate) time: Duration,
    /// Changes that are ignored.
    pub(crate) thresholds: Thresholds,
    /// How many metrics of the suite are judged together.
    pub(crate) tests: usize,
}

/// What runs alternately with the workload.
pub(crate) enum OtherSide<'a> {
    /// Another workload.
    Study(&'a Study<'a>),
    /// The same one, run by another build of this program.
    Program(&'a Path),
}

impl Study<'_> {
    /// Repeats a cell until time is over, or until a comparison with the other side is decided.
    ///
    /// # Errors
    /// When a command around the batches fails; a batch that does is in the result.
    pub(crate) fn repeat(
        &self,
        repeats: &Repeats<'_>,
        other: Option<&OtherSide<'_>>,
        profiled: &Profiled,
        aim: &Aim,
        progress: &mut Progress,
    ) -> Result<Repeated, Failure> {
        let hooked = |batches, study: &Self| Hooked::new(batches, study.shell(), aim.hooks.clone());
        let mut current = hooked(self.executor(profiled), self);
        let reference = other.map(|other| self.other(other, profiled)).transpose()?;
        let mut reference = reference.map(|reference| hooked(reference, self));
        let expected_per_s = expected_per_s(repeats, profiled);
        let batch_tasks = batch_tasks(repeats.cell, expected_per_s).min(self.workload.tasks());
        let (meter, server_before_s) = (OthersMeter::start(), self.server_cpu_s());
        let repetition = Repetition {
            current: &mut current,
            reference: reference.as_mut().map(|reference| reference as &mut dyn Executor),
            gauge: &mut CpuSpeedProbe::new(|| meter.cpu_s(self.server_cpu_s() - server_before_s)),
            observer: progress,
            clock: &mut Stopwatch::start(),
            interrupt: &self.guard.interrupt,
            sizing: self.sizing(profiled, aim),
            settings: Settings {
                cell: repeats.cell,
                expected_per_s,
                batch_tasks: Some(repeats.batch_tasks.unwrap_or(batch_tasks)),
                iterations: self.workload.iterations(),
                time_limit: repeats.time,
                warmup: 0,
                cpus_logical: self.host.cpus_logical,
                seed: aim.settings.seed,
            },
        };
        let is_paired = other.is_some();
        let repeated = repetition.run(|series| {
            if is_paired {
                paired::needs_more(series, &repeats.thresholds, repeats.tests)
            } else {
                series.batches.len() < MOST
            }
        });
        let failed = current.failure().or(reference.as_ref().and_then(Hooked::failure));
        if let Some(error) = failed.filter(|_| !self.guard.interrupt.is_raised()) {
            return Err(self.hook_failed(error));
        }
        Ok(repeated)
    }

    fn other<'s>(
        &'s self,
        other: &'s OtherSide<'_>,
        profiled: &'s Profiled,
    ) -> Result<Box<dyn Executor + 's>, Failure> {
        match other {
            OtherSide::Study(study) => Ok(study.executor(profiled)),
            OtherSide::Program(path) => {
                let state_dir = self.env.state_dir.join("reference");
                fs::create_dir_all(&state_dir).map_err(Failure::io("cannot make a directory"))?;
                let env = Env { exe: path.to_path_buf(), state_dir, ..self.env.clone() };
                let reexec = self.guard.group.reexec().of(path.to_path_buf());
                let workload = Arc::clone(&self.workload);
                Ok(Box::new(ProcessExecutor::new(reexec, workload, env, self.host.cpu_workers())))
            }
        }
    }
}

/// Tasks of a batch of a cell that does `rate` tasks per second: whole waves of them.
fn batch_tasks(cell: Configuration, rate: f64) -> u64 {
    let width = cell.width as u64;
    ((rate * BATCH_S) as u64).max(WAVES * width).next_multiple_of(width)
}

/// Tasks per second that the cell did, or else the one of its strategy whose width is nearest.
fn expected_per_s(repeats: &Repeats<'_>, profiled: &Profiled) -> f64 {
    let distance = |result: &ConfigurationResult| {
        let is_other = result.cell.strategy != repeats.cell.strategy;
        (is_other, result.cell.width.abs_diff(repeats.cell.width))
    };
    let measured = repeats.cells.iter().filter_map(|result| Some((result, result.throughput_per_s?)));
    let nearest = measured.min_by_key(|(result, _)| distance(result));
    nearest.map_or_else(|| 1.0 / profiled.profile.task.total_s(), |(_, rate)| rate)
}

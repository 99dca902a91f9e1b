//! A suite of workloads, measured one after another and compared together.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::benchmark::event::Observer;
use crate::benchmark::repeat::Side;
use crate::error::Error;
use crate::gate::presence::NamedWork;
use crate::gate::{Comparison, Metric, Thresholds, judge};
use crate::host::Host;
use crate::report::document::{BenchReport, FailedWorkload, Report};
use crate::study::compare::equalise_work;
use crate::study::comparison_target::ComparisonTarget;
use crate::study::config::StudyConfig;
use crate::study::flag::FlagSetup;
use crate::study::flag::bench::FlagEntry;
use crate::study::machine::Machine;
use crate::study::repeat::RepeatRequest;
use crate::study::run::Study;
use crate::workload::Workload;
use crate::workload::item::Items;

/// Budgets of a workload: one for the search, and one for repeating the configuration, which also gets what
/// the search has left.
const BUDGETS: u32 = 2;

/// Additional budgets for repeats in alternation with another side, if they would decide open comparisons.
const PAIRED_BUDGETS: u32 = 1;

/// Time of a workload besides measuring: calibrating, profiling, starting and ending. Suites of three and four native
/// workloads took 0.6 to 0.9 s of it for each.
const OVERHEAD: Duration = Duration::from_millis(700);

/// The same for the interpreters of a callable, for each side.
const INTERPRETER_OVERHEAD: Duration = Duration::from_millis(700);

/// One workload of a suite.
#[derive(Debug, Clone)]
pub(crate) struct SuiteEntry {
    /// The workload.
    pub workload: Workload,
    /// The configuration of its study.
    pub config: StudyConfig,
    /// Largest changes that are ignored.
    pub thresholds: Thresholds,
    /// The search over a program's own flag, if the command of the workload has one.
    pub flag: Option<FlagSetup>,
}

impl SuiteEntry {
    /// Returns the workload as far as it is recognised in another suite.
    pub(crate) fn named_work(&self) -> NamedWork {
        // A command with its own flag is the whole work, whatever the number of its tasks.
        let whole = self.flag.as_ref().map(|_| Workload { items: Items::Count(1), ..self.workload.clone() });
        let identity = whole.as_ref().unwrap_or(&self.workload).identity();
        NamedWork { name: self.workload.name.clone(), identity }
    }

    /// Returns the time to expect; `None` for a program's own flag without a budget, of which only the first run
    /// tells. A workload that `is_paired` with another side takes less if the difference is large, which is decided
    /// early.
    pub(crate) fn planned_time(&self, is_paired: bool) -> Option<Duration> {
        let sides = 1 + u32::from(is_paired);
        let interpreters = if self.workload.runs_python() { sides } else { 0 };
        let budgets = BUDGETS + if is_paired { PAIRED_BUDGETS } else { 0 };
        let budget = match &self.flag {
            Some(flag) => flag.budget()?,
            None => self.config.budget,
        };
        Some(budget * budgets + OVERHEAD + INTERPRETER_OVERHEAD * interpreters)
    }
}

/// Refuses two workloads of the same name, because results are identified by it.
///
/// # Errors
/// When two workloads have the same name.
pub(crate) fn check_names(workloads: &[Workload]) -> Result<(), String> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for workload in workloads {
        *counts.entry(&workload.name).or_default() += 1;
    }
    match counts.iter().find(|(_, count)| **count > 1) {
        Some((name, count)) => Err(format!("{count} workloads are called '{name}'; give each its own name")),
        None => Ok(()),
    }
}

/// A suite that is being measured.
pub(crate) struct SuiteRun<'m> {
    machine: &'m dyn Machine,
    target: &'m ComparisonTarget,
    /// Number of metrics that are judged together.
    metrics: usize,
    report: BenchReport,
    /// True if outputs and exit statuses may change.
    ignores_outcomes: bool,
    /// The comparison of each result, if it is compared.
    comparisons: Vec<Option<Comparison>>,
}

impl<'m> SuiteRun<'m> {
    /// Begins a run of `workloads` workloads that are compared with `target`.
    pub(crate) fn new(
        machine: &'m dyn Machine,
        host: Host,
        target: &'m ComparisonTarget,
        workloads: usize,
        ignores_outcomes: bool,
    ) -> Self {
        let mut report = BenchReport::new(host, Vec::new());
        report.missing = target.missing();
        SuiteRun {
            machine,
            target,
            metrics: workloads * Metric::ALL.len(),
            report,
            ignores_outcomes,
            comparisons: Vec::new(),
        }
    }

    /// Returns the report so far.
    pub(crate) fn report(&self) -> &BenchReport {
        &self.report
    }

    /// Ends the run and returns its report.
    pub(crate) fn into_report(self) -> BenchReport {
        self.report
    }

    /// Adds a workload that could not be measured.
    pub(crate) fn add_failure(&mut self, failure: FailedWorkload) {
        // A workload that cannot be run is there; a file that cannot be read is named by its path.
        let stem = Path::new(&failure.name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        self.report
            .missing
            .retain(|missing| missing.name != failure.name && Some(&missing.name) != stem.as_ref());
        self.report.failed.push(failure);
    }

    /// Measures one more workload, and judges all workloads so far together.
    ///
    /// # Errors
    /// When the workload cannot be measured, or the user interrupts; nothing is added to the report then.
    pub(crate) fn measure(&mut self, entry: SuiteEntry, observer: &mut dyn Observer) -> Result<(), Error> {
        let begun = Instant::now();
        let (mut report, comparison) = self.study(entry, observer)?;
        report.elapsed_s = Some(begun.elapsed().as_secs_f64());
        let comparison = comparison.map(|comparison| comparison.with_presence(self.target.presence(&report)));
        let without = |comparison| Comparison { outcomes: None, ..comparison };
        self.comparisons.push(if self.ignores_outcomes { comparison.map(without) } else { comparison });
        self.report.results.push(report);
        self.judge();
        Ok(())
    }

    fn judge(&mut self) {
        let compared: Vec<Comparison> = self.comparisons.iter().flatten().cloned().collect();
        let mut gates = judge(&compared).into_iter();
        for (report, comparison) in self.report.results.iter_mut().zip(&self.comparisons) {
            report.gate = comparison.as_ref().and_then(|_| gates.next());
        }
    }

    /// Profiles a workload, searches its configurations, repeats one and compares it.
    fn study(
        &self,
        entry: SuiteEntry,
        observer: &mut dyn Observer,
    ) -> Result<(Report, Option<Comparison>), Error> {
        let SuiteEntry { mut workload, config, thresholds, flag } = entry;
        if let (Some(setup), Some(guard)) = (flag, self.machine.guard()) {
            let Self { machine, target, metrics, report: BenchReport { host, .. }, .. } = self;
            let entry = FlagEntry { machine: *machine, guard, host, target, thresholds, metrics: *metrics };
            return entry.study(&setup, observer);
        }
        let Self { machine, target, report: BenchReport { host, .. }, .. } = self;
        let interrupt = machine.interrupt();
        let name = workload.name.clone();
        let counterpart = target.other_of(&name);
        let mut other = counterpart.as_ref().map(|other| other.workload.clone());
        equalise_work(&mut workload, other.as_mut(), target.results_of(&name), interrupt);
        let study = Study::new(*machine, host, workload).prepare(&config, observer)?;
        let directory = counterpart.and_then(|other| other.directory);
        let other_config = config.in_directory(directory);
        let other = other.map(|other| Study::new(*machine, host, other).prepare(&other_config, observer));
        let (other, broken) = match other.transpose() {
            // A version that lacks something is no reason not to measure this one.
            Err(error) if directory.is_some() && !error.is_interrupted() => (None, Some(error)),
            other => (other?, None),
        };
        let mut study = study.into_measured(observer)?;
        if config.is_prediction() || interrupt.is_raised() {
            return Ok((study.conclude(), None));
        }
        let Some(cell) = target.cell_of(&name).or_else(|| study.recommended()) else {
            let comparison = target.explain(Side::Current, None);
            return Ok((study.conclude(), comparison));
        };
        let side = target.side(other.as_ref());
        let budgets = BUDGETS + if side.is_some() { PAIRED_BUDGETS } else { 0 };
        let request = RepeatRequest {
            cell,
            batch_tasks: target.batch_tasks_of(&name),
            time: (config.budget * budgets).saturating_sub(study.search_time()),
            thresholds,
            metrics: self.metrics,
        };
        let failure = study.repeat(&request, side.as_ref(), observer)?;
        let report = study.conclude();
        let broken = broken.map(|error| (Side::Reference, error));
        let comparison = match failure.or(broken) {
            Some((side, error)) => target.explain(side, Some(error.to_string())),
            None => target.compare(&report, thresholds),
        };
        Ok((report, comparison))
    }
}

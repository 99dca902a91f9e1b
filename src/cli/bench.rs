//! `conc bench`: a suite of workloads, and how it compares with an earlier state.

mod against;
mod pace;
mod suite;
pub(crate) mod suite_file;

use std::io;
use std::path::{Path, PathBuf};

use crate::benchmark::repeat::Side;
use crate::error::ExitStatus;
use crate::gate::{Comparison, GateVerdict, Metric, judge};
use crate::report::document::{BenchReport, FailedWorkload, Report};
use crate::report::table;
use crate::study::{RepeatRequest, RunGuard, Study};

use crate::cli::args::{BenchArgs, Language};
use crate::cli::bench::against::Against;
pub(crate) use crate::cli::bench::pace::Pace;
use crate::cli::bench::suite::{Entry, Suite};
use crate::cli::commands::detect;
use crate::cli::config::{self, Output};
use crate::cli::ending;
use crate::cli::failure::Failure;
use crate::cli::gating::{self, Demands};
use crate::cli::output::{self, publish, tell};
use crate::cli::progress::Progress;
use crate::cli::signals;

/// The search for the best cell may take the budget, and repeating the cell takes as long again and what
/// the search has left.
const PHASES: u32 = 2;

/// Beside another side the repeats may take as long once more, where that would decide what is open.
const EXTENSION: u32 = 1;

/// Measures the suite, compares it and tells.
pub(crate) fn run(args: &BenchArgs) -> Result<ExitStatus, Failure> {
    let output = config::output(&args.output, Language::None)?;
    let host = detect()?;
    let suite = Suite::read(args, &host, io::stdin().lock())?;
    let demands = Demands::of(&args.gate, suite.gate);
    let against = Against::read(args, &suite, &host)?;
    output::check(&output)?;
    args.save_baseline.as_deref().map_or(Ok(()), output::check_path)?;
    let guard = signals::guarded()?;
    let mut bench = Bench {
        tests: suite.entries.len() * Metric::ALL.len(),
        pace: Pace::new(suite.entries.iter().map(|entry| entry.config.budget * PHASES)),
        report: BenchReport::new(host, Vec::new()),
        comparisons: Vec::new(),
        failed: None,
        guard: &guard,
        output: &output,
        against: &against,
    };
    for (name, errors) in suite.broken {
        bench.fail(name, &errors.into());
    }
    bench.pace.announce(output.progress);
    for entry in suite.entries {
        match bench.add(entry) {
            Err(Failure::Interrupted) if bench.report.results.is_empty() => return Err(Failure::Interrupted),
            Err(_) => break,
            Ok(()) if guard.interrupt().is_raised() => break,
            Ok(()) => {}
        }
    }
    let Bench { report, failed, .. } = bench;
    if let (Some(code), true) = (failed, report.results.is_empty()) {
        output::publish_failures(&report, &output)?;
        return Ok(code);
    }
    let table = table::render_bench(&report, &output.table);
    publish(&report, &table, &output)?;
    let ending = ending::of(guard.interrupt(), &report.results).unwrap_or_else(|failure| failure.tell());
    if guard.interrupt().is_raised() {
        return Ok(ending);
    }
    if let Some(path) = &args.save_baseline {
        save(&report, path, args.baseline.as_ref())?;
    }
    Ok(failed.or_else(|| demands.judge(&report)).unwrap_or(ending))
}

/// Writes the results down to be compared with later. A baseline that a workload got worse than stays as it
/// is: it would be lost, and the next run green.
fn save(report: &BenchReport, path: &Path, baseline: Option<&PathBuf>) -> Result<(), Failure> {
    let is_red =
        report.results.iter().any(|r| r.gate.as_ref().is_some_and(|g| g.verdict == GateVerdict::Regressed));
    if is_red && baseline.is_some_and(|baseline| baseline == path) {
        let path = path.display();
        tell(&format!("'{path}' is left as it was, because a workload got worse than it says"));
        return Ok(());
    }
    output::write_json(path, report)
}

/// A suite that is being measured.
struct Bench<'a> {
    guard: &'a RunGuard,
    output: &'a Output,
    against: &'a Against,
    pace: Pace,
    /// How many metrics are judged together.
    tests: usize,
    report: BenchReport,
    /// Of each result, where it is compared.
    comparisons: Vec<Option<Comparison>>,
    /// How the run ends because a workload failed; the first one decides.
    failed: Option<ExitStatus>,
}

impl Bench<'_> {
    /// Measures one more workload. The others are measured all the same if it fails, and what there is
    /// then is written, so that a later failure loses nothing.
    ///
    /// # Errors
    /// If the user interrupts it.
    fn add(&mut self, entry: Entry) -> Result<(), Failure> {
        let name = entry.workload.name.clone();
        match self.measure(entry) {
            Ok((report, comparison)) => {
                self.report.results.push(report);
                self.comparisons.push(comparison);
                self.judge();
            }
            Err(Failure::Interrupted) => return Err(Failure::Interrupted),
            Err(failure) => self.fail(name.clone(), &failure.of(&name)),
        }
        self.pace.next();
        // Whatever cannot be written now is tried again at the end, and told then.
        let _ = output::save(&self.report, self.output);
        Ok(())
    }

    fn fail(&mut self, name: String, failure: &Failure) {
        self.failed.get_or_insert(failure.tell());
        let (code, message) = failure.describe();
        self.report.failed.push(FailedWorkload { name, code, message });
    }

    /// Judges every workload so far, together.
    fn judge(&mut self) {
        let compared: Vec<Comparison> = self.comparisons.iter().flatten().cloned().collect();
        let mut gates = judge(&compared).into_iter();
        for (report, comparison) in self.report.results.iter_mut().zip(&self.comparisons) {
            report.gate = comparison.as_ref().and_then(|_| gates.next());
        }
    }

    /// Measures one workload: profile, search, repeats, comparison.
    fn measure(&self, entry: Entry) -> Result<(Report, Option<Comparison>), Failure> {
        let Entry { mut workload, config, thresholds } = entry;
        let Self { guard, against, report: BenchReport { host, .. }, .. } = self;
        let (name, budget) = (workload.name.clone(), config.budget);
        let mut progress = Progress::of_suite(&name, budget, &self.pace, self.output.progress);
        let mut other = against.workload();
        gating::do_the_same_work(&mut workload, other.as_mut(), against.results_of(&name));
        let study = Study::new(*guard, host, workload).prepare(&config, &mut progress)?;
        let mut prepare_other = |other| Study::new(*guard, host, other).prepare(&config, &mut progress);
        let other = other.map(&mut prepare_other).transpose()?;
        let mut study = study.into_measured(&mut progress)?;
        let cell = against.cell_of(&name).or_else(|| study.recommended());
        let Some(cell) = cell.filter(|_| !config.is_prediction()) else {
            let nothing = || against.explain(Side::Current, None);
            let comparison = if config.is_prediction() { None } else { nothing() };
            return Ok((study.conclude(), comparison));
        };
        let side = against.side(other.as_ref());
        let phases = PHASES + if side.is_some() { EXTENSION } else { 0 };
        let request = RepeatRequest {
            cell,
            batch_tasks: against.batch_tasks_of(&name),
            time: (budget * phases).saturating_sub(study.search_time()),
            thresholds,
            metrics: self.tests,
        };
        let failure = study.repeat(&request, side.as_ref(), &mut progress)?;
        let report = study.conclude();
        let comparison = match failure {
            Some((side, error)) => against.explain(side, Some(error.to_string())),
            None => against.compare(&report, thresholds),
        };
        Ok((report, comparison))
    }
}

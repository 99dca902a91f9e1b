//! `conc bench`: a suite of workloads, and how it compares with an earlier state.

mod pace;
mod suite;
mod target;

use std::io;
use std::path::{Path, PathBuf};

use crate::error::ExitStatus;
use crate::gate::GateVerdict;
use crate::host::Host;
use crate::report::document::{BenchReport, FailedWorkload};
use crate::report::table;
use crate::study::{ComparisonTarget, Machine, SuiteEntry, SuiteRun};

use crate::cli::args::{BenchArgs, Language};
pub(crate) use crate::cli::bench::pace::SuiteEta;
use crate::cli::bench::suite::Suite;
use crate::cli::config::{self, Output};
use crate::cli::ending;
use crate::cli::failure::Failure;
use crate::cli::machine::TargetMachine;
use crate::cli::output::{self, publish, tell};
use crate::cli::progress::Progress;

/// Measures the suite, compares it and reports.
pub(crate) fn run(args: &BenchArgs, machine: &TargetMachine) -> Result<ExitStatus, Failure> {
    let output = config::output(&args.output, Language::None)?;
    let host = machine.host()?;
    let suite = Suite::read(args, &host, io::stdin().lock())?;
    let policy = args.gate.fail_policy().or(suite.gate);
    let target = target::resolve(args, &suite, &host)?;
    output::check(&output)?;
    args.save_baseline.as_deref().map_or(Ok(()), output::check_path)?;
    let machine = machine.start()?;
    let (report, failed) = measure(suite, &*machine, host, &target, &output)?;
    if let (Some(status), true) = (failed, report.results.is_empty()) {
        output::publish_failures(&report, &output)?;
        return Ok(status);
    }
    let table = table::render_bench(&report, &output.table);
    publish(&report, &table, &output)?;
    let ending = ending::of(machine.interrupt(), &report.results).unwrap_or_else(|failure| failure.tell());
    if machine.interrupt().is_raised() {
        return Ok(ending);
    }
    if let Some(path) = &args.save_baseline {
        save(&report, path, args.baseline.as_ref())?;
    }
    Ok(failed.or_else(|| policy.exit_status(&report)).unwrap_or(ending))
}

/// Measures every workload of the suite. A workload that fails does not keep the others from being
/// measured; the first failure decides the exit status.
fn measure(
    suite: Suite,
    machine: &dyn Machine,
    host: Host,
    target: &ComparisonTarget,
    output: &Output,
) -> Result<(BenchReport, Option<ExitStatus>), Failure> {
    let mut eta = SuiteEta::new(suite.entries.iter().map(SuiteEntry::planned_time));
    let mut run = SuiteRun::new(machine, host, target, suite.entries.len());
    let mut failed = None;
    let mut fail = |run: &mut SuiteRun<'_>, name: String, failure: Failure| {
        failed.get_or_insert(failure.tell());
        let (code, message) = failure.describe();
        run.add_failure(FailedWorkload { name, code, message });
    };
    for (name, errors) in suite.broken {
        fail(&mut run, name, errors.into());
    }
    eta.announce(output.progress);
    for entry in suite.entries {
        let name = entry.workload.name.clone();
        let mut progress = Progress::of_suite(&name, entry.config.budget, &eta, output.progress);
        let measured = run.measure(entry, &mut progress);
        drop(progress);
        match measured {
            Err(error) if error.is_interrupted() && run.report().results.is_empty() => {
                return Err(error.into());
            }
            Err(error) if error.is_interrupted() => break,
            Err(error) => fail(&mut run, name.clone(), error.context(&name).into()),
            Ok(()) => {}
        }
        eta.next();
        // A file that cannot be written now is tried again at the end, and reported then.
        let _ = output::save(run.report(), output);
        if machine.interrupt().is_raised() {
            break;
        }
    }
    Ok((run.into_report(), failed))
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

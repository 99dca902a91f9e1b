//! `conc bench`: a suite of workloads, and its comparison with an earlier state.

use std::path::Path;

use crate::diagnostics::Code;
use crate::error::ExitStatus;
use crate::gate::GateVerdict;
use crate::host::Host;
use crate::report::document::{BenchReport, FailedWorkload};
use crate::report::table;
use crate::study::suite_file::find_suite_file;
use crate::study::{Machine, SuiteRun};

use crate::cli::args::BenchArgs;
use crate::cli::checkout::ReferenceCheckout;
use crate::cli::console::Console;
use crate::cli::exit::exit_status;
use crate::cli::failure::Failure;
use crate::cli::files::check_writable;
use crate::cli::machine::TargetMachine;
use crate::cli::output::{self, conclude, publish};
use crate::cli::progress::Progress;
use crate::cli::settings::{BenchSettings, Environment};
use crate::cli::suite_eta::SuiteEta;

/// Workloads that failed like another one and are named, at most.
const MAX_NAMED: usize = 4;

/// Runs the command.
pub(super) fn run(
    args: &BenchArgs,
    machine: &TargetMachine,
    environment: &Environment,
) -> Result<ExitStatus, Failure> {
    let invocation = machine.invocation();
    let host = machine.host()?;
    // A work tree is below the directory of the run, and goes with it.
    let started = ReferenceCheckout::is_wanted(args).then(|| machine.start()).transpose()?;
    let reference = ReferenceCheckout::open(args, started.as_deref())?;
    let build = args.build.as_ref().zip(reference.as_ref()).zip(started.as_deref());
    build.map_or(Ok(()), |((line, reference), machine)| reference.build(line, machine))?;
    let file = find_suite_file()?;
    let mut settings = BenchSettings::resolve(args, &file, &host, environment, reference.as_ref())?;
    settings.output.check()?;
    settings.save_baseline.as_deref().map_or(Ok(()), check_writable)?;
    let machine = started.map_or_else(|| machine.start(), Ok)?;
    let (mut report, failed) = measure(&mut settings, &*machine, host)?;
    report.results.iter_mut().for_each(|result| result.invocation.clone_from(&invocation));
    let BenchSettings { fail_policy, save_baseline, baseline, output, .. } = settings;
    if let (Some(status), true) = (failed, report.results.is_empty()) {
        return conclude(Ok(status), output::publish_failures(&report, &output), output.console);
    }
    let is_interrupted = machine.interrupt().is_raised();
    // Before anything is printed: whoever reads the output may be gone.
    let saved = match save_baseline.filter(|_| !is_interrupted) {
        Some(path) => save(&report, &path, baseline.as_deref(), output.console),
        None => Ok(()),
    };
    let published = publish(&report, &table::render_bench(&report, &output.table), &output);
    let status = exit_status(machine.interrupt(), &report.results);
    let status = status.unwrap_or_else(|failure| output.console.report(&failure));
    let verdict = failed.or_else(|| fail_policy.exit_status(&report)).filter(|_| !is_interrupted);
    conclude(Ok(verdict.unwrap_or(status)), saved.and(published), output.console)
}

/// Measures every workload of the suite. A workload that fails does not keep the others from being
/// measured; the first failure decides the exit status.
fn measure(
    settings: &mut BenchSettings,
    machine: &dyn Machine,
    host: Host,
) -> Result<(BenchReport, Option<ExitStatus>), Failure> {
    let BenchSettings { entries, invalid, target, output, fail_policy, .. } = settings;
    let (console, is_paired) = (output.console, target.is_paired());
    let mut eta = SuiteEta::new(entries.iter().map(|entry| entry.planned_time(is_paired)));
    let mut run = SuiteRun::new(machine, host, target, entries.len(), fail_policy.allow_changed_outputs);
    let mut failed = None;
    let mut told = ToldFailures::default();
    let mut fail = |run: &mut SuiteRun<'_>, name: String, failure: Failure| {
        let (code, message) = failure.describe();
        if told.is_new(&name, code, &message) {
            failed.get_or_insert(console.report(&failure.of_workload(&name)));
        }
        run.add_failure(FailedWorkload { name, code, message });
    };
    for (name, errors) in invalid.drain(..) {
        fail(&mut run, name, errors.into());
    }
    if let Some(line) = eta.announcement().filter(|_| console.shows_progress()) {
        console.note(&line);
    }
    for entry in entries.drain(..) {
        let name = entry.workload.name.clone();
        let mut progress = Progress::in_suite(&name, entry.config.budget, &eta, console);
        let measured = run.measure(entry, &mut progress);
        drop(progress);
        match measured {
            Err(error) if error.is_interrupted() && run.report().results.is_empty() => {
                return Err(error.into());
            }
            Err(error) if error.is_interrupted() => break,
            Err(error) => fail(&mut run, name.clone(), error.into()),
            Ok(()) => {}
        }
        eta.next();
        // The end of the run tries again to write a file that cannot be written now, and reports the error.
        let _ = output::save(run.report(), output);
        if machine.interrupt().is_raised() {
            break;
        }
    }
    told.repeated().for_each(|line| console.note(&line));
    Ok((run.into_report(), failed))
}

/// The failures that users were told, each with the workloads that failed alike afterwards.
#[derive(Debug, Default)]
struct ToldFailures(Vec<(Option<Code>, String, Vec<String>)>);

impl ToldFailures {
    /// Returns true for the first failure of its kind; the name of a workload makes no difference.
    fn is_new(&mut self, name: &str, code: Option<Code>, message: &str) -> bool {
        let reason = message.replace(name, "");
        match self.0.iter_mut().find(|(known, text, _)| *known == code && *text == reason) {
            Some((_, _, others)) => others.push(name.to_owned()),
            None => {
                self.0.push((code, reason, Vec::new()));
                return true;
            }
        }
        false
    }

    /// Returns a line for each failure that more than one workload had.
    fn repeated(&self) -> impl Iterator<Item = String> {
        let several = self.0.iter().filter(|(_, _, others)| !others.is_empty());
        several.map(|(code, _, others)| {
            let code = code.map(|code| format!("[{code}]")).unwrap_or_default();
            let (first, rest) = others.split_at(others.len().min(MAX_NAMED));
            let more = if rest.is_empty() { String::new() } else { format!(" and {} others", rest.len()) };
            format!("error{code}: the same for {}{more}", first.join(", "))
        })
    }
}

/// Writes the results to a file to compare with later. A baseline that a workload regressed from stays as it
/// is: it would be lost, and the next run would pass.
fn save(report: &BenchReport, path: &Path, baseline: Option<&Path>, console: Console) -> Result<(), Failure> {
    let mut gates = report.results.iter().filter_map(|result| result.gate.as_ref());
    let is_red = gates.any(|gate| gate.verdict == GateVerdict::Regressed);
    if is_red && baseline == Some(path) {
        let path = path.display();
        console.note(&format!("'{path}' is left as it was, because a workload has regressed from it"));
        return Ok(());
    }
    output::write_json(path, report)
}

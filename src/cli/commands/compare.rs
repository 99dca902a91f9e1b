//! `conc compare`: two files of results.

use crate::error::ExitStatus;
use crate::gate::{Comparison, judge};
use crate::report::document::{BenchReport, CommandName};
use crate::report::load::load_results;
use crate::report::table;
use crate::study::compare::{check_machine, compare_reports, differences};

use crate::cli::args::CompareArgs;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::output::publish;
use crate::cli::settings::{CompareSettings, Environment};

/// Runs the command.
pub(super) fn run(args: &CompareArgs, environment: &Environment) -> Result<ExitStatus, Failure> {
    let settings = CompareSettings::resolve(args, environment)?;
    let CompareSettings { thresholds, fail_policy, output, .. } = &settings;
    let (before, mut after) = (load_results(&settings.before)?, load_results(&settings.after)?);
    let file = settings.before.display().to_string();
    let differences = differences(&before, &after);
    check_machine(&file, &differences, settings.allow_other_machine)?;
    output.check()?;
    let comparisons: Vec<Comparison> = after
        .results
        .iter()
        .map(|result| {
            let earlier = before.results.iter().find(|r| r.workload.name == result.workload.name);
            compare_reports(earlier, result, &file, *thresholds, !differences.is_empty())
        })
        .collect();
    note_missing(&before, &after, output.console);
    after.command = CommandName::Compare;
    for (result, gate) in after.results.iter_mut().zip(judge(&comparisons)) {
        result.gate = Some(gate);
    }
    publish(&after, &table::render_bench(&after, &output.table), output)?;
    Ok(fail_policy.exit_status(&after).unwrap_or(ExitStatus::Done))
}

/// Prints a note for each workload that is missing from the later results.
fn note_missing(before: &BenchReport, after: &BenchReport, console: Console) {
    let is_missing = |name: &str| !after.results.iter().any(|result| result.workload.name == name);
    for missing in before.results.iter().filter(|result| is_missing(&result.workload.name)) {
        console.note(&format!("{} is in the earlier results only", missing.workload.name));
    }
}

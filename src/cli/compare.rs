//! `conc compare`: two files of results.

use crate::error::ExitStatus;
use crate::gate::{Comparison, Thresholds, judge};
use crate::report::document::{BenchReport, CommandName};
use crate::report::load::load_results;
use crate::report::table;
use crate::study::compare::{check_machine, compare_reports, differences};

use crate::cli::args::{CompareArgs, Language};
use crate::cli::config;
use crate::cli::failure::Failure;
use crate::cli::output::{self, publish};

/// Reads both, compares what they have in common, and tells.
pub(crate) fn run(args: &CompareArgs) -> Result<ExitStatus, Failure> {
    let output = config::output(&args.output, Language::None)?;
    let (before, mut after) = (load_results(&args.before)?, load_results(&args.after)?);
    let file = args.before.display().to_string();
    let differences = differences(&before, &after);
    check_machine(&file, &differences, args.gate.allow_other_machine)?;
    output::check(&output)?;
    let threshold = args.gate.noise_threshold;
    let thresholds = threshold.map_or_else(Thresholds::default, |share| Thresholds::uniform(share.0));
    let comparisons: Vec<Comparison> = after
        .results
        .iter()
        .map(|result| {
            let earlier = before.results.iter().find(|r| r.workload.name == result.workload.name);
            compare_reports(earlier, result, &file, thresholds, !differences.is_empty())
        })
        .collect();
    tell_missing(&before, &after);
    after.command = CommandName::Compare;
    for (result, gate) in after.results.iter_mut().zip(judge(&comparisons)) {
        result.gate = Some(gate);
    }
    let table = table::render_bench(&after, &output.table);
    publish(&after, &table, &output)?;
    Ok(args.gate.fail_policy().exit_status(&after).unwrap_or(ExitStatus::Done))
}

/// A workload that is gone is not compared, which nobody should overlook.
fn tell_missing(before: &BenchReport, after: &BenchReport) {
    let is_gone = |name: &str| !after.results.iter().any(|result| result.workload.name == name);
    for gone in before.results.iter().filter(|result| is_gone(&result.workload.name)) {
        output::tell(&format!("{} is in the earlier results only", gone.workload.name));
    }
}

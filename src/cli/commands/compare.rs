//! `conc compare`: two files of results.

use crate::error::ExitStatus;
use crate::gate::{Comparison, judge};
use crate::report::document::CommandName;
use crate::report::load::load_results;
use crate::report::table;
use crate::study::compare::{check_machine, differences};
use crate::study::{ComparisonTarget, named_work};

use crate::cli::args::CompareArgs;
use crate::cli::failure::Failure;
use crate::cli::output::{conclude, publish};
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
    let target = ComparisonTarget::results(before, file, !differences.is_empty(), &named_work(&after));
    let compared =
        after.results.iter().filter_map(|result| target.compare_with_presence(result, *thresholds));
    let mut comparisons: Vec<Comparison> = compared.collect();
    if fail_policy.allow_changed_outputs {
        comparisons.iter_mut().for_each(|comparison| comparison.outcomes = None);
    }
    after.missing = target.missing();
    after.command = CommandName::Compare;
    for (result, gate) in after.results.iter_mut().zip(judge(&comparisons)) {
        result.gate = Some(gate);
    }
    let verdict = fail_policy.exit_status(&after).unwrap_or(ExitStatus::Done);
    let delivered = publish(&after, &table::render_bench(&after, &output.table), output);
    conclude(Ok(verdict), delivered, output.console)
}

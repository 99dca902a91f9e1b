//! Settings of a study that several commands share.

use crate::benchmark::hooks::Hooks;
use crate::benchmark::plan::Selection;
use crate::benchmark::width_list::{Widths, parse_widths};
use crate::host::Host;
use crate::report::document::CommandName;
use crate::strategy::StrategyKind;
use crate::strategy::stages::Stages;
use crate::study::suite_file::{SUITE_FILE, SuiteSettings};
use crate::study::{DEFAULT_BUDGET, StopRule, StudyConfig};

use crate::cli::args::{HookArgs, MeasureArgs};
use crate::cli::failure::Failure;
use crate::cli::settings::environment::typed_words;

/// Resolves the configuration of a study: arguments first, then the layers of a suite file, nearest first.
pub(super) fn resolve_study(
    command: CommandName,
    args: &MeasureArgs,
    layers: &[&SuiteSettings],
    hooks: &HookArgs,
    host: &Host,
) -> Result<StudyConfig, Failure> {
    let budget = args.budget.or_else(|| layers.iter().find_map(|layer| layer.budget));
    Ok(StudyConfig {
        command,
        command_line: typed_words(),
        seed: args.seed,
        once: false,
        hooks: resolve_hooks(hooks),
        python: None,
        directory: None,
        selection: resolve_selection(args, layers, host)?,
        budget: budget.unwrap_or(DEFAULT_BUDGET),
        stop: resolve_stop_rule(args),
        warmup: args.warmup,
        objective: args.objective,
        recalibrate: args.recalibrate,
    })
}

/// Returns the strategies and widths to measure.
fn resolve_selection(
    args: &MeasureArgs,
    layers: &[&SuiteSettings],
    host: &Host,
) -> Result<Selection, Failure> {
    let of_layers = || layers.iter().map(|layer| &layer.strategies);
    let strategies = [&args.strategy].into_iter().chain(of_layers()).find(|list| !list.is_empty());
    let strategies = strategies.cloned().unwrap_or_default();
    let parse = |list: &[String], origin: &str| {
        parse_widths(list, host.cpus_effective).map_err(|e| Failure::Usage(format!("{origin}: {e}")))
    };
    let Widths { numbers: widths, stages } = match layers.iter().find(|layer| !layer.widths.is_empty()) {
        Some(layer) if args.width.is_empty() => parse(&layer.widths, &format!("{SUITE_FILE}: widths"))?,
        _ => parse(&args.width, "--width")?,
    };
    let mut asked = widths.iter().copied().chain(stages.iter().map(Stages::width));
    if let (Some(most), Some(wider)) = (args.max_width, asked.find(|width| Some(*width) > args.max_width)) {
        return Err(Failure::Usage(format!("--width: {wider} is more than --max-width {most}")));
    }
    // Workers per stage say which strategy is meant.
    let is_staged_only = strategies.is_empty() && widths.is_empty() && !stages.is_empty();
    let strategies = if is_staged_only { vec![StrategyKind::Pipeline] } else { strategies };
    if !stages.is_empty() && !strategies.is_empty() && !strategies.contains(&StrategyKind::Pipeline) {
        let message = format!("--width: {} are workers of stages, which only pipeline has", stages[0]);
        return Err(Failure::Usage(message));
    }
    Ok(Selection { strategies, widths, max_width: args.max_width, stages, variants: false })
}

fn resolve_stop_rule(args: &MeasureArgs) -> StopRule {
    match args.runs {
        _ if args.predict_only || args.assume_cpus.is_some() => {
            StopRule::PredictOnly { cpus: args.assume_cpus }
        }
        rounds if args.exhaustive => StopRule::Exhaustive { rounds },
        Some(rounds) => StopRule::Rounds(rounds),
        None => StopRule::Budget,
    }
}

/// Returns the shell commands to run around the batches.
pub(super) fn resolve_hooks(args: &HookArgs) -> Hooks {
    let HookArgs { setup, prepare, cleanup } = args;
    Hooks { setup: setup.clone(), prepare: prepare.clone(), cleanup: cleanup.clone() }
}

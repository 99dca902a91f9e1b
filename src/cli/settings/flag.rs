//! Settings of the search over a program's own flag.

use std::time::Duration;

use crate::advice::Objective;
use crate::flag::metric::Metric;
use crate::flag::parameters::ListedParameter;
use crate::flag::template::{literal, misspelt};
use crate::study::StudyConfig;
use crate::study::flag::FlagSetup;
use crate::study::flag::setup::FlagOptions;
use crate::workload::Workload;
use crate::workload::item::Items;
use crate::workload::spec::{StepSpec, WorkloadSource};

use crate::cli::args::{FlagArgs, MeasureArgs, WorkloadArgs};
use crate::cli::failure::Failure;

/// Arguments that decide whether and how a program's own flag is searched.
pub(super) struct FlagRequest<'a> {
    /// The arguments about the flag.
    pub(super) flag: &'a FlagArgs,
    /// The arguments about the workload.
    pub(super) workload: &'a WorkloadArgs,
    /// The arguments about measuring.
    pub(super) measure: &'a MeasureArgs,
    /// True if the narrowest width runs in any case.
    pub(super) wants_reference: bool,
    /// The measuring time that the user gave, if any.
    pub(super) budget: Option<Duration>,
}

/// Returns the search if the command of the workload has `{width}`, and `None` for every other workload, whose
/// `{{width}}` become `{width}`.
///
/// # Errors
/// When the command or an option about the flag is wrong, or an option does not go with the form of the
/// workload.
pub(super) fn resolve_flag(
    workload: &mut Workload,
    request: &FlagRequest<'_>,
    config: &StudyConfig,
) -> Result<Option<FlagSetup>, Failure> {
    let (list, processes, widths) = lists(&request.flag.parameter_list)?;
    let metric = request.flag.metric.as_deref().map(|pattern| Metric::parse(pattern, request.flag.minimize));
    let metric = metric.transpose().map_err(|error| Failure::Usage(format!("--metric: {error}")))?;
    let options = FlagOptions {
        list,
        processes,
        metric,
        wants_reference: request.wants_reference,
        budget: request.budget,
    };
    let mut config = config.clone();
    if !widths.is_empty() {
        refuse_two_lists(&widths, request.measure)?;
        config.selection.widths = widths;
    }
    if let Some(setup) = FlagSetup::of(workload, options, &config)? {
        refuse_others(workload, request)?;
        return Ok(Some(setup));
    }
    refuse_without_places(workload, request)?;
    for step in &mut workload.steps {
        if let StepSpec::Command(command) = step {
            command.argv = literal(&command.argv);
        }
    }
    Ok(None)
}

type Lists = (Option<ListedParameter>, Vec<usize>, Vec<usize>);

/// Reads the lists: at most one with a name of its own, and the numbers of `processes` and `width`.
fn lists(words: &[String]) -> Result<Lists, Failure> {
    let usage = |error: String| Failure::Usage(format!("--parameter-list: {error}"));
    let (mut list, mut processes, mut widths) = (None, Vec::new(), Vec::new());
    for pair in words.chunks(2) {
        let [name, values] = pair else { continue };
        match name.as_str() {
            "processes" => processes = numbers(name, values).map_err(usage)?,
            "width" => widths = numbers(name, values).map_err(usage)?,
            _ if list.is_some() => {
                return Err(usage("only one parameter may have a name of its own beside {width}".to_owned()));
            }
            _ => list = Some(ListedParameter::parse(name, values).map_err(usage)?),
        }
    }
    Ok((list, processes, widths))
}

/// Refuses the values of `-L width` beside those of `--width`, and above `--max-width`.
fn refuse_two_lists(widths: &[usize], measure: &MeasureArgs) -> Result<(), Failure> {
    if !measure.width.is_empty() {
        let message = "-L width and --width both list the values of {width}; give one of them";
        return Err(Failure::Usage(message.to_owned()));
    }
    match (measure.max_width, widths.iter().max()) {
        (Some(most), Some(widest)) if *widest > most => {
            Err(Failure::Usage(format!("-L width: {widest} is more than --max-width {most}")))
        }
        _ => Ok(()),
    }
}

fn numbers(name: &str, values: &str) -> Result<Vec<usize>, String> {
    let words = values.split(',').map(str::trim).filter(|word| !word.is_empty());
    let number = |word: &str| {
        let number = word.parse().ok().filter(|number| *number > 0);
        number
            .ok_or_else(|| format!("'{word}' is no number for {{{name}}}; write it as in `-L {name} 1,2,4`"))
    };
    let mut numbers = words.map(number).collect::<Result<Vec<usize>, String>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() {
        return Err(format!("'{name}' has no values; list them, as in `-L {name} 1,2,4`"));
    }
    Ok(numbers)
}

/// Refuses options that say how tasks are run concurrently: here the program itself does it.
fn refuse_others(workload: &Workload, request: &FlagRequest<'_>) -> Result<(), Failure> {
    let (work, measure) = (request.workload, request.measure);
    let given = [
        ("--strategy", !measure.strategy.is_empty()),
        ("--tasks", work.tasks.is_some()),
        ("--max-in-flight", work.max_in_flight.is_some()),
        ("--rate", work.rate.is_some()),
        ("--objective", measure.objective != Objective::default()),
    ];
    match given.into_iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((option, _)) => Err(Failure::Usage(format!(
            "{option} does not go with {{width}}: {} runs as a whole, and its own flag is searched",
            workload.name
        ))),
    }
}

/// Returns true for a command without items and without a number of tasks, which nobody meant to repeat.
fn is_repeated_alone(workload: &Workload, request: &FlagRequest<'_>) -> bool {
    workload.source == WorkloadSource::Command
        && matches!(workload.items, Items::Count(_))
        && request.workload.tasks.is_none()
}

/// Refuses options about `{width}` for a command without it.
fn refuse_without_places(workload: &Workload, request: &FlagRequest<'_>) -> Result<(), Failure> {
    let options = [
        ("--metric", request.flag.metric.is_some()),
        ("--parameter-list", !request.flag.parameter_list.is_empty()),
        ("--reference", request.wants_reference),
    ];
    let is_width_alone = !request.measure.width.is_empty()
        && request.measure.strategy.is_empty()
        && is_repeated_alone(workload, request);
    let given = options.into_iter().chain([("--width", is_width_alone)]).find(|(_, is_given)| *is_given);
    let argv = workload.only_command().map(|command| command.argv.as_slice()).unwrap_or_default();
    let misspelt = misspelt(argv);
    let is_width = misspelt.as_ref().is_some_and(|(_, meant)| *meant == "width");
    let slip = misspelt.map(|(name, meant)| format!("'{{{name}}}' is not known; did you mean {{{meant}}}?"));
    let Some((option, _)) = given else {
        return match slip.filter(|_| is_width && is_repeated_alone(workload, request)) {
            None => Ok(()),
            Some(slip) => Err(Failure::Usage(format!(
                "{slip} With items or --tasks the word is passed to the command as it is"
            ))),
        };
    };
    let help = slip.unwrap_or_else(|| match option {
        "--width" => {
            "write {width} where the number belongs, as in `make -j{width}`; or give items or --tasks, to \
                      run several of the command at once"
                .to_owned()
        }
        _ => "write {width} where the number belongs, as in `make -j{width}`".to_owned(),
    });
    Err(Failure::Usage(format!("{option}: the command has no {{width}}; {help}")))
}

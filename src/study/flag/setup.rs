//! What a search over a program's own flag needs to know.

use std::time::Duration;

use crate::benchmark::hooks::Hooks;
use crate::diagnostics::Code;
use crate::flag::conclude::FlagQuestion;
use crate::flag::ladder;
use crate::flag::metric::Metric;
use crate::flag::parameters::{ListedParameter, Parameters};
use crate::flag::record::Objective;
use crate::flag::run::RunSettings;
use crate::flag::search::{SearchMode, SearchSpace};
use crate::flag::template::{CommandTemplate, has_numbers};
use crate::host::Host;
use crate::study::config::{StopRule, StudyConfig};
use crate::study::flag::runner::CommandSetup;
use crate::workload::Workload;
use crate::workload::input::InputError;
use crate::workload::item::Items;
use crate::workload::spec::CommandSpec;

/// Rounds of an exhaustive search unless the user asks for others.
const ROUNDS_EXHAUSTIVE: u32 = 3;

/// Total of threads per CPU that processes and threads together are considered up to.
const TOTAL_PER_CPU: usize = 4;

/// The least of that total.
const MIN_TOTAL: usize = 16;

/// What a user asks about a command with `{width}`, besides what every study has.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct FlagOptions {
    /// A parameter with listed values.
    pub list: Option<ListedParameter>,
    /// The values of `{processes}`; empty for the usual ones.
    pub processes: Vec<usize>,
    /// The number that is read from the output.
    pub metric: Option<Metric>,
    /// True if the narrowest width runs in any case.
    pub wants_reference: bool,
    /// Time of the search; `None` is the default, which depends on the first run.
    pub budget: Option<Duration>,
}

/// A search that is ready to begin.
#[derive(Debug, Clone)]
pub(crate) struct FlagSetup {
    pub(super) workload: Workload,
    pub(super) question: FlagQuestion,
    pub(super) options: FlagOptions,
    pub(super) config: StudyConfig,
}

impl FlagSetup {
    /// Returns the time that the user gives the search; `None` if the first run decides.
    pub(crate) fn budget(&self) -> Option<Duration> {
        self.options.budget
    }

    /// Makes the search of a workload; `None` if its command has no places for numbers and no list is given.
    ///
    /// # Errors
    /// When the command has a name that is not known, or a workload with several steps has places.
    pub(crate) fn of(
        workload: &Workload,
        options: FlagOptions,
        config: &StudyConfig,
    ) -> Result<Option<Self>, InputError> {
        let Some(command) = workload.only_command() else {
            return if workload.steps.iter().filter_map(|step| step.as_command()).any(is_template) {
                let message = "a workload with {width} is one command, and this one has several steps";
                Err(InputError::new(Code::WorkloadValue, message)
                    .with_help("put the steps into a script that takes the number"))
            } else {
                Ok(None)
            };
        };
        if !is_template(command) && options.list.is_none() {
            return Ok(None);
        }
        let list = options.list.as_ref().map(|list| list.name.as_str());
        let template = CommandTemplate::parse(&command.argv, list)?;
        if !options.processes.is_empty() && !template.has_processes() {
            let error = InputError::new(Code::WorkloadValue, "the command has no {processes}");
            return Err(
                error.with_help("write {processes} where the number belongs, or leave out -L processes")
            );
        }
        let question = FlagQuestion {
            command: command.argv.clone(),
            template,
            list: options.list.clone(),
            metric: options.metric.clone(),
        };
        Ok(Some(FlagSetup { workload: workload.clone(), question, options, config: config.clone() }))
    }

    /// Returns the workload as the user named it.
    pub(crate) fn workload(&self) -> &Workload {
        &self.workload
    }

    /// Returns the cells to search and the machine.
    pub(super) fn space(&self, host: &Host) -> SearchSpace {
        let cpus = host.cpu_workers();
        let asked = &self.config.selection.widths;
        let widths = if asked.is_empty() { ladder::widths(cpus) } else { asked.clone() };
        let most_wide = self.config.selection.max_width.unwrap_or(usize::MAX);
        let widths: Vec<usize> = widths.into_iter().filter(|width| *width <= most_wide).collect();
        let processes: Vec<Option<usize>> = match &self.options.processes[..] {
            _ if !self.question.template.has_processes() => vec![None],
            [] => ladder::processes(cpus).into_iter().map(Some).collect(),
            given => given.iter().copied().map(Some).collect(),
        };
        let values: Vec<Option<String>> = match &self.options.list {
            Some(list) => list.values.iter().cloned().map(Some).collect(),
            None => vec![None],
        };
        let is_free = asked.is_empty() && self.question.template.has_processes();
        let most = if is_free { (TOTAL_PER_CPU * cpus).max(MIN_TOTAL) } else { usize::MAX };
        let mut cells = Vec::new();
        for value in &values {
            for processes in &processes {
                let of =
                    |width: &usize| Parameters { width: *width, processes: *processes, value: value.clone() };
                let all: Vec<Parameters> = widths.iter().map(of).collect();
                // As many processes as the user asks for, and so many threads as are sensible, but one at least.
                let least = all.iter().map(Parameters::total).min().unwrap_or(0);
                cells.extend(all.into_iter().filter(|cell| cell.total() <= most.max(least)));
            }
        }
        let objective = match &self.options.metric {
            None => Objective::WallTime,
            Some(metric) if metric.minimize => Objective::SmallMetric,
            Some(_) => Objective::LargeMetric,
        };
        SearchSpace {
            cells,
            cpus: host.cpus_effective,
            assumed_cpus: self.config.assumed_cpus().unwrap_or(host.cpus_effective),
            limits: host.limits,
            objective,
            wants_reference: self.options.wants_reference,
            seed: self.config.seed,
        }
    }

    pub(super) fn settings(&self) -> RunSettings {
        let mode = match self.config.stop {
            StopRule::Budget => SearchMode::Guided,
            StopRule::Rounds(rounds) => SearchMode::Rounds(rounds),
            StopRule::Exhaustive { rounds } => SearchMode::Exhaustive(rounds.unwrap_or(ROUNDS_EXHAUSTIVE)),
            StopRule::PredictOnly { .. } => SearchMode::FirstRuns,
        };
        RunSettings { budget: self.options.budget, warmup: self.config.warmup, mode }
    }

    pub(super) fn command(&self, host: &Host, hooks: Hooks) -> CommandSetup {
        let ignore_failure = self.workload.only_command().is_some_and(|command| command.ignore_failure);
        CommandSetup {
            template: self.question.template.clone(),
            items: items(&self.workload.items, &self.question.template),
            hooks,
            metric: self.options.metric.clone(),
            ignore_failure,
            time_limit: self.workload.limits.timeout,
            cpus: host.cpus_effective,
        }
    }
}

fn is_template(command: &CommandSpec) -> bool {
    has_numbers(&command.argv)
}

/// Returns the items that one run goes through: the command is the whole work, unless it differs from item to
/// item.
fn items(items: &Items, template: &CommandTemplate) -> Vec<Option<String>> {
    match items {
        Items::List(list) if template.has_item() => list.iter().cloned().map(Some).collect(),
        _ => vec![None],
    }
}

//! The recommended values of a program's own flag, repeated for a comparison with another run or program.

use crate::benchmark::Configuration;
use crate::benchmark::event::Observer;
use crate::benchmark::repeat::Side;
use crate::error::Error;
use crate::flag::parameters::Parameters;
use crate::flag::template::CommandTemplate;
use crate::gate::{Comparison, Thresholds};
use crate::host::Host;
use crate::report::document::Report;
use crate::study::comparison_target::ComparisonTarget;
use crate::study::config::StudyConfig;
use crate::study::flag::setup::FlagSetup;
use crate::study::flag::study::FlagStudy;
use crate::study::machine::Machine;
use crate::study::measure::MeasuredStudy;
use crate::study::repeat::RepeatRequest;
use crate::study::run::Study;
use crate::study::run_guard::RunGuard;
use crate::units::duration_of;
use crate::workload::Workload;
use crate::workload::item::Items;
use crate::workload::spec::StepSpec;

/// Budgets of the series, in those of the search; one more if it alternates with another program.
const BUDGETS: u32 = 1;

/// A search in a suite.
pub(crate) struct FlagEntry<'m> {
    /// The machine.
    pub machine: &'m dyn Machine,
    /// The processes of the run.
    pub guard: &'m RunGuard,
    /// The machine as it is reported.
    pub host: &'m Host,
    /// The other side of the comparison.
    pub target: &'m ComparisonTarget,
    /// Changes that do not count.
    pub thresholds: Thresholds,
    /// Number of metrics of the suite that are judged together.
    pub metrics: usize,
}

impl FlagEntry<'_> {
    /// Searches the values, repeats the recommended ones and compares them. The values of an earlier run are
    /// repeated in place of those that are recommended now.
    ///
    /// # Errors
    /// When the program or a hook fails, or the user interrupts.
    pub(crate) fn study(
        &self,
        setup: &FlagSetup,
        observer: &mut dyn Observer,
    ) -> Result<(Report, Option<Comparison>), Error> {
        let mut report = FlagStudy::new(self.guard, self.host, setup).run(observer)?;
        if setup.config.is_prediction() || self.guard.interrupt().is_raised() {
            return Ok((report, None));
        }
        let Some(flag) = &report.flag else { return Ok((report, None)) };
        let before = self.target.results_of(&report.workload.name).and_then(|before| before.flag.as_ref());
        let parameters =
            before.map_or(&flag.recommendation, |before| &before.recommendation).parameters.clone();
        let failure = self.repeat(setup, &parameters, &mut report, observer)?;
        let comparison = match failure {
            Some((side, error)) => self.target.explain(side, Some(error.to_string())),
            None => self.target.compare(&report, self.thresholds),
        };
        Ok((report, comparison))
    }

    /// Repeats the command with the values, alternately with the other side, and puts the series into the report.
    fn repeat(
        &self,
        setup: &FlagSetup,
        parameters: &Parameters,
        report: &mut Report,
        observer: &mut dyn Observer,
    ) -> Result<Option<(Side, Error)>, Error> {
        let config = series_config(setup);
        let list = setup.options.list.as_ref().map(|list| list.name.as_str());
        let fixed = |workload: &Workload| with_values(workload, parameters, list);
        let prepare = |workload: Workload, config: &StudyConfig, observer: &mut dyn Observer| {
            Study::new(self.machine, self.host, workload).prepare(config, observer)
        };
        let other = self.target.other_of(&report.workload.name).map(|other| {
            let mut config = config.in_directory(other.directory);
            // Only the current directory has been set up.
            config.hooks.setup = setup.config.hooks.setup.clone().filter(|_| other.directory.is_some());
            prepare(fixed(other.workload), &config, observer)
        });
        let other = other.transpose()?;
        let study = prepare(fixed(&setup.workload), &config, observer)?.profile(observer)?;
        let mut study = MeasuredStudy::unsearched(study);
        let side = self.target.side(other.as_ref());
        let budgets = BUDGETS + u32::from(side.is_some());
        let budget = report.flag.as_ref().map_or(config.budget, |flag| duration_of(flag.budget_s));
        let request = RepeatRequest {
            cell: Configuration::REFERENCE,
            batch_tasks: self.target.batch_tasks_of(&report.workload.name),
            time: budget * budgets,
            thresholds: self.thresholds,
            metrics: self.metrics,
        };
        let failure = study.repeat(&request, side.as_ref(), observer)?;
        report.series = study.conclude().series;
        Ok(failure)
    }
}

/// Returns the configuration of the series: the set-up has run.
fn series_config(setup: &FlagSetup) -> StudyConfig {
    let mut config = setup.config.clone();
    config.hooks.setup = None;
    config.selection.widths.clear();
    config
}

/// Returns the plain command with the values in its places; a command without places stays as it is.
fn with_values(workload: &Workload, parameters: &Parameters, list: Option<&str>) -> Workload {
    let mut fixed = workload.clone();
    if !matches!(fixed.items, Items::List(_)) {
        fixed.items = Items::Count(1);
    }
    for step in &mut fixed.steps {
        if let StepSpec::Command(command) = step
            && let Ok(template) = CommandTemplate::parse(&command.argv, list)
        {
            command.argv = template.argv(parameters, Some("{item}"));
        }
    }
    fixed
}

//! The configuration of a study: what it measures, for how long, and what it optimises.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::advice::Objective;
use crate::benchmark::hooks::Hooks;
use crate::benchmark::measure::MeasurementSettings;
use crate::benchmark::params::SearchParams;
use crate::benchmark::plan::Selection;
use crate::report::document::CommandName;

/// Time of a run per workload, unless the user asks for another.
pub(crate) const DEFAULT_BUDGET: Duration = Duration::from_secs(5);

/// The configuration of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyConfig {
    /// The command named in the report.
    pub command: CommandName,
    /// The words that the user typed after the name of the program; empty without a command line.
    pub command_line: Vec<String>,
    /// Seed of every random choice.
    pub seed: u64,
    /// Runs no item twice.
    pub once: bool,
    /// Shell commands to run around the batches.
    pub hooks: Hooks,
    /// The interpreter of Python callables; `None` finds the usual one.
    pub python: Option<PathBuf>,
    /// The directory that the work runs in, an absolute path; `None` is the current one.
    pub directory: Option<PathBuf>,
    /// The strategies and widths to measure.
    pub selection: Selection,
    /// Time of the whole run, without imports of the user's module.
    pub budget: Duration,
    /// The rule that ends measuring.
    pub stop: StopRule,
    /// Number of warm-up batches of every configuration, which run first and do not count.
    pub warmup: u32,
    /// The quantity to optimise.
    pub objective: Objective,
    /// Measures the overheads of strategies again instead of reading them from the cache.
    pub recalibrate: bool,
}

/// The rule that ends measuring.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum StopRule {
    /// Ends when the result is settled or the budget is used up.
    #[default]
    Budget,
    /// Ends after this many rounds, whatever the budget.
    Rounds(u32),
    /// Measures every configuration of the grid in every round.
    Exhaustive {
        /// The number of rounds; `None` measures at least three, and more while the budget lasts.
        rounds: Option<u32>,
    },
    /// Runs nothing but the profile and predicts the rest.
    PredictOnly {
        /// CPUs of the machine to predict for; `None` means this machine.
        cpus: Option<f64>,
    },
}

impl StudyConfig {
    /// Returns the configuration of the same study in another directory, if one is given.
    pub(super) fn in_directory(&self, directory: Option<&Path>) -> Self {
        let Some(directory) = directory else { return self.clone() };
        // What the user named is where the user is.
        let is_path = |path: &PathBuf| path.components().count() > 1;
        let python = self.python.clone().map(|path| match std::path::absolute(&path) {
            Ok(absolute) if is_path(&path) => absolute,
            _ => path,
        });
        StudyConfig { directory: Some(directory.to_owned()), python, ..self.clone() }
    }

    /// Returns true if nothing but the profile is run.
    pub fn is_prediction(&self) -> bool {
        matches!(self.stop, StopRule::PredictOnly { .. })
    }

    /// Returns true if every configuration of the grid is measured.
    pub fn is_exhaustive(&self) -> bool {
        matches!(self.stop, StopRule::Exhaustive { .. })
    }

    /// Returns the number of CPUs to predict for, if it is not that of this machine.
    pub fn assumed_cpus(&self) -> Option<f64> {
        match self.stop {
            StopRule::PredictOnly { cpus } => cpus,
            _ => None,
        }
    }

    /// Returns the settings of the search, before which some of the budget was `spent`.
    pub(super) fn measurement(&self, spent: Duration) -> MeasurementSettings {
        let rounds = match self.stop {
            StopRule::Rounds(rounds) => Some(rounds),
            StopRule::Exhaustive { rounds } => rounds,
            StopRule::Budget | StopRule::PredictOnly { .. } => None,
        };
        MeasurementSettings {
            budget: self.budget,
            spent,
            rounds,
            warmup: self.warmup,
            exhaustive: self.is_exhaustive(),
            seed: self.seed,
            once: self.once,
            search: SearchParams::default(),
        }
    }
}

impl Default for StudyConfig {
    fn default() -> Self {
        StudyConfig {
            command: CommandName::Advise,
            command_line: Vec::new(),
            seed: 1,
            once: false,
            hooks: Hooks::default(),
            python: None,
            directory: None,
            selection: Selection::default(),
            budget: DEFAULT_BUDGET,
            stop: StopRule::Budget,
            warmup: 0,
            objective: Objective::default(),
            recalibrate: false,
        }
    }
}

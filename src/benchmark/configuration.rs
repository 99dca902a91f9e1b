//! A configuration: one strategy at one width. Tables and documents call it a cell.

use std::fmt;

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

use crate::strategy::StrategyKind;
use crate::strategy::stages::Stages;

/// One strategy at one width.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct Configuration {
    /// The strategy.
    pub strategy: StrategyKind,
    /// Tasks in flight; workers of all stages together for `pipeline`.
    #[serde(deserialize_with = "width_within")]
    pub width: usize,
    /// Worker processes next to the event loop, for `hybrid`.
    pub processes: Option<usize>,
    /// Workers of each stage, for `pipeline`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stages: Option<Stages>,
}

/// Largest width that is believed of a document: more than any system has threads or connections for.
const MAX_WIDTH: usize = 1 << 30;

/// Reads a width: a document of an earlier run may have been edited, and nothing runs at width 0.
fn width_within<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let width = usize::deserialize(deserializer)?;
    if (1..=MAX_WIDTH).contains(&width) {
        return Ok(width);
    }
    Err(D::Error::custom(format_args!("a width is from 1 to {MAX_WIDTH}, not {width}")))
}

impl Configuration {
    /// The sequential reference.
    pub const REFERENCE: Configuration =
        Configuration { strategy: StrategyKind::Sequential, width: 1, processes: None, stages: None };

    /// Creates the configuration of a strategy whose width is one number.
    pub fn new(strategy: StrategyKind, width: usize) -> Self {
        Configuration { strategy, width, processes: None, stages: None }
    }

    /// Creates a hybrid configuration.
    pub fn hybrid(width: usize, processes: usize) -> Self {
        Configuration { strategy: StrategyKind::Hybrid, width, processes: Some(processes), stages: None }
    }

    /// Creates a pipeline.
    pub fn pipeline(stages: Stages) -> Self {
        let width = stages.width();
        Configuration { strategy: StrategyKind::Pipeline, width, processes: None, stages: Some(stages) }
    }

    /// Creates the configuration of any strategy; one that has processes next to its width gets `processes`.
    pub fn planned(strategy: StrategyKind, width: usize, processes: usize) -> Self {
        let processes = strategy.info().width.has_processes().then_some(processes);
        Configuration { strategy, width, processes, stages: None }
    }

    /// Returns the number of worker processes; 0 if there are none.
    pub fn worker_processes(&self) -> usize {
        match self.strategy.info().width {
            meaning if meaning.workers_are_processes() => self.width,
            meaning if meaning.has_processes() => self.processes.unwrap_or(1),
            _ => 0,
        }
    }

    /// Returns the width as shown in tables: `64`, `64x2` for a hybrid, or `8+2+1` for a pipeline.
    pub fn width_label(&self) -> String {
        match (self.stages, self.processes) {
            (Some(stages), _) => stages.to_string(),
            (None, Some(processes)) => format!("{}x{processes}", self.width),
            (None, None) => self.width.to_string(),
        }
    }
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.strategy, self.width_label())
    }
}

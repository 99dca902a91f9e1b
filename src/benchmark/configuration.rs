//! A cell: one strategy at one width.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::strategy::StrategyKind;

/// One strategy at one width.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct Configuration {
    /// How tasks are run.
    pub strategy: StrategyKind,
    /// Tasks in flight.
    pub width: usize,
    /// Worker processes beside the event loop, for `hybrid`.
    pub processes: Option<usize>,
}

impl Configuration {
    /// The sequential reference.
    pub const REFERENCE: Configuration =
        Configuration { strategy: StrategyKind::Sequential, width: 1, processes: None };

    /// A cell of a strategy whose width is one number.
    pub fn new(strategy: StrategyKind, width: usize) -> Self {
        Configuration { strategy, width, processes: None }
    }

    /// A hybrid cell.
    pub fn hybrid(width: usize, processes: usize) -> Self {
        Configuration { strategy: StrategyKind::Hybrid, width, processes: Some(processes) }
    }

    /// The width as shown in tables: `64`, or `64x2` for a hybrid.
    pub fn width_label(&self) -> String {
        match self.processes {
            Some(processes) => format!("{}x{processes}", self.width),
            None => self.width.to_string(),
        }
    }
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.strategy, self.width_label())
    }
}

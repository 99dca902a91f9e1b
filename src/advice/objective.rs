//! The goal by which configurations are compared.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::benchmark::ConfigurationResult;

/// A goal of the optimisation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Objective {
    /// The most tasks per second, at the narrowest width that achieves this rate.
    #[default]
    Throughput,
    /// The best trade-off of throughput and latency.
    Latency,
    /// The least memory of the cells that are as fast as the fastest.
    Memory,
    /// The least CPU per task of the cells that are as fast as the fastest.
    Cpu,
}

impl Objective {
    /// Every objective, in the order of the documentation.
    pub const ALL: [Objective; 4] =
        [Objective::Throughput, Objective::Latency, Objective::Memory, Objective::Cpu];

    /// Returns the name that users see and type.
    pub fn as_str(self) -> &'static str {
        match self {
            Objective::Throughput => "throughput",
            Objective::Latency => "latency",
            Objective::Memory => "memory",
            Objective::Cpu => "cpu",
        }
    }

    /// Returns the score of `throughput` tasks per second at `width`; higher is better.
    ///
    /// For latency the score is the power of Kleinrock ("Power and deterministic rules of thumb for
    /// probabilistic problems in computer communications", ICC 1979): throughput over response
    /// time, which by Little's law is X²/N. Memory and CPU choose among the fastest cells.
    pub(crate) fn score(self, width: usize, throughput: f64) -> f64 {
        match self {
            Objective::Throughput | Objective::Memory | Objective::Cpu => throughput,
            Objective::Latency => throughput * throughput / width.max(1) as f64,
        }
    }

    /// Returns the cost of a cell that this objective minimises, in bytes or CPU seconds; `None` if the
    /// objective has no cost other than time, or the cost was not measured.
    pub(crate) fn cost(self, cell: &ConfigurationResult) -> Option<f64> {
        match self {
            Objective::Throughput | Objective::Latency => None,
            Objective::Memory => cell.memory_bytes().map(|bytes| bytes as f64),
            Objective::Cpu => cell.cpu_s_per_task,
        }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Objective {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Objective::ALL.into_iter().find(|o| o.as_str().eq_ignore_ascii_case(s)).ok_or_else(|| {
            let known: Vec<_> = Objective::ALL.iter().map(|o| o.as_str()).collect();
            format!("unknown objective '{s}'; choose one of {}", known.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for objective in Objective::ALL {
            assert_eq!(objective.as_str().parse(), Ok(objective));
        }
        assert!("speed".parse::<Objective>().unwrap_err().contains("throughput, latency, memory, cpu"));
    }

    #[test]
    fn power_is_highest_where_throughput_stops_keeping_up_with_width() {
        let power = |n: usize| Objective::Latency.score(n, n.min(8) as f64 * 25.0);
        assert!(power(8) > power(4) && power(8) > power(16));
    }
}

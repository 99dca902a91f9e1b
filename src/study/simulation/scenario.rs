//! The script of a simulated machine, read from a TOML file.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::benchmark::Configuration;
use crate::diagnostics::Code;
use crate::host::Host;
use crate::host::info::HostLimits;
use crate::strategy::StrategyKind;

/// A machine and what happens on it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Scenario {
    /// CPUs; fractions are possible.
    pub cpus: f64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Share of the last ten seconds in which some task waited for a CPU.
    pub cpu_pressure: f64,
    /// Share of the CPUs that other programs use.
    pub others: f64,
    /// Relative standard deviation of the throughput of a batch.
    pub noise: f64,
    /// Throughput of another build of the program, relative to this one.
    pub reference_speed: f64,
    /// The cost of a task.
    pub task: ScenarioTask,
    /// Throughput of workloads by name, relative to the others.
    pub speed: BTreeMap<String, f64>,
    /// Code of the error that the preparation of a workload ends with, by its name.
    pub broken: BTreeMap<String, Code>,
    /// Strategies that differ from the theory.
    pub strategy: BTreeMap<StrategyKind, ScenarioStrategy>,
}

/// The cost of a task, and its failures.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ScenarioTask {
    /// CPU seconds.
    pub cpu_s: f64,
    /// Seconds of waiting.
    pub wait_s: f64,
    /// Share of the tasks that fail.
    pub failing: f64,
}

/// The throughput and the failures of one strategy.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ScenarioStrategy {
    /// Pairs of a width and a throughput in tasks per second, narrowest first. Between two widths the
    /// throughput is interpolated; beyond them it stays. Without any, the theory holds.
    pub rates: Vec<(f64, f64)>,
    /// Code of the error that every batch ends with.
    pub error: Option<Code>,
    /// True if the outputs differ from those of the other strategies.
    pub differs: bool,
}

impl Default for Scenario {
    fn default() -> Self {
        Scenario {
            cpus: 4.0,
            memory_bytes: 24 << 30,
            cpu_pressure: 0.0,
            others: 0.0,
            noise: 0.01,
            reference_speed: 1.0,
            task: ScenarioTask::default(),
            speed: BTreeMap::new(),
            broken: BTreeMap::new(),
            strategy: BTreeMap::new(),
        }
    }
}

impl Default for ScenarioTask {
    fn default() -> Self {
        ScenarioTask { cpu_s: 0.001, wait_s: 0.02, failing: 0.0 }
    }
}

impl Scenario {
    /// Reads a script.
    ///
    /// # Errors
    /// When the text is not TOML or has keys that a script does not know.
    pub(crate) fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Returns the simulated machine as reports show it.
    pub(crate) fn host(&self) -> Host {
        let cpus = (self.cpus.ceil() as usize).max(1);
        Host {
            os: std::env::consts::OS.to_owned(),
            kernel: "simulated".to_owned(),
            cpu_model: "simulated".to_owned(),
            cpus_logical: cpus,
            cpus_effective: self.cpus,
            memory_bytes: self.memory_bytes,
            cpu_pressure: Some(self.cpu_pressure),
            limits: HostLimits {
                affinity_cpus: cpus,
                cgroup_cpus: None,
                cgroup_period_s: None,
                open_files: Some(20_000),
                open_files_soft: Some(20_000),
                processes: Some(96_000),
                memory_maps: Some(65_530),
                memory_available_bytes: self.memory_bytes,
                cgroup_memory_bytes: None,
            },
        }
    }

    /// Returns the throughput of a configuration in tasks per second, without noise.
    pub(super) fn rate(&self, cell: Configuration) -> f64 {
        let width = (cell.width * cell.processes.unwrap_or(1)) as f64;
        let scripted = self.strategy.get(&cell.strategy).map_or(&[][..], |strategy| &strategy.rates);
        interpolate(scripted, cell.width as f64).unwrap_or_else(|| self.theoretical_rate(width))
    }

    /// Returns the smaller of two bounds: the tasks in flight over the length of a task, and the CPUs over
    /// its CPU time (asymptotic bounds of a closed network).
    fn theoretical_rate(&self, width: f64) -> f64 {
        let ScenarioTask { cpu_s, wait_s, .. } = self.task;
        (width / (cpu_s + wait_s)).min(self.cpus / cpu_s)
    }
}

/// Returns the value at `at` between the points, or that of the nearest one; `None` without points.
fn interpolate(points: &[(f64, f64)], at: f64) -> Option<f64> {
    let next = points.iter().position(|(width, _)| *width >= at).unwrap_or(points.len());
    let (after, before) = (points.get(next), next.checked_sub(1).and_then(|before| points.get(before)));
    match (before, after) {
        (Some((x0, y0)), Some((x1, y1))) => Some(y0 + (y1 - y0) * (at - x0) / (x1 - x0)),
        (nearest, None) | (None, nearest) => nearest.map(|(_, rate)| *rate),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_interpolated_between_the_widths_of_the_script() {
        let script = "cpus = 2.0\n[strategy.threads]\nrates = [[1, 10], [3, 30], [5, 20]]\n";
        let scenario = Scenario::parse(script).unwrap();
        let rate = |width| scenario.rate(Configuration::new(StrategyKind::Threads, width));
        assert_eq!([1, 2, 3, 4, 5, 9].map(rate), [10.0, 20.0, 30.0, 25.0, 20.0, 20.0]);
    }

    #[test]
    fn without_a_script_the_theory_holds() {
        let scenario = Scenario::parse("cpus = 2.0\ntask = { cpu_s = 0.5, wait_s = 1.5 }").unwrap();
        let rate = |width| scenario.rate(Configuration::new(StrategyKind::Async, width));
        assert_eq!([1, 4, 100].map(rate), [0.5, 2.0, 4.0]);
        assert_eq!(scenario.host().cpus_effective, 2.0);
    }

    #[test]
    fn unknown_keys_are_refused() {
        assert!(Scenario::parse("cpu = 2.0").is_err());
    }
}

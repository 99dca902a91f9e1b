//! Widths that the machine does not allow.

use serde::{Deserialize, Serialize};

use crate::flag::record::Record;
use crate::host::info::HostLimits;

/// Share of the available memory that a run may need.
const MEMORY_SHARE: f64 = 0.8;

/// Share of the processes of a user that a run may need: others of the user count too.
const PROCESSES_SHARE: f64 = 0.8;

/// Descriptors of a program besides those for each thread.
const OWN_DESCRIPTORS: u64 = 32;

/// A resource that caps the width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CapKind {
    /// Available memory.
    Memory,
    /// Processes and threads of the user.
    Processes,
    /// Open descriptors of a process.
    OpenFiles,
}

/// The widest total of threads that a resource allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Cap {
    /// The resource.
    pub code: CapKind,
    /// Threads, all processes together.
    pub widest: usize,
}

/// Returns the cap that binds first, from the runs so far.
pub(crate) fn cap(records: &[Record], limits: &HostLimits) -> Option<Cap> {
    let memory = Need::of(records, |record| record.peak_memory_bytes().map(|bytes| bytes as f64));
    let threads = Need::of(records, |record| {
        record.runs.iter().map(|run| run.measure.threads as f64).reduce(f64::max).filter(|n| *n > 0.0)
    });
    let by_memory = memory.map(|need| need.widest(MEMORY_SHARE * limits.memory_available_bytes as f64));
    let allowed = limits.processes.map(|limit| PROCESSES_SHARE * limit as f64);
    let by_processes = threads.zip(allowed).map(|(need, allowed)| need.widest(allowed));
    let by_files = limits.open_files_soft.map(|limit| limit.saturating_sub(OWN_DESCRIPTORS).max(1) as usize);
    let caps =
        [(CapKind::Memory, by_memory), (CapKind::Processes, by_processes), (CapKind::OpenFiles, by_files)];
    let known = caps.into_iter().filter_map(|(code, widest)| Some(Cap { code, widest: widest? }));
    known.min_by_key(|cap| cap.widest)
}

/// A need that grows with the number of threads.
#[derive(Debug, Clone, Copy)]
struct Need {
    base: f64,
    slope: f64,
}

impl Need {
    /// Fits a need to the records; with one width, all of the need grows with the width.
    fn of(records: &[Record], need: impl Fn(&Record) -> Option<f64>) -> Option<Self> {
        let points: Vec<(f64, f64)> = records
            .iter()
            .filter(|record| record.is_measured())
            .filter_map(|record| Some((record.parameters.total() as f64, need(record)?)))
            .collect();
        let (threads, needed) = points.first()?;
        let alone = || (0.0, needed / threads);
        let (base, slope) = line(&points).unwrap_or_else(alone);
        Some(Need { base, slope })
    }

    fn widest(self, allowed: f64) -> usize {
        if self.slope <= 0.0 {
            return usize::MAX;
        }
        (((allowed - self.base) / self.slope).max(1.0)) as usize
    }
}

/// Fits a line that does not fall by least squares: returns its value at 0 and its slope; `None` for fewer than two
/// different places.
pub(crate) fn line(points: &[(f64, f64)]) -> Option<(f64, f64)> {
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / n, y + point.1 / n));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let together: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let slope = (together / spread).max(0.0);
    (spread > 0.0).then_some((y - slope * x, slope))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flag::measure::RunMeasure;
    use crate::flag::parameters::Parameters;
    use crate::flag::record::Run;

    fn record(width: usize, mebibytes: u64) -> Record {
        let measure = RunMeasure {
            peak_memory_bytes: Some(mebibytes << 20),
            threads: width as u64,
            ..RunMeasure::default()
        };
        let run = Run { at_s: 0.0, round: 0, rate: 1.0, measure, is_cold: false };
        Record { runs: vec![run], ..Record::new(Parameters::of_width(width)) }
    }

    fn limits(mebibytes: u64, processes: Option<u64>, open_files: Option<u64>) -> HostLimits {
        HostLimits {
            affinity_cpus: 2,
            cgroup_cpus: None,
            cgroup_period_s: None,
            open_files,
            open_files_soft: open_files,
            processes,
            memory_maps: None,
            memory_available_bytes: mebibytes << 20,
            cgroup_memory_bytes: None,
        }
    }

    #[test]
    fn memory_that_grows_with_the_width_caps_it() {
        let one = [record(2, 200)];
        assert_eq!(cap(&one, &limits(1000, None, None)), Some(Cap { code: CapKind::Memory, widest: 8 }));
        // Half of it is there at any width.
        let two = [record(2, 200), record(4, 300)];
        assert_eq!(cap(&two, &limits(1000, None, None)).map(|cap| cap.widest), Some(14));
    }

    #[test]
    fn the_tightest_limit_is_named() {
        let records = [record(4, 1)];
        let found = cap(&records, &limits(10_000, Some(20), Some(1024)));
        assert_eq!(found, Some(Cap { code: CapKind::Processes, widest: 16 }));
        let found = cap(&records, &limits(10_000, None, Some(40)));
        assert_eq!(found, Some(Cap { code: CapKind::OpenFiles, widest: 8 }));
        assert_eq!(cap(&[], &limits(10, None, None)), None);
    }
}

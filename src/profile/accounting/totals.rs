//! Exact totals of a tree, apart from samples.

use crate::host::usage::CpuTime;
use crate::profile::result::Exit;

/// Exact totals of a tree.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Accounting {
    /// Begin and end of every run, in seconds since the first sample.
    pub runs: Vec<[f64; 2]>,
    /// CPU time, all runs together.
    pub cpu: CpuTime,
    /// Seconds that the thread that ran everything waited for a CPU; `None` if there is no such thread, or
    /// the system does not report it.
    pub runqueue_s: Option<f64>,
    /// End of the command, if one was started here.
    pub exit: Option<Exit>,
    /// True if CPU time is exact, as it is for children that have ended.
    pub is_exact: bool,
    /// True if the runs are of tasks in a process that was ready, and not of a command from its start on.
    pub is_of_tasks: bool,
}

impl Accounting {
    /// Returns wall seconds, all runs together.
    pub(crate) fn wall_s(&self) -> f64 {
        self.runs.iter().map(|[from, to]| to - from).sum()
    }
}

/// Returns CPU time in ticks, raised to the sampled time of the threads: ticks miss shorter stretches.
pub(crate) fn ticks_or_samples(ticked: CpuTime, sampled_s: f64) -> CpuTime {
    let total = ticked.total_s();
    if total >= sampled_s {
        return ticked;
    }
    let scale = if total > 0.0 { sampled_s / total } else { 0.0 };
    let user_s = if total > 0.0 { ticked.user_s * scale } else { sampled_s };
    CpuTime { user_s, system_s: ticked.system_s * scale }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_of_ticks_and_samples_counts() {
        let ticked = CpuTime { user_s: 0.3, system_s: 0.1 };
        assert_eq!(ticks_or_samples(ticked, 0.2), ticked);
        let raised = ticks_or_samples(ticked, 0.8);
        assert!((raised.user_s - 0.6).abs() < 1e-12 && (raised.system_s - 0.2).abs() < 1e-12);
        assert_eq!(ticks_or_samples(CpuTime::default(), 0.5), CpuTime { user_s: 0.5, system_s: 0.0 });
    }
}

//! Looks, many times a second, at what the threads of a process tree are doing.
//!
//! Sampling says where the time goes; how much there is of it comes from exact accounting.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::host::process::descendants;
use crate::host::usage::parse_schedstat;
use crate::profile::waits::{Wait, WaitCounts, classify_wait};

/// Mean time between samples; 50 a second cost about 1% of a CPU.
const PERIOD: Duration = Duration::from_millis(20);

/// The period varies by this much either way, so that it does not beat with the work.
const JITTER: f64 = 0.25;

/// What the samples showed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples {
    /// Samples taken.
    pub count: u64,
    /// Samples in which some thread of the tree could run.
    pub runnable: u64,
    /// What was waited for in the other ones.
    pub waits: WaitCounts,
    /// Seconds that threads of descendants were seen to run.
    pub descendants_run_s: f64,
    /// Seconds that threads of descendants were seen to wait for a CPU.
    pub descendants_runqueue_s: f64,
}

/// Samples the tree below `pid`, and its main thread, until `ended` is closed.
pub fn sample_until(pid: u32, ended: &Receiver<()>) -> Samples {
    let mut samples = Samples::default();
    let mut descendant_times = HashMap::new();
    let mut portable = Portable::new(pid);
    let mut draw = pid;
    while ended.recv_timeout(next_period(&mut draw)) == Err(RecvTimeoutError::Timeout) {
        let tree = descendants(pid);
        // Where `/proc` tells nothing, what every system offers at least tells whether it runs.
        if !take(pid, &tree, &mut samples)
            && let Some(ran) = portable.ran()
        {
            samples.count += 1;
            samples.runnable += u64::from(ran);
        }
        for descendant in &tree {
            if let Some(times) = schedstat(*descendant) {
                descendant_times.insert(*descendant, times);
            }
        }
    }
    for (run, wait) in descendant_times.values() {
        samples.descendants_run_s += *run as f64 * 1e-9;
        samples.descendants_runqueue_s += *wait as f64 * 1e-9;
    }
    samples
}

/// The period to the next sample, from a linear congruential generator (Knuth, TAOCP 3.3.4).
fn next_period(draw: &mut u32) -> Duration {
    *draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    let unit = f64::from(*draw) / f64::from(u32::MAX);
    PERIOD.mul_f64(1.0 + JITTER * (2.0 * unit - 1.0))
}

/// One look: is anything of the tree runnable, and if not, what does it wait for? False if nothing
/// was to be seen.
fn take(pid: u32, tree: &[u32], samples: &mut Samples) -> bool {
    let mut states = vec![thread_state(pid, pid)];
    states.extend(tree.iter().flat_map(|process| threads(*process)));
    let states: Vec<_> = states.into_iter().flatten().collect();
    if states.is_empty() {
        return false;
    }
    samples.count += 1;
    if states.contains(&ThreadState::Runnable) {
        samples.runnable += 1;
        return true;
    }
    let waits = primary(&states);
    for wait in &waits {
        samples.waits.add(*wait, 1.0 / waits.len() as f64);
    }
    true
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ThreadState {
    Runnable,
    Blocked(Wait),
}

/// The waits that explain why nothing runs: waiting for a child is explained by what the child does.
fn primary(states: &[ThreadState]) -> Vec<Wait> {
    let blocked: Vec<Wait> = states
        .iter()
        .filter_map(|state| match state {
            ThreadState::Blocked(wait) => Some(*wait),
            ThreadState::Runnable => None,
        })
        .collect();
    let primary: Vec<Wait> = blocked.iter().copied().filter(|wait| *wait != Wait::Child).collect();
    if primary.is_empty() { blocked } else { primary }
}

fn threads(pid: u32) -> Vec<Option<ThreadState>> {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .map(|tid| thread_state(pid, tid))
        .collect()
}

/// What one thread is doing; `None` if it is gone.
fn thread_state(pid: u32, tid: u32) -> Option<ThreadState> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/task/{tid}/stat")).ok()?;
    // The name in parentheses may itself hold parentheses and spaces.
    let state = stat.rsplit_once(") ")?.1.chars().next()?;
    match state {
        'R' => Some(ThreadState::Runnable),
        'Z' | 'X' => None,
        _ => {
            let function =
                std::fs::read_to_string(format!("/proc/{pid}/task/{tid}/wchan")).unwrap_or_default();
            Some(ThreadState::Blocked(classify_wait(state, &function)))
        }
    }
}

fn schedstat(pid: u32) -> Option<(u64, u64)> {
    parse_schedstat(&std::fs::read_to_string(format!("/proc/{pid}/schedstat")).ok()?)
}

/// The series every system offers, by `sysinfo`.
struct Portable {
    system: Option<System>,
    pid: Pid,
    cpu_ms: u64,
}

impl Portable {
    fn new(pid: u32) -> Self {
        Portable { system: System::new().ok(), pid: Pid::from_u32(pid), cpu_ms: 0 }
    }

    /// Whether the process has used CPU time since it was last asked, which is told in steps of
    /// 10 ms; `None` if it is gone.
    fn ran(&mut self) -> Option<bool> {
        let system = self.system.as_mut()?;
        let what = ProcessRefreshKind::nothing().with_cpu().without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[self.pid]), true, what);
        let cpu_ms = system.process(self.pid)?.accumulated_cpu_time();
        Some(std::mem::replace(&mut self.cpu_ms, cpu_ms) < cpu_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_seen_to_run_without_proc_and_one_that_is_gone_is_not() {
        let mut own = Portable::new(std::process::id());
        let until = std::time::Instant::now() + Duration::from_secs(60);
        let mut seen = own.ran();
        while seen == Some(false) && std::time::Instant::now() < until {
            seen = own.ran();
        }
        assert_eq!(seen, Some(true));
        assert_eq!(Portable::new(u32::MAX >> 1).ran(), None);
    }

    #[test]
    fn a_parent_waiting_for_its_child_is_explained_by_the_child() {
        let states = [ThreadState::Blocked(Wait::Child), ThreadState::Blocked(Wait::Sleep)];
        assert_eq!(primary(&states), [Wait::Sleep]);
        assert_eq!(primary(&states[..1]), [Wait::Child]);
    }

    #[test]
    fn periods_vary_within_their_bounds() {
        let mut draw = 1;
        let periods: Vec<_> = (0..1000).map(|_| next_period(&mut draw).as_secs_f64()).collect();
        assert!(periods.iter().all(|p| (0.015..=0.025).contains(p)));
        assert!(periods.iter().any(|p| *p < 0.017) && periods.iter().any(|p| *p > 0.023));
    }
}

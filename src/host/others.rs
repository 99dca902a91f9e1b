//! What other programs use of the CPUs while this one measures.

use std::time::Instant;

use nix::unistd::{SysconfVar, sysconf};

use crate::host::usage::CpuTime;

/// Tells what others use of the CPUs from its start on.
#[derive(Debug)]
pub struct OthersMeter {
    begun: Instant,
    busy_s: Option<f64>,
    own_s: f64,
}

impl OthersMeter {
    /// Begins to count.
    pub fn start() -> Self {
        OthersMeter { begun: Instant::now(), busy_s: busy_cpu_s(), own_s: own_cpu_s() }
    }

    /// The CPU seconds that others used so far; `None` where the system does not tell. `helpers_s` are
    /// those that processes of this one used meanwhile which it has not waited for yet.
    pub fn cpu_s(&self, helpers_s: f64) -> Option<f64> {
        let busy_s = busy_cpu_s()? - self.busy_s?;
        Some(busy_s - (own_cpu_s() - self.own_s + helpers_s))
    }

    /// The share of `cpus` CPUs that others used so far, from 0 to 1; else as [`cpu_s`](Self::cpu_s).
    pub fn share(&self, cpus: usize, helpers_s: f64) -> Option<f64> {
        Some(share_of_cpus(self.cpu_s(helpers_s)?, self.begun.elapsed().as_secs_f64(), cpus))
    }
}

/// CPU seconds of this process and of those it has waited for.
fn own_cpu_s() -> f64 {
    (CpuTime::of_self() + CpuTime::of_children()).total_s()
}

/// CPU seconds that all CPUs together were busy since the machine started, time stolen by other virtual
/// machines included; `None` where the system does not tell.
fn busy_cpu_s() -> Option<f64> {
    parse(&std::fs::read_to_string("/proc/stat").ok()?, ticks_per_s()?)
}

fn ticks_per_s() -> Option<f64> {
    sysconf(SysconfVar::CLK_TCK).ok().flatten().map(|ticks| ticks as f64)
}

/// Adds up `cpu user nice system idle iowait irq softirq steal …` but for the two in which nothing ran.
fn parse(text: &str, ticks_per_s: f64) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<f64> = line.split_whitespace().filter_map(|field| field.parse().ok()).collect();
    let busy = [0, 1, 2, 5, 6, 7].into_iter().filter_map(|i| ticks.get(i)).sum::<f64>();
    (ticks.len() >= 4).then_some(busy / ticks_per_s)
}

/// What `used_s` CPU seconds in `elapsed_s` seconds are of `cpus` CPUs, from 0 to 1.
pub fn share_of_cpus(used_s: f64, elapsed_s: f64, cpus: usize) -> f64 {
    let whole = elapsed_s * cpus.max(1) as f64;
    if whole > 0.0 { (used_s / whole).clamp(0.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_and_waiting_for_a_disk_are_not_busy() {
        let text = "cpu  100 10 50 9000 700 5 5 30 0 0\ncpu0 1 2 3\n";
        assert_eq!(parse(text, 100.0), Some(2.0));
        assert_eq!(parse("intr 5\n", 100.0), None);
    }

    #[test]
    fn what_others_use_is_a_share() {
        let share = OthersMeter::start().share(1, 0.0);
        assert!(share.is_none_or(|share| (0.0..=1.0).contains(&share)), "{share:?}");
    }

    #[test]
    fn seconds_are_a_share_of_all_cpus() {
        assert_eq!(share_of_cpus(2.0, 2.0, 2), 0.5);
        assert_eq!(share_of_cpus(-1.0, 2.0, 2), 0.0);
        assert_eq!(share_of_cpus(4.0, 0.0, 2), 0.0);
    }
}

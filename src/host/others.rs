//! What other programs use of the CPUs while this one measures.

use nix::unistd::{SysconfVar, sysconf};

/// CPU seconds that all CPUs together were busy since the machine started, time stolen by other virtual
/// machines included; `None` where the system does not tell.
pub fn busy_cpu_s() -> Option<f64> {
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

/// The share of `cpus` CPUs that others used in `elapsed_s` seconds, from 0 to 1.
pub fn share_of_others(busy_s: f64, own_s: f64, elapsed_s: f64, cpus: usize) -> f64 {
    let whole = elapsed_s * cpus.max(1) as f64;
    if whole > 0.0 { ((busy_s - own_s) / whole).clamp(0.0, 1.0) } else { 0.0 }
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
    fn what_this_program_used_is_not_others() {
        assert_eq!(share_of_others(6.0, 4.0, 2.0, 2), 0.5);
        assert_eq!(share_of_others(4.0, 5.0, 2.0, 2), 0.0);
        assert_eq!(share_of_others(4.0, 0.0, 0.0, 2), 0.0);
    }
}

//! The whole machine: `stat`, `uptime`, `vmstat`, `pressure/cpu` and `sys/vm/max_map_count`.

use super::read;
use super::thread::ticks_per_second;

/// CPU seconds of the whole machine since boot, of all CPUs together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct MachineCpu {
    /// CPU seconds used by anything.
    pub busy_s: f64,
    /// CPU seconds wanted, but taken by the hypervisor.
    pub stolen_s: f64,
}

/// Pressure stall information of one resource: time in which some task, or every task, waited for it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Pressure {
    /// Share of the last ten seconds, from 0 to 1.
    pub avg10: f64,
    /// Seconds since the start of what is watched.
    pub total_s: f64,
}

/// The tasks that a pressure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stalled {
    /// Some task waited.
    Some,
    /// Every task that was not idle waited: nobody got anything done.
    Full,
}

/// Reads the CPU time of the whole machine from `/proc/stat`.
pub(crate) fn machine_cpu() -> Option<MachineCpu> {
    read::text("/proc/stat", |text| parse_machine_cpu(text, ticks_per_second()))
}

/// Reads `/proc/pressure/cpu`: some task of the machine waited for a CPU.
pub(crate) fn cpu_pressure() -> Option<Pressure> {
    pressure("/proc/pressure/cpu", Stalled::Some)
}

/// Reads a file such as `/proc/pressure/io`, or `memory.pressure` of a control group.
pub(crate) fn pressure(path: &str, stalled: Stalled) -> Option<Pressure> {
    read::text(path, |text| parse_pressure(text, stalled))
}

/// Returns seconds since boot, from `/proc/uptime`.
pub(crate) fn uptime_s() -> Option<f64> {
    read::text("/proc/uptime", |text| text.split_whitespace().next()?.parse().ok())
}

/// Returns how many processes the out-of-memory killer has ended since boot, from `/proc/vmstat`.
pub(crate) fn out_of_memory_kills() -> Option<u64> {
    read::text("/proc/vmstat", parse_out_of_memory_kills)
}

/// Returns the number of memory maps that one process may have.
pub(crate) fn max_memory_maps() -> Option<u64> {
    read::text("/proc/sys/vm/max_map_count", |text| text.trim().parse().ok())
}

fn parse_out_of_memory_kills(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("oom_kill "))?.trim().parse().ok()
}

/// Parses `cpu user nice system idle iowait irq softirq steal …`; guest time is part of user time.
pub(super) fn parse_machine_cpu(text: &str, ticks_per_second: f64) -> Option<MachineCpu> {
    let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Vec<f64> = line.split_whitespace().flat_map(str::parse).collect();
    let [user, nice, system, _idle, _iowait, irq, softirq, steal, ..] = fields[..] else { return None };
    let busy_s = (user + nice + system + irq + softirq) / ticks_per_second;
    Some(MachineCpu { busy_s, stolen_s: steal / ticks_per_second })
}

/// Parses the line `some avg10=3.20 … total=9201059`: a percentage, and microseconds.
pub(super) fn parse_pressure(text: &str, stalled: Stalled) -> Option<Pressure> {
    let begin = match stalled {
        Stalled::Some => "some ",
        Stalled::Full => "full ",
    };
    let line = text.lines().find(|line| line.starts_with(begin))?;
    let field = |name: &str| -> Option<f64> {
        line.split_whitespace().find_map(|field| field.strip_prefix(name))?.parse().ok()
    };
    Some(Pressure { avg10: field("avg10=")? / 100.0, total_s: field("total=")? * 1e-6 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_and_waits_for_a_disk_are_not_busy_and_stolen_time_is_separate() {
        let cpu = parse_machine_cpu("cpu  100 20 30 1000 9 1 2 50 7 0\ncpu0 1 2 3\n", 100.0);
        assert_eq!(cpu, Some(MachineCpu { busy_s: 1.53, stolen_s: 0.5 }));
        assert_eq!(parse_machine_cpu("intr 5\n", 100.0), None);
    }

    #[test]
    fn kills_for_want_of_memory_are_counted() {
        assert_eq!(parse_out_of_memory_kills("pgfault 7\noom_kill 3\nnuma_hit 1\n"), Some(3));
        assert_eq!(parse_out_of_memory_kills("pgfault 7\n"), None);
    }

    #[test]
    fn pressure_is_a_share_and_a_total() {
        let text = "some avg10=3.20 avg60=5.04 avg300=1.86 total=3000000\nfull avg10=0.00 total=1\n";
        let pressure = parse_pressure(text, Stalled::Some).expect("a valid text");
        assert!((pressure.avg10 - 0.032).abs() < 1e-12 && (pressure.total_s - 3.0).abs() < 1e-9);
        assert_eq!(parse_pressure(text, Stalled::Full), Some(Pressure { avg10: 0.0, total_s: 1e-6 }));
        assert_eq!(parse_pressure("full avg10=0.00 total=1\n", Stalled::Some), None);
    }
}

//! CPU quotas of control groups, and for how long they held processes back: `cpu.stat`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::host::cgroup::{self, CpuQuota};
use crate::host::info::affinity_cpus;

/// Counters of a group since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Counters {
    /// Periods in which the group used any CPU time.
    periods: u64,
    /// Periods in which the quota was used up.
    throttled_periods: u64,
    /// Seconds for which threads were held back, the CPUs added up.
    throttled_s: f64,
}

/// The quota that held processes back for the longest time, and how it did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuotaUse {
    /// CPUs that the quota allows.
    pub cpus: f64,
    /// CPUs that could be used without the quota.
    pub machine_cpus: f64,
    /// Periods in which the group used any CPU time.
    pub periods: u64,
    /// Periods in which the quota was used up.
    pub throttled_periods: u64,
    /// Seconds for which threads were held back, the CPUs added up.
    pub throttled_s: f64,
}

/// A group with a quota.
#[derive(Debug, Clone, Copy)]
struct Watched {
    quota: CpuQuota,
    before: Counters,
    last: Counters,
}

/// Measures how long quotas hold processes back, whichever groups they are in.
#[derive(Debug, Default)]
pub(crate) struct QuotaMeter {
    /// Groups that were found, by their directory; `None` for one without a quota or without counters.
    groups: BTreeMap<PathBuf, Option<Watched>>,
}

impl QuotaMeter {
    /// Measures the groups of process `pid` from now on, those above its own included.
    pub(crate) fn watch(&mut self, pid: u32) {
        for dir in cgroup::cpu_groups(pid) {
            self.groups.entry(dir).or_insert_with_key(|dir| Watched::start(dir));
        }
    }

    /// Reads the counters of all groups; those of a group that is gone stay what they were.
    pub(crate) fn read(&mut self) {
        for (dir, group) in &mut self.groups {
            if let (Some(group), Some(now)) = (group, counters(dir)) {
                group.last = now;
            }
        }
    }

    /// Returns the use of the quota that held processes back for the longest time; `None` without a quota.
    pub(crate) fn quota_use(&self) -> Option<QuotaUse> {
        let uses = self.groups.values().flatten().map(Watched::quota_use);
        // Of several that held nothing back, the smallest binds.
        uses.max_by(|a, b| a.throttled_s.total_cmp(&b.throttled_s).then(b.cpus.total_cmp(&a.cpus)))
    }
}

impl Watched {
    fn start(dir: &Path) -> Option<Self> {
        let (quota, before) = (cgroup::cpu_quota(dir)?, counters(dir)?);
        Some(Watched { quota, before, last: before })
    }

    fn quota_use(&self) -> QuotaUse {
        let Watched { quota, before, last } = self;
        QuotaUse {
            cpus: quota.cpus,
            machine_cpus: affinity_cpus(None) as f64,
            periods: last.periods.saturating_sub(before.periods),
            throttled_periods: last.throttled_periods.saturating_sub(before.throttled_periods),
            throttled_s: (last.throttled_s - before.throttled_s).max(0.0),
        }
    }
}

fn counters(dir: &Path) -> Option<Counters> {
    parse_counters(&std::fs::read_to_string(dir.join("cpu.stat")).ok()?)
}

/// Gives a text to the parser, for tests of any text.
pub(super) fn parse_any(text: &str) {
    parse_counters(text);
}

/// Parses `cpu.stat`: version 2 counts microseconds, version 1 nanoseconds.
fn parse_counters(text: &str) -> Option<Counters> {
    let number = |name: &str| -> Option<u64> {
        let mut lines = text.lines().filter_map(|line| line.split_once(' '));
        lines.find(|(key, _)| *key == name)?.1.trim().parse().ok()
    };
    let throttled_s = match number("throttled_usec") {
        Some(us) => us as f64 / 1e6,
        None => number("throttled_time")? as f64 / 1e9,
    };
    Some(Counters { periods: number("nr_periods")?, throttled_periods: number("nr_throttled")?, throttled_s })
}

#[cfg(test)]
mod tests {
    use super::*;

    const V2: &str = "usage_usec 1012345\nuser_usec 1000000\nsystem_usec 12345\nnice_usec 0\n\
                      core_sched.force_idle_usec 0\nnr_periods 21\nnr_throttled 20\nthrottled_usec 986554\n\
                      nr_bursts 0\nburst_usec 0\n";
    const V1: &str = "nr_periods 21\nnr_throttled 20\nthrottled_time 664554362\nnr_bursts 0\nburst_time 0\n";

    #[test]
    fn both_versions_of_the_counters_are_understood() {
        let counters = Counters { periods: 21, throttled_periods: 20, throttled_s: 0.986_554 };
        assert_eq!(parse_counters(V2), Some(counters));
        let counters = Counters { throttled_s: 0.664_554_362, ..counters };
        assert_eq!(parse_counters(V1), Some(counters));
        // A group of version 2 whose controller is off has only its usage.
        assert_eq!(parse_counters("usage_usec 5\nuser_usec 5\nsystem_usec 0\n"), None);
    }

    #[test]
    fn the_quota_that_holds_back_longest_counts_from_where_it_is_watched() {
        let directory = tempfile::tempdir().unwrap();
        let group = |name: &str, quota: &str, stat: &str| {
            let dir = directory.path().join(name);
            std::fs::create_dir_all(&dir).unwrap();
            std::fs::write(dir.join("cpu.max"), quota).unwrap();
            std::fs::write(dir.join("cpu.stat"), stat).unwrap();
            dir
        };
        let mut meter = QuotaMeter::default();
        let (own, above) = (group("a/b", "50000 100000", V2), group("a", "150000 100000", V2));
        for dir in [&own, &above, &group("a/c", "max 100000", V2)] {
            meter.groups.insert(dir.clone(), Watched::start(dir));
        }
        let at_first = meter.quota_use().expect("a quota");
        assert_eq!((at_first.cpus, at_first.throttled_s), (0.5, 0.0));
        group(
            "a",
            "150000 100000",
            &V2.replace("986554", "1486554").replace("nr_periods 21", "nr_periods 41"),
        );
        std::fs::remove_file(own.join("cpu.stat")).unwrap();
        meter.read();
        let used = meter.quota_use().expect("a quota");
        assert_eq!((used.cpus, used.periods, used.throttled_periods), (1.5, 20, 0));
        assert!((used.throttled_s - 0.5).abs() < 1e-9, "{used:?}");
        assert_eq!(QuotaMeter::default().quota_use(), None);
    }
}

//! Contention for the CPUs: what other programs used, what the hypervisor took, and who had to wait.
//!
//! The crate measures contention only here. Time that the hypervisor took is counted separately, not as time
//! of other programs.
//! The thresholds are in [`policy`](crate::policy): two for the share of other programs, because a result
//! that carries a warning is not yet distrusted, and one each for pressure and stolen time, which are other
//! quantities.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::host::procfs::{self, MachineCpu};
use crate::host::usage::CpuTime;
use crate::policy::CONTENDED_DISTRUST;

/// Contention during a measurement; null if the system does not report it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Contention {
    /// Share of the time in which some task of the machine waited for a CPU, from 0 to 1.
    pub cpu_pressure: Option<f64>,
    /// CPUs that other programs used, on average.
    pub others_cpus: Option<f64>,
    /// Share of the CPU time of the machine that the hypervisor took, from 0 to 1.
    pub stolen: Option<f64>,
}

impl Contention {
    /// Returns whether other programs are known to have used too little of `cpus` CPUs to make anybody wait.
    pub fn is_quiet(&self, cpus: f64) -> bool {
        self.others_cpus.is_some_and(|others| others < CONTENDED_DISTRUST * cpus)
    }
}

/// CPU time that was unavailable to a program.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TakenCpu {
    /// CPU seconds that other programs used.
    pub others_s: f64,
    /// CPU seconds that the hypervisor took.
    pub stolen_s: f64,
}

impl TakenCpu {
    /// Returns the time taken since an earlier reading.
    #[must_use]
    pub fn since(self, earlier: TakenCpu) -> TakenCpu {
        TakenCpu { others_s: self.others_s - earlier.others_s, stolen_s: self.stolen_s - earlier.stolen_s }
    }

    /// Returns the time as shares of what `cpus` CPUs offer in `elapsed_s` seconds.
    pub fn shares(self, elapsed_s: f64, cpus: usize) -> TakenShares {
        TakenShares {
            others: share_of_cpus(self.others_s, elapsed_s, cpus),
            stolen: share_of_cpus(self.stolen_s, elapsed_s, cpus),
        }
    }
}

/// Shares of the CPUs that were unavailable to a program, each from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TakenShares {
    /// Share that other programs used.
    pub others: f64,
    /// Share that the hypervisor took.
    pub stolen: f64,
}

/// Returns the share of the CPUs that other programs and the hypervisor took together, from 0 to 1.
///
/// It is unknown where the share of other programs is; results of earlier versions know no stolen share.
pub(crate) fn unavailable(others: Option<f64>, stolen: Option<f64>) -> Option<f64> {
    others.map(|others| (others + stolen.unwrap_or(0.0)).min(1.0))
}

/// Returns whether a thread that got `cpu_share` of a CPU, from 0 to 1, was alone on it.
pub(crate) fn was_alone(cpu_share: f64) -> bool {
    cpu_share >= 1.0 - CONTENDED_DISTRUST
}

/// Totals of the machine at one time.
#[derive(Debug, Clone, Copy)]
struct Reading {
    cpu: Option<MachineCpu>,
    stall_s: Option<f64>,
}

impl Reading {
    fn now() -> Self {
        let stall_s = procfs::cpu_pressure().map(|pressure| pressure.total_s);
        Reading { cpu: procfs::machine_cpu(), stall_s }
    }
}

/// Measures contention from its start on.
#[derive(Debug, Clone, Copy)]
pub struct CpuMeter {
    begun: Instant,
    before: Reading,
    own_s: f64,
}

impl CpuMeter {
    /// Starts to measure.
    pub fn start() -> Self {
        CpuMeter { begun: Instant::now(), before: Reading::now(), own_s: own_cpu_s() }
    }

    /// Returns the contention so far; `own_cpu_s` are the CPU seconds that the measured work and its profiler
    /// used meanwhile.
    pub fn contention(&self, own_cpu_s: f64) -> Contention {
        compare(self.begun.elapsed().as_secs_f64(), self.before, Reading::now(), own_cpu_s)
    }

    /// Returns the CPU time that was unavailable to this program so far; `None` if the system does not
    /// report it.
    ///
    /// This process and the children it has waited for are not others. `helpers_s` are CPU seconds of
    /// children that it has not waited for yet.
    pub fn taken(&self, helpers_s: f64) -> Option<TakenCpu> {
        let (before, now) = (self.before.cpu?, procfs::machine_cpu()?);
        let own_s = own_cpu_s() - self.own_s + helpers_s;
        Some(TakenCpu {
            others_s: now.busy_s - before.busy_s - own_s,
            stolen_s: now.stolen_s - before.stolen_s,
        })
    }

    /// Returns [`taken`](Self::taken) as shares of `cpus` CPUs.
    pub fn taken_shares(&self, cpus: usize, helpers_s: f64) -> Option<TakenShares> {
        Some(self.taken(helpers_s)?.shares(self.begun.elapsed().as_secs_f64(), cpus))
    }
}

/// Returns CPU seconds of this process and of the children it has waited for.
fn own_cpu_s() -> f64 {
    (CpuTime::of_self() + CpuTime::of_children()).total_s()
}

/// Returns `used_s` CPU seconds in `elapsed_s` seconds as a share of `cpus` CPUs, from 0 to 1.
fn share_of_cpus(used_s: f64, elapsed_s: f64, cpus: usize) -> f64 {
    let whole = elapsed_s * cpus.max(1) as f64;
    if whole > 0.0 { (used_s / whole).clamp(0.0, 1.0) } else { 0.0 }
}

fn compare(wall_s: f64, before: Reading, after: Reading, own_cpu_s: f64) -> Contention {
    if wall_s <= 0.0 {
        return Contention::default();
    }
    let cpu = before.cpu.zip(after.cpu);
    let stall = before.stall_s.zip(after.stall_s);
    let stolen = |(before, after): (MachineCpu, MachineCpu)| {
        let (stolen_s, busy_s) = (after.stolen_s - before.stolen_s, after.busy_s - before.busy_s);
        if stolen_s + busy_s > 0.0 { (stolen_s / (stolen_s + busy_s)).clamp(0.0, 1.0) } else { 0.0 }
    };
    Contention {
        cpu_pressure: stall.map(|(before, after)| ((after - before) / wall_s).clamp(0.0, 1.0)),
        others_cpus: cpu
            .map(|(before, after)| ((after.busy_s - before.busy_s - own_cpu_s) / wall_s).max(0.0)),
        stolen: cpu.map(stolen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(busy_s: f64, stolen_s: f64, stall_s: f64) -> Reading {
        Reading { cpu: Some(MachineCpu { busy_s, stolen_s }), stall_s: Some(stall_s) }
    }

    #[test]
    fn others_are_what_is_left_of_the_machine_without_stolen_time() {
        let contention = compare(2.0, reading(10.0, 1.0, 5.0), reading(13.0, 2.0, 6.0), 1.0);
        let expected = Contention { cpu_pressure: Some(0.5), others_cpus: Some(1.0), stolen: Some(0.25) };
        assert_eq!(contention, expected);
        let silent = Reading { cpu: None, stall_s: None };
        assert_eq!(compare(2.0, silent, silent, 1.0), Contention::default());
    }

    #[test]
    fn a_machine_is_quiet_only_if_that_is_known() {
        let others = |others_cpus| Contention { others_cpus, ..Contention::default() };
        assert!(others(Some(0.2)).is_quiet(2.0) && !others(Some(0.4)).is_quiet(2.0));
        assert!(!others(None).is_quiet(2.0));
    }

    #[test]
    fn stolen_time_is_unavailable_but_no_other_programs() {
        let (before, after) =
            (TakenCpu { others_s: 1.0, stolen_s: 1.0 }, TakenCpu { others_s: 2.0, stolen_s: 1.5 });
        let shares = after.since(before).shares(2.0, 2);
        assert_eq!(shares, TakenShares { others: 0.25, stolen: 0.125 });
        assert_eq!(unavailable(Some(shares.others), Some(shares.stolen)), Some(0.375));
        assert_eq!((unavailable(Some(0.9), Some(0.9)), unavailable(None, Some(0.5))), (Some(1.0), None));
    }

    #[test]
    fn seconds_are_a_share_of_all_cpus() {
        assert_eq!(share_of_cpus(2.0, 2.0, 2), 0.5);
        assert_eq!(share_of_cpus(-1.0, 2.0, 2), 0.0);
        assert_eq!(share_of_cpus(4.0, 0.0, 2), 0.0);
    }
}

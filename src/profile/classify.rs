//! The class of a workload from plain numbers.

use crate::policy::{CPU_BOUND_FROM, IO_BOUND_IN_KERNEL_UP_TO, IO_BOUND_UP_TO};
use crate::profile::result::{Class, Confidence, Waits};

/// What a profile showed, as plain numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// User CPU seconds.
    pub user_s: f64,
    /// System CPU seconds.
    pub system_s: f64,
    /// Wall seconds.
    pub wall_s: f64,
    /// Seconds in the run queue.
    pub runqueue_s: f64,
    /// Shares of the waits.
    pub waits: Waits,
    /// Samples taken.
    pub samples: u64,
}

/// What follows from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The class.
    pub class: Class,
    /// CPU time over wall time less run-queue wait.
    pub cpu_fraction: f64,
    /// How sure the class is.
    pub confidence: Confidence,
    /// Why it is not higher, or what it rests on.
    pub reason: String,
}

/// Judges the class of work that ran on one thread at a time.
pub fn judge(evidence: &Evidence) -> Judgement {
    let cpu_fraction = cpu_fraction(evidence);
    let class = class_of(cpu_fraction, evidence.user_s, evidence.system_s, &evidence.waits);
    let (confidence, reason) = confidence(cpu_fraction, evidence);
    Judgement { class, cpu_fraction, confidence, reason }
}

/// *f* = cpu / (wall − run-queue wait): waiting for a busy CPU is not waiting for I/O.
fn cpu_fraction(evidence: &Evidence) -> f64 {
    let cpu = evidence.user_s + evidence.system_s;
    let own = (evidence.wall_s - evidence.runqueue_s).max(cpu);
    if own > 0.0 { (cpu / own).clamp(0.0, 1.0) } else { 0.0 }
}

/// The class of work that computes for `cpu_fraction` of its time, `user_s` and `system_s` seconds.
pub(super) fn class_of(cpu_fraction: f64, user_s: f64, system_s: f64, waits: &Waits) -> Class {
    let cpu = user_s + system_s;
    let kernel_io = cpu > 0.0 && system_s / cpu >= 0.6 && waits.disk + waits.network >= 0.6;
    if cpu_fraction >= CPU_BOUND_FROM {
        Class::CpuBound
    } else if cpu_fraction <= IO_BOUND_UP_TO || (kernel_io && cpu_fraction <= IO_BOUND_IN_KERNEL_UP_TO) {
        Class::IoBound
    } else {
        Class::Mixed
    }
}

/// The first reason for doubt, or what the class rests on.
fn confidence(cpu_fraction: f64, evidence: &Evidence) -> (Confidence, String) {
    let queued = if evidence.wall_s > 0.0 { evidence.runqueue_s / evidence.wall_s } else { 0.0 };
    let margin = (cpu_fraction - IO_BOUND_UP_TO).abs().min((cpu_fraction - CPU_BOUND_FROM).abs());
    let waited =
        || format!("the machine is busy: {:.0}% of the time went into waiting for a CPU", queued * 100.0);
    let close = || format!("the CPU share of {:.0}% is close to a threshold", cpu_fraction * 100.0);
    if queued > 0.6 {
        (Confidence::Low, waited())
    } else if evidence.wall_s < 0.5 || evidence.samples < 25 {
        (Confidence::Low, format!("only {} samples in {:.2} s", evidence.samples, evidence.wall_s))
    } else if margin < 0.05 {
        (Confidence::Low, close())
    } else if queued > 0.25 {
        (Confidence::Medium, waited())
    } else if margin < 0.12 {
        (Confidence::Medium, close())
    } else {
        let shown = format!("exact accounting over {:.1} s, {} samples", evidence.wall_s, evidence.samples);
        (Confidence::High, shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(cpu: f64, wall: f64, runqueue: f64) -> Evidence {
        Evidence {
            user_s: cpu,
            system_s: 0.0,
            wall_s: wall,
            runqueue_s: runqueue,
            waits: Waits::default(),
            samples: 50,
        }
    }

    #[test]
    fn the_cpu_share_decides_the_class() {
        for (cpu, class) in [(0.02, Class::IoBound), (0.55, Class::Mixed), (0.97, Class::CpuBound)] {
            let judgement = judge(&evidence(cpu, 1.0, 0.0));
            assert_eq!((judgement.class, judgement.confidence), (class, Confidence::High), "{cpu}");
        }
    }

    #[test]
    fn waiting_for_a_busy_cpu_is_not_io() {
        let judgement = judge(&evidence(0.4, 1.0, 0.59));
        assert_eq!(judgement.class, Class::CpuBound);
        assert_eq!(judgement.confidence, Confidence::Medium);
        assert_eq!(judge(&evidence(0.3, 1.0, 0.69)).confidence, Confidence::Low);
    }

    #[test]
    fn kernel_work_on_the_way_to_a_device_is_io() {
        let mut disk = evidence(0.0, 1.0, 0.0);
        disk.system_s = 0.45;
        assert_eq!(judge(&disk).class, Class::Mixed);
        disk.waits.disk = 0.9;
        assert_eq!(judge(&disk).class, Class::IoBound);
    }

    #[test]
    fn doubt_is_told_with_its_reason() {
        let near = judge(&evidence(0.37, 1.0, 0.0));
        assert_eq!(near.confidence, Confidence::Low);
        assert!(near.reason.contains("threshold"), "{}", near.reason);
        let short = judge(&evidence(0.1, 0.2, 0.0));
        assert_eq!(short.confidence, Confidence::Low);
        assert!(short.reason.contains("samples"), "{}", short.reason);
    }

    #[test]
    fn more_queueing_than_wall_time_does_not_overflow() {
        assert_eq!(judge(&evidence(0.5, 1.0, 3.0)).cpu_fraction, 1.0);
        assert_eq!(judge(&evidence(0.0, 0.0, 0.0)).cpu_fraction, 0.0);
    }
}

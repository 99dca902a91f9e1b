//! How sure the class of a tree is, and why not more.

use crate::policy::{CPU_BOUND_FROM, IO_BOUND_UP_TO};
use crate::profile::result::Confidence;
use crate::profile::tree::result::{Machine, SampleSource};
use crate::units::Share;

/// Waiting for a CPU above this share of the time leaves little to judge by.
const MOSTLY_QUEUED: f64 = 0.6;

/// Waiting for a CPU above this share of the time blurs the rest.
const MUCH_QUEUED: f64 = 0.25;

/// Others that use less than this share of the CPUs did not make the tree wait: it did so itself.
const OTHERS: f64 = 0.15;

/// A hypervisor that takes more than this share takes time that looks like waiting.
const STOLEN: f64 = 0.1;

/// Fewer samples, or less time, show little.
const FEWEST_SAMPLES: u64 = 25;
const LEAST_S: f64 = 0.5;

/// Closer to a threshold than this is a toss-up, and closer than that is near.
const TOSS_UP: f64 = 0.05;
const NEAR: f64 = 0.12;

/// What the confidence depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grounds {
    /// *f*.
    pub cpu_fraction: f64,
    /// *f* with the tree taken as computing whenever any of its threads does.
    pub any_fraction: f64,
    /// Share of the time that went into waiting for a CPU.
    pub queued_share: f64,
    /// Wall seconds.
    pub wall_s: f64,
    /// Samples taken.
    pub samples: u64,
    /// Where they came from.
    pub source: SampleSource,
    /// What the rest of the machine did.
    pub machine: Machine,
    /// CPUs that may be used.
    pub cpus: f64,
    /// Whether CPU time is exact, as it is of children that have ended.
    pub is_exact: bool,
}

/// The confidence, with the most serious reason for doubt or what it rests on.
pub fn confidence(grounds: &Grounds) -> (Confidence, String) {
    let doubts = [too_short, stolen, queued, sides_differ, close, portable];
    let mut worst: Option<(Confidence, String)> = None;
    for (confidence, reason) in doubts.iter().filter_map(|doubt| doubt(grounds)) {
        if worst.as_ref().is_none_or(|(so_far, _)| confidence < *so_far) {
            worst = Some((confidence, reason));
        }
    }
    worst.unwrap_or_else(|| (Confidence::High, foundation(grounds)))
}

fn foundation(grounds: &Grounds) -> String {
    let accounting = if grounds.is_exact { "exact accounting" } else { "the kernel's accounting" };
    format!("{accounting} over {:.1} s, {} samples", grounds.wall_s, grounds.samples)
}

fn too_short(grounds: &Grounds) -> Option<(Confidence, String)> {
    let is_short = grounds.wall_s < LEAST_S
        || (grounds.samples < FEWEST_SAMPLES && grounds.source == SampleSource::Proc)
        || grounds.samples == 0;
    is_short
        .then(|| (Confidence::Low, format!("only {} samples in {:.2} s", grounds.samples, grounds.wall_s)))
}

fn stolen(grounds: &Grounds) -> Option<(Confidence, String)> {
    let share = grounds.machine.stolen.filter(|share| *share > STOLEN)?;
    let confidence = if share > 2.0 * STOLEN { Confidence::Low } else { Confidence::Medium };
    Some((
        confidence,
        format!("the hypervisor took {} of the CPU time, which looks like waiting", Share(share)),
    ))
}

/// Waiting for a CPU is doubtful only where others caused it: a tree may be wider than the machine.
fn queued(grounds: &Grounds) -> Option<(Confidence, String)> {
    let others = grounds.machine.others_cpus;
    if others.is_some_and(|cpus| cpus < OTHERS * grounds.cpus) || grounds.queued_share <= MUCH_QUEUED {
        return None;
    }
    let confidence = if grounds.queued_share > MOSTLY_QUEUED { Confidence::Low } else { Confidence::Medium };
    Some((confidence, contended(grounds)))
}

fn contended(grounds: &Grounds) -> String {
    let mut told = vec![format!("{} of the time went into waiting for a CPU", Share(grounds.queued_share))];
    if let Some(others) = grounds.machine.others_cpus {
        told.push(format!("other programs used {others:.1} of {} CPUs", grounds.cpus));
    }
    if let Some(pressure) = grounds.machine.cpu_pressure {
        told.push(format!("CPU pressure {}", Share(pressure)));
    }
    format!("contended: {}; run again when the machine is quieter", told.join(", "))
}

/// Whether it depends on the point of view: each worker for itself, or the tree as one.
fn sides_differ(grounds: &Grounds) -> Option<(Confidence, String)> {
    let side = |f: f64| (f >= CPU_BOUND_FROM, f <= IO_BOUND_UP_TO);
    (side(grounds.cpu_fraction) != side(grounds.any_fraction)).then(|| {
        let (each, any) = (Share(grounds.cpu_fraction), Share(grounds.any_fraction));
        (
            Confidence::Medium,
            format!("each worker computes {each} of its time, but some worker does so {any} of it"),
        )
    })
}

fn close(grounds: &Grounds) -> Option<(Confidence, String)> {
    let f = grounds.cpu_fraction;
    let margin = (f - IO_BOUND_UP_TO).abs().min((f - CPU_BOUND_FROM).abs());
    let confidence = match margin {
        m if m < TOSS_UP => Confidence::Low,
        m if m < NEAR => Confidence::Medium,
        _ => return None,
    };
    Some((confidence, format!("the CPU share of {} is close to a threshold", Share(f))))
}

/// Without the run queue a busy machine looks like waiting.
fn portable(grounds: &Grounds) -> Option<(Confidence, String)> {
    if grounds.source == SampleSource::Proc {
        return None;
    }
    let is_quiet = grounds.machine.others_cpus.is_some_and(|cpus| cpus < OTHERS * grounds.cpus);
    let looks_busy = grounds.cpu_fraction >= CPU_BOUND_FROM;
    let confidence = if is_quiet || looks_busy { Confidence::Medium } else { Confidence::Low };
    let reason = "this system tells neither how long threads wait for a CPU nor what they wait for";
    Some((confidence, reason.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grounds() -> Grounds {
        Grounds {
            cpu_fraction: 0.02,
            any_fraction: 0.02,
            queued_share: 0.0,
            wall_s: 2.0,
            samples: 100,
            source: SampleSource::Proc,
            machine: Machine { cpu_pressure: Some(0.63), others_cpus: Some(1.9), stolen: Some(0.0) },
            cpus: 2.0,
            is_exact: true,
        }
    }

    #[test]
    fn nothing_to_doubt_is_high_and_says_what_it_rests_on() {
        assert_eq!(
            confidence(&grounds()),
            (Confidence::High, "exact accounting over 2.0 s, 100 samples".to_owned())
        );
    }

    #[test]
    fn a_contended_machine_is_told_with_its_figures() {
        let contended = |share| confidence(&Grounds { queued_share: share, ..grounds() });
        assert_eq!(contended(0.3).0, Confidence::Medium);
        let (low, reason) = contended(0.7);
        assert_eq!(low, Confidence::Low);
        assert_eq!(
            reason,
            "contended: 70% of the time went into waiting for a CPU, other programs used 1.9 of 2 CPUs, \
             CPU pressure 63%; run again when the machine is quieter"
        );
    }

    #[test]
    fn a_tree_that_is_wider_than_the_machine_makes_itself_wait() {
        let machine = Machine { others_cpus: Some(0.1), ..grounds().machine };
        let wide = Grounds { cpu_fraction: 1.0, any_fraction: 1.0, queued_share: 0.7, machine, ..grounds() };
        assert_eq!(confidence(&wide).0, Confidence::High);
    }

    #[test]
    fn the_worst_doubt_counts() {
        let close = Grounds { cpu_fraction: 0.37, any_fraction: 0.37, ..grounds() };
        assert_eq!(confidence(&close).0, Confidence::Low);
        let near = Grounds { cpu_fraction: 0.45, any_fraction: 0.45, queued_share: 0.65, ..grounds() };
        assert!(confidence(&near).1.starts_with("contended"), "{:?}", confidence(&near));
        let short = Grounds { wall_s: 0.2, samples: 10, ..grounds() };
        assert_eq!(confidence(&short), (Confidence::Low, "only 10 samples in 0.20 s".to_owned()));
        let sides = Grounds { cpu_fraction: 0.5, any_fraction: 0.9, ..grounds() };
        assert_eq!(confidence(&sides).0, Confidence::Medium);
    }

    #[test]
    fn the_portable_way_is_never_sure() {
        let portable = Grounds { source: SampleSource::Sysinfo, samples: 9, ..grounds() };
        assert_eq!(confidence(&portable).0, Confidence::Low);
        let quiet = Machine { others_cpus: Some(0.0), ..portable.machine };
        assert_eq!(confidence(&Grounds { machine: quiet, ..portable }).0, Confidence::Medium);
    }
}

//! Sentences about the confidence and the gaps of a profile.

use crate::profile::result::{ConfidenceReason, Unknown};
use crate::units::Share;

/// Returns the reason for a confidence as a lowercase fragment.
pub fn confidence_reason(reason: &ConfidenceReason) -> String {
    match *reason {
        ConfidenceReason::Accounted { is_exact, wall_s, samples } => {
            let accounting = if is_exact { "exact accounting" } else { "the kernel's accounting" };
            format!("{accounting} over {wall_s:.1} s, {samples} samples")
        }
        ConfidenceReason::TooShort { wall_s, samples } => {
            format!("only {samples} samples in {wall_s:.2} s")
        }
        ConfidenceReason::Stolen { share } => {
            format!("the hypervisor took {} of the CPU time, which looks like waiting", Share(share))
        }
        ConfidenceReason::Contended { queued_share, cpus, others_cpus, cpu_pressure } => {
            let mut figures =
                vec![format!("{} of the time was spent waiting for a CPU", Share(queued_share))];
            figures
                .extend(others_cpus.map(|others| format!("other programs used {others:.1} of {cpus} CPUs")));
            figures.extend(cpu_pressure.map(|pressure| format!("CPU pressure was {}", Share(pressure))));
            format!("the machine was busy: {}; run again when it is quieter", figures.join(", "))
        }
        ConfidenceReason::ViewsDiffer { each_fraction, any_fraction } => format!(
            "each worker computes {} of its time, but at least one computes {} of the time",
            Share(each_fraction),
            Share(any_fraction)
        ),
        ConfidenceReason::NearThreshold { cpu_fraction } => {
            format!("the CPU share of {} is close to a threshold", Share(cpu_fraction))
        }
        ConfidenceReason::Portable => {
            "this system reports neither how long threads wait for a CPU nor what they wait for".to_owned()
        }
        ConfidenceReason::Unspecified => "no reason given".to_owned(),
    }
}

/// Returns a gap of a profile as a lowercase fragment.
pub fn unknown(gap: &Unknown) -> String {
    match *gap {
        Unknown::LocalServerCpu => {
            "the CPU time of the server on this machine, which is outside the process tree".to_owned()
        }
        Unknown::RemoteServer => "what the server does while the program waits for it".to_owned(),
        Unknown::MemoryStalls => {
            "how much of the CPU time is spent waiting for memory: only hardware counters show it".to_owned()
        }
        Unknown::WaitsNotReported => "what the program waits for, and how long it waits for a CPU".to_owned(),
        Unknown::WaitsNotSeen => {
            "what the program waits for: the waits are too short, or this user may not see them".to_owned()
        }
        Unknown::ShortProcesses { cpu_share } => format!(
            "which processes used {} of the CPU time: they were too short to be sampled",
            Share(cpu_share)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_machine_is_described_with_its_figures() {
        let reason = ConfidenceReason::Contended {
            queued_share: 0.7,
            cpus: 2.0,
            others_cpus: Some(1.9),
            cpu_pressure: Some(0.63),
        };
        assert_eq!(
            confidence_reason(&reason),
            "the machine was busy: 70% of the time was spent waiting for a CPU, other programs used 1.9 of 2 \
             CPUs, CPU pressure was 63%; run again when it is quieter"
        );
    }
}

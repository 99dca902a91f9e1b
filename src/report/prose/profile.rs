//! The cost of one task, and the confidence in its class.

use crate::profile::Profile;
use crate::profile::result::{
    Class, ConfidenceReason, Dispersion, Polling, PollingCause, PythonProfile, StepCost, TaskCost, Unknown,
};
use crate::report::prose::workload::counted;
use crate::units::{Seconds, Share};

/// Returns the cost of one task.
pub(crate) fn task(task: &TaskCost) -> String {
    format!("one task: {} CPU + {} wait", Seconds(task.cpu_s), Seconds(task.wait_s))
}

/// Returns the interpreter: `Python 3.12.1, GIL wanted by others 93% of the time, processes by fork`.
pub(crate) fn interpreter(python: &PythonProfile) -> String {
    let release = python.version.split_whitespace().next().unwrap_or_default();
    let lock = match python.gil_wanted {
        _ if !python.has_lock() => ", no GIL".to_owned(),
        Some(share) => format!(", other threads would wait for the GIL {} of the time", Share(share)),
        None => String::new(),
    };
    format!("Python {release}{lock}, processes by {}", python.start_method)
}

/// Returns the confidence in the class with its reason.
pub(crate) fn confidence(profile: &Profile) -> String {
    format!("{}: {}", profile.confidence.as_str(), confidence_reason(&profile.confidence_reason))
}

/// Returns the time that the profiled tasks took, by kind, and the number of samples.
pub(crate) fn measured(profile: &Profile) -> String {
    format!(
        "{} in {}: {} user, {} system, {} in the run queue; {}",
        counted(profile.tasks, "task"),
        Seconds(profile.wall_s),
        Seconds(profile.cpu_user_s),
        Seconds(profile.cpu_system_s),
        Seconds(profile.runqueue_s),
        counted(profile.samples, "sample"),
    )
}

/// Returns the mean time of each step, in their order.
pub(crate) fn steps(steps: &[StepCost]) -> String {
    let steps: Vec<_> = steps.iter().map(|step| format!("{} {}", step.kind, Seconds(step.wall_s))).collect();
    steps.join(" -> ")
}

/// Returns the dispersion of tasks, with the slowest ones, whose items `shorten` makes fit.
pub(crate) fn dispersion(dispersion: &Dispersion, shorten: impl Fn(&str) -> String) -> String {
    let slowest: Vec<_> = dispersion
        .slowest
        .iter()
        .map(|task| format!("{} {}", shorten(&task.item), Seconds(task.wall_s)))
        .collect();
    format!(
        "coefficient of variation {:.2}; slowest: {}",
        dispersion.coefficient_of_variation,
        slowest.join(", ")
    )
}

/// Returns what the class hides: that a part of the computing only polls.
pub(crate) fn polling(class: Option<Class>, polling: &Polling) -> String {
    let cause = polling_cause(polling.cause);
    match class {
        Some(class) => {
            format!("{}, but about {} of it polls ({cause})", class.as_str(), Share(polling.share))
        }
        None => format!("about {} of the CPU time polls ({cause})", Share(polling.share)),
    }
}

/// Returns the name of what a loop waits for.
pub(crate) fn polling_cause(cause: PollingCause) -> &'static str {
    match cause {
        PollingCause::OpenMp => "OpenMP barrier",
        PollingCause::Mpi => "MPI progress",
        PollingCause::Yield => "sched_yield",
        PollingCause::Spin => "spin loop",
    }
}

/// Returns the reason for a confidence as a lowercase fragment.
pub(crate) fn confidence_reason(reason: &ConfidenceReason) -> String {
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
        ConfidenceReason::LoadedOpen { least_fraction, most_fraction } => format!(
            "other programs used the CPUs, and short processes may have waited for one: the CPU share is between {} \
             and {}; run again when the machine is quieter",
            Share(least_fraction),
            Share(most_fraction)
        ),
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
pub(crate) fn unknown(gap: &Unknown) -> String {
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
        Unknown::Polling => "how much of the CPU time only polls for other threads or processes: this system does \
                             not let this user see what they execute"
            .to_owned(),
        Unknown::PollingForEvents => {
            "how much of the CPU time only polls: the program asks for events again and again and hardly ever waits"
                .to_owned()
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
    fn polling_is_told_with_its_share_and_its_cause() {
        let found = Polling { share: 0.32, cause: PollingCause::OpenMp, samples: 300 };
        assert_eq!(
            polling(Some(Class::CpuBound), &found),
            "cpu-bound, but about 32% of it polls (OpenMP barrier)"
        );
    }

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

    #[test]
    fn a_profile_says_what_a_task_costs() {
        let profile = crate::report::example::advise().profile.unwrap();
        assert_eq!(task(&profile.task), "one task: 1.90 ms CPU + 44.0 ms wait");
        assert_eq!(
            measured(&profile),
            "20 tasks in 920 ms: 30.0 ms user, 8.00 ms system, 2.00 ms in the run queue; 46 samples"
        );
        assert_eq!(steps(&profile.steps), "http 44.2 ms -> cpu 1.70 ms");
        let differ = dispersion(&profile.dispersion.unwrap(), str::to_owned);
        assert!(differ.starts_with("coefficient of variation 0.31; slowest: 17 71.2 ms, "), "{differ}");
    }
}

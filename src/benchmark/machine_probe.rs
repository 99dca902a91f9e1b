//! The state of the machine between batches: the speed of a CPU, and the use of CPUs by other programs.

use std::time::Duration;

use crate::host::Interrupt;
use crate::host::clock::thread_cpu;
use crate::host::contention::TakenCpu;
use crate::workload::spec::Kernel;
use crate::workload::step::cpu::Burner;

/// CPU time of one probe: long compared with the resolution of the clock, short compared with a batch.
const PROBE_CPU_TIME: Duration = Duration::from_millis(4);

/// A probe of the machine; a mock makes tests deterministic.
pub trait MachineProbe {
    /// Returns the speed of a CPU now, in iterations of the sha256 kernel per CPU second.
    fn cpu_speed(&mut self) -> Option<f64>;

    /// Returns the CPU time that was unavailable to this program so far; `None` if the system does not
    /// report it.
    fn taken_cpu(&mut self) -> Option<TakenCpu>;
}

/// A probe of the real machine.
#[derive(Debug)]
pub struct CpuSpeedProbe<F> {
    piece: Burner,
    taken_cpu: F,
}

impl<F: FnMut() -> Option<TakenCpu>> CpuSpeedProbe<F> {
    /// Takes about 50 ms of CPU time to calibrate the work of one reading. `taken_cpu` returns the CPU time
    /// of the machine so far without that of `conc` and its servers.
    pub fn new(taken_cpu: F, interrupt: &Interrupt) -> Self {
        CpuSpeedProbe { piece: Burner::new(Kernel::Sha256, PROBE_CPU_TIME, interrupt), taken_cpu }
    }
}

impl<F: FnMut() -> Option<TakenCpu>> MachineProbe for CpuSpeedProbe<F> {
    fn cpu_speed(&mut self) -> Option<f64> {
        let before = thread_cpu();
        self.piece.burn();
        let used_s = thread_cpu().saturating_sub(before).as_secs_f64();
        (used_s > 0.0).then(|| self.piece.iterations() as f64 / used_s)
    }

    fn taken_cpu(&mut self) -> Option<TakenCpu> {
        (self.taken_cpu)()
    }
}

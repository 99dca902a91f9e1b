//! What the machine is like between batches: how fast a CPU is, and what others use of them.

use std::time::Duration;

use crate::host::clock::thread_cpu;
use crate::workload::spec::Kernel;
use crate::workload::step::cpu::Burner;

/// CPU time of one look: long beside the steps of the clock, short beside a batch.
const LOOK: Duration = Duration::from_millis(4);

/// Looks at the machine; a mock makes tests deterministic.
pub trait MachineProbe {
    /// How fast a CPU is now: iterations of the sha256 kernel per CPU second.
    fn cpu_speed(&mut self) -> Option<f64>;

    /// CPU seconds that other programs have used so far; `None` where the system does not tell.
    fn others_cpu_s(&mut self) -> Option<f64>;
}

/// Looks at the real machine.
#[derive(Debug)]
pub struct CpuSpeedProbe<F> {
    piece: Burner,
    others_cpu_s: F,
}

impl<F: FnMut() -> Option<f64>> CpuSpeedProbe<F> {
    /// Takes about 50 ms of CPU time to find out how much work a look is. `others_cpu_s` tells the CPU seconds
    /// that other programs have used so far: those of the machine less those of `conc` and its servers.
    pub fn new(others_cpu_s: F) -> Self {
        CpuSpeedProbe { piece: Burner::new(Kernel::Sha256, LOOK), others_cpu_s }
    }
}

impl<F: FnMut() -> Option<f64>> MachineProbe for CpuSpeedProbe<F> {
    fn cpu_speed(&mut self) -> Option<f64> {
        let before = thread_cpu();
        self.piece.burn();
        let used_s = thread_cpu().saturating_sub(before).as_secs_f64();
        (used_s > 0.0).then(|| self.piece.iterations() as f64 / used_s)
    }

    fn others_cpu_s(&mut self) -> Option<f64> {
        (self.others_cpu_s)()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cpu_has_about_the_same_speed_twice() {
        let mut gauge = CpuSpeedProbe::new(|| Some(3.0));
        let speeds: Vec<f64> = (0..9).filter_map(|_| gauge.cpu_speed()).collect();
        let middle = crate::stats::quantile::median(&speeds).expect("a clock that goes on");
        assert!(middle.is_finite() && middle > 1.0, "{speeds:?}");
        assert_eq!(gauge.others_cpu_s(), Some(3.0));
    }
}

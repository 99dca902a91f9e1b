//! What the rest of the machine does while a tree is profiled.

use std::time::Instant;

use crate::host::procfs::{self, MachineCpu};
use crate::profile::tree::result::Machine;

/// What the machine had counted when the profile began.
#[derive(Debug, Clone, Copy)]
pub struct MachineWatch {
    begun: Instant,
    cpu: Option<MachineCpu>,
    stall_s: Option<f64>,
}

impl MachineWatch {
    /// Begins to count.
    pub fn start() -> Self {
        MachineWatch { begun: Instant::now(), cpu: procfs::machine_cpu(), stall_s: procfs::cpu_stall_s() }
    }

    /// What happened since; `own_cpu_s` are the CPU seconds of the tree and of its profiler.
    pub fn end(&self, own_cpu_s: f64) -> Machine {
        let cpu = self.cpu.zip(procfs::machine_cpu());
        let stall = self.stall_s.zip(procfs::cpu_stall_s());
        compare(self.begun.elapsed().as_secs_f64(), cpu, stall, own_cpu_s)
    }
}

fn compare(
    wall_s: f64,
    cpu: Option<(MachineCpu, MachineCpu)>,
    stall_s: Option<(f64, f64)>,
    own_cpu_s: f64,
) -> Machine {
    if wall_s <= 0.0 {
        return Machine::default();
    }
    let busy = cpu.map(|(before, after)| after.busy_s - before.busy_s);
    let stolen = cpu.map(|(before, after)| after.stolen_s - before.stolen_s);
    let share = |stolen: f64, busy: f64| if stolen + busy > 0.0 { stolen / (stolen + busy) } else { 0.0 };
    Machine {
        cpu_pressure: stall_s.map(|(before, after)| ((after - before) / wall_s).clamp(0.0, 1.0)),
        others_cpus: busy.map(|busy| ((busy - own_cpu_s) / wall_s).max(0.0)),
        stolen: stolen.zip(busy).map(|(stolen, busy)| share(stolen, busy).clamp(0.0, 1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_what_is_left_of_the_machine() {
        let before = MachineCpu { busy_s: 10.0, stolen_s: 1.0 };
        let after = MachineCpu { busy_s: 13.0, stolen_s: 2.0 };
        let machine = compare(2.0, Some((before, after)), Some((5.0, 6.0)), 1.0);
        let expected = Machine { cpu_pressure: Some(0.5), others_cpus: Some(1.0), stolen: Some(0.25) };
        assert_eq!(machine, expected);
        assert_eq!(compare(2.0, None, None, 1.0), Machine::default());
    }
}

//! Pressure: how long tasks waited for CPUs, memory or I/O (pressure stall information of Linux).

use crate::host::cgroup;
use crate::host::procfs::{self, Stalled};

/// Shares of the last ten seconds, from 0 to 1, in which tasks waited; `None` where the system does not report them.
///
/// Each is the greater one of the machine and of the control group of this process.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Pressures {
    /// Some task waited for a CPU.
    pub(crate) cpu: Option<f64>,
    /// Some task waited for I/O.
    pub(crate) io: Option<f64>,
    /// Some task waited for memory.
    pub(crate) memory: Option<f64>,
    /// Every task that was not idle waited for memory.
    pub(crate) memory_full: Option<f64>,
}

impl Pressures {
    /// Reads the pressures now.
    pub(crate) fn now() -> Self {
        let group = cgroup::own_directory();
        let of = |resource: &str, stalled| {
            let of_group = group.as_ref().map(|group| group.join(format!("{resource}.pressure")));
            let of_group = of_group.and_then(|path| procfs::pressure(path.to_str()?, stalled));
            let of_machine = procfs::pressure(&format!("/proc/pressure/{resource}"), stalled);
            let shares = of_machine.into_iter().chain(of_group).map(|pressure| pressure.avg10);
            shares.max_by(f64::total_cmp)
        };
        Pressures {
            cpu: of("cpu", Stalled::Some),
            io: of("io", Stalled::Some),
            memory: of("memory", Stalled::Some),
            memory_full: of("memory", Stalled::Full),
        }
    }

    /// Returns the greatest share in which some task waited for any of them; `None` if none is reported.
    pub(crate) fn greatest(&self) -> Option<f64> {
        [self.cpu, self.io, self.memory].into_iter().flatten().max_by(f64::total_cmp)
    }
}

//! The class of work by the share of its time that it computes.

use crate::policy::{CPU_BOUND_FROM, IO_BOUND_IN_KERNEL_UP_TO, IO_BOUND_UP_TO};
use crate::profile::classify::kernel_io::KernelIo;
use crate::profile::result::Class;

/// Share of the CPU time that the kernel uses in moments that do I/O, from which work mostly computes on the way to
/// a device.
const MOSTLY_KERNEL_SHARE: f64 = 0.6;

/// Share of waits for disks and sockets from which work mostly waits for devices.
const MOSTLY_DEVICE_SHARE: f64 = 0.6;

/// Distance from the two shares above within which a second profile may find the other side of them.
const UNCLEAR_SHARE: f64 = 0.1;

/// Thresholds of the CPU share between the classes of some work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ClassEdges {
    /// CPU share up to which the work is I/O-bound.
    io_up_to: f64,
    /// Other CPU share that this may be, where it is close which one counts.
    or_up_to: Option<f64>,
}

impl ClassEdges {
    /// Thresholds of work whose kernel time is none of I/O.
    #[cfg(test)]
    pub(crate) const PLAIN: ClassEdges = ClassEdges { io_up_to: IO_BOUND_UP_TO, or_up_to: None };

    /// Returns the thresholds of work that uses the kernel like this: kernel time on the way to a device belongs to
    /// the I/O.
    pub(crate) fn of(io: &KernelIo) -> Self {
        let above = (io.kernel_share() - MOSTLY_KERNEL_SHARE).min(io.device_share - MOSTLY_DEVICE_SHARE);
        let edges = [IO_BOUND_UP_TO, IO_BOUND_IN_KERNEL_UP_TO];
        let [other, this] = if above >= 0.0 { edges } else { [edges[1], edges[0]] };
        ClassEdges { io_up_to: this, or_up_to: (above.abs() < UNCLEAR_SHARE).then_some(other) }
    }

    /// Returns the class of work that computes for `cpu_fraction` of its time, from 0 to 1.
    pub(crate) fn class_of(&self, cpu_fraction: f64) -> Class {
        if cpu_fraction >= CPU_BOUND_FROM {
            Class::CpuBound
        } else if cpu_fraction <= self.io_up_to {
            Class::IoBound
        } else {
            Class::Mixed
        }
    }

    /// Returns the distance of a CPU share from the nearest threshold between two classes; 0 where it is close
    /// which threshold counts, and the class depends on it.
    pub(crate) fn margin(&self, cpu_fraction: f64) -> f64 {
        let from = |edge: f64| (cpu_fraction - edge).abs();
        let nearest = from(self.io_up_to).min(from(CPU_BOUND_FROM));
        match self.or_up_to {
            Some(or_up_to) if (cpu_fraction <= or_up_to) != (cpu_fraction <= self.io_up_to) => 0.0,
            Some(or_up_to) => nearest.min(from(or_up_to)),
            None => nearest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(kernel_share: f64, device_share: f64) -> ClassEdges {
        ClassEdges::of(&KernelIo { cpu_s: 1.0, kernel_s: kernel_share, device_share })
    }

    #[test]
    fn the_cpu_share_decides_the_class() {
        for (fraction, class) in [(0.02, Class::IoBound), (0.55, Class::Mixed), (0.97, Class::CpuBound)] {
            assert_eq!(ClassEdges::PLAIN.class_of(fraction), class, "{fraction}");
        }
    }

    #[test]
    fn kernel_work_on_the_way_to_a_device_is_io() {
        assert_eq!(edges(1.0, 0.0).class_of(0.45), Class::Mixed);
        assert_eq!(edges(1.0, 0.9).class_of(0.45), Class::IoBound);
        assert_eq!(edges(0.0, 0.9).class_of(0.45), Class::Mixed);
        assert_eq!(edges(1.0, 0.9).class_of(0.9), Class::CpuBound);
        assert_eq!(ClassEdges::of(&KernelIo::default()), ClassEdges::PLAIN);
    }

    #[test]
    fn the_edge_that_counts_is_the_one_to_be_close_to() {
        let near = |edges: ClassEdges, fraction: f64| (edges.margin(fraction) * 100.0).round();
        assert_eq!((near(edges(1.0, 0.9), 0.48), near(ClassEdges::PLAIN, 0.48)), (2.0, 13.0));
        assert_eq!((near(edges(1.0, 0.9), 0.36), near(ClassEdges::PLAIN, 0.36)), (14.0, 1.0));
    }

    #[test]
    fn where_it_is_close_which_edge_counts_the_class_is_a_toss_up() {
        for unclear in [edges(0.65, 0.9), edges(0.55, 0.9), edges(0.9, 0.62)] {
            assert_eq!(unclear.margin(0.42), 0.0, "{unclear:?}");
            assert!((unclear.margin(0.2) - 0.15).abs() < 1e-9, "{unclear:?}");
        }
    }
}

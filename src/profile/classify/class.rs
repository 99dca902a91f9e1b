//! The class of work by the share of its time that it computes.

use crate::policy::{CPU_BOUND_FROM, IO_BOUND_IN_KERNEL_UP_TO, IO_BOUND_UP_TO};
use crate::profile::result::{Class, Waits};

/// Share of kernel time in the CPU time from which work mostly computes in the kernel.
const MOSTLY_KERNEL_SHARE: f64 = 0.6;

/// Share of waits for disks and sockets from which work mostly waits for devices.
const MOSTLY_DEVICE_SHARE: f64 = 0.6;

/// Returns the class of work that computes for `cpu_fraction` of its time, from 0 to 1.
pub(crate) fn class_of(cpu_fraction: f64) -> Class {
    if cpu_fraction >= CPU_BOUND_FROM {
        Class::CpuBound
    } else if cpu_fraction <= IO_BOUND_UP_TO {
        Class::IoBound
    } else {
        Class::Mixed
    }
}

/// Returns the class of work by its share of computing, its `user_s` and `system_s` CPU seconds, and its
/// waits: kernel time on the way to a device belongs to the I/O.
pub(crate) fn class_with_waits(cpu_fraction: f64, user_s: f64, system_s: f64, waits: &Waits) -> Class {
    let cpu_s = user_s + system_s;
    let is_kernel_io = cpu_s > 0.0
        && system_s / cpu_s >= MOSTLY_KERNEL_SHARE
        && waits.disk + waits.network >= MOSTLY_DEVICE_SHARE;
    if is_kernel_io && cpu_fraction <= IO_BOUND_IN_KERNEL_UP_TO {
        Class::IoBound
    } else {
        class_of(cpu_fraction)
    }
}

/// Returns the distance of a CPU share from the nearest threshold between two classes.
pub(crate) fn margin(cpu_fraction: f64) -> f64 {
    (cpu_fraction - IO_BOUND_UP_TO).abs().min((cpu_fraction - CPU_BOUND_FROM).abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_share_decides_the_class() {
        for (fraction, class) in [(0.02, Class::IoBound), (0.55, Class::Mixed), (0.97, Class::CpuBound)] {
            assert_eq!(class_of(fraction), class, "{fraction}");
        }
    }

    #[test]
    fn kernel_work_on_the_way_to_a_device_is_io() {
        assert_eq!(class_with_waits(0.45, 0.0, 0.45, &Waits::default()), Class::Mixed);
        let disk = Waits { disk: 0.9, ..Waits::default() };
        assert_eq!(class_with_waits(0.45, 0.0, 0.45, &disk), Class::IoBound);
        assert_eq!(class_with_waits(0.45, 0.45, 0.0, &disk), Class::Mixed);
        assert_eq!(class_with_waits(0.9, 0.0, 0.9, &disk), Class::CpuBound);
    }
}

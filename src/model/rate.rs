//! The work that the CPUs do, as a function of the number of tasks that want to compute.

use serde::{Deserialize, Serialize};

/// CPU seconds of work done per second, by the number of tasks that compute.
///
/// On an idle machine with *m* equal CPUs the rate is `min(k, m)`. CPUs that share a core, a cgroup quota and
/// other programs reduce the rate, which two measurements show: one task alone, and one on every CPU.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RateCurve {
    /// Rate with one task: 1 on an idle machine.
    pub alone: f64,
    /// Rate with one task per CPU, or more.
    pub together: f64,
    /// Number of CPUs; a quota makes it a fraction.
    pub cpus: f64,
}

impl RateCurve {
    /// Returns the curve of `cpus` CPUs that no other program uses and that share nothing.
    pub fn ideal(cpus: f64) -> Self {
        let cpus = cpus.max(0.0);
        RateCurve { alone: cpus.min(1.0), together: cpus, cpus }
    }

    /// Returns the rate while `tasks` tasks want to compute, interpolated between the two measured rates.
    pub fn at(&self, tasks: usize) -> f64 {
        let tasks = tasks as f64;
        if tasks < 1.0 {
            return 0.0;
        }
        if self.cpus <= 1.0 {
            return self.alone.min(self.together);
        }
        let along = ((tasks - 1.0) / (self.cpus - 1.0)).min(1.0);
        self.alone + (self.together - self.alone) * along
    }

    /// Returns the curve of a machine with another number of CPUs, each as fast as those here.
    pub fn scaled_to(&self, cpus: f64) -> Self {
        let each = if self.cpus > 0.0 { self.together / self.cpus } else { 1.0 };
        RateCurve { alone: self.alone.min(cpus), together: each * cpus, cpus }
    }

    /// Returns the curve of tasks that use `cpus` CPUs each, such as those of a library with threads of its
    /// own.
    pub fn of_tasks_on(&self, cpus: f64) -> Self {
        let each = cpus.min(self.cpus);
        if each <= 1.0 {
            return *self;
        }
        let along = (each - 1.0) / (self.cpus - 1.0);
        RateCurve {
            alone: self.alone + (self.together - self.alone) * along,
            cpus: self.cpus / each,
            ..*self
        }
    }

    /// Returns the curve of tasks of whose work one task at a time does the share `serial` (Amdahl's law);
    /// above 1, several tasks together do less than one.
    pub fn with_serial_share(&self, serial: f64) -> Self {
        if self.cpus <= 1.0 || self.alone <= 0.0 || self.together <= self.alone {
            return *self;
        }
        let together = self.alone / (serial + (1.0 - serial) * self.alone / self.together);
        // Linear up to the number of tasks that reaches the limit; two that thrash are enough for theirs.
        let along = (together - self.alone) / (self.together - self.alone);
        let cpus = if along > 0.0 { 1.0 + along * (self.cpus - 1.0) } else { self.cpus.min(2.0) };
        RateCurve { together, cpus, ..*self }
    }

    /// Returns the curve of tasks that can use at most `cpus` of the CPUs, as under an interpreter's lock.
    pub fn limited_to(&self, cpus: f64) -> Self {
        RateCurve { alone: self.alone.min(cpus), together: self.together.min(cpus), ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ideal_cpus_serve_as_many_tasks_as_they_are() {
        let rates = |cpus| [0, 1, 2, 3, 9].map(|k| RateCurve::ideal(cpus).at(k));
        assert_eq!(rates(4.0), [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(rates(1.5), [0.0, 1.0, 1.5, 1.5, 1.5]);
        assert_eq!(rates(0.5), [0.0, 0.5, 0.5, 0.5, 0.5]);
    }

    #[test]
    fn cpus_that_share_a_core_or_are_used_by_others_do_less() {
        let shared = RateCurve { alone: 1.0, together: 1.3, cpus: 2.0 };
        assert_eq!([1, 2, 5].map(|k| shared.at(k)), [1.0, 1.3, 1.3]);
        let four = shared.scaled_to(4.0);
        assert_eq!([four.at(1), four.at(4)], [1.0, 2.6]);
        assert_eq!(shared.limited_to(1.0).at(8), 1.0);
    }

    #[test]
    fn tasks_on_two_cpus_each_need_half_as_many_to_use_all() {
        let eight = RateCurve::ideal(8.0).of_tasks_on(2.0);
        assert_eq!([1, 2, 4, 9].map(|k| eight.at(k)), [2.0, 4.0, 8.0, 8.0]);
        let two = RateCurve::ideal(2.0).of_tasks_on(3.0);
        assert_eq!([1, 2].map(|k| two.at(k)), [2.0, 2.0]);
        assert_eq!(RateCurve::ideal(2.0).of_tasks_on(0.9), RateCurve::ideal(2.0));
    }

    #[test]
    fn a_serial_share_limits_tasks_and_more_than_one_slows_them_down() {
        let at = |serial, k| RateCurve::ideal(8.0).with_serial_share(serial).at(k);
        assert_eq!([1, 2, 8].map(|k| at(0.0, k)), [1.0, 2.0, 8.0]);
        assert_eq!([1, 2, 8].map(|k| at(1.0, k)), [1.0, 1.0, 1.0]);
        assert!((at(0.5, 2) - 16.0 / 9.0).abs() < 1e-9 && (at(0.5, 64) - 16.0 / 9.0).abs() < 1e-9);
        let thrashing = RateCurve::ideal(2.0).with_serial_share(2.0 / 0.35 - 1.0);
        assert_eq!(thrashing.at(1), 1.0);
        assert!((thrashing.at(2) - 0.35).abs() < 1e-9 && (thrashing.at(9) - 0.35).abs() < 1e-9);
        assert_eq!(RateCurve::ideal(1.0).with_serial_share(4.0), RateCurve::ideal(1.0));
    }
}

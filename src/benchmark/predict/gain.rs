//! The gain from more CPUs, by the same prediction that `--assume-cpus` shows.

use crate::benchmark::conditions::Subject;
use crate::benchmark::configuration::Configuration;
use crate::benchmark::predict::predict;
use crate::strategy::stages::Stages;

/// Returns the throughput of a configuration on twice the CPUs and at twice the width, as a multiple of its
/// throughput here; both are predicted.
pub(crate) fn gain_of_twice_the_cpus(cell: &Configuration, subject: &Subject<'_>) -> f64 {
    let (host, conditions) = subject.conditions.assume_cpus(subject.host, 2.0 * subject.host.cpus_effective);
    let twice = Configuration {
        width: cell.width.saturating_mul(2),
        processes: cell.processes.map(|processes| processes.saturating_mul(2)),
        stages: cell.stages.map(Stages::doubled),
        ..*cell
    };
    let there = predict(&twice, &Subject { host: &host, conditions: &conditions, ..*subject });
    there.per_s / predict(cell, subject).per_s
}

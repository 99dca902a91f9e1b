//! The inputs of a prediction besides the profile: the speed of the CPUs, the overheads of strategies and
//! other users of the CPUs.

use crate::benchmark::overhead::{Overheads, PythonStartUp};
use crate::host::Host;
use crate::model::RateCurve;
use crate::profile::Profile;
use crate::workload::Workload;

/// The subject of a prediction: a workload with its profile, on a machine, under its conditions.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The work.
    pub workload: &'a Workload,
    /// The cost of one task.
    pub profile: &'a Profile,
    /// The machine.
    pub host: &'a Host,
    /// The measured rates and overheads of the machine.
    pub conditions: &'a Conditions,
}

/// The conditions under which a workload runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditions {
    /// Work that the CPUs do, by the number of tasks that compute.
    pub rates: RateCurve,
    /// The overheads of each strategy.
    pub overheads: Overheads,
    /// The times to start workers of Python strategies; `None` if they were not measured.
    pub python: Option<PythonStartUp>,
    /// CPU seconds of the computing steps of a task on CPUs that are never idle, as calibrated.
    pub computing_s: f64,
    /// CPU seconds per task that the embedded server uses, on the same CPUs.
    pub server_cpu_s: f64,
}

impl Conditions {
    /// Returns the machine and its conditions as if it had `cpus` CPUs, each as fast as those here.
    pub fn assume_cpus(&self, host: &Host, cpus: f64) -> (Host, Conditions) {
        let cpus_logical = (cpus.ceil() as usize).max(1);
        let host = Host { cpus_effective: cpus, cpus_logical, ..host.clone() };
        (host, Conditions { rates: self.rates.scaled_to(cpus), ..self.clone() })
    }

    /// Returns the conditions of an idle machine with the default overheads.
    pub fn usual(host: &Host) -> Self {
        Conditions {
            rates: RateCurve::ideal(host.cpus_effective),
            overheads: Overheads::default(),
            python: None,
            computing_s: f64::INFINITY,
            server_cpu_s: 0.0,
        }
    }
}

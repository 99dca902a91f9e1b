//! What predictions rest on besides the profile: how fast the CPUs are together, what strategies cost,
//! and what else uses the CPUs.

use crate::benchmark::overhead::Overheads;
use crate::host::Host;
use crate::model::RateCurve;
use crate::profile::Profile;
use crate::workload::Workload;

/// What is to be measured: a workload with its profile, on a machine, under its conditions.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// What is run.
    pub workload: &'a Workload,
    /// What one task costs.
    pub profile: &'a Profile,
    /// The machine.
    pub host: &'a Host,
    /// What predictions rest on besides.
    pub conditions: &'a Conditions,
}

/// The conditions under which a workload runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditions {
    /// Work done by the number of tasks that compute.
    pub rates: RateCurve,
    /// What each strategy costs.
    pub overheads: Overheads,
    /// CPU seconds of the computing steps of a task where the CPUs are never idle, by their calibration.
    pub computing_s: f64,
    /// CPU seconds per task that the embedded server uses, on the same CPUs.
    pub server_cpu_s: f64,
}

impl Conditions {
    /// Those of an idle machine where the usual overheads hold.
    pub fn usual(host: &Host) -> Self {
        Conditions {
            rates: RateCurve::ideal(host.cpus_effective),
            overheads: Overheads::default(),
            computing_s: f64::INFINITY,
            server_cpu_s: 0.0,
        }
    }
}

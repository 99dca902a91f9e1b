//! The fingerprint that decides if two machines are equivalent for measurements.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::host::Host;
use crate::profile::result::PythonProfile;
use crate::units::Bytes;

/// Maximum share by which the memory size of one machine may differ between runs: firmware and kernels
/// reserve some of the memory.
const MAX_MEMORY_DIFFERENCE: f64 = 0.1;

/// The properties of machine, program and interpreter that results depend on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct MachineFingerprint {
    os: String,
    kernel: String,
    cpu_model: String,
    cpus_effective: f64,
    memory_bytes: u64,
    conc_version: String,
    python_version: Option<String>,
}

/// A property that differs between two machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MachineDifference {
    /// The property, such as `effective CPUs`.
    pub what: &'static str,
    /// The value on the machine of the earlier result.
    pub there: String,
    /// The value on the current machine.
    pub here: String,
}

impl fmt::Display for MachineDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_unknown = |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
        write!(f, "{}: {} there, {} here", self.what, or_unknown(&self.there), or_unknown(&self.here))
    }
}

impl MachineFingerprint {
    /// Returns the fingerprint of results that a version of `conc` made on `host`.
    pub(crate) fn new(host: &Host, conc_version: &str, python: Option<&PythonProfile>) -> Self {
        MachineFingerprint {
            os: host.os.clone(),
            kernel: host.kernel.clone(),
            cpu_model: host.cpu_model.split_whitespace().collect::<Vec<_>>().join(" "),
            cpus_effective: host.cpus_effective,
            memory_bytes: host.memory_bytes,
            conc_version: conc_version.to_owned(),
            python_version: python.map(|python| python.version.clone()),
        }
    }

    /// Returns the differences between the machine of an earlier result and `here`.
    pub(crate) fn differences(&self, here: &MachineFingerprint) -> Vec<MachineDifference> {
        let text = |what, there: &str, here: &str| {
            (there != here).then(|| MachineDifference {
                what,
                there: there.to_owned(),
                here: here.to_owned(),
            })
        };
        let number = |what, there: f64, here: f64| text(what, &there.to_string(), &here.to_string());
        let most = self.memory_bytes.max(here.memory_bytes);
        let memory_differs = most.abs_diff(self.memory_bytes.min(here.memory_bytes)) as f64
            > MAX_MEMORY_DIFFERENCE * most as f64;
        // Without a Python run on both sides there is nothing to compare.
        let python = self.python_version.as_ref().zip(here.python_version.as_ref());
        [
            text("operating system", &self.os, &here.os),
            text("kernel", &self.kernel, &here.kernel),
            text("CPU model", &self.cpu_model, &here.cpu_model),
            number("effective CPUs", self.cpus_effective, here.cpus_effective),
            memory_differs.then(|| MachineDifference {
                what: "memory",
                there: Bytes(self.memory_bytes).to_string(),
                here: Bytes(here.memory_bytes).to_string(),
            }),
            text("conc", &self.conc_version, &here.conc_version),
            python.and_then(|(there, here)| text("Python", there, here)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::testing::host;

    fn words(there: &MachineFingerprint, here: &MachineFingerprint) -> Vec<String> {
        there.differences(here).iter().map(MachineDifference::to_string).collect()
    }

    #[test]
    fn the_same_machine_has_no_differences() {
        let there = MachineFingerprint::new(&host(2), "0.1.0", None);
        let mut here = host(2);
        here.memory_bytes -= 300 << 20;
        here.limits.open_files = Some(1);
        assert!(there.differences(&MachineFingerprint::new(&here, "0.1.0", None)).is_empty());
    }

    #[test]
    fn every_difference_is_told_in_words() {
        let there = MachineFingerprint::new(&host(2), "0.1.0", None);
        let mut other = host(4);
        other.cpu_model = "Fast  CPU".into();
        other.memory_bytes = 8 << 30;
        let told = words(&there, &MachineFingerprint::new(&other, "0.2.0", None));
        assert_eq!(
            told,
            [
                "CPU model: unknown there, Fast CPU here",
                "effective CPUs: 2 there, 4 here",
                "memory: 24.0 GiB there, 8.00 GiB here",
                "conc: 0.1.0 there, 0.2.0 here",
            ]
        );
    }
}

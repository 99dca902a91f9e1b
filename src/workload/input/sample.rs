//! The sample workloads, embedded so that they work wherever the binary is.

use std::path::Path;

use crate::workload::input::access::Access;
use crate::workload::input::file::{Origin, read_text};
use crate::workload::spec::{Workload, WorkloadSource};

/// A workload file that comes with `conc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    /// The name by which users ask for the sample.
    pub name: &'static str,
    /// Its text, TOML with comments.
    pub text: &'static str,
}

macro_rules! embedded {
    ($($name:literal)*) => {
        &[$(Sample {
            name: $name,
            text: include_str!(concat!("../../../workloads/", $name, ".toml")),
        }),*]
    };
}

const SAMPLES: &[Sample] = embedded! {
    "web-scraper"
    "data-processor"
    "event-system"
    "api-client"
    "task-queue"
    "sleep-io"
    "hash-cpu"
    "fetch-parse-mixed"
    "shared-lock"
    "sqlite-writes"
    "tiny-tasks"
    "limited-upstream"
    "memory-bandwidth"
};

/// Every sample, in the order of the documentation: classic projects, clear cases, awkward ones.
pub(crate) fn samples() -> &'static [Sample] {
    SAMPLES
}

/// Returns the workload of the sample called `name`, if there is one.
pub fn load(name: &str) -> Option<Workload> {
    let sample = SAMPLES.iter().find(|sample| sample.name == name)?;
    let origin = Origin {
        file: sample.name,
        directory: Path::new(""),
        name: sample.name,
        source: WorkloadSource::Sample,
        access: Access::default(),
    };
    Some(read_text(&origin, sample.text).expect("a unit test reads every sample"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::spec::StepSpec;

    #[test]
    fn every_sample_is_read_and_describes_itself() {
        for sample in samples() {
            let workload = load(sample.name).expect("a sample");
            assert_eq!((workload.name.as_str(), workload.source), (sample.name, WorkloadSource::Sample));
            assert!(!workload.description.is_empty(), "{}", sample.name);
        }
    }

    #[test]
    fn every_file_of_the_directory_is_embedded() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads");
        let mut files: Vec<_> = std::fs::read_dir(directory)
            .expect("the directory of samples")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .filter(|name| name != "python")
            .collect();
        let mut embedded: Vec<_> = samples().iter().map(|s| format!("{}.toml", s.name)).collect();
        files.sort();
        embedded.sort();
        assert_eq!(files, embedded);
    }

    #[test]
    fn a_name_that_is_no_sample_loads_nothing() {
        assert_eq!(load("web-scrapper"), None);
    }

    #[test]
    fn the_mixed_sample_asks_for_as_much_waiting_as_computing() {
        let workload = load("fetch-parse-mixed").expect("a sample");
        let wait = workload.fixture.as_ref().map(|fixture| fixture.latency.median);
        let work = workload.steps.iter().find_map(|step| match step {
            StepSpec::Cpu(cpu) => Some(cpu.work),
            _ => None,
        });
        assert!(wait.is_some() && wait == work, "{wait:?} {work:?}");
    }
}

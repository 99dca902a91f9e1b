//! `read`: reads a file to its end.
//!
//! Files have no async form of their own: an event loop goes through the blocking pool.

use std::path::Path;
use std::time::Instant;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::bounded_read::read_file_at_most;
use crate::workload::env::Env;
use crate::workload::spec::ReadSpec;
use crate::workload::step::offload::offload;
use crate::workload::step::{StepOutput, TaskContext, deadline};
use crate::workload::template::Template;

/// Longest file that is read, in bytes: every task in flight holds one in memory, and a device has no end.
const MAX_CONTENT_BYTES: u64 = 1 << 30;

/// A file to read, the same or another one for each item.
#[derive(Debug)]
pub struct Read {
    path: Template,
}

impl Read {
    /// Makes the step; tasks open the file.
    pub fn prepare(spec: &ReadSpec, _: &Env) -> Result<Self, String> {
        Ok(Read { path: Template::new(&spec.path) })
    }

    /// Reads on the calling thread. The output is the content.
    ///
    /// The deadline is looked at before and after, not while the system reads.
    pub fn run_blocking(&self, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
        read(&self.path.render(task.item), task.deadline)
    }

    /// Reads on the blocking pool.
    pub async fn run_async(&self, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
        let path = self.path.render(task.item).into_owned();
        let until = task.deadline;
        offload(move || read(&path, until)).await
    }
}

fn read(path: &str, until: Option<Instant>) -> Result<StepOutput, Error> {
    deadline::check(until)?;
    let content = read_file_at_most(Path::new(path), MAX_CONTENT_BYTES);
    let content = content.map_err(|error| Error::from_io(Code::TaskIo, "read", &error))?;
    deadline::check(until)?;
    Ok(StepOutput::of_bytes(content.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::spec::StepSpec;
    use crate::workload::step::testing::{both_forms, env, late_task};

    fn spec(path: &std::path::Path) -> ReadSpec {
        ReadSpec { path: path.to_str().unwrap().to_owned() }
    }

    #[tokio::test]
    async fn each_item_reads_its_own_file_in_both_forms() {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in [("file-0", "zero"), ("file-1", "one")] {
            std::fs::write(dir.path().join(name), content).unwrap();
        }
        let spec = StepSpec::Read(spec(&dir.path().join("file-{item}")));
        for (index, content) in [(0, "zero"), (1, "one")] {
            let output = both_forms(&spec, &env(dir.path()), index).await.unwrap();
            assert_eq!(output, StepOutput::of_bytes(content.into()));
        }
    }

    #[tokio::test]
    async fn a_missing_file_is_a_file_error_without_the_item() {
        let dir = tempfile::tempdir().unwrap();
        let spec = StepSpec::Read(spec(&dir.path().join("file-{item}")));
        let error = both_forms(&spec, &env(dir.path()), 17).await.unwrap_err();
        assert_eq!(error.code, Code::TaskIo);
        assert!(!error.message.contains("17"), "{error}");
    }

    #[test]
    fn a_late_task_times_out() {
        let dir = tempfile::tempdir().unwrap();
        let step = Read::prepare(&spec(dir.path()), &env(dir.path())).unwrap();
        assert!(step.run_blocking(&late_task(0)).unwrap_err().is_timeout());
    }
}

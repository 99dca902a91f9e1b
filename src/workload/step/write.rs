//! `write`: writes a file anew, and waits for the device if asked to.
//!
//! Files have no async form of their own: an event loop goes through the blocking pool.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::workload::env::Env;
use crate::workload::spec::WriteSpec;
use crate::workload::step::checkout::Checkout;
use crate::workload::step::offload::offload;
use crate::workload::step::{StepOutput, TaskContext, deadline};
use crate::workload::template::Template;

/// Bytes given to the system at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// A file to write, named by the user or one for each task in flight.
#[derive(Debug)]
pub struct Write {
    path: Option<Template>,
    writer: Arc<Writer>,
}

impl Write {
    /// Makes the step; tasks open the file.
    pub fn prepare(spec: &WriteSpec, env: &Env) -> Result<Self, String> {
        let writer = Writer {
            state_dir: env.state_dir.clone(),
            files: Checkout::new(vec![]),
            chunk: (0..CHUNK_BYTES).map(|place| (place % 251) as u8).collect(),
            size: spec.size,
            fsync: spec.fsync,
        };
        Ok(Write { path: spec.path.as_ref().map(Template::new), writer: Arc::new(writer) })
    }

    /// Writes on the calling thread, and gives up at the deadline between chunks of 64 KiB.
    pub fn run_blocking(&self, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
        let path = self.path.as_ref().map(|path| path.render(task.item));
        self.writer.run(path.as_deref(), task.deadline)?;
        Ok(self.output(task))
    }

    /// Writes on the blocking pool.
    pub async fn run_async(&self, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
        let path = self.path.as_ref().map(|path| path.render(task.item).into_owned());
        let (writer, until) = (Arc::clone(&self.writer), task.deadline);
        offload(move || writer.run(path.as_deref(), until)).await?;
        Ok(self.output(task))
    }

    fn output(&self, task: &TaskContext<'_>) -> StepOutput {
        let written = self.writer.size.to_le_bytes();
        StepOutput::of_number(xxhash_rust::xxh3::xxh3_64_with_seed(&written, task.index))
    }
}

/// The data that writing needs on any thread.
#[derive(Debug)]
struct Writer {
    state_dir: PathBuf,
    /// Files that no task is writing now.
    files: Checkout<PathBuf>,
    chunk: Vec<u8>,
    size: u64,
    fsync: bool,
}

impl Writer {
    fn run(&self, path: Option<&str>, until: Option<Instant>) -> Result<(), Error> {
        match path {
            Some(path) => self.write(Path::new(path), until),
            None => self.files.with(|| Ok(self.new_path()), |path| self.write(path, until)),
        }
    }

    /// Returns a name that no other writer has: neither a process, nor a step, nor a task in flight.
    fn new_path(&self) -> PathBuf {
        static WRITERS: AtomicU64 = AtomicU64::new(0);
        let writer = WRITERS.fetch_add(1, Ordering::Relaxed);
        self.state_dir.join(format!("write-{}-{writer}", std::process::id()))
    }

    fn write(&self, path: &Path, until: Option<Instant>) -> Result<(), Error> {
        deadline::check(until)?;
        let mut file = File::create(path).map_err(|error| failure(&error))?;
        let mut left = self.size;
        while left > 0 {
            let now = left.min(CHUNK_BYTES as u64);
            file.write_all(&self.chunk[..now as usize]).map_err(|error| failure(&error))?;
            left -= now;
            deadline::check(until)?;
        }
        if self.fsync {
            file.sync_all().map_err(|error| failure(&error))?;
        }
        deadline::check(until)
    }
}

fn failure(error: &io::Error) -> Error {
    Error::from_io(Code::TaskIo, "write", error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::spec::StepSpec;
    use crate::workload::step::testing::{both_forms, env, late_task, patient_task};

    fn files(dir: &Path) -> Vec<(String, u64)> {
        let entry = |entry: io::Result<std::fs::DirEntry>| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().len())
        };
        let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(entry).collect();
        files.sort();
        files
    }

    #[tokio::test]
    async fn each_item_writes_its_own_file_in_both_forms() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out-{item}").to_str().unwrap().to_owned();
        let spec = StepSpec::Write(WriteSpec { path: Some(path), size: 100_000, fsync: true });
        let first = both_forms(&spec, &env(dir.path()), 0).await.unwrap();
        let second = both_forms(&spec, &env(dir.path()), 1).await.unwrap();
        assert_ne!(first, second);
        assert_eq!(files(dir.path()), [("out-0".to_owned(), 100_000), ("out-1".to_owned(), 100_000)]);
    }

    #[test]
    fn without_a_path_there_are_no_more_files_than_writers() {
        let dir = tempfile::tempdir().unwrap();
        let spec = WriteSpec { path: None, size: 10, fsync: false };
        let step = Write::prepare(&spec, &env(dir.path())).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let step = &step;
                scope.spawn(move || {
                    for task in 0..50 {
                        step.run_blocking(&patient_task(thread * 50 + task)).unwrap();
                    }
                });
            }
        });
        let files = files(dir.path());
        assert!((1..=4).contains(&files.len()), "{files:?}");
        assert!(files.iter().all(|(_, size)| *size == 10));
    }

    #[test]
    fn a_missing_directory_is_a_file_error() {
        let dir = tempfile::tempdir().unwrap();
        let spec = WriteSpec { path: None, size: 10, fsync: false };
        let step = Write::prepare(&spec, &env(&dir.path().join("none"))).unwrap();
        assert_eq!(step.run_blocking(&patient_task(0)).unwrap_err().code, Code::TaskIo);
    }

    #[test]
    fn a_late_task_times_out_and_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let spec = WriteSpec { path: None, size: 10, fsync: false };
        let step = Write::prepare(&spec, &env(dir.path())).unwrap();
        assert!(step.run_blocking(&late_task(0)).unwrap_err().is_timeout());
        assert_eq!(files(dir.path()), []);
    }
}

//! `lock`: holds a mutex that all tasks share, in whatever thread or process they run.
//!
//! Threads queue at a `SharedMutex`, async tasks at a tokio mutex, and whoever is first in either queue
//! locks a file. Each queue has opened the file for itself, and locks belong to openings: so the file
//! keeps the two queues of one process apart as well as it keeps processes apart.

mod shared_mutex;

use std::fs::{File, TryLockError};
use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::diagnostics::Code;
use crate::error::Error;
use crate::workload::env::Env;
use crate::workload::spec::LockSpec;
use crate::workload::step::lock::shared_mutex::{SharedMutex, SharedMutexGuard};
use crate::workload::step::offload::offload;
use crate::workload::step::{StepOutput, TaskContext, deadline};

/// A shared mutex, and how long it is held.
#[derive(Debug)]
pub struct Lock {
    hold: Duration,
    threads: SharedMutex<File>,
    tasks: Arc<Mutex<File>>,
}

impl Lock {
    /// Opens the file `<name>.lock` in the directory of the batch.
    pub fn prepare(spec: &LockSpec, env: &Env) -> Result<Self, String> {
        if spec.name.contains(std::path::is_separator) {
            return Err(format!("'{}' cannot name a lock: it contains a path separator", spec.name));
        }
        let path = env.state_dir.join(format!("{}.lock", spec.name));
        let open = || {
            let file = File::options().write(true).create(true).truncate(false).open(&path);
            file.map_err(|error| format!("cannot open {}: {error}", path.display()))
        };
        Ok(Lock { hold: spec.hold, threads: SharedMutex::new(open()?), tasks: Arc::new(Mutex::new(open()?)) })
    }

    /// Holds the mutex on the calling thread.
    ///
    /// Waiting behind threads of this process and holding end at the deadline. Waiting for another
    /// process does not: the deadline is looked at after it.
    pub fn run_blocking(&self, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
        deadline::check(task.deadline)?;
        let _held = self.acquire_blocking(task.deadline)?;
        deadline::check(task.deadline)?;
        deadline::sleep(self.hold, task.deadline)?;
        Ok(StepOutput::of_number(task.index))
    }

    /// Holds the mutex on the event loop.
    pub async fn run_async(&self, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
        let _held = self.acquire_async().await?;
        if !self.hold.is_zero() {
            tokio::time::sleep(self.hold).await;
        }
        Ok(StepOutput::of_number(task.index))
    }

    fn acquire_blocking(&self, until: Option<Instant>) -> Result<Held<SharedMutexGuard<'_, File>>, Error> {
        Held::wait(self.threads.take(until)?)
    }

    async fn acquire_async(&self) -> Result<Held<OwnedMutexGuard<File>>, Error> {
        let file = Arc::clone(&self.tasks).lock_owned().await;
        match file.try_lock() {
            Ok(()) => Ok(Held(file)),
            // The guard goes with the waiting thread: should the task be dropped meanwhile, the
            // lock is released as soon as it is acquired.
            Err(TryLockError::WouldBlock) => offload(move || Held::wait(file)).await,
            Err(TryLockError::Error(error)) => Err(failure(&error)),
        }
    }
}

/// A locked file; dropping unlocks it and then lets the next one of the queue have it.
#[derive(Debug)]
struct Held<F: Deref<Target = File>>(F);

impl<F: Deref<Target = File>> Held<F> {
    /// Waits until no other process, and not the other queue of this one, has the lock.
    fn wait(file: F) -> Result<Self, Error> {
        loop {
            match file.lock() {
                Ok(()) => return Ok(Held(file)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(failure(&error)),
            }
        }
    }
}

impl<F: Deref<Target = File>> Drop for Held<F> {
    fn drop(&mut self) {
        // Fails only for descriptors that are not open; this one is.
        let _ = self.0.unlock();
    }
}

fn failure(error: &io::Error) -> Error {
    Error::from_io(Code::TaskIo, "lock", error)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::workload::spec::StepSpec;
    use crate::workload::step::testing::{both_forms, env, patient_task, task};

    fn spec(hold: Duration) -> LockSpec {
        LockSpec { name: "shared".into(), hold }
    }

    /// Adds one so that anybody else who adds at the same time is lost.
    fn add_one(count: &AtomicU64) {
        let before = count.load(Ordering::Relaxed);
        std::thread::yield_now();
        count.store(before + 1, Ordering::Relaxed);
    }

    #[tokio::test]
    async fn both_forms_give_the_same_output() {
        let dir = tempfile::tempdir().unwrap();
        let spec = StepSpec::Lock(spec(Duration::from_millis(1)));
        let first = both_forms(&spec, &env(dir.path()), 1).await.unwrap();
        assert_ne!(first, both_forms(&spec, &env(dir.path()), 2).await.unwrap());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn threads_and_tasks_of_two_openings_exclude_one_another() {
        const EACH: u64 = 100;
        let dir = tempfile::tempdir().unwrap();
        let open = || Arc::new(Lock::prepare(&spec(Duration::ZERO), &env(dir.path())).unwrap());
        let count = Arc::new(AtomicU64::new(0));
        let mut threads = Vec::new();
        let mut tasks = tokio::task::JoinSet::new();
        for lock in [open(), open()] {
            for _ in 0..2 {
                let (shared, counter) = (Arc::clone(&lock), Arc::clone(&count));
                threads.push(std::thread::spawn(move || {
                    for _ in 0..EACH {
                        let _held = shared.acquire_blocking(None).unwrap();
                        add_one(&counter);
                    }
                }));
                let (shared, counter) = (Arc::clone(&lock), Arc::clone(&count));
                tasks.spawn(async move {
                    for _ in 0..EACH {
                        let _held = shared.acquire_async().await.unwrap();
                        add_one(&counter);
                    }
                });
            }
        }
        tasks.join_all().await;
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(count.load(Ordering::Relaxed), 8 * EACH);
    }

    #[tokio::test]
    async fn a_task_dropped_while_it_waits_does_not_keep_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Lock::prepare(&spec(Duration::ZERO), &env(dir.path())).unwrap();
        let (ours, other) = (open(), open());
        let held = other.acquire_blocking(None).unwrap();
        let waited = tokio::time::timeout(Duration::from_millis(20), ours.acquire_async()).await;
        assert!(waited.is_err());
        drop(held);
        assert!(ours.run_async(&patient_task(0)).await.is_ok());
        assert!(other.run_blocking(&patient_task(0)).is_ok());
    }

    #[test]
    fn waiting_and_holding_end_at_the_deadline() {
        let dir = tempfile::tempdir().unwrap();
        let lock = Lock::prepare(&spec(Duration::from_secs(3600)), &env(dir.path())).unwrap();
        let soon = || Some(Instant::now() + Duration::from_millis(5));
        let hasty = TaskContext { deadline: soon(), ..task(0) };
        assert!(lock.run_blocking(&hasty).unwrap_err().is_timeout());

        let _held = lock.acquire_blocking(None).unwrap();
        let hasty = TaskContext { deadline: soon(), ..task(0) };
        assert!(lock.run_blocking(&hasty).unwrap_err().is_timeout());
    }

    #[test]
    fn a_name_cannot_leave_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let spec = LockSpec { name: "../shared".into(), hold: Duration::ZERO };
        assert!(Lock::prepare(&spec, &env(dir.path())).unwrap_err().contains("separator"));
    }
}

//! Kills processes that run beyond their deadline, from one thread for all of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::host::process::kill_tree;

/// What happens to a process, by its ID, before it is killed.
type LastWords = fn(u32);

/// Running deadlines, by time and then by order of registration.
#[derive(Debug, Default)]
struct Pending {
    next_id: u64,
    processes: BTreeMap<(Instant, u64), (u32, Option<LastWords>)>,
    closed: bool,
}

#[derive(Debug, Default)]
struct Shared {
    pending: Mutex<Pending>,
    changed: Condvar,
}

/// Watches deadlines of child processes until it is dropped.
#[derive(Debug)]
pub struct DeadlineKeeper {
    shared: Arc<Shared>,
}

/// A deadline that is being watched.
#[derive(Debug)]
#[must_use = "the process is killed at the deadline unless the watch is ended"]
pub struct Watch<'a> {
    keeper: &'a DeadlineKeeper,
    key: (Instant, u64),
}

impl Default for DeadlineKeeper {
    fn default() -> Self {
        Self::new()
    }
}

impl DeadlineKeeper {
    /// Starts the thread that watches.
    pub fn new() -> Self {
        let shared = Arc::new(Shared::default());
        let watched = Arc::clone(&shared);
        std::thread::spawn(move || keep(&watched));
        DeadlineKeeper { shared }
    }

    /// Kills `pid` and its descendants at `deadline` unless the watch is ended before.
    ///
    /// The caller must end the watch before it reaps the process: until then the process keeps its ID.
    pub fn watch(&self, pid: u32, deadline: Instant) -> Watch<'_> {
        self.add(pid, None, deadline)
    }

    /// Does the same, and calls `last_words` before it kills; other deadlines wait meanwhile.
    pub(crate) fn watch_with(&self, pid: u32, deadline: Instant, last_words: LastWords) -> Watch<'_> {
        self.add(pid, Some(last_words), deadline)
    }

    fn add(&self, pid: u32, last_words: Option<LastWords>, deadline: Instant) -> Watch<'_> {
        let mut pending = lock(&self.shared);
        let key = (deadline, pending.next_id);
        pending.next_id += 1;
        pending.processes.insert(key, (pid, last_words));
        drop(pending);
        self.shared.changed.notify_one();
        Watch { keeper: self, key }
    }
}

impl Watch<'_> {
    /// Stops watching; true if the process was killed before.
    pub fn end(self) -> bool {
        lock(&self.keeper.shared).processes.remove(&self.key).is_none()
    }
}

impl Drop for DeadlineKeeper {
    fn drop(&mut self) {
        lock(&self.shared).closed = true;
        self.shared.changed.notify_one();
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, Pending> {
    shared.pending.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills what is due, then sleeps until the next deadline or a change.
fn keep(shared: &Shared) {
    let mut pending = lock(shared);
    while !pending.closed {
        let now = Instant::now();
        pending = match pending.processes.first_key_value() {
            Some((&(due, id), &(pid, last_words))) if due <= now => {
                last_words.into_iter().for_each(|say| say(pid));
                // Killed under the lock: the owner cannot reap it, and free its number, meanwhile.
                kill_tree(pid);
                pending.processes.remove(&(due, id));
                pending
            }
            Some((&(due, _), _)) => {
                let waited = shared.changed.wait_timeout(pending, due - now);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => shared.changed.wait(pending).unwrap_or_else(PoisonError::into_inner),
        };
    }
}

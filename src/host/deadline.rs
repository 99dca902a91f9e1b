//! Kills processes that run beyond their deadline, from one thread for all of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::host::process::{descendants, kill_tree};
use crate::host::procfs::{Stat, process_stat};
use crate::host::suspension::{awake, awake_now};

/// What happens to a process, by its ID, before it is killed.
type LastWords = fn(u32);

/// What was found out about a process when it was killed at its deadline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Killed {
    /// A process of its tree that could not go on, because a signal had stopped it.
    pub stopped: Option<StoppedProcess>,
}

/// A process that a signal has stopped: SIGSTOP, or the terminal by SIGTTIN and SIGTTOU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoppedProcess {
    /// Its ID.
    pub pid: u32,
    /// The name of its program.
    pub name: String,
}

impl fmt::Display for StoppedProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' (process {}) was stopped by a signal, and nothing let it go on", self.name, self.pid)
    }
}

impl StoppedProcess {
    /// Finds one in the tree of a process, the nearest first.
    fn below(pid: u32) -> Option<Self> {
        std::iter::once(pid).chain(descendants(pid)).find_map(|pid| {
            let stat = process_stat(pid).filter(Stat::is_stopped)?;
            Some(StoppedProcess { pid, name: stat.name })
        })
    }
}

/// Running deadlines, by time on the clock of [`awake`] and then by order of registration.
#[derive(Debug, Default)]
struct Pending {
    next_id: u64,
    processes: BTreeMap<(Instant, u64), (u32, Option<LastWords>)>,
    killed: BTreeMap<(Instant, u64), Killed>,
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
        let key = (awake(deadline), pending.next_id);
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
        self.killed().is_some()
    }

    /// Stops watching; returns what was found out if the process was killed before.
    pub(crate) fn killed(self) -> Option<Killed> {
        let mut pending = lock(&self.keeper.shared);
        match pending.processes.remove(&self.key) {
            Some(_) => None,
            None => Some(pending.killed.remove(&self.key).unwrap_or_default()),
        }
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
        let now = awake_now();
        pending = match pending.processes.first_key_value() {
            Some((&(due, id), &(pid, last_words))) if due <= now => {
                let stopped = StoppedProcess::below(pid);
                last_words.into_iter().for_each(|say| say(pid));
                // Killed under the lock: the owner cannot reap it, and free its number, meanwhile.
                kill_tree(pid);
                pending.processes.remove(&(due, id));
                pending.killed.insert((due, id), Killed { stopped });
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

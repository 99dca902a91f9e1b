//! The chunks that are on their way, as the thread that sends them and the one that receives them know it.

use std::collections::{HashMap, HashSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::Sender;

use crate::cluster::dask::chunk_sizes::ChunkSizes;
use crate::cluster::dask::inner_width::InnerWidth;
use crate::error::Error;
use crate::job::outcome::Attempt;
use crate::job::scheduler::Work;
use crate::job::shutdown::Shutdown;

/// Chunks on their way to each thread: one runs, and the next is there when it ends.
const CHUNKS_PER_THREAD: usize = 2;

/// Longest wait before the request to end is looked at again.
const PATIENCE: Duration = Duration::from_millis(50);

/// A chunk on its way.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Its items.
    pub(crate) works: Vec<Work>,
    /// Items that run at the same time.
    pub(crate) width: usize,
    /// Whether nothing else was on its way, so that nobody else killed its worker.
    pub(crate) is_alone: bool,
    /// Who waits for the only item, which is not in the list then.
    pub(crate) reply: Option<Sender<Attempt>>,
}

/// Everything that is known of a cluster while items run on it.
#[derive(Debug)]
pub(crate) struct State {
    /// The chunks on their way, by their numbers.
    pub(crate) chunks: HashMap<u64, Sent>,
    /// Workers.
    pub(crate) workers: usize,
    /// Their threads.
    pub(crate) threads: usize,
    /// What chunks cost.
    pub(crate) sizes: ChunkSizes,
    /// Items at a time within a thread.
    pub(crate) inner: InnerWidth,
    /// Numbers of items whose worker died while it had several: each runs alone next time.
    pub(crate) suspects: HashSet<u64>,
    /// Chunks that were sent.
    pub(crate) sent: u64,
    /// Items in them.
    pub(crate) sent_items: u64,
    /// Chunks that came back from a worker.
    pub(crate) done: u64,
    /// Chunks whose items were sent again.
    pub(crate) sent_again: u64,
    /// The reason why nothing more can run.
    pub(crate) gone: Option<Error>,
    /// Whether the client was asked to end.
    pub(crate) is_closing: bool,
}

/// The chunks on their way, shared by threads.
#[derive(Debug)]
pub(crate) struct Flight {
    state: Mutex<State>,
    changed: Condvar,
    shutdown: Shutdown,
}

impl Flight {
    /// Begins with a cluster as it was found.
    pub(crate) fn new(workers: usize, threads: usize, message_s: Option<f64>, shutdown: Shutdown) -> Self {
        let state = State {
            chunks: HashMap::new(),
            workers,
            threads,
            sizes: ChunkSizes::new(message_s),
            inner: InnerWidth::fixed(1),
            suspects: HashSet::new(),
            sent: 0,
            sent_items: 0,
            done: 0,
            sent_again: 0,
            gone: None,
            is_closing: false,
        };
        Flight { state: Mutex::new(state), changed: Condvar::new(), shutdown }
    }

    /// Returns the state, to be looked at or changed.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes everybody who waits for a change.
    pub(crate) fn changed(&self) {
        self.changed.notify_all();
    }

    /// Waits until another chunk has room on the workers; returns false if no more are wanted.
    pub(crate) fn wait_for_room(&self) -> bool {
        self.wait(|state| state.chunks.len() < CHUNKS_PER_THREAD * state.threads.max(1))
    }

    /// Waits until nothing is on its way; returns false if no more chunks are wanted.
    pub(crate) fn wait_until_empty(&self) -> bool {
        self.wait(|state| state.chunks.is_empty())
    }

    fn wait(&self, is_ready: impl Fn(&State) -> bool) -> bool {
        let mut state = self.state();
        loop {
            if state.gone.is_some() || self.shutdown.asked().is_some() {
                return false;
            }
            if is_ready(&state) {
                return true;
            }
            let waited = self.changed.wait_timeout(state, PATIENCE);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Notes a chunk before it is sent; returns its number, or gives it back if nothing more can run.
    pub(crate) fn add(&self, sent: Sent) -> Result<u64, Sent> {
        let mut state = self.state();
        if state.gone.is_some() {
            return Err(sent);
        }
        let number = state.sent;
        state.sent += 1;
        state.sent_items += sent.works.len() as u64 + u64::from(sent.reply.is_some());
        state.chunks.insert(number, sent);
        Ok(number)
    }

    /// Takes a chunk that has ended.
    pub(crate) fn take(&self, number: u64) -> Option<Sent> {
        let sent = self.state().chunks.remove(&number);
        self.changed();
        sent
    }

    /// Notes that nothing more can run, and takes everything that was on its way.
    pub(crate) fn lose(&self, error: Option<Error>) -> Vec<Sent> {
        let mut state = self.state();
        if let Some(error) = error {
            state.gone.get_or_insert(error);
        }
        let lost = std::mem::take(&mut state.chunks).into_values().collect();
        drop(state);
        self.changed();
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Code;
    use crate::job::shutdown::Stop;

    fn sent() -> Sent {
        Sent { works: Vec::new(), width: 1, is_alone: false, reply: None }
    }

    #[test]
    fn two_chunks_a_thread_are_on_their_way() {
        let flight = Flight::new(1, 2, None, Shutdown::default());
        let first = flight.add(sent()).expect("room");
        (0..3).for_each(|_| assert!(flight.add(sent()).is_ok()));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| flight.wait_for_room());
            assert!(!waiting.is_finished() || flight.state().chunks.len() == 4);
            assert!(flight.take(first).is_some() && flight.take(first).is_none());
            assert!(waiting.join().expect("joined"));
        });
    }

    #[test]
    fn nothing_is_added_once_the_cluster_is_gone() {
        let flight = Flight::new(1, 1, None, Shutdown::default());
        flight.add(sent()).expect("room");
        assert_eq!(flight.lose(Some(Error::new(Code::EngineLost, "gone"))).len(), 1);
        assert!(flight.add(sent()).is_err() && !flight.wait_for_room());
    }

    #[test]
    fn a_request_to_end_ends_the_wait() {
        let shutdown = Shutdown::default();
        let flight = Flight::new(1, 1, None, shutdown.clone());
        (0..2).for_each(|_| assert!(flight.add(sent()).is_ok()));
        shutdown.ask(Stop::Soon);
        assert!(!flight.wait_for_room() && !flight.wait_until_empty());
    }
}

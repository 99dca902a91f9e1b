//! Hands items to workers: no more at a time than the width, retries when they are due.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::job::items::JobItem;
use crate::job::shutdown::{Shutdown, Stop};

/// Items read ahead of the workers.
const READ_AHEAD: usize = 1024;

/// Items that wait for another attempt, at most, before no new ones are started: they are kept in memory.
const MAX_WAITING: usize = 4096;

/// Items that may be finished while an earlier one is not, where the order is kept: each takes some hundred bytes
/// of memory until its turn.
const MAX_AHEAD: u64 = 50_000;

/// Longest wait of an idle worker before it looks at the request to end again.
const PATIENCE: Duration = Duration::from_millis(100);

/// Longest wait for one more item of a chunk: reading it takes less than this unless its source is slow.
const GATHERING: Duration = Duration::from_millis(2);

/// An item to be attempted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Work {
    /// The item.
    pub(crate) item: JobItem,
    /// Number of attempts so far that counted.
    pub(crate) attempts: u32,
}

/// An item that waits for its next attempt.
#[derive(Debug, PartialEq, Eq)]
struct Later {
    due: Instant,
    work: Work,
}

impl PartialOrd for Later {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Later {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.work.item.order).cmp(&(other.due, other.work.item.order))
    }
}

#[derive(Debug, Default)]
struct State {
    fresh: VecDeque<JobItem>,
    later: BinaryHeap<Reverse<Later>>,
    /// All items have been read.
    is_complete: bool,
    running: usize,
    width: usize,
    /// The cap that an exhausted resource sets.
    cap: Option<usize>,
    /// Nothing new starts until memory is free again.
    is_held: bool,
    /// The first item of the order that is not delivered yet, if the order is kept.
    undelivered: Option<u64>,
    /// A rule has ended the run.
    is_halted: bool,
    /// Integral of the commands in flight, in seconds.
    in_flight_s: f64,
    /// Integral of the free slots while the input had delivered no item for them, in seconds.
    starved_s: f64,
    changed_at: Option<Instant>,
}

impl State {
    fn allowed(&self) -> usize {
        let width = self.cap.map_or(self.width, |cap| cap.min(self.width));
        // One goes on whatever the guard says: otherwise nothing would ever free the memory.
        if self.is_held { width.min(1) } else { width }
    }

    /// Adds the time since the last change, before anything changes.
    fn tick(&mut self, now: Instant) {
        // A time that was read before the lock was taken may be earlier than the last change.
        let now = self.changed_at.map_or(now, |before| before.max(now));
        if let Some(before) = self.changed_at {
            let passed_s = (now - before).as_secs_f64();
            self.in_flight_s += self.running as f64 * passed_s;
            if self.fresh.is_empty() && !self.is_complete {
                self.starved_s += self.allowed().saturating_sub(self.running) as f64 * passed_s;
            }
        }
        self.changed_at = Some(now);
    }

    fn set_running(&mut self, running: usize, now: Instant) {
        self.tick(now);
        self.running = running;
    }

    /// Returns whether one more of the fresh items could start beside those that run.
    fn has_room_for_another(&self) -> bool {
        self.running < self.allowed() && !self.fresh.is_empty()
    }

    fn is_exhausted(&self) -> bool {
        self.is_complete && self.fresh.is_empty() && self.later.is_empty() && self.running == 0
    }
}

/// The state that reader, workers and engine share.
#[derive(Debug)]
pub(crate) struct Scheduler {
    state: Mutex<State>,
    /// Workers wait for items or for the width.
    work: Condvar,
    /// The reader waits for room.
    room: Condvar,
    shutdown: Shutdown,
}

/// Numbers of a scheduler at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Load {
    /// Commands that are running.
    pub(crate) running: usize,
    /// Items that could be started now.
    pub(crate) ready: usize,
    /// Items that wait for their next attempt.
    pub(crate) waiting: usize,
    /// True if all items have been read.
    pub(crate) is_complete: bool,
    /// Seconds in flight so far, of all commands together.
    pub(crate) in_flight_s: f64,
    /// Seconds in which a slot was free and the input had delivered no item for it, of all slots together.
    pub(crate) starved_s: f64,
    /// The cap that an exhausted resource has set.
    pub(crate) cap: Option<usize>,
    /// Whether a rule has ended the run.
    pub(crate) is_halted: bool,
    /// Whether nothing runs and nothing will.
    pub(crate) is_over: bool,
}

impl Scheduler {
    /// Makes a scheduler of `width`.
    pub(crate) fn new(width: usize, shutdown: Shutdown) -> Self {
        let state = State { width, ..State::default() };
        Scheduler { state: Mutex::new(state), work: Condvar::new(), room: Condvar::new(), shutdown }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an item, once there is room; returns false if the run ends.
    pub(crate) fn push(&self, item: JobItem) -> bool {
        let mut state = self.lock();
        while state.fresh.len() >= READ_AHEAD {
            if self.shutdown.asked().is_some() {
                return false;
            }
            state = wait(&self.room, state, PATIENCE);
        }
        state.tick(Instant::now());
        state.fresh.push_back(item);
        drop(state);
        self.work.notify_one();
        self.shutdown.asked().is_none()
    }

    /// Says that there are no more items.
    pub(crate) fn complete(&self) {
        let mut state = self.lock();
        state.tick(Instant::now());
        state.is_complete = true;
        drop(state);
        self.work.notify_all();
    }

    /// Waits for an item that may be attempted now; `None` if the run ends, or everything is done.
    pub(crate) fn next(&self) -> Option<Work> {
        let mut state = self.lock();
        loop {
            if self.shutdown.asked().is_some() || state.is_exhausted() {
                drop(state);
                self.work.notify_all();
                return None;
            }
            let now = Instant::now();
            if state.running < state.allowed()
                && let Some(work) = take(&mut state, now)
            {
                state.running += 1;
                let (is_low, has_room) = (state.fresh.len() < READ_AHEAD / 2, state.has_room_for_another());
                drop(state);
                if is_low {
                    self.room.notify_one();
                }
                if has_room {
                    self.work.notify_one();
                }
                return Some(work);
            }
            let due = state.later.peek().map_or(PATIENCE, |Reverse(later)| later.due - now);
            state = wait(&self.work, state, due.clamp(Duration::from_millis(1), PATIENCE));
        }
    }

    /// Returns an item that may be attempted now, without waiting.
    #[cfg(test)]
    pub(crate) fn try_next(&self) -> Option<Work> {
        let mut state = self.lock();
        if state.running >= state.allowed() {
            return None;
        }
        let work = take(&mut state, Instant::now())?;
        state.running += 1;
        Some(work)
    }

    /// Waits for items that may be attempted now, and returns up to `at_most` of them; none if the run ends, or
    /// everything is done. Items that are just being read are waited for, so that a chunk is full.
    pub(crate) fn next_chunk(&self, at_most: usize) -> Vec<Work> {
        let Some(first) = self.next() else { return Vec::new() };
        let mut chunk = vec![first];
        let mut state = self.lock();
        loop {
            let before = chunk.len();
            let now = Instant::now();
            let room = state.allowed().saturating_sub(state.running).min(at_most - before);
            chunk.extend(std::iter::from_fn(|| take(&mut state, now)).take(room));
            let running = state.running + chunk.len() - before;
            state.set_running(running, now);
            self.room.notify_one();
            let is_full = chunk.len() >= at_most || chunk.len() == before || state.is_complete;
            if is_full || self.shutdown.asked().is_some() {
                return chunk;
            }
            state = wait(&self.work, state, GATHERING);
        }
    }

    /// Waits until items are read, and takes up to `at_most` of them, however far ahead of those that are delivered;
    /// none once everything has been taken, or the run ends.
    pub(crate) fn take_fresh(&self, at_most: usize) -> Vec<Work> {
        let mut state = self.lock();
        while state.fresh.is_empty() && !state.is_complete && self.shutdown.asked().is_none() {
            state = wait(&self.work, state, PATIENCE);
        }
        if self.shutdown.asked().is_some() {
            return Vec::new();
        }
        let count = state.fresh.len().min(at_most);
        let running = state.running + count;
        state.set_running(running, Instant::now());
        let taken = state.fresh.drain(..count).map(|item| Work { item, attempts: 0 }).collect();
        drop(state);
        self.room.notify_one();
        taken
    }

    /// Gives back an item that is to be attempted again after `pause`.
    pub(crate) fn again(&self, work: Work, pause: Duration) {
        let now = Instant::now();
        let mut state = self.lock();
        let running = state.running - 1;
        state.set_running(running, now);
        state.later.push(Reverse(Later { due: now + pause, work }));
        drop(state);
        self.work.notify_one();
    }

    /// Says that an item has been finished; the worker that ran it asks for the next one itself.
    pub(crate) fn done(&self) {
        let mut state = self.lock();
        let running = state.running - 1;
        state.set_running(running, Instant::now());
        let is_exhausted = state.is_exhausted();
        drop(state);
        if is_exhausted {
            self.work.notify_all();
        }
    }

    /// Sets the width.
    pub(crate) fn set_width(&self, width: usize) {
        let mut state = self.lock();
        state.tick(Instant::now());
        let before = std::mem::replace(&mut state.width, width.max(1));
        drop(state);
        self.wake_if(before != width.max(1));
    }

    /// Holds new items back, or lets them go on.
    pub(crate) fn hold(&self, is_held: bool) {
        let before = std::mem::replace(&mut self.lock().is_held, is_held);
        self.wake_if(before != is_held);
    }

    /// Has the workers that wait see that there is nothing left.
    pub(crate) fn release(&self) {
        self.work.notify_all();
    }

    fn wake_if(&self, is_changed: bool) {
        if is_changed {
            self.work.notify_all();
        }
    }

    /// Caps the width below what is running, because a resource ran out; returns false if only one command is
    /// running, so that a narrower run would not help.
    pub(crate) fn shrink(&self) -> bool {
        let mut state = self.lock();
        let is_wider = state.running > 1;
        state.cap = Some(state.running.saturating_sub(1).max(1));
        is_wider
    }

    /// Returns the numbers now.
    pub(crate) fn load(&self) -> Load {
        let now = Instant::now();
        let mut state = self.lock();
        state.tick(now);
        let running = state.running;
        Load {
            running,
            ready: state.fresh.len(),
            waiting: state.later.len(),
            is_complete: state.is_complete,
            in_flight_s: state.in_flight_s,
            starved_s: state.starved_s,
            cap: state.cap,
            is_halted: state.is_halted,
            is_over: running == 0 && (state.is_exhausted() || self.shutdown.asked().is_some()),
        }
    }

    /// Says that all items of the order before `next` have been delivered. From the first call on, items do not
    /// start further ahead than [`MAX_AHEAD`].
    pub(crate) fn delivered(&self, next: u64) {
        self.lock().undelivered = Some(next);
        self.work.notify_one();
    }

    /// Ends the run because of a rule.
    pub(crate) fn halt(&self, stop: Stop) {
        self.lock().is_halted = true;
        self.wake(stop);
    }

    /// Wakes everybody after a request to end.
    pub(crate) fn wake(&self, stop: Stop) {
        self.shutdown.ask(stop);
        self.work.notify_all();
        self.room.notify_all();
    }
}

/// Takes the item that is due, or else a fresh one.
fn take(state: &mut State, now: Instant) -> Option<Work> {
    state.tick(now);
    if state.later.peek().is_some_and(|Reverse(later)| later.due <= now) {
        return state.later.pop().map(|Reverse(later)| later.work);
    }
    if state.later.len() >= MAX_WAITING {
        return None;
    }
    let is_ahead = |item: &JobItem| state.undelivered.is_some_and(|next| item.order >= next + MAX_AHEAD);
    if state.fresh.front().is_some_and(is_ahead) {
        return None;
    }
    state.fresh.pop_front().map(|item| Work { item, attempts: 0 })
}

fn wait<'a>(on: &Condvar, state: MutexGuard<'a, State>, at_most: Duration) -> MutexGuard<'a, State> {
    on.wait_timeout(state, at_most).unwrap_or_else(PoisonError::into_inner).0
}

#[cfg(test)]
#[path = "scheduler_tests.rs"]
mod tests;

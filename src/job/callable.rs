//! Runs items in Python interpreters: on one event loop, in threads, in processes, or in several processes of
//! either, as the first items suggest.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{RecvTimeoutError, Sender};

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::clock::process_cpu;
use crate::host::process::kill_tree;
use crate::host::procfs;
use crate::job::callable_strategy::{CallableMode, FirstItems, ItemCost};
use crate::job::items::JobItem;
use crate::job::outcome::{Attempt, Ending};
use crate::job::output::Output;
use crate::job::own_time::OwnTime;
use crate::job::runner::Runner;
use crate::python::Session;
use crate::python::item_server::{ItemServer, Served, ServedItems};
use crate::python::protocol::request::ServeStrategy;
use crate::strategy::StrategyKind;
use crate::workload::Workload;

/// An answer to an item.
enum Reply {
    Served(Served),
    /// The interpreter has ended: how, and how many items it was running.
    Died(String, usize),
    /// It was stopped for memory.
    Stopped,
}

/// Items that an interpreter is running.
#[derive(Default)]
struct Pending {
    waiting: HashMap<u64, Sender<Reply>>,
    /// How it has ended.
    ended: Option<String>,
    /// Whether it was stopped for memory, and its item is to run again.
    is_requeued: bool,
}

/// An interpreter that takes items.
struct Live {
    server: ItemServer,
    pending: Mutex<Pending>,
}

impl Live {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The interpreters of a way to run, by their numbers; each is started when it is needed.
type Servers = HashMap<(ServeStrategy, usize), Arc<Mutex<Option<Arc<Live>>>>>;

/// Runs items in interpreters.
pub(crate) struct Callables<'a> {
    session: &'a Session,
    workload: &'a Workload,
    /// Whether items are numbers, and no text.
    takes_numbers: bool,
    mode: Mutex<CallableMode>,
    first: Mutex<FirstItems>,
    servers: Mutex<Servers>,
    next: AtomicU64,
    is_stopped: AtomicBool,
    /// Interpreters that get ready, by process ID; `None` once none may.
    starting: Mutex<Option<BTreeSet<u32>>>,
    /// Nanoseconds of CPU time that items which have ended have used.
    accounted_ns: AtomicU64,
    /// Items whose interpreter died with others run alone, one at a time.
    alone: Mutex<()>,
}

impl<'a> Callables<'a> {
    /// Makes a runner of a workload; `mode` is fixed by the user, or the way in which the first items run.
    pub(crate) fn new(
        session: &'a Session,
        workload: &'a Workload,
        takes_numbers: bool,
        mode: CallableMode,
        first: FirstItems,
    ) -> Self {
        Callables {
            session,
            workload,
            takes_numbers,
            mode: Mutex::new(mode),
            first: Mutex::new(first),
            servers: Mutex::default(),
            next: AtomicU64::new(0),
            is_stopped: AtomicBool::new(false),
            starting: Mutex::new(Some(BTreeSet::new())),
            accounted_ns: AtomicU64::new(0),
            alone: Mutex::default(),
        }
    }

    /// Returns the way in which items run now.
    pub(crate) fn mode(&self) -> CallableMode {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the interpreter for a slot, and starts it if it is not running.
    fn server(&self, strategy: ServeStrategy, index: usize) -> Result<Arc<Live>, Error> {
        let place = {
            let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(servers.entry((strategy, index)).or_default())
        };
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(live) = place.as_ref().filter(|live| live.pending().ended.is_none()) {
            return Ok(Arc::clone(live));
        }
        let live = self.start(strategy)?;
        *place = Some(Arc::clone(&live));
        Ok(live)
    }

    fn start(&self, strategy: ServeStrategy) -> Result<Arc<Live>, Error> {
        let mut started = None;
        let note_pid = |pid| {
            started = Some(pid);
            match &mut *self.starting() {
                Some(starting) => drop(starting.insert(pid)),
                None => kill_tree(pid),
            }
        };
        let server = self.session.item_server(self.workload, strategy, note_pid);
        if let (Some(starting), Some(pid)) = (&mut *self.starting(), started) {
            starting.remove(&pid);
        }
        let (server, answers) = server?;
        let live = Arc::new(Live { server, pending: Mutex::default() });
        let shared = Arc::clone(&live);
        std::thread::spawn(move || pass_on(answers, &shared));
        if self.is_stopped.load(Ordering::SeqCst) {
            kill_tree(live.server.pid());
        }
        Ok(live)
    }

    fn starting(&self) -> MutexGuard<'_, Option<BTreeSet<u32>>> {
        self.starting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns true once no item may begin.
    fn is_closing(&self) -> bool {
        self.starting().is_none()
    }

    /// Runs an item on an interpreter; an interpreter that is killed for it is started again for the next.
    fn run_on(
        &self,
        live: &Live,
        item: &JobItem,
        strategy: ServeStrategy,
        limit: Option<Duration>,
    ) -> Outcome {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = crossbeam_channel::bounded(1);
        {
            let mut pending = live.pending();
            if pending.ended.is_some() {
                return Outcome::Gone;
            }
            pending.waiting.insert(number, sender);
        }
        // If it is gone, the answer is that it died.
        let _ = live.server.send(number, &argument(item, self.takes_numbers));
        let reply = match limit {
            None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(limit) => receiver.recv_timeout(limit),
        };
        match reply {
            Ok(Reply::Served(served)) => Outcome::Served(served),
            Ok(Reply::Died(how, together)) => Outcome::Died(how, together),
            Ok(Reply::Stopped) => Outcome::Requeued,
            Err(RecvTimeoutError::Disconnected) => Outcome::Gone,
            Err(RecvTimeoutError::Timeout) => {
                live.pending().waiting.remove(&number);
                match strategy {
                    ServeStrategy::Async => drop(live.server.cancel(number)),
                    // A thread cannot be ended; what it still does is nobody's result.
                    ServeStrategy::Threads => {}
                    ServeStrategy::Sequential => kill_tree(live.server.pid()),
                }
                Outcome::Late
            }
        }
    }

    /// Runs an item alone in an interpreter of its own, which died while it ran this item and others.
    fn run_alone(&self, item: &JobItem, limit: Option<Duration>) -> Outcome {
        let _turn = self.alone.lock().unwrap_or_else(PoisonError::into_inner);
        match self.start(ServeStrategy::Sequential) {
            Err(_) if self.is_closing() => Outcome::Gone,
            Err(error) => Outcome::Failed(error),
            Ok(live) => {
                let outcome = self.run_on(&live, item, ServeStrategy::Sequential, limit);
                live.server.close();
                outcome
            }
        }
    }

    fn outcome(&self, item: &JobItem, slot: usize, limit: Option<Duration>) -> Outcome {
        let mode = self.mode();
        let index = mode.process_of(slot);
        let live = match self.server(mode.strategy, index) {
            _ if self.is_closing() => return Outcome::Gone,
            Ok(live) => live,
            Err(error) => return Outcome::Failed(error),
        };
        let is_first = self.is_profiling();
        let before = is_first.then(|| Usage::of(live.server.pid()));
        let mut outcome = self.run_on(&live, item, mode.strategy, limit);
        if let (Outcome::Served(served), Some(before)) = (&outcome, before) {
            self.learn(served, Usage::of(live.server.pid()).since(before));
        }
        if matches!(&outcome, Outcome::Died(_, together) if *together > 1) {
            outcome = self.run_alone(item, limit);
        }
        outcome
    }

    /// Learns from the first items how the others are to run. Time in which the interpreter was ready and no CPU
    /// was free is not its own.
    fn learn(&self, served: &Served, used: Usage) {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let blocked_s = served.held_s.map_or(0.0, |held_s| held_s - used.cpu_s - used.queued_s);
        let cost = ItemCost {
            seconds: (served.seconds - used.queued_s).max(used.cpu_s),
            cpu_s: used.cpu_s,
            blocked_s: blocked_s.max(0.0),
        };
        if let Some(mode) = first.add(cost) {
            *self.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
        }
    }

    fn live(&self) -> Vec<Arc<Live>> {
        let servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let places: Vec<_> = servers.values().map(Arc::clone).collect();
        drop(servers);
        places.iter().filter_map(|place| place.try_lock().ok()?.clone()).collect()
    }
}

/// What an interpreter has used so far.
#[derive(Clone, Copy)]
struct Usage {
    cpu_s: f64,
    /// Seconds in the run queue, of all threads together.
    queued_s: f64,
}

impl Usage {
    fn of(pid: u32) -> Self {
        let waits = procfs::threads(pid).into_iter().filter_map(|tid| procfs::schedstat(pid, tid));
        let queued_ns: u64 = waits.map(|stat| stat.wait_ns).sum();
        let cpu_s = process_cpu(pid).map_or(0.0, |used| used.as_secs_f64());
        Usage { cpu_s, queued_s: queued_ns as f64 * 1e-9 }
    }

    fn since(self, before: Usage) -> Usage {
        Usage {
            cpu_s: (self.cpu_s - before.cpu_s).max(0.0),
            queued_s: (self.queued_s - before.queued_s).max(0.0),
        }
    }
}

/// What came of an item on an interpreter.
enum Outcome {
    Served(Served),
    /// The interpreter has ended: how, and how many items it was running.
    Died(String, usize),
    /// The interpreter was stopped for memory.
    Requeued,
    /// The interpreter had ended before.
    Gone,
    Late,
    /// No interpreter could be started.
    Failed(Error),
}

impl Runner for Callables<'_> {
    fn run(&self, item: &JobItem, slot: usize, limit: Option<Duration>) -> Attempt {
        let (started, mut begun) = (SystemTime::now(), Instant::now());
        let mut outcome = Outcome::Gone;
        while matches!(outcome, Outcome::Gone) && !self.is_closing() {
            begun = Instant::now();
            outcome = self.outcome(item, slot, limit);
        }
        let mut attempt = Attempt {
            ending: Ending::Stopped,
            started,
            seconds: begun.elapsed().as_secs_f64(),
            cpu_s: None,
            output: Output::default(),
            value: None,
            retry_after: None,
        };
        match outcome {
            Outcome::Served(served) => {
                take(&mut attempt, served);
                let cpu_s = attempt.cpu_s.unwrap_or(0.0);
                self.accounted_ns.fetch_add((cpu_s * 1e9) as u64, Ordering::Relaxed);
            }
            _ if self.is_stopped.load(Ordering::SeqCst) => {}
            Outcome::Died(how, _) => {
                attempt.ending = Ending::Raised(Code::PoolWorkerDied, format!("the interpreter {how}"));
            }
            Outcome::Requeued => attempt.ending = Ending::Requeued,
            Outcome::Late => attempt.ending = Ending::TimedOut,
            Outcome::Failed(error) => attempt.ending = Ending::Raised(error.code, error.message),
            Outcome::Gone => {}
        }
        attempt
    }

    fn stop_starting(&self) {
        let mut starting = self.starting();
        // Under the lock: none gets ready meanwhile.
        starting.take().into_iter().flatten().for_each(kill_tree);
    }

    fn stop_all(&self) {
        self.stop_starting();
        self.is_stopped.store(true, Ordering::SeqCst);
        self.live().iter().for_each(|live| kill_tree(live.server.pid()));
    }

    fn stop_youngest(&self) -> bool {
        // An interpreter may run many items, most of which are not to blame; one of its own is stopped with it.
        if self.mode().processes.is_some() {
            return false;
        }
        let youngest_of = |live: &Arc<Live>| live.pending().waiting.keys().copied().max();
        let mut running: Vec<_> =
            self.live().into_iter().filter_map(|live| Some((youngest_of(&live)?, live))).collect();
        running.sort_by_key(|(number, _)| *number);
        match running.as_slice() {
            [_, .., (_, live)] if !live.pending().is_requeued => {
                live.pending().is_requeued = true;
                kill_tree(live.server.pid());
                true
            }
            _ => false,
        }
    }

    fn own_time(&self) -> Option<OwnTime> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).own_time()
    }

    fn loop_blocked_share(&self) -> Option<f64> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).blocked_share()
    }

    fn running_cpu_s(&self, _: usize) -> f64 {
        let used = |live: &Arc<Live>| process_cpu(live.server.pid()).map(|used| used.as_secs_f64());
        let all_s: f64 = self.live().iter().filter_map(used).sum();
        (all_s - self.accounted_ns.load(Ordering::Relaxed) as f64 * 1e-9).max(0.0)
    }

    fn strategy(&self) -> Option<(StrategyKind, Option<usize>)> {
        let mode = self.mode();
        Some((mode.kind, mode.processes.filter(|_| mode.kind == StrategyKind::Hybrid)))
    }

    fn is_profiling(&self) -> bool {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).is_open()
    }
}

fn take(attempt: &mut Attempt, served: Served) {
    attempt.seconds = served.seconds;
    attempt.cpu_s = served.cpu_s;
    attempt.retry_after = served.retry_after_s.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    attempt.ending = match served.code {
        Some(code) => Ending::Raised(code, served.message.unwrap_or_default()),
        None => Ending::Exited(0),
    };
    if attempt.ending.is_success() {
        let shown = served.repr.map(|text| serde_json::Value::from(text).to_string());
        let value = served.value.map(|value| value.get().to_owned());
        attempt.value = Some(value.or(shown).unwrap_or_else(|| "null".to_owned()));
    }
}

/// Passes answers to those who wait for them, until the interpreter ends.
fn pass_on(mut answers: ServedItems, live: &Live) {
    while let Some(served) = answers.next() {
        let waiting = live.pending().waiting.remove(&served.number);
        // Nobody waits for an item that was given up.
        if let Some(sender) = waiting {
            let _ = sender.send(Reply::Served(served));
        }
    }
    let how = answers.ended();
    let mut pending = live.pending();
    pending.ended = Some(how.clone());
    let waiting = std::mem::take(&mut pending.waiting);
    let together = waiting.len();
    let is_requeued = pending.is_requeued;
    for sender in waiting.into_values() {
        let _ = sender.send(if is_requeued { Reply::Stopped } else { Reply::Died(how.clone(), together) });
    }
}

/// Returns an item as JSON for a callable: a number, which may be that of an item of its module, or text.
pub(crate) fn argument(item: &JobItem, takes_numbers: bool) -> String {
    if takes_numbers { String::from_utf8_lossy(&item.bytes).into_owned() } else { python_string(&item.bytes) }
}

/// Returns bytes as a JSON string for Python: a byte that is no UTF-8 becomes the lone surrogate by which
/// `os.fsencode` finds it again.
pub(crate) fn python_string(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        let text = serde_json::Value::from(chunk.valid()).to_string();
        out.push_str(&text[1..text.len() - 1]);
        for byte in chunk.invalid() {
            out.push_str(&format!("\\udc{byte:02x}"));
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_become_what_python_has_for_them() {
        assert_eq!(python_string(b"a\"\n"), "\"a\\\"\\n\"");
        assert_eq!(python_string(b"x\xff\xc3\xa4"), "\"x\\udcff\u{e4}\"");
    }
}

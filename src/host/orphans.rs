//! Adopted processes: reaped when they have ended, because nobody else waits for them and the number of processes is
//! limited; and listed while they run, because a watchdog could not find them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, getsid};

use crate::host::process::children;
use crate::host::procfs::{Stat, process_stat};
use crate::host::sessions;

/// Time between two looks, at least: some hundred processes end meanwhile.
const REAP_PERIOD: Duration = Duration::from_millis(100);

/// Pause between two looks, in the time that a look took: at most 5% of a CPU. A process with many threads has many
/// lists of children.
const REAP_PAUSES: u32 = 20;

/// Processes from before a run.
static KNOWN: Mutex<Known> = Mutex::new(Known { all: Vec::new(), children: Vec::new() });

/// True if the children among those are reaped too.
static REAPS_CHILDREN: AtomicBool = AtomicBool::new(false);

/// Processes from before a run, each by ID and start time.
#[derive(Debug)]
struct Known {
    all: Vec<(u32, u64)>,
    /// Those that are children of this process: whoever started them may wait for them.
    children: Vec<(u32, u64)>,
}

/// Notes the processes that were there before a run.
pub(crate) fn note_known(known: &[(u32, u64)]) {
    let own = children(std::process::id());
    let children = known.iter().copied().filter(|(pid, _)| own.contains(pid)).collect();
    *lock_known() = Known { all: known.to_vec(), children };
}

/// Reaps children from before a run too: nobody waits for them, because it was a shell that started them, of which
/// this program has taken the place (`exec`).
pub(crate) fn reap_known() {
    REAPS_CHILDREN.store(true, Ordering::Relaxed);
}

/// Reaps orphans from now on, in a thread of its own; once in a process.
pub fn keep_reaping() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let reaping = || {
            let mut pause = REAP_PERIOD;
            loop {
                std::thread::sleep(pause);
                let begun = Instant::now();
                reap_orphans();
                pause = REAP_PERIOD.max(begun.elapsed() * REAP_PAUSES);
            }
        };
        // Without the thread they are reaped by the system when this process ends.
        let _ = std::thread::Builder::new().name("orphans".to_owned()).spawn(reaping);
    });
}

/// Reaps the orphans that have ended by now, and lists the others.
///
/// Children that this process started itself are in its own session, or on the list of the sessions.
pub(crate) fn reap_orphans() {
    let Ok(own) = getsid(None) else { return };
    let own = own.as_raw().cast_unsigned();
    let stats = children(std::process::id()).into_iter().filter_map(|pid| Some((pid, process_stat(pid)?)));
    let (ended, living): (Vec<_>, Vec<_>) = stats.partition(|(_, stat)| stat.has_ended());
    let (ended, mut unlisted) = (of_nobody(ended, own), unknown(living, own));
    unlisted.retain(|pid| !sessions::has(*pid));
    if ended.is_empty() && unlisted.is_empty() {
        return;
    }
    sessions::with_all(|is_running| {
        ended.into_iter().filter(|pid| !is_running(*pid)).for_each(reap);
        // The first process of a container adopts everybody's.
        let mine = unlisted.into_iter().filter(|pid| std::process::id() != 1 && !is_running(*pid));
        mine.for_each(sessions::adopt);
    });
}

/// Returns the processes for which nobody else waits; `own` is the session of this process.
fn of_nobody(ended: Vec<(u32, Stat)>, own: u32) -> Vec<u32> {
    let (known, reaps_children) = (lock_known(), REAPS_CHILDREN.load(Ordering::Relaxed));
    let is_of_nobody = |(pid, stat): &(u32, Stat)| {
        let id = (*pid, stat.started);
        match known.children.contains(&id) {
            true => reaps_children,
            false => stat.session != own || known.all.contains(&id),
        }
    };
    ended.into_iter().filter(is_of_nobody).map(|(pid, _)| pid).collect()
}

/// Returns the processes in other sessions that were not there before the run.
fn unknown(living: Vec<(u32, Stat)>, own: u32) -> Vec<u32> {
    let known = lock_known();
    let is_known = |pid: u32, stat: &Stat| known.all.contains(&(pid, stat.started));
    let is_unknown = |(pid, stat): &(u32, Stat)| stat.session != own && !is_known(*pid, stat);
    living.into_iter().filter(is_unknown).map(|(pid, _)| pid).collect()
}

fn lock_known() -> MutexGuard<'static, Known> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn reap(pid: u32) {
    // It may be gone by now: its ID cannot belong to another child that nobody has put on the list.
    let reaped = || waitpid(Pid::from_raw(pid.cast_signed()), Some(WaitPidFlag::WNOHANG));
    let _ = sessions::end(pid, reaped);
}

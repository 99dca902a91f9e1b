//! The sessions that this process has started: one for each program of the user.
//!
//! The list tells children that somebody waits for from orphans that were adopted, and it is written to a file
//! for the watchdog, which ends them should this process be killed. Orphans are in the file too: once this process is
//! gone, nothing else tells that they are its own. A program runs before its ID is known here, so the file also says
//! when the earliest start under way began.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use crate::host::clock::boot_ns;

/// Bytes of the head of the file, the time of [`Record::starting_since_ns`]; 0 while nothing starts.
const HEAD_BYTES: usize = size_of::<u64>();

/// Bytes of a place in the file.
const PLACE_BYTES: usize = size_of::<u32>();

/// Held by everybody who starts a program until it is on the list.
static STARTING: RwLock<()> = RwLock::new(());

static SESSIONS: Mutex<Sessions> = Mutex::new(Sessions::new());

/// The programs and orphans that run, each with its place in the file.
#[derive(Debug)]
struct Sessions {
    running: BTreeMap<u32, Option<u64>>,
    adopted: BTreeMap<u32, Option<u64>>,
    free: Vec<u64>,
    next: u64,
    /// Programs that are being started.
    starting: usize,
    file: Option<File>,
}

/// A list as it is in a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// Processes that lead sessions of the run.
    pub programs: Vec<u32>,
    /// When the earliest start under way began, by [`boot_ns`]; `None` if none is.
    pub starting_since_ns: Option<u64>,
}

impl Sessions {
    const fn new() -> Self {
        Sessions {
            running: BTreeMap::new(),
            adopted: BTreeMap::new(),
            free: Vec::new(),
            next: 0,
            starting: 0,
            file: None,
        }
    }

    fn begin_start(&mut self) {
        self.starting += 1;
        if self.starting == 1 {
            self.write_head(boot_ns());
        }
    }

    fn end_start(&mut self, started: Option<u32>) {
        if let Some(pid) = started {
            self.add(pid);
        }
        self.starting -= 1;
        if self.starting == 0 {
            self.write_head(0);
        }
    }

    fn write_head(&self, since_ns: u64) {
        if let Some(file) = &self.file {
            // Without it, only a program that starts while this process is killed is missed.
            let _ = file.write_all_at(&since_ns.to_ne_bytes(), 0);
        }
    }

    fn add(&mut self, pid: u32) {
        let place = self.place(pid);
        self.running.insert(pid, place);
    }

    /// Writes the number to the file, if there is one; returns its place.
    fn place(&mut self, pid: u32) -> Option<u64> {
        let file = self.file.as_ref()?;
        let place = self.free.pop().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        });
        write(file, place, pid).is_ok().then_some(place)
    }

    fn remove(&mut self, pid: u32) {
        let place = self.running.remove(&pid).or_else(|| self.adopted.remove(&pid));
        let Some(Some(place)) = place else { return };
        // A number that stays in the file is that of a process which has ended: no signal reaches it.
        if self.file.as_ref().is_some_and(|file| write(file, place, 0).is_ok()) {
            self.free.push(place);
        }
    }
}

fn write(file: &File, place: u64, pid: u32) -> io::Result<()> {
    file.write_all_at(&pid.to_ne_bytes(), HEAD_BYTES as u64 + place * PLACE_BYTES as u64)
}

fn sessions() -> MutexGuard<'static, Sessions> {
    SESSIONS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a program by `spawn` and puts it on the list; `pid` returns its ID.
///
/// # Errors
/// The error of `spawn`.
pub(crate) fn start<T>(spawn: impl FnOnce() -> io::Result<T>, pid: impl FnOnce(&T) -> u32) -> io::Result<T> {
    let _starting = STARTING.read().unwrap_or_else(PoisonError::into_inner);
    sessions().begin_start();
    let started = spawn();
    sessions().end_start(started.as_ref().ok().map(pid));
    started
}

/// Puts an orphan on the list that this process has adopted.
pub(crate) fn adopt(pid: u32) {
    let mut sessions = sessions();
    if !sessions.adopted.contains_key(&pid) {
        let place = sessions.place(pid);
        sessions.adopted.insert(pid, place);
    }
}

/// Returns true if a program or an orphan is on the list.
pub(crate) fn has(pid: u32) -> bool {
    let sessions = sessions();
    sessions.running.contains_key(&pid) || sessions.adopted.contains_key(&pid)
}

/// Takes a program or an orphan off the list that has ended; `reap` frees its ID meanwhile.
pub(crate) fn end<T>(pid: u32, reap: impl FnOnce() -> T) -> T {
    // Under the lock: no other thread may start a program that gets the ID before it is off the list.
    let mut sessions = sessions();
    let reaped = reap();
    sessions.remove(pid);
    reaped
}

/// Calls a function with the programs that run, while none is being started.
pub(crate) fn with_all<T>(action: impl FnOnce(&dyn Fn(u32) -> bool) -> T) -> T {
    let _nobody_starts = STARTING.write().unwrap_or_else(PoisonError::into_inner);
    action(&|pid| sessions().running.contains_key(&pid))
}

/// Returns the programs that run.
pub(crate) fn running() -> Vec<u32> {
    sessions().running.keys().copied().collect()
}

/// Writes the list to a file from now on.
///
/// # Errors
/// When the file cannot be made.
pub(crate) fn record(path: &Path) -> io::Result<()> {
    let file = File::create_new(path)?;
    let mut sessions = sessions();
    (sessions.free, sessions.next, sessions.file) = (Vec::new(), 0, Some(file));
    sessions.adopted.clear();
    for pid in sessions.running.keys().copied().collect::<Vec<_>>() {
        sessions.add(pid);
    }
    Ok(())
}

/// Writes the list to no file any more.
pub(crate) fn forget_record() {
    let mut sessions = sessions();
    sessions.file = None;
    sessions.running.values_mut().for_each(|place| *place = None);
    sessions.adopted.clear();
}

/// Reads a list from a file; it is empty if there is no file.
pub(crate) fn recorded(path: &Path) -> Record {
    let bytes = std::fs::read(path).unwrap_or_default();
    let Some((head, places)) = bytes.split_first_chunk::<HEAD_BYTES>() else { return Record::default() };
    let (places, _) = places.as_chunks::<PLACE_BYTES>();
    let since_ns = u64::from_ne_bytes(*head);
    Record {
        programs: places.iter().map(|place| u32::from_ne_bytes(*place)).filter(|pid| *pid != 0).collect(),
        starting_since_ns: (since_ns != 0).then_some(since_ns),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// Returns an empty list and the file that it is written to.
    fn list_in(directory: &Path) -> (Sessions, PathBuf) {
        let path = directory.join("sessions");
        let file = File::create_new(&path).expect("a file");
        (Sessions { file: Some(file), ..Sessions::new() }, path)
    }

    #[test]
    fn a_list_in_a_file_names_what_runs_and_uses_places_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let (mut list, path) = list_in(directory.path());
        for pid in [11, 12, 13] {
            list.begin_start();
            list.end_start(Some(pid));
        }
        list.remove(12);
        assert_eq!(recorded(&path).programs, [11, 13]);
        list.add(14);
        assert_eq!((recorded(&path).programs, list.next), (vec![11, 14, 13], 3));
        assert_eq!(recorded(&directory.path().join("none")), Record::default());
    }

    #[test]
    fn the_earliest_start_under_way_is_in_the_file_until_all_have_ended() {
        let directory = tempfile::tempdir().expect("a directory");
        let (mut list, path) = list_in(directory.path());
        let before = boot_ns();
        list.begin_start();
        let since = recorded(&path).starting_since_ns.expect("a start is under way");
        assert!(since >= before);
        list.begin_start();
        list.end_start(Some(11));
        assert_eq!(recorded(&path), Record { programs: vec![11], starting_since_ns: Some(since) });
        list.end_start(None);
        assert_eq!(recorded(&path), Record { programs: vec![11], starting_since_ns: None });
    }
}

//! The one list of the processes that a run ends, and why each is on it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpgrp, getsid};
use serde::{Deserialize, Serialize};

use crate::host::process::descendants;
use crate::host::procfs::{self, Stat};
use crate::host::{sessions, unlisted};

/// Number of times that processes are listed, at most. Two are enough unless a process that is not stopped
/// keeps starting others.
const MAX_LISTINGS: usize = 16;

/// Time for processes to stop: at once, unless they have no CPU or wait for a device.
const STOP_LIMIT: Duration = Duration::from_millis(100);

/// Time between two looks whether they have stopped.
const STOP_PERIOD: Duration = Duration::from_micros(200);

/// Why a process is ended with a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It is a helper: in the group of the watchdog.
    Helper,
    /// The run started it as a program of the user, or it is in the session of such a program.
    Program,
    /// A process on the list started it.
    Below,
    /// It is in a session that is not this program's, its parent has ended, and this program adopted it.
    Orphan,
}

/// What tells the processes of a run from all others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunMarks {
    /// The process that runs everything.
    pub root: u32,
    /// Its session, in which it starts nothing but helpers.
    pub session: u32,
    /// The process group of the helpers.
    pub group: u32,
    /// Processes below it from before the run, by ID and start time: they are left alone, with all below them.
    pub known: Vec<(u32, u64)>,
    /// True if orphans in other sessions are the run's; the first process of a container adopts everybody's.
    pub adopts: bool,
}

impl RunMarks {
    /// Makes the marks of a run that this process is about to start; there is no group yet.
    pub(crate) fn here() -> Self {
        let root = std::process::id();
        let known = descendants(root).into_iter().filter_map(|pid| Some((pid, stat(pid)?.started)));
        let session = getsid(None).map_or(root, |session| session.as_raw().cast_unsigned());
        RunMarks { root, session, group: 0, known: known.collect(), adopts: root != 1 }
    }

    /// Kills every process of the run but this one.
    pub(crate) fn end(&self) {
        self.end_listed(None, || (below(self.root), sessions::running()));
    }

    /// Does the same, but spares the watchdog: it ends the rest should this process end meanwhile.
    pub(crate) fn end_guarded(&self) {
        self.end_listed(Some(self.group), || (below(self.root), sessions::running()));
    }

    /// Kills every process of a run whose root is gone, but not this one; `list` is the file with the sessions.
    pub(crate) fn end_abandoned(&self, list: &Path) {
        self.end_listed(None, || {
            let (processes, record) = (everybody(), sessions::recorded(list));
            let unlisted =
                record.starting_since_ns.map(|since| unlisted::since(since, self.root, &processes));
            let programs = record.programs.into_iter().chain(unlisted.unwrap_or_default()).collect();
            (processes, programs)
        });
    }

    /// Stops every process of the run; returns those that were not stopped before.
    pub(crate) fn stop(&self) -> Vec<u32> {
        let list = || self.listed(&below(self.root), sessions::running());
        // The watchdog goes on: it ends the others if this process is killed while all are stopped.
        stop_listed(|| list().into_iter().filter(|pid| *pid != self.group).collect())
    }

    fn end_listed(&self, spared: Option<u32>, listing: impl Fn() -> (BTreeMap<u32, Stat>, Vec<u32>)) {
        let list = || {
            let (processes, programs) = listing();
            let listed = self.listed(&processes, programs);
            listed.into_iter().filter(|pid| Some(*pid) != spared).collect()
        };
        // Stopped first, so that none can start a process that is not listed, or orphan one by its own death.
        let mut ended: BTreeSet<u32> = stop_listed(list).into_iter().collect();
        ended.extend(list());
        ended.into_iter().for_each(|pid| signal(pid, Signal::SIGKILL));
    }

    fn listed(&self, processes: &BTreeMap<u32, Stat>, programs: Vec<u32>) -> Vec<u32> {
        let own = std::process::id();
        let members = self.members(processes, &programs.into_iter().collect());
        members.into_keys().filter(|pid| *pid != own).collect()
    }

    /// Returns the processes of the run, each with the reason; `programs` are those that it started.
    fn members(&self, processes: &BTreeMap<u32, Stat>, programs: &BTreeSet<u32>) -> BTreeMap<u32, Reason> {
        let is_known = |pid: &u32, stat: &Stat| self.known.contains(&(*pid, stat.started));
        let mut known: BTreeSet<u32> =
            processes.iter().filter(|(pid, stat)| is_known(pid, stat)).map(|(pid, _)| *pid).collect();
        grow(processes, |pid, stat| {
            let is_marked = stat.group == self.group || programs.contains(&stat.session);
            known.contains(&stat.parent) && !is_marked && known.insert(pid)
        });
        let mut members = BTreeMap::new();
        grow(processes, |pid, stat| {
            if pid == self.root || known.contains(&pid) || members.contains_key(&pid) || stat.has_ended() {
                return false;
            }
            let reason = if stat.group == self.group {
                Reason::Helper
            } else if programs.contains(&pid) || programs.contains(&stat.session) {
                Reason::Program
            } else if members.contains_key(&stat.parent) {
                Reason::Below
            } else if self.adopts && stat.parent == self.root && stat.session != self.session {
                Reason::Orphan
            } else {
                return false;
            };
            members.insert(pid, reason);
            true
        });
        members
    }
}

/// Lets processes go on that were stopped.
pub(crate) fn go_on(stopped: Vec<u32>) {
    // The youngest first: no parent finds its child still stopped.
    stopped.into_iter().rev().for_each(|pid| signal(pid, Signal::SIGCONT));
}

/// Stops what is listed, until nothing new appears; returns what was not stopped before.
fn stop_listed(list: impl Fn() -> Vec<u32>) -> Vec<u32> {
    let mut seen = BTreeSet::new();
    let mut stopped = Vec::new();
    for _ in 0..MAX_LISTINGS {
        let new: Vec<u32> = list().into_iter().filter(|pid| seen.insert(*pid)).collect();
        if new.is_empty() {
            break;
        }
        let running = |pid: &u32| stat(*pid).is_some_and(|stat| !stat.is_stopped());
        let asked: Vec<u32> = new.into_iter().filter(running).collect();
        asked.iter().for_each(|pid| signal(*pid, Signal::SIGSTOP));
        await_stop(&asked);
        stopped.extend(asked);
    }
    stopped
}

/// Waits until processes have stopped that were asked to: until then they may start others.
fn await_stop(asked: &[u32]) {
    let deadline = Instant::now() + STOP_LIMIT;
    let goes_on = |pid: &u32| stat(*pid).is_some_and(|stat| !stat.is_stopped() && !stat.has_ended());
    while asked.iter().any(goes_on) && Instant::now() < deadline {
        thread::sleep(STOP_PERIOD);
    }
}

/// Calls `take` with every process, until it takes no more.
fn grow(processes: &BTreeMap<u32, Stat>, mut take: impl FnMut(u32, &Stat) -> bool) {
    let mut has_grown = true;
    while has_grown {
        has_grown = false;
        for (pid, stat) in processes {
            has_grown |= take(*pid, stat);
        }
    }
}

fn below(root: u32) -> BTreeMap<u32, Stat> {
    described(descendants(root))
}

fn everybody() -> BTreeMap<u32, Stat> {
    described(procfs::processes())
}

fn described(pids: Vec<u32>) -> BTreeMap<u32, Stat> {
    pids.into_iter().filter_map(|pid| Some((pid, stat(pid)?))).collect()
}

fn stat(pid: u32) -> Option<Stat> {
    procfs::process_stat(pid)
}

fn signal(pid: u32, signal: Signal) {
    // The only failure that can happen here is that the process is already gone.
    let _ = kill(Pid::from_raw(pid.cast_signed()), signal);
}

/// Returns the ID of the process group of this process.
pub(crate) fn own_group() -> u32 {
    getpgrp().as_raw().cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONC: u32 = 100;
    const SHELL_SESSION: u32 = 50;
    const WATCHDOG: u32 = 101;

    fn process(parent: u32, group: u32, session: u32) -> Stat {
        Stat::waiting(parent, group, session, 7)
    }

    fn marks() -> RunMarks {
        RunMarks {
            root: CONC,
            session: SHELL_SESSION,
            group: WATCHDOG,
            known: vec![(60, 7), (61, 8)],
            adopts: true,
        }
    }

    fn machine() -> BTreeMap<u32, Stat> {
        BTreeMap::from([
            (CONC, process(50, CONC, SHELL_SESSION)),
            // Started before conc took the place of its shell, and what it starts meanwhile.
            (60, process(CONC, 50, SHELL_SESSION)),
            (160, process(60, 160, 160)),
            (WATCHDOG, process(CONC, WATCHDOG, SHELL_SESSION)),
            (102, process(CONC, WATCHDOG, SHELL_SESSION)),
            (103, process(102, 103, 103)),
            (104, process(103, 104, 103)),
            // A program that conc started itself, and a process whose parent has ended.
            (105, process(CONC, 105, 105)),
            (106, process(1, 107, 105)),
            (108, process(CONC, 108, 108)),
            // The pager of conc, and strangers.
            (109, process(CONC, CONC, SHELL_SESSION)),
            (50, process(1, 50, SHELL_SESSION)),
            (110, process(1, 110, 110)),
        ])
    }

    #[test]
    fn helpers_programs_and_everything_below_them_are_ended_and_nobody_else() {
        let members = marks().members(&machine(), &BTreeSet::from([105]));
        let expected = [
            (WATCHDOG, Reason::Helper),
            (102, Reason::Helper),
            (103, Reason::Below),
            (104, Reason::Below),
            (105, Reason::Program),
            (106, Reason::Program),
            (108, Reason::Orphan),
        ];
        assert_eq!(members, BTreeMap::from(expected));
    }

    #[test]
    fn the_first_process_of_a_container_ends_only_what_it_started() {
        let marks = RunMarks { adopts: false, ..marks() };
        let members = marks.members(&machine(), &BTreeSet::from([105]));
        assert!(!members.contains_key(&108) && members.contains_key(&106));
    }

    #[test]
    fn a_number_that_is_used_again_is_not_known() {
        let mut machine = machine();
        machine.insert(61, process(CONC, 61, 61));
        let members = marks().members(&machine, &BTreeSet::new());
        assert_eq!(members.get(&61), Some(&Reason::Orphan));
        assert_eq!(members.get(&160), None, "its parent is known");
    }

    #[test]
    fn the_end_of_the_root_does_not_hide_its_processes() {
        let mut machine = machine();
        machine.remove(&CONC);
        machine.values_mut().filter(|stat| stat.parent == CONC).for_each(|stat| stat.parent = 1);
        let members = marks().members(&machine, &BTreeSet::from([105]));
        assert_eq!(members.into_keys().collect::<Vec<_>>(), [101, 102, 103, 104, 105, 106]);
    }
}

//! One look at every thread of a process tree.

use std::collections::{HashMap, HashSet};

use crate::host::procfs::{self, Schedstat, Stat};
use crate::host::usage::CpuTime;
use crate::profile::tree::blocked::{self, Blocked};
use crate::profile::waits::{Wait, WaitCounts};

/// Processes with up to this many threads are asked for the children of each at every look, bigger ones
/// in turns: every child is found all the same, a little later.
const ASKED_AT_ONCE: usize = 8;

/// A thread, for as long as it lives: numbers are used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThreadKey {
    /// Its process.
    pub pid: u32,
    /// Its own number.
    pub tid: u32,
    /// When it started, in clock ticks since boot.
    pub started: u64,
}

/// What a thread is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Running, or waiting for a CPU.
    Runnable,
    /// Waiting for something else; `None` if it was over before the kind could be seen.
    Blocked(Option<Wait>),
}

/// One thread as a look found it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Which thread.
    pub key: ThreadKey,
    /// What it is doing.
    pub doing: Doing,
    /// CPU seconds since the last look.
    pub run_s: f64,
    /// Seconds in the run queue since the last look, as far as they are credited.
    pub queued_s: f64,
    /// Whether it was given a CPU since the last look.
    pub was_scheduled: bool,
}

/// What one look found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Look {
    /// The threads of the tree.
    pub threads: Vec<Seen>,
    /// Threads that ran while the look was taken, so that they cannot all have been blocked.
    pub ran_meanwhile: bool,
    /// Whether the process that was started first is there.
    pub has_root: bool,
}

/// What is known of a thread from the looks so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Its name.
    pub name: String,
    /// What the kernel had counted before the profile began.
    pub before: Schedstat,
    /// What it had counted at the last look.
    pub last: Schedstat,
    /// Looks at it.
    pub looks: u64,
    /// Looks that found it runnable.
    pub runnable: u64,
    /// What it waited for in the others.
    pub waited: WaitCounts,
    /// What it waited for when it was last looked at, for as long as it is not scheduled.
    waits: Option<Blocked>,
}

/// User and system ticks of one process, and of its children that were waited for.
#[derive(Debug, Clone, Copy, Default)]
struct Ticks {
    own: [u64; 2],
    children: [u64; 2],
}

/// The ticks of one process since the profile began.
#[derive(Debug, Clone, Copy)]
struct Counted {
    started: u64,
    before: Ticks,
    last: Ticks,
    look: usize,
}

/// Looks at a tree again and again.
#[derive(Debug)]
pub struct Scanner {
    root: u32,
    /// Whether the root belongs to the tree, or only started it.
    with_root: bool,
    /// Clock ticks since boot at which the profile began.
    begun: u64,
    looks: usize,
    known: HashMap<ThreadKey, Known>,
    processes: HashMap<u32, Counted>,
    ticked: [u64; 2],
    sockets: HashSet<(u32, u64)>,
}

impl Scanner {
    /// Looks at the descendants of `root`, and at `root` too if it belongs to the tree.
    pub fn new(root: u32, with_root: bool) -> Self {
        let begun = uptime_ticks();
        Scanner {
            root,
            with_root,
            begun,
            looks: 0,
            known: HashMap::new(),
            processes: HashMap::new(),
            ticked: [0; 2],
            sockets: HashSet::new(),
        }
    }

    /// Every thread ever seen.
    pub fn known(&self) -> &HashMap<ThreadKey, Known> {
        &self.known
    }

    /// CPU time of the tree by the kernel's ticks at the last look that found the root; children that have
    /// ended and were waited for are in it.
    pub fn ticked(&self) -> CpuTime {
        let [user_s, system_s] = self.ticked.map(|ticks| ticks as f64 / procfs::ticks_per_second());
        CpuTime { user_s, system_s }
    }

    /// The kernel's share of the CPU time of a process, if it used at least so many ticks.
    pub fn system_share(&self, pid: u32, least: f64) -> Option<f64> {
        let counted = self.processes.get(&pid)?;
        let [user, system] = since(counted.before.own, counted.last.own).map(|ticks| ticks as f64);
        (user + system >= least).then(|| system / (user + system))
    }

    /// Sockets that were waited for, each with a process that had it, since this was last asked.
    pub fn take_sockets(&mut self) -> HashSet<(u32, u64)> {
        std::mem::take(&mut self.sockets)
    }

    /// Looks once.
    pub fn look(&mut self) -> Look {
        let mut look = Look::default();
        let mut queue = vec![self.root];
        let mut next = 0;
        while let Some(&pid) = queue.get(next) {
            next += 1;
            self.process(pid, &mut look, &mut queue);
        }
        look.has_root = if self.with_root { !look.threads.is_empty() } else { queue.len() > 1 };
        if look.has_root {
            self.ticked = self.sum_ticks();
        }
        look.ran_meanwhile = queue.len() > 2 && self.has_run_since(&look);
        self.looks += 1;
        look
    }

    /// Looks at the threads of one process and adds its children to the queue.
    fn process(&mut self, pid: u32, look: &mut Look, queue: &mut Vec<u32>) {
        let Some(stat) = procfs::process_stat(pid) else { return };
        let threads = if stat.threads <= 1 { vec![pid] } else { procfs::threads(pid) };
        let groups = threads.len().div_ceil(ASKED_AT_ONCE);
        for (i, tid) in threads.iter().enumerate() {
            if i == 0 || i % groups == self.looks % groups {
                queue.extend(procfs::children(pid, *tid));
            }
        }
        self.count(pid, &stat);
        if pid == self.root && !self.with_root {
            return;
        }
        if threads.len() == 1 {
            look.threads.extend(self.thread(pid, pid, stat));
            return;
        }
        for tid in threads {
            look.threads.extend(procfs::thread_stat(pid, tid).and_then(|stat| self.thread(pid, tid, stat)));
        }
    }

    fn count(&mut self, pid: u32, stat: &Stat) {
        let now = Ticks { own: stat.own_ticks, children: stat.children_ticks };
        let before = if stat.started >= self.begun { Ticks::default() } else { now };
        let first = Counted { started: stat.started, before, last: before, look: self.looks };
        let counted = self.processes.entry(pid).or_insert(first);
        if counted.started != stat.started {
            *counted = first;
        }
        counted.last = now;
        counted.look = self.looks;
    }

    /// Adds up the ticks of the processes that this look found; those that have ended are in the ticks of
    /// whoever waited for them.
    fn sum_ticks(&self) -> [u64; 2] {
        let mut sum = [0; 2];
        for (pid, counted) in self.processes.iter().filter(|(_, counted)| counted.look == self.looks) {
            let is_counted = self.with_root || *pid != self.root;
            let own = if is_counted { since(counted.before.own, counted.last.own) } else { [0; 2] };
            let children = since(counted.before.children, counted.last.children);
            sum = [sum[0] + own[0] + children[0], sum[1] + own[1] + children[1]];
        }
        sum
    }

    fn thread(&mut self, pid: u32, tid: u32, stat: Stat) -> Option<Seen> {
        if matches!(stat.state, 'Z' | 'X') {
            return None;
        }
        let now = procfs::schedstat(pid, tid)?;
        let key = ThreadKey { pid, tid, started: stat.started };
        // What started before is measured from here on, what started since from its start.
        let before = if stat.started >= self.begun { Schedstat::default() } else { now };
        let known = self.known.entry(key).or_insert_with(|| Known {
            name: String::new(),
            before,
            last: before,
            looks: 0,
            runnable: 0,
            waited: WaitCounts::default(),
            waits: None,
        });
        let was_scheduled = now.slices != known.last.slices || now.run_ns != known.last.run_ns;
        let (run_s, queued_s) = elapsed(known.last, now);
        known.last = now;
        if known.name != stat.name {
            known.name = stat.name;
        }
        known.looks += 1;
        let doing = if stat.state == 'R' {
            known.waits = None;
            known.runnable += 1;
            Doing::Runnable
        } else {
            if was_scheduled || known.waits.is_none() {
                known.waits = blocked::look(pid, tid, stat.state);
                self.sockets.extend(known.waits.and_then(|blocked| Some((pid, blocked.socket?))));
            }
            let wait = known.waits.map(|blocked| blocked.wait);
            wait.into_iter().for_each(|wait| known.waited.add(wait, 1.0));
            Doing::Blocked(wait)
        };
        Some(Seen { key, doing, run_s, queued_s, was_scheduled })
    }

    /// Whether any of the threads that work has been given a CPU since it was looked at.
    fn has_run_since(&self, look: &Look) -> bool {
        look.threads.iter().filter(|seen| seen.was_scheduled).any(|seen| {
            let now = procfs::schedstat(seen.key.pid, seen.key.tid);
            now.is_none_or(|now| now.slices != self.known[&seen.key].last.slices)
        })
    }
}

fn since(before: [u64; 2], after: [u64; 2]) -> [u64; 2] {
    [after[0].saturating_sub(before[0]), after[1].saturating_sub(before[1])]
}

/// Seconds run and queued between two readings.
fn elapsed(before: Schedstat, after: Schedstat) -> (f64, f64) {
    let seconds = |before: u64, after: u64| after.saturating_sub(before) as f64 * 1e-9;
    (seconds(before.run_ns, after.run_ns), seconds(before.wait_ns, after.wait_ns))
}

impl Known {
    /// Seconds run and queued during the profile.
    pub fn total_s(&self) -> (f64, f64) {
        elapsed(self.before, self.last)
    }
}

/// Clock ticks since boot.
fn uptime_ticks() -> u64 {
    let text = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    let seconds: f64 = text.split_whitespace().next().and_then(|s| s.parse().ok()).unwrap_or(0.0);
    (seconds * procfs::ticks_per_second()) as u64
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::Read;
    use std::process::{Command, Stdio};

    use super::*;
    use crate::host::process::kill_tree;

    #[test]
    fn a_tree_is_seen_with_what_it_waits_for() {
        let mut shell = Command::new("sh")
            .args(["-c", "sleep 600 & echo ready; wait"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh");
        let mut ready = [0; 5];
        shell.stdout.as_mut().expect("piped").read_exact(&mut ready).expect("ready");
        let mut scanner = Scanner::new(shell.id(), true);
        let asleep = |look: &Look| {
            let waits: Vec<_> = look.threads.iter().map(|seen| seen.doing).collect();
            waits == [Doing::Blocked(Some(Wait::Child)), Doing::Blocked(Some(Wait::Sleep))]
        };
        let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
        let mut look = scanner.look();
        while !asleep(&look) {
            assert!(std::time::Instant::now() < until, "{look:?}");
            look = scanner.look();
        }
        let names: HashSet<_> = scanner.known().values().map(|known| known.name.as_str()).collect();
        assert_eq!(names, HashSet::from(["sh", "sleep"]));
        let below = Scanner::new(shell.id(), false).look();
        assert_eq!(below.threads.len(), 1, "the root itself is left out");
        kill_tree(shell.id());
        shell.wait().expect("ended");
        assert_eq!(Scanner::new(shell.id(), true).look(), Look::default());
    }

    #[test]
    fn a_thread_is_measured_from_when_the_profile_begins() {
        let mut scanner = Scanner::new(std::process::id(), true);
        scanner.look();
        let pid = std::process::id();
        let known = scanner.known().iter().find(|(key, _)| key.tid == pid).expect("the main thread");
        assert_eq!(known.1.total_s(), (0.0, 0.0));
    }
}

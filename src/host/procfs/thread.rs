//! Processes and threads: `stat`, `schedstat`, `task` and `children`.

use super::read;

/// One line of `/proc/PID/task/TID/stat`, or of `/proc/PID/stat`, which sums up over threads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// The name of the program or thread, at most 15 bytes.
    pub name: String,
    /// `R` runnable, `S` waiting, `D` waiting uninterruptibly, `T` stopped, `Z` and `X` ended.
    pub state: char,
    /// ID of the parent.
    pub parent: u32,
    /// ID of the process group.
    pub group: u32,
    /// ID of the session.
    pub session: u32,
    /// User and system time, in clock ticks.
    pub own_ticks: [u64; 2],
    /// User and system time of children that were waited for, in clock ticks.
    pub children_ticks: [u64; 2],
    /// Threads of the process.
    pub threads: u64,
    /// Start time, in clock ticks since boot.
    pub started: u64,
}

impl Stat {
    /// Returns a process of one thread that waits, for tests.
    #[cfg(test)]
    pub(crate) fn waiting(parent: u32, group: u32, session: u32, started: u64) -> Self {
        Stat {
            name: "p".to_owned(),
            state: 'S',
            parent,
            group,
            session,
            own_ticks: [0; 2],
            children_ticks: [0; 2],
            threads: 1,
            started,
        }
    }

    /// Returns whether a signal has stopped the process; a debugger that stops it does not count.
    pub fn is_stopped(&self) -> bool {
        self.state == 'T'
    }

    /// Returns whether the thread, or the last thread of the process, has ended.
    pub fn has_ended(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

/// One line of `/proc/PID/task/TID/schedstat`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Schedstat {
    /// Nanoseconds on a CPU.
    pub run_ns: u64,
    /// Nanoseconds in the run queue; credited when the thread is scheduled, hence late.
    pub wait_ns: u64,
    /// Number of times that the thread was given a CPU.
    pub slices: u64,
}

/// Returns whether this system has `/proc` as Linux fills it.
pub(crate) fn is_available() -> bool {
    cfg!(target_os = "linux") && process_stat(std::process::id()).is_some()
}

/// Returns clock ticks per second, the kernel's unit of CPU time.
pub(crate) fn ticks_per_second() -> f64 {
    let ticks = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK).ok().flatten();
    ticks.filter(|ticks| *ticks > 0).map_or(100.0, |ticks| ticks as f64)
}

/// Reads `/proc/PID/task/TID/stat`.
pub(crate) fn thread_stat(pid: u32, tid: u32) -> Option<Stat> {
    read::line(&format!("/proc/{pid}/task/{tid}/stat"), parse_stat)
}

/// Reads `/proc/PID/stat`.
pub fn process_stat(pid: u32) -> Option<Stat> {
    read::line(&format!("/proc/{pid}/stat"), parse_stat)
}

/// Reads `/proc/PID/task/TID/schedstat`.
pub(crate) fn schedstat(pid: u32, tid: u32) -> Option<Schedstat> {
    read::line(&format!("/proc/{pid}/task/{tid}/schedstat"), parse_schedstat)
}

/// Reads `/proc/thread-self/schedstat`, of the calling thread.
pub(crate) fn own_schedstat() -> Option<Schedstat> {
    read::line("/proc/thread-self/schedstat", parse_schedstat)
}

/// Reads `/proc/PID/environ`: the entries with which the program started, each with a zero byte at its end.
pub(crate) fn environment(pid: u32) -> Option<Vec<u8>> {
    std::fs::read(format!("/proc/{pid}/environ")).ok()
}

/// Returns every process of the machine.
pub(crate) fn processes() -> Vec<u32> {
    numbers("/proc")
}

/// Returns the threads of a process.
pub(crate) fn threads(pid: u32) -> Vec<u32> {
    numbers(&format!("/proc/{pid}/task"))
}

/// Returns the entries of a directory that are numbers.
fn numbers(directory: &str) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Returns the children that one thread has started.
pub(crate) fn children(pid: u32, tid: u32) -> Vec<u32> {
    let list = read::text(&format!("/proc/{pid}/task/{tid}/children"), |text| Some(parse_children(text)));
    list.unwrap_or_default()
}

pub(super) fn parse_stat(line: &str) -> Option<Stat> {
    // The name in parentheses may itself hold parentheses and spaces.
    let (head, tail) = line.rsplit_once(") ")?;
    let name = head.split_once('(')?.1.to_owned();
    // The first field here is the third of proc_pid_stat(5).
    let fields: Vec<&str> = tail.split(' ').collect();
    let number = |field: usize| fields.get(field - 3)?.parse().ok();
    let id = |field: usize| fields.get(field - 3)?.parse().ok();
    Some(Stat {
        name,
        state: fields.first()?.chars().next()?,
        parent: id(4)?,
        group: id(5)?,
        session: id(6)?,
        own_ticks: [number(14)?, number(15)?],
        children_ticks: [number(16)?, number(17)?],
        threads: number(20)?,
        started: number(22)?,
    })
}

pub(super) fn parse_schedstat(line: &str) -> Option<Schedstat> {
    let mut fields = line.split_whitespace().map(str::parse);
    let mut next = || fields.next()?.ok();
    Some(Schedstat { run_ns: next()?, wait_ns: next()?, slices: next()? })
}

pub(super) fn parse_children(text: &str) -> Vec<u32> {
    text.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let line = "7 (a) b (c) S 1 6 5 0 -1 4194560 99 0 0 0 12 34 56 78 20 0 3 0 4242 1 2";
        let stat = parse_stat(line).expect("a valid line");
        assert_eq!((stat.name.as_str(), stat.state, stat.threads), ("a) b (c", 'S', 3));
        assert_eq!((stat.own_ticks, stat.children_ticks, stat.started), ([12, 34], [56, 78], 4242));
        assert_eq!((stat.parent, stat.group, stat.session), (1, 6, 5));
        assert!(!stat.has_ended());
        assert_eq!(parse_stat("7 (cut off) S 1"), None);
    }

    #[test]
    fn schedstat_has_run_time_wait_time_and_slices() {
        let expected = Schedstat { run_ns: 1_552_092, wait_ns: 17, slices: 2 };
        assert_eq!(parse_schedstat("1552092 17 2"), Some(expected));
        assert_eq!(parse_schedstat("1552092 17"), None);
    }

    #[test]
    fn children_are_a_list_of_numbers() {
        assert_eq!(parse_children("12 34 \n"), [12, 34]);
        assert!(parse_children("").is_empty());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_seen() {
        let pid = std::process::id();
        let stat = process_stat(pid).expect("this process");
        assert!(stat.threads >= 1 && !stat.name.is_empty());
        assert!(threads(pid).contains(&pid));
        assert!(schedstat(pid, pid).is_some() && own_schedstat().is_some());
        assert_eq!(process_stat(u32::MAX >> 1), None);
    }
}

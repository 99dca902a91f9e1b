//! What Linux tells about single threads and the whole machine under `/proc`.
//!
//! Every reader gives `None` for a thread that is gone, and everywhere else than on Linux.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;

/// The longest line that is read here; `stat` has about 350 bytes.
const LONGEST: usize = 1024;

/// One line of `/proc/PID/task/TID/stat`, or of `/proc/PID/stat`, which sums up over threads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// The name of the program or thread, at most 15 bytes.
    pub name: String,
    /// `R` runnable, `S` waiting, `D` waiting uninterruptibly, `T` stopped, `Z` and `X` ended.
    pub state: char,
    /// User and system time, in clock ticks.
    pub own_ticks: [u64; 2],
    /// User and system time of children that were waited for, in clock ticks.
    pub children_ticks: [u64; 2],
    /// Threads of the process.
    pub threads: u64,
    /// When it started, in clock ticks since boot.
    pub started: u64,
}

/// One line of `/proc/PID/task/TID/schedstat`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Schedstat {
    /// Nanoseconds on a CPU.
    pub run_ns: u64,
    /// Nanoseconds in the run queue; credited when the thread is scheduled, hence late.
    pub wait_ns: u64,
    /// How often it was given a CPU.
    pub slices: u64,
}

/// The system call that a thread is blocked in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syscall {
    /// Its number, as in `libc::SYS_read`; -1 outside of any.
    pub number: i64,
    /// Its arguments.
    pub arguments: [u64; 6],
}

/// CPU seconds of the whole machine since boot, of all CPUs together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MachineCpu {
    /// Used by anything.
    pub busy_s: f64,
    /// Wanted, but taken by the hypervisor.
    pub stolen_s: f64,
}

/// Clock ticks per second, in which the kernel tells CPU time.
pub fn ticks_per_second() -> f64 {
    let said = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK).ok().flatten();
    said.filter(|ticks| *ticks > 0).map_or(100.0, |ticks| ticks as f64)
}

/// Reads `/proc/PID/task/TID/stat`.
pub fn thread_stat(pid: u32, tid: u32) -> Option<Stat> {
    read(&format!("/proc/{pid}/task/{tid}/stat"), parse_stat)
}

/// Reads `/proc/PID/stat`.
pub fn process_stat(pid: u32) -> Option<Stat> {
    read(&format!("/proc/{pid}/stat"), parse_stat)
}

/// Reads `/proc/PID/task/TID/schedstat`.
pub fn schedstat(pid: u32, tid: u32) -> Option<Schedstat> {
    read(&format!("/proc/{pid}/task/{tid}/schedstat"), parse_schedstat)
}

/// The kernel function that a thread sleeps in; `0` while it runs or where it is kept secret.
pub fn wchan(pid: u32, tid: u32) -> Option<String> {
    read(&format!("/proc/{pid}/task/{tid}/wchan"), |text| Some(text.to_owned()))
}

/// The system call that a thread is blocked in; `None` while it runs.
pub fn syscall(pid: u32, tid: u32) -> Option<Syscall> {
    read(&format!("/proc/{pid}/task/{tid}/syscall"), parse_syscall)
}

/// The threads of a process.
pub fn threads(pid: u32) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// The children that one thread has started.
pub fn children(pid: u32, tid: u32) -> Vec<u32> {
    let list = std::fs::read_to_string(format!("/proc/{pid}/task/{tid}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

/// Fills `bytes` from the memory of another process; false where that is not allowed.
pub fn memory(pid: u32, address: u64, bytes: &mut [u8]) -> bool {
    File::open(format!("/proc/{pid}/mem")).is_ok_and(|file| file.read_exact_at(bytes, address).is_ok())
}

/// The descriptors that an epoll instance watches, by `/proc/PID/fdinfo/FD`.
pub fn watched(pid: u32, epoll: u64) -> Vec<u64> {
    let info = std::fs::read_to_string(format!("/proc/{pid}/fdinfo/{epoll}")).unwrap_or_default();
    let target = |line: &str| line.strip_prefix("tfd:")?.split_whitespace().next()?.parse().ok();
    info.lines().filter_map(target).collect()
}

/// CPU time of the whole machine so far.
pub fn machine_cpu() -> Option<MachineCpu> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    parse_machine_cpu(text.lines().next()?, ticks_per_second())
}

/// Seconds since boot in which some task waited for a CPU (pressure stall information).
pub fn cpu_stall_s() -> Option<f64> {
    parse_stall(&std::fs::read_to_string("/proc/pressure/cpu").ok()?)
}

/// Reads one line without asking for its length first, which `/proc` does not know.
fn read<T>(path: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    let mut buffer = [0; LONGEST];
    let length = File::open(path).ok()?.read(&mut buffer).ok()?;
    parse(String::from_utf8_lossy(&buffer[..length]).trim_end())
}

fn parse_stat(line: &str) -> Option<Stat> {
    // The name in parentheses may itself hold parentheses and spaces.
    let (head, tail) = line.rsplit_once(") ")?;
    let name = head.split_once('(')?.1.to_owned();
    // The first field here is the third of proc_pid_stat(5).
    let fields: Vec<&str> = tail.split(' ').collect();
    let number = |field: usize| fields.get(field - 3)?.parse().ok();
    Some(Stat {
        name,
        state: fields.first()?.chars().next()?,
        own_ticks: [number(14)?, number(15)?],
        children_ticks: [number(16)?, number(17)?],
        threads: number(20)?,
        started: number(22)?,
    })
}

fn parse_schedstat(line: &str) -> Option<Schedstat> {
    let mut fields = line.split_whitespace().map(str::parse);
    let mut next = || fields.next()?.ok();
    Some(Schedstat { run_ns: next()?, wait_ns: next()?, slices: next()? })
}

fn parse_syscall(line: &str) -> Option<Syscall> {
    let mut fields = line.split_whitespace();
    let number = fields.next()?.parse().ok()?;
    let mut arguments = [0; 6];
    for (argument, text) in arguments.iter_mut().zip(fields) {
        *argument = u64::from_str_radix(text.trim_start_matches("0x"), 16).ok()?;
    }
    Some(Syscall { number, arguments })
}

/// Parses `cpu user nice system idle iowait irq softirq steal …`; guest time is in user time already.
fn parse_machine_cpu(line: &str, ticks: f64) -> Option<MachineCpu> {
    let fields: Vec<f64> = line.strip_prefix("cpu ")?.split_whitespace().flat_map(str::parse).collect();
    let [user, nice, system, _idle, _iowait, irq, softirq, steal, ..] = fields[..] else { return None };
    Some(MachineCpu { busy_s: (user + nice + system + irq + softirq) / ticks, stolen_s: steal / ticks })
}

/// Takes `total`, in microseconds, out of the line `some avg10=3.20 … total=9201059`.
fn parse_stall(text: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with("some "))?;
    let total = line.split_whitespace().find_map(|field| field.strip_prefix("total="))?;
    total.parse::<f64>().ok().map(|us| us * 1e-6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let line = "7 (a) b (c) S 1 7 7 0 -1 4194560 99 0 0 0 12 34 56 78 20 0 3 0 4242 1 2";
        let stat = parse_stat(line).expect("a valid line");
        assert_eq!((stat.name.as_str(), stat.state, stat.threads), ("a) b (c", 'S', 3));
        assert_eq!((stat.own_ticks, stat.children_ticks, stat.started), ([12, 34], [56, 78], 4242));
        assert_eq!(parse_stat("7 (cut off) S 1"), None);
    }

    #[test]
    fn a_blocked_thread_tells_its_call_and_a_running_one_does_not() {
        let line = "7 0x7f1e4ffa46f0 0x1 0xbb8 0x1 0x0 0x0 0x7ffc09a7ee38 0x7f1e5011a230";
        let call = parse_syscall(line).expect("a valid line");
        assert_eq!((call.number, call.arguments), (7, [0x7f1e_4ffa_46f0, 1, 3000, 1, 0, 0]));
        assert_eq!(parse_syscall("-1 0x7ffc09a7ee38 0x7f1e5011a230").map(|call| call.number), Some(-1));
        assert_eq!(parse_syscall("running"), None);
    }

    #[test]
    fn the_machine_tells_its_time_and_its_stalls() {
        let cpu = parse_machine_cpu("cpu  100 20 30 1000 9 1 2 50 7 0", 100.0);
        assert_eq!(cpu, Some(MachineCpu { busy_s: 1.53, stolen_s: 0.5 }));
        assert_eq!(parse_stall("some avg10=0.19 total=3000000\nfull total=1\n"), Some(3.0));
        assert_eq!(parse_stall("full total=1\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_seen() {
        let pid = std::process::id();
        let stat = process_stat(pid).expect("this process");
        assert!(stat.threads >= 1 && !stat.name.is_empty());
        assert!(threads(pid).contains(&pid));
        assert!(schedstat(pid, pid).is_some());
        let word = 0x1234_5678_u32;
        let mut copy = [0; 4];
        assert!(memory(pid, (&raw const word) as u64, &mut copy));
        assert_eq!(u32::from_ne_bytes(copy), word);
        assert_eq!(process_stat(u32::MAX >> 1), None);
    }
}

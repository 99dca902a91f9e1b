//! Samples of real process trees.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use conc::internal::{
    DescriptorKind, ProcfsSampler, Snapshot, SysinfoSampler, Target, ThreadState, WaitKind, kill_tree,
};

/// Longer than anything here takes on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(300);

#[test]
fn a_tree_is_seen_with_what_it_waits_for() {
    let mut shell = Command::new("sh")
        .args(["-c", "sleep 600 & echo ready; wait"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("sh can be run");
    let mut ready = [0; 5];
    shell.stdout.as_mut().expect("piped").read_exact(&mut ready).expect("it says when it is ready");
    let target = |includes_root| Target { root: shell.id(), includes_root, runs_tasks: false };
    let mut sampler = ProcfsSampler::new(target(true));
    let is_asleep = |snapshot: &Snapshot| {
        let states: Vec<_> = snapshot.threads.iter().map(|thread| thread.state).collect();
        let expected = [WaitKind::Child, WaitKind::Sleep].map(|wait| ThreadState::Blocked(Some(wait)));
        states == expected
    };
    let end = Instant::now() + PATIENCE;
    let mut snapshot = sampler.snapshot();
    while !is_asleep(&snapshot) {
        assert!(Instant::now() < end, "{snapshot:?}");
        snapshot = sampler.snapshot();
    }
    let names: HashSet<_> = sampler.records().values().map(|record| record.name.as_str()).collect();
    assert_eq!(names, HashSet::from(["sh", "sleep"]));
    let below = ProcfsSampler::new(target(false)).snapshot();
    assert_eq!(below.threads.len(), 1, "the root itself is left out");
    kill_tree(shell.id());
    shell.wait().expect("ended");
    let gone = Target { root: shell.id(), includes_root: true, runs_tasks: false };
    assert_eq!(ProcfsSampler::new(gone).snapshot(), Snapshot::default());
}

#[test]
fn the_portable_way_sees_a_process_run_and_none_where_it_is_gone() {
    let target = |root| Target { root, includes_root: true, runs_tasks: false };
    let mut own = SysinfoSampler::new(target(std::process::id())).expect("sysinfo knows this system");
    let (first, is_there) = own.interval(0.0, 0.0);
    assert!(is_there);
    assert_eq!(first.cpu.run_s, 0.0);
    // CPU time is reported in steps of 10 ms.
    let end = Instant::now() + PATIENCE;
    let mut run_s = 0.0;
    while run_s == 0.0 && Instant::now() < end {
        run_s += own.interval(1.0, 1.0).0.cpu.run_s;
    }
    assert!(run_s > 0.0);
    let mut gone = SysinfoSampler::new(target(u32::MAX >> 1)).expect("sysinfo knows this system");
    let (interval, is_there) = gone.interval(0.0, 1.0);
    assert_eq!((interval.samples, is_there), (0.0, false));
}

#[test]
fn a_named_pipe_is_a_pipe_whatever_its_name() {
    let directory = tempfile::tempdir().expect("a directory");
    let named = directory.path().join("looks-like-a-file.txt");
    assert!(Command::new("mkfifo").arg(&named).status().expect("mkfifo can be run").success());
    let pipe = OpenOptions::new().read(true).write(true).open(&named).expect("opened");
    let fd = u64::try_from(pipe.as_raw_fd()).expect("an open descriptor");
    assert!(matches!(DescriptorKind::of(std::process::id(), fd), DescriptorKind::Pipe { .. }));
}

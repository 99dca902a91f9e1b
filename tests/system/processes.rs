//! Processes of the operating system: watching them, killing them, and the resources they used.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use conc::internal::{MemoryGuard, descendants, kill_tree, process_stat, resident_of_tree, thread_cpu};

/// Longer than anything here takes on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Starts a shell, and waits until it has said that it is ready.
fn shell(line: &str) -> Child {
    let mut shell =
        Command::new("sh").args(["-c", line]).stdout(Stdio::piped()).spawn().expect("sh can be run");
    let mut ready = [0; 5];
    shell.stdout.as_mut().expect("piped").read_exact(&mut ready).expect("it says when it is ready");
    shell
}

fn wait_until(mut is_over: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_over() {
        assert!(Instant::now() < end, "it does not happen");
        std::thread::yield_now();
    }
}

#[test]
fn a_tree_is_killed_to_its_leaves() {
    let mut shell = shell("sleep 600 & echo ready; wait");
    let below = descendants(shell.id());
    assert_eq!(below.len(), 1);
    kill_tree(shell.id());
    assert!(!shell.wait().expect("wait").success());
    // The kill is asynchronous, and somebody else reaps the orphan.
    wait_until(|| process_stat(below[0]).is_none_or(|stat| stat.has_ended()));
}

#[test]
fn a_process_that_holds_too_much_is_killed_and_one_that_does_not_is_left_alone() {
    let (mut greedy, mut modest) = (shell("echo ready; sleep 600"), shell("echo ready; exec sleep 600"));
    assert!(resident_of_tree(greedy.id()) > 0);
    let strict = MemoryGuard::watch(greedy.id(), 0);
    let lenient = MemoryGuard::watch(modest.id(), u64::MAX);
    // Watched without being reaped, as the guard demands.
    wait_until(|| process_stat(greedy.id()).is_none_or(|stat| stat.has_ended()));
    assert!(strict.end() && !lenient.end());
    assert!(!greedy.wait().expect("wait").success());
    assert!(modest.try_wait().expect("wait").is_none());
    modest.kill().and_then(|()| modest.wait()).expect("killed");
}

#[test]
fn cpu_time_of_a_thread_starts_with_the_thread() {
    let here = thread_cpu();
    while thread_cpu() < here + Duration::from_millis(20) {
        std::hint::spin_loop();
    }
    let there = std::thread::spawn(thread_cpu).join().expect("the thread ends");
    assert!(there < thread_cpu());
}

//! Kinds of waits of real programs: event loops, timers, children, signals, and processes of one tree.
//!
//! Each program waits for one thing for most of its time, or computes in a child, and the profile says so.

use std::process::{Command, Stdio};

use serde_json::Value;

mod common;

/// Calls a function of the C library that Python has none for.
const LIBC: &str = "import ctypes, os, struct, subprocess, time\nlibc = ctypes.CDLL(None, use_errno=True)\n";

/// Python source that computes for 1.2 s.
const COMPUTE: &str = "import time\\nwhile time.process_time() < 1.2: pass";

/// Returns the profile of a command, for three seconds at most.
fn profile(command: &[&str]) -> Value {
    let output = Command::new(common::exe())
        .args(["profile", "--json", "--for", "3s", "--"])
        .args(command)
        .stdin(Stdio::null())
        .output()
        .expect("conc");
    let document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    document["profile"].clone()
}

fn python(source: &str) -> Value {
    profile(&["python3", "-c", source])
}

/// Checks the class and the share of one kind of wait, with a margin for a busy machine.
#[track_caller]
fn assert_waits(profile: &Value, class: &str, wait: &str) {
    let waits = &profile["waits"];
    let share = waits[wait].as_f64().unwrap_or_else(|| panic!("no kind '{wait}': {waits}"));
    assert!(profile["class"] == class && share > 0.6, "{wait} of {class}: {}: {waits}", profile["class"]);
}

#[test]
fn an_event_loop_that_sleeps_waits_for_a_timer() {
    assert_waits(&python("import asyncio; asyncio.run(asyncio.sleep(2))"), "io-bound", "sleep");
    let eventfd = "import select\nloop = select.epoll()\nloop.register(libc.eventfd(0, 0), select.EPOLLIN)\n\
                   loop.poll(2)";
    assert_waits(&python(&[LIBC, eventfd].concat()), "io-bound", "sleep");
    let pipe = "import os, select\nreader, writer = os.pipe()\nselect.select([reader], [], [], 2)";
    assert_waits(&python(pipe), "io-bound", "sleep");
}

#[test]
fn a_lock_that_runs_into_its_time_limit_is_a_timer() {
    assert_waits(&python("import threading; threading.Event().wait(2)"), "io-bound", "sleep");
    let queue = "import queue\nfor _ in range(4):\n    try: queue.Queue().get(timeout=0.5)\n    except queue.Empty: pass";
    assert_waits(&python(queue), "io-bound", "sleep");
}

#[test]
fn a_lock_that_is_held_is_a_lock() {
    let held = "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()";
    assert_waits(&python(held), "io-bound", "lock");
    // Nothing ends this wait while it is looked at.
    let limited = "import threading\nthreading.Event().wait(60)";
    assert_waits(&python(limited), "io-bound", "lock_or_timer");
}

#[test]
fn what_a_driver_awaits_is_the_child() {
    let awaits = format!(
        "import asyncio, sys\nasync def main():\n    child = await asyncio.create_subprocess_exec(\
         sys.executable, '-c', '{COMPUTE}')\n    await child.wait()\nasyncio.run(main())"
    );
    let profile = python(&awaits);
    assert_eq!(profile["class"], "cpu-bound", "{}", profile["waits"]);
}

#[test]
fn a_wait_after_children_is_no_wait_for_one() {
    let children = "for _ in range(100): subprocess.run(['true'])\n";
    let signal = "import signal; signal.pause()";
    assert_waits(&python(&[LIBC, children, signal].concat()), "io-bound", "signal");
    // A timer that is read as a descriptor, with short children in between.
    let timer = "fd = libc.timerfd_create(1, 0)\n\
                 libc.timerfd_settime(fd, 0, struct.pack('qqqq', 0, 0, 0, 700_000_000), None)\n\
                 os.read(fd, 8)\nsubprocess.run(['true'])\n"
        .repeat(4);
    assert_waits(&python(&[LIBC, &timer].concat()), "io-bound", "sleep");
}

#[test]
fn processes_of_one_tree_are_no_network() {
    let child = |send: &str| {
        format!(
            "if os.fork() == 0:\n    for i in range(1, 7):\n        while time.process_time() < i * 0.2: pass\n        \
             {send}.send(b'x')\n    os._exit(0)\n"
        )
    };
    let pair = format!(
        "import os, socket, time\nmine, its = socket.socketpair()\n{}its.close()\nwhile mine.recv(1): pass",
        child("its")
    );
    let tcp = format!(
        "import os, socket, time\nserver = socket.create_server(('127.0.0.1', 0))\n\
         mine = socket.create_connection(server.getsockname())\nits, _ = server.accept()\nserver.close()\n{}\
         its.close()\nwhile mine.recv(1): pass",
        child("its")
    );
    for program in [pair, tcp] {
        let profile = python(&program);
        assert_eq!(profile["class"], "cpu-bound", "{}", profile["waits"]);
        assert!(profile["waits"]["network"].as_f64() < Some(0.3), "{}", profile["waits"]);
        let unknown = profile["tree"]["unknown"].to_string();
        assert!(!unknown.contains("server"), "{unknown}");
    }
}

#[test]
fn a_watch_on_files_is_no_network() {
    let directory = tempfile::tempdir().expect("a directory");
    let log = directory.path().join("log");
    std::fs::write(&log, "a line\n").expect("a file");
    let profile = profile(&["tail", "-f", log.to_str().expect("a path in UTF-8")]);
    assert_waits(&profile, "io-bound", "other");
    assert!(!profile["tree"]["unknown"].to_string().contains("server"), "{}", profile["tree"]["unknown"]);
}

#[test]
fn a_parent_that_asks_whether_its_child_has_ended_does_not_hide_it() {
    let polls = "import os, time\nreader, writer = os.pipe()\nchild = os.fork()\nif child == 0:\n    \
                 end = time.monotonic() + 2\n    while time.monotonic() < end:\n        \
                 begun = time.process_time()\n        while time.process_time() < begun + 0.01: pass\n        \
                 time.sleep(0.01)\n    os._exit(0)\nwhile os.waitpid(child, os.WNOHANG) == (0, 0): time.sleep(0.01)";
    let workers = python(polls)["tree"]["workers"]["at_once"].as_f64().expect("a number");
    assert!(workers < 1.3, "{workers}");
}

//! `conc run` and signals: it ends by degrees, leaves nothing behind, and its width can be changed.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::Write;
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::sandbox::{Sandbox, wait_until};

fn spawn(sandbox: &Sandbox, arguments: &[&str]) -> Child {
    let file = |name| fs::File::create(sandbox.path(name)).unwrap();
    let mut command = sandbox.command(arguments);
    command.stdin(Stdio::piped()).stdout(file("stdout")).stderr(file("stderr")).spawn().unwrap()
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
}

fn ends(sandbox: &Sandbox, child: &mut Child) -> Option<i32> {
    let mut status = None;
    assert!(wait_until(|| {
        status = child.try_wait().unwrap();
        status.is_some()
    }));
    sandbox.assert_nothing_is_left();
    status.unwrap().code()
}

fn has(sandbox: &Sandbox, name: &str) -> bool {
    wait_until(|| sandbox.path(name).exists())
}

#[test]
fn the_first_interrupt_lets_what_runs_end() {
    let sandbox = Sandbox::new();
    let script = "touch started{}; while [ ! -e go ]; do sleep 0.01; done; echo {}";
    let mut child =
        spawn(&sandbox, &["run", "-j2", "--journal", "j", "--shell", "--", script, ":::", "1", "2", "3"]);
    assert!(has(&sandbox, "started1") && has(&sandbox, "started2"));
    signal(&child, Signal::SIGINT);
    // The same request, as `timeout` sends it to its child and to its group.
    signal(&child, Signal::SIGTERM);
    let stderr = || fs::read_to_string(sandbox.path("stderr")).unwrap();
    assert!(wait_until(|| stderr().contains("a second interrupt kills them")), "{}", stderr());
    fs::write(sandbox.path("go"), "").unwrap();
    assert_eq!(ends(&sandbox, &mut child), Some(130));
    let out = fs::read_to_string(sandbox.path("stdout")).unwrap();
    assert!(out.contains("1\n") && out.contains("2\n") && !out.contains('3'), "{out}");
    assert!(stderr().contains("1 not run") && stderr().contains("--resume runs the rest"), "{}", stderr());
    sandbox
        .run(&["run", "--journal", "j", "--resume", "--shell", "--", script, ":::", "1", "2", "3"])
        .success()
        .stdout("3\n");
}

#[test]
fn the_second_interrupt_kills_what_runs() {
    for first in [Signal::SIGINT, Signal::SIGTERM] {
        let sandbox = Sandbox::new();
        let script = "touch started{}; trap '' INT TERM; sleep 600 & wait";
        let mut child = spawn(&sandbox, &["run", "-j2", "--shell", "--", script, ":::", "1", "2", "3"]);
        assert!(has(&sandbox, "started1") && has(&sandbox, "started2"));
        signal(&child, first);
        let stderr = || fs::read_to_string(sandbox.path("stderr")).unwrap();
        assert!(wait_until(|| stderr().contains("a second interrupt kills them")), "{}", stderr());
        let mut status = None;
        // Repeatedly, because one that follows at once is the same request.
        assert!(wait_until(|| {
            signal(&child, Signal::SIGTERM);
            status = child.try_wait().unwrap();
            status.is_some()
        }));
        assert_eq!(status.unwrap().code(), Some(130));
        sandbox.assert_nothing_is_left();
        assert!(!sandbox.path("started3").exists());
    }
}

#[test]
fn what_only_gets_ready_is_not_waited_for() {
    let module = "import pathlib, time\npathlib.Path('importing').touch()\nwhile True:\n    time.sleep(60)\n";
    let sandbox = Sandbox::with("tasks.py", module);
    let mut child = spawn(&sandbox, &["run", "--journal", "j", "tasks.py:work", ":::", "1", "2"]);
    assert!(has(&sandbox, "importing"));
    signal(&child, Signal::SIGINT);
    assert_eq!(ends(&sandbox, &mut child), Some(130));
    assert_eq!(fs::read_to_string(sandbox.path("stderr")).unwrap(), "interrupted\n");
}

#[test]
fn an_interpreter_that_only_gets_ready_is_not_waited_for() {
    // The first import, which finds the callable, ends; that of the interpreter for the items does not.
    let module = "import pathlib, time\n\ndef work(item):\n    pathlib.Path('ran').touch()\n\n\
        while pathlib.Path('imported').exists():\n    pathlib.Path('waiting').touch()\n    time.sleep(0.01)\n\
        pathlib.Path('imported').touch()\n";
    let sandbox = Sandbox::with("tasks.py", module);
    let mut child = spawn(&sandbox, &["run", "--journal", "j", "tasks.py:work", ":::", "1", "2"]);
    assert!(has(&sandbox, "waiting"));
    signal(&child, Signal::SIGINT);
    assert_eq!(ends(&sandbox, &mut child), Some(130));
    let said = fs::read_to_string(sandbox.path("stderr")).unwrap();
    assert!(said.contains("2 not run") && !sandbox.path("ran").exists(), "{said}");
}

#[test]
fn a_run_whose_input_never_ends_can_be_ended() {
    let sandbox = Sandbox::new();
    let mut child = spawn(&sandbox, &["run", "-j2", "--", "touch"]);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"one\n").unwrap();
    assert!(has(&sandbox, "one"), "an item is run as soon as it comes");
    signal(&child, Signal::SIGINT);
    assert_eq!(ends(&sandbox, &mut child), Some(130));
}

#[test]
fn a_kill_of_conc_leaves_no_command_behind() {
    let sandbox = Sandbox::new();
    let mut child =
        spawn(&sandbox, &["run", "-j2", "--shell", "--", "touch started; sleep 600", ":::", "1", "2"]);
    assert!(has(&sandbox, "started"));
    signal(&child, Signal::SIGKILL);
    assert_eq!(ends(&sandbox, &mut child), None);
}

#[test]
fn signals_widen_and_narrow_a_run() {
    let sandbox = Sandbox::new();
    let script = "touch started{}; while [ ! -e go ]; do sleep 0.01; done";
    let mut child = spawn(&sandbox, &["run", "-j1", "--json", "--shell", "--", script, ":::", "1", "2", "3"]);
    assert!(has(&sandbox, "started1"));
    signal(&child, Signal::SIGUSR1);
    assert!(has(&sandbox, "started2"), "the second command starts");
    signal(&child, Signal::SIGUSR2);
    fs::write(sandbox.path("go"), "").unwrap();
    assert_eq!(ends(&sandbox, &mut child), Some(0));
    let report: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(sandbox.path("stdout")).unwrap()).unwrap();
    assert_eq!(report["job"]["width"]["choice"], "changed by a signal");
}

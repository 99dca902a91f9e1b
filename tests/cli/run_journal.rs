//! The journal of `conc run`: resumed, refused, and killed at any moment.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::sandbox::{Sandbox, wait_until};

/// Runs that are killed in the normal lane; `CONC_KILLS` asks for more, `CONC_KILL_SEED` for others.
const KILLS: u64 = 24;

/// Items of a run that is killed.
const ITEMS: usize = 120;

fn journal(sandbox: &Sandbox) -> Vec<Value> {
    let text = fs::read_to_string(sandbox.path("j")).unwrap();
    // A checksum and a space precede each object.
    text.lines().skip(1).filter_map(|line| serde_json::from_str(line.get(17..)?).ok()).collect()
}

/// How often each item is recorded as done.
fn recorded(sandbox: &Sandbox) -> BTreeMap<u64, u64> {
    let mut times = BTreeMap::new();
    for record in journal(sandbox) {
        if record["status"] == "ok" {
            *times.entry(record["n"].as_u64().unwrap()).or_default() += 1;
        }
    }
    times
}

fn said(assert: &assert_cmd::assert::Assert) -> String {
    String::from_utf8_lossy(&assert.get_output().stderr).into_owned()
}

#[test]
fn a_run_goes_on_with_what_is_missing_and_with_what_failed() {
    let sandbox = Sandbox::new();
    let line = |more: &[&'static str], last: &'static str| -> Vec<&'static str> {
        let head = ["run", "-j1", "--journal", "j"];
        let tail = ["--shell", "--", "echo {} >>log; test -e {}", ":::", "a", "b", last];
        [&head, more, &tail].concat()
    };
    fs::write(sandbox.path("a"), "").unwrap();
    sandbox.run(&line(&[], "c")).code(1);
    let again = sandbox.run(&line(&[], "c")).code(2);
    assert!(said(&again).contains("add --resume"), "{}", said(&again));
    let resumed = sandbox.run(&line(&["--resume"], "c")).code(1);
    assert!(said(&resumed).contains("3 finished by an earlier run (2 of them failed)"), "{}", said(&resumed));
    fs::write(sandbox.path("b"), "").unwrap();
    fs::write(sandbox.path("c"), "").unwrap();
    sandbox.run(&line(&["--retry-failed"], "c")).success();
    assert_eq!(fs::read_to_string(sandbox.path("log")).unwrap(), "a\nb\nc\nb\nc\n");
    let other = sandbox.run(&line(&["--resume"], "d")).code(2);
    assert!(said(&other).contains("item 3 is 'd' now"), "{}", said(&other));
    let other = sandbox.run(&["run", "--journal", "j", "--resume", "--", "echo", ":::", "a"]).code(2);
    assert!(
        said(&other).contains("belongs to another command: 'echo {} >>log; test -e {}'"),
        "{}",
        said(&other)
    );
}

/// A run that can be killed: each command writes its item to a log of its own making.
fn start(sandbox: &Sandbox, is_first: bool) -> Child {
    let mut arguments =
        vec!["run", "-j3", "--quiet", "--journal", "j", "--results", "out.jsonl", "--items", "items"];
    if !is_first {
        arguments.push("--resume");
    }
    arguments.extend(["--", "sh", "-c", "sleep 0.00$(( {} % 7 )); echo {}"]);
    sandbox.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Kills `conc`, or one of the commands it runs, as `choice` says.
fn kill_something(sandbox: &Sandbox, child: &Child, choice: u64) {
    let of_run = sandbox.processes();
    let commands: Vec<u32> = of_run.iter().filter(|p| p.command.starts_with("sh ")).map(|p| p.pid).collect();
    let watchdogs: Vec<u32> =
        of_run.iter().filter(|p| p.command.contains("__watchdog")).map(|p| p.pid).collect();
    let victim = match choice % 4 {
        0 => commands.first().copied(),
        1 => watchdogs.first().copied(),
        _ => None,
    };
    let _ = kill(Pid::from_raw(victim.unwrap_or(child.id()).cast_signed()), Signal::SIGKILL);
}

#[test]
fn a_run_that_is_killed_at_any_moment_loses_nothing_and_records_nothing_twice() {
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
    let kills = number("CONC_KILLS").unwrap_or(KILLS);
    let items: String = (1..=ITEMS).map(|i| format!("{i}\n")).collect();
    let mut random = number("CONC_KILL_SEED").unwrap_or(7);
    let mut sandbox = Sandbox::new();
    let mut is_first = true;
    for round in 0..kills {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if is_first {
            sandbox = Sandbox::new();
            fs::write(sandbox.path("items"), &items).unwrap();
        }
        // Without a journal yet, there is nothing to resume.
        let mut child = start(&sandbox, is_first || !sandbox.path("j").exists());
        thread::sleep(Duration::from_millis(random >> 33 & 0x7f));
        kill_something(&sandbox, &child, random >> 50);
        // What is not killed goes on to its end.
        let _ = child.wait().unwrap();
        // A directory that was made just before the kill may be left; processes may not.
        assert!(wait_until(|| sandbox.processes().is_empty()), "processes are left behind");
        is_first = round % 4 == 3;
        if is_first {
            finish(&sandbox);
        }
    }
    if !is_first {
        finish(&sandbox);
    }
}

/// Lets a run end by itself, and checks what it has recorded.
fn finish(sandbox: &Sandbox) {
    let is_first = !sandbox.path("j").exists();
    let mut child = start(sandbox, is_first);
    let mut status = None;
    assert!(wait_until(|| {
        status = child.try_wait().unwrap();
        status.is_some()
    }));
    // Commands that were killed alone have failed, and may be run again.
    let retry =
        ["run", "--quiet", "--journal", "j", "--retry-failed", "--results", "out.jsonl", "--items", "items"];
    let tail = ["--", "sh", "-c", "sleep 0.00$(( {} % 7 )); echo {}"];
    let ended = sandbox.command(&[&retry[..], &tail].concat()).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let recorded = recorded(sandbox);
    assert_eq!(recorded.len(), ITEMS, "items were lost");
    assert!(recorded.values().all(|times| *times == 1), "items were recorded twice: {recorded:?}");
    let text = fs::read_to_string(sandbox.path("out.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut results: Vec<u64> = lines
        .iter()
        .filter(|line| line["status"] == "ok")
        .map(|line| line["number"].as_u64().unwrap())
        .collect();
    results.sort_unstable();
    assert_eq!(results, (1..=ITEMS as u64).collect::<Vec<_>>(), "each item has one result");
}

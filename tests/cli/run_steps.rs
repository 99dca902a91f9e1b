//! `conc run` with a workload file: its steps, once for every item.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::sandbox::{Sandbox, wait_until};

/// Requests to the embedded server, and a computation.
const MIXED: &str = "tasks = 12\n[fixture]\nlatency = '2ms'\n\
    [[step]]\nkind = 'http'\nurl = 'fixture:/page/{item}'\n\
    [[step]]\nkind = 'cpu'\nkernel = 'sha256'\nwork = '200us'\n";

/// The lines of the results by their items.
fn results(sandbox: &Sandbox) -> BTreeMap<String, Value> {
    let text = fs::read_to_string(sandbox.path("out.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines: Vec<(String, Value)> =
        lines.map(|line| (line["item"].as_str().unwrap().to_owned(), line)).collect();
    let by_item: BTreeMap<_, _> = lines.iter().cloned().collect();
    assert_eq!(by_item.len(), lines.len(), "each item has one result");
    by_item
}

#[test]
fn the_steps_of_a_file_run_once_for_every_item() {
    let sandbox = Sandbox::with("work.toml", MIXED);
    let run =
        sandbox.run(&["run", "--json", "--journal", "j", "--results", "out.jsonl", "work.toml"]).success();
    let report: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    let job = &report["job"];
    assert_eq!((&job["items"]["ok"], &job["strategy"]), (&Value::from(12), &Value::from("threads")));
    assert!(["io-bound", "mixed", "cpu-bound"].contains(&job["class"].as_str().unwrap()), "{report}");
    let found = results(&sandbox);
    assert!(found.len() == 12 && found.values().all(|line| line["status"] == "ok"), "{found:?}");
    let again = sandbox.run(&["run", "--journal", "j", "--resume", "work.toml"]).success();
    let said = String::from_utf8_lossy(&again.get_output().stderr).into_owned();
    assert!(said.contains("12 finished by an earlier run"), "{said}");
    fs::write(sandbox.path("work.toml"), MIXED.replace("200us", "300us")).unwrap();
    let other = sandbox.run(&["run", "--journal", "j", "--resume", "work.toml"]).code(2);
    let said = String::from_utf8_lossy(&other.get_output().stderr).into_owned();
    assert!(said.contains("belongs to another command"), "{said}");
}

#[test]
fn items_may_be_given_and_what_a_step_does_is_done_once() {
    let text = "tasks = 3\n[[step]]\nkind = 'command'\nargv = ['sh', '-c', 'echo $0 >>log; test \"$0\" != bad', '{item}']\n";
    let sandbox = Sandbox::with("work.toml", text);
    let run = sandbox.run(&["run", "--results", "out.jsonl", "work.toml", ":::", "x", "bad", "y z"]).code(1);
    let said = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    assert!(said.contains("2 done, 1 failed") && said.contains("item 2 'bad'"), "{said}");
    let log = fs::read_to_string(sandbox.path("log")).unwrap();
    let mut lines: Vec<&str> = log.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["bad", "x", "y z"]);
    assert_eq!(results(&sandbox)["bad"]["status"], "failed");
    fs::remove_file(sandbox.path("log")).unwrap();
    sandbox.run(&["run", "work.toml"]).success();
    let mut numbers: Vec<String> =
        fs::read_to_string(sandbox.path("log")).unwrap().lines().map(str::to_owned).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, ["0", "1", "2"], "the items of the file");
}

#[test]
fn waits_are_given_up_and_ended() {
    let sandbox = Sandbox::with("work.toml", "tasks = 2\n[[step]]\nkind = 'sleep'\nfor = '600s'\n");
    let run = sandbox.run(&["run", "-j2", "--timeout", "100ms", "work.toml"]).code(1);
    let said = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    assert!(said.contains("timed out"), "{said}");
    let stderr = fs::File::create(sandbox.path("stderr")).unwrap();
    let mut command = sandbox.command(&["run", "-j2", "--progress", "json", "work.toml"]);
    let mut child = command.stdout(Stdio::null()).stderr(stderr).spawn().unwrap();
    let pid = Pid::from_raw(child.id().cast_signed());
    let says = |text: &str| wait_until(|| fs::read_to_string(sandbox.path("stderr")).unwrap().contains(text));
    assert!(says("\"running\":2"), "both wait");
    kill(pid, Signal::SIGINT).unwrap();
    assert!(says("a second interrupt kills them"));
    let mut status = None;
    // Repeatedly, because one that follows at once is the same request.
    assert!(wait_until(|| {
        kill(pid, Signal::SIGINT).unwrap();
        status = child.try_wait().unwrap();
        status.is_some()
    }));
    assert_eq!(status.unwrap().code(), Some(130));
    sandbox.assert_nothing_is_left();
}

#[test]
fn what_a_run_cannot_do_with_a_file_is_said() {
    let sandbox = Sandbox::with(
        "work.toml",
        "tasks = 2\n[limits]\nmax_in_flight = 3\n[[step]]\nkind = 'sleep'\nfor = '1ms'\n",
    );
    let ordered = "tasks = 2\n[[step]]\nkind = 'sleep'\nfor = '1ms'\nordered = true\n";
    fs::write(sandbox.path("ordered.toml"), ordered).unwrap();
    fs::write(sandbox.path("broken.toml"), "tasks = 'x'\n").unwrap();
    for (arguments, expected) in [
        (&["run", "-j4", "work.toml"][..], "allows 3 tasks in flight"),
        (&["run", "--strategy", "processes", "work.toml"], "run in threads"),
        (&["run", "ordered.toml"], "add -j1"),
        (&["run", "broken.toml"], "tasks"),
        (&["run", "missing.toml"], "missing.toml"),
    ] {
        let run = sandbox.run(arguments).code(2);
        let said = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    sandbox.run(&["run", "-j1", "ordered.toml"]).success();
    sandbox.run(&["run", "work.toml"]).success();
}

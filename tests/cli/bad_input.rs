//! Every error is reported once, at its place, with nothing on standard output and nothing left behind.

use std::fs;

use assert_cmd::assert::Assert;
use predicates::prelude::*;
use predicates::str::contains;

use crate::sandbox::Sandbox;

const SLEEP: &str = "[[step]]\nkind = \"sleep\"\nfor = \"1ms\"\n";

/// Checks that there is one message, and nothing on standard output.
fn is_refused(assert: Assert, code: i32, parts: &[&str]) {
    let once = predicate::function(|text: &str| text.lines().filter(|l| l.starts_with("error")).count() == 1);
    let mut assert = assert.code(code).stdout("").stderr(once);
    for part in parts {
        assert = assert.stderr(contains(*part));
    }
}

fn file_is_refused(text: &str, parts: &[&str]) {
    let sandbox = Sandbox::with("w.toml", text);
    fs::write(sandbox.path("empty.txt"), "\n").unwrap();
    is_refused(sandbox.run(&["profile", "w.toml"]), 2, parts);
}

fn arguments_are_refused(arguments: &[&str], parts: &[&str]) {
    is_refused(Sandbox::new().run(arguments), 2, parts);
}

#[test]
fn a_file_that_is_no_toml_is_pointed_at() {
    file_is_refused("tasks = = 3\n", &["E-WORKLOAD-001", "w.toml:1:9"]);
    file_is_refused("tasks = 3\nname = \"a\nb = 1\n", &["E-WORKLOAD-001", "w.toml:2:10"]);
}

#[test]
fn a_key_that_means_nothing_is_named_with_those_that_do() {
    let unknown = format!("tasks = 3\ncolour = 1\n{SLEEP}");
    file_is_refused(&unknown, &["E-WORKLOAD-002", "`colour`", "w.toml:2:1", "items_from"]);
    let misspelt = format!("taks = 3\n{SLEEP}");
    file_is_refused(&misspelt, &["E-WORKLOAD-002", "`taks`", "w.toml:1:1", "did you mean 'tasks'?"]);
}

#[test]
fn a_value_that_is_none_is_pointed_at() {
    let step = |step: &str| format!("tasks = 3\n[[step]]\n{step}\n");
    let kind = step("kind = \"sleeep\"");
    file_is_refused(&kind, &["E-WORKLOAD-003", "w.toml:3:8", "did you mean 'sleep'?"]);
    let kernel = step("kind = \"cpu\"\nkernel = \"sha265\"\nwork = \"1ms\"");
    file_is_refused(&kernel, &["E-WORKLOAD-003", "w.toml:4:10", "did you mean 'sha256'?"]);
    let unit = step("kind = \"sleep\"\nfor = \"1 parsec\"");
    file_is_refused(&unit, &["E-WORKLOAD-003", "w.toml:4:7", "'parsec'", "ms"]);
    let no_unit = step("kind = \"sleep\"\nfor = \"15\"");
    file_is_refused(&no_unit, &["E-WORKLOAD-003", "w.toml:4:7", "'15' has no unit"]);
    file_is_refused(&format!("tasks = -3\n{SLEEP}"), &["E-WORKLOAD-003", "w.toml:1:9", "not -3"]);
    file_is_refused(&format!("tasks = 0\n{SLEEP}"), &["E-WORKLOAD-003", "w.toml:1:9", "at least 1"]);
}

#[test]
fn a_workload_with_nothing_to_do_is_refused() {
    file_is_refused("tasks = 3\n", &["E-WORKLOAD-004", "w.toml:1:1", "[[step]]"]);
    file_is_refused(SLEEP, &["E-WORKLOAD-004", "w.toml:1:1", "tasks = 100"]);
    let missing = format!("items_from = \"missing.txt\"\n{SLEEP}");
    file_is_refused(&missing, &["E-WORKLOAD-005", "w.toml:1:14", "'missing.txt' cannot be read"]);
    let empty = format!("items_from = \"empty.txt\"\n{SLEEP}");
    file_is_refused(&empty, &["E-WORKLOAD-005", "w.toml:1:14", "'empty.txt' has no items"]);
}

#[test]
fn somebody_elses_host_is_not_swept_without_a_limit() {
    let remote = "tasks = 3\n[[step]]\nkind = \"http\"\nurl = \"http://example.com/\"\n";
    file_is_refused(remote, &["E-WORKLOAD-006", "w.toml:4:7", "'example.com'", "max_in_flight"]);
}

#[test]
fn a_workload_that_does_not_exist_is_named_with_the_one_that_was_meant() {
    arguments_are_refused(
        &["advise", "web-scrapper"],
        &["E-WORKLOAD-007", "did you mean the sample 'web-scraper'?"],
    );
    arguments_are_refused(&["bench", "sleep-io", "sleepio"], &["E-WORKLOAD-007", "'sleep-io'"]);
    arguments_are_refused(&["profile", "none.toml"], &["E-WORKLOAD-007", "'none.toml'", "conc list"]);
    arguments_are_refused(&["advise", "tasks.py:fetch"], &["E-WORKLOAD-007", "no Python file 'tasks.py'"]);
}

#[test]
fn a_command_that_does_not_exist_is_named() {
    arguments_are_refused(&["advise", "--", "no-such-program", "x"], &["E-WORKLOAD-009", "no-such-program"]);
    arguments_are_refused(&["advise", "--", "./none"], &["E-WORKLOAD-009", "./none"]);
    arguments_are_refused(
        &["advise", "--", "sleep 1"],
        &["E-WORKLOAD-009", "give the program and its arguments as separate words"],
    );
    arguments_are_refused(&["advise", "--", ""], &["E-WORKLOAD-009", "empty"]);
    let missing = ["advise", "--items", "missing.txt", "--", "echo"];
    arguments_are_refused(&missing, &["E-WORKLOAD-005", "'missing.txt' cannot be read"]);
}

#[test]
fn an_argument_that_means_nothing_is_refused() {
    let refused = |flag: &str, value: &str, parts: &[&str]| {
        arguments_are_refused(&["advise", "sleep-io", flag, value], parts);
    };
    refused("--width", "x", &["--width", "'x' is not a width", "50%"]);
    refused("--width", "0", &["--width", "at least 1"]);
    refused("--width", "-3", &["--width", "'-3' is not a width"]);
    refused("--budget", "5", &["--budget", "'5' has no unit"]);
    refused("--budget", "0s", &["--budget", "greater than 0"]);
    refused("--strategy", "asink", &["--strategy", "'asink'", "work-stealing"]);
    refused("--width", "8+0", &["--width", "'8+0'", "at least 1"]);
    refused("--objective", "speed", &["--objective", "'speed'", "latency"]);
    refused("--tasks", "-3", &["--tasks", "at least 1"]);
    refused("--tasks", "0", &["--tasks", "at least 1"]);
    refused("--runs", "0", &["--runs", "at least 1"]);
    refused("--items", "list.txt", &["items are for commands and Python callables", "'sleep-io'"]);
}

#[test]
fn a_request_that_contradicts_itself_is_refused() {
    arguments_are_refused(&["advise"], &["<WORKLOAD>", "-- <COMMAND>", "--cpu <TIME>"]);
    arguments_are_refused(&["advise", "--shell", "--cpu", "1ms"], &["--shell", "cannot be used with"]);
    arguments_are_refused(&["advise", "--cpu", "0s"], &["E-WORKLOAD-004"]);
    arguments_are_refused(&["advise", "sleep-io", "--json", "--export-csv", "-"], &["standard output"]);
    arguments_are_refused(&["explain", "E-ASYNC-05"], &["did you mean 'E-ASYNC-005'"]);
    arguments_are_refused(&["explain", "fibers"], &["'fibers'", "conc explain"]);
}

#[test]
fn a_width_beyond_the_machine_is_refused_with_the_limit() {
    let arguments =
        ["advise", "--strategy", "threads", "--width", "10000000", "--tasks", "20000000", "--cpu", "1us"];
    arguments_are_refused(&arguments, &["E-HOST-002", "threads 10000000", "at most ", " because of "]);
}

#[test]
fn work_that_always_fails_is_a_run_that_failed() {
    let text = "tasks = 3\n[[step]]\nkind = \"http\"\nurl = \"http://127.0.0.1:1/\"\n";
    let unreachable = Sandbox::with("w.toml", text).run(&["advise", "w.toml"]);
    is_refused(unreachable, 1, &["E-TASK-002", "every task fails", "refused"]);
    let fails = Sandbox::new().run(&["advise", "--", "false"]);
    is_refused(fails, 1, &["E-TASK-004", "every task fails", "exit status: 1", "--ignore-failure"]);
}

#[test]
fn failures_that_are_to_be_ignored_are() {
    let arguments = ["advise", "--ignore-failure", "--tasks", "5", "--budget", "300ms", "--", "false"];
    Sandbox::new().run(&arguments).code(0).stdout(contains("Recommendation ("));
}

#[test]
fn a_run_that_takes_too_much_memory_failed() {
    let text = format!("tasks = 4\n[limits]\nmemory = \"1MiB\"\n{}", SLEEP.replace("1ms", "300ms"));
    is_refused(
        Sandbox::with("w.toml", &text).run(&["advise", "w.toml"]),
        1,
        &["E-HOST-004", "1 MiB of memory"],
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_of_which_nothing_could_be_measured_failed_and_shows_why() {
    let works_in_the_profile_only = "grep -q __profile /proc/$PPID/cmdline";
    let arguments = ["advise", "--name", "shy", "--runs", "1", "--shell", "--", works_in_the_profile_only];
    Sandbox::new()
        .run(&arguments)
        .code(1)
        .stdout(contains("shy · 20 tasks").and(contains("Recommendation").not()))
        .stderr(contains(
            "error[E-TASK-004]: no configuration of shy could be measured: sequential 1: command sh: exit \
            status: 1",
        ));
}

#[test]
fn one_workload_that_fails_does_not_cost_the_results_of_the_others() {
    let sandbox = Sandbox::with("w.toml", "tasks = 3\n[[step]]\nkind = \"command\"\nargv = [\"false\"]\n");
    let assert = sandbox.run(&["bench", "w.toml", "sleep-io", "--budget", "300ms"]).code(1);
    assert
        .stdout(contains("sleep-io · 400 tasks").and(contains("Recommendation (")))
        .stderr(contains("error[E-TASK-004]: w: every task fails"));
    sandbox.run(&["bench", "w.toml"]).code(1).stdout("").stderr(contains("error[E-TASK-004]: w: "));
}

#[test]
fn an_export_that_cannot_be_written_is_found_out_before_the_run() {
    for flag in ["--export-json", "--export-markdown", "--export-csv"] {
        let sandbox = Sandbox::new();
        for (target, why) in [("missing/x", "No such file"), (".", "is a directory")] {
            let assert = sandbox.run(&["advise", flag, target, "--", "touch", "ran"]);
            is_refused(assert, 1, &["cannot write", target, why]);
        }
        assert!(!sandbox.path("ran").exists());
    }
}

#[test]
fn a_file_that_exists_is_not_replaced_by_init() {
    let sandbox = Sandbox::with("mine.toml", "mine");
    is_refused(sandbox.run(&["init", "mine.toml"]), 2, &["'mine.toml' exists already"]);
    assert_eq!(fs::read_to_string(sandbox.path("mine.toml")).unwrap(), "mine");
    is_refused(sandbox.run(&["init", "missing/mine.toml"]), 1, &["cannot write 'missing/mine.toml'"]);
}

#[test]
fn a_directory_for_temporary_files_that_does_not_exist_is_named() {
    let sandbox = Sandbox::new();
    let mut command = assert_cmd::Command::from_std(sandbox.command(&["profile", "sleep-io"]));
    is_refused(command.env("TMPDIR", "/none/here").assert(), 1, &["'/none/here'", "TMPDIR"]);
}

#[test]
fn measurements_that_are_none_are_pointed_at() {
    let refused = |text: &str, parts: &[&str]| {
        is_refused(Sandbox::with("load.csv", text).run(&["fit", "load.csv"]), 2, parts);
    };
    refused("concurrency,speed\n1,2\n", &["E-FIT-001", "load.csv:1:1", "no column `throughput`"]);
    refused(
        "concurrency,throughput\n1,2\n4,-7\n",
        &["E-FIT-001", "load.csv:3:3", "must not be negative", "-7"],
    );
    refused("{\"a\": 1}", &["E-FIT-001", "load.csv:1:1", "no column `concurrency`", "--concurrency"]);
    refused("", &["E-FIT-001", "load.csv:1:1", "there are no measurements"]);
    arguments_are_refused(&["fit", "no/such.csv"], &["E-FIT-001", "'no/such.csv' cannot be read"]);
}

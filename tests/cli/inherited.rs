//! Programs of the user start with the limits and signals that `conc` was started with.

#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Command, Stdio};

use assert_cmd::assert::Assert;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use predicates::prelude::*;
use predicates::str::contains;

use crate::sandbox::{Sandbox, wait_until};
use crate::signals::set_default_signals;

/// Returns a shell that runs `before` and then becomes `conc`.
fn shell_after(before: &str, sandbox: &Sandbox, arguments: &[&str]) -> Command {
    let conc = sandbox.command(arguments);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("{before}; exec \"$0\" \"$@\"")])
        .arg(conc.get_program())
        .args(conc.get_args());
    for (name, value) in conc.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.current_dir(sandbox.path("")).stdin(Stdio::null());
    set_default_signals(&mut shell);
    shell
}

/// Runs `conc` from a shell that has run `before`.
fn run_after(before: &str, sandbox: &Sandbox, arguments: &[&str]) -> Assert {
    sandbox.check(assert_cmd::Command::from_std(shell_after(before, sandbox, arguments)))
}

/// The different lines of a file.
fn lines(sandbox: &Sandbox, name: &str) -> BTreeSet<String> {
    fs::read_to_string(sandbox.path(name)).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn only(line: &str) -> BTreeSet<String> {
    BTreeSet::from([line.to_owned()])
}

const LIMIT: &str = "ulimit -Sn 256";

#[test]
fn a_profiled_command_has_the_limit_that_was_found() {
    let sandbox = Sandbox::new();
    let work =
        ["profile", "--output", "seen", "--prepare", "ulimit -Sn >> hook", "--", "sh", "-c", "ulimit -Sn"];
    run_after(LIMIT, &sandbox, &work).code(0);
    assert_eq!(lines(&sandbox, "seen"), only("256"));
    assert_eq!(lines(&sandbox, "hook"), only("256"));
}

#[test]
fn commands_and_hooks_have_it_however_wide_they_run() {
    let sandbox = Sandbox::new();
    let hooks = [
        "--setup",
        "ulimit -Sn >> hook",
        "--prepare",
        "ulimit -Sn >> hook",
        "--cleanup",
        "ulimit -Sn >> hook",
    ];
    for (strategy, width) in [("threads", "80"), ("async", "80"), ("processes", "3")] {
        let cell = ["--strategy", strategy, "--width", width, "--runs", "1", "--tasks", "160"];
        let work = ["--shell", "--", "ulimit -Sn >> seen"];
        run_after(LIMIT, &sandbox, &[&["advise", "--code", "none"], &hooks[..], &cell, &work].concat())
            .code(0);
        assert_eq!(lines(&sandbox, "seen"), only("256"), "{strategy}");
        assert_eq!(lines(&sandbox, "hook"), only("256"), "{strategy}");
    }
}

#[test]
fn a_callable_has_it() {
    let tasks = "import os, resource, subprocess\n\
                 def task(item):\n    \
                     own = resource.getrlimit(resource.RLIMIT_NOFILE)[0]\n    \
                     with open('seen', 'a') as seen:\n        \
                         print(own, file=seen)\n";
    let sandbox = Sandbox::with("tasks.py", tasks);
    for strategy in ["threads", "processes"] {
        let cell =
            ["--strategy", strategy, "--width", "2", "--tasks", "20", "--budget", "300ms", "--code", "none"];
        run_after(LIMIT, &sandbox, &[&["advise", "tasks.py:task"], &cell[..]].concat()).code(0);
        assert_eq!(lines(&sandbox, "seen"), only("256"), "{strategy}");
    }
}

#[test]
fn many_connections_are_open_at_once_all_the_same() {
    let text = "name = \"wide\"\ntasks = 300\n[fixture]\nlatency = \"200ms\"\n\
                [[step]]\nkind = \"http\"\nurl = \"fixture:/{item}\"\n";
    let sandbox = Sandbox::with("wide.toml", text);
    let cell = ["--strategy", "async", "--width", "150", "--runs", "1", "--json"];
    let shown = run_after("ulimit -Sn 64", &sandbox, &[&["advise", "wide.toml"], &cell[..]].concat());
    let shown = shown.code(0).stdout(contains("\"width\": 150"));
    let document = String::from_utf8(shown.get_output().stdout.clone()).unwrap();
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let failed = document["cells"].as_array().unwrap().iter().map(|cell| cell["tasks"]["failed"].as_u64());
    assert_eq!(failed.flatten().sum::<u64>(), 0, "{}", document["cells"]);
    assert_eq!(document["host"]["limits"]["open_files_soft"], 64);
}

#[test]
fn a_signal_that_was_ignored_stays_ignored_for_the_command() {
    let sandbox = Sandbox::new();
    let work = ["profile", "--output", "seen", "--", "grep", "SigIgn", "/proc/self/status"];
    let ignores_hangup = |before: &str| {
        run_after(before, &sandbox, &work).code(0);
        let seen = fs::read_to_string(sandbox.path("seen")).unwrap();
        let mask = seen.trim_start_matches("SigIgn:").trim();
        u64::from_str_radix(mask, 16).unwrap() & 1 == 1
    };
    assert!(ignores_hangup("trap '' HUP"));
    assert!(!ignores_hangup("trap - HUP"));
}

/// Starts `conc` from a shell that has run `before`, and waits for a file that its command makes.
fn start_after(before: &str, sandbox: &Sandbox, arguments: &[&str]) -> Child {
    let child = shell_after(before, sandbox, arguments).stdout(Stdio::null()).spawn().unwrap();
    assert!(wait_until(|| sandbox.path("started").exists()), "{before}: {arguments:?}");
    child
}

#[test]
fn a_signal_that_was_ignored_does_not_end_conc_and_others_do() {
    let line = "touch started; while [ ! -e go ]; do sleep 0.01; done";
    let profile: &[&str] = &["profile", "--", "sh", "-c", line];
    let run: &[&str] = &["run", "--", "sh", "-c", line, ":::", "a"];
    for (ignored, other) in [(Signal::SIGHUP, Signal::SIGTERM), (Signal::SIGINT, Signal::SIGHUP)] {
        for arguments in [profile, run] {
            let trap = format!("trap '' {}", &ignored.as_str()[3..]);
            let sandbox = Sandbox::new();
            let mut child = start_after(&trap, &sandbox, arguments);
            let pid = Pid::from_raw(child.id().cast_signed());
            kill(pid, ignored).unwrap();
            fs::write(sandbox.path("go"), "").unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(0), "{ignored}");
            sandbox.assert_nothing_is_left();
            let sandbox = Sandbox::new();
            let mut child = start_after(&trap, &sandbox, arguments);
            let pid = Pid::from_raw(child.id().cast_signed());
            // The first signal lets a command of `conc run` end.
            for _ in 0..2 {
                kill(pid, other).unwrap();
            }
            let has_ended = || kill(pid, other).is_err() || matches!(child.try_wait(), Ok(Some(_)));
            assert!(wait_until(has_ended));
            assert_eq!(child.wait().unwrap().code(), Some(130), "{other}");
            sandbox.assert_nothing_is_left();
        }
    }
}

#[test]
fn a_directory_for_temporary_files_may_have_any_name() {
    for name in ["tmp\nfiles", "tmp ", "tmp\u{fc}\t"] {
        let sandbox = Sandbox::new();
        fs::create_dir(sandbox.path("tmp")).unwrap();
        fs::write(sandbox.path("tmp/keep"), "").unwrap();
        let directory = sandbox.path(name);
        fs::create_dir(&directory).unwrap();
        let mut command = sandbox.command(&["profile", "--", "sh", "-c", "touch started; sleep 600"]);
        let mut child = command.env("TMPDIR", &directory).stdout(Stdio::null()).spawn().unwrap();
        assert!(wait_until(|| sandbox.path("started").exists()), "{name:?}");
        kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL).unwrap();
        child.wait().unwrap();
        assert!(wait_until(|| fs::read_dir(&directory).unwrap().count() == 0), "{name:?}");
        assert!(sandbox.path("tmp/keep").exists(), "{name:?}");
        sandbox.assert_nothing_is_left();
    }
}

#[test]
fn a_directory_for_temporary_files_that_cannot_be_used_is_no_lack_of_processes() {
    let sandbox = Sandbox::with("file", "");
    for arguments in [&["profile", "--", "true"][..], &["run", "--", "true", ":::", "a"]] {
        for name in ["none", "file"] {
            let mut command = sandbox.command(arguments);
            command.env("TMPDIR", sandbox.path(name));
            sandbox
                .check(assert_cmd::Command::from_std(command))
                .code(1)
                .stderr(contains("E-HOST-007").and(contains("ulimit").not()));
        }
    }
}

#[test]
fn output_by_the_name_of_a_stream_is_the_tasks_own() {
    let sandbox = Sandbox::new();
    let cell = ["--strategy", "threads", "--width", "2", "--runs", "1", "--tasks", "20", "--code", "none"];
    for line in ["echo $$ > /dev/stdout", "echo $$ >> /dev/stdout", "echo $$ > /proc/self/fd/1"] {
        // A number that differs from task to task is an output that cannot agree.
        let said = sandbox.run(&[&["advise"], &cell[..], &["--shell", "--", line]].concat()).code(0);
        said.stderr(contains("W-RUN-011").or(contains("E-POOL-003")));
    }
    let failing = "echo of {} > /dev/stderr; exit 3";
    let shown = sandbox
        .run(&[&["advise", "--budget", "300ms"], &["--shell", "--", failing, ":::", "a", "b"][..]].concat());
    shown.code(1).stderr(contains("exit status: 3: of a").or(contains("exit status: 3: of b")));
}

#[test]
fn a_stream_that_was_closed_from_the_start_is_an_error_and_changes_no_verdict() {
    let sandbox = Sandbox::new();
    let bench = ["bench", "sleep-io", "--strategy", "threads", "--export-csv", "out.csv"];
    let simulated = Sandbox::new().simulating("cpus = 4.0");
    let closed = |sandbox: &Sandbox, arguments: &[&str]| run_after("exec >&-", sandbox, arguments);
    for (sandbox, arguments, expected) in [
        (&sandbox, &["list"][..], "cannot print: Bad file descriptor"),
        (&sandbox, &["--version"], "cannot print: Bad file descriptor"),
        (&sandbox, &["mcp"], "cannot serve: Bad file descriptor"),
        (&sandbox, &["run", "--", "echo", ":::", "a"], "cannot write output: Bad file descriptor"),
        (&simulated, &bench, "cannot print: Bad file descriptor"),
    ] {
        closed(sandbox, arguments).code(1).stderr(contains(expected));
    }
    assert!(simulated.path("out.csv").exists());
    // Who prints nothing misses nothing.
    closed(&sandbox, &["run", "--", "true", ":::", "a"]).code(0);
    closed(&sandbox, &["run", "--no-such-option"]).code(2).stderr(contains("unexpected argument"));
    let run = run_after("exec <&-", &sandbox, &["run", "--", "echo"]);
    run.code(predicate::ne(0)).stderr(contains("items cannot be read: Bad file descriptor"));
}

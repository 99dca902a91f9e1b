//! Programs of the user and the machinery of `conc` do not meet: neither by signals nor at the terminal, and what
//! was there before a run is left alone.
#![cfg(target_os = "linux")]

use std::fs;
use std::process::{Child, Command, Stdio};

use assert_cmd::assert::Assert;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use predicates::prelude::*;
use predicates::str::contains;

use crate::sandbox::{Sandbox, wait_until};
use crate::signals::set_default_signals;
use crate::terminal::on_terminal;

const QUICK: [&str; 4] = ["--budget", "300ms", "--code", "none"];

/// Runs a line of the shell in each way that there is, the last as a program's own flag.
fn in_every_way(line: &str, check: impl Fn(&str, Assert)) {
    let with_width = format!("{line}; : {{width}}");
    let ways: [(&str, &[&str], &str); 4] = [
        ("profile", &["profile"], line),
        ("advise", &["advise", "--tasks", "6"], line),
        ("run", &["run", "-j2"], line),
        ("{width}", &["advise"], &with_width),
    ];
    for (name, command, line) in ways {
        let sandbox = Sandbox::new();
        let quick: &[&str] = if command[0] == "advise" { &QUICK } else { &[] };
        let items: &[&str] = if name == "run" { &[":::", "a", "b"] } else { &[] };
        let arguments = [command, quick, &["--", "sh", "-c", line], items].concat();
        check(name, sandbox.run(&arguments));
    }
}

/// Says nothing of memory, or of a process of conc that ended.
fn blames_nobody_else() -> impl Predicate<str> {
    contains("E-POOL").not().and(contains("out-of-memory").not())
}

#[test]
fn a_script_that_ends_its_whole_group_ends_only_itself() {
    in_every_way("trap 'kill 0' EXIT; sleep 0.02", |way, ended| {
        let ended = ended.code(1).stderr(blames_nobody_else());
        let said = ended.get_output();
        let said = String::from_utf8_lossy(&[&said.stderr[..], &said.stdout].concat()).into_owned();
        assert!(said.contains("signal 15") || said.contains("SIGTERM"), "{way}: {said}");
    });
}

#[test]
fn a_script_that_ends_its_session_ends_only_itself() {
    // The session of a program, and so the group that is called the same, is its own.
    in_every_way("kill -s KILL -- -$(cut -d' ' -f6 /proc/$$/stat)", |way, ended| {
        let ended = ended.code(1).stderr(blames_nobody_else());
        let said = ended.get_output();
        let said = String::from_utf8_lossy(&[&said.stderr[..], &said.stdout].concat()).into_owned();
        assert!(said.contains("signal 9") || said.contains("SIGKILL"), "{way}: {said}");
    });
}

#[test]
fn a_hook_that_ends_its_whole_group_ends_only_itself() {
    let sandbox = Sandbox::new();
    let arguments = [&["advise"], &QUICK[..], &["--setup", "trap 'kill 0' EXIT", "--", "true"]].concat();
    sandbox.run(&arguments).code(1).stderr(contains("E-HOOK-001").and(blames_nobody_else()));
}

#[test]
fn a_callable_that_ends_its_whole_group_ends_only_its_interpreter() {
    let source = "import os, signal\n\
                  def task(item):\n    \
                      if item == 'last': os.kill(0, signal.SIGTERM)\n    \
                      return item\n";
    let sandbox = Sandbox::with("tasks.py", source);
    let ended = sandbox.run(&[&["advise", "tasks.py:task"], &QUICK[..], &[":::", "first", "last"]].concat());
    let shown = ended.stderr(contains("out-of-memory").not());
    let output = shown.get_output();
    let said = String::from_utf8_lossy(&[&output.stderr[..], &output.stdout].concat()).into_owned();
    assert!(said.contains("SIGTERM"), "{said}");
    sandbox
        .run(&["run", "tasks.py:task", ":::", "first", "last"])
        .code(1)
        .stderr(contains("1 done, 1 failed").and(contains("out-of-memory").not()));
}

#[test]
fn a_program_that_asks_the_terminal_is_refused_and_nothing_stands_still() {
    let ask = "read answer < /dev/tty || exit 7";
    let flagged = format!("{ask}; : {{width}}");
    let ways: [&[&str]; 4] = [
        &["profile", "--", "sh", "-c", ask],
        &["advise", "--tasks", "6", "--budget", "300ms", "--code", "none", "--", "sh", "-c", ask],
        &["run", "-j2", "--", "sh", "-c", ask, ":::", "a", "b"],
        &["advise", "--budget", "300ms", "--code", "none", "--", "sh", "-c", &flagged],
    ];
    for way in ways {
        let conc = [env!("CARGO_BIN_EXE_conc")];
        let (said, status) = on_terminal(&Sandbox::new(), "dumb", &[&conc, way].concat());
        assert_eq!(status, Some(1), "{way:?}: {said}");
    }
}

#[test]
fn children_from_before_the_run_are_left_alone() {
    let sandbox = Sandbox::new();
    let conc = sandbox.command(&["profile", "--", "true"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "sleep 601 > /dev/null 2>&1 & echo $! > before; exec \"$0\" \"$@\""]);
    shell.arg(conc.get_program()).args(conc.get_args()).current_dir(sandbox.path(""));
    for (name, value) in conc.get_envs().filter_map(|(name, value)| Some((name, value?))) {
        shell.env(name, value);
    }
    let done = shell.stdin(Stdio::null()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let before: i32 = fs::read_to_string(sandbox.path("before")).unwrap().trim().parse().unwrap();
    let stat = fs::read_to_string(format!("/proc/{before}/stat")).unwrap_or_default();
    assert!(stat.contains("(sleep) S"), "{stat}");
    kill(Pid::from_raw(before), Signal::SIGKILL).unwrap();
    sandbox.assert_nothing_is_left();
}

/// Returns the state of a process, such as `T` for one that is stopped.
fn state(pid: u32) -> char {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().and_then(|rest| rest.chars().next()).unwrap_or('X')
}

/// Returns the states of the processes of a run that run this command.
fn states(sandbox: &Sandbox, command: &str) -> Vec<char> {
    let processes = sandbox.processes().into_iter().filter(|process| process.command.starts_with(command));
    processes.map(|process| state(process.pid)).collect()
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
}

#[test]
fn a_stop_of_conc_stops_its_commands_and_both_go_on() {
    let line = "touch started; while [ ! -e go ]; do sleep 0.01; done; sleep 0.2";
    let ways: [&[&str]; 3] = [
        &["profile", "--for", "5s", "--", "sh", "-c", line],
        &["advise", "--tasks", "2", "--budget", "300ms", "--code", "none", "--", "sh", "-c", line],
        &["run", "--timeout", "5s", "--", "sh", "-c", line, ":::", "a"],
    ];
    for way in ways {
        let sandbox = Sandbox::new();
        let mut command = sandbox.command(way);
        set_default_signals(&mut command);
        let mut conc = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        assert!(wait_until(|| sandbox.path("started").exists()), "{way:?}");
        signal(&conc, Signal::SIGTSTP);
        // D: between vfork and exec a shell waits for its child, which is stopped.
        let all_stopped = |name: &str| {
            let states = states(&sandbox, name);
            !states.is_empty() && states.iter().all(|state| matches!(state, 'T' | 'D'))
        };
        assert!(wait_until(|| all_stopped("sh -c") && state(conc.id()) == 'T'), "{way:?}");
        // The commands end only after they have gone on.
        fs::write(sandbox.path("go"), "").unwrap();
        signal(&conc, Signal::SIGCONT);
        assert_eq!(conc.wait().unwrap().code(), Some(0), "{way:?}");
        sandbox.assert_nothing_is_left();
    }
}

#[test]
fn a_stopped_run_that_is_killed_leaves_nothing() {
    let sandbox = Sandbox::new();
    let mut conc = sandbox.command(&["profile", "--", "sleep", "600"]).stdout(Stdio::null()).spawn().unwrap();
    assert!(wait_until(|| !states(&sandbox, "sleep 600").is_empty()));
    signal(&conc, Signal::SIGTSTP);
    assert!(wait_until(|| states(&sandbox, "sleep 600") == ['T'] && state(conc.id()) == 'T'));
    signal(&conc, Signal::SIGKILL);
    conc.wait().unwrap();
    sandbox.assert_nothing_is_left();
}

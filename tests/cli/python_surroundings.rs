//! Callables in surroundings that are nothing special for Python: settings of the interpreter, and modules of the
//! user with names of Python's own.
#![cfg(target_os = "linux")]

use std::fs;

use predicates::prelude::*;
use predicates::str::contains;

use crate::sandbox::Sandbox;

const TASKS: &str = "def double(item): return item + item\n";

const QUICK: [&str; 6] = ["--budget", "300ms", "--code", "none", "--tasks", "20"];

/// A directory with `tasks.py` and other files.
fn directory(tasks: &str, others: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::with("tasks.py", tasks);
    for (name, text) in others {
        fs::create_dir_all(sandbox.path(name).parent().unwrap()).unwrap();
        fs::write(sandbox.path(name), text).unwrap();
    }
    sandbox
}

/// Runs the items of `tasks.py:double` and of `advise`, with variables of the interpreter.
fn works(sandbox: &Sandbox, variables: &[(&str, &str)]) {
    let ways: [&[&str]; 2] = [
        &["run", "-k", "tasks.py:double", ":::", "a", "b"],
        &["advise", "tasks.py:double", "--budget", "300ms", "--code", "none", ":::", "a", "b"],
    ];
    for way in ways {
        let mut command = sandbox.command(way);
        command.envs(variables.iter().copied());
        let shown = sandbox.check(assert_cmd::Command::from_std(command)).code(0);
        if way[0] == "advise" {
            shown.stdout(contains("Recommendation").or(contains("tasks/s")));
        }
    }
}

#[test]
fn a_safe_path_is_kept_and_the_harness_found() {
    works(&directory(TASKS, &[]), &[("PYTHONSAFEPATH", "1")]);
}

#[test]
fn whatever_a_sitecustomize_writes_is_no_answer() {
    let loud = "import atexit, os, sys\n\
                print('hello')\nprint('{\"event\": \"done\"}', flush=True)\n\
                os.write(1, b'no end')\natexit.register(print, 'goodbye', flush=True)\n";
    let sandbox = directory(TASKS, &[("site/sitecustomize.py", loud)]);
    let site = sandbox.path("site");
    works(&sandbox, &[("PYTHONPATH", site.to_str().unwrap())]);
}

#[test]
fn files_with_names_of_pythons_modules_break_nothing() {
    let broken = "raise RuntimeError('this is not the module of Python')\n";
    let names = ["json.py", "string.py", "socket.py", "asyncio.py", "multiprocessing/__init__.py"];
    works(&directory(TASKS, &names.map(|name| (name, broken))), &[]);
}

#[test]
fn a_module_of_the_user_comes_before_that_of_python() {
    let tasks = "import queue, json\n\
                 def double(item):\n    \
                     import string\n    \
                     return queue.mine(json.mine(string.mine(item)))\n";
    let mine = "def mine(item): return item + item\n";
    let others = [("queue.py", mine), ("json/__init__.py", mine), ("string.py", mine)];
    works(&directory(tasks, &others), &[]);
    let sandbox = directory(tasks, &others);
    for strategy in ["threads", "processes"] {
        let cell = ["--strategy", strategy, "--width", "2", "--runs", "1", "--code", "none"];
        sandbox.run(&[&["advise", "tasks.py:double"], &cell[..], &[":::", "a", "b"]].concat()).code(0);
    }
}

#[test]
fn a_callable_may_close_what_it_does_not_know() {
    let tasks = "import os\n\
                 def double(item):\n    \
                     os.closerange(3, 256)\n    \
                     return item\n\
                 def everything(item):\n    \
                     os.closerange(3, 5000)\n    \
                     return item\n";
    let sandbox = directory(tasks, &[]);
    sandbox.run(&["run", "tasks.py:double", ":::", "a", "b"]).code(0);
    // Strategies that hold pipes or a loop fail, as the user's own programs would; the others do not.
    sandbox.run(&[&["advise", "tasks.py:double"], &QUICK[..]].concat()).code(0);
    sandbox
        .run(&[&["advise", "tasks.py:everything"], &QUICK[..]].concat())
        .code(1)
        .stderr(contains("os.closerange").and(contains("out-of-memory").not()));
}

#[test]
fn a_signal_is_called_by_its_name_and_nothing_else_is_blamed() {
    let tasks = "import os, signal, resource\n\
                 def term(item): os.kill(os.getpid(), signal.SIGTERM)\n\
                 def alarm(item): os.kill(os.getpid(), signal.SIGALRM)\n\
                 def crash(item): os.kill(os.getpid(), signal.SIGSEGV)\n";
    let sandbox = directory(tasks, &[]);
    let told = [
        ("term", "ended by SIGTERM, which it or another program sent"),
        ("alarm", "ended by SIGALRM, which it or another program sent"),
        ("crash", "crashed with SIGSEGV"),
    ];
    for (callable, told) in told {
        let callable = format!("tasks.py:{callable}");
        sandbox
            .run(&[&["advise", &callable], &QUICK[..]].concat())
            .code(1)
            .stderr(contains(told).and(contains("out-of-memory").not()));
    }
}

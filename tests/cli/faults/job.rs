//! The commands that get faults, and what of their results accounts for every task.

use std::fs;

use serde_json::Value;

use crate::sandbox::Sandbox;

/// A command.
pub(super) struct Job {
    pub(super) name: &'static str,
    pub(super) arguments: &'static [&'static str],
    /// Checks the document that a run without a failure prints, and the files that it was asked for.
    pub(super) accounts: fn(&Value, &Sandbox) -> Result<(), String>,
}

/// Every kind of command: native and Python, with files that results go to.
pub(super) const JOBS: [Job; 8] = [
    Job {
        name: "run command",
        arguments: &[
            "run",
            "-j2",
            "--journal",
            "j",
            "--results",
            "out.jsonl",
            "--json",
            "--",
            "echo",
            ":::",
            "a",
            "b",
            "c",
        ],
        accounts: |document, sandbox| {
            run(document)?;
            lines(sandbox, "out.jsonl", 3)?;
            lines(sandbox, "j", 4)
        },
    },
    Job {
        name: "run callable",
        arguments: &["run", "-j2", "--json", "tasks.py:nap"],
        accounts: |document, _| run(document),
    },
    Job { name: "check", arguments: &["check", "tasks.py:nap", "--tasks", "2", "--json"], accounts: check },
    Job {
        name: "advise",
        arguments: &[
            "advise",
            "nap.toml",
            "--strategy",
            "threads,processes",
            "--width",
            "2",
            "--runs",
            "1",
            "--budget",
            "300ms",
            "--json",
        ],
        accounts: cells,
    },
    Job {
        name: "advise callable",
        arguments: &[
            "advise",
            "tasks.py:nap",
            "--strategy",
            "threads",
            "--width",
            "2",
            "--runs",
            "1",
            "--budget",
            "300ms",
            "--json",
        ],
        accounts: cells,
    },
    Job {
        name: "bench",
        arguments: &[
            "bench",
            "nap.toml",
            "--strategy",
            "threads",
            "--width",
            "2",
            "--budget",
            "300ms",
            "--save-baseline",
            "base.json",
            "--json",
        ],
        accounts: |document, sandbox| {
            let base = fs::read_to_string(sandbox.path("base.json"))
                .map_err(|error| format!("base.json: {error}"))?;
            let base: Value = serde_json::from_str(&base).map_err(|error| format!("base.json: {error}"))?;
            cells(&document["results"][0], sandbox)?;
            cells(&base["results"][0], sandbox)
        },
    },
    Job { name: "profile", arguments: &["profile", "nap.toml", "--json"], accounts: profile },
    Job {
        name: "profile command",
        arguments: &["profile", "--json", "--", "sh", "-c", "sleep 0.02"],
        accounts: profile,
    },
];

/// Returns a sandbox with the files of every command.
pub(super) fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    reset(&sandbox);
    sandbox
}

/// Puts the working directory into the state before a run.
pub(super) fn reset(sandbox: &Sandbox) {
    let directory = sandbox.path("");
    fs::remove_dir_all(&directory).unwrap();
    fs::create_dir(&directory).unwrap();
    let tasks =
        "import time\nitems = ['a', 'b', 'c']\ndef nap(item):\n    time.sleep(0.002)\n    return item\n";
    fs::write(sandbox.path("tasks.py"), tasks).unwrap();
    fs::write(sandbox.path("nap.toml"), "tasks = 6\n[[step]]\nkind = 'sleep'\nfor = '1ms'\n").unwrap();
}

fn lines(sandbox: &Sandbox, name: &str, expected: usize) -> Result<(), String> {
    let text = fs::read_to_string(sandbox.path(name)).map_err(|error| format!("{name}: {error}"))?;
    let found = text.lines().count();
    if found == expected { Ok(()) } else { Err(format!("{name} has {found} lines, not {expected}: {text}")) }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

fn run(document: &Value) -> Result<(), String> {
    let items = &document["job"]["items"];
    let all: u64 = ["ok", "failed", "skipped", "not_run"].iter().map(|key| number(&items[key])).sum();
    if all == 3 { Ok(()) } else { Err(format!("3 items were given: {items}")) }
}

fn cells(document: &Value, _: &Sandbox) -> Result<(), String> {
    let cells = document["cells"].as_array().ok_or("no cells")?;
    let unaccounted = cells.iter().find(|cell| {
        let tasks: u64 =
            ["ok", "failed", "timed_out", "cancelled"].iter().map(|key| number(&cell["tasks"][key])).sum();
        cell["status"] == "ok" && tasks == 0
    });
    match unaccounted {
        None if !cells.is_empty() => Ok(()),
        _ => Err(format!("no task is accounted for: {unaccounted:?}")),
    }
}

fn check(document: &Value, _: &Sandbox) -> Result<(), String> {
    let checks = document["checks"].as_array().ok_or("no checks")?;
    if checks.len() == 8 { Ok(()) } else { Err(format!("{} checks", checks.len())) }
}

fn profile(document: &Value, _: &Sandbox) -> Result<(), String> {
    if document["profile"].is_object() { Ok(()) } else { Err("no profile".to_owned()) }
}

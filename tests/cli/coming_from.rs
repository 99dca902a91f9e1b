//! The tables of the topics for users of other tools: every line of `conc` in them runs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::sandbox::Sandbox;

/// Time for measuring in a line that measures: the lines are run, not their results judged.
const BUDGET: &str = "60ms";

/// Programs and files that the lines name.
const FILES: [(&str, &str); 8] = [
    ("work", "#!/bin/sh\necho \"$1\"\n"),
    ("old", "#!/bin/sh\necho \"$1\"\n"),
    ("new", "#!/bin/sh\necho \"$1\"\n"),
    ("make", "#!/bin/sh\nexit 0\n"),
    ("flaky", "#!/bin/sh\nexit 1\n"),
    ("list.txt", "a\nb\n"),
    ("a.log", "12345"),
    ("t.csv", "command,mean,parameter_t\n./work -t 1,1.0,1\n./work -t 2,0.6,2\n./work -t 4,0.4,4\n"),
];

/// A workload for lines that measure the suite of a directory.
const WORKLOAD: &str = "tasks = 4\n\n[[step]]\nkind = \"sleep\"\nfor = \"5ms\"\n";

/// Returns the lines of the second column of the table, and the program that the topic shows.
fn lines(topic: &str) -> (Vec<String>, Option<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/explain/topics").join(format!("{topic}.md"));
    let text = fs::read_to_string(path).unwrap();
    let program =
        text.split_once("```python\n").map(|(_, rest)| rest.split("```").next().unwrap().to_owned());
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("|---"));
    let cells = rows.skip(1).map(|row| {
        let row = row.replace("\\|", "\u{0}");
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().unwrap().to_owned();
        cell.trim_matches('`').replace('\u{0}', "|")
    });
    (cells.collect(), program)
}

fn prepare(sandbox: &Sandbox, program: Option<&str>) {
    for (name, text) in FILES {
        fs::write(sandbox.path(name), text).unwrap();
        fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::create_dir(sandbox.path("workloads")).unwrap();
    fs::write(sandbox.path("workloads/work.toml"), WORKLOAD).unwrap();
    if let Some(program) = program {
        fs::write(sandbox.path("tasks.py"), program).unwrap();
    }
}

/// Runs a line in a shell, with a small budget where it names none.
fn run(sandbox: &Sandbox, line: &str) -> Result<(), String> {
    let measures = line.contains("conc advise") || line.contains("conc bench");
    let line = match measures && !line.contains("--budget") {
        true => line.replacen("conc advise", &format!("conc advise --budget {BUDGET}"), 1).replacen(
            "conc bench",
            &format!("conc bench --budget {BUDGET}"),
            1,
        ),
        false => line.to_owned(),
    };
    // What `command` sets up holds for the shell and so for every program that it starts.
    let conc = sandbox.command(&[]);
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(&line).current_dir(sandbox.path(""));
    for (name, value) in conc.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let directory = Path::new(env!("CARGO_BIN_EXE_conc")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = shell.env("PATH", format!("{}:{path}", directory.display())).output().unwrap();
    // A comparison may find a regression, or fail to decide: the line is right all the same.
    let compares = line.contains("--fail-on-regression");
    match output.status.code() {
        Some(0) => Ok(()),
        Some(3) if compares => Ok(()),
        status => {
            let (printed, errors) =
                (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            Err(format!("{line}\n  status {status:?}\n{printed}{errors}"))
        }
    }
}

fn assert_all_run(topic: &str, least: usize) {
    let (lines, program) = lines(topic);
    assert!(lines.len() >= least, "{topic}: {lines:#?}");
    assert!(lines.iter().all(|line| line.contains("conc ")), "{topic}: {lines:#?}");
    let sandbox = Sandbox::new();
    prepare(&sandbox, program.as_deref());
    let failed: Vec<String> = lines.iter().filter_map(|line| run(&sandbox, line).err()).collect();
    assert!(failed.is_empty(), "{topic}: {} of {} lines\n{}", failed.len(), lines.len(), failed.join("\n"));
    sandbox.assert_nothing_is_left();
}

#[test]
fn lines_for_users_of_hyperfine_run() {
    assert_all_run("coming-from-hyperfine", 15);
}

#[test]
fn lines_for_users_of_gnu_parallel_run() {
    assert_all_run("coming-from-gnu-parallel", 25);
}

#[test]
fn lines_for_users_of_joblib_run() {
    assert_all_run("coming-from-joblib", 15);
}

#[test]
fn lines_for_users_of_pytest_benchmark_run() {
    assert_all_run("coming-from-pytest-benchmark", 14);
}

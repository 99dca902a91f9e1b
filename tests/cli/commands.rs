//! The commands as they are meant to be used, and where their output goes.

use std::fs;

use predicates::prelude::*;
use predicates::str::{contains, starts_with};

use crate::sandbox::Sandbox;

const BUDGET: [&str; 2] = ["--budget", "300ms"];

/// Runs `advise` and finds a recommendation, with a line for a shell if a command is run, or else a program in Rust.
fn advises(sandbox: &Sandbox, stdin: &str, arguments: &[&str], header: &str) {
    let (program, absent) =
        if arguments.contains(&"--") { ("\nshell: xargs, ", "in flight") } else { ("\nrust: ", "xargs") };
    let arguments = [&["advise"], &BUDGET[..], arguments].concat();
    sandbox
        .run_with(stdin, &arguments)
        .code(0)
        .stdout(
            starts_with(header)
                .and(contains("Recommendation ("))
                .and(contains(program))
                .and(contains(absent).not()),
        )
        .stderr(contains("error").not());
}

#[test]
fn inline_work_is_advised_on() {
    let work = ["--cpu", "1ms", "--wait", "5ms", "--tasks", "50"];
    advises(&Sandbox::new(), "", &work, "inline · 50 tasks · inline workload · ");
}

#[test]
fn commands_are_advised_on() {
    let sandbox = Sandbox::new();
    advises(&sandbox, "", &["--tasks", "10", "--", "sleep", "0.01"], "sleep · 10 tasks · command · ");
    advises(&sandbox, "a\nb\nc\n", &["--items", "-", "--", "echo", "{}"], "echo · 3 tasks · command · ");
    advises(&sandbox, "", &["--", "echo", "{}", ":::", "a", "b"], "echo · 2 tasks · command · ");
}

#[test]
fn lines_for_a_shell_have_the_users_own_words() {
    let sandbox = Sandbox::with("my items.txt", "a b\nc\n");
    let work = ["--items", "my items.txt", "--", "test", "-n", "{}"];
    let arguments = [&["advise", "--code", "shell"], &BUDGET[..], &work].concat();
    let shown = sandbox.run(&arguments).code(0);
    let shown = shown.stdout(contains(r"tr '\n' '\0' < 'my items.txt' | xargs -0 -P "));
    let shown = shown.stdout(contains(" -I {} test -n {}\n"));
    let shown = shown.stdout(contains("\nparallel -j ").and(contains(" -k test -n {} < 'my items.txt'\n")));
    let basis = contains(": measured on ").or(contains(": predicted on "));
    shown.stdout(contains("\n# conc advise --code shell ").and(basis));
}

#[test]
fn the_program_for_a_callable_calls_it() {
    let tasks = "import asyncio\nasync def fetch(item):\n    await asyncio.sleep(0.01)\n";
    let sandbox = Sandbox::with("tasks.py", tasks);
    let arguments = ["advise", "tasks.py:fetch", "--tasks", "20", "--strategy", "async", "--width", "4"];
    let arguments = [&arguments[..], &BUDGET[..]].concat();
    let shown = sandbox.run(&arguments).code(0).stdout(contains("\npython: asyncio, 4 in flight\n"));
    shown.stdout(contains("\nfrom tasks import fetch\n").and(contains("TaskGroup").not()));
    let all = sandbox.run(&[&arguments[..], &["-v"]].concat()).code(0);
    all.stdout(contains("asyncio.TaskGroup()").and(contains("asyncio.Semaphore(WIDTH)")));
}

#[test]
fn a_command_gets_every_item_as_one_word() {
    let sandbox = Sandbox::with("list.txt", "one two\n\r\nthree\r\n");
    let line = "test -n {} && printf '%s\\n' {} >> seen";
    advises(&sandbox, "", &["--items", "list.txt", "--shell", "--", line], "test · 2 tasks · command · ");
    let seen = fs::read_to_string(sandbox.path("seen")).unwrap();
    assert!(seen.lines().all(|line| line == "one two" || line == "three"), "{seen}");
    assert!(seen.contains("one two\n") && seen.contains("three\n"), "{seen}");
}

#[test]
fn braces_without_items_belong_to_the_command() {
    let sandbox = Sandbox::with("a.txt", "");
    let found = |arguments: &[&str], expected: &str| {
        sandbox.run(arguments).code(0);
        assert_eq!(fs::read_to_string(sandbox.path("seen")).unwrap(), expected, "{arguments:?}");
    };
    let profile = ["profile", "--output", "seen", "--"];
    let find = ["find", "a.txt", "-exec", "echo", "got", "{}", ";"];
    found(&[&profile[..], &find].concat(), "got a.txt\n");
    let xargs = ["sh", "-c", "echo b | xargs -I{} echo {item} {}.png"];
    found(&[&profile[..], &xargs].concat(), "{item} b.png\n");
    let awk = ["awk", "BEGIN{}END{print 1}", "a.txt"];
    found(&[&profile[..], &awk].concat(), "1\n");
    // A number of tasks makes the number of the task the item.
    let tasks = ["profile", "--tasks", "1", "--", "sh", "-c", "echo {} > seen"];
    found(&tasks, "0\n");
    let advise =
        ["advise", "--runs", "1", "--strategy", "threads", "--width", "2", "--code", "none", "--shell", "--"];
    found(&[&advise[..], &["echo {} > seen"]].concat(), "{}\n");
}

#[test]
fn a_profile_shows_the_class_and_the_evidence() {
    let waits = Sandbox::new().run(&["profile", "sleep-io"]).code(0);
    waits.stdout(contains("Profile    io-bound").and(contains("Measured")).and(contains("samples")));
    let computes = Sandbox::new().run(&["profile", "--cpu", "2ms", "--name", "sums"]).code(0);
    computes.stdout(starts_with("sums · 20 tasks").and(contains("\nProfile    ")));
}

#[test]
fn a_bench_shows_every_workload() {
    let arguments = [&["bench"], &BUDGET[..], &["sleep-io", "tiny-tasks"]].concat();
    let both = contains("sleep-io · 400 tasks").and(contains("tiny-tasks · 100000 tasks"));
    Sandbox::new().run(&arguments).code(0).stdout(starts_with("2 workloads · ").and(both));
}

#[test]
fn the_samples_are_listed() {
    let sandbox = Sandbox::new();
    sandbox.run(&["list"]).code(0).stdout(starts_with("web-scraper ")).stderr("");
    let json = sandbox.run(&["list", "--json"]).code(0).get_output().stdout.clone();
    let list: Vec<serde_json::Value> = serde_json::from_slice(&json).unwrap();
    assert!(list.iter().any(|sample| sample["name"] == "tiny-tasks" && sample["tasks"] == 100_000));
}

#[test]
fn topics_codes_and_strategies_are_explained() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&["explain"])
        .code(0)
        .stderr("")
        .stdout(contains("\n  exit-codes ").and(contains("work-stealing")));
    sandbox.run(&["explain", "exit-codes"]).code(0).stderr("").stdout(starts_with("Exit codes: "));
    let code = sandbox.run(&["explain", "E-ASYNC-005"]).code(0).stderr("");
    code.stdout(starts_with("E-ASYNC-005: resource exhaustion\n").and(contains("\nRemedy ")));
    sandbox.run(&["explain", "threads"]).code(0).stdout(starts_with("threads\n").and(contains("\nWidth ")));
}

#[test]
fn a_schema_and_completions_are_printed() {
    let sandbox = Sandbox::new();
    let schema = sandbox.run(&["schema"]).code(0).stderr("").get_output().stdout.clone();
    let schema: serde_json::Value = serde_json::from_slice(&schema).unwrap();
    assert!(jsonschema::validator_for(&schema).is_ok());
    for shell in ["bash", "zsh", "fish"] {
        sandbox.run(&["completions", shell]).code(0).stdout(contains("CONC_COMPLETE")).stderr("");
    }
}

#[test]
fn a_shell_is_offered_the_words_of_this_version_and_of_the_files_at_hand() {
    let sandbox = Sandbox::with("load.csv", "host,load,rps\na,1,20\n");
    for (words, offered) in [
        (&["advise", "web"][..], "web-scraper\t"),
        (&["advise", "--strategy", "async,thr"], "async,threads\t"),
        (&["explain", "E-FIT"], "E-FIT-001\t"),
        (&["explain", "semaph"], "semaphore\t"),
        (&["fit", "load.csv", "--concurrency", "l"], "load\t"),
    ] {
        let mut command = sandbox.command(&[&["--", "conc"], words].concat());
        command.env("CONC_COMPLETE", "fish");
        sandbox.check(assert_cmd::Command::from_std(command)).code(0).stdout(starts_with(offered)).stderr("");
    }
}

#[test]
fn the_short_help_is_short() {
    let sandbox = Sandbox::new();
    let lines = |arguments: &[&str]| {
        let output = sandbox.run(arguments).code(0).get_output().stdout.clone();
        String::from_utf8(output).unwrap().lines().count()
    };
    assert!(lines(&["advise", "-h"]) < 24 && lines(&["advise", "--help"]) > 60);
    assert!(lines(&["-h"]) < 24);
}

#[test]
fn a_file_that_init_writes_is_a_workload() {
    let sandbox = Sandbox::new();
    sandbox.run(&["init", "w.toml"]).code(0).stdout("").stderr("");
    let printed = sandbox.run(&["init"]).code(0).get_output().stdout.clone();
    assert_eq!(fs::read(sandbox.path("w.toml")).unwrap(), printed);
    let profile = sandbox.run(&["profile", "w.toml"]).code(0);
    profile.stdout(starts_with("my-workload · 200 tasks · workload file · "));
}

#[test]
fn a_strategy_may_have_the_name_it_has_in_python() {
    let sandbox = Sandbox::new();
    let arguments =
        ["--strategy", "threading", "--width", "2", "--wait", "2ms", "--tasks", "40", "--runs", "1"];
    sandbox
        .run(&[&["advise"], &BUDGET[..], &arguments].concat())
        .code(0)
        .stdout(contains("\n threads").and(contains("\n sequential")).and(contains("\n async").not()));
}

#[test]
fn warnings_go_to_standard_error_alone() {
    let sandbox = Sandbox::new();
    let arguments = [&["advise"], &BUDGET[..], &["--code", "none", "--", "true"]].concat();
    sandbox.run(&arguments).code(0).stdout(contains("W-RUN").not()).stderr(contains("(W-RUN-001)"));
}

#[test]
fn colour_is_shown_when_it_is_asked_for() {
    let coloured = |arguments: &[&str]| {
        let output = Sandbox::new().command(arguments).output().unwrap();
        let has = |bytes: &[u8]| bytes.contains(&0x1b);
        (has(&output.stdout), has(&output.stderr))
    };
    let work = ["profile", "--wait", "1ms", "--style"];
    assert!(coloured(&[&work[..], &["color"]].concat()).0);
    assert_eq!(coloured(&[&work[..], &["basic"]].concat()), (false, false));
    assert_eq!(coloured(&["profile", "none", "--style", "color"]), (false, true));
}

#[test]
fn a_reader_that_leaves_is_not_an_error() {
    let advise = [&["advise"], &BUDGET[..], &["--wait", "1ms", "--tasks", "20"]].concat();
    let json = [&advise[..], &["--json"]].concat();
    let commands: [&[&str]; 8] = [
        &["schema"],
        &["list"],
        &["init"],
        &["explain", "threads"],
        &["completions", "bash"],
        &["--help"],
        &advise,
        &json,
    ];
    for arguments in commands {
        let sandbox = Sandbox::new();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = sandbox.command(arguments).stdout(writer).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
        // A long warning goes on in the next line.
        let is_warning = |line: &str| line.starts_with("Warning ") || line.starts_with("   ");
        assert!(said.lines().all(is_warning), "{arguments:?}: {said}");
        sandbox.assert_nothing_is_left();
    }
}

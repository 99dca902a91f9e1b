//! Items that are run once, and commands that are run around the batches.

use std::collections::BTreeSet;
use std::fs;

use predicates::prelude::*;
use predicates::str::contains;

use crate::sandbox::Sandbox;

fn lines(sandbox: &Sandbox, name: &str) -> Vec<String> {
    fs::read_to_string(sandbox.path(name)).unwrap_or_default().lines().map(str::to_owned).collect()
}

#[test]
fn with_once_no_item_is_run_twice() {
    let sandbox = Sandbox::new();
    let items: Vec<String> = (0..120).map(|i| format!("item-{i}")).collect();
    let arguments = [
        "advise",
        "--once",
        "--items",
        "-",
        "--code",
        "none",
        "--shell",
        "--",
        "echo {} >> seen; sleep 0.01",
    ];
    sandbox
        .run_with(&items.join("\n"), &arguments)
        .code(0)
        .stdout(contains("Recommendation ("))
        .stderr(contains("W-RUN-001").not().and(contains("up to 15 wide (W-RUN-003)")));
    let seen = lines(&sandbox, "seen");
    let different: BTreeSet<_> = seen.iter().collect();
    assert_eq!(different.len(), seen.len(), "{seen:?}");
    assert!(seen.iter().all(|item| items.contains(item)));
    // The profile takes at most a quarter of the items, in random order; the cells get the others.
    assert!(seen.len() > 40 && seen[..20] != items[..20], "{seen:?}");
}

#[test]
fn items_that_run_out_end_the_measurement_and_it_is_said() {
    let sandbox = Sandbox::new();
    let items: Vec<String> = (0..30).map(|i| i.to_string()).collect();
    // More rounds than there are items for.
    let rounds = ["--runs", "50", "--code", "none"];
    let arguments = [&["advise", "--once", "--items", "-"][..], &rounds, &["--", "echo", "{}"]].concat();
    sandbox.run_with(&items.join("\n"), &arguments).code(0).stderr(contains("(W-RUN-008)"));
    let numbers = ["advise", "--once", "--cpu", "1ms"];
    sandbox.run(&numbers).code(2).stderr(contains("--once: 'inline' has no items"));
}

#[test]
fn files_that_are_read_again_and_again_are_told_to_come_from_memory() {
    let sandbox = Sandbox::with("data.txt", "some text\n");
    let arguments = ["advise", "--budget", "300ms", "--code", "none", "--", "cat", "{}", ":::", "data.txt"];
    sandbox.run(&arguments).code(0).stderr(contains("(W-RUN-009)").and(contains("(W-RUN-001)")));
    let others = ["advise", "--budget", "300ms", "--code", "none", "--", "echo", "{}", ":::", "data"];
    sandbox.run(&others).code(0).stderr(contains("(W-RUN-009)").not());
}

#[test]
fn every_batch_is_prepared_and_cleaned_up_after() {
    let sandbox = Sandbox::new();
    let hooks =
        ["--setup", "echo setup >> log", "--prepare", "echo before >> log", "--cleanup", "echo after >> log"];
    let work = [
        "--runs",
        "2",
        "--strategy",
        "threads",
        "--width",
        "2",
        "--tasks",
        "4",
        "--shell",
        "--",
        "echo task >> log",
    ];
    sandbox.run(&[&["advise", "--code", "none"], &hooks[..], &work[..]].concat()).code(0);
    let log = lines(&sandbox, "log");
    assert_eq!(log[0], "setup");
    let mut batches = 0;
    let mut rest = &log[1..];
    while let [first, others @ ..] = rest {
        assert_eq!(first, "before", "{log:?}");
        let end = others.iter().position(|line| line == "after").unwrap();
        assert!(end > 0 && others[..end].iter().all(|line| line == "task"), "{log:?}");
        rest = &others[end + 1..];
        batches += 1;
    }
    // The profile, then both cells in each of two rounds, of which one may be without the reference.
    assert!(batches >= 4, "{log:?}");
}

#[test]
fn a_command_that_fails_is_named_with_what_it_said() {
    let sandbox = Sandbox::new();
    for option in ["--setup", "--prepare", "--cleanup"] {
        let failing = ["profile", "--wait", "1ms", option, "echo no room >&2; exit 3"];
        let message = format!(
            "error[E-HOOK-001]: {option} failed: 'echo no room >&2; exit 3': exit status: 3: no room"
        );
        sandbox.run(&failing).code(1).stdout("").stderr(contains(message));
    }
    // The command fails the second time, so that it fails around the batches.
    let later = ["advise", "--wait", "1ms", "--tasks", "20", "--prepare", "test ! -e used && touch used"];
    sandbox.run(&later).code(1).stdout("").stderr(contains("error[E-HOOK-001]: --prepare failed"));
}

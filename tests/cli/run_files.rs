//! `conc run` where files cannot be written: a full disk, a directory that is none.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

use crate::sandbox::Sandbox;

/// Runs `conc` with files that may grow to so many blocks of 512 bytes, as if the disk were full then.
fn with_room(sandbox: &Sandbox, blocks: u32, arguments: &[&str]) -> Output {
    let inner = sandbox.command(arguments);
    let mut shell = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    shell.args(["-c", &script]).arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    shell.current_dir(sandbox.path("")).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn items(count: u32) -> String {
    (1..=count).map(|i| format!("{i}\n")).collect()
}

#[test]
fn a_full_disk_ends_the_run_and_what_was_recorded_is_whole() {
    let sandbox = Sandbox::with("items", &items(60));
    let line = ["run", "-j3", "--journal", "j", "--items", "items", "--", "echo"];
    let full = with_room(&sandbox, 4, &line);
    assert_eq!(full.status.code(), Some(1), "{}", said(&full));
    assert!(said(&full).contains("journal") && said(&full).contains("--resume"), "{}", said(&full));
    let printed = |output: &Output| -> Vec<u32> {
        String::from_utf8_lossy(&output.stdout).lines().map(|line| line.parse().unwrap()).collect()
    };
    let first = printed(&full);
    assert!(!first.is_empty() && first.len() < 60, "{first:?}");
    let rest = sandbox.command(&[&line[..4], &["--resume"], &line[4..]].concat()).output().unwrap();
    assert!(rest.status.success(), "{}", said(&rest));
    // What was printed, but not recorded, is printed again; nothing is missing.
    let all: BTreeSet<u32> = first.iter().chain(&printed(&rest)).copied().collect();
    assert_eq!(all, (1..=60).collect());
}

#[test]
fn results_that_do_not_fit_are_said_and_are_not_recorded_as_done() {
    let sandbox = Sandbox::with("items", &items(60));
    let line = ["run", "-j3", "--journal", "j", "--results", "out.jsonl", "--items", "items", "--"];
    // The results outgrow their room before the journal does.
    let long = ["printf", "%s %0400d\\n", "{}", "0"];
    let full = with_room(&sandbox, 16, &[&line[..], &long].concat());
    assert_eq!(full.status.code(), Some(1), "{}", said(&full));
    assert!(said(&full).contains("cannot write results"), "{}", said(&full));
    let rest = sandbox.command(&[&["run", "--resume"], &line[1..], &long].concat()).output().unwrap();
    assert!(rest.status.success(), "{}", said(&rest));
    let text = fs::read_to_string(sandbox.path("out.jsonl")).unwrap();
    let mut numbers: Vec<u64> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["number"].as_u64().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=60).collect::<Vec<_>>(), "each item has one result");
}

#[test]
fn a_place_that_cannot_be_written_to_is_said_before_anything_is_run() {
    let sandbox = Sandbox::with("file", "");
    for option in ["--journal", "--results", "--joblog", "--export-json"] {
        for place in ["file/x.jsonl", "missing/deep/x.jsonl"] {
            // Results make the directories that they need.
            if option == "--results" && place.starts_with("missing") {
                continue;
            }
            let arguments = ["run", option, place, "--shell", "--", "touch ran", ":::", "a"];
            let output = sandbox.command(&arguments).output().unwrap();
            assert!(!output.status.success(), "{option} {place}");
            assert!(said(&output).contains("x.jsonl"), "{option} {place}: {}", said(&output));
            assert!(!sandbox.path("ran").exists(), "{option} {place}: something was run");
        }
    }
}

#[test]
fn an_output_that_cannot_wait_on_disk_fails_its_item_alone() {
    let sandbox = Sandbox::new();
    let script = "head -c {} /dev/zero";
    let output =
        with_room(&sandbox, 2048, &["run", "-j2", "--shell", "--", script, ":::", "10", "3000000", "20"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("2 done, 1 failed"), "{}", said(&output));
    assert!(said(&output).contains("its output cannot be kept"), "{}", said(&output));
}

#[test]
fn a_timeout_of_a_median_kills_what_takes_far_longer() {
    let sandbox = Sandbox::new();
    let arguments = ["run", "-j1", "--timeout", "500%", "--", "sleep", ":::", "0.1", "0.1", "0.1", "600"];
    let output = sandbox.command(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("item 4 '600': timed out"), "{}", said(&output));
}

#[test]
fn the_same_line_begins_a_run_and_goes_on_with_it() {
    let sandbox = Sandbox::new();
    let line = ["run", "--journal", "j", "--resume", "--", "echo", ":::", "a"];
    sandbox.run(&line).success().stdout("a\n");
    sandbox.run(&line).success().stdout("");
}

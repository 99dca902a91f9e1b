//! `conc bench` against the same suite in another directory or version: pairs, absence, and other outcomes.

use std::fs;
use std::path::Path;
use std::process::Command;

use conc::internal::{BenchReport, ComparisonDesign, Document, GateReport, GateVerdict, Presence, Report};
use predicates::prelude::*;
use predicates::str::contains;

use crate::json::checked;
use crate::sandbox::Sandbox;

/// A callable that gives the square of an item, which the module has.
const SQUARES: &str = "items = range(20)\n\ndef work(item):\n    return item * item\n";

const SCRIPT: &str = "cpus = 4.0\ntask = { cpu_s = 0.0002, wait_s = 0.002 }\nspeed = { slow = 0.1 }\n";

fn nap(name: &str, time: &str) -> String {
    format!("name = '{name}'\ntasks = 40\n[[step]]\nkind = 'sleep'\nfor = '{time}'\n")
}

fn results(sandbox: &Sandbox, code: i32, arguments: &[&str]) -> BenchReport {
    let assert = sandbox.run(&[&["bench", "--json"], arguments].concat()).code(code);
    match checked(sandbox, &assert) {
        Document::Bench(report) => *report,
        other => panic!("results of a suite: {other:?}"),
    }
}

fn gate(report: &Report) -> &GateReport {
    report.gate.as_ref().unwrap()
}

fn git(directory: &Path, arguments: &[&str]) -> String {
    let who = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    let ran = Command::new("git").current_dir(directory).args(who).args(arguments).output().unwrap();
    assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

/// Returns a repository whose commits have these contents of `source`.
fn repository(versions: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    git(&sandbox.path(""), &["init", "--quiet"]);
    for version in versions {
        fs::write(sandbox.path("source"), version).unwrap();
        git(&sandbox.path(""), &["add", "source"]);
        git(&sandbox.path(""), &["commit", "--quiet", "--message", "a version"]);
    }
    sandbox
}

#[test]
fn a_version_of_the_repository_runs_alternately_and_other_outputs_are_a_regression() {
    let sandbox = repository(&[SQUARES, &SQUARES.replace("item * item", "item * item + item // 19")]);
    // What is built is in neither version.
    let arguments = ["tasks.py:work", "--build", "cp source tasks.py", "--strategy", "sequential"];
    let options = ["--reference-ref", "HEAD^", "--fail-on-regression", "--budget", "1s"];
    let report = results(&sandbox, 3, &[&arguments[..], &options].concat());
    let series = report.results[0].series.as_ref().unwrap();
    assert!(!series.batches.is_empty() && series.batches.len() == series.reference.len());
    let red = gate(&report.results[0]);
    assert_eq!((red.design, red.reference.as_str()), (ComparisonDesign::Paired, "HEAD^"));
    assert_eq!(red.presence, Presence::Both);
    let outputs = red.outcomes.as_ref().unwrap().outputs.unwrap();
    assert_eq!((outputs.differing, outputs.compared), (1, 20));
    assert_eq!(git(&sandbox.path(""), &["worktree", "list"]).lines().count(), 1, "a work tree is left");
}

#[test]
fn a_version_that_cannot_be_is_refused_before_anything_runs() {
    let sandbox = repository(&[SQUARES]);
    fs::write(sandbox.path("tasks.py"), SQUARES).unwrap();
    let refused = |options: &[&str], word: &str| {
        let assert = sandbox.run(&[&["bench", "tasks.py:work"], options].concat()).code(2).stdout("");
        assert.stderr(contains(word.to_owned()));
    };
    refused(&["--reference-ref", "no/such"], "E-GATE-003");
    refused(&["--reference-ref", "no/such"], "'no/such': git does not know this version");
    refused(&["--reference-dir", "none"], "'none': No such file or directory");
    refused(&["--reference-dir", "tasks.py"], "'tasks.py': not a directory");
    refused(&["--build", "true"], "--build builds both sides");
    refused(&["--reference-dir", ".", "--baseline", "b.json"], "cannot be used with");
    // A build that fails is a failed run, and says where.
    let build = ["bench", "tasks.py:work", "--reference-dir", ".", "--build", "echo broken >&2; false"];
    sandbox
        .run(&build)
        .code(1)
        .stderr(contains("the current directory: --build failed").and(contains("broken")));
}

/// Returns a suite and an earlier one in `old`: `same` is in both, `new` and `gone` in one, `after` was called
/// `before`, and `redefined` has another definition.
fn two_suites() -> Sandbox {
    let sandbox = Sandbox::new().simulating(SCRIPT);
    let write = |directory: &str, name: &str, time: &str| {
        let directory = sandbox.path(directory).join("workloads");
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(format!("{name}.toml")), nap(name, time)).unwrap();
    };
    for (name, time) in [("same", "2ms"), ("new", "3ms"), ("after", "4ms"), ("redefined", "5ms")] {
        write("", name, time);
    }
    for (name, time) in [("same", "2ms"), ("gone", "7ms"), ("before", "4ms"), ("redefined", "6ms")] {
        write("old", name, time);
    }
    sandbox
}

fn check_absence(report: &BenchReport) {
    let of = |name: &str| {
        let result = report.results.iter().find(|result| result.workload.name == name).unwrap();
        (gate(result).presence.clone(), gate(result).metrics.is_empty())
    };
    assert_eq!(of("same"), (Presence::Both, false));
    assert_eq!(of("after"), (Presence::Renamed { before: "before".to_owned() }, false));
    assert_eq!(of("new"), (Presence::New, true));
    assert_eq!(of("redefined"), (Presence::Redefined, true));
    let missing: Vec<&str> = report.missing.iter().map(|missing| missing.name.as_str()).collect();
    assert_eq!(missing, ["gone"]);
}

#[test]
fn absence_is_a_verdict_of_both_designs() {
    let sandbox = two_suites();
    let quick = ["--budget", "300ms", "--strategy", "sequential"];
    let paired = [&["--reference-dir", "old"], &quick[..]].concat();
    check_absence(&results(&sandbox, 4, &[&paired[..], &["--strict"]].concat()));
    check_absence(&results(&sandbox, 3, &[&paired[..], &["--fail-on-missing", "--strict"]].concat()));
    check_absence(&results(&sandbox, 0, &paired));
    results(&sandbox, 0, &[&["old/workloads", "--save-baseline", "b.json"], &quick[..]].concat());
    let stored = [&["--baseline", "b.json"], &quick[..]].concat();
    check_absence(&results(&sandbox, 3, &[&stored[..], &["--fail-on-missing"]].concat()));
    results(&sandbox, 0, &[&["--save-baseline", "now.json"], &quick[..]].concat());
    let assert = sandbox.run(&["compare", "b.json", "now.json", "--fail-on-missing", "--json"]).code(3);
    let Document::Bench(compared) = checked(&sandbox, &assert) else { panic!("a bench") };
    check_absence(&compared);
}

#[test]
fn a_new_workload_is_no_doubt_and_every_report_names_what_is_missing() {
    let sandbox = two_suites();
    for name in ["old/workloads/gone", "workloads/redefined", "workloads/same", "workloads/after"] {
        fs::remove_file(sandbox.path(&format!("{name}.toml"))).unwrap();
    }
    let quick = ["--budget", "300ms", "--strategy", "sequential", "--reference-dir", "old"];
    fs::create_dir(sandbox.path("none")).unwrap();
    let nothing_there = ["--reference-dir", "none", "--strict", "--fail-on-missing"];
    let new = results(&sandbox, 0, &[&quick[..4], &nothing_there].concat());
    assert_eq!(gate(&new.results[0]).presence, Presence::New);
    let exports = ["--export-junit", "junit.xml", "--export-markdown", "report.md"];
    let mut command = sandbox.command(&[&["bench"], &quick[..], &exports].concat());
    command.env("GITHUB_ACTIONS", "true");
    let assert = sandbox.check(assert_cmd::Command::from_std(command)).code(0);
    assert
        .stderr(contains("::warning title=before is missing::").and(contains("::notice title=new is new::")));
    let read = |name: &str| fs::read_to_string(sandbox.path(name)).unwrap();
    let junit = read("junit.xml");
    assert!(junit.contains("classname=\"conc.before\" name=\"present\""), "{junit}");
    assert!(!junit.contains("<testsuites name=\"conc\" tests=\"0\""), "{junit}");
    assert!(read("report.md").contains("- before: missing: only 'old' has this workload"));
}

#[test]
fn a_command_with_a_flag_of_its_own_runs_in_both_directories() {
    let sandbox = Sandbox::with("work.sh", "sleep 0.0$1; echo now; exit 0\n");
    fs::create_dir(sandbox.path("old")).unwrap();
    fs::write(sandbox.path("old/work.sh"), "sleep 0.0$1; echo before; exit 0\n").unwrap();
    let options = ["--reference-dir", "old", "--budget", "700ms", "--width", "1,2"];
    let report = results(&sandbox, 0, &[&options[..], &["--", "sh", "work.sh", "{width}"]].concat());
    let series = report.results[0].series.as_ref().unwrap();
    assert!(!series.reference.is_empty());
    let outcomes = [series.outcomes.as_ref().unwrap(), series.reference_outcomes.as_ref().unwrap()];
    assert_ne!(outcomes[0].outputs, outcomes[1].outputs, "each runs in its own directory");
    assert_eq!(outcomes.map(|side| side.outputs.len()), [1, 1]);
}

#[test]
fn an_exit_status_that_is_new_is_a_regression_of_its_own_where_as_many_fail() {
    let failing = |status: &str| format!("[ $1 = a ] && exit {status}; exit 0\n");
    let sandbox = Sandbox::with("work.sh", &failing("3"));
    fs::create_dir(sandbox.path("old")).unwrap();
    fs::write(sandbox.path("old/work.sh"), failing("1")).unwrap();
    let options = ["--strategy", "sequential", "--budget", "1s", "--fail-on-regression"];
    let command = ["--", "sh", "work.sh", "{}", ":::", "a", "b", "c"];
    let sides = [&options[..], &["--reference-dir", "old"]].concat();
    let assert = sandbox.run(&[&["bench", "--json"], &sides[..], &command].concat());
    let Document::Bench(report) = checked(&sandbox, &assert) else { panic!("a bench") };
    let series = report.results[0].series.as_ref().unwrap();
    let statuses = |side: &Option<conc::internal::SideOutcomes>| {
        side.as_ref().unwrap().statuses.keys().copied().collect::<Vec<_>>()
    };
    assert_eq!(statuses(&series.outcomes), [3]);
    assert_eq!(statuses(&series.reference_outcomes), [1]);
    let change = gate(&report.results[0]).outcomes.as_ref().unwrap();
    // A busy machine may run fewer batches than it takes to be sure.
    if series.batches.len() >= 10 {
        assert_eq!(change.new_statuses[0].status, 3);
        assert_eq!(gate(&report.results[0]).verdict, GateVerdict::Regressed);
    }
    let allowed = [&sides[..], &["--allow-changed-outputs"]].concat();
    let report = results(&sandbox, 0, &[&allowed[..], &command].concat());
    assert_eq!(gate(&report.results[0]).outcomes, None);
}

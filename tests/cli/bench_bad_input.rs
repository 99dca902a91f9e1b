//! Input that `conc bench` and `conc compare` refuse, and input that they accept with a warning.

use std::fs;

use conc::internal::{Document, GateReason};
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::json::checked;
use crate::sandbox::Sandbox;

const NAP: &str = "tasks = 20\n[[step]]\nkind = 'sleep'\nfor = '2ms'\n";

const QUICK: [&str; 2] = ["--budget", "200ms"];

/// Returns a sandbox with one workload and a baseline of it.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with("nap.toml", NAP).simulating("cpus = 4.0");
    sandbox.run(&[&["bench", "nap.toml", "--save-baseline", "b.json"], &QUICK[..]].concat()).code(0);
    sandbox
}

fn refused(sandbox: &Sandbox, arguments: &[&str], code: i32, words: &[&str]) {
    let mut assert = sandbox.run(arguments).code(code).stdout("");
    for word in words {
        assert = assert.stderr(contains(*word));
    }
}

#[test]
fn a_baseline_that_is_none_is_refused_with_its_place() {
    let sandbox = sandbox();
    let text = fs::read_to_string(sandbox.path("b.json")).unwrap();
    fs::write(sandbox.path("cut.json"), &text[..text.len() / 2]).unwrap();
    fs::write(sandbox.path("foreign.json"), "{\"benchmarks\": []}").unwrap();
    fs::write(sandbox.path("newer.json"), text.replacen("\"schema_version\": 2", "\"schema_version\": 3", 1))
        .unwrap();
    fs::write(sandbox.path("empty.json"), "").unwrap();
    let cases = [
        ("cut.json", &["E-GATE-001", "cut off", "cut.json:"][..]),
        ("foreign.json", &["E-GATE-001", "not a result of conc bench"]),
        ("newer.json", &["E-GATE-001", "newer version: its schema is 3"]),
        ("empty.json", &["E-GATE-001", "cut off"]),
        ("absent.json", &["E-GATE-001", "cannot read"]),
    ];
    for (file, words) in cases {
        refused(&sandbox, &["bench", "nap.toml", "--baseline", file], 2, words);
        refused(&sandbox, &["compare", "b.json", file], 2, words);
    }
}

#[test]
fn results_of_another_machine_are_refused_unless_they_are_allowed() {
    let sandbox = sandbox();
    let mut value: Value = serde_json::from_slice(&fs::read(sandbox.path("b.json")).unwrap()).unwrap();
    value["host"]["cpu_model"] = "Another CPU".into();
    value["host"]["cpus_effective"] = 640.0.into();
    fs::write(sandbox.path("other.json"), value.to_string()).unwrap();
    let words = ["E-GATE-002", "Another CPU there", "effective CPUs: 640 there"];
    refused(&sandbox, &["compare", "other.json", "b.json"], 2, &words);
    let bench = [&["bench", "nap.toml", "--baseline", "other.json"], &QUICK[..]].concat();
    refused(&sandbox, &bench, 2, &words);
    let allowed = [&bench[..], &["--allow-other-machine", "--json"]].concat();
    let Document::Bench(report) = checked(&sandbox, &sandbox.run(&allowed).code(0)) else {
        panic!("a bench")
    };
    assert_eq!(report.results[0].gate.as_ref().unwrap().reason, Some(GateReason::OtherMachine));
}

#[test]
fn a_broken_file_does_not_keep_the_others_from_being_measured() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("workloads")).unwrap();
    fs::write(sandbox.path("workloads/a.toml"), "tasks = 20\n[[step]]\nkind = 'slep'\n").unwrap();
    fs::write(sandbox.path("workloads/b.toml"), NAP).unwrap();
    fs::write(sandbox.path("workloads/c.toml"), "tasks = 20\n[[step]]\nkind = 'command'\nargv = ['false']\n")
        .unwrap();
    let arguments = [&["bench", "--json", "--export-json", "out.json"], &QUICK[..]].concat();
    let assert = sandbox.run(&arguments).code(2).stderr(contains("a.toml:3:8").and(contains("c: ")));
    let Document::Bench(report) = checked(&sandbox, &assert) else { panic!("a bench") };
    let measured: Vec<_> =
        report.results.iter().filter(|r| r.gate.is_none()).map(|r| &r.workload.name).collect();
    assert_eq!(measured, ["b"]);
    let failed: Vec<_> = report.failed.iter().map(|failed| failed.name.as_str()).collect();
    assert_eq!(failed, ["workloads/a.toml", "c"]);
    let written: Value = serde_json::from_slice(&fs::read(sandbox.path("out.json")).unwrap()).unwrap();
    assert_eq!(written, conc::internal::to_value(&*report).unwrap());
}

#[test]
fn a_suite_that_makes_no_sense_is_refused_before_anything_is_run() {
    let sandbox = sandbox();
    fs::create_dir(sandbox.path("empty")).unwrap();
    fs::create_dir(sandbox.path("twice")).unwrap();
    for name in ["x.toml", "y.toml"] {
        fs::write(sandbox.path("twice").join(name), format!("name = 'same'\n{NAP}")).unwrap();
    }
    refused(&sandbox, &["bench", "empty"], 2, &["no workload file (.toml) in 'empty'"]);
    refused(&sandbox, &["bench", "twice"], 2, &["2 workloads are called 'same'"]);
    refused(&sandbox, &["bench", "nap.toml", "nop.toml"], 2, &["E-WORKLOAD-007", "nop.toml"]);
    refused(
        &sandbox,
        &["bench", "nap.toml", "--save-baseline", "no/such/b.json"],
        1,
        &["cannot write 'no/such/b.json'"],
    );
    refused(&sandbox, &["bench", "nap.toml", "--noise-threshold", "3"], 2, &["a share below 1"]);
    fs::write(sandbox.path("conc.toml"), "workloads = ['nap.toml']\n[workload.nop]\nbudget = '1s'\n")
        .unwrap();
    refused(&sandbox, &["bench"], 2, &["[workload.nop]", "did you mean 'nap'?"]);
    fs::write(sandbox.path("conc.toml"), "[settings]\nbudgte = '1s'\n").unwrap();
    refused(&sandbox, &["bench"], 2, &["conc.toml:2:1", "budgte"]);
}

#[test]
fn another_side_that_cannot_be_is_refused() {
    let sandbox = sandbox();
    refused(
        &sandbox,
        &["bench", "nap.toml", "--reference-bin", "/bin/true"],
        2,
        &["E-GATE-003", "'/bin/true'"],
    );
    refused(
        &sandbox,
        &["bench", "nap.toml", "--reference-bin", "./nothing"],
        2,
        &["E-GATE-003", "'./nothing'"],
    );
    refused(&sandbox, &["bench", "sleep-io", "nap.toml", "--reference", "nap.toml"], 2, &["--reference"]);
    refused(&sandbox, &["bench", "--reference", "sleep '0.1", "--", "sleep", "0.1"], 2, &["quote"]);
    refused(
        &sandbox,
        &["bench", "nap.toml", "--reference", "nap.toml", "--baseline", "b.json"],
        2,
        &["cannot be used with"],
    );
}

#[test]
fn a_reference_that_fails_is_told_and_is_no_verdict() {
    let sandbox = Sandbox::new();
    let arguments = ["bench", "--json", "--reference", "false", "--strict", "--", "true"];
    let assert = sandbox.run(&[&arguments[..2], &QUICK, &arguments[2..]].concat()).code(4);
    let Document::Bench(report) = checked(&sandbox, &assert) else { panic!("a bench") };
    let gate = report.results[0].gate.as_ref().unwrap();
    assert_eq!(gate.reason, Some(GateReason::ReferenceFails));
}

//! `{width}`: the search over a program's own flag, with real programs.

use std::fs;

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::sandbox::Sandbox;
use crate::slips::is_refused;

/// Runs `conc` and returns its JSON.
fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let assert = sandbox.run(arguments).code(0);
    serde_json::from_slice(&assert.get_output().stdout).expect("one document")
}

/// Eight sleeps, so many at once as it is told.
const SLEEPS: &str = "printf '%s\\n' 1 2 3 4 5 6 7 8 | xargs -P {width} -I{} sleep 0.1";

#[test]
fn a_program_that_waits_gets_more_than_the_cpus() {
    let sandbox = Sandbox::new();
    let arguments = ["advise", "--json", "--width", "1,2,8", "--shell", "--", SLEEPS];
    let document = json(&sandbox, &arguments);
    let flag = &document["flag"];
    assert_eq!(flag["recommendation"]["width"], 8, "{flag:#}");
    let line = flag["recommendation"]["line"].as_str().expect("a line");
    assert!(line.contains("xargs -P 8 "), "{line}");
    assert!(flag["cells"].as_array().expect("cells").len() == 3 && document["cells"] == Value::Array(vec![]));
    assert!(flag["recommendation"]["binding_limit"]["message"].is_string(), "{flag:#}");
    assert!(document["profile"]["tree"]["over_time"]["several_s"].is_number());
}

#[test]
fn a_script_that_ignores_its_flag_is_told_so() {
    let sandbox = Sandbox::with("deaf.sh", "sleep 0.4\n");
    let arguments = ["advise", "--width", "1,2,16", "--", "sh", "deaf.sh", "{width}"];
    sandbox.run(&arguments).code(0).stdout(contains("the flag changes nothing"));
}

#[test]
fn a_metric_is_read_from_the_output_and_listed_values_take_their_place() {
    let sandbox = Sandbox::with("rate.sh", "sleep 0.05; echo \"rate: $(( $1 * $2 )) per s\" >&2\n");
    let arguments = [
        "advise",
        "--json",
        "--metric",
        "rate: ([0-9]+)",
        "-L",
        "factor",
        "1,3",
        "--width",
        "1,2,4",
        "--",
        "sh",
        "rate.sh",
        "{width}",
        "{factor}",
    ];
    let document = json(&sandbox, &arguments);
    let advice = &document["flag"]["recommendation"];
    assert_eq!((&advice["width"], &advice["value"]), (&4.into(), &"3".into()), "{advice:#}");
    let missing = ["advise", "--metric", "speed: ([0-9]+)", "--", "sh", "rate.sh", "{width}", "1"];
    sandbox.run(&missing).code(2).stderr(contains("--metric").and(contains("rate: ")));
}

#[test]
fn a_width_that_fails_is_left_out_and_one_program_that_always_fails_ends_the_search() {
    let script = "if [ $1 -ge 4 ]; then echo too wide >&2; exit 7; fi; sleep 0.$(( 8 / $1 ))\n";
    let sandbox = Sandbox::with("some.sh", script);
    let arguments = [
        "advise",
        "--json",
        "--exhaustive",
        "--runs",
        "1",
        "--width",
        "1,2,4",
        "--",
        "sh",
        "some.sh",
        "{width}",
    ];
    let document = json(&sandbox, &arguments);
    let flag = &document["flag"];
    let cells = flag["cells"].as_array().expect("cells");
    let failed: Vec<_> = cells.iter().filter(|cell| cell["status"] == "failed").collect();
    assert_eq!(failed.len(), 1, "{flag:#}");
    assert_eq!((&failed[0]["width"], &failed[0]["failure"]["exit_code"]), (&4.into(), &7.into()));
    assert_eq!(failed[0]["failure"]["said"], "too wide");
    assert_eq!(flag["recommendation"]["width"], 2);
    let always = ["advise", "--shell", "--", "echo broken {width} >&2; exit 5"];
    sandbox.run(&always).code(1).stderr(contains("exit code 5: broken"));
}

#[test]
fn hooks_run_around_every_run_and_nothing_is_left_behind() {
    let sandbox = Sandbox::new();
    let arguments = [
        "advise",
        "--runs",
        "2",
        "--width",
        "1,2",
        "--setup",
        "echo setup >> log",
        "--prepare",
        "echo prepare >> log",
        "--cleanup",
        "echo cleanup >> log",
        "--shell",
        "--",
        "echo run {width} >> log; (sleep 60 &) ; sleep 0.3",
    ];
    sandbox.run(&arguments).code(0).stdout(contains("leaves"));
    let log = fs::read_to_string(sandbox.path("log")).expect("a log");
    let lines: Vec<&str> = log.lines().map(|line| line.split(' ').next().unwrap_or_default()).collect();
    assert_eq!(lines[0], "setup");
    assert!(lines[1..].chunks(3).all(|run| run == ["prepare", "run", "cleanup"]), "{log}");
    assert!(lines.len() >= 7, "{log}");
}

#[test]
fn every_export_has_the_width() {
    let sandbox = Sandbox::new();
    let files = ["a.json", "a.csv", "a.md", "a.html", "b.json", "g.json", "j.xml"];
    let arguments = [
        "advise",
        "--runs",
        "2",
        "--width",
        "1,2",
        "--export-hyperfine",
        files[0],
        "--export-csv",
        files[1],
        "--export-markdown",
        files[2],
        "--export-html",
        files[3],
        "--export-bmf",
        files[4],
        "--export-gab",
        files[5],
        "--export-junit",
        files[6],
        "--",
        "sh",
        "-c",
        "sleep 0.0{width}",
    ];
    sandbox.run(&arguments).code(0);
    let read = |name: &str| fs::read_to_string(sandbox.path(name)).expect("a file");
    let hyperfine: Value = serde_json::from_str(&read("a.json")).expect("JSON");
    let results = hyperfine["results"].as_array().expect("results");
    assert!(!results.is_empty() && results.iter().all(|result| result["parameters"]["width"].is_string()));
    let commands: Vec<_> =
        results.iter().map(|result| result["command"].as_str().unwrap_or_default()).collect();
    assert!(commands.iter().all(|command| command.starts_with("sleep 0.0")), "{commands:?}");
    assert!(read("a.csv").starts_with("width,status,"), "{}", read("a.csv"));
    for (name, text) in
        [("a.md", "Width"), ("a.html", "<h3>Recommendation"), ("j.xml", "<testsuite"), ("b.json", "latency")]
    {
        assert!(read(name).contains(text), "{name}");
    }
    assert!(read("g-smaller.json").contains("width"));
}

#[test]
fn a_bench_repeats_the_recommended_width_and_gates_on_it() {
    let sandbox = Sandbox::with(
        "w.toml",
        "name = \"own\"\ntasks = 1\n[[step]]\nkind = \"command\"\nshell = true\ncommand = \"sleep 0.0{width}\"\n",
    );
    let arguments =
        ["bench", "w.toml", "--width", "1,2", "--budget", "700ms", "--save-baseline", "before.json"];
    sandbox.run(&arguments).code(0).stdout(contains("Recommendation"));
    let before: Value =
        serde_json::from_str(&fs::read_to_string(sandbox.path("before.json")).expect("a baseline"))
            .expect("JSON");
    assert_eq!(before["results"][0]["flag"]["recommendation"]["width"], 1);
    assert!(before["results"][0]["series"]["batches"].as_array().is_some_and(|batches| !batches.is_empty()));
    let again = ["bench", "w.toml", "--width", "1,2", "--budget", "700ms", "--baseline", "before.json"];
    sandbox.run(&again).code(0).stdout(contains("own"));
}

#[test]
fn bad_input_is_refused_with_what_to_do() {
    let sandbox = Sandbox::new();
    let refused = |arguments: &[&str], words: &[&str]| {
        is_refused(&sandbox, &[&["advise"], arguments].concat(), words);
    };
    refused(&["--width", "1-4", "--", "sleep", "0.1"], &["--width", "no {width}", "make -j{width}"]);
    refused(&["--", "sleep", "{width}", "{levle}"], &["'{levle}'", "-L levle"]);
    refused(&["--", "sleep", "{width}", "{widht}"], &["did you mean {width}?"]);
    refused(&["--metric", "[0-9]+", "--", "sleep", "{width}"], &["--metric", "no group"]);
    refused(&["--metric", "([0-9]+)", "--", "sleep", "1"], &["--metric", "no {width}"]);
    refused(&["-L", "level", "", "--", "sleep", "{width}"], &["level", "no values"]);
    refused(&["-L", "level", "1,2", "--", "sleep", "{width}"], &["no {level}"]);
    refused(&["--strategy", "threads", "--", "sleep", "{width}"], &["--strategy", "{width}"]);
    refused(&["--once", "--", "sleep", "{width}"], &["--once"]);
    sandbox.run(&["profile", "--", "sleep", "{width}"]).code(2).stderr(contains("conc advise"));
}

//! Every export format in one run, each valid for its readers.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use conc::internal::{Document, GateVerdict, Report};
use html5gum::{Token, Tokenizer};
use predicates::str::contains;
use serde_json::Value;

use crate::json::document;
use crate::sandbox::Sandbox;
use crate::shapes;

const WORKLOADS: [&str; 2] = ["sleep-io", "tiny-tasks"];

const EXPORTS: [&str; 16] = [
    "--export-json",
    "all.json",
    "--export-markdown",
    "all.md",
    "--export-csv",
    "all.csv",
    "--export-hyperfine",
    "hyperfine.json",
    "--export-bmf",
    "bmf.json",
    "--export-gab",
    "gab.json",
    "--export-junit",
    "junit.xml",
    "--export-html",
    "all.html",
];

/// Runs `bench` as GitHub would, with every export; returns the document.
fn run(sandbox: &Sandbox) -> Document {
    fs::write(sandbox.path("summary.md"), "Before.\n").unwrap();
    let arguments = [&["bench", "--json", "--budget", "1s"], &WORKLOADS[..], &EXPORTS[..]].concat();
    let mut command = sandbox.command(&arguments);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", "summary.md");
    document(sandbox, &sandbox.check(assert_cmd::Command::from_std(command)).code(0))
}

fn text(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.path(name)).unwrap()
}

fn json(sandbox: &Sandbox, name: &str, schema: &Value) -> Value {
    let document = serde_json::from_str(&text(sandbox, name)).unwrap();
    shapes::check(schema, &document);
    document
}

#[test]
fn one_run_writes_every_format_and_each_is_valid() {
    let sandbox = Sandbox::new().simulating("cpus = 2.0");
    let document = run(&sandbox);
    assert_eq!(serde_json::from_str::<Document>(&text(&sandbox, "all.json")).unwrap(), document);
    check_json(&sandbox, &document);
    assert_eq!(junit(&sandbox), "sleep-io 1 1 0 0\ntiny-tasks 1 1 0 0\n");
    check_page(&text(&sandbox, "all.html"));
    let rows: usize = document.reports().iter().map(|report| report.cells.len()).sum();
    assert_eq!(text(&sandbox, "all.csv").lines().count(), 1 + rows);
    let markdown = text(&sandbox, "all.md");
    assert!(WORKLOADS.iter().all(|name| markdown.contains(&format!("### {name}\n"))), "{markdown}");
    assert_eq!(text(&sandbox, "summary.md"), format!("Before.\n{markdown}\n"));
    let written: BTreeSet<_> =
        fs::read_dir(sandbox.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(written.len(), 10, "nothing is left next to the files: {written:?}");
    check_comparison(&sandbox);
}

/// Checks the parts that a gate adds, by comparing results with themselves.
fn check_comparison(sandbox: &Sandbox) {
    let arguments = [&["compare", "--json", "all.json", "all.json"], &EXPORTS[2..]].concat();
    let document = document(sandbox, &sandbox.run(&arguments).code(0));
    let suite = |report: &Report| {
        let gate = report.gate.as_ref().unwrap();
        assert!(
            gate.metrics.iter().all(|of| of.verdict != GateVerdict::Regressed),
            "nothing is slower than itself"
        );
        // The case that there are results, one for each metric or that there is none, outputs and exit statuses,
        // and the advice.
        let outcomes = 2 * usize::from(gate.outcomes.is_some());
        let cases = 1 + gate.metrics.len().max(1) + outcomes + usize::from(gate.advice.is_some());
        format!("{} {cases} {cases} 0 0\n", report.workload.name)
    };
    assert_eq!(junit(sandbox), document.reports().iter().map(suite).collect::<String>());
    let markdown = text(sandbox, "all.md");
    assert!(markdown.starts_with("## Gate: ") && markdown.contains("- sleep-io: "), "{markdown}");
    assert!(text(sandbox, "all.csv").lines().next().unwrap().contains(",gate,throughput_verdict,"));
    let page = text(sandbox, "all.html");
    check_page(&page);
    let compared = document.reports().iter().filter(|r| !r.gate.as_ref().unwrap().metrics.is_empty());
    assert_eq!(page.matches("ratios to the reference").count(), compared.count());
}

fn check_json(sandbox: &Sandbox, document: &Document) {
    let hyperfine = json(sandbox, "hyperfine.json", &shapes::hyperfine());
    let commands: Vec<_> = hyperfine["results"].as_array().unwrap().iter().map(|r| &r["command"]).collect();
    let bmf = json(sandbox, "bmf.json", &shapes::bmf());
    let bigger = json(sandbox, "gab-bigger.json", &shapes::gab());
    let smaller = json(sandbox, "gab-smaller.json", &shapes::gab());
    let names = |entries: &Value| -> BTreeSet<String> {
        entries.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
    };
    let named = |metric: &str| WORKLOADS.iter().map(|name| format!("{name} {metric}")).collect();
    assert_eq!(names(&bigger), named("throughput"));
    for metric in ["p50", "p99", "cpu-per-task", "peak-rss"] {
        assert!(names(&smaller).is_superset(&named(metric)), "{metric}: {smaller}");
    }
    for report in document.reports() {
        let measures = &bmf[&report.workload.name];
        assert!(["throughput", "latency"].iter().all(|slug| measures[slug]["value"].as_f64().unwrap() > 0.0));
        let advice = report.recommendation.as_ref().unwrap();
        let command = format!("{} ({} {}", report.workload.name, advice.strategy, advice.width);
        assert!(
            commands.iter().any(|c| c.as_str().unwrap().starts_with(&command)),
            "{command}: {commands:?}"
        );
    }
}

/// Returns the JUnit file as a plain XML parser reads it: the name of each suite, the cases in it, and the
/// numbers of tests, failures and errors it states.
fn junit(sandbox: &Sandbox) -> String {
    let script = "import sys, xml.etree.ElementTree as tree\n\
                  for suite in tree.parse(sys.argv[1]).getroot():\n \
                  said = [suite.get(key) for key in ('tests', 'failures', 'errors')]\n \
                  print(suite.get('name'), len(suite.findall('testcase')), *said)";
    let output =
        Command::new("python3").args(["-c", script]).arg(sandbox.path("junit.xml")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn check_page(page: &str) {
    let mut plots = 0;
    for token in Tokenizer::new(page) {
        match token.unwrap() {
            Token::Error(error) => panic!("{error:?}"),
            Token::StartTag(tag) if tag.name.as_slice() == b"polyline" => plots += 1,
            _ => {}
        }
    }
    assert!(plots >= 2 * WORKLOADS.len(), "several strategies of each workload: {plots}");
}

#[test]
fn where_every_workload_fails_the_files_say_so() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["bench", "--export-junit", "junit.xml", "--", "false"]);
    command.env("GITHUB_ACTIONS", "true");
    let assert = sandbox.check(assert_cmd::Command::from_std(command)).code(1);
    assert.stdout("").stderr(contains("\n::error title=false failed::"));
    assert_eq!(junit(&sandbox), "false 1 1 0 1\n");
}

#[test]
fn standard_output_takes_one_format_and_a_file_too() {
    let sandbox = Sandbox::new();
    let bench = |arguments: &[&str]| sandbox.run(&[&["bench", "sleep-io"], arguments].concat()).code(2);
    bench(&["--export-bmf", "-", "--export-junit", "-"])
        .stderr(contains("only one format can go to standard"));
    bench(&["--json", "--export-html", "-"]).stderr(contains("only one format can go to standard output"));
    bench(&["--export-gab", "-"]).stderr(contains("--export-gab: it writes two files"));
    bench(&["--export-csv", "a", "--export-bmf", "a"])
        .stderr(contains("only one format can go to the file 'a'"));
    bench(&["--export-gab", "."]).stderr(contains("is not the name of a file"));
    sandbox.run(&["profile", "sleep-io", "--export-html", "a"]).code(2);
    assert_eq!(fs::read_dir(sandbox.path("")).unwrap().count(), 0);
}

#[test]
fn a_page_goes_to_standard_output_alone() {
    let sandbox = Sandbox::new();
    let arguments =
        ["advise", "--wait", "1ms", "--tasks", "20", "--width", "2", "--runs", "1", "--export-html", "-"];
    let page = sandbox.run(&arguments).code(0);
    let page = String::from_utf8(page.get_output().stdout.clone()).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>\n") && page.ends_with("</html>\n"), "{page}");
}

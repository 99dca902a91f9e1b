//! Every format in one run, each valid for what reads it.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use conc::report::Document;
use html5gum::{Token, Tokenizer};
use predicates::str::contains;
use serde_json::Value;

use crate::json::document;
use crate::place::Place;
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

/// One run of `bench` as GitHub would run it, with every export; gives the document.
fn run(place: &Place) -> Document {
    fs::write(place.path("summary.md"), "Before.\n").unwrap();
    let arguments = [&["bench", "--json", "--budget", "1s"], &WORKLOADS[..], &EXPORTS[..]].concat();
    let mut command = place.command(&arguments);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", "summary.md");
    document(place, &place.check(assert_cmd::Command::from_std(command)).code(0))
}

fn text(place: &Place, name: &str) -> String {
    fs::read_to_string(place.path(name)).unwrap()
}

fn json(place: &Place, name: &str, schema: &Value) -> Value {
    let document = serde_json::from_str(&text(place, name)).unwrap();
    shapes::check(schema, &document);
    document
}

#[test]
fn one_run_writes_every_format_and_each_is_valid() {
    let place = Place::new();
    let document = run(&place);
    assert_eq!(serde_json::from_str::<Document>(&text(&place, "all.json")).unwrap(), document);
    check_json(&place, &document);
    check_junit(&place);
    check_page(&text(&place, "all.html"));
    let rows: usize = document.reports().iter().map(|report| report.cells.len()).sum();
    assert_eq!(text(&place, "all.csv").lines().count(), 1 + rows);
    let markdown = text(&place, "all.md");
    assert!(WORKLOADS.iter().all(|name| markdown.contains(&format!("### {name}\n"))), "{markdown}");
    assert_eq!(text(&place, "summary.md"), format!("Before.\n{markdown}\n"));
    let written: BTreeSet<_> =
        fs::read_dir(place.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(written.len(), 10, "nothing is left beside the files: {written:?}");
}

fn check_json(place: &Place, document: &Document) {
    let hyperfine = json(place, "hyperfine.json", &shapes::hyperfine());
    let commands: Vec<_> = hyperfine["results"].as_array().unwrap().iter().map(|r| &r["command"]).collect();
    let bmf = json(place, "bmf.json", &shapes::bmf());
    let bigger = json(place, "gab-bigger.json", &shapes::gab());
    let smaller = json(place, "gab-smaller.json", &shapes::gab());
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

/// What a parser that knows nothing of JUnit reads.
fn check_junit(place: &Place) {
    let script = "import sys, xml.etree.ElementTree as tree\n\
                  for suite in tree.parse(sys.argv[1]).getroot():\n \
                  print(suite.get('name'), len(suite.findall('testcase')), suite.get('tests'), suite.get('errors'))";
    let output = Command::new("python3").args(["-c", script]).arg(place.path("junit.xml")).output().unwrap();
    let read = String::from_utf8(output.stdout).unwrap();
    assert_eq!(read, "sleep-io 1 1 0\ntiny-tasks 1 1 0\n", "{}", String::from_utf8_lossy(&output.stderr));
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
fn standard_output_takes_one_format_and_a_file_too() {
    let place = Place::new();
    let bench = |arguments: &[&str]| place.run(&[&["bench", "sleep-io"], arguments].concat()).code(2);
    bench(&["--export-bmf", "-", "--export-junit", "-"])
        .stderr(contains("only one format can go to standard"));
    bench(&["--json", "--export-html", "-"]).stderr(contains("only one format can go to standard output"));
    bench(&["--export-gab", "-"]).stderr(contains("--export-gab: it writes two files"));
    bench(&["--export-csv", "a", "--export-bmf", "a"])
        .stderr(contains("only one format can go to the file 'a'"));
    bench(&["--export-gab", "."]).stderr(contains("is not the name of a file"));
    place.run(&["profile", "sleep-io", "--export-html", "a"]).code(2);
    assert_eq!(fs::read_dir(place.path("")).unwrap().count(), 0);
}

#[test]
fn a_page_goes_to_standard_output_alone() {
    let place = Place::new();
    let arguments =
        ["advise", "--wait", "1ms", "--tasks", "20", "--width", "2", "--runs", "1", "--export-html", "-"];
    let page = place.run(&arguments).code(0);
    let page = String::from_utf8(page.get_output().stdout.clone()).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>\n") && page.ends_with("</html>\n"), "{page}");
}

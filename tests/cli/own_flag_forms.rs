//! `{width}` beside items, a metric, other CPUs, settings and another program; and programs that misbehave.

use std::fs;

use predicates::str::contains;
use serde_json::Value;

use crate::sandbox::Sandbox;
use crate::slips::is_refused;

/// Runs `conc` and returns its JSON.
fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let assert = sandbox.run(arguments).code(0);
    serde_json::from_slice(&assert.get_output().stdout).expect("one document")
}

fn read(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.path(name)).expect("a file")
}

#[test]
fn one_run_goes_through_all_items() {
    let sandbox = Sandbox::with("work.sh", "echo \"$1 $2\" >> log; sleep 0.05\n");
    let options = ["advise", "--json", "--runs", "1", "--width", "1,2"];
    let command = ["--", "sh", "work.sh", "{width}", "{}", ":::", "a", "b"];
    let document = json(&sandbox, &[&options[..], &command[..]].concat());
    let log = read(&sandbox, "log");
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len() as u64, 2 * document["flag"]["runs"].as_u64().expect("runs"), "{log}");
    let is_run = |run: &[&str]| run == ["1 a", "1 b"] || run == ["2 a", "2 b"];
    assert!(lines.chunks(2).all(is_run), "{log}");
    let line = document["flag"]["recommendation"]["line"].as_str().expect("a line");
    assert!(line.starts_with("sh work.sh ") && line.ends_with(" '{}'"), "{line}");
    // A command without a place for the item gets it at its end.
    fs::remove_file(sandbox.path("log")).expect("a log");
    let command = ["--", "sh", "work.sh", "{width}", ":::", "a", "b"];
    sandbox.run(&[&options[..], &command[..]].concat()).code(0);
    assert!(read(&sandbox, "log").lines().all(|line| line.ends_with(" a") || line.ends_with(" b")));
}

#[test]
fn a_metric_is_minimised_if_asked() {
    // Factors of a thousand, which no doubt about a busy machine covers.
    let sandbox = Sandbox::with("latency.sh", "echo \"latency: $(( ($1 - 3) * ($1 - 3) * 1000 + 1 ))\"\n");
    let arguments = ["advise", "--json", "--exhaustive", "--runs", "1", "--width", "1-4", "--minimize"];
    let command = ["--metric", "latency: ([0-9]+)", "--", "sh", "latency.sh", "{width}"];
    let flag = &json(&sandbox, &[&arguments[..], &command[..]].concat())["flag"];
    assert_eq!(flag["recommendation"]["width"], 3, "{flag:#}");
    assert_eq!(flag["metric"]["goal"], "minimize");
    assert_eq!(flag["cells"][0]["runs"][0]["metric"], 4001.0, "{flag:#}");
}

#[test]
fn more_cpus_are_a_prediction_from_the_first_run() {
    let sandbox = Sandbox::new();
    let arguments = ["advise", "--json", "--assume-cpus", "64", "--width", "1,2,64", "--"];
    let script = ["sh", "-c", "sleep 0.2; : {width}"];
    let flag = &json(&sandbox, &[&arguments[..], &script[..]].concat())["flag"];
    assert_eq!((&flag["assumed_cpus"], &flag["runs"]), (&64.0.into(), &1.into()), "{flag:#}");
    let codes: Vec<&Value> = flag["recommendation"]["notes"]
        .as_array()
        .map(|notes| notes.iter().map(|note| &note["code"]).collect())
        .unwrap_or_default();
    assert!(codes.contains(&&"only-first-run".into()), "{flag:#}");
}

#[test]
fn another_program_is_run_with_the_recommended_number_in_turn() {
    let sandbox = Sandbox::new();
    for name in ["old", "new"] {
        let script = format!("echo \"{name} $1\" >> log; sleep 0.03\n");
        fs::write(sandbox.path(&format!("{name}.sh")), script).expect("a file");
    }
    let options = ["bench", "--width", "1,2", "--budget", "600ms", "--export-json", "out.json"];
    let command = ["--reference", "sh old.sh {width}", "--", "sh", "new.sh", "{width}"];
    sandbox.run(&[&options[..], &command[..]].concat()).code(0);
    let document: Value = serde_json::from_str(&read(&sandbox, "out.json")).expect("JSON");
    let report = &document["results"][0];
    let width = report["flag"]["recommendation"]["width"].to_string();
    assert!(report["gate"].is_object(), "{report:#}");
    let log = read(&sandbox, "log");
    let old: Vec<&str> = log.lines().filter_map(|line| line.strip_prefix("old ")).collect();
    assert!(!old.is_empty() && old.iter().all(|number| *number == width), "{width}: {log}");
}

#[test]
fn a_suite_file_lists_the_widths_and_the_budget() {
    let step = "[[step]]\nkind = \"command\"\nargv = [\"sh\", \"-c\", \"echo {width} >> log; sleep 0.02\"]\n";
    let sandbox = Sandbox::with("own.toml", &format!("name = \"own\"\ntasks = 1\n{step}"));
    let file = "workloads = [\"own.toml\"]\n[settings]\nbudget = \"400ms\"\nwidths = [\"3\", \"5\"]\n";
    fs::write(sandbox.path("conc.toml"), file).expect("a file");
    sandbox.run(&["bench", "--export-json", "out.json"]).code(0);
    let document: Value = serde_json::from_str(&read(&sandbox, "out.json")).expect("JSON");
    let flag = &document["results"][0]["flag"];
    let widths: Vec<u64> = flag["cells"]
        .as_array()
        .map(|cells| cells.iter().filter_map(|cell| cell["width"].as_u64()).collect())
        .unwrap_or_default();
    assert_eq!((widths, &flag["budget_s"]), (vec![3, 5], &0.4.into()), "{flag:#}");
    let log = read(&sandbox, "log");
    assert!(log.lines().all(|line| line == "3" || line == "5"), "{log}");
}

#[test]
fn nothing_beside_a_best_of_two_numbers_is_unknown_when_the_answer_is_sure() {
    let script = "p=$(( $1 > 2 ? $1 - 2 : 2 - $1 )); w=$(( $2 > 3 ? $2 - 3 : 3 - $2 ))\n\
                  sleep 0.$(( 10 + 8 * p + 6 * w ))\n";
    let sandbox = Sandbox::with("grid.sh", script);
    let options = ["advise", "--json", "-L", "processes", "1,2,3", "--width", "1-5"];
    let command = ["--", "sh", "grid.sh", "{processes}", "{width}"];
    let flag = &json(&sandbox, &[&options[..], &command[..]].concat())["flag"];
    let advice = &flag["recommendation"];
    let (processes, width) =
        (advice["processes"].as_i64().unwrap_or(0), advice["width"].as_i64().unwrap_or(0));
    let is_beside = |cell: &&Value| {
        let off = (cell["processes"].as_i64().unwrap_or(0) - processes).abs();
        off + (cell["width"].as_i64().unwrap_or(0) - width).abs() == 1
    };
    let cells = flag["cells"].as_array().expect("cells");
    let open = cells.iter().filter(is_beside).filter(|cell| cell["status"] == "predicted").count();
    assert!(advice["confidence"] != "high" || open == 0, "{flag:#}");
    // Scripts that sleep are as fast on a busy machine, but starting them is not.
    assert!((processes - 2).abs() + (width - 3).abs() <= 1, "{flag:#}");
}

#[test]
fn a_flood_of_output_and_a_read_of_the_input_do_no_harm() {
    let sandbox = Sandbox::new();
    let script =
        "cat; head -c 30000000 /dev/zero >&2; head -c 30000000 /dev/zero; echo; echo 'rate: {width}'";
    let arguments = ["advise", "--json", "--exhaustive", "--runs", "1", "--width", "1,2"];
    let command = ["--metric", "rate: ([0-9]+)", "--shell", "--", script];
    let flag = &json(&sandbox, &[&arguments[..], &command[..]].concat())["flag"];
    assert_eq!(flag["recommendation"]["width"], 2, "{flag:#}");
}

#[test]
fn more_bad_input_is_refused_with_what_to_do() {
    let sandbox = Sandbox::new();
    let refused = |arguments: &[&str], words: &[&str]| {
        is_refused(&sandbox, &[&["advise"], arguments].concat(), words);
    };
    refused(&["-L", "processes", "1,2", "--", "sleep", "{width}"], &["no {processes}", "-L processes"]);
    refused(&["-L", "width", "2,x", "--", "sleep", "{width}"], &["'x'", "-L width 1,2,4"]);
    refused(&["-L", "width", "2", "--width", "4", "--", "sleep", "{width}"], &["-L width", "--width"]);
    refused(&["-L", "width", "8", "--max-width", "4", "--", "sleep", "{width}"], &["8", "--max-width 4"]);
    refused(&["--metric", "(", "--", "sleep", "{width}"], &["--metric", "not a regular expression"]);
    refused(&["--minimize", "--", "sleep", "{width}"], &["--metric"]);
    refused(&["--", "sleep", "{wdith}"], &["'{wdith}' is not known", "did you mean {width}?", "--tasks"]);
    let nothing = ["--width", "1", "--metric", "rate: ([0-9]+)", "--", "echo", "ratio: {width}"];
    refused(&nothing, &["E-WORKLOAD-012", "ratio: 1", "one line at a time"]);
    refused(&["-L", "a", "1", "-L", "b", "2", "--", "echo", "{width}{a}{b}"], &["only one"]);
    // As many processes as asked for are run, however few CPUs there are.
    let many = ["advise", "--runs", "1", "-L", "processes", "300", "--width", "1"];
    sandbox.run(&[&many[..], &["--", "true", "{processes}", "{width}"]].concat()).code(0);
    sandbox.run(&["advise", "--", "no-such-program", "{width}"]).code(2).stderr(contains("no-such-program"));
}

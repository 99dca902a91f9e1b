//! The result of a check as SARIF, for editors and code scanning.

use std::fs;
use std::path::Path;

use predicates::str::contains;
use serde_json::Value;

use crate::sandbox::Sandbox;

/// The schema of the standard (tests/data/README.md).
const SCHEMA: &str = include_str!("../data/sarif-2.1.0.json");

/// Checks `source` as the file `name`; returns the exit status and the document, which fits the schema.
fn checked(name: &str, source: &str) -> (i32, Value) {
    let sandbox = Sandbox::with("unused", "");
    let path = sandbox.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, source).unwrap();
    let callable = format!("{name}:fetch");
    let arguments = ["check", &callable, "--tasks", "4", "--timeout", "4s", "--format", "sarif"];
    let assert = sandbox.run(&arguments).stderr("");
    let output = assert.get_output();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    // The pattern for languages has a bracket that nothing opens, which is no regular expression of JSON Schema.
    let schema = SCHEMA.replace("-[a-zA-Z]{2}]?$", "-[a-zA-Z]{2}?$");
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let errors: Vec<_> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}\n{document:#}");
    (output.status.code().unwrap(), document)
}

fn example(name: &str) -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checked");
    fs::read_to_string(directory.join(name)).unwrap()
}

#[test]
fn a_fault_is_a_result_with_its_rule_and_its_line() {
    for (name, code, line) in
        [("raises.py", "E-PYTHON-004", "# E-PYTHON-004"), ("not_awaited.py", "E-ASYNC-002", "# E-ASYNC-002")]
    {
        let source = example(name);
        let expected = source.lines().position(|text| text.contains(line)).unwrap() + 1;
        let (status, document) = checked("pkg/my tasks.py", &source);
        assert_eq!((status, &document["version"]), (1, &"2.1.0".into()));
        let run = &document["runs"][0];
        let result = &run["results"][0];
        assert_eq!((&result["ruleId"], &result["level"]), (&code.into(), &"error".into()), "{document:#}");
        let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], code);
        assert!(rule["help"]["text"].as_str().unwrap().contains("Remedy: "), "{rule}");
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "pkg/my%20tasks.py");
        assert_eq!(place["region"]["startLine"], expected);
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
    }
}

#[test]
fn the_other_side_of_a_deadlock_is_a_related_location() {
    let (status, document) = checked("tasks.py", &example("deadlock_threads.py"));
    assert_eq!(status, 1);
    let results = document["runs"][0]["results"].as_array().unwrap();
    let of_deadlock: Vec<_> = results.iter().filter(|result| result["ruleId"] == "E-ASYNC-004").collect();
    let others = |result: &Value| result["relatedLocations"].as_array().map_or(0, Vec::len);
    assert!(!of_deadlock.is_empty(), "{document:#}");
    assert!(of_deadlock.iter().all(|result| others(result) == of_deadlock.len() - 1), "{document:#}");
}

#[test]
fn a_right_program_and_one_that_ends_its_interpreter_are_documents_too() {
    let (status, document) = checked("tasks.py", &example("healthy.py"));
    assert_eq!((status, &document["runs"][0]["results"]), (0, &Value::Array(Vec::new())));
    let (status, document) = checked("tasks.py", "import os\n\ndef fetch(item):\n    os._exit(7)\n");
    let location = &document["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!((status, &location["artifactLocation"]["uri"]), (1, &"tasks.py".into()), "{document:#}");
}

#[test]
fn the_other_formats_stay_as_they_are() {
    let sandbox = Sandbox::with("tasks.py", "def fetch(item):\n    return item\n");
    let check = |format: &[&str]| {
        let arguments = [&["check", "tasks.py:fetch", "--tasks", "2"], format].concat();
        sandbox.run(&arguments).code(0).get_output().stdout.clone()
    };
    let shape = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap()["command"].clone();
    assert_eq!(shape(&check(&["--json"])), "check");
    assert_eq!(shape(&check(&["--format", "json"])), "check");
    assert!(
        String::from_utf8(check(&["--format", "table"])).unwrap().starts_with("tasks.py:fetch · 2 tasks")
    );
    sandbox
        .run(&["check", "tasks.py:fetch", "--json", "--format", "sarif"])
        .code(2)
        .stderr(contains("--format"));
    sandbox.run(&["check", "tasks.py:fetch", "--format", "xml"]).code(2).stderr(contains("sarif"));
}

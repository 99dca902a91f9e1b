//! `conc run` with commands: every item once, output, failures and exit codes.

use std::fs;
use std::process::Stdio;

use assert_cmd::assert::Assert;
use serde_json::Value;

use crate::sandbox::Sandbox;

fn stdout(assert: &Assert) -> String {
    String::from_utf8_lossy(&assert.get_output().stdout).into_owned()
}

fn stderr(assert: &Assert) -> String {
    String::from_utf8_lossy(&assert.get_output().stderr).into_owned()
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn every_item_is_run_once_from_wherever_items_come() {
    let sandbox = Sandbox::with("items.txt", "a b\n\nc\r\nd");
    let expected = ["<a b>", "<c>", "<d>"];
    let listed = sandbox.run(&["run", "--", "printf", "<%s>\\n", ":::", "a b", "c", "d"]).success();
    assert_eq!(sorted(&stdout(&listed)), expected);
    let file =
        sandbox.run(&["run", "-j2", "--items", "items.txt", "--", "printf", "<%s>\\n", "{}"]).success();
    assert_eq!(sorted(&stdout(&file)), expected);
    let piped = sandbox.run_with("a b\nc\nd\n", &["run", "-j3", "--", "printf", "<%s>\\n"]).success();
    assert_eq!(sorted(&stdout(&piped)), expected);
    let nul = sandbox.run_with("x\ny\0z\0", &["run", "-0", "-k", "--", "printf", "<%s>"]).success();
    assert_eq!(stdout(&nul), "<x\ny><z>");
    let counted = sandbox.run(&["run", "-k", "--tasks", "3", "--", "echo", "{}", "{#}"]).success();
    assert_eq!(stdout(&counted), "0 1\n1 2\n2 3\n");
    let repeated = sandbox.run(&["run", "--tasks", "2", "--", "echo", "x"]).success();
    assert_eq!(stdout(&repeated), "x\nx\n", "a repeated command gets no item");
}

#[test]
fn places_and_shell_lines_are_those_of_gnu_parallel() {
    let sandbox = Sandbox::new();
    let places =
        ["run", "-j1", "--", "echo", "{}", "{.}", "{/}", "{//}", "{/.}", "{#}", "{%}", ":::", "d/a.b.gz"];
    assert_eq!(stdout(&sandbox.run(&places).success()), "d/a.b.gz d/a.b a.b.gz d a.b 1 1\n");
    let line = ["run", "--shell", "--", "echo '{}' | tr a-z A-Z", ":::", "it's $HOME"];
    assert_eq!(stdout(&sandbox.run(&line).success()), "IT'S $HOME\n", "an item is never syntax");
}

#[test]
fn order_tags_and_streams_are_kept() {
    let sandbox = Sandbox::new();
    let script = "[ {} = 1 ] && sleep 0.3; echo out{}; echo err{} >&2";
    let run =
        sandbox.run(&["run", "-k", "-j3", "--tag", "--quiet", "--shell", "--", script, ":::", "1", "2", "3"]);
    let run = run.success();
    assert_eq!(stdout(&run), "1\tout1\n2\tout2\n3\tout3\n");
    assert_eq!(stderr(&run), "1\terr1\n2\terr2\n3\terr3\n");
    let live = ["run", "--line-buffer", "-j2", "--shell", "--", "printf 'a{}\\nb{}'", ":::", "1", "2"];
    let live = sandbox.run(&live).success();
    let text = stdout(&live);
    assert!(["a1\n", "a2\n"].iter().all(|line| text.contains(line)), "{text}");
    assert!(["b1", "b2"].iter().all(|line| text.contains(line)), "{text}");
}

#[test]
fn failures_are_counted_described_and_retried() {
    let sandbox = Sandbox::new();
    let script = "echo about {} >&2; test {} != bad";
    let run = sandbox.run(&["run", "--shell", "--", script, ":::", "a", "bad", "c"]).code(1);
    let said = stderr(&run);
    assert!(said.contains("2 done, 1 failed"), "{said}");
    assert!(said.contains("item 2 'bad': exit 1: about bad"), "{said}");
    sandbox.run(&["run", "-i", "--", "false", ":::", "a"]).success();
    let script = "echo x >>{}; test $(wc -l <{}) -ge 3";
    let retry = ["run", "--retries", "3", "--retry-delay", "5ms", "--shell", "--", script, ":::", "one"];
    sandbox.run(&retry).success();
    assert_eq!(fs::read_to_string(sandbox.path("one")).unwrap(), "x\nx\nx\n");
    let missing = sandbox.run(&["run", "--", "no-such-program", ":::", "a"]).code(2);
    assert!(stderr(&missing).contains("E-WORKLOAD-009"), "{}", stderr(&missing));
}

#[test]
fn a_command_that_takes_too_long_is_killed_with_its_children() {
    let sandbox = Sandbox::new();
    let line = ["run", "--timeout", "300ms", "--shell", "--", "sleep {} & sleep {}; wait", ":::", "600", "0"];
    let run = sandbox.run(&line).code(1);
    assert!(stderr(&run).contains("item 1 '600': timed out"), "{}", stderr(&run));
}

#[test]
fn a_rule_ends_the_run() {
    let sandbox = Sandbox::new();
    let soon = ["run", "-j1", "--halt", "soon,fail=1", "--shell", "--", "echo {}; test {} -lt 3"];
    let run = sandbox.run_with("1\n2\n3\n4\n5\n", &soon).code(1);
    assert_eq!(stdout(&run), "1\n2\n3\n");
    assert!(stderr(&run).contains("ended by --halt"), "{}", stderr(&run));
    let now = ["run", "-j2", "--halt", "now,success=1", "--", "sleep", ":::", "600", "0"];
    sandbox.run(&now).success();
}

#[test]
fn bytes_pass_unharmed_and_large_outputs_go_through_the_disk() {
    let sandbox = Sandbox::new();
    let mut items = b"\xff\xfe x\n".to_vec();
    items.extend(b"y\n");
    fs::write(sandbox.path("items"), &items).unwrap();
    // The sandbox checks text, which this is not.
    let arguments = ["run", "-k", "--items", "items", "--", "printf", "%s\\0\\377"];
    let output = sandbox.command(&arguments).output().unwrap();
    assert_eq!(output.stdout, b"\xff\xfe x\0\xffy\0\xff");
    let large =
        ["run", "-k", "-j2", "--shell", "--", "head -c 3000000 /dev/zero | tr '\\0' {}", ":::", "a", "b"];
    let run = sandbox.run(&large).success();
    let out = &run.get_output().stdout;
    assert_eq!(out.len(), 6_000_000);
    assert!(
        out[..3_000_000].iter().all(|byte| *byte == b'a')
            && out[3_000_000..].iter().all(|byte| *byte == b'b')
    );
}

#[test]
fn what_a_command_reads_is_empty_and_what_it_leaves_running_ends_with_the_run() {
    let sandbox = Sandbox::new();
    let run = sandbox.run_with("a\n", &["run", "--shell", "--", "cat; sleep 600 & echo {}"]).success();
    assert_eq!(stdout(&run), "a\n");
}

#[test]
fn an_empty_list_is_no_failure() {
    let sandbox = Sandbox::new();
    let run = sandbox.run_with("", &["run", "--", "echo"]).success();
    assert!(stderr(&run).contains("there were no items"), "{}", stderr(&run));
    assert_eq!(stdout(&run), "");
}

#[test]
fn results_are_written_to_a_directory_or_as_lines() {
    let sandbox = Sandbox::new();
    let script = "echo out {}; echo err {} >&2; exit {}";
    sandbox.run(&["run", "--results", "place", "--shell", "--", script, ":::", "0", "4"]).code(1);
    let read = |name: &str| fs::read_to_string(sandbox.path(name)).unwrap();
    assert_eq!((read("place/2/stdout"), read("place/2/stderr")), ("out 4\n".into(), "err 4\n".into()));
    assert_eq!(
        (read("place/1/exit"), read("place/2/exit"), read("place/2/item")),
        ("0\n".into(), "4\n".into(), "4".into())
    );
    sandbox.run(&["run", "--results", "out.jsonl", "--shell", "--", script, ":::", "0", "4"]).code(1);
    let text = read("out.jsonl");
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.sort_by_key(|line| line["number"].as_u64());
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[1]["status"], &lines[1]["exit"]), (&Value::from("failed"), &Value::from(4)));
    assert_eq!(lines[0]["stdout"], "out 0\n");
    let again = sandbox.run(&["run", "--results", "out.jsonl", "--", "echo", ":::", "0"]).code(2);
    assert!(stderr(&again).contains("has results already"), "{}", stderr(&again));
}

#[test]
fn the_job_log_has_the_columns_of_gnu_parallel() {
    let sandbox = Sandbox::new();
    sandbox.run(&["run", "-j1", "--joblog", "log", "--", "sh", "-c", "exit {}", ":::", "0", "3"]).code(1);
    let text = fs::read_to_string(sandbox.path("log")).unwrap();
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let header =
        ["Seq", "Host", "Starttime", "JobRuntime", "Send", "Receive", "Exitval", "Signal", "Command"];
    assert_eq!(lines[0], header);
    assert_eq!((lines[2][0], lines[2][6], lines[2][7], lines[2][8]), ("2", "3", "0", "sh -c 'exit 3'"));
}

#[test]
fn json_is_alone_on_standard_output() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&["run", "--json", "--", "echo", ":::", "a", "b"]).success();
    let value: Value = serde_json::from_str(&stdout(&run)).unwrap();
    assert_eq!((&value["command"], &value["job"]["items"]["ok"]), (&Value::from("run"), &Value::from(2)));
    assert!(value["job"]["message"].as_str().unwrap().contains("2 done"), "{value}");
}

#[test]
fn a_closed_output_is_said_and_nothing_is_recorded_as_done_that_was_not_delivered() {
    let sandbox = Sandbox::new();
    let arguments = ["run", "-j1", "--journal", "j", "--", "echo", ":::", "a", "b", "c"];
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = sandbox.command(&arguments);
    let output = command.stdout(Stdio::from(writer)).stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot write output"), "{said}");
    let resumed =
        sandbox.run(&["run", "-j1", "--journal", "j", "--resume", "--", "echo", ":::", "a", "b", "c"]);
    assert_eq!(stdout(&resumed.success()), "a\nb\nc\n");
}

#[test]
fn wrong_arguments_say_what_is_wrong() {
    let sandbox = Sandbox::with("items", "a\n");
    for (arguments, expected) in [
        (&["run", "--items", "items", "--", "echo", ":::", "b"][..], "items are given twice"),
        (&["run", "--items", "missing", "--", "echo"], "items cannot be read"),
        (&["run", "--halt", "later", "--", "echo", ":::", "b"], "soon or now"),
        (&["run", "--timeout", "50%", "--", "echo", ":::", "b"], "above 100"),
        (&["run", "-j", "0", "--", "echo", ":::", "b"], "at least 1"),
        (&["run", "-j4", "--max-width", "2", "--", "echo", ":::", "b"], "-j: 4 is more than --max-width 2"),
        (&["run", "--", "echo", ":::", "b", "--retries", "3"], "behind ::: would be an item"),
        (&["run", "--resume", "--", "echo", ":::", "b"], "--journal"),
        (&["run", "echo", "{}"], "a command follows --"),
    ] {
        let run = sandbox.run(arguments).code(2);
        assert!(stderr(&run).contains(expected), "{arguments:?}: {}", stderr(&run));
    }
}

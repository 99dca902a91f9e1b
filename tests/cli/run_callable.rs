//! `conc run` with Python callables: every item once, whatever the strategy, and whatever the callable does.

use std::collections::BTreeMap;
use std::fs;

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::{Value, json};

use crate::sandbox::Sandbox;

const TASKS: &str = r#"
import asyncio, os, signal, time
items = ["p", "q", "r"]

def double(item): return {"twice": item * 2}

async def double_async(item):
    await asyncio.sleep(0.001)
    return {"twice": item * 2}

async def only(item):
    await asyncio.sleep(0.03)
    return [item]

def compute(item):
    end = time.process_time() + 0.15
    while time.process_time() < end: pass
    return os.getpid()

def trouble(item):
    if item == "raises": raise ValueError("no good")
    if item == "dies": os.kill(os.getpid(), signal.SIGKILL)
    if item == "sleeps": time.sleep(600)
    return {item}

class Busy(Exception):
    headers = {"Retry-After": "0"}

async def blocks(item):
    await asyncio.sleep(0.001)
    time.sleep(0.05)
    return item

model = None
def lazy(item):
    global model
    if model is None:
        end = time.process_time() + 0.6
        while time.process_time() < end: pass
        model = 1
    time.sleep(0.05)
    return item

gate = asyncio.Semaphore(4)
async def gated(item):
    async with gate:
        time.sleep(0.01)
    return item

def twice(item):
    if not os.path.exists(item):
        open(item, "w").close()
        raise Busy("429")
    return item
"#;

/// The callables in a module that has no items.
fn without_items() -> String {
    TASKS.replace("items =", "others =")
}

/// Runs callables and returns the lines of the results by their items.
fn results(sandbox: &Sandbox, arguments: &[&str], status: i32) -> BTreeMap<String, Value> {
    let _ = fs::remove_file(sandbox.path("out.jsonl"));
    let whole = [&["run", "--results", "out.jsonl"], arguments].concat();
    sandbox.run(&whole).code(status);
    let text = fs::read_to_string(sandbox.path("out.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines: Vec<(String, Value)> =
        lines.map(|line| (line["item"].as_str().unwrap().to_owned(), line)).collect();
    let count = lines.len();
    let by_item: BTreeMap<_, _> = lines.into_iter().collect();
    assert_eq!(by_item.len(), count, "each item has one result");
    by_item
}

#[test]
fn every_item_has_its_value_under_every_strategy() {
    let sandbox = Sandbox::with("tasks.py", TASKS);
    let items = ["a", "b", "c", "ä ö", "e"];
    for strategy in ["sequential", "async", "threads", "processes", "hybrid"] {
        let arguments = [&["-j3", "--strategy", strategy, "tasks.py:double", ":::"][..], &items].concat();
        let results = results(&sandbox, &arguments, 0);
        let values: Vec<&Value> = results.values().map(|line| &line["value"]).collect();
        let expected: Vec<Value> =
            results.keys().map(|item| json!({ "twice": format!("{item}{item}") })).collect();
        assert_eq!(values, expected.iter().collect::<Vec<_>>(), "{strategy}");
        assert_eq!(values.len(), items.len());
    }
}

#[test]
fn values_are_printed_and_a_module_may_have_the_items() {
    let sandbox = Sandbox::with("tasks.py", TASKS);
    sandbox.run(&["run", "-k", "tasks.py:only", ":::", "x", "y"]).success().stdout("[\"x\"]\n[\"y\"]\n");
    sandbox
        .run(&["run", "-k", "-j2", "tasks.py:double"])
        .success()
        .stdout("{\"twice\": \"pp\"}\n{\"twice\": \"qq\"}\n{\"twice\": \"rr\"}\n");
    // A value is one line, however soon lines are wanted.
    for form in ["--line-buffer", "--ungroup"] {
        sandbox.run(&["run", form, "-j1", "tasks.py:only", ":::", "x"]).success().stdout("[\"x\"]\n");
    }
}

#[test]
fn a_number_of_tasks_is_that_of_numbers_or_of_the_first_items_of_the_module() {
    let sandbox = Sandbox::with("tasks.py", TASKS);
    fs::write(sandbox.path("bare.py"), without_items()).unwrap();
    let line = |name| ["run", "-k", "--tasks", "2", name];
    sandbox.run(&line("bare.py:only")).success().stdout("[0]\n[1]\n");
    sandbox.run(&line("tasks.py:only")).success().stdout("[\"p\"]\n[\"q\"]\n");
    let more = ["run", "--json", "--tasks", "5", "tasks.py:only"];
    let run = sandbox.run(&more).success();
    let report: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    assert_eq!(report["job"]["items"]["ok"], 3, "the module has no more");
}

#[test]
fn the_first_items_choose_the_strategy() {
    let sandbox = Sandbox::with("tasks.py", &without_items());
    for (callable, tasks, expected) in
        [("only", "30", &["async"][..]), ("compute", "8", &["processes", "hybrid"])]
    {
        let name = format!("tasks.py:{callable}");
        let run = sandbox.run(&["run", "--json", "--tasks", tasks, &name]).success();
        let report: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
        // On a busy machine, a little waiting is taken for the callable's own.
        assert!(expected.contains(&report["job"]["strategy"].as_str().unwrap()), "{report}");
        assert_eq!(report["job"]["items"]["ok"].to_string(), tasks);
    }
}

#[test]
fn what_an_item_does_to_its_interpreter_is_its_own_failure() {
    let sandbox = Sandbox::with("tasks.py", TASKS);
    let items = [":::", "a", "b", "raises", "c", "dies", "d"];
    for strategy in ["threads", "processes"] {
        let arguments = [&["-j3", "--strategy", strategy, "tasks.py:trouble"][..], &items].concat();
        let results = results(&sandbox, &arguments, 1);
        assert_eq!(results.len(), 6, "{strategy}");
        assert_eq!(results["a"]["value"], "{'a'}", "as Python writes it, because JSON has no sets");
        assert_eq!(results["raises"]["code"], "E-PYTHON-004");
        assert!(results["raises"]["error"].as_str().unwrap().starts_with("ValueError: no good (tasks.py:"));
        assert_eq!(results["dies"]["code"], "E-POOL-001", "{strategy}");
        assert!(results["dies"]["error"].as_str().unwrap().contains("signal 9"));
        assert!(
            ["a", "b", "c", "d"].iter().all(|item| results[*item]["status"] == "ok"),
            "{strategy}: {results:?}"
        );
    }
}

#[test]
fn an_item_that_takes_too_long_is_given_up() {
    let sandbox = Sandbox::with("tasks.py", TASKS);
    for strategy in ["threads", "processes"] {
        let arguments =
            ["-j2", "--timeout", "2s", "--strategy", strategy, "tasks.py:trouble", ":::", "a", "sleeps", "b"];
        let results = results(&sandbox, &arguments, 1);
        assert_eq!(results["sleeps"]["status"], "timed-out", "{strategy}");
        assert!(["a", "b"].iter().all(|item| results[*item]["status"] == "ok"), "{strategy}");
    }
}

#[test]
fn a_failed_item_is_tried_again_and_a_journal_goes_on() {
    let sandbox = Sandbox::with("tasks.py", TASKS);
    let line = [
        "run",
        "--journal",
        "j",
        "--retries",
        "2",
        "--retry-delay",
        "1ms",
        "tasks.py:twice",
        ":::",
        "x",
        "y",
    ];
    sandbox.run(&line).success();
    let resumed = ["run", "--journal", "j", "--resume", "tasks.py:twice", ":::", "x", "y", "z"];
    let run = sandbox.run(&resumed).code(1);
    let said = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    assert!(said.contains("0 done, 1 failed, 2 finished by an earlier run"), "{said}");
}

#[test]
fn a_callable_that_cannot_be_run_says_why() {
    let sandbox = Sandbox::with("tasks.py", TASKS);
    fs::write(sandbox.path("broken.py"), "import no_such_module\ndef f(x): pass\n").unwrap();
    for (arguments, code, expected) in [
        (&["run", "tasks.py:missing", ":::", "a"][..], 2, "E-PYTHON-003"),
        (&["run", "broken.py:f", ":::", "a"], 2, "E-PYTHON-002"),
        (&["run", "broken.py:f"], 2, "E-PYTHON-002"),
        (&["run", "--strategy", "async", "tasks.py:compute", ":::", "a"], 2, "cannot be run as async"),
    ] {
        let run = sandbox.run(arguments).code(code);
        let said = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

#[test]
fn a_callable_that_closes_every_descriptor_fails_and_nobody_waits_for_it() {
    let source = "import os\nitems = ['a']\ndef closes(item):\n    os.closerange(0, 5000)\n";
    let sandbox = Sandbox::with("tasks.py", source);
    let run = sandbox.run(&["run", "-j1", "tasks.py:closes"]).code(1);
    // It may also notice that it cannot answer, and end by itself.
    let ended = contains("closed its pipe and was killed").or(contains("ended with exit status"));
    run.stderr(contains("1 failed").and(ended));
}

#[test]
fn the_strategy_is_that_of_the_steady_item_and_a_blocked_loop_is_left() {
    let sandbox = Sandbox::with("tasks.py", &without_items());
    let summary = |callable: &str| {
        let run = sandbox.run(&["run", "--json", "--tasks", "40", callable]).success();
        let mut report: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
        report["job"].take()
    };
    let blocks = summary("tasks.py:blocks");
    assert_eq!(blocks["strategy"], "threads", "{blocks}");
    assert!(blocks["loop_blocked_share"].as_f64().unwrap() > 0.5, "{blocks}");
    // Nothing is known of the CPU time of a coroutine among others.
    let waits = summary("tasks.py:only");
    assert_eq!((&waits["strategy"], &waits["task_cpu_s"]), (&json!("async"), &Value::Null), "{waits}");
    // Its first call computes, as a model that is loaded does; the others wait.
    let lazy = summary("tasks.py:lazy");
    assert_eq!((&lazy["strategy"], &lazy["class"]), (&json!("threads"), &json!("io-bound")), "{lazy}");
    // The semaphore belongs to one loop.
    let gated = summary("tasks.py:gated");
    assert_eq!((&gated["strategy"], &gated["items"]["failed"]), (&json!("async"), &json!(0)), "{gated}");
}

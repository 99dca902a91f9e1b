//! Slips of users: what is wrong, where, and what to write instead; and what to know before anything runs.

use std::fs;

use predicates::prelude::*;
use predicates::str::contains;

use crate::sandbox::Sandbox;

/// Options that measure as little as possible.
const QUICK: [&str; 8] = ["--budget", "300ms", "--code", "none", "--strategy", "threads", "--width", "2"];

fn quick<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["advise"], &QUICK[..], arguments].concat()
}

/// Checks that a command line is refused with one message that has these parts.
pub(crate) fn is_refused(sandbox: &Sandbox, arguments: &[&str], parts: &[&str]) {
    let mut assert = sandbox.run(arguments).code(2).stdout("");
    for part in parts {
        assert = assert.stderr(contains(*part));
    }
}

/// Checks that standard error has the warning `code` once, before `line` is in the file `seen`: the tasks add to it.
fn is_warned(sandbox: &Sandbox, arguments: &[&str], code: &str, parts: &[&str]) {
    let once = predicate::str::contains(format!("({code})")).count(1);
    let mut assert = sandbox.run(arguments).stderr(once);
    for part in parts {
        assert = assert.stderr(contains(*part));
    }
}

#[test]
fn options_of_other_tools_are_refused_with_those_of_conc() {
    let sandbox = Sandbox::with("list", "a\n");
    for (line, parts) in [
        ("run -P 4 -- echo ::: a", ["'-P' is no option of conc run", "-j N"]),
        ("run -n1 -- echo ::: a", ["name of the work", "one item to each command"]),
        ("run --dry-run -- echo ::: a", ["no option of conc run", "`echo` in front"]),
        ("run --delay 1 -- echo ::: a", ["'--delay'", "--rate N"]),
        ("run -- echo {} :::: list", ["':::: FILE' is of GNU parallel", "--items FILE"]),
        ("run -- echo {1} ::: a", ["'{1}' is of GNU parallel", "the item is {}"]),
        ("run --export-json - -- echo ::: a", ["--export-json -", "use --json"]),
        ("run --joblog - -- echo ::: a", ["--joblog -", "name a file"]),
        ("run -- echo ::: a :::+ b", ["':::+' is of GNU parallel", "one list"]),
        (
            "run --strategy threads -- echo ::: a",
            ["--strategy is for a Python callable", "a process of its own"],
        ),
        ("run --async-fn f -- echo ::: a", ["--async-fn is for a Python callable", "command"]),
        ("advise -m 3 -- true", ["'-m' is no option of conc advise", "--runs N"]),
        ("advise -P n 1 4 -- true", ["'-P' is no option of conc advise", "{width}"]),
    ] {
        is_refused(&sandbox, &line.split(' ').collect::<Vec<_>>(), &parts);
    }
    // An option that nobody has is refused without the tip to put `--` in front of it, which runs it.
    let unknown = sandbox.run(&["run", "--nonsense", "--", "echo", ":::", "a"]).code(2);
    unknown.stderr(contains("'--nonsense'").and(contains("-- --nonsense").not()));
}

const INSERT: &str = "\
import pathlib

def event(item):
    with open('rows', 'a') as rows:
        rows.write(f'{item}\\n')

async def event_async(item):
    event(item)

def stops(item):
    raise SystemExit(3)
";

#[test]
fn callables_are_warned_about_repetition_before_they_run() {
    let sandbox = Sandbox::with("tasks.py", INSERT);
    let both = ["(no item runs twice)", "--once", "--prepare", "(W-RUN-001)"];
    for callable in ["tasks.py:event", "tasks.py:event_async", "tasks:event"] {
        is_warned(&sandbox, &quick(&[callable, "--tasks", "20"]), "W-RUN-001", &both);
    }
    // Nothing was run, or the warning would come too late.
    let failing = ["advise", "tasks.py:stops", "--tasks", "20", "--setup", "touch set; exit 1"];
    is_warned(&sandbox, &failing, "W-RUN-001", &both);
    is_warned(&sandbox, &quick(&["--", "true"]), "W-RUN-001", &both);
    let profile = ["profile", "tasks.py:event", "--tasks", "5"];
    is_warned(&sandbox, &profile, "W-RUN-001", &["an item may run more than once"]);
    for restored in [&["--once"][..], &["--prepare", "rm -f rows"]] {
        let arguments = quick(&[restored, &["tasks.py:event", "--tasks", "40"]].concat());
        sandbox.run(&arguments).stderr(contains("W-RUN-001").not());
    }
    sandbox.run(&["check", "tasks.py:event", "--tasks", "2"]).stderr(contains("W-RUN").not());
}

#[test]
fn items_that_work_once_are_the_headline_and_not_a_slow_strategy() {
    let consumes = "\
import os
items = [f'f{i}' for i in range(30)]
def take(name):
    os.remove(name)
";
    let files = |count: usize| {
        let names: Vec<String> = (0..count).map(|i| format!("f{i}")).collect();
        let sandbox = Sandbox::with("tasks.py", consumes);
        names.iter().for_each(|name| fs::write(sandbox.path(name), "").unwrap());
        fs::create_dir(sandbox.path("done")).unwrap();
        fs::write(sandbox.path("items.txt"), names.join("\n")).unwrap();
        sandbox
    };
    // Of many items, the profile and the first batches use up only a part.
    for (count, arguments) in [
        (30, &["--items", "items.txt", "--", "rm", "{}"][..]),
        (500, &["--items", "items.txt", "--", "mv", "{}", "done/"]),
        (30, &["tasks.py:take"]),
        (500, &["tasks.py:take", "--items", "items.txt"]),
    ] {
        let assert = files(count).run(&[&["advise", "--budget", "2s"], arguments].concat());
        let told = contains("error[E-TASK-009]").and(contains("--once")).and(contains("--prepare"));
        assert.code(1).stdout("").stderr(told);
    }
}

#[test]
fn options_of_conc_behind_the_items_are_no_items() {
    let sandbox = Sandbox::with("tasks.py", "def fetch(item):\n    return item\n");
    for option in [&["--budget", "3s"][..], &["--width=4"], &["-j4"], &["--tasks", "3"]] {
        let arguments = [&["advise", "--", "echo", "{}", ":::", "a", "b"], option].concat();
        is_refused(
            &sandbox,
            &arguments,
            &[&format!("'{}' behind :::", option[0]), "before --", "--items FILE"],
        );
    }
    for item in ["-x", "--wdith"] {
        is_refused(&sandbox, &["advise", "tasks.py:fetch", ":::", "a", item], &[item, "--items FILE"]);
    }
    // The options of a program may be its items, and numbers below 0 are items of a callable.
    sandbox.run(&quick(&["--", "ls", "{}", ":::", "-l", "-a"])).code(0);
    sandbox.run(&quick(&["tasks.py:fetch", ":::", "-1", "2"])).code(0);
}

#[test]
fn a_command_without_dashes_is_shown_with_them() {
    let sandbox = Sandbox::with("scraper.py", "def get_page(url):\n    return url\n");
    let line = ["advise", "ls", "-l", "/"];
    is_refused(&sandbox, &line, &["'ls' is a program", "write: conc advise -- ls -l /"]);
    let line = ["bench", "--budget", "1s", "ls", "-l"];
    is_refused(&sandbox, &line, &["'ls' is a program", "write: conc bench --budget 1s -- ls -l"]);
    is_refused(&sandbox, &["advise", "sleep", "0.1"], &["E-WORKLOAD-007", "conc advise -- sleep ..."]);
    is_refused(&sandbox, &["profile", "python3", "scraper.py"], &["E-WORKLOAD-007", "-- python3 ..."]);
    is_refused(&sandbox, &["advise", "scraper.py"], &["E-WORKLOAD-007", "as in scraper.py:get_page"]);
}

const SCRAPER: &str = "\
import time

def get_page(url, timeout=5):
    return url

async def parse(page):
    return page

def main():
    for url in ['a', 'b']:
        get_page(url)
";

#[test]
fn the_whole_job_in_one_script_is_recognised_and_its_callables_are_offered() {
    let sandbox = Sandbox::with("scraper.py", &format!("{SCRAPER}\nmain()\n"));
    fs::write(sandbox.path("guarded.py"), format!("{SCRAPER}\nif __name__ == '__main__':\n    main()\n"))
        .unwrap();
    fs::write(sandbox.path("job.sh"), "true\n").unwrap();
    let inside = "conc advise scraper.py:get_page --items FILE (or scraper.py:parse)";
    let parts = ["whole job of scraper.py", inside, "if __name__ == "];
    for command in [
        &["python3", "scraper.py"][..],
        &["python3", "-u", "scraper.py", "--fast"],
        &["python3", "-m", "scraper"],
    ] {
        is_warned(&sandbox, &quick(&[&["--tasks", "4", "--"], command].concat()), "W-RUN-013", &parts);
    }
    is_warned(
        &sandbox,
        &quick(&["--tasks", "4", "--shell", "--", "python3 scraper.py > out"]),
        "W-RUN-013",
        &parts,
    );
    let guarded = sandbox.run(&quick(&["--tasks", "4", "--", "python3", "guarded.py"]));
    guarded.stderr(contains("guarded.py:get_page").and(contains("__main__").not()));
    is_warned(
        &sandbox,
        &quick(&["--tasks", "4", "--", "sh", "job.sh"]),
        "W-RUN-013",
        &["job of job.sh", "{} where"],
    );
    for task in [
        &["--", "python3", "scraper.py", "{}", ":::", "a", "b"][..],
        &["--", "python3", "scraper.py", ":::", "a"],
    ] {
        sandbox.run(&quick(task)).stderr(contains("W-RUN-013").not());
    }
    sandbox.run(&["profile", "--", "python3", "scraper.py"]).stderr(contains("W-RUN-013").not());
}

#[test]
fn a_command_that_names_another_machine_is_told_once_how_to_bound_it() {
    let sandbox = Sandbox::new();
    let parts = ["'host.invalid' is not this machine", "--max-in-flight N", "--rate N"];
    for command in [
        &["echo", "https://host.invalid/a"][..],
        &["echo", "git@host.invalid:a/b.git"],
        &["echo", "{}", ":::", "http://host.invalid/", "http://host.invalid/b"],
        &["env", "-i", "true", "ssh", "-p", "22", "host.invalid"],
    ] {
        is_warned(&sandbox, &quick(&[&["--"], command].concat()), "W-RUN-012", &parts);
    }
    for bounded in
        [&["--max-in-flight", "2"][..], &["--rate", "200"], &["--rate", "200/s"], &["--predict-only"]]
    {
        let arguments = quick(&[bounded, &["--", "echo", "https://host.invalid/a"]].concat());
        sandbox.run(&arguments).stderr(contains("W-RUN-012").not());
    }
    sandbox.run(&quick(&["--", "echo", "http://localhost:1/"])).code(0).stderr(contains("W-RUN-012").not());
}

/// Returns the cells of a run as JSON.
fn cells(sandbox: &Sandbox, arguments: &[&str]) -> Vec<serde_json::Value> {
    let assert = sandbox.run(&[&arguments[..1], &["--json"], &arguments[1..]].concat()).code(0);
    let report: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    report["cells"].as_array().unwrap().clone()
}

#[test]
fn the_limits_are_flags_for_every_kind_of_workload() {
    let sandbox = Sandbox::with("tasks.py", "import time\ndef nap(item):\n    time.sleep(0.002)\n");
    let workloads: [&[&str]; 3] = [
        &["--wait", "2ms", "--tasks", "60"],
        &["tasks.py:nap", "--tasks", "60"],
        &["--tasks", "60", "--", "true"],
    ];
    for workload in workloads {
        let narrow = ["advise", "--budget", "500ms", "--max-in-flight", "3"];
        let cells = cells(&sandbox, &[&narrow, workload].concat());
        assert!(cells.iter().all(|cell| cell["width"].as_u64().unwrap() <= 3), "{workload:?}: {cells:?}");
    }
    for workload in workloads {
        let slow = ["advise", "--budget", "500ms", "--strategy", "threads", "--width", "8", "--rate", "40"];
        let cells = cells(&sandbox, &[&slow, workload].concat());
        let fastest = cells.iter().filter_map(|cell| cell["throughput_per_s"].as_f64()).fold(0.0, f64::max);
        assert!(fastest > 0.0 && fastest < 60.0, "{workload:?}: {fastest}");
    }
    is_refused(&sandbox, &["advise", "--wait", "1ms", "--rate", "0"], &["from 0.001 to"]);
    is_refused(&sandbox, &["advise", "--wait", "1ms", "--max-in-flight", "0"], &["at least 1"]);
}

const PAIRS: &str = "\
import functools
items = [('a', 1), ('b', 2), ('c', 3)]
def pair(name, count):
    assert isinstance(count, int)
    return name * count
async def wait(name, count):
    return name * count
def keyword(item, *, count):
    return item
def three(a, b, c):
    return a
bound = functools.partial(keyword, count=2)
";

#[test]
fn a_callable_of_several_arguments_gets_them_from_tuples() {
    let sandbox = Sandbox::with("tasks.py", PAIRS);
    for callable in ["tasks.py:pair", "tasks.py:wait"] {
        let strategies = ["advise", "--exhaustive", "--runs", "1", "--width", "2", callable];
        for cell in cells(&sandbox, &strategies) {
            assert_eq!(
                (&cell["tasks"]["failed"], cell["tasks"]["ok"].as_u64() > Some(0)),
                (&0.into(), true),
                "{cell}"
            );
        }
    }
    let code = sandbox.run(&["advise", "tasks.py:pair", "-v", "--budget", "300ms"]).code(0);
    // Called, or submitted to a pool: which strategy is recommended depends on the machine.
    code.stdout(contains("pair(*item)").or(contains("pair, *item")));
    let bound = cells(&sandbox, &quick(&["tasks.py:bound", ":::", "1", "2"]));
    // The budget may be too short for every strategy.
    assert!(bound.iter().any(|cell| cell["tasks"]["ok"].as_u64() > Some(0)), "{bound:?}");
    assert!(bound.iter().all(|cell| cell["tasks"]["failed"] == 0), "{bound:?}");
    let three =
        ["'three' needs 3 arguments (a, b, c)", "item 1 of `items` is ('a', 1)", "functools.partial(three"];
    is_refused(&sandbox, &["advise", "tasks.py:three"], &three);
    is_refused(
        &sandbox,
        &["advise", "tasks.py:pair", ":::", "a"],
        &["E-PYTHON-003", "needs 2 arguments (name, count)"],
    );
    is_refused(&sandbox, &["advise", "tasks.py:keyword"], &["'count'", "functools.partial(keyword, ...)"]);
}

#[test]
fn a_number_of_tasks_takes_the_first_items_of_the_module() {
    let source = "import itertools\nitems = ['a', 'b', 'c']\ndef own(item):\n    assert item in {FIRST}\n";
    let with = |first: &str| Sandbox::with("tasks.py", &source.replace("{FIRST}", first));
    let tasks = |sandbox: &Sandbox, n: &str| {
        let arguments = quick(&["tasks.py:own", "--json", "--tasks", n]);
        let assert = sandbox.run(&arguments).code(0);
        let report: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
        assert!(
            report["cells"].as_array().unwrap().iter().all(|cell| cell["tasks"]["failed"] == 0),
            "{report}"
        );
        report["workload"]["tasks"].as_u64().unwrap()
    };
    assert_eq!(tasks(&with("('a', 'b')"), "2"), 2);
    assert_eq!(tasks(&with("('a', 'b', 'c')"), "3"), 3);
    let all = with("('a', 'b', 'c')");
    assert_eq!(tasks(&all, "10"), 3);
    is_warned(
        &all,
        &quick(&["tasks.py:own", "--tasks", "10"]),
        "W-RUN-014",
        &["--tasks 10: the module has 3 items"],
    );
    let endless = Sandbox::with(
        "tasks.py",
        "import itertools\nitems = itertools.count\ndef own(item):\n    assert item < 4\n",
    );
    assert_eq!(tasks(&endless, "4"), 4);
    let none = Sandbox::with("tasks.py", "def own(item):\n    assert item in range(6)\n");
    assert_eq!(tasks(&none, "6"), 6);
    let checked = with("('a', 'b')").run(&["check", "tasks.py:own", "--tasks", "2"]).code(0);
    checked.stdout(contains("2 tasks"));
}

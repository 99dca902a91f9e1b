//! Every program in Python that `conc` offers runs without a warning, and does every task.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;
use std::{fs, io};

use conc::internal::{
    Configuration, ItemSource, PythonCallable, PythonTask, StrategyKind, TaskShape, examples,
};

const TASKS: u64 = 8;

/// Quotes, a backslash, a line break, braces and an escape sequence.
const NASTY: &str = "it's \"quoted\" \\ {} {x}\n\u{1b}[1m $HOME é";

/// A program, and the beginning of the line it prints.
struct Case {
    name: String,
    language: String,
    code: String,
    expected: &'static str,
}

/// The items, repeated to one for each task.
fn listed(items: &[&str]) -> ItemSource {
    ItemSource::Listed(items.iter().map(|&item| item.to_owned()).cycle().take(TASKS as usize).collect())
}

fn stand_in(cpu_ms: u64, wait_ms: u64, items: &[&str]) -> TaskShape {
    TaskShape {
        tasks: TASKS,
        cpu: Duration::from_millis(cpu_ms),
        wait: Duration::from_millis(wait_ms),
        items: if items.is_empty() { ItemSource::Numbers } else { listed(items) },
        ..TaskShape::default()
    }
}

fn command(argv: &[&str], items: &[&str]) -> TaskShape {
    let argv = argv.iter().map(|&word| word.to_owned()).collect();
    TaskShape { command: Some(argv), ..stand_in(1, 1, items) }
}

/// Shapes by name, and the text that their programs must print.
fn shapes() -> Vec<(&'static str, TaskShape, &'static str)> {
    const ALL_OK: &str = "8 tasks: 8 ok, 0 failed in ";
    let verbatim = format!("<{NASTY}>");
    let compare = r#"test "$1" = "$2" && test "$3" = "$4""#;
    let nasty = ["sh", "-c", compare, "sh", "{item}", NASTY, "<{item}>", &verbatim];
    vec![
        ("mixed", stand_in(1, 1, &[]), ALL_OK),
        ("texts", stand_in(1, 1, &[NASTY, "b"]), ALL_OK),
        ("waits", stand_in(0, 1, &[]), ALL_OK),
        ("computes", stand_in(1, 0, &["a"; TASKS as usize]), ALL_OK),
        ("batches", TaskShape { tasks: 200, ..stand_in(0, 0, &[]) }, "200 tasks: 200 ok, 0 failed in "),
        ("nothing", stand_in(0, 0, &[]), ALL_OK),
        ("nasty", command(&nasty, &[NASTY]), ALL_OK),
        ("number", command(&["test", "{item}", "-lt", "8"], &[]), ALL_OK),
        (
            "shell",
            command(&["sh", "-c", "test $1 -lt 8 && printf '{}' | grep -q '{'", "sh", "{item}"], &[]),
            ALL_OK,
        ),
        ("fails", command(&["false"], &[]), "8 tasks: 0 ok, 8 failed in "),
    ]
}

fn cells() -> [Configuration; 6] {
    [
        Configuration::REFERENCE,
        Configuration::new(StrategyKind::Async, 4),
        Configuration::new(StrategyKind::Threads, 3),
        Configuration::new(StrategyKind::WorkStealing, 2),
        Configuration::new(StrategyKind::Processes, 2),
        Configuration::hybrid(4, 2),
    ]
}

/// Every different program in one language.
fn cases(language: &str) -> Vec<Case> {
    cases_of(shapes(), language)
}

fn cases_of(shapes: Vec<(&'static str, TaskShape, &'static str)>, language: &str) -> Vec<Case> {
    let mut cases = BTreeMap::new();
    for (shape_name, shape, expected) in shapes {
        for cell in cells() {
            let examples = examples(&cell, &shape).into_iter().filter(|e| e.language == language);
            for (number, example) in examples.enumerate() {
                let strategy = cell.strategy.as_str().replace('-', "_");
                let name = format!("{strategy}_{shape_name}_{number}");
                let case = Case { name, language: example.language, code: example.code, expected };
                cases.entry(case.code.clone()).or_insert(case);
            }
        }
    }
    cases.into_values().collect()
}

/// Callables of a user: each reports its call on standard error.
const USERS: &str = "\
import asyncio, os, sys, time

items = (item for item in range(8))

def fetch(item):
    time.sleep(0.001)
    os.write(2, b'fetch\\n')
    return item

async def fetch_async(item):
    await asyncio.sleep(0.001)
    os.write(2, b'fetch\\n')
    return item

def parse(page):
    os.write(2, b'parse\\n')
    return page * 2

def main():
    os.write(2, b'fetch\\n')

class Client:
    get = staticmethod(fetch)
";

/// The callables of one task, by the names of their forms.
fn python(module: &str, steps: &[(Option<&str>, Option<&str>)]) -> PythonTask {
    let callable = |(blocking, coroutine): &(Option<&str>, Option<&str>)| PythonCallable {
        module: module.to_owned(),
        file: Some(format!("{module}.py")),
        blocking: blocking.map(str::to_owned),
        coroutine: coroutine.map(str::to_owned),
        takes_item: *blocking != Some("main"),
        unpacks: false,
        computes: *blocking == Some("parse"),
        is_rated: false,
    };
    PythonTask { steps: steps.iter().map(callable).collect() }
}

/// Tasks that call the callables in [`USERS`].
fn callables() -> Vec<(&'static str, TaskShape, &'static str)> {
    let fetch = (Some("fetch"), Some("fetch_async"));
    let tasks = [
        ("both", python("tasks", &[fetch])),
        ("blocking", python("tasks", &[(Some("fetch"), None)])),
        ("coroutine", python("tasks", &[(None, Some("fetch_async"))])),
        ("steps", python("tasks", &[fetch, (Some("parse"), None)])),
        ("blocking_steps", python("tasks", &[(Some("fetch"), None), (Some("parse"), None)])),
        ("taken", python("tasks", &[(Some("main"), None)])),
        ("class", python("tasks", &[(Some("Client.get"), None)])),
        ("odd_file", python("my-tasks", &[fetch])),
        ("own_items", python("tasks", &[fetch])),
    ];
    let source =
        |name| if name == "own_items" { ItemSource::Module { first: Some(8) } } else { ItemSource::Numbers };
    let shape = |name, task| TaskShape { python: Some(task), items: source(name), ..stand_in(1, 1, &[]) };
    tasks.map(|(name, task)| (name, shape(name, task), "8 tasks: 8 ok, 0 failed in ")).into()
}

/// Writes only files that changed, so that cargo builds only those.
fn write(path: &Path, text: &str) -> io::Result<()> {
    match fs::read_to_string(path) {
        Ok(old) if old == text => Ok(()),
        _ => fs::write(path, text),
    }
}

fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Returns true if the program should exit with 0: programs in Rust always do.
fn is_clean(case: &Case) -> bool {
    case.language == "rust" || case.expected.contains(" 0 failed")
}

fn check(case: &Case, output: &Output) {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let what = format!("{} {}:\n{}\n{out}\n{err}", case.language, case.name, case.code);
    assert!(output.status.success() == is_clean(case), "{what}");
    assert!(out.starts_with(case.expected) && out.lines().count() == 1, "{what}");
}

#[test]
fn every_python_program_does_its_tasks() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("code_examples_python");
    fs::create_dir_all(&dir).unwrap();
    for case in cases("python") {
        let path = dir.join(format!("{}.py", case.name));
        write(&path, &case.code).unwrap();
        let output = Command::new("python3").args(["-W", "error"]).arg(&path).output();
        check(&case, &output.expect("python3 runs"));
    }
}

#[test]
fn every_program_that_calls_the_users_own_callable_calls_it_for_every_item() {
    let dir = tempfile::tempdir().unwrap();
    for module in ["tasks.py", "my-tasks.py"] {
        fs::write(dir.path().join(module), USERS).unwrap();
    }
    for case in cases_of(callables(), "python") {
        let path = dir.path().join(format!("{}_case.py", case.name));
        fs::write(&path, &case.code).unwrap();
        let output = Command::new("python3").args(["-W", "error"]).arg(&path).output().unwrap();
        check(&case, &output);
        let calls = |name| text(&output.stderr).lines().filter(|line| *line == name).count();
        let parses = if case.name.contains("steps") { 8 } else { 0 };
        assert_eq!((calls("fetch"), calls("parse")), (8, parses), "{}:\n{}", case.name, case.code);
        assert!(case.code.contains("tasks"), "{}", case.code);
    }
    assert!(cases_of(callables(), "rust").is_empty());
}

#[test]
fn of_an_event_loop_every_usual_form_is_shown() {
    let shape = stand_in(0, 5, &[]);
    let programs: Vec<_> = examples(&Configuration::new(StrategyKind::Async, 4), &shape);
    let python: Vec<_> = programs.iter().filter(|e| e.language == "python").collect();
    for (example, part) in python.iter().zip(["gather(*(worker", "TaskGroup", "Semaphore", "Queue(maxsize"]) {
        assert!(example.code.contains(part), "{part}:\n{}", example.code);
    }
    assert_eq!(python.len(), 4);
}

#[test]
fn programs_stay_short() {
    for case in cases("python").into_iter().filter(|c| c.name.contains("_mixed_")) {
        let most = if case.code.contains("ProcessPoolExecutor") { 80 } else { 58 };
        assert!(case.code.lines().count() <= most, "{}", case.code);
    }
}

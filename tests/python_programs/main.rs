//! The programs in Python keep to what was set up when the work was measured.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod engines;
mod pipelines;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use conc::internal::{
    Backoff, Configuration, ItemSource, PythonCallable, PythonTask, RetryPolicy, StrategyKind, TaskShape,
    WorkloadLimits, examples,
};

/// Callables of a user; each start of `fetch` is a line of the file `starts`.
const TASKS: &str = r#"
import asyncio, os, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
barrier = threading.Barrier(40)
seen = {}
loop = None

def items():
    return [{"id": number} for number in range(20)]

def start(item):
    with open(os.path.join(HERE, "starts"), "a") as file:
        file.write(f"{time.monotonic()} {item!r}\n")

def fetch(item):
    start(item)
    return [item, "fetched"]

async def fetch_async(item):
    # A client that belongs to the event loop that first used it.
    global loop
    loop = loop or asyncio.get_running_loop()
    assert loop is asyncio.get_running_loop(), "another event loop"
    start(item)
    await asyncio.sleep(0)
    return [item, "fetched"]

async def fetch_anywhere(item):
    start(item)
    await asyncio.sleep(0)
    return [item, "fetched"]

def parse(page):
    return page + ["parsed"]

def flaky(item):
    start(item)
    path = os.path.join(HERE, f"flaky-{item}")
    if not os.path.exists(path):
        open(path, "w").close()
        raise ConnectionError(item)
    return item

async def flaky_async(item):
    return flaky(item)

def together(item):
    barrier.wait(60)
    return item

def stuck(item):
    time.sleep(600 if str(item) == "3" else 0)
    return item

async def stuck_async(item):
    await asyncio.sleep(600 if str(item) == "3" else 0)
    return item

def pair(first, second):
    return [first, second]

def half(item):
    if int(item) % 2:
        raise ValueError(f"odd: {item}")
    return int(item) // 2
"#;

/// Prints the results of a program that is imported as `program`, and the items whose tasks failed.
const RESULTS: &str = "\
import asyncio, inspect, json, sys
import program
items = json.loads(sys.argv.pop(1))
outcome = program.run(items)
results, failures = asyncio.run(outcome) if inspect.isawaitable(outcome) else outcome
print(json.dumps([results, sorted(items[index] for index in failures)]))";

fn callable(blocking: Option<&str>, coroutine: Option<&str>) -> PythonCallable {
    PythonCallable {
        module: "tasks".to_owned(),
        file: Some("tasks.py".to_owned()),
        blocking: blocking.map(str::to_owned),
        coroutine: coroutine.map(str::to_owned),
        takes_item: true,
        unpacks: blocking == Some("pair"),
        computes: blocking == Some("parse"),
        is_rated: blocking != Some("parse"),
    }
}

fn shape(steps: &[PythonCallable]) -> TaskShape {
    TaskShape {
        tasks: 20,
        wait: Duration::from_millis(10),
        python: Some(PythonTask { steps: steps.to_vec() }),
        ..TaskShape::default()
    }
}

/// Configurations of every strategy that any interpreter has.
fn cells() -> [Configuration; 5] {
    [
        Configuration::REFERENCE,
        Configuration::new(StrategyKind::Async, 4),
        Configuration::new(StrategyKind::Threads, 4),
        Configuration::new(StrategyKind::Processes, 2),
        Configuration::hybrid(4, 2),
    ]
}

/// A directory with the callables and a program.
struct Place(tempfile::TempDir);

impl Place {
    fn new(code: &str) -> Self {
        let place = Place(tempfile::tempdir().unwrap());
        fs::write(place.file("tasks.py"), TASKS).unwrap();
        fs::write(place.file("program.py"), code).unwrap();
        place
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn python(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut command = Command::new("python3");
        command.args(["-B"]).args(arguments).current_dir(self.0.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("python3 runs");
        child.stdin.take().unwrap().write_all(input).ok();
        child.wait_with_output().unwrap()
    }

    /// Runs the program and returns its last line before the time.
    fn counts(&self, arguments: &[&str], input: &[u8]) -> (String, bool) {
        let output = self.python(&[&["program.py"], arguments].concat(), input);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let counts = text.split(" in ").next().unwrap_or_default().to_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(counts.contains(" tasks: "), "{text}\n{errors}");
        (counts, output.status.success())
    }

    /// Returns the times at which attempts started, in order.
    fn starts(&self) -> Vec<f64> {
        let text = fs::read_to_string(self.file("starts")).unwrap_or_default();
        let mut starts: Vec<f64> =
            text.lines().map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect();
        starts.sort_by(f64::total_cmp);
        starts
    }
}

/// Runs every program for `shape` under each strategy: the label of the program, and what came of it.
fn for_each_program(shape: &TaskShape, mut check: impl FnMut(&str, &Place)) {
    let python = supported();
    for cell in cells() {
        for example in examples(&cell, shape) {
            if python >= needed(&example.code) {
                check(&format!("{cell}: {}\n{}", example.title, example.code), &Place::new(&example.code));
            }
        }
    }
}

/// Returns the minor version of `python3`.
fn supported() -> u32 {
    let output = Command::new("python3").args(["-c", "import sys; print(sys.version_info[1])"]).output();
    String::from_utf8_lossy(&output.unwrap().stdout).trim().parse().unwrap()
}

/// Returns the minor version of Python that a program says it needs.
fn needed(code: &str) -> u32 {
    let version = code.split("# Python 3.").nth(1).and_then(|rest| rest.split(' ').next());
    version.unwrap().parse().unwrap()
}

fn fetch() -> PythonCallable {
    callable(Some("fetch"), Some("fetch_async"))
}

#[test]
fn items_are_those_of_the_user() {
    let lines = "\u{feff}a b\r\n\r\n \t \nc\"'\\\n\u{e9}";
    let file = ItemSource::File("my items.txt".to_owned());
    let nasty = ["it's \"x\" {y}\n\u{1b}", "\\"].map(str::to_owned).to_vec();
    let cases = [
        (file, 3, &[][..], ""),
        (ItemSource::StandardInput, 3, &[], lines),
        (ItemSource::Arguments, 2, &["p q", "r"], ""),
        (ItemSource::Listed(nasty), 2, &[], ""),
        (ItemSource::Module { first: None }, 20, &[], ""),
        (ItemSource::Module { first: Some(7) }, 7, &[], ""),
        (ItemSource::Numbers, 20, &[], ""),
    ];
    for (items, count, arguments, input) in cases {
        for_each_program(&TaskShape { items: items.clone(), ..shape(&[fetch()]) }, |what, place| {
            fs::write(place.file("my items.txt"), lines).unwrap();
            let counts = place.counts(arguments, input.as_bytes());
            assert_eq!(counts, (format!("{count} tasks: {count} ok, 0 failed"), true), "{what}");
            assert_eq!(place.starts().len(), count, "{what}");
        });
    }
}

#[test]
fn results_are_in_the_order_of_the_items_and_failures_apart() {
    let items = ["4", "7", "10", "1", "6", "8", "2", "0", "12"];
    let half = callable(Some("half"), None);
    for_each_program(&shape(&[half]), |what, place| {
        let given = serde_json::to_string(&items).unwrap();
        let output = place.python(&["-c", RESULTS, &given], b"");
        let printed: serde_json::Value = serde_json::from_slice(&output.stdout).expect(what);
        let expected = serde_json::json!([[2, null, 5, null, 3, 4, 1, 0, 6], ["1", "7"]]);
        assert_eq!(printed, expected, "{what}");
    });
    let listed = ItemSource::Listed(items.map(str::to_owned).to_vec());
    for_each_program(
        &TaskShape { items: listed, ..shape(&[callable(Some("half"), None)]) },
        |what, place| {
            assert_eq!(place.counts(&[], b""), ("9 tasks: 7 ok, 2 failed".to_owned(), false), "{what}");
        },
    );
}

#[test]
fn steps_hand_on_their_results_in_every_form() {
    for steps in [
        vec![fetch(), callable(Some("parse"), None)],
        vec![callable(Some("fetch"), None), callable(Some("parse"), None)],
        vec![
            callable(None, Some("fetch_anywhere")),
            callable(Some("parse"), None),
            callable(Some("parse"), None),
        ],
    ] {
        for_each_program(&shape(&steps), |what, place| {
            let output = place.python(&["-c", RESULTS, "[1, 2]"], b"");
            let printed: serde_json::Value = serde_json::from_slice(&output.stdout).expect(what);
            assert_eq!(printed[0][1].as_array().map(Vec::len), Some(1 + steps.len()), "{printed} {what}");
        });
    }
}

#[test]
fn a_tuple_is_unpacked_into_the_arguments_of_a_callable() {
    for_each_program(&shape(&[callable(Some("pair"), None)]), |what, place| {
        let output = place.python(&["-c", RESULTS, "[[1, 2], [3, 4]]"], b"");
        let printed: serde_json::Value = serde_json::from_slice(&output.stdout).expect(what);
        assert_eq!(printed, serde_json::json!([[[1, 2], [3, 4]], []]), "{what}");
    });
}

#[test]
fn failed_steps_are_retried_as_they_were_measured() {
    for backoff in [Backoff::Exponential, Backoff::Constant] {
        let retry = Some(RetryPolicy { max: 1, backoff, base: Duration::from_millis(2) });
        for flaky in [callable(Some("flaky"), None), callable(None, Some("flaky_async"))] {
            for_each_program(&TaskShape { retry: retry.clone(), ..shape(&[flaky]) }, |what, place| {
                assert_eq!(place.counts(&[], b""), ("20 tasks: 20 ok, 0 failed".to_owned(), true), "{what}");
                assert_eq!(place.starts().len(), 40, "{what}");
            });
        }
    }
}

#[test]
fn attempts_start_no_faster_than_the_rate() {
    const RATE_PER_S: f64 = 50.0;
    let limits = WorkloadLimits { rate_per_s: Some(RATE_PER_S), ..WorkloadLimits::default() };
    for step in [fetch(), callable(None, Some("fetch_anywhere")), callable(Some("fetch"), None)] {
        for_each_program(&TaskShape { limits: limits.clone(), ..shape(&[step]) }, |what, place| {
            assert!(place.counts(&[], b"").1, "{what}");
            let starts = place.starts();
            let span = starts.last().unwrap() - starts[0];
            // The clock of a task is read a little after its start.
            assert!(span >= 0.9 * (starts.len() - 1) as f64 / RATE_PER_S, "{span} s\n{what}");
        });
    }
}

#[test]
fn a_task_that_does_not_end_fails_at_its_timeout() {
    let limits = WorkloadLimits { timeout: Some(Duration::from_secs(2)), ..WorkloadLimits::default() };
    // A thread cannot be interrupted and keeps its loop, so coroutines are awaited where there is one.
    for step in [callable(Some("stuck"), Some("stuck_async")), callable(None, Some("stuck_async"))] {
        for_each_program(&TaskShape { limits: limits.clone(), ..shape(&[step]) }, |what, place| {
            assert_eq!(place.counts(&[], b""), ("20 tasks: 19 ok, 1 failed".to_owned(), false), "{what}");
        });
    }
}

#[test]
fn threads_of_a_loop_are_as_many_as_tasks_in_flight() {
    let together = TaskShape { tasks: 40, ..shape(&[callable(Some("together"), None)]) };
    for cell in [Configuration::new(StrategyKind::Async, 40), Configuration::hybrid(40, 1)] {
        for example in examples(&cell, &together) {
            if supported() >= needed(&example.code) {
                let counts = Place::new(&example.code).counts(&[], b"");
                assert_eq!(counts, ("40 tasks: 40 ok, 0 failed".to_owned(), true), "{}", example.code);
            }
        }
    }
}

#[test]
fn a_client_of_one_loop_works_wherever_it_was_measured_to() {
    let client = shape(&[callable(None, Some("fetch_async"))]);
    for cell in cells().into_iter().filter(|cell| cell.strategy != StrategyKind::Threads) {
        for example in examples(&cell, &client) {
            if supported() >= needed(&example.code) {
                let counts = Place::new(&example.code).counts(&[], b"");
                assert_eq!(counts, ("20 tasks: 20 ok, 0 failed".to_owned(), true), "{}", example.code);
            }
        }
    }
}

#[test]
fn programs_are_formatted_and_without_findings() {
    let Some(ruff) = ruff() else {
        let _ = writeln!(std::io::stderr(), "skipped: there is no ruff");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("tasks.py"), "").unwrap();
    let variants = [StrategyKind::Interpreters, StrategyKind::Uvloop];
    let cells: Vec<_> = cells().into_iter().chain(variants.map(|kind| Configuration::new(kind, 4))).collect();
    let programs = cases_of_style()
        .into_iter()
        .flat_map(|shape| cells.iter().flat_map(move |cell| examples(cell, &shape)).collect::<Vec<_>>());
    let staged = pipelines::shapes().into_iter().flat_map(|shape| {
        let bounded = bounded(&shape);
        [shape, bounded].into_iter().flat_map(|shape| examples(&pipelines::cell(), &shape))
    });
    let programs = programs.chain(staged).filter(|example| example.language == "python");
    let programs = programs.map(|example| example.code).chain(engines::programs(&sources()));
    for (number, code) in programs.enumerate() {
        fs::write(directory.path().join(format!("program_{number}.py")), code).unwrap();
    }
    for arguments in
        [&["check", "--no-cache", "--isolated"][..], &["format", "--no-cache", "--isolated", "--diff"]]
    {
        let output =
            Command::new(&ruff).args(arguments).arg(".").current_dir(directory.path()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}", text.chars().take(4000).collect::<String>());
    }
}

/// Returns the shape with a time limit and retries.
fn bounded(shape: &TaskShape) -> TaskShape {
    let limits = WorkloadLimits { timeout: Some(Duration::from_secs(2)), ..shape.limits.clone() };
    let retry = Some(RetryPolicy { max: 3, backoff: Backoff::Constant, base: Duration::from_millis(5) });
    TaskShape { limits, retry, ..shape.clone() }
}

/// Returns shapes whose programs have lines of every kind: each work with each source of items, with and without
/// limits.
fn cases_of_style() -> Vec<TaskShape> {
    let limits = WorkloadLimits {
        rate_per_s: Some(250.0),
        timeout: Some(Duration::from_secs(2)),
        max_in_flight: Some(4),
        memory: None,
    };
    let retry = Some(RetryPolicy { max: 30, backoff: Backoff::Exponential, base: Duration::from_millis(5) });
    let sources = sources();
    let mut cases = Vec::new();
    let is_of_module = |items: &ItemSource| matches!(items, ItemSource::Module { .. });
    for shape in shapes_of_style() {
        for items in sources.iter().filter(|items| shape.python.is_some() || !is_of_module(items)) {
            for (limits, retry) in [(WorkloadLimits::default(), None), (limits.clone(), retry.clone())] {
                cases.push(TaskShape { items: items.clone(), limits, retry, ..shape.clone() });
            }
        }
    }
    cases
}

/// Returns every source of items whose text differs.
fn sources() -> [ItemSource; 4] {
    let listed = ItemSource::Listed(["it's", "a \"b\" 'c'", "\u{1b}\n"].map(|item| item.repeat(12)).to_vec());
    [ItemSource::Numbers, listed, ItemSource::File("x.txt".to_owned()), ItemSource::Module { first: Some(7) }]
}

/// Returns callables with short and long names, described work, and commands with many words.
fn shapes_of_style() -> [TaskShape; 7] {
    let long = "a_function_with_a_name_that_is_really_quite_long_for_a_function";
    let of = |name: &str| PythonCallable { blocking: Some(name.to_owned()), ..callable(None, None) };
    let command = |words: &[&str]| TaskShape {
        command: Some(words.iter().map(|&word| word.to_owned()).collect()),
        ..TaskShape::default()
    };
    let (wait, cpu) = (Duration::from_millis(5), Duration::from_millis(5));
    let many = ["sh", "-c", "echo \"$1\" 'a' \"b\"", "sh", "x{item}", "--an-option-that-is-long"];
    [
        shape(&[fetch()]),
        shape(&[of("main"), of("Client.get"), callable(Some("parse"), None)]),
        shape(&[of(long)]),
        shape(&[callable(None, Some("fetch_async")), callable(Some("parse"), None)]),
        TaskShape { tasks: 20, wait, cpu, ..TaskShape::default() },
        command(&["curl", "-s", "{item}"]),
        command(&[&many[..], &["--another={item}"]].concat()),
    ]
}

/// Returns the path of `ruff`, if it is installed.
fn ruff() -> Option<PathBuf> {
    let named = std::env::var_os("RUFF").map(PathBuf::from);
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&paths).map(|directory| directory.join("ruff")).find(|path| path.is_file());
    named.or(found).filter(|path: &PathBuf| Path::new(path).is_file())
}

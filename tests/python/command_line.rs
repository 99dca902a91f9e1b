//! Callables on the command line: sources of items, messages, and cleaning up.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use conc::internal::{Document, Report, StrategyKind};
use tempfile::TempDir;

use crate::environment::pythons;

const SOURCE: &str = r#"
import asyncio, time

items = ["a", "b", "c"]

def fetch(item):
    time.sleep(0.002)
    return str(item)

async def fetch_async(item):
    await asyncio.sleep(0.002)
    return str(item)

async def other(item):
    return str(item)
"#;

/// Marks the environment of everything a test starts.
const MARK: &str = "CONC_TEST_MARK";

struct Sandbox(TempDir);

impl Sandbox {
    fn new(source: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::write(directory.path().join("tasks.py"), source).expect("written");
        Sandbox(directory)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn conc(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_conc"));
        command.args(arguments).arg("--python").arg(&pythons()[0]).current_dir(self.path());
        command.env(MARK, self.path()).env_remove("VIRTUAL_ENV").env("NO_COLOR", "1");
        command
    }

    fn report(&self, arguments: &[&str]) -> Report {
        let output = self.conc(arguments).arg("--json").assert().success().get_output().clone();
        match serde_json::from_slice(&output.stdout).expect("a document") {
            Document::Single(report) => *report,
            other => panic!("not one report: {other:?}"),
        }
    }

    fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.conc(arguments).assert().code(2).get_output().clone();
        assert!(output.stdout.is_empty(), "{output:?}");
        String::from_utf8(output.stderr).expect("UTF-8")
    }

    /// Returns the number of processes that this test started and that still run.
    fn left_over(&self) -> usize {
        let mark = format!("{MARK}={}", self.path().display());
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let marked = |entry: &fs::DirEntry| {
            let environ = fs::read(entry.path().join("environ")).unwrap_or_default();
            environ.windows(mark.len()).any(|window| window == mark.as_bytes())
        };
        processes.filter(marked).count()
    }
}

/// Options that measure two configurations once each, however long that takes.
const QUICK: [&str; 9] = [
    "--budget",
    "300ms",
    "--exhaustive",
    "--runs",
    "1",
    "--width",
    "2",
    "--strategy",
    "sequential,threading",
];

fn quick<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["advise"], arguments, &QUICK].concat()
}

#[test]
fn items_come_from_the_module_a_file_the_command_line_or_a_number() {
    let sandbox = Sandbox::new(SOURCE);
    fs::write(sandbox.path().join("items.txt"), "x\ny\n").expect("written");
    for (arguments, tasks) in [
        (&["tasks.py:fetch"][..], 3),
        (&["tasks.py:fetch", "--items", "items.txt"], 2),
        (&["tasks.py:fetch", ":::", "p", "q", "r", "s"], 4),
        (&["tasks.py:fetch", "--tasks", "2"], 2),
        (&["tasks:fetch", "--tasks", "6"], 3),
    ] {
        let report = sandbox.report(&quick(arguments));
        assert_eq!(report.workload.tasks, tasks, "{arguments:?}");
        let json = serde_json::to_value(&report.workload).expect("JSON");
        assert_eq!((&json["source"], &json["runtime"]), (&"python".into(), &"python".into()));
        let python = report.profile.and_then(|profile| profile.python).expect("an interpreter");
        assert!(python.version.starts_with("3.") && python.steps[0].blocking && python.steps[0].awaitable);
        assert!(report.cells.iter().any(|result| result.cell.strategy == StrategyKind::Threads));
        assert!(report.cells.iter().all(|result| result.tasks.failed == 0), "{:?}", report.cells);
    }
}

#[test]
fn a_callable_without_items_is_asked_for_them() {
    let sandbox = Sandbox::new("def fetch(item): pass\n");
    let told = sandbox.refusal(&["advise", "tasks.py:fetch"]);
    assert!(told.contains("E-WORKLOAD-005") && told.contains("--items"), "{told}");
    let told = sandbox.refusal(&["advise", "tasks.py:fetch", "a", "b"]);
    assert!(told.contains(":::"), "{told}");
}

#[test]
fn what_cannot_be_imported_or_found_is_told_with_exit_code_2() {
    let sandbox = Sandbox::new("def fetch(item):\n    return (\n");
    let told = sandbox.refusal(&["profile", "tasks.py:fetch", "--tasks", "3"]);
    assert!(
        told.contains("E-PYTHON-002") && told.contains("SyntaxError") && told.contains("line 2"),
        "{told}"
    );
    let told = sandbox.refusal(&["profile", "other.py:fetch", "--tasks", "3"]);
    assert!(told.contains("there is no Python file 'other.py'"), "{told}");
    let told = sandbox.refusal(&["profile", "no.such.module:fetch", "--tasks", "3"]);
    assert!(told.contains("ModuleNotFoundError"), "{told}");
}

#[test]
fn an_interpreter_that_does_not_exist_is_told() {
    let sandbox = Sandbox::new(SOURCE);
    let mut command = Command::new(env!("CARGO_BIN_EXE_conc"));
    command.args(["profile", "tasks.py:fetch", "--python", "/no/such/python"]).current_dir(sandbox.path());
    let output = command.assert().code(2).get_output().clone();
    assert!(String::from_utf8_lossy(&output.stderr).contains("E-PYTHON-001"), "{output:?}");
}

#[test]
fn the_coroutine_form_can_be_named() {
    let sandbox = Sandbox::new(SOURCE);
    let report = sandbox.report(&[&quick(&["tasks.py:fetch"])[..], &["--async-fn", "other"]].concat());
    assert!(report.profile.and_then(|p| p.python).expect("an interpreter").steps[0].awaitable);
    let told = sandbox.refusal(&["profile", "tasks.py:fetch", "--async-fn", "fetch"]);
    assert!(told.contains("not a coroutine function"), "{told}");
}

#[test]
fn two_steps_of_a_file_hand_on_their_results() {
    let sandbox = Sandbox::new(
        "def fetch(item): return {'page': item}\ndef parse(page):\n    assert page['page'] in 'ab'\n    return len(page)\n",
    );
    let toml = "items = ['a', 'b']\n[[step]]\nkind = 'python'\ncallable = 'tasks.py:fetch'\n\
                [[step]]\nkind = 'python'\ncallable = 'tasks.py:parse'\n";
    fs::write(sandbox.path().join("job.toml"), toml).expect("written");
    let report = sandbox.report(&quick(&["./job.toml"]));
    assert!(report.cells.iter().all(|result| result.tasks.failed == 0 && result.tasks.ok > 0));
    let steps: Vec<_> = report.profile.expect("a profile").steps.into_iter().map(|step| step.kind).collect();
    assert_eq!(steps, ["fetch", "parse"]);
}

#[test]
fn nothing_is_written_and_no_process_is_left() {
    let sandbox = Sandbox::new(
        "import subprocess\ndef leaves(i):\n    subprocess.Popen(['sleep', '600'], start_new_session=True)\n    return i\n",
    );
    sandbox.report(&["advise", "tasks.py:leaves", "--tasks", "4", "--budget", "300ms"]);
    let names: Vec<_> = fs::read_dir(sandbox.path())
        .expect("readable")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, ["tasks.py"]);
    assert_eq!(sandbox.left_over(), 0);
}

#[test]
fn a_file_in_a_package_has_its_relative_imports() {
    let sandbox = Sandbox::new("");
    let package = sandbox.path().join("pkg");
    fs::create_dir(&package).expect("created");
    fs::write(package.join("__init__.py"), "").expect("written");
    fs::write(package.join("util.py"), "def double(x): return 2 * int(x)\n").expect("written");
    fs::write(package.join("work.py"), "from .util import double\ndef run(x): return double(x)\n")
        .expect("written");
    let report = sandbox.report(&quick(&["pkg/work.py:run", ":::", "1", "2"]));
    assert!(report.cells.iter().all(|result| result.tasks.failed == 0), "{:?}", report.cells);
    let code = &report.recommendation.expect("a recommendation").code_examples[0].code;
    assert!(code.contains("from pkg.work import run") && code.contains("Save it next to pkg."), "{code}");
}

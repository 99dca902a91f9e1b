//! `conc run --on dask`: the same job on a cluster, whatever happens to its workers and its scheduler.
//!
//! The package comes from the interpreter that `CONC_TEST_DASK` names; `.ci/run` makes it.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use conc::internal::{EngineShape, ItemSource, TaskShape, dask_program};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::engine_results::{recorded, said};
use crate::lane::runs_all;
use crate::sandbox::{Sandbox, wait_until};

const TASKS: &str = r#"
import asyncio, os, threading, time

def double(item): return {"twice": item * 2}

async def wait(item):
    await asyncio.sleep(0.02)
    return item

def trouble(item):
    if item == "raises": raise ValueError("no good")
    if item == "dies": os._exit(3)
    if item == "lock": return threading.Lock()
    if item == "large": return "x" * 100_000_000
    return item

def note(item):
    with open("log", "a") as log: log.write(item + "\n")
    time.sleep(0.02)
    return item

def hold(item):
    open(f"begun{item}", "w").close()
    while not os.path.exists(f"go{item}"): time.sleep(0.01)
    return item
"#;

/// Returns the interpreter that has `distributed`; `None` if the test is left out.
fn python(test: &str) -> Option<String> {
    let named = std::env::var("CONC_TEST_DASK").ok();
    if named.is_none() && runs_all(test) {
        panic!("CONC_TEST_DASK has to name an interpreter that has the package distributed");
    }
    named
}

/// A cluster that the run does not start.
struct Cluster {
    process: Child,
    input: ChildStdin,
    lines: BufReader<ChildStdout>,
    address: String,
}

impl Cluster {
    /// Starts a cluster whose workers run in the directory of the sandbox.
    fn start(python: &str, directory: PathBuf) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/dask_cluster.py");
        let mut command = Command::new(python);
        command.arg(script).current_dir(directory).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.stderr(Stdio::null()).spawn().unwrap();
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let mut cluster = Cluster { process, input, lines: BufReader::new(output), address: String::new() };
        cluster.address = cluster.line();
        cluster
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn ask(&mut self, order: &str) {
        writeln!(self.input, "{order}").unwrap();
        assert_eq!(self.line(), "done", "{order}");
    }

    fn on(&self) -> String {
        format!("dask={}", self.address)
    }
}

/// The cluster that several tests share: it ends with this process, which closes its standard input.
fn shared(python: &str) -> &'static str {
    static SHARED: OnceLock<(Cluster, String)> = OnceLock::new();
    let (_, on) = SHARED.get_or_init(|| {
        let cluster = Cluster::start(python, std::env::temp_dir());
        let on = cluster.on();
        (cluster, on)
    });
    on
}

/// Runs a callable on a cluster and returns the lines of its results by their items.
fn results(
    sandbox: &Sandbox,
    python: &str,
    on: &str,
    arguments: &[&str],
    status: i32,
) -> BTreeMap<String, Value> {
    let _ = fs::remove_file(sandbox.path("out.jsonl"));
    let head = ["run", "--on", on, "--python", python, "--results", "out.jsonl"];
    sandbox.run(&[&head[..], arguments].concat()).code(status);
    recorded(sandbox)
}

#[test]
fn a_cluster_of_its_own_runs_every_item_and_ends() {
    let Some(python) = python("a_cluster_of_its_own_runs_every_item_and_ends") else { return };
    let sandbox = Sandbox::with("tasks.py", TASKS);
    let arguments =
        ["run", "--on", "dask", "-j2", "--python", &python, "--tasks", "300", "--json", "tasks.py:double"];
    let run = sandbox.run(&arguments).success();
    let report: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    let (job, engine) = (&report["job"], &report["job"]["engine"]);
    assert_eq!((&job["items"]["ok"], &job["end"]), (&json!(300), &json!("complete")));
    assert_eq!((&engine["kind"], engine["versions"].as_array().map(Vec::len)), (&json!("dask"), Some(0)));
    assert!(engine["address"].as_str().unwrap().starts_with("tcp://127.0.0.1:"), "{engine}");
    assert!(engine["chunks"].as_u64().unwrap() < 200, "items share messages: {engine}");
}

#[test]
fn a_cluster_of_the_user_runs_callables_and_commands() {
    let Some(python) = python("a_cluster_of_the_user_runs_callables_and_commands") else { return };
    let (sandbox, on) = (Sandbox::with("tasks.py", TASKS), shared(&python));
    let found = results(&sandbox, &python, on, &["tasks.py:double", ":::", "a", "ä \u{1}", "c"], 0);
    assert_eq!(found["ä \u{1}"]["value"], json!({ "twice": "ä \u{1}ä \u{1}" }));
    assert_eq!(found.len(), 3);
    let numbers = ["run", "--on", on, "--python", &python, "-k", "--tasks", "2", "tasks.py:double"];
    sandbox.run(&numbers).success().stdout("{\"twice\": 0}\n{\"twice\": 2}\n");
    fs::write(sandbox.path("own.py"), format!("items = ['p', 'q']\n{TASKS}")).unwrap();
    let own = ["run", "--on", on, "--python", &python, "-k", "own.py:double"];
    sandbox.run(&own).success().stdout("{\"twice\": \"pp\"}\n{\"twice\": \"qq\"}\n");
    let command = ["-k", "--", "sh", "-c", "echo $0; exit $(( $0 % 2 ))", "{}", ":::", "0", "1", "2"];
    let whole = [&["run", "--on", on, "--python", &python][..], &command].concat();
    let run = sandbox.run(&whole).code(1).stdout("0\n1\n2\n");
    assert!(said(&run).contains("item 2 '1': exit 1"), "{}", said(&run));
    let syntax =
        ["run", "--on", on, "--python", &python, "--", "echo", "{}", ":::", "$(touch bad); `touch bad`"];
    sandbox.run(&syntax).success().stdout("$(touch bad); `touch bad`\n");
    assert!(!sandbox.path("bad").exists());
}

#[test]
fn what_an_item_does_is_its_own_failure() {
    let Some(python) = python("what_an_item_does_is_its_own_failure") else { return };
    let sandbox = Sandbox::with("tasks.py", TASKS);
    let items = ["tasks.py:trouble", ":::", "a", "raises", "lock", "b", "dies", "c", "large", "d"];
    let found = results(&sandbox, &python, "dask", &[&["-j2"], &items[..]].concat(), 1);
    assert_eq!(found.len(), 8);
    assert_eq!(found["raises"]["code"], "E-PYTHON-004");
    assert!(found["lock"]["value"].as_str().unwrap().contains("lock object"), "as Python writes it");
    assert_eq!(found["large"]["value"].as_str().unwrap().len(), 100_000_000);
    assert_eq!(found["dies"]["code"], "E-POOL-001", "{}", found["dies"]);
    assert!(["a", "b", "c", "d"].iter().all(|item| found[*item]["value"] == **item));
}

#[test]
fn what_cannot_run_on_the_workers_says_why() {
    let Some(python) = python("what_cannot_run_on_the_workers_says_why") else { return };
    let (sandbox, on) = (Sandbox::with("tasks.py", TASKS), shared(&python));
    // The file goes away after this side has imported it.
    let vanishing = "import os\nos.remove(__file__)\ndef f(item): return item\n";
    fs::write(sandbox.path("gone.py"), vanishing).unwrap();
    let path = sandbox.path("gone.py").canonicalize().unwrap();
    let run = sandbox.run(&["run", "--on", on, "--python", &python, "gone.py:f", ":::", "a"]).code(2);
    let expected = format!("'{}' is not there", path.display());
    assert!(said(&run).contains("E-PYTHON-002") && said(&run).contains(&expected), "{}", said(&run));
    let nowhere =
        ["run", "--on", "dask=tcp://127.0.0.1:1", "--python", &python, "tasks.py:double", ":::", "a"];
    let run = sandbox.run(&nowhere).code(1);
    assert!(said(&run).contains("no scheduler at tcp://127.0.0.1:1"), "{}", said(&run));
    let bare = sandbox.path("bare");
    let venv = Command::new(&python).args(["-m", "venv", "--without-pip"]).arg(&bare).status().unwrap();
    assert!(venv.success());
    let without = bare.join("bin/python").display().to_string();
    let run =
        sandbox.run(&["run", "--on", "dask", "--python", &without, "tasks.py:double", ":::", "a"]).code(2);
    let install = "-m pip install distributed";
    assert!(said(&run).contains("E-ENGINE-001") && said(&run).contains(install), "{}", said(&run));
}

#[test]
fn workers_that_die_and_come_back_lose_nothing() {
    let Some(python) = python("workers_that_die_and_come_back_lose_nothing") else { return };
    let sandbox = Sandbox::with("tasks.py", TASKS);
    let mut cluster = Cluster::start(&python, sandbox.path(""));
    let on = cluster.on();
    let items: String = (0..200).map(|i| format!("i{i}\n")).collect();
    fs::write(sandbox.path("items"), items).unwrap();
    let line = [
        "run",
        "--on",
        &on,
        "--python",
        &python,
        "--strategy",
        "processes",
        "--results",
        "out.jsonl",
        "--journal",
        "j",
        "--items",
        "items",
        "tasks.py:note",
    ];
    let mut child = sandbox.command(&line).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let ran = || fs::read_to_string(sandbox.path("log")).unwrap_or_default().lines().count();
    assert!(wait_until(|| ran() > 20));
    cluster.ask("kill");
    assert!(wait_until(|| ran() > 60));
    cluster.ask("scale 0");
    cluster.ask("scale 2");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(recorded(&sandbox).len(), 200);
    assert!(recorded(&sandbox).values().all(|line| line["status"] == "ok"));
    sandbox.assert_nothing_is_left();
}

#[test]
fn a_scheduler_that_is_gone_ends_the_run_and_resume_finishes() {
    let Some(python) = python("a_scheduler_that_is_gone_ends_the_run_and_resume_finishes") else { return };
    let sandbox = Sandbox::with("tasks.py", TASKS);
    let mut cluster = Cluster::start(&python, sandbox.path(""));
    let items: String = (0..150).map(|i| format!("i{i}\n")).collect();
    fs::write(sandbox.path("items"), items).unwrap();
    let line = |on: &str, more: &[&str]| -> Vec<String> {
        let head =
            ["run", "--on", on, "--python", &python, "--strategy", "processes", "--results", "out.jsonl"];
        let tail = ["--journal", "j", "--items", "items", "tasks.py:note"];
        [&head[..], more, &tail].concat().into_iter().map(str::to_owned).collect()
    };
    let first = line(&cluster.on(), &[]);
    let first: Vec<&str> = first.iter().map(String::as_str).collect();
    let stderr = fs::File::create(sandbox.path("stderr")).unwrap();
    let mut child = sandbox.command(&first).stdout(Stdio::null()).stderr(stderr).spawn().unwrap();
    assert!(wait_until(|| fs::read_to_string(sandbox.path("j")).is_ok_and(|text| text.lines().count() > 5)));
    kill(Pid::from_raw(cluster.process.id().cast_signed()), Signal::SIGKILL).unwrap();
    cluster.process.wait().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let stderr = fs::read_to_string(sandbox.path("stderr")).unwrap();
    assert!(stderr.contains("the scheduler is gone") && stderr.contains("--resume"), "{stderr}");
    sandbox.assert_nothing_is_left();
    let again = line(shared(&python), &["--resume"]);
    sandbox.run(&again.iter().map(String::as_str).collect::<Vec<_>>()).success();
    assert_eq!(recorded(&sandbox).len(), 150);
}

#[test]
fn an_interrupt_lets_items_end_and_cancels_the_others() {
    let Some(python) = python("an_interrupt_lets_items_end_and_cancels_the_others") else { return };
    let sandbox = Sandbox::with("tasks.py", TASKS);
    let on = ["--on", "dask", "-j2", "--python", &python, "--strategy", "processes"];
    let record = ["--results", "out.jsonl", "--journal", "j"];
    let work = ["--tasks", "30", "tasks.py:hold"];
    let line = [&["run"][..], &on, &record, &work].concat();
    let mut child = sandbox.command(&line).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = || (0..30).filter(|i| sandbox.path(&format!("begun{i}")).exists()).collect::<Vec<_>>();
    assert!(wait_until(|| begun().len() == 2));
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    let mut status = None;
    assert!(wait_until(|| {
        begun().iter().for_each(|i| fs::write(sandbox.path(&format!("go{i}")), "").unwrap());
        status = child.try_wait().unwrap();
        status.is_some()
    }));
    assert_eq!(status.unwrap().code(), Some(130));
    sandbox.assert_nothing_is_left();
    let ended = begun();
    assert!(ended.len() < 30 && recorded(&sandbox).len() == ended.len(), "{ended:?}");
    (0..30).for_each(|i| fs::write(sandbox.path(&format!("go{i}")), "").unwrap());
    // The journal does not care where items run.
    sandbox.run(&[&["run", "--resume"][..], &record, &work].concat()).success();
    assert_eq!(recorded(&sandbox).len(), 30);
}

#[test]
fn advice_about_a_cluster_says_if_it_pays_and_its_program_runs() {
    let Some(python) = python("advice_about_a_cluster_says_if_it_pays_and_its_program_runs") else { return };
    let (sandbox, on) = (Sandbox::with("tasks.py", TASKS), shared(&python));
    let line = ["advise", "--on", on, "--python", &python, "--budget", "1s"];
    let run = sandbox.run(&[&line[..], &["--tasks", "40", "--json", "tasks.py:double"]].concat()).success();
    let report: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    let engine = &report["engine"];
    let measured = &engine["measured"];
    assert_eq!((&measured["kind"], &measured["failed"]), (&json!("dask"), &json!(0)), "{engine}");
    assert!(
        measured["ok"].as_u64().unwrap() > 40 && measured["message_s"].as_f64().unwrap() > 0.0,
        "{engine}"
    );
    // Forty tasks of a microsecond are over before a client has connected.
    assert_eq!(engine["verdict"], "does-not-pay", "{engine}");
    assert_eq!(engine["job"]["tasks"], 40);
    assert!(engine["scaling"]["dispatch_binds_from"].as_u64().unwrap() >= 1, "{engine}");
    assert!(engine["message"].as_str().unwrap().contains("40 tasks take"), "{engine}");
    let code = engine["code_examples"][0]["code"].as_str().unwrap();
    fs::write(sandbox.path("program.py"), code).unwrap();
    let output = Command::new(&python).arg("program.py").current_dir(sandbox.path("")).output().unwrap();
    let (printed, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(printed, "40 tasks done\n", "{code}\n{errors}");
    // One task after another takes 40 s, and the workers have pools.
    let items: String = (0..2_000).map(|i| format!("i{i}\n")).collect();
    fs::write(sandbox.path("items.txt"), items).unwrap();
    let work = ["--items", "items.txt", "--strategy", "sequential", "--code", "none", "tasks.py:wait"];
    let table = sandbox.run(&[&line[..], &work].concat()).success();
    let table = String::from_utf8_lossy(&table.get_output().stdout).into_owned();
    assert!(table.contains("\n dask ") && table.contains("pays for this job"), "{table}");
}

#[test]
fn the_printed_program_runs_a_command_for_every_item() {
    let Some(python) = python("the_printed_program_runs_a_command_for_every_item") else { return };
    let (sandbox, on) = (Sandbox::new(), shared(&python));
    let words = ["sh", "-c", "[ \"$1\" != 3 ]", "sh", "{item}"];
    let shape = EngineShape {
        callable: None,
        task: TaskShape {
            tasks: 5,
            command: Some(words.map(str::to_owned).to_vec()),
            items: ItemSource::Numbers,
            ..TaskShape::default()
        },
        chunk: 2,
        inner_width: 2,
        message_s: Some(0.002),
        address: on.strip_prefix("dask=").map(str::to_owned),
        workers: 2,
        cpus: 1,
    };
    let code = dask_program(&shape).code;
    fs::write(sandbox.path("program.py"), &code).unwrap();
    let output = Command::new(&python).arg("program.py").current_dir(sandbox.path("")).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "5 tasks done, 1 failed\n", "{code}\n{errors}");
}

#[test]
fn work_that_no_engine_can_run_is_refused() {
    let sandbox = Sandbox::with("tasks.py", TASKS);
    for (arguments, expected) in [
        (&["--on", "dask", "web-scraper"][..], "Python callables and commands"),
        (&["--on", "dask", "--once", "tasks.py:double", ":::", "a"], "--once forbids"),
        (&["--on", "dask", "--rate", "5", "--tasks", "4", "--", "true"], "limits hold on one machine"),
        (&["--on", "dask", "--predict-only", "--tasks", "4", "--", "true"], "measured, and not predicted"),
        // Its client needs one, whatever runs.
        (&["--on", "dask", "--python", "/no/python", "--tasks", "4", "--", "true"], "/no/python"),
        (&["--nodes", "2", "--tasks", "4", "--", "true"], "--on"),
    ] {
        let run = sandbox.run(&[&["advise"], arguments].concat()).code(2);
        assert!(said(&run).contains(expected), "{}", said(&run));
    }
}

#[test]
fn workers_with_another_python_are_refused() {
    // A cluster whose interpreter has another minor version; CI has only one with the package.
    let Some(other) = std::env::var("CONC_TEST_DASK_OTHER").ok() else { return };
    let Some(python) = python("workers_with_another_python_are_refused") else { return };
    let sandbox = Sandbox::with("tasks.py", TASKS);
    let cluster = Cluster::start(&other, sandbox.path(""));
    let line = ["run", "--on", &cluster.on(), "--python", &python, "tasks.py:double", ":::", "a"];
    let run = sandbox.run(&line).code(2);
    assert!(said(&run).contains("E-ENGINE-003") && said(&run).contains("python"), "{}", said(&run));
}

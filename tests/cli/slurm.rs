//! `conc run --on slurm`: the same job in array tasks, whatever becomes of them.
//!
//! The engine is Debian's; `.ci/slurm` starts it as root, on this machine alone.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::engine_results::{recorded, said};
use crate::lane::runs_all;
use crate::sandbox::{Sandbox, wait_until};

/// Names the tests that take minutes, because Slurm counts time limits in them.
const LONG: &str = "CONC_TEST_SLURM_LONG";

/// Slurm on this machine: it ends with this process, which closes its standard input.
pub(crate) struct Slurm {
    _process: Child,
    config: String,
    node: String,
}

impl Slurm {
    fn start() -> Self {
        // It outlives this function, and nothing removes it: the daemons write to it until the process has ended.
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("slurm");
        let _ = fs::remove_dir_all(&directory);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/slurm");
        let mut command = Command::new(script);
        command.arg(&directory).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let config = line.trim().strip_prefix("SLURM_CONF=").expect("Slurm starts").to_owned();
        let mut slurm = Slurm { _process: process, config, node: String::new() };
        slurm.node = slurm.ask(&["sinfo", "--noheader", "--format=%n"]).trim().to_owned();
        slurm
    }

    /// Runs a program of Slurm and returns what it prints.
    fn ask(&self, words: &[&str]) -> String {
        let mut command = Command::new(words[0]);
        let output = command.args(&words[1..]).env("SLURM_CONF", &self.config).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// The array tasks that wait or run, each with its state.
    fn queue(&self) -> Vec<String> {
        let text = self.ask(&["squeue", "--noheader", "--array", "--format=%i %T"]);
        text.lines().map(|line| line.trim().to_owned()).collect()
    }

    /// The first array task that runs, as `scontrol` and `scancel` name it.
    fn running(&self) -> String {
        let mut found = None;
        assert!(wait_until(|| {
            let queue = self.queue();
            found = queue.iter().find_map(|line| line.strip_suffix(" RUNNING")).map(str::to_owned);
            found.is_some()
        }));
        found.unwrap()
    }

    fn set_node(&self, state: &str) {
        let (node, state) = (format!("NodeName={}", self.node), format!("State={state}"));
        self.ask(&["scontrol", "update", &node, &state, "Reason=test"]);
    }

    fn command(&self, sandbox: &Sandbox, arguments: &[&str]) -> Command {
        let mut command = sandbox.command(arguments);
        command.env("SLURM_CONF", &self.config).env("CONC_TEST_SECRET", "secret");
        command
    }

    fn run(&self, sandbox: &Sandbox, arguments: &[&str]) -> assert_cmd::assert::Assert {
        sandbox.check(assert_cmd::Command::from_std(self.command(sandbox, arguments)))
    }
}

/// Returns the engine, for one test at a time; `None` if the test is left out.
pub(crate) fn slurm(test: &str) -> Option<(&'static Slurm, MutexGuard<'static, ()>)> {
    static SLURM: OnceLock<Slurm> = OnceLock::new();
    static TURN: Mutex<()> = Mutex::new(());
    let is_there = |program: &str| {
        ["/usr/bin", "/usr/sbin"].iter().any(|directory| Path::new(directory).join(program).exists())
    };
    let missing = ["slurmctld", "slurmd", "sbatch", "munged"].into_iter().find(|program| !is_there(program));
    let is_possible = missing.is_none() && nix::unistd::geteuid().is_root();
    if !is_possible && runs_all(test) {
        panic!("Slurm cannot be started: {missing:?} is missing, or this is not root");
    }
    is_possible.then(|| {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        (SLURM.get_or_init(Slurm::start), turn)
    })
}

/// The shared directories that runs have left in the sandbox.
fn left_behind(sandbox: &Sandbox) -> Vec<PathBuf> {
    let entries = fs::read_dir(sandbox.path("")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("conc-slurm-")).collect()
}

fn ended(child: &mut Child) -> Option<i32> {
    let mut status = None;
    assert!(wait_until(|| {
        status = child.try_wait().unwrap();
        status.is_some()
    }));
    status.unwrap().code()
}

#[test]
fn every_item_runs_in_an_array_task_and_nothing_is_left() {
    let Some((slurm, _turn)) = slurm("every_item_runs_in_an_array_task_and_nothing_is_left") else { return };
    let sandbox = Sandbox::new();
    let items: String = (0..40).map(|i| format!("$(touch bad) `touch bad`; '{i}\n")).collect();
    fs::write(sandbox.path("items"), &items).unwrap();
    let line = [
        "run",
        "--on",
        "slurm:main",
        "-k",
        "--items",
        "items",
        "--journal",
        "j",
        "--results",
        "out.jsonl",
        "--",
        "sh",
        "-c",
        "echo \"$0\"; echo \"${CONC_TEST_SECRET:-none}\" >&2; [ \"$1\" != 7 ]",
        "{}",
        "{#}",
    ];
    let run = slurm.run(&sandbox, &line).code(1).stdout(items);
    assert!(said(&run).contains("39 done, 1 failed") && said(&run).contains("array task"), "{}", said(&run));
    let found = recorded(&sandbox);
    assert!(found.values().all(|line| line["stderr"] == "none\n"), "nothing of the environment goes along");
    assert!(!sandbox.path("bad").exists());
    assert_eq!(left_behind(&sandbox), Vec::<PathBuf>::new());
    assert!(wait_until(|| slurm.queue().is_empty()));
}

#[test]
fn a_run_that_was_detached_is_followed_to_its_end() {
    let Some((slurm, _turn)) = slurm("a_run_that_was_detached_is_followed_to_its_end") else { return };
    let sandbox = Sandbox::new();
    let line = [
        "run",
        "--on",
        "slurm",
        "--detach",
        "--journal",
        "j",
        "--results",
        "out.jsonl",
        "--shared",
        "common",
        "--tasks",
        "30",
        "--",
        "sh",
        "-c",
        "sleep 0.3; echo {#}",
    ];
    let run = slurm.run(&sandbox, &line).success();
    assert!(said(&run).contains("conc run --attach"), "{}", said(&run));
    assert!(recorded(&sandbox).len() < 30, "the rest goes on");
    slurm.run(&sandbox, &["run", "--attach", "common"]).success();
    assert_eq!(recorded(&sandbox).len(), 30);
    assert!(!sandbox.path("common").exists());
    let again = slurm.run(&sandbox, &["run", "--attach", "common"]).code(2);
    assert!(said(&again).contains("--attach: 'common'"), "{}", said(&again));
}

/// Begins a run of twelve items that note that they begin, and wait for a file of their own.
fn begin(slurm: &Slurm, sandbox: &Sandbox, more: &[&str]) -> Child {
    let head = ["run", "--on", "slurm", "-j1", "--journal", "j", "--results", "out.jsonl"];
    let script = "touch begun{}; while [ ! -e go{} ]; do sleep 0.02; done";
    let tail = ["--tasks", "12", "--shell", "--", script];
    // The first four are the sample.
    (0..4).for_each(|i| fs::write(sandbox.path(&format!("go{i}")), "").unwrap());
    let mut command = slurm.command(sandbox, &[&head[..], more, &tail].concat());
    let stderr = fs::File::create(sandbox.path("stderr")).unwrap();
    command.stdout(Stdio::null()).stderr(stderr).spawn().unwrap()
}

/// Returns the items that have begun, without those of the sample.
fn begun(sandbox: &Sandbox) -> Vec<u32> {
    (4..12).filter(|i| sandbox.path(&format!("begun{i}")).exists()).collect()
}

/// Waits until items of array tasks have begun.
fn wait_until_begun(sandbox: &Sandbox) {
    assert!(wait_until(|| !begun(sandbox).is_empty()), "{}", stderr(sandbox));
}

fn stderr(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.path("stderr")).unwrap()
}

fn let_go(sandbox: &Sandbox) {
    (0..12).for_each(|i| fs::write(sandbox.path(&format!("go{i}")), "").unwrap());
}

/// Kills array tasks that have items which were not let go, as a node that has no memory left does; returns false if
/// none of them runs.
fn kill_array_tasks(sandbox: &Sandbox) -> bool {
    let place = sandbox.path("conc-slurm-").display().to_string();
    let entries =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let pids = entries.filter_map(|name| name.parse::<i32>().ok());
    let has_items_left = |pid: &i32| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let mut words = line.split('\0');
        let is_of_task = line.starts_with(&place) && words.any(|word| word == "--numbered-items");
        // The sample has none, and may take a while to end.
        is_of_task && words.next().is_some_and(|items| has_waiting(sandbox, items))
    };
    let killed: Vec<i32> = pids.filter(has_items_left).collect();
    // One that has ended meanwhile cannot be killed, and needs not.
    killed.iter().filter(|pid| kill(Pid::from_raw(**pid), Signal::SIGKILL).is_ok()).count() > 0
}

/// Returns true if a file of items has one that waits for its file.
fn has_waiting(sandbox: &Sandbox, items: &str) -> bool {
    let text = fs::read_to_string(items).unwrap_or_default();
    let mut items = text.split_terminator('\0').filter_map(|item| item.split_once('\t'));
    items.any(|(_, item)| !sandbox.path(&format!("go{item}")).exists())
}

#[test]
fn array_tasks_that_are_requeued_or_killed_lose_nothing() {
    let Some((slurm, _turn)) = slurm("array_tasks_that_are_requeued_or_killed_lose_nothing") else { return };
    let sandbox = Sandbox::new();
    let mut child = begin(slurm, &sandbox, &[]);
    wait_until_begun(&sandbox);
    slurm.set_node("DRAIN");
    let first = slurm.running();
    slurm.ask(&["scontrol", "requeue", &first]);
    begun(&sandbox).iter().for_each(|i| fs::write(sandbox.path(&format!("go{i}")), "").unwrap());
    // Slurm lets a task that was requeued wait for two minutes.
    let start = || slurm.ask(&["scontrol", "update", &format!("JobId={first}"), "StartTime=now"]);
    assert!(wait_until(|| slurm.queue().contains(&format!("{first} PENDING"))), "{:?}", slurm.queue());
    slurm.set_node("RESUME");
    assert!(wait_until(|| {
        start();
        kill_array_tasks(&sandbox)
    }));
    let_go(&sandbox);
    let mut status = None;
    assert!(wait_until(|| {
        start();
        status = child.try_wait().unwrap();
        status.is_some()
    }));
    assert_eq!(status.unwrap().code(), Some(0), "{}", stderr(&sandbox));
    assert!(stderr(&sandbox).contains("array task sent again"), "{}", stderr(&sandbox));
    let found = recorded(&sandbox);
    assert!(found.len() == 12 && found.values().all(|line| line["status"] == "ok"));
    sandbox.assert_nothing_is_left();
}

#[test]
fn what_somebody_cancels_is_not_run_and_resume_finishes() {
    let Some((slurm, _turn)) = slurm("what_somebody_cancels_is_not_run_and_resume_finishes") else { return };
    let sandbox = Sandbox::new();
    let mut child = begin(slurm, &sandbox, &[]);
    wait_until_begun(&sandbox);
    let cancelled = slurm.running();
    slurm.ask(&["scancel", &cancelled]);
    // It is listed until its commands are gone.
    let is_listed = |line: &String| line.split(' ').next() == Some(&cancelled);
    assert!(wait_until(|| !slurm.queue().iter().any(is_listed)));
    let_go(&sandbox);
    assert_eq!(ended(&mut child), Some(130), "{}", stderr(&sandbox));
    let said = stderr(&sandbox);
    assert!(said.contains("cancelled by somebody else") && said.contains("--resume runs the rest"), "{said}");
    let before = recorded(&sandbox).len();
    assert!((4..12).contains(&before), "{before}");
    assert_eq!(left_behind(&sandbox), Vec::<PathBuf>::new());
    assert_eq!(ended(&mut begin(slurm, &sandbox, &["--resume"])), Some(0), "{}", stderr(&sandbox));
    assert_eq!(recorded(&sandbox).len(), 12);
}

#[test]
fn an_interrupt_cancels_what_was_submitted() {
    let Some((slurm, _turn)) = slurm("an_interrupt_cancels_what_was_submitted") else { return };
    let sandbox = Sandbox::new();
    let mut child = begin(slurm, &sandbox, &[]);
    wait_until_begun(&sandbox);
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    assert_eq!(ended(&mut child), Some(130));
    assert!(wait_until(|| slurm.queue().is_empty()));
    assert_eq!(recorded(&sandbox).len(), 4, "the sample");
    assert_eq!(left_behind(&sandbox), Vec::<PathBuf>::new());
    sandbox.assert_nothing_is_left();
}

/// A file system in memory that is full after so many bytes; `None` where none can be made.
struct Small(PathBuf);

impl Small {
    fn mount(at: PathBuf, bytes: u64) -> Option<Self> {
        fs::create_dir(&at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"]).arg(&at);
        mount.status().is_ok_and(|status| status.success()).then_some(Small(at))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily: the last array tasks may still be in it.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_shared_directory_that_is_full_is_said_and_resume_finishes() {
    let test = "a_shared_directory_that_is_full_is_said_and_resume_finishes";
    let Some((slurm, _turn)) = slurm(test) else { return };
    let sandbox = Sandbox::new();
    let program = fs::metadata(env!("CARGO_BIN_EXE_conc")).unwrap().len();
    let Some(full) = Small::mount(sandbox.path("full"), 8 << 10) else { return };
    let line = |shared: &str, more: &[&str]| -> Vec<String> {
        let head =
            ["run", "--on", "slurm", "--shared", shared, "-j1", "--journal", "j", "--results", "out.jsonl"];
        let tail = ["--tasks", "12", "--shell", "--", "head -c 1000000 /dev/zero | tr '\\0' x"];
        [&head[..], more, &tail].concat().into_iter().map(str::to_owned).collect()
    };
    let run = |line: Vec<String>| {
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        slurm.run(&sandbox, &line)
    };
    // There is no room for the program itself.
    let none = run(line(full.0.to_str().unwrap(), &[])).code(1);
    assert!(said(&none).contains("cannot use the shared directory"), "{}", said(&none));
    assert!(said(&none).contains("No space left on device"), "{}", said(&none));
    drop(full);
    // There is room for the sample, and not for everything: each result has more than a million bytes.
    let _ = fs::remove_file(sandbox.path("j"));
    let Some(small) = Small::mount(sandbox.path("small"), program + (6 << 20)) else { return };
    let some = run(line(small.0.to_str().unwrap(), &[])).code(1);
    assert!(said(&some).contains("No space left on device"), "{}", said(&some));
    let before = recorded(&sandbox).values().filter(|line| line["status"] == "ok").count();
    assert!((1..12).contains(&before), "{before} {}", said(&some));
    run(line("other", &["--retry-failed"])).success();
    let text = fs::read_to_string(sandbox.path("out.jsonl")).unwrap();
    assert_eq!(text.lines().filter(|line| line.contains("\"status\":\"ok\"")).count(), 12);
}

#[test]
fn what_slurm_cannot_do_is_refused_before_anything_runs() {
    let sandbox = Sandbox::new();
    let refused = |arguments: &[&str], expected: &str| {
        let run = sandbox.run(&[&["run"][..], arguments, &["--tasks", "2", "--", "true"]].concat()).code(2);
        assert!(said(&run).contains(expected), "{}", said(&run));
    };
    refused(&["--on", "slurm:a b"], "no name of a partition");
    refused(&["--on", "slurm", "--rate", "2"], "--rate has no meaning with --on slurm");
    refused(&["--on", "slurm", "--ungroup"], "--ungroup has no meaning with --on");
    refused(&["--on", "slurm", "--sbatch-arg", "--array=0-9"], "--array=0-9 is set by conc itself");
    refused(&["--on", "dask", "--nodes", "2"], "--nodes needs --on slurm");
    refused(&["--on", "slurm", "--detach"], "--journal");
    let run = sandbox.run(&["run", "--attach", "nowhere"]).code(2);
    assert!(said(&run).contains("--attach: 'nowhere'"), "{}", said(&run));
    let mut command = sandbox.command(&["run", "--on", "slurm", "--tasks", "2", "--", "true"]);
    command.env("PATH", sandbox.path("")).env_remove("SLURM_CONF");
    let run = sandbox.check(assert_cmd::Command::from_std(command));
    assert!(said(&run).contains("true") || said(&run).contains("slurm-client"), "{}", said(&run));
}

#[test]
fn advice_about_slurm_says_if_it_pays_and_its_script_runs() {
    let Some((slurm, _turn)) = slurm("advice_about_slurm_says_if_it_pays_and_its_script_runs") else {
        return;
    };
    let sandbox = Sandbox::new();
    let line =
        ["advise", "--on", "slurm", "--budget", "1s", "--tasks", "20", "--json", "--", "sleep", "0.02"];
    let run = slurm.run(&sandbox, &line).success();
    let report: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    let engine = &report["engine"];
    assert_eq!(engine["measured"]["kind"], "slurm");
    assert!(engine["measured"]["ok"].as_u64().unwrap() > 4, "more than the sample: {engine}");
    // They take less than half a second here, and Slurm takes longer to start them.
    assert_eq!(engine["verdict"], "does-not-pay", "{engine}");
    assert!(engine["scaling"]["dispatch_binds_from"].is_null(), "{engine}");
    assert_eq!(left_behind(&sandbox), Vec::<PathBuf>::new());
    assert!(wait_until(|| slurm.queue().is_empty()));
    let code = engine["code_examples"][0]["code"].as_str().unwrap();
    submit(slurm, &sandbox, &code.replace("sleep 0.02", "touch done-{}"));
    assert!((0..20).all(|i| sandbox.path(&format!("done-{i}")).exists()), "{code}");
}

/// Submits a script and waits for its end.
pub(crate) fn submit(slurm: &Slurm, sandbox: &Sandbox, script: &str) {
    fs::write(sandbox.path("array.sh"), script).unwrap();
    let mut command = Command::new("sbatch");
    command.arg("array.sh").current_dir(sandbox.path("")).env("SLURM_CONF", &slurm.config);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    // `sbatch --wait` looks only every few seconds.
    assert!(wait_until(|| slurm.queue().is_empty()), "{script}");
}

#[test]
fn items_over_the_time_limit_are_submitted_again_and_then_fail() {
    if std::env::var_os(LONG).is_none() {
        return;
    }
    let test = "items_over_the_time_limit_are_submitted_again_and_then_fail";
    let Some((slurm, _turn)) = slurm(test) else { return };
    let sandbox = Sandbox::new();
    let mut child = begin(slurm, &sandbox, &["--time", "1"]);
    wait_until_begun(&sandbox);
    // All but one are let go: that one takes longer than any array task may.
    (0..11).for_each(|i| fs::write(sandbox.path(&format!("go{i}")), "").unwrap());
    // Four array tasks of a minute each.
    assert_eq!(child.wait().unwrap().code(), Some(1), "{}", stderr(&sandbox));
    let found = recorded(&sandbox);
    assert!(found["11"]["error"].as_str().unwrap().contains("TIMEOUT"), "{}", found["11"]);
    assert_eq!(found.values().filter(|line| line["status"] == "ok").count(), 11);
}

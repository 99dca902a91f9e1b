//! Programs of others, with the habits that real programs have.
#![cfg(target_os = "linux")]

use std::fs;
use std::process::{Child, Command, Stdio};

use conc::internal::{Class, ConfidenceReason, Document, ExitStatus, Profile, SampleSource, Tree, Unknown};
use predicates::prelude::*;
use predicates::str::{contains, starts_with};

use crate::sandbox::Sandbox;

/// Shell line that counts for a while without starting anything.
const COUNT: &str = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";

/// Profiles a command that succeeds, and returns the profile.
fn profiled(sandbox: &Sandbox, options: &[&str], command: &[&str]) -> (Profile, Tree) {
    ended(sandbox, 0, options, command)
}

/// Profiles a command that makes `conc` end with `code`.
fn ended(sandbox: &Sandbox, code: i32, options: &[&str], command: &[&str]) -> (Profile, Tree) {
    let arguments = [&["profile", "--json"], options, &["--"], command].concat();
    let output = sandbox.run(&arguments).code(code).get_output().stdout.clone();
    let document: Document = serde_json::from_slice(&output).unwrap();
    let profile = document.reports()[0].profile.clone().unwrap();
    let tree = profile.tree.as_deref().unwrap().clone();
    (profile, tree)
}

#[test]
fn the_exit_code_of_a_command_is_told_and_is_a_failure() {
    let sandbox = Sandbox::new();
    let failing = ["sh", "-c", "exit 7"];
    let (_, tree) = ended(&sandbox, 1, &[], &failing);
    let exit = tree.exit.unwrap();
    assert_eq!((exit.status, exit.code, exit.signal), (ExitStatus::Exited, Some(7), None));
    assert_eq!(tree.runs, 1, "what fails is not run again");
    let arguments = [&["profile", "--"], &failing[..]].concat();
    let said = contains("error[E-TASK-004]: the command ended with exit code 7");
    sandbox
        .run(&arguments)
        .code(1)
        .stdout(starts_with("sh · 1 task").and(contains("\nProfile ")))
        .stderr(said);
    let (_, ignored) = profiled(&sandbox, &["--ignore-failure", "--runs", "2"], &failing);
    assert_eq!((ignored.exit.unwrap().code, ignored.runs), (Some(7), 2));
}

#[test]
fn a_signal_that_ends_a_command_is_told() {
    let (_, tree) = ended(&Sandbox::new(), 1, &[], &["sh", "-c", "kill -TERM $$"]);
    let exit = tree.exit.unwrap();
    assert_eq!((exit.status, exit.code, exit.signal), (ExitStatus::Signalled, None, Some(15)));
}

#[test]
fn output_goes_where_it_is_wanted() {
    let sandbox = Sandbox::new();
    let talking = ["sh", "-c", "echo said >> runs; echo hello"];
    let run = |options: &[&str]| sandbox.run(&[&["profile"], options, &["--"], &talking].concat()).code(0);
    run(&[]).stdout(contains("hello").not());
    let repeated = fs::read_to_string(sandbox.path("runs")).unwrap().lines().count();
    assert!(repeated > 1, "a short command whose output nobody wants is run again");

    run(&["--output", "inherit"]).stdout(starts_with("hello\nsh · 1 task"));
    run(&["--output", "written"]).stdout(starts_with("sh · 1 task"));
    assert_eq!(fs::read_to_string(sandbox.path("written")).unwrap(), "hello\n");
    let lines = fs::read_to_string(sandbox.path("runs")).unwrap().lines().count();
    assert_eq!(lines, repeated + 2, "a command whose output is wanted is run once");

    // Standard output belongs to the document alone.
    let json =
        run(&["--output", "inherit", "--json"]).stderr(starts_with("hello\n")).get_output().stdout.clone();
    assert!(serde_json::from_slice::<Document>(&json).is_ok());
}

#[test]
fn a_command_reads_what_it_is_given() {
    let sandbox = Sandbox::with("input", "from a file\n");
    let run = |input| {
        sandbox.run_with("from a pipe\n", &["profile", "--input", input, "--output", "inherit", "--", "cat"])
    };
    run("input").code(0).stdout(starts_with("from a file\ncat · 1 task"));
    run("-").code(0).stdout(starts_with("from a pipe\ncat · 1 task"));
    run("null").code(0).stdout(starts_with("cat · 1 task"));
    sandbox.run(&["profile", "--runs", "1", "--", "cat", "input", "input"]).code(0);
    run("missing").code(1).stdout("").stderr(contains("cannot read 'missing'"));
}

#[test]
fn a_command_runs_as_often_as_it_is_asked_to() {
    let sandbox = Sandbox::new();
    let (profile, tree) = profiled(&sandbox, &["--runs", "3"], &["sh", "-c", "echo x >> runs"]);
    assert_eq!((tree.runs, profile.tasks), (3, 3));
    assert_eq!(fs::read_to_string(sandbox.path("runs")).unwrap(), "x\nx\nx\n");
}

#[test]
fn work_that_outlives_its_parent_counts_and_is_waited_for() {
    let sandbox = Sandbox::new();
    let line = format!("(sh -c '{COUNT}; echo done > result' &) ; exit 0");
    let (profile, tree) = profiled(&sandbox, &["--runs", "1"], &["sh", "-c", &line]);
    assert_eq!(fs::read_to_string(sandbox.path("result")).unwrap(), "done\n");
    assert_eq!(tree.exit.unwrap().left_behind, 0);
    let cpu_s = profile.cpu_user_s + profile.cpu_system_s;
    let counted = seconds_of(&["sh", "-c", COUNT]);
    assert!(cpu_s > counted / 3.0, "{cpu_s} of {counted}");
    assert_ne!(profile.class, Class::IoBound, "{profile:?}");
}

/// Returns the CPU seconds of a command, by the shell's own account.
fn seconds_of(command: &[&str]) -> f64 {
    let quoted: Vec<_> = command.iter().map(|word| format!("'{word}'")).collect();
    let line = format!("{}; times", quoted.join(" "));
    let output = Command::new("bash").args(["-c", &line]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let times = text.lines().last().unwrap().split(' ');
    let seconds = |time: &str| {
        let (minutes, seconds) = time.trim_end_matches('s').split_once('m').unwrap();
        minutes.parse::<f64>().unwrap() * 60.0 + seconds.parse::<f64>().unwrap()
    };
    times.map(seconds).sum()
}

#[test]
fn a_daemon_that_forks_twice_does_not_survive() {
    let sandbox = Sandbox::new();
    // The daemon leaves the session and closes its descriptors; its parent is gone by then.
    let daemon = "setsid sh -c 'exec <&- >&- 2>&-; sleep 600 & exit 0'; exit 0";
    let (_, tree) = profiled(&sandbox, &[], &["sh", "-c", daemon]);
    let exit = tree.exit.unwrap();
    assert_eq!((exit.status, exit.code, exit.left_behind), (ExitStatus::Exited, Some(0), 1));
    assert_eq!(tree.runs, 1, "what leaves something behind is not run again");
    let told = sandbox.run(&["profile", "--", "sh", "-c", daemon]).code(0);
    told.stderr(contains("1 process still ran").and(contains("(W-RUN-010)")));
}

#[test]
fn a_daemon_left_behind_is_not_what_the_command_did() {
    let line = format!("{COUNT}; {COUNT}; sleep 600 & exit 0");
    let (profile, tree) = profiled(&Sandbox::new(), &[], &["sh", "-c", &line]);
    assert_eq!(tree.exit.unwrap().left_behind, 1);
    assert_ne!(profile.class, Class::IoBound, "{profile:?}");
}

#[test]
fn a_program_that_ignores_signals_ends_when_its_time_is_over() {
    let stubborn = "trap '' INT TERM HUP QUIT; setsid sleep 601 & while :; do sleep 0.05; done";
    let (profile, tree) = profiled(&Sandbox::new(), &["--for", "700ms"], &["sh", "-c", stubborn]);
    assert_eq!(tree.exit.unwrap().status, ExitStatus::Stopped);
    assert_eq!(profile.class, Class::IoBound, "{profile:?}");
}

#[test]
fn a_program_may_close_its_descriptors() {
    let (profile, tree) = profiled(&Sandbox::new(), &[], &["sh", "-c", "exec <&- >&- 2>&-; sleep 1"]);
    assert_eq!(tree.exit.unwrap().code, Some(0));
    assert_eq!(profile.class, Class::IoBound, "{profile:?}");
    assert!(profile.waits.sleep > 0.5, "{profile:?}");
}

#[test]
fn a_program_that_cannot_be_started_is_named() {
    let sandbox = Sandbox::with("script", "#!/no/such/interpreter\n");
    let script = sandbox.path("script");
    assert!(Command::new("chmod").arg("+x").arg(&script).status().unwrap().success());
    let said = contains("error[E-WORKLOAD-009]: cannot run './script'");
    sandbox.run(&["profile", "--", "./script"]).code(2).stdout("").stderr(said);
}

#[test]
fn verbose_shows_every_process() {
    let sandbox = Sandbox::new();
    let run = |options: &[&str]| {
        let command = ["--", "sh", "-c", "sleep 0.3; true"];
        sandbox.run(&[&["profile", "--runs", "1"], options, &command].concat()).code(0)
    };
    run(&[]).stdout(contains("\nOver time  ").and(contains("\nProcesses").not()));
    run(&["-v"]).stdout(contains("\nProcesses  ").and(contains("sleep (")).and(contains("mostly child")));
}

#[test]
fn the_portable_way_is_less_sure_and_says_so() {
    let sandbox = Sandbox::new();
    let (profile, tree) = profiled(&sandbox, &["--sysinfo-only"], &["sh", "-c", "sleep 1"]);
    assert_eq!((profile.task_class(), tree.sampling.source), (Class::IoBound, SampleSource::Sysinfo));
    assert_ne!(profile.confidence, conc::internal::Confidence::High);
    assert!(matches!(profile.confidence_reason, ConfidenceReason::Portable), "{profile:?}");
    assert!(tree.unknown.contains(&Unknown::WaitsNotReported), "{:?}", tree.unknown);
    let (busy, _) =
        profiled(&sandbox, &["--sysinfo-only", "--for", "1s"], &["sh", "-c", "while :; do :; done"]);
    assert!(busy.cpu_user_s > 0.0 && busy.cpu_fraction > 0.0, "{busy:?}");
}

/// A process of its own that is ended with the test.
struct Foreign(Child);

impl Foreign {
    fn start(line: &str) -> Self {
        Foreign(Command::new("sh").args(["-c", line]).stdin(Stdio::null()).spawn().unwrap())
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        conc::internal::kill_tree(self.0.id());
        self.0.wait().unwrap();
    }
}

#[test]
fn a_running_process_is_profiled_and_left_alone() {
    let sandbox = Sandbox::new();
    let mut running = Foreign::start("sleep 600; true");
    let arguments = ["profile", "--json", "--pid", &running.pid(), "--for", "800ms"];
    let output = sandbox.run(&arguments).code(0).get_output().stdout.clone();
    let document: Document = serde_json::from_slice(&output).unwrap();
    let profile = document.reports()[0].profile.clone().unwrap();
    assert_eq!(profile.class, Class::IoBound, "{profile:?}");
    assert!(profile.waits.sleep > 0.9, "{profile:?}");
    let tree = profile.tree.unwrap();
    assert_eq!((tree.processes, tree.exit), (2, None));
    assert_eq!(running.0.try_wait().unwrap(), None, "it runs on");
}

#[test]
fn a_process_that_ends_while_it_is_profiled_ends_the_profile() {
    let mut running = Foreign::start("sleep 1");
    let arguments = ["profile", "--pid", &running.pid(), "--for", "300s"];
    // Another thread waits for the process, because an ended process remains until it is waited for.
    let waiting = std::thread::spawn(move || {
        running.0.wait().unwrap();
        std::mem::forget(running);
    });
    Sandbox::new().run(&arguments).code(0).stdout(contains("\nProfile    io-bound"));
    waiting.join().unwrap();
}

#[test]
fn what_cannot_be_profiled_is_refused() {
    let sandbox = Sandbox::new();
    let none = sandbox.run(&["profile", "--pid", "4194304"]).code(2).stdout("");
    none.stderr(contains("error[E-HOST-006]: there is no process 4194304"));
    for arguments in [
        &["--pid", "1", "--", "true"][..],
        &["--pid", "1", "sleep-io"],
        &["--pid", "0"],
        &["--output", "inherit", "sleep-io"],
        &["--for", "1s", "--tasks", "3", "--", "true"],
        &["--for", "0s", "--", "true"],
        &["--runs", "2", "--tasks", "3", "--", "true"],
    ] {
        sandbox.run(&[&["profile"], arguments].concat()).code(2).stdout("").stderr(contains("error"));
    }
}

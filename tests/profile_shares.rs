//! Shares of computing that the profile of a command reports, on the machine as it is and with a load on every CPU.
//!
//! The programs are built so that their CPU time, which is exact, and the time that they sleep tell the right share.

#[path = "corpus/load.rs"]
#[expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]
mod load;

use std::io::Write;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use conc::internal::{Class, Confidence, Document, Profile};

use load::Load;

/// One of these tests measures at a time: each has a load of its own.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Difference of two shares that a crowded machine may cause.
const FAR: f64 = 0.13;

/// A shell function that computes for some tenths of a second, whatever else runs.
const COMPUTE: &str = "compute() { i=0; while [ $i -lt 150000 ]; do i=$((i+1)); done; }";

/// Profiles a command once; returns the profile and the CPUs that it could use.
fn profile(argv: &[&str]) -> (Profile, f64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conc"));
    let output =
        command.args(["profile", "--json", "--runs", "1", "--"]).args(argv).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let document: Document = serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!("{error}: {text} {}", String::from_utf8_lossy(&output.stderr));
    });
    let report = &document.reports()[0];
    (report.profile.clone().expect("a profile"), report.host.cpus_effective)
}

/// Checks the profiles of a command as the machine is, and with a load.
fn idle_and_loaded(argv: &[&str], check: impl Fn(&Profile, f64)) {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (idle, cpus) = profile(argv);
    check(&idle, cpus);
    let load = Load::start();
    let (loaded, cpus) = profile(argv);
    drop(load);
    check(&loaded, cpus);
}

fn cpu_s(profile: &Profile) -> f64 {
    profile.cpu_user_s + profile.cpu_system_s
}

/// Returns what a program writes; says so if there is no such program.
fn output_of(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok();
    if output.is_none() {
        let _ = writeln!(std::io::stderr(), "skipped: there is no program '{program}'");
    }
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Returns the interpreter itself: the start of a version manager is much work.
fn python() -> Option<String> {
    output_of("python3", &["-c", "import sys; print(sys.executable)"])
}

/// Checks that a shell line that sleeps for `slept_s` and then computes on `at_once` CPUs has the share that follows.
fn sleeps_then_computes(line: &str, slept_s: f64, at_once: f64) {
    idle_and_loaded(&["sh", "-c", line], |profile, cpus| {
        let computing_s = cpu_s(profile) / at_once.min(cpus);
        let truth = computing_s / (computing_s + slept_s);
        assert!((profile.cpu_fraction - truth).abs() < FAR, "{line}: {truth}: {profile:?}");
    });
}

#[test]
fn a_tree_wider_than_the_machine_is_not_kept_waiting_by_others() {
    let wide = format!("{COMPUTE}; sleep 1; for n in 1 2 3 4 5 6 7 8; do compute & done; wait");
    sleeps_then_computes(&wide, 1.0, 8.0);
}

#[test]
fn narrow_and_wide_parts_count_by_the_time_that_they_take() {
    // A third of the CPU time is used alone, two thirds by eight processes at once.
    let line = format!(
        "{COMPUTE}; sleep 1; compute; compute; compute; compute; \
         for n in 1 2 3 4 5 6 7 8; do compute & done; wait"
    );
    idle_and_loaded(&["sh", "-c", &line], |profile, cpus| {
        let computing_s = cpu_s(profile) / 3.0 * (1.0 + 2.0 / cpus.min(8.0));
        let truth = computing_s / (computing_s + 1.0);
        assert!((profile.cpu_fraction - truth).abs() < FAR, "{truth}: {profile:?}");
    });
}

#[test]
fn short_processes_after_a_wait_count_in_full() {
    sleeps_then_computes("sleep 1; for i in $(seq 1500); do /bin/true; done", 1.0, 1.0);
}

#[test]
fn short_processes_in_pairs_take_half_the_time() {
    let line = "sleep 1; churn() { for i in $(seq 1200); do /bin/true; done; }; churn & churn; wait";
    sleeps_then_computes(line, 1.0, 2.0);
}

/// A program that receives for 1.5 s from a slow sender, and computes in the kernel for as long; in turns if it is
/// called with an argument.
const KERNEL: &str = r"
import os, socket, sys, time
receiver = socket.socket()
receiver.bind(('127.0.0.1', 0))
receiver.listen(1)
turns = 10 if len(sys.argv) > 1 else 1
if os.fork() == 0:
    sender = socket.create_connection(receiver.getsockname())
    for turn in range(turns):
        time.sleep(1.5 / turns)
        sender.sendall(b'x')
        sender.recv(1)
    os._exit(0)
peer = receiver.accept()[0]
zeros, buffer = open('/dev/zero', 'rb', buffering=0), bytearray(1 << 18)
for turn in range(turns):
    peer.recv(1)
    end = time.process_time() + 1.5 / turns
    while time.process_time() < end:
        zeros.readinto(buffer)
    peer.sendall(b'x')
";

#[test]
fn kernel_time_without_io_is_computing() {
    let Some(python) = python() else { return };
    for turns in [&[][..], &["in turns"]] {
        let argv = [&[python.as_str(), "-c", KERNEL], turns].concat();
        idle_and_loaded(&argv, |profile, _| {
            assert!(profile.cpu_system_s > 0.6 * cpu_s(profile), "{profile:?}");
            assert_eq!(profile.class, Some(Class::Mixed), "{profile:?}");
        });
    }
}

#[test]
fn kernel_time_after_writes_to_a_disk_is_computing() {
    let Some(python) = python() else { return };
    let writes = "import os, tempfile, time\n\
                  file = tempfile.TemporaryFile()\n\
                  end = time.monotonic() + 1\n\
                  while time.monotonic() < end: file.write(b'x' * 4096); file.flush(); os.fsync(file)\n\
                  zeros, buffer = open('/dev/zero', 'rb', buffering=0), bytearray(1 << 18)\n\
                  end = time.process_time() + 1\n\
                  while time.process_time() < end: zeros.readinto(buffer)";
    idle_and_loaded(&[&python, "-c", writes], |profile, _| {
        assert!(profile.class != Some(Class::IoBound) || profile.cpu_fraction <= 0.35, "{profile:?}");
        let phases = &profile.tree.as_ref().expect("a tree").phases;
        if phases.len() > 1 {
            assert_eq!(phases[phases.len() - 1].class, Class::CpuBound, "{profile:?}");
        }
    });
}

/// Checks that a command that only computes is never called anything else with high confidence.
fn computes_or_is_in_doubt(argv: &[&str]) {
    idle_and_loaded(argv, |profile, _| {
        let is_right = profile.class == Some(Class::CpuBound);
        assert!(is_right || profile.confidence < Confidence::High, "{argv:?}: {profile:?}");
        // A serial tree computes at least for its CPU time, but for moments in which parent and child both run.
        let parallel = if argv[2].contains('|') { 2.0 } else { 1.0 };
        assert!(
            profile.cpu_fraction >= 0.8 * cpu_s(profile) / profile.wall_s / parallel,
            "{argv:?}: {profile:?}"
        );
    });
}

#[test]
fn shells_that_start_many_programs_are_sure_of_nothing_wrong() {
    computes_or_is_in_doubt(&["sh", "-c", "for i in $(seq 1000); do /bin/true; done"]);
    computes_or_is_in_doubt(&["sh", "-c", "for i in $(seq 150); do seq 20000 | tail -n 1; done"]);
    if output_of("cc", &["--version"]).is_some() {
        let compiles = "for i in $(seq 40); do echo 'int f(int x) { return x + 1; }' | cc -x c -O2 -c -o /dev/null -; done";
        computes_or_is_in_doubt(&["sh", "-c", compiles]);
    }
}

#[test]
fn threads_at_once_are_counted_however_few_cpus_they_get() {
    let four = format!("{COMPUTE}; for n in 1 2 3 4; do (compute; compute; compute) & done; wait");
    let threads = "import hashlib, threading\n\
                   def work():\n  for _ in range(400): hashlib.sha256(bytes(1 << 20)).digest()\n\
                   threads = [threading.Thread(target=work) for _ in range(4)]\n\
                   [thread.start() for thread in threads]";
    let mut commands = vec![vec!["sh", "-c", four.as_str()]];
    let python = python();
    commands.extend(python.as_ref().map(|python| vec![python.as_str(), "-c", threads]));
    for argv in commands {
        idle_and_loaded(&argv, |profile, _| {
            assert!((2.0..=5.0).contains(&profile.threads_at_once), "{argv:?}: {profile:?}");
        });
    }
    let one = format!("{COMPUTE}; for n in 1 2 3 4; do compute; done");
    idle_and_loaded(&["sh", "-c", &one], |profile, _| {
        assert!(profile.threads_at_once < 1.3, "{profile:?}");
    });
}

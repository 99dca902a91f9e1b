//! Programs that show too little for a class: idle servers and stopped programs.

#![cfg(target_os = "linux")]

use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use conc::internal::{Class, Document, NoClass, Profile, Unknown, WaitKind};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use predicates::prelude::*;
use predicates::str::contains;

use crate::sandbox::{Sandbox, wait_until};

/// Python lines that open a socket for clients and tell the port in the file `ready`.
const LISTEN: &str = "import os, socket, sys, threading\n\
    server = socket.create_server(('127.0.0.1', 0))\n\
    def ready():\n    \
        open('ready.part', 'w').write(str(server.getsockname()[1]))\n    \
        os.rename('ready.part', 'ready')\n";

/// A program that is killed when dropped.
struct Running(Child);

impl Running {
    fn start(sandbox: &Sandbox, argv: &[&str]) -> Running {
        let mut command = Command::new(argv[0]);
        command.args(&argv[1..]).current_dir(sandbox.path("")).stdin(Stdio::piped());
        Running(command.spawn().unwrap())
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.0.id().cast_signed())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn wait_until_ready(sandbox: &Sandbox) {
    assert!(wait_until(|| sandbox.path("ready").exists()), "the program gets ready");
}

fn profiled(sandbox: &Sandbox, arguments: &[&str]) -> Profile {
    let output = sandbox.run(&[&["profile", "--json"], arguments].concat()).code(0);
    let document: Document = serde_json::from_slice(&output.get_output().stdout).unwrap();
    document.reports()[0].profile.clone().unwrap()
}

fn assert_idle(profile: &Profile, listening: u64, clients: u64) {
    let tree = profile.tree.as_ref().unwrap();
    assert!(profile.class.is_none() && matches!(tree.no_class, Some(NoClass::Idle { .. })), "{profile:?}");
    let sockets = tree.sockets.unwrap();
    assert_eq!((sockets.listening, sockets.clients, sockets.servers), (listening, clients, 0), "{tree:?}");
    let is_of_server = |gap: &Unknown| matches!(gap, Unknown::LocalServerCpu | Unknown::RemoteServer);
    assert!(!tree.unknown.iter().any(is_of_server), "{tree:?}");
}

#[test]
fn a_server_that_nobody_asks_has_no_class() {
    let sandbox = Sandbox::new();
    let script = format!("{LISTEN}ready()\nserver.accept()\n");
    let server = Running::start(&sandbox, &["python3", "-c", &script]);
    wait_until_ready(&sandbox);
    let pid = server.0.id().to_string();
    assert_idle(&profiled(&sandbox, &["--for", "2s", "--pid", &pid]), 1, 0);
    let shown = sandbox.run(&["profile", "--for", "2s", "--pid", &pid]).code(0);
    let said =
        contains("\nProfile    idle: hardly anything happened in 2.0").and(contains("1 socket for clients"));
    shown.stdout(said.and(contains("io-bound").not()).and(contains("the server does").not()));
}

#[test]
fn a_server_that_was_started_has_none_either() {
    let script = format!("{LISTEN}server.accept()\n");
    let profile = profiled(&Sandbox::new(), &["--for", "4s", "--", "python3", "-c", &script]);
    assert_idle(&profile, 1, 0);
}

#[test]
fn a_server_whose_client_is_silent_is_idle_and_the_client_waits() {
    let sandbox = Sandbox::new();
    let server = format!("{LISTEN}ready()\nclient, _ = server.accept()\nserver.close()\nclient.recv(1)\n");
    let server = Running::start(&sandbox, &["python3", "-c", &server]);
    wait_until_ready(&sandbox);
    let port = fs::read_to_string(sandbox.path("ready")).unwrap();
    fs::remove_file(sandbox.path("ready")).unwrap();
    let client = format!(
        "import os, socket\ns = socket.create_connection(('127.0.0.1', {port}))\n\
         open('ready', 'w').close()\ns.recv(1)\n"
    );
    let client = Running::start(&sandbox, &["python3", "-c", &client]);
    wait_until_ready(&sandbox);
    let waiting = profiled(&sandbox, &["--for", "2s", "--pid", &client.0.id().to_string()]);
    assert_eq!((waiting.class, waiting.waits.main()), (Some(Class::IoBound), Some(WaitKind::Network)));
    let tree = waiting.tree.unwrap();
    assert_eq!(tree.sockets.unwrap().servers, 1, "{tree:?}");
    assert!(tree.unknown.contains(&Unknown::LocalServerCpu), "{tree:?}");
    // A connection of a socket that waits for clients no more looks like any other.
    drop(client);
    drop(server);
}

#[test]
fn a_server_counts_its_clients() {
    let sandbox = Sandbox::new();
    let script =
        format!("{LISTEN}ready()\nclients = [server.accept()[0] for _ in range(2)]\nclients[0].recv(1)\n");
    let server = Running::start(&sandbox, &["python3", "-c", &script]);
    wait_until_ready(&sandbox);
    let port: u16 = fs::read_to_string(sandbox.path("ready")).unwrap().parse().unwrap();
    let _clients = [(); 2].map(|()| std::net::TcpStream::connect(("127.0.0.1", port)).unwrap());
    assert_idle(&profiled(&sandbox, &["--for", "2s", "--pid", &server.0.id().to_string()]), 1, 2);
}

#[test]
fn a_program_that_waits_for_input_is_idle_and_one_that_sleeps_is_not() {
    let sandbox = Sandbox::new();
    let reading = Running::start(&sandbox, &["cat"]);
    let profile = profiled(&sandbox, &["--for", "2s", "--pid", &reading.0.id().to_string()]);
    assert!(profile.class.is_none(), "{profile:?}");
    let sleeping = Running::start(&sandbox, &["sleep", "600"]);
    let profile = profiled(&sandbox, &["--for", "2s", "--pid", &sleeping.0.id().to_string()]);
    assert_eq!((profile.class, profile.waits.main()), (Some(Class::IoBound), Some(WaitKind::Sleep)));
}

#[test]
fn a_stopped_program_shows_nothing() {
    let sandbox = Sandbox::new();
    let stopped = Running::start(&sandbox, &["sh", "-c", "while :; do :; done"]);
    kill(stopped.pid(), Signal::SIGSTOP).unwrap();
    let pid = stopped.0.id().to_string();
    let profile = profiled(&sandbox, &["--for", "2s", "--pid", &pid]);
    let tree = profile.tree.as_ref().unwrap();
    assert!(profile.class.is_none() && matches!(tree.no_class, Some(NoClass::Stopped { .. })), "{profile:?}");
    let shown = sandbox.run(&["profile", "--for", "1s", "--pid", &pid]).code(0);
    shown.stdout(contains("\nProfile    stopped: a signal kept the program stopped for "));
}

#[test]
fn time_in_which_a_program_is_stopped_does_not_count() {
    const PART: Duration = Duration::from_millis(150);
    let sandbox = Sandbox::new();
    let spinning = Running::start(&sandbox, &["sh", "-c", "while :; do :; done"]);
    let pid = spinning.pid();
    let (over, is_over) = mpsc::channel::<()>();
    let profile = std::thread::scope(|scope| {
        // As `cpulimit` does.
        scope.spawn(move || {
            for signal in [Signal::SIGSTOP, Signal::SIGCONT].into_iter().cycle() {
                kill(pid, signal).unwrap();
                if is_over.recv_timeout(PART) != Err(mpsc::RecvTimeoutError::Timeout) {
                    return;
                }
            }
        });
        let profile = profiled(&sandbox, &["--for", "4s", "--pid", &pid.to_string()]);
        drop(over);
        profile
    });
    let stopped_s = profile.tree.as_ref().unwrap().stopped_s;
    assert!(stopped_s > 0.8 && profile.wall_s + stopped_s > 3.0, "{profile:?}");
    assert_eq!(profile.class, Class::CpuBound, "{profile:?}");
}

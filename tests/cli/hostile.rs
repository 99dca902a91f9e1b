//! Text, numbers and files that are meant to do harm, or happen to.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Output, Stdio};

use predicates::prelude::*;
use predicates::str::contains;

use crate::sandbox::Sandbox;

/// A name that clears a screen, sets a title, reverses what follows and gives GitHub Actions a command.
const NAME: &str = "x\n::error file=a::b\u{1b}[2J\u{1b}]0;t\u{7}\u{202e}.toml";

const SLEEP: &str = "tasks = 400\n[[step]]\nkind = 'sleep'\nfor = '2ms'\n";

fn said(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

/// Checks that a text is neither a command to a terminal nor one to GitHub Actions.
fn assert_harmless(text: &str) {
    let steers = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!text.contains(steers), "{text:?}");
    assert!(!text.lines().any(|line| line.trim_start().starts_with("::error")), "{text}");
}

#[test]
fn names_do_nothing_on_standard_error() {
    let sandbox = Sandbox::new();
    let missing = format!("{NAME}.json");
    let lines: [&[&str]; 7] = [
        &["advise", NAME],
        &[NAME],
        &["advise", "sleep-io", &format!("--{NAME}")],
        &["profile", "--", NAME],
        &["compare", &missing, &missing],
        &["explain", NAME],
        &["run", "--items", NAME, "--", "echo"],
    ];
    for line in lines {
        let run = sandbox.run(line).code(2);
        assert_harmless(&said(&run.get_output().stderr));
    }
    let to = format!("no/{NAME}");
    let run = sandbox.run(&["advise", "sleep-io", "--export-json", &to]).code(1);
    assert_harmless(&said(&run.get_output().stderr));
}

#[test]
fn names_and_outputs_do_nothing_in_a_job() {
    let sandbox = Sandbox::new();
    let fails = ["run", "--quiet", "-j1", "--", "sh", "-c", "exit 3", "{}", ":::", NAME];
    assert_harmless(&said(&sandbox.run(&fails).code(1).get_output().stderr));
    let journal = ["run", "--journal", NAME, "--resume", "--", "false", ":::", "a"];
    fs::write(sandbox.path(NAME), "no journal").unwrap();
    assert_harmless(&said(&sandbox.run(&journal).get_output().stderr));
}

#[test]
fn an_exception_without_text_is_told_and_ends_nothing() {
    let tasks = "\
class Raises(Exception):
    def __str__(self): raise ValueError('never shown')
class Exits(Exception):
    def __str__(self): raise SystemExit(7)
def surrogate(item): raise ValueError('bad \\udcff name')
def raises(item): raise Raises()
def exits(item): raise Exits()
def number(item): raise type('Number', (Exception,), {'__str__': lambda self: 5})()
class Value:
    def __repr__(self): raise ValueError('never shown')
def value(item): return Value()
def fine(item): return 'bad \\udcff name'
";
    let sandbox = Sandbox::with("tasks.py", tasks);
    for (name, expected) in [
        ("surrogate", "ValueError: bad \u{fffd} name (tasks.py:5)"),
        ("raises", "Raises: (the exception has no text) (tasks.py:6)"),
        ("exits", "Exits: (the exception has no text) (tasks.py:7)"),
        ("number", "Number: (the exception has no text) (tasks.py:8)"),
    ] {
        let run = sandbox.run(&["run", &format!("tasks.py:{name}"), ":::", "a", "b"]).code(1);
        run.stderr(contains(expected).and(contains("2 failed")));
    }
    sandbox.run(&["run", "tasks.py:value", ":::", "a"]).code(0);
    sandbox.run(&["run", "tasks.py:fine", ":::", "a"]).code(0);
}

#[test]
fn a_message_that_is_none_of_the_protocol_is_told_and_awaited_by_nobody() {
    let tasks = "\
import os
def writes(item):
    for fd in [int(fd) for fd in os.listdir('/proc/self/fd') if int(fd) > 2]:
        try:
            if not os.isatty(fd) and os.readlink(f'/proc/self/fd/{fd}').startswith('pipe:'): os.write(fd, b'nonsense\\n')
        except OSError: pass
";
    let sandbox = Sandbox::with("tasks.py", tasks);
    sandbox.run(&["run", "tasks.py:writes", ":::", "a"]).code(1).stderr(contains("cannot be read"));
}

#[test]
fn numbers_have_bounds_that_are_named() {
    let step = |rest: &str| format!("tasks = 4\n{rest}");
    let http = "[[step]]\nkind = 'http'\nurl = 'fixture:/{item}'\n";
    let sleep = "[[step]]\nkind = 'sleep'\nfor = '1ms'\n";
    let host = "[[step]]\nkind = 'http'\nurl = 'http://{item}.local/'\n";
    let socket = "[[step]]\nkind = 'websocket'\nurl = 'fixture:/topic'\n";
    for (text, expected) in [
        (
            step(&format!("[limits]\ntimeout = '9000000000h'\n{sleep}")),
            "'9000000000h' is out of range: a duration is from 0 to 8760h",
        ),
        (step(&format!("[fixture]\nbody = '16000000000000MiB'\n{http}")), "a size is from 0 to"),
        (step(&format!("[fixture]\nbody = '1GiB'\n{http}")), "must be at most 64.0 MiB, not 1.00 GiB"),
        (
            format!("tasks = 1_000_000_000_000_000_000\n{host}"),
            "must be at most 1000000000000, not 1000000000000000000",
        ),
        (format!("tasks = 1_000_000_000\n{host}"), "has a host of its own for each of 1000000000 tasks"),
        (
            step(&format!("[limits]\nrate_per_s = 1e-300\n{sleep}")),
            "must be from 0.001 to 1000000000 per second, not",
        ),
        (step(&format!("{socket}subscribers = 4_000_000_000\n")), "must be at most 10000, not 4000000000"),
        (step(&format!("{socket}size = '1GiB'\n")), "must be at most 16.0 MiB, not 1.00 GiB"),
        (step(&format!("[retry]\nmax = 4_000_000_000\n{sleep}")), "must be at most 1000, not 4000000000"),
        (step(&format!("[[step]]\nkind = '{}'\n", "slep".repeat(50_000))), "more characters)"),
    ] {
        let sandbox = Sandbox::with("w.toml", &text);
        let run = sandbox.run(&["advise", "w.toml", "--budget", "200ms"]).code(2).stderr(contains(expected));
        assert!(run.get_output().stderr.len() < 10_000, "{text:.100}");
    }
    let sandbox = Sandbox::new();
    for (line, expected) in [
        (&["advise", "sleep-io", "--budget", "9999999999999h"][..], "from 0 to 8760h"),
        (&["check", "tasks.py:f", "--timeout", "9999999999999h"], "from 0 to 8760h"),
        (&["run", "--timeout", "9999999999999h", "--", "echo", ":::", "a"], "from 0 to 8760h"),
        (&["advise", "--wait", "1ms", "--rate", "1e-300"], "from 0.001 to"),
        (&["advise", "--wait", "1ms", "--tasks", "9000000000000000000"], "at most 1000000000000"),
    ] {
        sandbox.run(line).code(2).stderr(contains(expected));
    }
    let long = "ab".repeat(60_000);
    let run = sandbox.run(&["advise", &long]).code(2);
    assert!(run.get_output().stderr.len() < 10_000, "a name is repeated in short");
}

#[test]
fn files_without_an_end_are_not_read_to_it() {
    let sandbox =
        Sandbox::with("w.toml", &format!("items_from = '/dev/zero'\n{}", SLEEP.replace("tasks = 400", "")));
    sandbox
        .run(&["advise", "w.toml", "--budget", "200ms"])
        .code(2)
        .stderr(contains("it has more than 256 MiB"));
    symlink("/dev/zero", sandbox.path("endless.toml")).unwrap();
    sandbox.run(&["advise", "./endless.toml"]).code(2).stderr(contains("it has more than 16.0 MiB"));
}

#[test]
fn a_stored_width_of_nothing_is_refused_with_its_place() {
    let sandbox = Sandbox::with("w.toml", SLEEP).simulating("cpus = 2.0");
    sandbox.run(&["bench", "w.toml", "--strategy", "threads", "--save-baseline", "base.json"]).code(0);
    let base = fs::read_to_string(sandbox.path("base.json")).unwrap();
    let (before, after) = base.split_once("\"width\": ").unwrap();
    let (_, after) = after.split_once(',').unwrap();
    fs::write(sandbox.path("base.json"), format!("{before}\"width\": 0,{after}")).unwrap();
    let run = sandbox.run(&["bench", "w.toml", "--strategy", "threads", "--baseline", "base.json"]).code(2);
    run.stderr(contains("a width is from 1 to").and(contains("base.json:")));
}

#[test]
fn an_answer_without_an_end_fails_its_task() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", server.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in server.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
                let chunk = vec![b'x'; 1 << 20];
                // Until the client has had enough.
                while stream.write_all(&chunk).is_ok() {}
            });
        }
    });
    let sandbox = Sandbox::with("w.toml", &format!("tasks = 1\n[[step]]\nkind = 'http'\nurl = '{url}'\n"));
    sandbox.run(&["profile", "w.toml"]).code(1).stderr(contains("the answer is longer than 64.0 MiB"));
}

#[test]
fn a_redirect_is_a_note() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", server.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in server.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let head =
                "HTTP/1.1 302 Found\r\nlocation: /there\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(head.as_bytes());
        }
    });
    let sandbox = Sandbox::with("w.toml", &format!("tasks = 4\n[[step]]\nkind = 'http'\nurl = '{url}'\n"));
    sandbox
        .run(&["profile", "w.toml"])
        .code(0)
        .stderr(contains("were redirects (status 3xx)").and(contains("W-RUN-015")));
}

/// Runs `conc` with a standard output that nobody reads.
fn unread(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output =
        sandbox.command(arguments).stdout(Stdio::from(writer)).stderr(Stdio::piped()).output().unwrap();
    sandbox.assert_nothing_is_left();
    output
}

#[test]
fn a_closed_output_changes_neither_the_verdict_nor_the_files() {
    let fast = Sandbox::with("w.toml", SLEEP).simulating("cpus = 4.0\nspeed = { w = 10.0 }");
    let bench = [
        "bench",
        "w.toml",
        "--strategy",
        "threads",
        "--save-baseline",
        "fast.json",
        "--export-csv",
        "fast.csv",
    ];
    assert_eq!(unread(&fast, &bench).status.code(), Some(0));
    assert!(fast.path("fast.csv").exists());
    let slow = Sandbox::with("w.toml", SLEEP).simulating("cpus = 4.0");
    slow.run(&["bench", "w.toml", "--strategy", "threads", "--export-json", "slow.json"]).code(0);
    let files =
        [fast.path("fast.json"), slow.path("slow.json")].map(|path| path.to_str().unwrap().to_owned());
    let compare = ["compare", &files[0], &files[1], "--fail-on-regression"];
    slow.run(&compare).code(3);
    let output = unread(&slow, &compare);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output.stderr));
    assert_harmless(&said(&output.stderr));
    let bench = ["bench", "w.toml", "--strategy", "threads", "--baseline", &files[0], "--fail-on-regression"];
    assert_eq!(unread(&slow, &bench).status.code(), Some(3));
    // A full device is an error, and yet no verdict.
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = slow.command(&compare).stdout(Stdio::from(full)).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(3));
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_the_run() {
    let sandbox = Sandbox::with("w.toml", SLEEP).simulating("cpus = 4.0");
    symlink("no/such/directory/file", sandbox.path("dangling")).unwrap();
    let run = sandbox.run(&["bench", "w.toml", "--strategy", "threads", "--export-json", "dangling"]);
    run.code(1).stdout("").stderr(contains("cannot write 'dangling'"));
    let run = sandbox.run(&["bench", "w.toml", "--strategy", "threads", "--save-baseline", "/proc/none"]);
    run.code(1).stdout("").stderr(contains("cannot write '/proc/none'"));
}

#[test]
fn a_file_keeps_its_mode_and_a_pipe_without_a_reader_ends_the_run() {
    let sandbox = Sandbox::with("w.toml", SLEEP).simulating("cpus = 4.0");
    let path = sandbox.path("secret.json");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    // What an earlier run may have left behind is in nobody's way.
    fs::write(sandbox.path(".secret.json"), "stale").unwrap();
    nix::unistd::mkfifo(&sandbox.path("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let bench = ["bench", "w.toml", "--strategy", "threads", "--export-json", "secret.json"];
    let run = sandbox.run(&[&bench[..], &["--export-csv", "pipe"]].concat()).code(1);
    run.stdout(contains("threads")).stderr(contains("nobody reads the pipe"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(&path).unwrap().starts_with('{'));
}

#[test]
fn a_file_name_that_is_no_text_is_as_good_as_another() {
    let sandbox = Sandbox::with("w.toml", SLEEP).simulating("cpus = 4.0");
    let name = OsStr::from_bytes(b"v\xff.toml");
    fs::write(sandbox.path("").join(name), SLEEP).unwrap();
    let mut command = sandbox.command(&["bench", "w.toml", "--strategy", "threads"]);
    command.arg(name);
    let run = sandbox.check(assert_cmd::Command::from_std(command)).code(0);
    run.stdout(contains("w · 400 tasks").and(contains("v\u{fffd} · 400 tasks")));
    // In a directory as well.
    let mut command = sandbox.command(&["bench", ".", "--strategy", "threads"]);
    command.arg("--export-json").arg(OsStr::from_bytes(b"out\xff.json"));
    sandbox.check(assert_cmd::Command::from_std(command)).code(0).stdout(contains("v\u{fffd} · 400 tasks"));
    assert!(sandbox.path("").join(OsStr::from_bytes(b"out\xff.json")).exists());
}

#[test]
fn a_workload_file_touches_nothing_outside_its_directory_unless_both_say_so() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("jobs")).unwrap();
    fs::write(sandbox.path("precious"), "precious").unwrap();
    let job = |name: &str, text: &str| fs::write(sandbox.path("jobs").join(name), text).unwrap();
    job("write.toml", "tasks = 2\n[[step]]\nkind = 'write'\npath = 'precious'\nsize = '1KiB'\n");
    job(
        "agreed.toml",
        "tasks = 2\n[[step]]\nkind = 'write'\npath = 'precious'\nsize = '1KiB'\noverwrite = true\n",
    );
    job("sqlite.toml", "tasks = 2\n[[step]]\nkind = 'sqlite'\npath = 'precious'\nquery = 'SELECT 1'\n");
    job("items.toml", &format!("items_from = '../precious'\n{}", SLEEP.replace("tasks = 400", "")));
    for (name, flag, help) in [
        ("write", "--allow-write", "overwrite = true"),
        ("agreed", "--allow-read", "--allow-write"),
        ("sqlite", "--allow-write", "overwrite = true"),
        ("items", "--allow-write", "--allow-read"),
    ] {
        let run = sandbox.run(&["profile", &format!("jobs/{name}.toml"), flag]).code(2);
        run.stderr(contains("E-WORKLOAD-011").and(contains(help)).and(contains("precious")));
        assert_eq!(fs::read_to_string(sandbox.path("precious")).unwrap(), "precious");
    }
    sandbox.run(&["profile", "jobs/items.toml", "--allow-read"]).code(0);
    sandbox.run(&["profile", "jobs/agreed.toml", "--allow-write"]).code(0);
    assert_eq!(fs::metadata(sandbox.path("precious")).unwrap().len(), 1024);
}

#[test]
fn the_settings_of_the_user_agree_as_an_option_does_and_those_of_a_suite_do_not() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("jobs")).unwrap();
    fs::write(sandbox.path("precious"), "precious").unwrap();
    let step = "tasks = 2\n[[step]]\nkind = 'write'\npath = 'precious'\nsize = '1KiB'\noverwrite = true\n";
    fs::write(sandbox.path("jobs/write.toml"), step).unwrap();
    let profile = ["profile", "jobs/write.toml"];
    sandbox.configure("allow_read = true\n");
    sandbox.run(&profile).code(2).stderr(contains("E-WORKLOAD-011"));
    sandbox.configure("allow_writes = true\n");
    sandbox.run(&profile).code(2).stderr(contains("unknown field `allow_writes`"));
    sandbox.configure("");
    fs::write(sandbox.path("conc.toml"), "allow_write = true\n").unwrap();
    sandbox.run(&["bench", "jobs"]).code(2).stderr(contains("unknown field `allow_write`"));
    fs::remove_file(sandbox.path("conc.toml")).unwrap();
    assert_eq!(fs::read_to_string(sandbox.path("precious")).unwrap(), "precious");
    sandbox.configure("allow_write = true\n");
    sandbox.run(&profile).code(0);
    assert_eq!(fs::metadata(sandbox.path("precious")).unwrap().len(), 1024);
}

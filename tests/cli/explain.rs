//! `conc explain`: questions, error messages, workloads, and where the answer goes.

use std::process::{Command, Stdio};

use predicates::prelude::*;
use predicates::str::{contains, starts_with};
use serde_json::Value;

use crate::sandbox::Sandbox;

/// A machine on which nothing has to be measured.
const MACHINE: &str = "\
cpus = 8.0
noise = 0.001
task = { cpu_s = 0.001, wait_s = 0.009 }
[strategy.threads]
rates = [[1, 100], [16, 1000], [64, 1000]]
";

const TRACEBACK: &str = "\
Traceback (most recent call last):
  File \"/home/me/app.py\", line 12, in <module>
    main()
  File \"/home/me/app.py\", line 7, in main
    asyncio.create_task(work())
  File \"/usr/lib/python3.11/asyncio/tasks.py\", line 381, in create_task
    loop = events.get_running_loop()
RuntimeError: no running event loop
";

fn json(output: &[u8]) -> Value {
    serde_json::from_slice(output).unwrap()
}

fn answer(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let output = sandbox.run(&[&["explain", "--json"], arguments].concat()).code(0).stderr("");
    json(&output.get_output().stdout)
}

#[test]
fn a_question_in_words_has_its_topic_and_a_program() {
    let sandbox = Sandbox::new();
    let question = ["explain", "limit", "how", "many", "requests", "run", "at", "the", "same", "time"];
    let page = starts_with("Semaphore: ").and(contains("async with limit:"));
    sandbox.run(&question).code(0).stderr("").stdout(page.and(contains("\nSee also ")));
    let document =
        answer(&sandbox, &["--type", "io-bound", "--pattern", "async", "limit the requests in flight"]);
    assert_eq!(
        (&document["kind"], &document["query"]),
        (&"topic".into(), &"limit the requests in flight".into())
    );
    assert_eq!(
        (&document["context"]["type"], &document["context"]["pattern"]),
        (&"io-bound".into(), &"async".into())
    );
    assert_eq!(document["topics"][0]["name"], "semaphore");
    assert!(
        document["topics"][0]["score"].as_f64().is_some_and(|score| score > 0.0 && score <= 1.0),
        "{document}"
    );
    for list in ["code_examples", "performance_notes"] {
        assert!(document[list].as_array().is_some_and(|list| !list.is_empty()), "{list}: {document}");
    }
}

#[test]
fn what_no_topic_answers_is_refused_with_what_is_near() {
    let sandbox = Sandbox::new();
    let refused = sandbox.run(&["explain", "how", "do", "I", "bake", "bread"]).code(2).stdout("");
    refused.stderr(starts_with("error: no topic answers 'how do I bake bread'"));
    let output = sandbox.run(&["explain", "--json", "how do I bake bread"]).code(2);
    let document = json(&output.get_output().stdout);
    assert_eq!((&document["kind"], &document["response"]), (&"none".into(), &Value::Null));
    sandbox.run(&["explain", " "]).code(2).stderr(contains("the question is empty"));
    sandbox
        .run(&["explain", "--measure", "exit-codes"])
        .code(2)
        .stderr(contains("has no workload to measure"));
}

#[test]
fn a_message_is_explained_however_it_comes() {
    let sandbox = Sandbox::new();
    let page = || {
        let line = contains("\nYour line  /home/me/app.py:7, in main\n");
        starts_with("E-ASYNC-001: event loop error\n").and(line).and(contains("\nWithout it\n"))
    };
    sandbox.run_with(TRACEBACK, &["explain"]).code(0).stderr("").stdout(page());
    sandbox.run_with(TRACEBACK, &["explain", "-"]).code(0).stderr("").stdout(page());
    sandbox.run(&["explain", TRACEBACK]).code(0).stderr("").stdout(page());
    let message = ["explain", "RuntimeError:", "no", "running", "event", "loop"];
    sandbox.run(&message).code(0).stdout(starts_with("E-ASYNC-001"));
    let document = answer(&sandbox, &[TRACEBACK]);
    assert_eq!((&document["kind"], &document["error"]["code"]), (&"error".into(), &"E-ASYNC-001".into()));
    assert_eq!(document["error"]["place"]["line"], 7);
}

#[test]
fn nothing_piped_in_lists_the_topics() {
    let sandbox = Sandbox::new();
    sandbox.run_with("", &["explain"]).code(0).stdout(contains("\n  graceful-shutdown "));
    sandbox.run_with("\0\u{1b}[31m\n", &["explain"]).code(2);
}

#[test]
fn the_last_failure_is_explained() {
    let script = format!("broken = {{ sleep-io = 'E-HOST-004' }}\n{MACHINE}");
    let sandbox = Sandbox::new().simulating(&script);
    let caches = sandbox.path("caches");
    let run = |arguments: &[&str]| {
        let mut command = sandbox.command(arguments);
        command.env("XDG_CACHE_HOME", &caches);
        sandbox.check(assert_cmd::Command::from_std(command))
    };
    run(&["explain", "--last"]).code(2).stderr(contains("no failure of an earlier run is known"));
    run(&["advise", "sleep-io"]).code(1);
    run(&["advise", "--width", "0"]).code(2);
    run(&["explain", "--last"]).code(0).stderr("").stdout(starts_with("E-HOST-004: memory limit exceeded\n"));
}

#[test]
fn a_question_about_a_workload_is_answered_with_figures() {
    let sandbox = Sandbox::new().simulating(MACHINE);
    std::fs::write(sandbox.path("work.toml"), "tasks = 400\n[[step]]\nkind = \"sleep\"\nfor = \"9ms\"\n")
        .unwrap();
    let question = ["explain", "threads or processes", "work.toml"];
    let figures =
        contains("Recommendation").and(contains("vs sequential")).and(contains("See also   choosing"));
    sandbox.run(&question).code(0).stdout(figures);
    let document = answer(&sandbox, &["threads or processes", "work.toml"]);
    assert_eq!(
        (&document["kind"], &document["context"]["workload"]),
        (&"workload".into(), &"work.toml".into())
    );
    assert_eq!(document["query"], "threads or processes");
    let advice = &document["report"]["recommendation"];
    let advised = format!("{} at width {}", advice["strategy"].as_str().unwrap(), advice["width"]);
    assert!(document["response"].as_str().is_some_and(|text| text.starts_with(&advised)), "{document}");
    assert_eq!(document["topics"][0]["name"], "choosing");
}

#[test]
fn a_topic_is_measured() {
    let sandbox = Sandbox::new().simulating(MACHINE);
    let page =
        starts_with("Semaphore: ").and(contains("\nMeasured here\n")).and(contains("\nRecommendation"));
    sandbox.run(&["explain", "--measure", "semaphore"]).code(0).stdout(page);
    let document = answer(&sandbox, &["--measure", "semaphore"]);
    assert_eq!((&document["kind"], &document["report"]["command"]), (&"topic".into(), &"advise".into()));
}

/// Runs `conc` in a terminal of 24 lines.
fn in_terminal(sandbox: &Sandbox, arguments: &str, pager: &str) -> String {
    let program = "import fcntl, os, pty, struct, sys, termios\n\
                   pid, fd = pty.fork()\n\
                   if pid == 0:\n    \
                       fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))\n    \
                       os.execvp(sys.argv[1], sys.argv[1:])\n\
                   try:\n    \
                       while data := os.read(fd, 65536):\n        \
                           sys.stdout.buffer.write(data)\n\
                   except OSError:\n    pass\n\
                   os.waitpid(pid, 0)\n";
    let conc = sandbox.command(&[]);
    let mut command = Command::new("python3");
    command.args(["-c", program]).arg(conc.get_program()).args(arguments.split(' '));
    command.envs(conc.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("PAGER", pager).env("TERM", "xterm").stdin(Stdio::null());
    let output = command.output().unwrap();
    sandbox.assert_nothing_is_left();
    String::from_utf8_lossy(&output.stdout).replace('\r', "")
}

#[test]
fn a_terminal_has_a_pager_and_colour_and_a_pipe_has_neither() {
    let sandbox = Sandbox::new();
    let paged = in_terminal(&sandbox, "explain locks", "sed 's/^/paged: /'");
    assert!(paged.starts_with("paged: \u{1b}[1mLocks: "), "{paged}");
    let short = in_terminal(&sandbox, "explain E-ASYNC-002", "sed 's/^/paged: /'");
    assert!(short.contains("\u{1b}[1mE-ASYNC-002") && !short.contains("paged"), "{short}");
    let without = in_terminal(&sandbox, "explain locks", "no-such-pager");
    assert!(without.contains("Locks: one at a time"), "{without}");
    sandbox.run(&["explain", "locks"]).code(0).stderr("").stdout(starts_with("Locks: "));
}

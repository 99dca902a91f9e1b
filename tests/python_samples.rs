//! The sample projects in Python: each runs alone and against the embedded server.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod common;

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use conc::internal::{Fixture, FixtureConfig, FixtureSpec, LatencySpec};

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/workloads/python");

/// Each program, and the start of its output, before the time.
const PROJECTS: [(&str, &str); 5] = [
    ("web_scraper.py", "100 of 100 pages, "),
    ("data_processor.py", "100000 records in 100 chunks "),
    ("event_system.py", "1920 of 1920 events arrived "),
    ("api_client.py", "150 orders over 32 connections "),
    ("task_queue.py", "100 done, 0 failed, 0 given up of 100 jobs "),
];

/// Makes an interpreter that treats warnings as errors and writes nothing into the repository.
fn python() -> Command {
    let mut command = Command::new("python3");
    command.args(["-B", "-W", "error"]).env_remove("CONC_FIXTURE").current_dir(SAMPLES);
    command
}

/// Runs a command and returns its output. A server that it left behind would keep standard error open.
fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert!(status.success() && stderr.is_empty(), "{command:?}: {status}\n{stdout}\n{stderr}");
    stdout
}

/// Starts a server that fails now and then.
fn embedded_server() -> Fixture {
    let latency = LatencySpec { median: Duration::from_millis(2), p99: Duration::from_millis(4) };
    let spec = FixtureSpec { latency, error_rate: 0.05, ..FixtureSpec::default() };
    let mut command = Command::new(common::exe());
    command.arg("__fixture");
    Fixture::start(command, &FixtureConfig { spec, seed: common::SEED }).unwrap()
}

#[test]
fn every_project_runs_by_itself() {
    for (program, expected) in PROJECTS {
        let printed = run(python().arg(program));
        assert!(printed.starts_with(expected), "{program}: {printed}");
    }
}

#[test]
fn every_project_uses_the_server_it_is_told_of() {
    let server = embedded_server();
    let address = format!("http://{}", server.addr());
    for (program, expected) in PROJECTS {
        let printed = run(python().arg(program).env("CONC_FIXTURE", &address));
        assert!(printed.starts_with(expected), "{program}: {printed}");
    }
    let stats = server.stop().unwrap();
    assert!(stats.requests > 350 && stats.errors > 0, "{stats:?}");
}

#[test]
fn an_async_twin_gives_what_the_callable_gives() {
    let server = embedded_server();
    let twins = [
        ("web_scraper", "fetch"),
        ("event_system", "publish"),
        ("api_client", "fetch"),
        ("task_queue", "work"),
    ];
    for (module, name) in twins {
        let program = format!(
            "import asyncio, {module} as m\n\
             async def twins(): return [await m.{name}_async(item) for item in m.items()[:5]]\n\
             assert [m.{name}(item) for item in m.items()[:5]] == asyncio.run(twins())"
        );
        run(python().args(["-c", &program]).env("CONC_FIXTURE", server.addr().to_string()));
    }
}

#[test]
fn a_queue_that_is_asked_to_stop_accounts_for_every_job_it_took() {
    let program = "\
import asyncio, itertools, os, signal, task_queue
offered = []
def jobs():
    for job in itertools.count():
        if job == 40:
            os.kill(os.getpid(), signal.SIGTERM)
        offered.append(job)
        yield job
outcomes = asyncio.run(task_queue.run(jobs()))
# The last one offered was not taken any more.
assert sum(outcomes.values()) == len(offered) - 1 >= 40, (outcomes, len(offered))
assert outcomes['done'] > 0, outcomes";
    run(python().args(["-c", program]));
}

#[test]
fn every_sample_says_how_to_give_it_to_conc() {
    for (program, _) in PROJECTS {
        let text = std::fs::read_to_string(Path::new(SAMPLES).join(program)).unwrap();
        let line = text.lines().find_map(|line| line.trim().strip_prefix("conc advise ")).unwrap();
        let (file, name) = line.split_once(':').unwrap();
        assert!(file == program && text.contains(&format!("\ndef {name}(")), "{line}");
    }
}

#[test]
fn every_project_passes_the_check() {
    let with_server = ["web_scraper.toml", "event_system.toml", "api_client.toml", "task_queue.toml"];
    for workload in with_server.into_iter().chain(["data_processor.py:process"]) {
        let mut command = Command::new(common::exe());
        command
            .args(["check", workload, "--timeout", "60s"])
            .current_dir(SAMPLES)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        let printed = run(&mut command);
        assert!(printed.ends_with("Nothing is wrong.\n"), "{workload}: {printed}");
    }
}

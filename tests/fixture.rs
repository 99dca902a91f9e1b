//! The embedded server as a real process, and the steps that talk to it over real sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use conc::internal::{
    ATTEMPT_HEADER, Code, Env, Error, Fixture, FixtureConfig, FixtureError, FixtureSpec, FixtureStats,
    HttpSpec, Item, LatencySpec, Step, StepOutput, StepSpec, TaskContext, WebSocketSpec,
};
use futures_util::future::join_all;
use tokio::runtime::Runtime;

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conc"));
    command.arg("__fixture");
    command
}

fn start(spec: FixtureSpec) -> Fixture {
    Fixture::start(command(), &FixtureConfig { spec, seed: 7 }).unwrap()
}

fn constant(latency: Duration) -> LatencySpec {
    LatencySpec { median: latency, p99: latency }
}

fn env(fixture: SocketAddr) -> Env {
    let exe = env!("CARGO_BIN_EXE_conc").into();
    Env { exe, fixture: Some(fixture), state_dir: std::env::temp_dir(), seed: 0, permutation_id: 0 }
}

fn http(url: &str, pool: bool, fixture: SocketAddr) -> Step {
    let spec = HttpSpec { url: url.into(), method: "GET".into(), body: None, pool };
    Step::prepare(&StepSpec::Http(spec), &env(fixture)).unwrap()
}

fn websocket(messages: u32, size: u64, subscribers: u32, fixture: SocketAddr) -> Step {
    let spec = WebSocketSpec { url: "fixture:/topic/{item}".into(), messages, size, subscribers };
    Step::prepare(&StepSpec::WebSocket(spec), &env(fixture)).unwrap()
}

fn task(index: u64) -> TaskContext<'static> {
    TaskContext { index, item: Item::Index(index), attempt: 0, deadline: None }
}

fn run_blocking(step: &Step, tasks: u64) -> Vec<Result<StepOutput, Error>> {
    thread::scope(|scope| {
        let running: Vec<_> = (0..tasks).map(|i| scope.spawn(move || step.run_blocking(&task(i)))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn run_async(step: &Step, tasks: u64) -> Vec<Result<StepOutput, Error>> {
    let run = |i| async move { step.run_async(&task(i)).await };
    Runtime::new().unwrap().block_on(join_all((0..tasks).map(run)))
}

fn digests(results: &[Result<StepOutput, Error>]) -> Vec<u64> {
    results.iter().map(|result| result.as_ref().unwrap().digest).collect()
}

/// Sends a request by hand and returns the whole answer; the connection is closed after it.
fn get(addr: SocketAddr, path: &str, header: &str) -> String {
    let mut stream = TcpStream::connect(addr).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: fixture\r\nconnection: close\r\n{header}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// An address at which nobody listens.
fn nobody() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

/// Returns true if there is a process with ID `pid`, even a dead one that nobody has reaped.
fn exists(pid: u32) -> bool {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid as i32), None).is_ok()
}

#[test]
fn the_server_answers_with_a_page_of_the_size_asked_for() {
    let fixture = start(FixtureSpec { body: 300, ..FixtureSpec::default() });
    let answer = get(fixture.addr(), "/page/1", "");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert!(body.contains("<title>/page/1</title>"), "{body}");
    assert_eq!(body.len(), 300);
}

#[test]
fn a_connection_serves_one_request_after_another() {
    let fixture = start(FixtureSpec::default());
    let mut stream = TcpStream::connect(fixture.addr()).unwrap();
    for connection in ["keep-alive", "keep-alive", "close"] {
        write!(stream, "POST /a HTTP/1.1\r\nhost: a\r\nconnection: {connection}\r\n").unwrap();
        write!(stream, "content-length: 5\r\n\r\nhello").unwrap();
    }
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3);
}

#[test]
fn capacity_bounds_what_is_served_at_once() {
    let latency = constant(Duration::from_millis(50));
    let fixture = start(FixtureSpec { capacity: Some(3), latency, ..FixtureSpec::default() });
    let results = run_async(&http("fixture:/{item}", true, fixture.addr()), 24);
    assert_eq!(digests(&results).len(), 24);
    let stats = fixture.stop().unwrap();
    assert_eq!((stats.requests, stats.peak_in_flight, stats.errors), (24, 3, 0));
    assert!(stats.cpu_s > 0.0);
}

#[test]
fn without_capacity_requests_overlap() {
    let latency = constant(Duration::from_millis(300));
    let fixture = start(FixtureSpec { latency, ..FixtureSpec::default() });
    run_async(&http("fixture:/{item}", true, fixture.addr()), 24);
    let peak = fixture.stop().unwrap().peak_in_flight;
    assert!(peak > 3, "peak {peak}");
}

#[test]
fn at_error_rate_one_every_request_fails_alike() {
    let fixture = start(FixtureSpec { error_rate: 1.0, ..FixtureSpec::default() });
    let step = http("fixture:/{item}", true, fixture.addr());
    for result in run_blocking(&step, 4).into_iter().chain(run_async(&step, 4)) {
        let error = result.unwrap_err();
        assert_eq!(error, Error::new(Code::TaskHttpStatus, "status 503 Service Unavailable"));
    }
    assert_eq!(fixture.stop().unwrap().errors, 8);
}

#[test]
fn the_same_requests_fail_under_every_strategy_and_may_succeed_when_tried_again() {
    let fixture = start(FixtureSpec { error_rate: 0.5, ..FixtureSpec::default() });
    let step = http("fixture:/{item}", true, fixture.addr());
    let failed =
        |results: Vec<Result<StepOutput, Error>>| results.iter().map(Result::is_err).collect::<Vec<_>>();
    let first = failed(run_blocking(&step, 40));
    assert_eq!(first, failed(run_async(&step, 40)));
    let again = (0..40).map(|i| step.run_blocking(&TaskContext { attempt: 1, ..task(i) })).collect();
    assert_ne!(first, failed(again));
    let by_hand = get(fixture.addr(), "/3", &format!("{ATTEMPT_HEADER}: 1\r\n"));
    let retried = step.run_blocking(&TaskContext { attempt: 1, ..task(3) });
    assert_eq!(by_hand.starts_with("HTTP/1.1 200"), retried.is_ok());
}

#[test]
fn both_forms_of_http_give_the_same_output() {
    let fixture = start(FixtureSpec { body: 5000, ..FixtureSpec::default() });
    for pool in [true, false] {
        let step = http("fixture:/page/{item}", pool, fixture.addr());
        let (blocking, awaited) = (run_blocking(&step, 20), run_async(&step, 20));
        assert_eq!(blocking, awaited);
        let mut digests = digests(&blocking);
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), 20);
    }
}

#[test]
fn a_client_outlives_the_event_loop_it_was_first_used_on() {
    let fixture = start(FixtureSpec::default());
    let step = http("fixture:/{item}", true, fixture.addr());
    let first = Runtime::new().unwrap();
    let run = || async { step.run_async(&task(0)).await.unwrap() };
    let output = first.block_on(run());
    assert_eq!(run_async(&step, 3)[0].as_ref().unwrap(), &output);
    assert_eq!(first.block_on(run()), output);
}

#[test]
fn bodies_are_sent_with_any_method() {
    let fixture = start(FixtureSpec::default());
    for (method, body) in [("POST", Some("a={item}")), ("POST", None), ("GET", Some("a")), ("DELETE", None)] {
        let spec = HttpSpec {
            url: "fixture:/form".into(),
            method: method.into(),
            body: body.map(str::to_owned),
            pool: true,
        };
        let step = Step::prepare(&StepSpec::Http(spec), &env(fixture.addr())).unwrap();
        assert_eq!(run_blocking(&step, 2), run_async(&step, 2), "{method} {body:?}");
        assert!(step.run_blocking(&task(0)).is_ok(), "{method} {body:?}");
    }
}

#[test]
fn a_deadline_ends_a_request_and_a_conversation() {
    let fixture = start(FixtureSpec { latency: constant(Duration::from_secs(60)), ..FixtureSpec::default() });
    for step in [http("fixture:/", true, fixture.addr()), websocket(1, 10, 0, fixture.addr())] {
        let deadline = Some(Instant::now() + Duration::from_millis(100));
        let error = step.run_blocking(&TaskContext { deadline, ..task(0) }).unwrap_err();
        assert_eq!(error, Error::timed_out());
        let error = step.run_blocking(&TaskContext { deadline, ..task(0) }).unwrap_err();
        assert!(error.is_timeout(), "a deadline that has passed: {error}");
    }
}

#[test]
fn a_deadline_that_is_kept_changes_nothing() {
    let fixture = start(FixtureSpec::default());
    for step in [http("fixture:/", true, fixture.addr()), websocket(3, 10, 2, fixture.addr())] {
        let deadline = Some(Instant::now() + Duration::from_secs(60));
        let kept = step.run_blocking(&TaskContext { deadline, ..task(0) });
        assert_eq!(kept, step.run_blocking(&task(0)));
        assert!(kept.is_ok());
    }
}

#[test]
fn nobody_listening_is_a_network_error_in_every_form() {
    for step in [http("fixture:/{item}", true, nobody()), websocket(1, 10, 0, nobody())] {
        let mut errors: Vec<Error> = run_blocking(&step, 2)
            .into_iter()
            .chain(run_async(&step, 2))
            .map(|result| result.unwrap_err())
            .collect();
        assert!(errors.iter().all(|error| error.code == Code::TaskNetwork), "{errors:?}");
        errors.dedup();
        assert_eq!(errors.len(), 1, "{errors:?}");
    }
}

#[test]
fn a_message_is_echoed_alike_in_both_forms() {
    let fixture = start(FixtureSpec::default());
    for size in [0, 10, 200_000] {
        let step = websocket(5, size, 0, fixture.addr());
        let (blocking, awaited) = (run_blocking(&step, 6), run_async(&step, 6));
        assert_eq!(blocking, awaited);
        assert_eq!(blocking[0].as_ref().unwrap().bytes.len() as u64, size);
    }
    assert_eq!(fixture.stop().unwrap().requests, 3 * 2 * 6 * 5);
}

#[test]
fn every_subscriber_receives_every_message_in_both_forms() {
    let fixture = start(FixtureSpec { capacity: Some(2), ..FixtureSpec::default() });
    let step = websocket(10, 64, 4, fixture.addr());
    // Equal tasks that run in both forms at once must not hear one another.
    let (blocking, awaited) = thread::scope(|scope| {
        let blocking = scope.spawn(|| run_blocking(&step, 8));
        let awaited = run_async(&step, 8);
        (blocking.join().unwrap(), awaited)
    });
    assert_eq!(blocking, awaited);
    assert_eq!(blocking[0].as_ref().unwrap().bytes.len(), 64);
    let stats = fixture.stop().unwrap();
    assert_eq!(stats.requests, 2 * 8 * 10);
    assert!(stats.peak_in_flight <= 2);
}

#[test]
fn a_subscriber_that_lags_still_receives_every_message() {
    let fixture = start(FixtureSpec::default());
    let open = |role| {
        let url = format!("ws://{}/news?role={role}&room=1", fixture.addr());
        tungstenite::client(url, TcpStream::connect(fixture.addr()).unwrap()).unwrap().0
    };
    let mut subscriber = open("subscribe");
    assert!(subscriber.read().unwrap().is_text());
    let mut publisher = open("publish");
    let sent = 1000_u32;
    let publishing = thread::spawn(move || {
        for number in 0..sent {
            publisher.send(vec![number as u8; 10_000].into()).unwrap();
        }
        publisher
    });
    for number in 0..sent {
        assert_eq!(subscriber.read().unwrap().into_data(), vec![number as u8; 10_000]);
    }
    publishing.join().unwrap();
}

#[test]
fn the_server_ends_when_its_input_does() {
    let mut child = command().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let config = FixtureConfig { spec: FixtureSpec::default(), seed: 0 };
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{}", serde_json::to_string(&config).unwrap()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap();
    let stats: FixtureStats = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!((lines.lines().count(), stats.requests), (2, 0));
}

#[test]
fn the_server_is_gone_once_its_handle_is() {
    let fixture = start(FixtureSpec::default());
    let pid = fixture.pid();
    assert!(exists(pid));
    drop(fixture);
    assert!(!exists(pid));
}

#[test]
fn a_process_that_is_no_server_is_told_apart() {
    let config = FixtureConfig { spec: FixtureSpec::default(), seed: 0 };
    let missing = Fixture::start(Command::new("/nonexistent/conc"), &config);
    assert!(matches!(missing, Err(FixtureError::Spawn(_))), "{missing:?}");
    let ends = Fixture::start(Command::new("true"), &config);
    assert!(matches!(ends, Err(FixtureError::Exited(status)) if status.success()), "{ends:?}");
    let mut echo = Command::new("echo");
    echo.arg("hello");
    let babbles = Fixture::start(echo, &config);
    assert!(matches!(babbles, Err(FixtureError::Protocol(_))), "{babbles:?}");
}

//! `conc mcp`: what a client says on standard input, and what it reads on standard output.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, wait_until};

/// A machine on which threads do best, and nothing takes time.
const SCRIPT: &str = "\
cpus = 8.0
noise = 0.001
task = { cpu_s = 0.001, wait_s = 0.009 }
[strategy.threads]
rates = [[1, 100], [16, 1000], [64, 1000]]
[strategy.async]
rates = [[1, 100], [8, 400]]
";

/// A client with a server of its own.
struct Client {
    sandbox: Sandbox,
    server: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    /// What the server said that was no answer.
    notifications: Vec<Value>,
}

impl Client {
    fn start(sandbox: Sandbox, options: &[&str]) -> Self {
        let mut command = sandbox.command(&[&["mcp"], options].concat());
        let mut server = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (server.stdin.take(), server.stdout.take().unwrap());
        let output = BufReader::new(output).lines();
        let mut client = Client { sandbox, server, input, output, notifications: Vec::new() };
        let about = json!({ "name": "test", "version": "1" });
        let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": about });
        client.ask(0, "initialize", params);
        let greeting = client.answer(0);
        assert_eq!(greeting["result"]["serverInfo"]["name"], "conc", "{greeting}");
        client.say(&json!({ "method": "notifications/initialized" }));
        client
    }

    fn say(&mut self, message: &Value) {
        let mut message = message.clone();
        message["jsonrpc"] = json!("2.0");
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{message}").unwrap();
    }

    fn ask(&mut self, id: u64, method: &str, params: Value) {
        self.say(&json!({ "id": id, "method": method, "params": params }));
    }

    /// Calls a tool, and asks for its progress.
    fn call(&mut self, id: u64, tool: &str, arguments: Value) {
        let params = json!({ "name": tool, "arguments": arguments, "_meta": { "progressToken": id } });
        self.ask(id, "tools/call", params);
    }

    fn cancel(&mut self, id: u64) {
        self.say(&json!({ "method": "notifications/cancelled", "params": { "requestId": id } }));
    }

    /// Reads until the server answers.
    fn answer(&mut self, id: u64) -> Value {
        self.read_until(|message| message["id"] == id)
    }

    /// Reads until there is progress of a call whose message contains `part`.
    fn progress(&mut self, id: u64, part: &str) {
        let told = |message: &Value| {
            let progress = &message["params"];
            progress["progressToken"] == id && progress["message"].as_str().is_some_and(|m| m.contains(part))
        };
        self.read_until(told);
    }

    fn read_until(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.output.next().expect("the server is there").unwrap();
            let message: Value = serde_json::from_str(&line).expect("nothing but the protocol");
            if is_it(&message) {
                return message;
            }
            assert!(message["id"].is_null(), "an answer that nobody waits for: {message}");
            self.notifications.push(message);
        }
    }

    /// Waits until a program of a call runs, or does not run any more.
    fn wait_for(&self, program: &str, is_running: bool) {
        let runs = || self.sandbox.processes().iter().any(|process| process.command == program);
        assert!(wait_until(|| runs() == is_running), "{program}: {}", !is_running);
    }

    /// Closes the input, and waits until the server and all that it started are gone.
    fn close(mut self) {
        drop(self.input.take());
        assert!(self.server.wait().unwrap().success());
        self.sandbox.assert_nothing_is_left();
    }
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

/// Returns the message of a call that failed.
fn refusal(answer: &Value) -> &str {
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    text(answer)
}

#[test]
fn the_tools_have_schemas_and_their_documents_keep_to_them() {
    let mut client = Client::start(Sandbox::new().simulating(SCRIPT), &[]);
    client.ask(1, "tools/list", json!({}));
    let listed = client.answer(1);
    let tools = listed["result"]["tools"].as_array().unwrap().clone();
    let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["explain", "profile", "advise", "check", "fit"]);
    let work = json!({ "wait": "10ms", "tasks": 400 });
    let data = json!({ "data": "1,100\n2,190\n4,350\n8,600\n16,900\n32,1000\n" });
    let calls = [("advise", work.clone()), ("profile", work), ("fit", data)];
    for (id, (name, arguments)) in (2..).zip(calls) {
        client.call(id, name, arguments);
        let answer = client.answer(id);
        assert_eq!(answer["result"]["isError"], false, "{answer}");
        let tool = tools.iter().find(|tool| tool["name"] == name).unwrap();
        let schema = jsonschema::validator_for(&tool["outputSchema"]).unwrap();
        let document = &answer["result"]["structuredContent"];
        assert_eq!(schema.validate(document).map_err(|error| error.to_string()), Ok(()), "{name}");
        assert_eq!(document["command"], name);
        assert!(text(&answer).lines().count() > 3, "{}", text(&answer));
    }
    let schema = jsonschema::validator_for(&tools[0]["outputSchema"]).unwrap();
    for (id, query, part) in [(7, "E-ASYNC-002", "coroutine not awaited"), (8, "gil lxml", "lxml 6.1.3")] {
        client.call(id, "explain", json!({ "query": query }));
        let answer = client.answer(id);
        assert!(text(&answer).contains(part), "{answer}");
        assert!(schema.is_valid(&answer["result"]["structuredContent"]), "{answer}");
    }
    client.close();
}

#[test]
fn a_call_measures_with_progress_and_the_limits_of_the_server() {
    let mut client = Client::start(Sandbox::new().simulating(SCRIPT), &["--max-width", "8"]);
    client.call(1, "advise", json!({ "wait": "10ms", "tasks": 400 }));
    let answer = client.answer(1);
    let document = &answer["result"]["structuredContent"];
    let cells = document["cells"].as_array().unwrap_or_else(|| panic!("{answer}"));
    assert!(!cells.is_empty() && cells.iter().all(|cell| cell["width"].as_u64().unwrap() <= 8), "{cells:?}");
    for (id, arguments, part) in [
        (2, json!({ "wait": "10ms", "width": "16" }), "--width: 16 is more than --max-width 8"),
        (3, json!({ "wait": "10ms", "max_width": 9 }), "at most 8"),
        (4, json!({ "wait": "10ms", "budget": "1h" }), "more than this server allows"),
    ] {
        client.call(id, "advise", arguments);
        let answer = client.answer(id);
        assert!(refusal(&answer).contains(part), "{answer}");
    }
    let measured = |message: &Value| {
        let said = message["params"]["message"].as_str().unwrap_or_default();
        message["params"]["progressToken"] == 1 && !said.is_empty()
    };
    assert!(client.notifications.iter().any(measured), "{:?}", client.notifications);
    client.close();
}

#[test]
fn bad_calls_are_answered_and_run_nothing() {
    let remote = "tasks = 3\n[[step]]\nkind = \"http\"\nurl = \"http://example.com/\"\n";
    let mut client = Client::start(Sandbox::with("w.toml", remote), &[]);
    let calls = [
        ("advise", json!({}), "give either `workload`"),
        ("advise", json!({ "workload": "web-scrapr" }), "web-scraper"),
        ("advise", json!({ "workload": "w.toml" }), "E-WORKLOAD-006"),
        ("advise", json!({ "workload": "w.toml", "max_in_flight": 2 }), "E-WORKLOAD-006"),
        ("profile", json!({ "workload": "x", "colour": "red" }), "unknown field `colour`"),
        ("profile", json!({ "command": ["true"], "directory": "nowhere" }), "'nowhere' is none"),
        ("check", json!({ "callable": "missing.py:f" }), "missing.py"),
        ("fit", json!({ "data": "1,many" }), "E-FIT-001"),
        ("explain", json!({ "query": "qwertyuiop" }), "qwertyuiop"),
    ];
    for (id, (tool, arguments, part)) in (1..).zip(calls) {
        client.call(id, tool, arguments);
        let answer = client.answer(id);
        assert!(refusal(&answer).contains(part), "{answer}");
    }
    // A workload among the words of a question is not run.
    client.call(98, "explain", json!({ "query": "why is my asyncio code slow missing.py:f" }));
    assert_eq!(client.answer(98)["result"]["isError"], false);
    client.call(99, "sing", json!({}));
    let answer = client.answer(99);
    assert!(answer["error"]["message"].as_str().unwrap().contains("no tool 'sing'"), "{answer}");
    client.close();
}

#[test]
fn a_cancelled_call_leaves_nothing_running_and_the_next_one_begins() {
    let mut client = Client::start(Sandbox::new(), &[]);
    client.call(1, "profile", json!({ "command": ["sleep", "611"] }));
    client.wait_for("sleep 611", true);
    client.call(2, "profile", json!({ "command": ["sleep", "612"] }));
    client.progress(2, "waiting: another call measures");
    client.wait_for("sleep 612", false);
    // What measures nothing does not wait.
    client.call(3, "fit", json!({ "data": "1,100\n2,190\n4,350\n" }));
    assert_eq!(client.answer(3)["result"]["isError"], false);
    client.cancel(1);
    client.wait_for("sleep 611", false);
    client.wait_for("sleep 612", true);
    client.close();
}

#[test]
fn the_server_ends_by_a_signal_with_all_that_it_started() {
    let mut client = Client::start(Sandbox::new(), &[]);
    client.call(1, "profile", json!({ "command": ["sleep", "613"] }));
    client.wait_for("sleep 613", true);
    let server = nix::unistd::Pid::from_raw(client.server.id().cast_signed());
    nix::sys::signal::kill(server, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert_eq!(client.server.wait().unwrap().code(), Some(130));
    client.sandbox.assert_nothing_is_left();
}

#[test]
fn a_killed_server_leaves_nothing_running() {
    let mut client = Client::start(Sandbox::new(), &[]);
    client.call(1, "profile", json!({ "command": ["sleep", "614"] }));
    client.wait_for("sleep 614", true);
    client.server.kill().unwrap();
    client.server.wait().unwrap();
    client.sandbox.assert_nothing_is_left();
}

//! The `command` step in both of its forms.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use conc::internal::{Code, Command, CommandSpec, Env, Error, Item, StepOutput, TaskContext};

fn command(argv: &[&str]) -> Command {
    let argv = argv.iter().map(|word| (*word).to_owned()).collect();
    let env = Env {
        exe: PathBuf::new(),
        fixture: None,
        state_dir: std::env::temp_dir(),
        seed: 0,
        permutation_id: 0,
    };
    Command::prepare(&CommandSpec { argv, ignore_failure: false }, &env).expect("prepared")
}

fn task(item: &str, timeout: Option<Duration>) -> TaskContext<'_> {
    let deadline = timeout.map(|timeout| Instant::now() + timeout);
    TaskContext { index: 0, item: Item::Text(item), attempt: 0, deadline }
}

fn both(command: &Command, task: &TaskContext<'_>) -> [Result<StepOutput, Error>; 2] {
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    [command.run_blocking(task), runtime.block_on(command.run_async(task))]
}

#[test]
fn output_is_captured_by_both_forms_and_not_mixed_with_the_next() {
    let echo = command(&["echo", "{item}"]);
    let task = task("it's", None);
    for result in [both(&echo, &task), both(&echo, &task)].into_iter().flatten() {
        assert_eq!(result.expect("echo").bytes, "it's\n");
    }
}

#[test]
fn a_failure_tells_the_status_and_the_last_line_of_standard_error() {
    let failing = command(&["sh", "-c", "echo out; echo first >&2; echo last >&2; exit 3"]);
    for result in both(&failing, &task("", None)) {
        let error = result.expect_err("exit 3");
        assert_eq!(error.code, Code::TaskCommand);
        assert_eq!(error.message, "exit status: 3: last");
    }
}

#[test]
fn what_a_command_says_is_not_put_into_the_mouth_of_the_next() {
    let only_zero_talks = "test {item} = 0 && echo all is well >&2; exit {item}";
    let step = command(&["sh", "-c", only_zero_talks]);
    for result in both(&step, &task("0", None)) {
        result.expect("exit 0");
    }
    for result in both(&step, &task("3", None)) {
        assert_eq!(result.expect_err("exit 3").message, "exit status: 3");
    }
}

#[test]
fn a_command_beyond_the_deadline_is_killed() {
    let slow = command(&["sh", "-c", "sleep 600 & wait"]);
    let begun = Instant::now();
    let error = slow.run_blocking(&task("", Some(Duration::from_millis(50)))).expect_err("killed");
    assert!(error.is_timeout());
    assert!(begun.elapsed() < Duration::from_secs(300));
}

#[test]
fn a_program_that_does_not_exist_is_named() {
    for result in both(&command(&["no-such-program-at-all"]), &task("", None)) {
        let error = result.expect_err("missing");
        assert_eq!(error.code, Code::WorkloadCommand);
        assert!(error.message.contains("no-such-program-at-all"), "{error}");
    }
}

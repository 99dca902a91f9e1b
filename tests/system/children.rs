//! Children that get a document and answer with one, and the deadlines of processes.

use std::process::Command;
use std::time::{Duration, Instant};

use conc::internal::{Allowance, ChildError, DeadlineKeeper, Pending};

fn ask(shell: &str, patience: Duration) -> Result<u32, ChildError> {
    let mut command = Command::new("sh");
    command.args(["-c", shell]);
    let allowance = Allowance { patience, memory: None };
    Pending::start(&mut command, &7u32, &std::env::temp_dir())?.answer(&DeadlineKeeper::new(), allowance)
}

#[test]
fn the_document_goes_in_and_the_answer_comes_out() {
    assert_eq!(ask("read n; echo $((n * 6))", Duration::from_secs(300)).expect("42"), 42);
}

#[test]
fn a_child_that_dies_says_why() {
    let error =
        ask("echo first >&2; echo out of luck >&2; exit 3", Duration::from_secs(300)).expect_err("died");
    assert_eq!(error.to_string(), "exit status: 3: out of luck");
}

#[test]
fn patience_may_be_without_end() {
    assert_eq!(ask("read n; echo $n", Duration::MAX).expect("7"), 7);
}

#[test]
fn a_child_that_does_not_answer_is_killed() {
    let error = ask("sleep 600", Duration::from_millis(50)).expect_err("late");
    assert!(matches!(error, ChildError::Late(_)), "{error}");
}

#[test]
fn a_child_that_was_stopped_is_told_of() {
    // The shell stops itself, or a program that it waits for.
    for line in ["kill -STOP $$; echo 7", "sh -c 'kill -STOP $$'; echo 7"] {
        let error = ask(line, Duration::from_millis(500)).expect_err("late");
        assert!(matches!(error, ChildError::Stopped(..)), "{error}");
        assert!(error.to_string().contains("'sh' (process "), "{error}");
    }
}

#[test]
fn a_process_beyond_its_deadline_is_killed_and_one_within_is_not() {
    let keeper = DeadlineKeeper::new();
    let mut slow = Command::new("sleep").arg("600").spawn().expect("sleep");
    let mut quick = Command::new("true").spawn().expect("true");
    let far = keeper.watch(quick.id(), Instant::now() + Duration::from_secs(600));
    let near = keeper.watch(slow.id(), Instant::now() + Duration::from_millis(20));
    assert!(!slow.wait().expect("wait").success());
    assert!(near.end());
    assert!(quick.wait().expect("wait").success());
    assert!(!far.end());
}

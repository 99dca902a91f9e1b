//! The lines for a shell, run by the real xargs and the real GNU parallel.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io::Write};

use conc::internal::{Backoff, Configuration, ItemSource, StrategyKind, TaskShape, examples};

use crate::lane;
use crate::shapes::{NASTY, TASKS, bounded, command, over, rated, retried};

/// Returns the lines of one shape with their titles, without that of a program that is not installed.
///
/// # Panics
/// When it is not installed although every test is to run.
fn lines(shape: &TaskShape) -> Vec<(String, String)> {
    let cell = Configuration::new(StrategyKind::Threads, 3);
    let lines: Vec<_> = examples(&cell, shape).into_iter().filter(|e| e.language == "shell").collect();
    assert!(!lines.is_empty());
    lines
        .into_iter()
        .filter(|e| !e.title.contains("parallel") || has_parallel())
        .map(|e| (e.title, e.code))
        .collect()
}

fn has_parallel() -> bool {
    let version = Command::new("parallel").arg("--version").output();
    let is_there = version.is_ok_and(|output| text(&output.stdout).starts_with("GNU parallel"));
    if !is_there && lane::runs_all("GNU parallel, which is not installed") {
        panic!("GNU parallel is not installed (Debian package: parallel)");
    }
    is_there
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a line by `sh` in a directory, with arguments and standard input.
fn run(line: &str, directory: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new("sh");
    command.arg("-c").arg(line).arg("sh").args(arguments).current_dir(directory);
    command.env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// Runs the lines and returns what each printed, its lines sorted, and its exit status.
fn outputs(shape: &TaskShape, arguments: &[&str], input: &str, files: &[(&str, &str)]) -> Vec<(String, i32)> {
    let of = |(title, code): (String, String)| {
        let directory = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(directory.path().join(name), content).unwrap();
        }
        let output = run(&code, directory.path(), arguments, input);
        let status = output.status.code().unwrap_or_else(|| panic!("{title} was killed:\n{code}"));
        let mut printed: Vec<_> = text(&output.stdout).split_inclusive('\n').map(str::to_owned).collect();
        printed.sort();
        (printed.concat(), status)
    };
    lines(shape).into_iter().map(of).collect()
}

fn assert_prints(shape: &TaskShape, input: &str, files: &[(&str, &str)], expected: &str) {
    for (printed, status) in outputs(shape, &[], input, files) {
        assert_eq!((printed.as_str(), status), (expected, 0), "{:?}", lines(shape));
    }
}

#[test]
fn items_come_from_where_the_user_keeps_them() {
    let echo = || command(&["printf", "<%s>\\n", "{item}"]);
    let from = |items| TaskShape { items, ..echo() };
    let file = || ItemSource::File("my items.txt".to_owned());
    assert_prints(&from(file()), "", &[("my items.txt", "a b\n c\n*\n'q\"\n")], "< c>\n<'q\">\n<*>\n<a b>\n");
    let untidy = TaskShape { has_untidy_lines: true, ..from(file()) };
    assert_prints(&untidy, "", &[("my items.txt", "\u{feff}a\r\n\r\n  \nb\\c\n\n")], "<a>\n<b\\c>\n");
    assert_prints(&from(ItemSource::StandardInput), "x\n$HOME\nlast", &[], "<$HOME>\n<last>\n<x>\n");
    assert_prints(
        &over(&["a", "", "-n", "b  c", "`x`", "it's"], echo()),
        "",
        &[],
        "<-n>\n<>\n<`x`>\n<a>\n<b  c>\n<it's>\n",
    );
    assert_prints(&echo(), "", &[], "<0>\n<1>\n<2>\n<3>\n<4>\n<5>\n<6>\n<7>\n");
    for (printed, status) in outputs(&from(ItemSource::Arguments), &["one two", "3", "\\n"], "", &[]) {
        assert_eq!((printed.as_str(), status), ("<3>\n<\\n>\n<one two>\n", 0));
    }
}

#[test]
fn the_words_are_the_users_own() {
    let same = r#"test "$1" = "$2" && test "$3" = "$4" && echo ok"#;
    let verbatim = format!("<{NASTY}>");
    let nasty = command(&["sh", "-c", same, "sh", "{item}", NASTY, "<{item}>", &verbatim]);
    assert_prints(&over(&[NASTY], nasty), "", &[], "ok\n");
    // What GNU parallel would replace, and a command's own braces.
    let places = [
        "printf",
        "%s %s %s %s %s\\n",
        "{.}{1}{#}",
        "{}",
        "{/}a{//}b",
        "{item}.{item}",
        "{%} {=1=} {choose_k}",
    ];
    assert_prints(
        &over(&["x y"], command(&places)),
        "",
        &[],
        "{.}{1}{#} {} {/}a{//}b x y.x y {%} {=1=} {choose_k}\n",
    );
    // A line for a shell, as `conc advise --shell` makes it: parallel would replace the `{1}` in it.
    let line = ["sh", "-c", "printf '%s%s\\n' \"${1}\" 'a \"${1}\"1' | tr a-z A-Z", "sh", "{item}"];
    assert_prints(&over(&["it's", "b"], command(&line)), "", &[], "BA \"${1}\"1\nIT'SA \"${1}\"1\n");
    assert_prints(&over(&["echo", "/bin/echo"], command(&["{item}", "hi"])), "", &[], "hi\nhi\n");
    assert_prints(&command(&["echo", "again"]), "", &[], &"again\n".repeat(TASKS as usize));
}

#[test]
fn failures_are_in_the_exit_status() {
    let shape = over(&["0", "1", "2", "1"], command(&["test", "{item}", "-ne", "1"]));
    let told: Vec<_> = outputs(&shape, &[], "", &[]).into_iter().map(|(_, status)| status).collect();
    // That of xargs, and the number of failures.
    assert_eq!(told, [123, 2][..told.len()]);
}

#[test]
fn what_fails_is_tried_again() {
    // Each item fails at first.
    let once = "test -e \"done-$1\" || { touch \"done-$1\"; exit 1; }";
    let shape = over(&["a", "b c"], command(&["sh", "-c", once, "sh", "{item}"]));
    assert!(outputs(&shape, &[], "", &[]).iter().all(|(_, status)| *status != 0));
    for backoff in [Backoff::Constant, Backoff::Exponential] {
        let again = retried(1, backoff, shape.clone());
        for shape in [bounded(60_000, again.clone()), again] {
            assert!(outputs(&shape, &[], "", &[]).iter().all(|(_, status)| *status == 0));
        }
    }
}

#[test]
fn what_takes_too_long_is_ended() {
    let endless = bounded(300, over(&["60", "61"], command(&["sleep", "{item}"])));
    let start = Instant::now();
    for ((_, status), expected) in outputs(&endless, &[], "", &[]).iter().zip([123, 2]) {
        assert_eq!(*status, expected);
    }
    assert!(start.elapsed() < Duration::from_secs(55), "{:?}", start.elapsed());
}

#[test]
fn starts_per_second_are_limited() {
    let shape = rated(10.0, command(&["true"]));
    let start = Instant::now();
    let ran = outputs(&shape, &[], "", &[]).len();
    if ran > 0 {
        assert!(start.elapsed() >= Duration::from_millis(650), "{:?}", start.elapsed());
    }
}

#[test]
fn no_more_than_asked_run_at_a_time() {
    // A command counts those that run beside it.
    let count = "touch \"run-$1\"; sleep 0.2; ls | grep -c '^run-'; rm \"run-$1\"";
    let shape = command(&["sh", "-c", count, "sh", "{item}"]);
    for (printed, status) in outputs(&shape, &[], "", &[]) {
        let most = printed.lines().map(|line| line.parse::<u32>().unwrap()).max();
        assert!(status == 0 && most <= Some(3) && most > Some(1), "{printed}");
    }
}

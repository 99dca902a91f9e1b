//! The programs in Rust.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io, io::Write};

use conc::internal::{Backoff, ItemSource, TaskShape, examples};

use crate::lane;
use crate::shapes::{NASTY, TASKS, bounded, cells, command, over, rated, retried, stand_in, texts};

/// What a program is given, and what it must do.
struct Case {
    name: &'static str,
    shape: TaskShape,
    arguments: &'static [&'static str],
    input: &'static str,
    told: &'static str,
    /// What standard error must contain.
    errors: &'static [&'static str],
    at_least: Duration,
}

fn case(name: &'static str, shape: TaskShape, told: &'static str) -> Case {
    Case { name, shape, arguments: &[], input: "", told, errors: &[], at_least: Duration::ZERO }
}

const ALL_OK: &str = "8 tasks: 8 ok, 0 failed in ";

/// Shapes of work in which every task succeeds.
fn sound() -> Vec<Case> {
    let compare = r#"test "$1" = "$2" && test "$3" = "$4""#;
    let verbatim = format!("<{NASTY}>");
    let nasty = command(&["sh", "-c", compare, "sh", "{item}", NASTY, "<{item}>", &verbatim]);
    let from = |items| TaskShape { items, ..stand_in(0, 1) };
    let file = ItemSource::File("my items.txt".to_owned());
    let is_known = command(&["grep", "-Fq", "{item}", "my items.txt"]);
    vec![
        case("mixed", stand_in(1, 1), ALL_OK),
        case("texts", over(&[NASTY, "b"], stand_in(1, 1)), "2 tasks: 2 ok, 0 failed in "),
        case("waits", stand_in(0, 1), ALL_OK),
        case("computes", over(&["a"; 8], stand_in(1, 0)), ALL_OK),
        case("batches", TaskShape { tasks: 200, ..stand_in(0, 0) }, "200 tasks: 200 ok, 0 failed in "),
        case("nothing", stand_in(0, 0), ALL_OK),
        case("nasty", over(&[NASTY], nasty), "1 tasks: 1 ok, 0 failed in "),
        case("number", command(&["test", "{item}", "-lt", "8"]), ALL_OK),
        case("ignored", TaskShape { ignore_failure: true, ..command(&["false"]) }, ALL_OK),
        case("file", TaskShape { items: file.clone(), ..is_known }, "4 tasks: 4 ok, 0 failed in "),
        case("file_waits", from(file), "4 tasks: 4 ok, 0 failed in "),
        Case {
            input: "a\n\nb\r\nlast",
            ..case("stdin", from(ItemSource::StandardInput), "3 tasks: 3 ok, 0 ")
        },
        Case {
            arguments: &["a b", "c"],
            ..case("arguments", from(ItemSource::Arguments), "2 tasks: 2 ok, 0 ")
        },
    ]
}

/// Shapes of work with limits, or in which tasks fail.
fn limited() -> Vec<Case> {
    let picky = || over(&["0", "1", "2"], command(&["test", "{item}", "-ne", "1"]));
    // Each item fails at first.
    let flaky = |tag: &str| {
        let once = format!("test -e \"{tag}-$1\" || {{ touch \"{tag}-$1\"; exit 1; }}");
        command(&["sh", "-c", &once, "sh", "{item}"])
    };
    let failed = "3 tasks: 2 ok, 1 failed in ";
    let late: &[&str] = &["\"5\": timed out"];
    let rate_time = Duration::from_millis(140);
    vec![
        Case { errors: &["\"1\": exit status: 1"], ..case("fails", picky(), failed) },
        Case { errors: &["\"1\": "], ..case("fails_again", retried(2, Backoff::Constant, picky()), failed) },
        case("flaky", retried(1, Backoff::Exponential, flaky("$PPID")), ALL_OK),
        Case {
            errors: late,
            ..case("late", bounded(300, over(&["0", "5", "0"], command(&["sleep", "{item}"]))), failed)
        },
        Case {
            errors: &[": timed out"],
            ..case("late_waits", bounded(20, stand_in(0, 60_000)), "8 tasks: 0 ok, 8 failed")
        },
        Case { at_least: rate_time, ..case("rate", rated(50.0, stand_in(0, 1)), ALL_OK) },
        Case { at_least: rate_time, ..case("rate_command", rated(50.0, command(&["true"])), ALL_OK) },
        case("in_time", bounded(60_000, stand_in(1, 1)), ALL_OK),
        case("all", bounded(60_000, rated(500.0, retried(3, Backoff::Exponential, stand_in(1, 1)))), ALL_OK),
        case("retried", retried(3, Backoff::Constant, over(&["a", "b"], stand_in(1, 1))), "2 tasks: 2 ok"),
        case("rate_retried", rated(500.0, retried(3, Backoff::Constant, stand_in(0, 1))), ALL_OK),
        case("bounded_rate", bounded(60_000, rated(500.0, command(&["true"]))), ALL_OK),
    ]
}

/// Returns every different program of a shape by its name.
fn programs(case: &Case) -> BTreeMap<String, String> {
    let mut programs = BTreeMap::new();
    for cell in cells() {
        let rust = examples(&cell, &case.shape).into_iter().filter(|example| example.language == "rust");
        for example in rust {
            let name = format!("{}_{}", cell.strategy.as_str().replace('-', "_"), case.name);
            if !programs.values().any(|code| *code == example.code) {
                programs.insert(name, example.code);
            }
        }
    }
    programs
}

fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Writes only files that changed, so that cargo builds only those.
fn write(path: &Path, text: &str) -> io::Result<()> {
    match fs::read_to_string(path) {
        Ok(old) if old == text => Ok(()),
        _ => fs::write(path, text),
    }
}

/// One project with a binary per program, built against the versions this crate is locked to.
fn build(programs: &BTreeMap<String, String>) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("code_examples");
    let bins = root.join("src/bin");
    fs::create_dir_all(&bins).unwrap();
    for stale in fs::read_dir(&bins).unwrap().map(|entry| entry.unwrap().path()) {
        let name = stale.file_stem().unwrap().to_string_lossy().into_owned();
        if !programs.contains_key(&name) {
            fs::remove_file(stale).unwrap();
        }
    }
    for (name, code) in programs {
        write(&bins.join(format!("{name}.rs")), code).unwrap();
    }
    write(&root.join("Cargo.toml"), MANIFEST).unwrap();
    if !root.join("Cargo.lock").exists() {
        fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock"), root.join("Cargo.lock")).unwrap();
    }
    let cargo = |options: &[&str]| {
        let mut command = Command::new(env!("CARGO"));
        command.args(["build", "--quiet"]).args(options).current_dir(&root);
        command.env("CARGO_TARGET_DIR", root.join("target")).output().unwrap()
    };
    let offline = cargo(&["--offline"]);
    if !offline.status.success() {
        let online = cargo(&[]);
        assert!(online.status.success(), "{}\n{}", text(&offline.stderr), text(&online.stderr));
    }
    root.join("target/debug")
}

const MANIFEST: &str = r#"[package]
name = "code-examples"
version = "0.0.0"
edition = "2024"

[dependencies]
crossbeam-channel = "0.5"
rayon = "1"
tokio = { version = "1", features = ["io-util", "macros", "process", "rt-multi-thread", "sync", "time"] }

[lints.rust]
warnings = "deny"

[profile.dev]
debug = false

[workspace]
"#;

fn run(binary: &Path, case: &Case) -> Output {
    let directory = tempfile::tempdir().unwrap();
    // A byte order mark, both kinds of line ends, and blank lines.
    fs::write(directory.path().join("my items.txt"), "\u{feff}first\n\na b\n  \nit's $HOME\nlast").unwrap();
    let mut command = Command::new(binary);
    command.args(case.arguments).current_dir(directory.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(case.input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn check(name: &str, code: &str, case: &Case, binary: &Path) {
    let start = Instant::now();
    let output = run(binary, case);
    let took = start.elapsed();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let what = format!("{name}:\n{code}\n{out}\n{err}");
    let expected = if case.told.contains(" 0 failed") || !case.told.contains("failed") { 0 } else { 1 };
    assert_eq!(output.status.code(), Some(expected), "{what}");
    assert!(out.starts_with(case.told) && out.lines().count() == 1, "{what}");
    assert!(case.errors.iter().all(|error| err.contains(error)), "{what}");
    assert!(!case.errors.is_empty() || err.is_empty(), "{what}");
    assert!(took >= case.at_least, "{took:?}, {what}");
}

#[test]
fn every_program_compiles_and_does_its_tasks_within_their_limits() {
    if !lane::runs_all("the generated Rust programs, a cargo project of their own") {
        return;
    }
    let cases: Vec<_> = sound().into_iter().chain(limited()).collect();
    let all = cases.iter().flat_map(programs).collect();
    let binaries = build(&all);
    for case in &cases {
        for (name, code) in programs(case) {
            check(&name, &code, case, &binaries.join(&name));
        }
    }
}

/// Shapes with texts of many lengths, because what rustfmt breaks depends on them.
fn of_many_lengths() -> Vec<Case> {
    let mut cases = Vec::new();
    for length in 1..110 {
        let word = "x".repeat(length);
        let with_item = format!("{word}{{item}}");
        let wide = "é漢".repeat(length / 3);
        cases.push(case("words", command(&["echo", &word, &wide, "{item}"]), ""));
        cases.push(case("mixed", command(&["echo", &with_item, "short"]), ""));
        cases.push(case("program", command(&[&word, "{item}"]), ""));
        cases.push(case("bounded", bounded(500, command(&[&word, &with_item])), ""));
        cases.push(case("item", over(&[&word], stand_in(0, 1)), ""));
        cases.push(case("items", over(&[&word, "b", &word], stand_in(0, 1)), ""));
        cases.push(case("short_items", over(&vec!["short"; length], stand_in(0, 1)), ""));
        cases.push(case("file", TaskShape { items: ItemSource::File(word), ..stand_in(0, 1) }, ""));
    }
    cases
}

#[test]
fn every_program_is_formatted() {
    let directory = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    let of_many_lengths = of_many_lengths();
    for (number, case) in sound().iter().chain(&limited()).chain(&of_many_lengths).enumerate() {
        // Texts are in the same places of all forms.
        let is_one_of_many = case.told.is_empty();
        for (name, code) in programs(case) {
            if is_one_of_many && !name.starts_with("async") && !name.starts_with("threads") {
                continue;
            }
            let file = directory.path().join(format!("{name}_{number}.rs"));
            fs::write(&file, code).unwrap();
            files.push(file);
        }
    }
    assert!(files.len() > 1000, "{}", files.len());
    for files in files.chunks(200) {
        let mut rustfmt = Command::new("rustfmt");
        rustfmt.args(["--edition", "2024", "--check"]).args(files);
        let output = rustfmt.output().expect("rustfmt runs");
        assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    }
}

#[test]
fn the_first_lines_say_what_the_program_needs() {
    for case in sound().iter().chain(&limited()) {
        for (name, code) in programs(case) {
            let first = code.lines().next().unwrap();
            assert!(first.starts_with("// Cargo.toml: edition = \"2024\", "), "{name}: {first}");
        }
    }
    let listed =
        over(&texts(&["a"; TASKS as usize]).iter().map(String::as_str).collect::<Vec<_>>(), stand_in(1, 1));
    assert!(
        programs(&case("listed", listed, "")).values().all(|code| code.contains("const ITEMS: [&str; 8]"))
    );
}

#[test]
fn programs_stay_short() {
    for (name, code) in programs(&case("mixed", stand_in(1, 1), "")) {
        // Worker processes bring their protocol along, and a pipeline its stages.
        let most = match &code {
            code if code.contains("WORKER") => 190,
            code if code.contains("first_stage") => 140,
            _ => 80,
        };
        assert!(code.lines().count() <= most, "{name}: {}", code.lines().count());
    }
}

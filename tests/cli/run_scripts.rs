//! Five scripts in the style of users of GNU parallel: the lines that the README sets side by side do the same.
#![cfg(target_os = "linux")]
#![expect(clippy::print_stderr, reason = "a case that is skipped is said")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use conc::internal::{Fixture, FixtureConfig, FixtureSpec, LatencySpec};

use crate::sandbox::Sandbox;

/// The program under test, by the name that the lines call.
const CONC: &str = env!("CARGO_BIN_EXE_conc");

/// A day: gzip takes no time of 0.
const DAY: Duration = Duration::from_secs(86_400);

/// Files that record a run, and differ from one to the next by their times.
const LOGS: [&str; 1] = ["l"];

/// The lines of the README, for GNU parallel and for `conc`.
fn lines() -> Vec<(String, String)> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let table = readme.split("| GNU parallel | conc |").nth(1).unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let line = |cell: &str| cell.trim().trim_matches('`').replace("\\|", "|");
    let of_row = |row: &str| {
        // A pipe of the shell is written \\| in a table.
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        assert_eq!(cells.len(), 2, "{row}");
        (line(cells[0]), line(cells[1]))
    };
    rows.map(of_row).collect()
}

/// What a line has printed and which files there are after it.
type Outcome = (Vec<u8>, BTreeMap<String, Vec<u8>>);

/// Runs a line with a shell in a directory that `prepare` fills.
fn run(line: &str, prepare: &dyn Fn(&Path)) -> Outcome {
    let sandbox = Sandbox::new();
    let place = sandbox.path("");
    prepare(&place);
    let inner = sandbox.command(&[]);
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(&place);
    for (name, value) in inner.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    let programs =
        format!("{}:{}", Path::new(CONC).parent().unwrap().display(), std::env::var("PATH").unwrap());
    shell.env("PATH", programs).env("HOME", &place).env("PARALLEL_HOME", place.join(".parallel"));
    let output = shell.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {said}");
    let mut files = BTreeMap::new();
    collect(&place, &place, &mut files);
    (output.stdout, files)
}

fn collect(root: &Path, place: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(place).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        if name.starts_with('.') || LOGS.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
}

fn is_installed(program: &str, says: &str) -> bool {
    let output = Command::new(program).arg("--version").output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(says))
}

/// Runs both lines that mention `mark`, each in a directory of its own; skips if a program is missing.
fn same(mark: &str, programs: &[(&str, &str)], prepare: &dyn Fn(&Path)) -> Option<Outcome> {
    let (theirs, ours) = lines().into_iter().find(|(theirs, _)| theirs.contains(mark)).unwrap();
    let missing: Vec<_> = [("parallel", "GNU parallel")]
        .iter()
        .chain(programs)
        .filter(|(program, says)| !is_installed(program, says))
        .collect();
    if !missing.is_empty() {
        eprintln!("skipped: {mark}: {missing:?} is missing");
        return None;
    }
    let (mut expected, mut found) = (run(&theirs, prepare), run(&ours, prepare));
    let sorted = |outcome: &mut Outcome| {
        let mut lines: Vec<_> = outcome.0.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        if !theirs.contains("-k") {
            lines.sort();
        }
        outcome.0 = lines.join(&b'\n');
    };
    sorted(&mut expected);
    sorted(&mut found);
    assert!(expected.0 == found.0, "{theirs}: {:?} and {:?}", expected.0, found.0);
    let names = |outcome: &Outcome| outcome.1.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&expected), names(&found), "{theirs}");
    assert!(expected.1 == found.1, "{theirs}: the files differ");
    Some(found)
}

#[test]
fn logs_are_compressed_as_by_gnu_parallel() {
    let prepare = |place: &Path| {
        fs::create_dir(place.join("logs")).unwrap();
        for i in 0..4 {
            let path = place.join(format!("logs/day {i}.log"));
            fs::write(&path, format!("line {i}\n").repeat(5000)).unwrap();
            // gzip records the time of the file.
            fs::File::options().append(true).open(&path).unwrap().set_modified(UNIX_EPOCH + DAY).unwrap();
        }
    };
    let same = same("gzip", &[("gzip", "gzip")], &prepare);
    let Some((_, files)) = same else { return };
    assert_eq!(files.keys().filter(|name| name.ends_with(".log.gz")).count(), 4);
}

#[test]
fn downloads_are_those_of_gnu_parallel() {
    let latency = LatencySpec { median: Duration::from_millis(2), p99: Duration::from_millis(3) };
    let spec = FixtureSpec { latency, ..FixtureSpec::default() };
    let mut server = Command::new(CONC);
    server.arg("__fixture");
    let server = Fixture::start(server, &FixtureConfig { spec, seed: 7 }).unwrap();
    let urls: String = (0..12).map(|i| format!("http://{}/page/{i}\n", server.addr())).collect();
    let prepare = |place: &Path| fs::write(place.join("urls.txt"), &urls).unwrap();
    let Some((_, files)) = same("curl", &[("curl", "curl")], &prepare) else { return };
    assert!(
        (0..12).all(|i| files.get(&i.to_string()).is_some_and(|page| !page.is_empty())),
        "{:?}",
        files.keys()
    );
}

#[test]
fn shards_of_tests_are_those_of_gnu_parallel() {
    let prepare = |place: &Path| {
        let script = "#!/bin/sh\nsleep 0.0$((4 - $1))\necho \"shard $1 of $2: ok\"\n";
        let path = place.join("shard");
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    };
    let Some((out, _)) = same("./shard", &[], &prepare) else { return };
    assert!(out.starts_with(b"a\tshard 1 of"), "{}", String::from_utf8_lossy(&out));
}

#[test]
fn databases_are_dumped_as_by_gnu_parallel() {
    let prepare = |place: &Path| {
        for name in ["users", "orders", "old"] {
            let made = Command::new("sqlite3")
                .arg(place.join(format!("{name}.db")))
                .arg("create table t(a, b); insert into t values (1, 'x'), (2, null);")
                .status();
            assert!(made.unwrap().success());
        }
    };
    let Some((_, files)) = same("sqlite3", &[("sqlite3", "")], &prepare) else { return };
    assert!(String::from_utf8_lossy(&files["users.db.sql"]).contains("INSERT INTO t VALUES(1,'x');"));
}

#[test]
fn images_are_converted_as_by_gnu_parallel() {
    let prepare = |place: &Path| {
        for i in 1..4 {
            let made = Command::new("convert")
                .args(["-size", "40x30", &format!("gradient:rgb({i},0,0)-blue")])
                .arg(place.join(format!("photo {i}.jpg")))
                .status();
            assert!(made.unwrap().success());
        }
    };
    // The stamps of time that ImageMagick writes into a PNG are no part of the picture.
    let (theirs, ours) = lines().into_iter().find(|(theirs, _)| theirs.contains("convert")).unwrap();
    if !is_installed("parallel", "GNU parallel") || !is_installed("convert", "ImageMagick") {
        eprintln!("skipped: GNU parallel or ImageMagick is missing");
        return;
    }
    let pixels = "; for f in *.png; do convert \"$f\" \"rgb:$f.rgb\"; rm \"$f\"; done";
    let (expected, found) = (run(&(theirs + pixels), &prepare), run(&(ours + pixels), &prepare));
    assert_eq!(found.1.keys().filter(|name| name.ends_with(".png.rgb")).count(), 3, "{:?}", found.1.keys());
    assert!(expected == found, "the pictures differ");
}

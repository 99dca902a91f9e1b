//! The interpreters at hand, and programs that they run.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::lane::runs_all;

/// Minor versions of Python 3 that the programs are for.
const VERSIONS: std::ops::Range<u32> = 9..20;

/// Programs that run at the same time.
const AT_ONCE: usize = 2;

/// An interpreter.
pub(crate) struct Python {
    pub(crate) path: PathBuf,
    /// Its minor version.
    pub(crate) minor: u32,
}

/// Returns the interpreters to test with: those in `CONC_TEST_PYTHONS`; else `python3`, and with every test all that
/// are on the path or belong to pyenv.
pub(crate) fn pythons() -> Vec<Python> {
    let paths = match std::env::var_os("CONC_TEST_PYTHONS") {
        Some(listed) => std::env::split_paths(&listed).collect(),
        None if runs_all("programs on every interpreter") => all(),
        None => vec![PathBuf::from("python3")],
    };
    let mut found: Vec<Python> = paths.into_iter().filter_map(known).collect();
    found.sort_by_key(|python| python.minor);
    found.dedup_by_key(|python| python.minor);
    assert!(!found.is_empty(), "no interpreter is at hand");
    found
}

fn all() -> Vec<PathBuf> {
    let home = std::env::home_dir().map(|home| home.join(".pyenv"));
    let pyenv = std::env::var_os("PYENV_ROOT").map(PathBuf::from).or(home);
    let versions = pyenv.and_then(|root| fs::read_dir(root.join("versions")).ok());
    let own = versions.into_iter().flatten().flatten().map(|entry| entry.path().join("bin/python3"));
    let named = VERSIONS.map(|minor| PathBuf::from(format!("python3.{minor}")));
    [PathBuf::from("python3")].into_iter().chain(named).chain(own).collect()
}

fn known(path: PathBuf) -> Option<Python> {
    let told = "import sys; print(sys.version_info[1] if sys.version_info[0] == 3 else 0)";
    let output = Command::new(&path).args(["-c", told]).stderr(Stdio::null()).output().ok()?;
    let minor = String::from_utf8(output.stdout).ok()?.trim().parse().ok()?;
    VERSIONS.contains(&minor).then_some(Python { path, minor })
}

/// Runs a program in its directory, with every warning shown.
pub(crate) fn run(python: &Python, program: &Path) -> Output {
    let mut command = Command::new(&python.path);
    command.args(["-B", "-W", "default"]).arg(program).current_dir(program.parent().unwrap());
    command.stdin(Stdio::null()).env("NO_COLOR", "1").output().unwrap()
}

/// Returns the files of a folder below `src/explain` with an extension, by name.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/explain").join(folder);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension() == Some(OsStr::new(extension))).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// Returns what a program says about itself after a label, such as `Prints: `.
pub(crate) fn said<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.trim_start_matches("// ").strip_prefix(label)).map(str::trim)
}

/// Returns the minor version of Python that a program needs.
pub(crate) fn needed(text: &str) -> u32 {
    let version = said(text, "Needs Python 3.").map(|rest| rest.trim_end_matches('.').parse().unwrap());
    version.unwrap_or(VERSIONS.start)
}

/// Does something for each item, a few at a time; returns the failures.
pub(crate) fn failures<T: Sync>(items: &[T], check: impl Fn(&T) -> Result<(), String> + Sync) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let work = || {
        let items = std::iter::from_fn(|| items.get(next.fetch_add(1, Ordering::Relaxed)));
        items.filter_map(|item| check(item).err()).collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

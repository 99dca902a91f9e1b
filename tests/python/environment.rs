//! Interpreters with more than the standard library: built once for each version and kept with the build.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::lane;

/// Installs the backport of `InterpreterPoolExecutor` from Python 3.14 to 3.13.
const BACKPORT: &str = "import concurrent.futures as f, interpreters_backport.concurrent.futures.interpreter as b; \
                        f.InterpreterPoolExecutor = b.InterpreterPoolExecutor\n";

/// Supported minor versions of Python 3, up to the newest that the tests look for.
const VERSIONS: std::ops::Range<u32> = 9..20;

/// Returns the interpreters to test with: those in `CONC_TEST_PYTHONS`, else `python3` and the oldest and the
/// newest one that are installed.
pub(crate) fn pythons() -> Vec<PathBuf> {
    if let Some(listed) = std::env::var_os("CONC_TEST_PYTHONS") {
        return std::env::split_paths(&listed).collect();
    }
    let mut pythons = vec![PathBuf::from("python3")];
    let found = at_hand();
    pythons.extend([found.first(), found.last()].into_iter().flatten().map(|(_, path)| path.clone()));
    pythons.dedup();
    pythons
}

/// Returns the installed interpreters by minor version, oldest first: those on the path and those of pyenv.
fn at_hand() -> &'static [(u32, PathBuf)] {
    static FOUND: OnceLock<Vec<(u32, PathBuf)>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let home = || std::env::home_dir().map(|home| home.join(".pyenv"));
        let pyenv = std::env::var_os("PYENV_ROOT").map(PathBuf::from).or_else(home);
        let versions = pyenv.and_then(|root| fs::read_dir(root.join("versions")).ok());
        let own = versions.into_iter().flatten().flatten().map(|entry| entry.path().join("bin/python3"));
        let named = VERSIONS.map(|minor| PathBuf::from(format!("python3.{minor}")));
        let versioned = |python: PathBuf| Some((minor_of(&python)?, python));
        let mut found: Vec<_> = named.chain(own).filter_map(versioned).collect();
        found.sort();
        found.dedup_by_key(|(minor, _)| *minor);
        found
    })
}

/// Returns the minor version of a supported Python 3.
pub(crate) fn minor_of(python: &Path) -> Option<u32> {
    let told = "import sys; print(sys.version_info[1] if sys.version_info[0] == 3 else 0)";
    let output = Command::new(python).args(["-c", told]).stderr(Stdio::null()).output().ok()?;
    let minor = String::from_utf8(output.stdout).ok()?.trim().parse().ok()?;
    VERSIONS.contains(&minor).then_some(minor)
}

/// Returns an interpreter in which uvloop is installed.
pub(crate) fn with_uvloop() -> Option<PathBuf> {
    environment(&pythons()[0], &["uvloop"], None)
}

/// Returns an interpreter with `InterpreterPoolExecutor`, its own or the backport.
pub(crate) fn with_interpreters() -> Option<PathBuf> {
    const HAS_IT: &str = "from concurrent.futures import InterpreterPoolExecutor";
    let of = |version: u32| at_hand().iter().find(move |(minor, _)| *minor == version);
    let mut candidates = pythons().into_iter().chain(at_hand().iter().map(|(_, python)| python.clone()));
    match candidates.find(|python| says_yes(python, HAS_IT)) {
        Some(python) => Some(python),
        None => environment(&of(13)?.1, &["interpreters-pep-734"], Some(BACKPORT)),
    }
}

fn says_yes(python: &Path, statement: &str) -> bool {
    let mut command = Command::new(python);
    command.args(["-c", statement]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Returns the interpreter of a virtual environment with these packages; `None` if they cannot be installed,
/// which fails on a machine that sets `CI`.
#[expect(clippy::print_stderr, reason = "who runs the tests should know which were left out")]
fn environment(python: &Path, packages: &[&str], startup: Option<&str>) -> Option<PathBuf> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("python-{}", packages.join("-")));
    let interpreter = directory.join("bin/python");
    let wanted = format!("import {}", if startup.is_some() { "interpreters_backport" } else { packages[0] });
    if !says_yes(&interpreter, &wanted) {
        if !lane::runs_all(&format!("Python with {}", packages.join(", "))) {
            return None;
        }
        let built = build(python, &directory, packages, startup);
        let is_there = built && says_yes(&interpreter, &wanted);
        assert!(is_there || std::env::var_os("CI").is_none(), "{packages:?} cannot be installed");
        if !is_there {
            eprintln!("not tested: {packages:?} cannot be installed");
            return None;
        }
    }
    Some(interpreter)
}

/// Returns the interpreter of one virtual environment, and which of the packages could be installed in it.
#[expect(clippy::print_stderr, reason = "who runs the tests should know which were left out")]
pub(crate) fn with_each_of(python: &Path, packages: &[String]) -> Option<(PathBuf, Vec<String>)> {
    let minor = minor_of(python)?;
    if !lane::runs_all(&format!("Python 3.{minor} with {} packages", packages.len())) {
        return None;
    }
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("python-3.{minor}-libraries"));
    let interpreter = directory.join("bin/python");
    let succeeds = |command: &mut Command| {
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    if !says_yes(&interpreter, "") {
        let make = |options: &[&str]| {
            succeeds(Command::new(python).args(["-m", "venv", "--clear"]).args(options).arg(&directory))
        };
        // Debian's interpreters have no `pip` to put into an environment.
        assert!(make(&[]) || make(&["--without-pip"]), "no virtual environment of 3.{minor}");
    }
    let has_pip = says_yes(&interpreter, "import pip");
    let install = |package: &String| {
        let mut pip = Command::new(if has_pip { interpreter.as_os_str() } else { "python3".as_ref() });
        pip.args(["-m", "pip", "--disable-pip-version-check", "--python"]).arg(&interpreter);
        succeeds(pip.args(["install", "--quiet", "--only-binary", ":all:", package]))
    };
    let (installed, missing): (Vec<_>, Vec<_>) = packages.iter().cloned().partition(install);
    if !missing.is_empty() {
        eprintln!("not tested on Python 3.{minor}: {} cannot be installed", missing.join(", "));
    }
    Some((interpreter, installed))
}

fn build(python: &Path, directory: &Path, packages: &[&str], startup: Option<&str>) -> bool {
    let succeeds = |command: &mut Command| command.status().is_ok_and(|status| status.success());
    let interpreter = directory.join("bin/python");
    let has_environment = succeeds(Command::new(python).args(["-m", "venv", "--clear"]).arg(directory));
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    let has_packages = has_environment && succeeds(Command::new(&interpreter).args(install).args(packages));
    let Some(startup) = startup.filter(|_| has_packages) else { return has_packages };
    let of = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let output = Command::new(&interpreter).args(["-c", of]).output();
    output.is_ok_and(|output| {
        let sandbox = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        fs::write(sandbox.join("backport.pth"), startup).is_ok()
    })
}

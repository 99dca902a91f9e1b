//! `conc mcp` driven by the official client of the protocol, in a virtual environment that pip fills.

#[path = "../common/lane.rs"]
mod lane;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The client, pinned: another version may speak another revision of the protocol.
const CLIENT: &str = "mcp==2.3.0";

/// Returns the interpreter of an environment with the client; `None` if it cannot be installed, which fails on a
/// machine that sets `CI`.
#[expect(clippy::print_stderr, reason = "who runs the tests should know which were left out")]
fn environment() -> Option<PathBuf> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-mcp");
    let interpreter = directory.join("bin/python");
    let runs = |command: &mut Command| command.stdout(Stdio::null()).status().is_ok_and(|s| s.success());
    let is_there =
        || runs(Command::new(&interpreter).args(["-c", "import mcp.client.stdio"]).stderr(Stdio::null()));
    if !is_there() {
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", CLIENT];
        let is_built = runs(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory))
            && runs(Command::new(&interpreter).args(pip));
        if !(is_built && is_there()) {
            assert!(std::env::var_os("CI").is_none(), "{CLIENT} cannot be installed");
            eprintln!("not tested: {CLIENT} cannot be installed");
            return None;
        }
    }
    Some(interpreter)
}

#[test]
fn the_official_client_lists_calls_cancels_queues_and_ends() {
    if !lane::runs_all("the official client of the Model Context Protocol") {
        return;
    }
    let Some(python) = environment() else { return };
    let directory = tempfile::tempdir().unwrap();
    let client = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mcp_client/client.py");
    let mut command = Command::new(python);
    command.arg(client).arg(env!("CARGO_BIN_EXE_conc")).arg(directory.path());
    // The overheads of strategies on this machine are calibrated once for all tests.
    let output = command.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for step in ["list", "advise", "progress", "answers", "cancel", "refusal", "two at once", "end of input"]
    {
        assert!(said.lines().any(|line| line.starts_with(&format!("{step}: "))), "{step}: {said}");
    }
}

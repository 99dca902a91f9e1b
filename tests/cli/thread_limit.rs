//! A limit on processes and threads (`RLIMIT_NPROC`), which no limit of root's: as root, the runs belong to another user.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::resource::{Resource, setrlimit};

use crate::sandbox::Sandbox;

/// A user that has no processes: the limit counts those of the user and not those of a run.
const USER: u32 = 61_234;

/// Limits within which a command that starts processes and threads cannot do its work, and one within which it can.
const LIMITS: [u64; 6] = [1, 2, 3, 4, 6, 200];

/// Lets another user start `command`, with at most `limit` processes and threads.
#[expect(
    unsafe_code,
    reason = "the limit is set between fork and exec, where the process belongs to the user"
)]
fn limited(mut command: Command, limit: u64) -> Command {
    let set = move || setrlimit(Resource::RLIMIT_NPROC, limit, limit).map_err(io::Error::from);
    command.uid(USER).gid(USER);
    // SAFETY: the closure makes one system call; it neither allocates nor takes a lock.
    unsafe { command.pre_exec(set) };
    command
}

/// Returns a sandbox that belongs to the other user; `None` where that user cannot run the program under test.
fn sandbox() -> Option<Sandbox> {
    let sandbox = Sandbox::with("tasks.py", "def nap(item):\n    return item\n");
    let work = sandbox.path("");
    let root = work.parent().unwrap().to_owned();
    fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();
    let is_given = [&work, &root.join("tmp")].iter().all(|path| chown(path, Some(USER), Some(USER)).is_ok());
    let runs =
        || limited(sandbox.command(&["--version"]), 200).output().is_ok_and(|out| out.status.success());
    (is_given && runs()).then_some(sandbox)
}

#[test]
fn a_command_that_is_refused_a_process_or_a_thread_says_so() {
    let Some(sandbox) = sandbox() else {
        let _ = writeln!(io::stderr(), "skipped: RLIMIT_NPROC (root has to start another user's processes)");
        return;
    };
    let commands: [&[&str]; 3] = [
        &["profile", "--wait", "1ms", "--tasks", "3"],
        &["run", "-j4", "--", "true", ":::", "a", "b", "c", "d"],
        &["check", "tasks.py:nap", "--tasks", "2"],
    ];
    for arguments in commands {
        for limit in LIMITS {
            let mut command = sandbox.command(arguments);
            command.env("XDG_CACHE_HOME", sandbox.path("cache"));
            let assert = sandbox.check(assert_cmd::Command::from_std(limited(command, limit)));
            let output = assert.get_output();
            let said = String::from_utf8_lossy(&output.stderr);
            let seen = format!("{arguments:?} with {limit}: {:?}: {said}", output.status);
            match output.status.code() {
                Some(0) => assert!(limit > 1, "{seen}"),
                Some(1 | 2) => {
                    assert!(limit < 200 && said.contains("Resource temporarily unavailable"), "{seen}")
                }
                _ => panic!("{seen}"),
            }
        }
    }
}

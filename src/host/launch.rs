//! Starts programs of the user, each in a session of its own without a terminal.
//!
//! A program that signals its whole group, or asks the terminal for a password, then meets nothing but itself.
//! The way is `posix_spawn`, which copies nothing of this process; the standard library takes it only for
//! programs that stay in a session.

use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::host::inherited::{apart, has_raised_limits};
use crate::host::sessions;

/// A program to start.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    /// The path of the program, or a name to be found in `PATH`.
    pub program: &'a OsStr,
    /// The name that the program is called by, and its arguments.
    pub words: &'a [OsString],
    /// The standard streams; `None` means that of this process.
    pub streams: [Option<BorrowedFd<'a>>; 3],
}

impl Launch<'_> {
    /// Starts the program as one that this process reaps by [`reap`](crate::host::spawned::reap); returns its
    /// ID, which is that of its session too.
    ///
    /// # Errors
    /// When the program cannot be run, or the system has no process left.
    pub(crate) fn start(&self) -> io::Result<u32> {
        sessions::start(|| self.spawn(), |pid| *pid)
    }

    /// Starts the program for a caller that waits for all of its children.
    ///
    /// # Errors
    /// When the program cannot be run, or the system has no process left.
    pub(crate) fn spawn(&self) -> io::Result<u32> {
        // The limits of a child can only be set between fork and exec.
        if has_raised_limits() { self.fork_and_exec() } else { self.posix_spawn() }
    }

    fn fork_and_exec(&self) -> io::Result<u32> {
        let mut command = Command::new(self.program);
        if let [name, words @ ..] = self.words {
            command.arg0(name).args(words);
        }
        let stream = |stream: Option<BorrowedFd<'_>>| match stream {
            Some(stream) => stream.try_clone_to_owned().map(Stdio::from),
            None => Ok(Stdio::inherit()),
        };
        let [stdin, stdout, stderr] = self.streams;
        command.stdin(stream(stdin)?).stdout(stream(stdout)?).stderr(stream(stderr)?);
        apart(&mut command).spawn().map(|child| child.id())
    }

    #[cfg(target_os = "linux")]
    fn posix_spawn(&self) -> io::Result<u32> {
        use std::os::fd::AsRawFd;

        use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawnp};
        use nix::sys::signal::{SigSet, Signal};

        let program = CString::new(self.program.as_bytes())?;
        let words: Result<Vec<CString>, _> =
            self.words.iter().map(|word| CString::new(word.as_bytes())).collect();
        let mut actions = PosixSpawnFileActions::init()?;
        for (number, stream) in (0..).zip(self.streams) {
            stream.map_or(Ok(()), |stream| actions.add_dup2(stream.as_raw_fd(), number))?;
        }
        let mut attributes = PosixSpawnAttr::init()?;
        let own_session = PosixSpawnFlags::from_bits_retain(libc::POSIX_SPAWN_SETSID.into());
        let signals = PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK;
        attributes.set_flags(own_session | signals)?;
        // As the standard library does: this process ignores SIGPIPE, and a program of the user expects it.
        attributes.set_sigdefault(&SigSet::from(Signal::SIGPIPE))?;
        attributes.set_sigmask(&SigSet::empty())?;
        let pid = posix_spawnp(&program, &actions, &attributes, &words?, environment())?;
        Ok(pid.as_raw().cast_unsigned())
    }

    #[cfg(not(target_os = "linux"))]
    fn posix_spawn(&self) -> io::Result<u32> {
        self.fork_and_exec()
    }
}

/// Returns the environment of this process, which never changes.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "the standard library passes it on"))]
fn environment() -> &'static [CString] {
    static ENVIRONMENT: OnceLock<Vec<CString>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let entry = |(name, value): (OsString, OsString)| {
            let mut entry = name.into_vec();
            entry.push(b'=');
            entry.extend_from_slice(value.as_bytes());
            // An entry has no zero byte: it ends with one.
            CString::new(entry).unwrap_or_default()
        };
        std::env::vars_os().map(entry).collect()
    })
}

/// Returns an input that has ended.
///
/// # Errors
/// When `/dev/null` cannot be opened.
pub(crate) fn null() -> io::Result<BorrowedFd<'static>> {
    static NULL: OnceLock<File> = OnceLock::new();
    if let Some(null) = NULL.get() {
        return Ok(null.as_fd());
    }
    let opened = File::open("/dev/null")?;
    Ok(NULL.get_or_init(|| opened).as_fd())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::host::spawned::reap;

    /// Runs a program, and returns what it wrote and its ID.
    fn output(words: &[&str]) -> (String, u32) {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let (mut reader, writer) = io::pipe().expect("a pipe");
        let streams = [Some(null().expect("it exists")), Some(writer.as_fd()), None];
        let pid = Launch { program: &words[0], words: &words, streams }.start().expect("it starts");
        drop(writer);
        let mut said = String::new();
        reader.read_to_string(&mut said).expect("text");
        assert!(reap(pid).expect("its end").status.success());
        (said, pid)
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_program_leads_a_session_without_a_terminal() {
        let (stat, pid) = output(&["cat", "/proc/self/stat"]);
        let fields: Vec<&str> = stat.split(' ').collect();
        let id = pid.to_string();
        // The process group, the session and the terminal.
        assert_eq!([fields[4], fields[5], fields[6]], [id.as_str(), id.as_str(), "0"]);
    }

    #[test]
    fn a_program_has_its_words_and_the_environment_and_no_input() {
        let (said, _) = output(&["sh", "-c", "cat; echo \"$0 $1\"; env", "a b", "c\td"]);
        assert!(said.starts_with("a b c\td\n"), "{said}");
        let path = std::env::var("PATH").expect("there is one");
        assert!(said.contains(&format!("\nPATH={path}\n")), "{said}");
    }

    #[test]
    fn a_program_that_does_not_exist_is_an_error() {
        let words = [OsString::from("no such program")];
        let launch = Launch { program: &words[0], words: &words, streams: [None; 3] };
        assert_eq!(launch.start().expect_err("none").kind(), io::ErrorKind::NotFound);
    }
}

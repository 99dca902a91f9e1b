//! A command of this program in a child: its output, its progress, and its end.

use std::future::Future;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use crate::mcp::progress_line::ProgressLine;
use crate::mcp::request::Request;

/// Time that a command has to end all it started when it is asked to. Clients kill a server two seconds
/// after they have closed its input.
const GRACE: Duration = Duration::from_secs(1);

/// What a command left behind.
#[derive(Debug)]
pub(super) struct Finished {
    /// Its exit status.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: String,
    /// Standard error without progress.
    pub stderr: String,
}

/// The reason why a command has no result.
#[derive(Debug)]
pub(super) enum NoResult {
    /// It was asked to end.
    Stopped,
    /// It ran for too long, and was ended.
    TooLong(Duration),
    /// It could not be started or read.
    Io(io::Error),
}

/// Runs a command of the program `exe` with `global` options to its end, or until `stop` is ready. Nothing
/// of it runs any more when this returns.
pub(super) async fn run(
    exe: &Path,
    global: &[String],
    request: &Request,
    stop: impl Future<Output = ()>,
    mut observe: impl FnMut(ProgressLine),
) -> Result<Finished, NoResult> {
    let mut child = start(exe, global, request).map_err(NoResult::Io)?;
    let too_long = async {
        match request.time_limit {
            Some(limit) => {
                tokio::time::sleep(limit).await;
                limit
            }
            None => std::future::pending().await,
        }
    };
    let none = tokio::select! {
        finished = finish(&mut child, request.stdin.as_deref(), &mut observe) => {
            return finished.map_err(NoResult::Io);
        }
        () = stop => NoResult::Stopped,
        limit = too_long => NoResult::TooLong(limit),
    };
    end(&mut child).await;
    Err(none)
}

fn start(exe: &Path, global: &[String], request: &Request) -> io::Result<Child> {
    let mut command = Command::new(exe);
    command.arg("--progress-lines").args(global).args(&request.words);
    if let Some(directory) = &request.directory {
        let is_there = Path::new(directory).is_dir();
        let missing = || io::Error::new(io::ErrorKind::NotFound, format!("directory: '{directory}' is none"));
        command.current_dir(is_there.then_some(directory).ok_or_else(missing)?);
    }
    let stdin = if request.stdin.is_some() { Stdio::piped() } else { Stdio::null() };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn()
}

/// Feeds a command, reads it and waits for it.
async fn finish(
    child: &mut Child,
    stdin: Option<&str>,
    observe: &mut impl FnMut(ProgressLine),
) -> io::Result<Finished> {
    let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(output), Some(errors)) = (output, errors) else { unreachable!("both are pipes") };
    let fed = feed(input, stdin.unwrap_or_default());
    let (_, stdout, stderr) = tokio::try_join!(fed, read(output), read_progress(errors, observe))?;
    Ok(Finished { status: child.wait().await?, stdout, stderr })
}

async fn feed(pipe: Option<ChildStdin>, text: &str) -> io::Result<()> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    match pipe.write_all(text.as_bytes()).await {
        // A command that refuses its arguments does not read.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

async fn read(mut pipe: impl AsyncRead + Unpin) -> io::Result<String> {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads lines of progress, and returns all others.
async fn read_progress(
    pipe: impl AsyncRead + Unpin,
    observe: &mut impl FnMut(ProgressLine),
) -> io::Result<String> {
    let (mut pipe, mut line, mut others) = (BufReader::new(pipe), Vec::new(), String::new());
    while pipe.read_until(b'\n', &mut line).await? > 0 {
        let text = String::from_utf8_lossy(&line);
        match ProgressLine::parse(&text) {
            Some(progress) => observe(progress),
            None => others.push_str(&text),
        }
        line.clear();
    }
    Ok(others)
}

/// Asks a command to end all that it started and then itself, and kills it if it does not: its watchdog
/// ends the rest then.
async fn end(child: &mut Child) {
    let Some(pid) = child.id() else { return };
    // It has not been waited for, so the number is still its own.
    let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGTERM);
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}

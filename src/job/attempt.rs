//! One attempt at an item: starts the command, follows its output and waits for its end.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::host::clock::process_cpu;
use crate::host::deadline::DeadlineKeeper;
use crate::host::launch::{Launch, null};
use crate::host::process::descendants;
use crate::host::procfs::{self, Schedstat};
use crate::host::spawned::{Reaped, end_of, reap, wait_for_end};
use crate::host::suspension::{awake_now, awake_since};
use crate::job::command::{CommandTemplate, Rendered};
use crate::job::items::JobItem;
use crate::job::outcome::{Attempt, Ending};
use crate::job::output::Output;
use crate::job::own_time::{OwnTime, OwnTimes};
use crate::job::runner::Runner;
use crate::job::running::{Running, Stopped};

/// Time after which a command that still holds its output gets a descriptor that tells its end: a shorter
/// command closes its output by ending, and does not need one.
const SHORT: Duration = Duration::from_millis(20);

/// Bytes read at once: the usual capacity of a pipe.
const READ_BYTES: usize = 64 << 10;

/// Bytes read after the end of a command, at most: the largest capacity of a pipe. A process that it left
/// behind may write for ever.
const MAX_BYTES_AFTER_END: usize = 1 << 20;

/// First commands of a run whose wait for a CPU is looked up at their end, and every so many after them: it takes a
/// system call or two.
const PROFILED: u64 = 32;

/// Share of a command's CPU time that its own process has used, below which others of its processes matter.
const OWN_SHARE: f64 = 0.8;

/// Running commands whose CPU time is looked up at a time: a sample, because each takes some system calls.
const SAMPLED: usize = 16;

/// One of the two streams of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Receives the output of commands while they run.
pub(crate) trait LiveOutput: Sync {
    /// Takes whole lines, or the rest of a stream that has ended.
    fn lines(&self, item: &JobItem, stream: Stream, bytes: &[u8]);
}

/// The way to handle output while a command runs.
#[derive(Clone, Copy)]
pub(crate) enum OutputPath<'a> {
    /// Keeps the output until the end.
    Kept,
    /// Passes lines on as they come.
    Live(&'a dyn LiveOutput),
    /// Lets the command write to the streams of this process.
    Inherited,
}

/// Everything that attempts share.
pub(crate) struct Attempts<'a> {
    /// The command line.
    pub(crate) template: &'a CommandTemplate,
    /// The path of the program, if it is the same for every item.
    pub(crate) program: Option<PathBuf>,
    /// The directory for large outputs.
    pub(crate) scratch: &'a Path,
    /// The commands that are running.
    pub(crate) running: &'a Running,
    /// The way of the output.
    pub(crate) output: OutputPath<'a>,
    /// The thread that kills what takes too long; started when it is needed.
    pub(crate) deadlines: OnceLock<DeadlineKeeper>,
    /// Commands that were started.
    pub(crate) started: AtomicU64,
    /// The time that commands needed for themselves, of some of them.
    pub(crate) own: OwnTimes,
}

impl Runner for Attempts<'_> {
    fn run(&self, item: &JobItem, slot: usize, limit: Option<Duration>) -> Attempt {
        let (started, begun) = (SystemTime::now(), awake_now());
        let mut sink = Sink::new(self, item);
        let (ending, cpu_s) = match self.start(item, slot) {
            Ok((pid, streams)) => self.follow(pid, streams, begun, &mut sink, limit),
            Err(error) => (cannot_start(&error), None),
        };
        Attempt {
            ending,
            started,
            seconds: awake_since(begun).as_secs_f64(),
            cpu_s,
            output: sink.output,
            value: None,
            retry_after: None,
        }
    }

    fn stop_all(&self) {
        self.running.stop_all();
    }

    fn stop_youngest(&self) -> bool {
        self.running.stop_youngest()
    }

    fn own_time(&self) -> Option<OwnTime> {
        self.own.total()
    }

    fn running_cpu_s(&self, running: usize) -> f64 {
        let pids = self.running.oldest(SAMPLED);
        if pids.is_empty() {
            return 0.0;
        }
        let of_tree = |pid: &u32| -> f64 {
            let tree = std::iter::once(*pid).chain(descendants(*pid));
            tree.filter_map(process_cpu).map(|cpu| cpu.as_secs_f64()).sum()
        };
        let sampled: f64 = pids.iter().map(of_tree).sum();
        // The others are taken to be as those that were looked at.
        sampled * running.max(pids.len()) as f64 / pids.len() as f64
    }
}

impl Attempts<'_> {
    /// Starts the command; returns its ID and the streams to read its output from.
    fn start(&self, item: &JobItem, slot: usize) -> io::Result<(u32, [Option<File>; 2])> {
        let words = self.template.render(Rendered { item: &item.bytes, number: item.number, slot });
        let words: Vec<OsString> = words.collect();
        let program = match &self.program {
            Some(path) => path.as_os_str(),
            None => words.first().map(OsString::as_os_str).unwrap_or_default(),
        };
        let stdin = Some(null()?);
        if matches!(self.output, OutputPath::Inherited) {
            let pid = Launch { program, words: &words, streams: [stdin, None, None] }.start()?;
            return Ok((pid, [None, None]));
        }
        let ((stdout, out), (stderr, err)) = (io::pipe()?, io::pipe()?);
        let streams = [stdin, Some(out.as_fd()), Some(err.as_fd())];
        let pid = Launch { program, words: &words, streams }.start()?;
        Ok((pid, [OwnedFd::from(stdout), OwnedFd::from(stderr)].map(|stream| Some(File::from(stream)))))
    }

    /// Learns from a command that has ended how it spent its time.
    fn learn(&self, seconds: f64, stat: Schedstat, cpu_s: f64) {
        if (stat.run_ns as f64) * 1e-9 < OWN_SHARE * cpu_s {
            self.own.note_unseen();
        }
        self.own.add(seconds - stat.wait_ns as f64 * 1e-9, cpu_s);
    }

    fn follow(
        &self,
        pid: u32,
        streams: [Option<File>; 2],
        begun: Instant,
        sink: &mut Sink<'_>,
        limit: Option<Duration>,
    ) -> (Ending, Option<f64>) {
        let ticket = self.running.add(pid);
        let watch = limit
            .map(|limit| self.deadlines.get_or_init(DeadlineKeeper::new).watch(pid, Instant::now() + limit));
        drain(pid, streams, sink);
        sink.end();
        // Waits without reaping: the number belongs to the child until nobody would kill it any more. A failure
        // shows when it is reaped.
        let _ = wait_for_end(pid);
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let is_profiled = number < PROFILED || number.is_multiple_of(PROFILED);
        let stat = if is_profiled { procfs::schedstat(pid, pid) } else { None };
        let seconds = awake_since(begun).as_secs_f64();
        let stopped = self.running.remove(ticket);
        let is_late = watch.is_some_and(|watch| watch.end());
        match reap(pid) {
            Ok(reaped) => {
                stat.into_iter().for_each(|stat| self.learn(seconds, stat, reaped.cpu.total_s()));
                (conclude(reaped, stopped, is_late, sink), Some(reaped.cpu.total_s()))
            }
            Err(error) => (Ending::Broken(format!("its end is unknown: {error}")), None),
        }
    }
}

fn conclude(reaped: Reaped, stopped: Option<Stopped>, is_late: bool, sink: &mut Sink<'_>) -> Ending {
    if let Some(error) = sink.failure.take() {
        return Ending::Broken(format!("its output cannot be kept: {error}"));
    }
    match (reaped.status.code(), stopped) {
        (Some(0), _) => Ending::Exited(0),
        (_, Some(Stopped::Ended)) => Ending::Stopped,
        (_, Some(Stopped::Memory)) => Ending::Requeued,
        _ if is_late => Ending::TimedOut,
        (Some(code), None) => Ending::Exited(code),
        (None, None) => Ending::Signaled(reaped.status.signal().unwrap_or_default()),
    }
}

fn cannot_start(error: &io::Error) -> Ending {
    match error.raw_os_error() {
        Some(libc::EAGAIN | libc::EMFILE | libc::ENFILE | libc::ENOMEM) => {
            Ending::Exhausted(format!("cannot be started: {error}"))
        }
        _ => Ending::Broken(format!("cannot be started: {error}")),
    }
}

/// Reads both streams until they end, or until the process has ended and nothing is left in them.
fn drain(pid: u32, mut streams: [Option<File>; 2], sink: &mut Sink<'_>) {
    let mut buffer = vec![0; READ_BYTES];
    let mut end: Option<OwnedFd> = None;
    let mut is_short = true;
    let mut after_end = 0;
    while streams.iter().any(Option::is_some) && after_end < MAX_BYTES_AFTER_END {
        let patience = if is_short { PollTimeout::try_from(SHORT).ok() } else { None };
        let Some([ready_out, ready_err, has_ended]) =
            wait_for(&streams, end.as_ref(), patience.unwrap_or(PollTimeout::NONE))
        else {
            continue;
        };
        if !(ready_out || ready_err || has_ended) {
            is_short = false;
            end = end_of(pid);
            continue;
        }
        if has_ended && !ready_out && !ready_err {
            return;
        }
        for (i, is_ready) in [ready_out, ready_err].into_iter().enumerate() {
            let Some(file) = streams[i].as_mut().filter(|_| is_ready) else { continue };
            match file.read(&mut buffer) {
                Ok(0) => streams[i] = None,
                Ok(length) => {
                    after_end += if has_ended { length } else { 0 };
                    sink.take(if i == 0 { Stream::Stdout } else { Stream::Stderr }, &buffer[..length]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => streams[i] = None,
            }
        }
    }
}

/// Waits until a stream can be read or the process has ended; all false after the timeout.
fn wait_for(streams: &[Option<File>; 2], end: Option<&OwnedFd>, timeout: PollTimeout) -> Option<[bool; 3]> {
    let descriptors =
        [streams[0].as_ref().map(AsFd::as_fd), streams[1].as_ref().map(AsFd::as_fd), end.map(AsFd::as_fd)];
    let mut polled: Vec<PollFd<'_>> =
        descriptors.iter().flatten().map(|fd| PollFd::new(*fd, PollFlags::POLLIN)).collect();
    // An interrupted call is made again; it has no other failure that would go away.
    poll(&mut polled, timeout).ok()?;
    let mut states = polled.iter().map(|fd| fd.any().unwrap_or(true));
    Some(descriptors.map(|fd| fd.is_some() && states.next().unwrap_or(false)))
}

/// The output of one command on its way.
struct Sink<'a> {
    output: Output,
    path: OutputPath<'a>,
    item: &'a JobItem,
    scratch: &'a std::path::Path,
    /// Beginnings of lines that have no end yet.
    open: [Vec<u8>; 2],
    failure: Option<io::Error>,
}

impl<'a> Sink<'a> {
    fn new(attempts: &Attempts<'a>, item: &'a JobItem) -> Self {
        Sink {
            output: Output::default(),
            path: attempts.output,
            item,
            scratch: attempts.scratch,
            open: [Vec::new(), Vec::new()],
            failure: None,
        }
    }

    fn take(&mut self, stream: Stream, bytes: &[u8]) {
        if let OutputPath::Live(live) = self.path {
            self.pass_lines(live, stream, bytes);
            return;
        }
        let stored = match stream {
            Stream::Stdout => &mut self.output.stdout,
            Stream::Stderr => &mut self.output.stderr,
        };
        // After a failure the rest is read and dropped, so that the command is not left waiting.
        if self.failure.is_none() {
            self.failure = stored.append(bytes, self.scratch).err();
        }
    }

    fn pass_lines(&mut self, live: &dyn LiveOutput, stream: Stream, bytes: &[u8]) {
        let open = &mut self.open[usize::from(stream == Stream::Stderr)];
        open.extend_from_slice(bytes);
        if let Some(last) = open.iter().rposition(|byte| *byte == b'\n') {
            let rest = open.split_off(last + 1);
            live.lines(self.item, stream, open);
            *open = rest;
        }
    }

    /// Passes on what is left of the last lines.
    fn end(&mut self) {
        let OutputPath::Live(live) = self.path else { return };
        for (open, stream) in self.open.iter_mut().zip([Stream::Stdout, Stream::Stderr]) {
            if !open.is_empty() {
                live.lines(self.item, stream, open);
                open.clear();
            }
        }
    }
}

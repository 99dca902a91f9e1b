//! A workload as plain data: what every way of writing one is read into.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::workload::item::Items;

/// A named unit of work repeated over items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// The name shown and stored.
    pub name: String,
    /// One line for `conc list`.
    pub description: String,
    /// Where the workload came from.
    pub source: Source,
    /// What the tasks run over; one task per item.
    pub items: Items,
    /// What bounds the run.
    pub limits: Limits,
    /// What happens when a step fails; `None` means that it just fails.
    pub retry: Option<Retry>,
    /// The loopback server that steps with a `fixture:` URL talk to.
    pub fixture: Option<FixtureSpec>,
    /// What one task does, in order.
    pub steps: Vec<StepSpec>,
}

/// Where a workload came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Embedded in the binary.
    Sample,
    /// A TOML file.
    File,
    /// A command line after `--`.
    Command,
    /// `--cpu` and `--wait`.
    Inline,
    /// A Python callable.
    Python,
}

impl Source {
    /// The word users see.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Sample => "sample",
            Source::File => "file",
            Source::Command => "command",
            Source::Inline => "inline",
            Source::Python => "python",
        }
    }
}

/// What bounds a run; `None` means unbounded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Tasks in flight at the most, whatever the width.
    pub max_in_flight: Option<usize>,
    /// Attempts of waiting work started per second, first tries and retries alike.
    pub rate_per_s: Option<f64>,
    /// How long one task may take, retries included.
    pub timeout: Option<Duration>,
    /// Resident bytes of the whole run, all processes together.
    pub memory: Option<u64>,
}

/// Retrying a step that failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// Retries after the first attempt.
    pub max: u32,
    /// How the pause grows.
    pub backoff: Backoff,
    /// The pause before jitter, for the first retry.
    pub base: Duration,
}

/// How the pause between attempts grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Backoff {
    /// Doubled each time.
    Exponential,
    /// The same each time.
    Constant,
}

/// What the embedded server does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FixtureSpec {
    /// How long it takes to answer.
    pub latency: Latency,
    /// Bytes in the body of an answer.
    pub body: u64,
    /// Share of requests answered with status 503, from 0 to 1.
    pub error_rate: f64,
    /// Requests served at once; others queue. `None` means any number.
    pub capacity: Option<usize>,
}

impl Default for FixtureSpec {
    fn default() -> Self {
        FixtureSpec {
            latency: Latency { median: Duration::ZERO, p99: Duration::ZERO },
            body: 1024,
            error_rate: 0.0,
            capacity: None,
        }
    }
}

/// A log-normal latency, given by two of its quantiles; equal ones mean a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// Half the answers take longer.
    pub median: Duration,
    /// One answer in a hundred takes longer.
    pub p99: Duration,
}

/// One part of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum StepSpec {
    /// Compute.
    Cpu(CpuSpec),
    /// Wait for a time.
    Sleep(SleepSpec),
    /// Ask an HTTP server.
    Http(HttpSpec),
    /// Talk to a WebSocket server.
    WebSocket(WebSocketSpec),
    /// Read a file.
    Read(ReadSpec),
    /// Write a file.
    Write(WriteSpec),
    /// Run a SQL statement.
    Sqlite(SqliteSpec),
    /// Hold a shared mutex for a time.
    Lock(LockSpec),
    /// Run a program.
    Command(CommandSpec),
    /// Call something in an interpreter.
    Python(PythonSpec),
}

/// A computation by one of the kernels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CpuSpec {
    /// Which algorithm.
    pub kernel: Kernel,
    /// CPU time asked for, on this machine when nothing else runs.
    pub work: Duration,
    /// How many iterations of the kernel that is; `None` until calibrated.
    pub iterations: Option<u64>,
}

impl CpuSpec {
    /// Whether what is computed is what was asked for, but for a few percent of rounding to whole iterations.
    pub fn is_exact(&self) -> bool {
        self.iterations.is_none_or(|count| count >= 10)
    }
}

/// The algorithms a `cpu` step can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kernel {
    /// Hash blocks.
    Sha256,
    /// Sort integers.
    Sort,
    /// Count primes.
    Primes,
    /// Multiply matrices.
    Matmul,
    /// Compress text with DEFLATE.
    Compress,
    /// Parse JSON.
    JsonParse,
    /// Tokenise HTML.
    HtmlParse,
    /// Stream through memory larger than the caches.
    Memory,
}

impl Kernel {
    /// Every kernel, in the order of the documentation.
    pub const ALL: [Kernel; 8] = [
        Kernel::Sha256,
        Kernel::Sort,
        Kernel::Primes,
        Kernel::Matmul,
        Kernel::Compress,
        Kernel::JsonParse,
        Kernel::HtmlParse,
        Kernel::Memory,
    ];

    /// The name in workload files.
    pub fn as_str(self) -> &'static str {
        match self {
            Kernel::Sha256 => "sha256",
            Kernel::Sort => "sort",
            Kernel::Primes => "primes",
            Kernel::Matmul => "matmul",
            Kernel::Compress => "compress",
            Kernel::JsonParse => "json-parse",
            Kernel::HtmlParse => "html-parse",
            Kernel::Memory => "memory",
        }
    }
}

/// A pause, as a timer or a remote service would cause it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SleepSpec {
    /// How long.
    pub duration: Duration,
}

/// One HTTP request; an answer of 400 or above is a failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpSpec {
    /// The address; `{item}` stands for the item, `fixture:/path` for the embedded server.
    pub url: String,
    /// `GET` or `POST` and so on.
    pub method: String,
    /// Bytes to send, if any; `{item}` is replaced.
    pub body: Option<String>,
    /// Whether connections are kept and used again.
    pub pool: bool,
}

/// One conversation over WebSocket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WebSocketSpec {
    /// The address; `{item}` stands for the item, `fixture:/path` for the embedded server.
    pub url: String,
    /// Messages sent per task.
    pub messages: u32,
    /// Bytes per message.
    pub size: u64,
    /// Subscribers that each must receive every message; with 0 the server echoes to the sender.
    pub subscribers: u32,
}

/// Reads a file to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadSpec {
    /// The file; `{item}` is replaced.
    pub path: String,
}

/// Writes a file anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WriteSpec {
    /// The file; `{item}` is replaced. `None` means a temporary one per worker, removed at the end.
    pub path: Option<String>,
    /// Bytes written.
    pub size: u64,
    /// Whether to wait until the device has it.
    pub fsync: bool,
}

/// Runs one SQL statement against a database in WAL mode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SqliteSpec {
    /// The database; `None` means a temporary one, shared by all workers of a batch.
    pub path: Option<PathBuf>,
    /// Statements run once, before the first task.
    pub setup: Option<String>,
    /// The statement of each task; `?1` is bound to the item.
    pub query: String,
    /// Whether the statement writes, and so needs the one writer's lock.
    pub writes: bool,
}

/// Holds a mutex that all tasks share, in whatever process they run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LockSpec {
    /// Which mutex; steps of the same name share one.
    pub name: String,
    /// How long it is held.
    pub hold: Duration,
}

/// Runs a program to its end; a status other than 0 is a failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommandSpec {
    /// Program and arguments; `{item}` is replaced in each.
    pub argv: Vec<String>,
    /// Whether a status other than 0 counts as success.
    pub ignore_failure: bool,
}

/// Calls a Python callable with the item, or with what the step before it returned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PythonSpec {
    /// The file it is in; `None` where `module` is imported by name.
    pub file: Option<PathBuf>,
    /// The module it is in.
    pub module: String,
    /// Its name, dotted where it is an attribute of a class.
    pub callable: String,
    /// The coroutine function that does the same, where it is not called `callable` and `_async`.
    pub async_callable: Option<String>,
    /// Whether the items are those that the module offers as `items`.
    pub own_items: bool,
}

/// What a step asks of the one who schedules it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// Uses a CPU all the time.
    Cpu,
    /// Waits, and can be awaited.
    Awaitable,
    /// Waits, but only a thread can wait for it; an event loop goes through the blocking pool.
    Blocking,
    /// Runs in a process of its own, whose nature only a profile can tell.
    Foreign,
    /// Runs in an interpreter, and only a profile can tell what it does there.
    Interpreted,
}

impl StepSpec {
    /// The kind as written in workload files.
    pub fn kind(&self) -> &'static str {
        match self {
            StepSpec::Cpu(_) => "cpu",
            StepSpec::Sleep(_) => "sleep",
            StepSpec::Http(_) => "http",
            StepSpec::WebSocket(_) => "websocket",
            StepSpec::Read(_) => "read",
            StepSpec::Write(_) => "write",
            StepSpec::Sqlite(_) => "sqlite",
            StepSpec::Lock(_) => "lock",
            StepSpec::Command(_) => "command",
            StepSpec::Python(_) => "python",
        }
    }

    /// What the step is about, for messages: its kind and what it talks to, the same for every item.
    pub fn subject(&self) -> String {
        let object = match self {
            StepSpec::Http(http) => Some(http.url.as_str()),
            StepSpec::WebSocket(ws) => Some(ws.url.as_str()),
            StepSpec::Read(read) => Some(read.path.as_str()),
            StepSpec::Write(write) => write.path.as_deref(),
            StepSpec::Command(command) => command.argv.first().map(String::as_str),
            StepSpec::Python(python) => Some(python.callable.as_str()),
            StepSpec::Cpu(_) | StepSpec::Sleep(_) | StepSpec::Sqlite(_) | StepSpec::Lock(_) => None,
        };
        object.map_or_else(|| self.kind().to_owned(), |object| format!("{} {object}", self.kind()))
    }

    /// What the step asks of the one who schedules it.
    pub fn nature(&self) -> Nature {
        match self {
            StepSpec::Cpu(_) => Nature::Cpu,
            StepSpec::Sleep(_) | StepSpec::Http(_) | StepSpec::WebSocket(_) | StepSpec::Lock(_) => {
                Nature::Awaitable
            }
            StepSpec::Read(_) | StepSpec::Write(_) | StepSpec::Sqlite(_) => Nature::Blocking,
            StepSpec::Command(_) => Nature::Foreign,
            StepSpec::Python(_) => Nature::Interpreted,
        }
    }

    /// What lets only one task at a time through this step, if anything does.
    pub fn serialised_by(&self) -> Option<&'static str> {
        match self {
            StepSpec::Lock(_) => Some("a shared lock"),
            StepSpec::Sqlite(spec) if spec.writes => Some("SQLite's single writer"),
            _ => None,
        }
    }
}

impl Workload {
    /// How many tasks one run of the workload has.
    pub fn tasks(&self) -> u64 {
        self.items.len()
    }

    /// The iterations of each `cpu` step that has been calibrated, in order.
    pub fn iterations(&self) -> Vec<u64> {
        let of = |step: &StepSpec| match step {
            StepSpec::Cpu(cpu) => cpu.iterations,
            _ => None,
        };
        self.steps.iter().filter_map(of).collect()
    }

    /// Has each `cpu` step do as many iterations as [`iterations`](Self::iterations) said before, if there
    /// are as many steps.
    pub fn set_iterations(&mut self, iterations: &[u64]) {
        let steps = self.steps.iter_mut().filter_map(|step| match step {
            StepSpec::Cpu(cpu) => Some(cpu),
            _ => None,
        });
        let steps: Vec<_> = steps.collect();
        if steps.len() == iterations.len() {
            steps.into_iter().zip(iterations).for_each(|(cpu, count)| cpu.iterations = Some(*count));
        }
    }

    /// Tells one definition from another: a hash of all but the name, the description and what was
    /// calibrated. Of a command only the items count: it is the command that is meant to change.
    pub fn definition(&self) -> String {
        let mut bare = Workload { name: String::new(), description: String::new(), ..self.clone() };
        for step in &mut bare.steps {
            match step {
                StepSpec::Cpu(cpu) => cpu.iterations = None,
                StepSpec::Command(command) => command.argv.clear(),
                _ => {}
            }
        }
        let text = serde_json::to_vec(&bare).expect("a workload is plain data");
        format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&text))
    }

    /// Which steps the rate limit counts: those that ask something of others; where none does, the
    /// first, so that it counts tasks.
    pub fn rated_steps(&self) -> Vec<bool> {
        self.rated_unless(&[])
    }

    /// The same where a profile told which steps compute; `computes` may be empty.
    pub fn rated_unless(&self, computes: &[bool]) -> Vec<bool> {
        let waits = |(i, step): (usize, &StepSpec)| {
            step.nature() != Nature::Cpu && !computes.get(i).copied().unwrap_or(false)
        };
        let waiting: Vec<bool> = self.steps.iter().enumerate().map(waits).collect();
        if waiting.contains(&true) { waiting } else { (0..waiting.len()).map(|i| i == 0).collect() }
    }

    /// Whether the tasks are commands, which run in processes of their own.
    pub fn runs_commands(&self) -> bool {
        self.steps.iter().any(|s| matches!(s, StepSpec::Command(_)))
    }

    /// Whether the tasks run in a Python interpreter; then all of their steps do.
    pub fn runs_python(&self) -> bool {
        self.steps.iter().any(|s| matches!(s, StepSpec::Python(_)))
    }

    /// Whether any step needs the embedded server; a callable may if the workload says what it is like.
    pub fn needs_fixture(&self) -> bool {
        self.steps.iter().any(|step| match step {
            StepSpec::Http(http) => http.url.starts_with("fixture:"),
            StepSpec::WebSocket(ws) => ws.url.starts_with("fixture:"),
            StepSpec::Python(_) => self.fixture.is_some(),
            _ => false,
        })
    }
}

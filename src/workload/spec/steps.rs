//! The kinds of steps, and the properties of a step that planning and advice depend on.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Prefix of addresses that mean the embedded server.
pub(crate) const EMBEDDED_SERVER: &str = "fixture:";

/// Iterations from which rounding changes the work of a `cpu` step by no more than 5%.
const MIN_EXACT_ITERATIONS: u64 = 10;

/// A step of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum StepSpec {
    /// Computes.
    Cpu(CpuSpec),
    /// Waits for a fixed time.
    Sleep(SleepSpec),
    /// Sends a request to an HTTP server.
    Http(HttpSpec),
    /// Talks to a WebSocket server.
    WebSocket(WebSocketSpec),
    /// Reads a file.
    Read(ReadSpec),
    /// Writes a file.
    Write(WriteSpec),
    /// Runs a SQL statement.
    Sqlite(SqliteSpec),
    /// Holds a shared mutex for a fixed time.
    Lock(LockSpec),
    /// Runs a program.
    Command(CommandSpec),
    /// Calls a Python callable in an interpreter.
    Python(PythonSpec),
}

/// A computation by one of the kernels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CpuSpec {
    /// The algorithm.
    pub kernel: Kernel,
    /// The requested CPU time on this machine when nothing else runs.
    pub work: Duration,
    /// Iterations of the kernel that take `work`; `None` until calibrated.
    pub iterations: Option<u64>,
}

impl CpuSpec {
    /// Returns true if rounding to whole iterations changes the work by a few percent at most.
    pub fn is_exact(&self) -> bool {
        self.iterations.is_none_or(|count| count >= MIN_EXACT_ITERATIONS)
    }
}

/// The algorithms that a `cpu` step can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kernel {
    /// Hashes blocks.
    Sha256,
    /// Sorts integers.
    Sort,
    /// Counts primes.
    Primes,
    /// Multiplies matrices.
    Matmul,
    /// Compresses text with DEFLATE.
    Compress,
    /// Parses JSON.
    JsonParse,
    /// Tokenises HTML.
    HtmlParse,
    /// Reads memory that is larger than the caches.
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

    /// Returns the name in workload files.
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
    /// The length of the pause.
    pub duration: Duration,
}

/// An HTTP request; an answer of 400 or above is a failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpSpec {
    /// The address; `{item}` stands for the item, `fixture:/path` for the embedded server.
    pub url: String,
    /// The method, such as `GET` or `POST`.
    pub method: String,
    /// The body of the request, if any; `{item}` is replaced.
    pub body: Option<String>,
    /// True if connections are kept and reused.
    pub pool: bool,
}

/// A conversation over WebSocket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WebSocketSpec {
    /// The address; `{item}` stands for the item, `fixture:/path` for the embedded server.
    pub url: String,
    /// Messages sent per task.
    pub messages: u32,
    /// Bytes per message.
    pub size: u64,
    /// Subscribers that must each receive every message; with 0 the server echoes to the sender.
    pub subscribers: u32,
}

/// Reading a file to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadSpec {
    /// The file; `{item}` is replaced.
    pub path: String,
}

/// Writing a new file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WriteSpec {
    /// The file; `{item}` is replaced. `None` means a temporary file per worker, removed at the end.
    pub path: Option<String>,
    /// Bytes written.
    pub size: u64,
    /// True if the step waits until the data is on the device.
    pub fsync: bool,
}

/// A SQL statement against a database in WAL mode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SqliteSpec {
    /// The database; `None` means a temporary database that all workers of a batch share.
    pub path: Option<PathBuf>,
    /// Statements run once, before the first task.
    pub setup: Option<String>,
    /// The statement of each task; `?1` is bound to the item.
    pub query: String,
    /// True if the statement writes, and so needs the lock of the single writer.
    pub writes: bool,
}

/// Holding a mutex that all tasks share, whatever process they run in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LockSpec {
    /// The name of the mutex; steps with the same name share one.
    pub name: String,
    /// The time the mutex is held.
    pub hold: Duration,
}

/// Running a program to its end; a status other than 0 is a failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommandSpec {
    /// The program and its arguments; `{item}` is replaced in each.
    pub argv: Vec<String>,
    /// True if a status other than 0 counts as success.
    pub ignore_failure: bool,
}

/// A call of a Python callable with the item, or with the return value of the step before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PythonSpec {
    /// The file that defines the callable; `None` if `module` is imported by name.
    pub file: Option<PathBuf>,
    /// The module that defines the callable.
    pub module: String,
    /// The name of the callable, dotted if it is an attribute of a class.
    pub callable: String,
    /// The coroutine function that does the same, unless its name is `callable` followed by `_async`.
    pub async_callable: Option<String>,
    /// The items that are taken from the module.
    pub own_items: OwnItems,
}

/// The items that a workload takes from the module of its callable, which defines them as `items`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnItems {
    /// None: the workload has items of its own.
    #[default]
    None,
    /// As many as there are.
    All,
    /// So many from the first on; there may be more, even without end.
    First(u64),
}

/// The demands of a step on its scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepNature {
    /// The step uses a CPU all the time.
    Cpu,
    /// The step waits, and an event loop can await it.
    Awaitable,
    /// The step waits, but only a thread can wait for it; an event loop uses its blocking pool.
    Blocking,
    /// The step runs in a process of its own, and only a profile can tell what it does there.
    Foreign,
    /// The step runs in an interpreter, and only a profile can tell what it does there.
    Interpreted,
}

impl StepSpec {
    /// Returns the kind as written in workload files.
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

    /// Returns the kind and the object of the step, such as "http fixture:/page", for messages.
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

    /// Returns the demands of the step on its scheduler.
    pub fn nature(&self) -> StepNature {
        match self {
            StepSpec::Cpu(_) => StepNature::Cpu,
            StepSpec::Sleep(_) | StepSpec::Http(_) | StepSpec::WebSocket(_) | StepSpec::Lock(_) => {
                StepNature::Awaitable
            }
            StepSpec::Read(_) | StepSpec::Write(_) | StepSpec::Sqlite(_) => StepNature::Blocking,
            StepSpec::Command(_) => StepNature::Foreign,
            StepSpec::Python(_) => StepNature::Interpreted,
        }
    }

    /// Returns true for a computation by a kernel.
    pub fn is_computation(&self) -> bool {
        matches!(self, StepSpec::Cpu(_))
    }

    /// Returns true for an HTTP request.
    pub fn is_request(&self) -> bool {
        matches!(self, StepSpec::Http(_))
    }

    /// Returns true for a pause that a timer ends.
    pub fn is_timer(&self) -> bool {
        matches!(self, StepSpec::Sleep(_))
    }

    /// Returns true if the step reads a file.
    pub fn is_read(&self) -> bool {
        matches!(self, StepSpec::Read(_))
    }

    /// Returns true if the step keeps its connection for the next task.
    pub fn keeps_connection(&self) -> bool {
        matches!(self, StepSpec::Http(http) if http.pool)
    }

    /// Returns true if the step talks to the embedded server.
    pub fn uses_embedded_server(&self) -> bool {
        match self {
            StepSpec::Http(http) => http.url.starts_with(EMBEDDED_SERVER),
            StepSpec::WebSocket(ws) => ws.url.starts_with(EMBEDDED_SERVER),
            _ => false,
        }
    }

    /// Returns the number of descriptors that one task in flight holds for the step.
    pub fn descriptors(&self) -> u64 {
        match self {
            StepSpec::Cpu(_) | StepSpec::Sleep(_) => 0,
            StepSpec::Http(_) | StepSpec::Read(_) | StepSpec::Write(_) | StepSpec::Lock(_) => 1,
            StepSpec::WebSocket(ws) => 1 + u64::from(ws.subscribers),
            // The database, its write-ahead log and the index of the log.
            StepSpec::Sqlite(_) => 3,
            // Two files for output, and both again while the program is started.
            StepSpec::Command(_) => 4,
            // Nothing is known of the callable; most likely it has one connection.
            StepSpec::Python(_) => 1,
        }
    }

    /// Returns the resource that lets only one task at a time through the step, if there is one.
    pub fn serialised_by(&self) -> Option<&'static str> {
        match self {
            StepSpec::Lock(_) => Some("a shared lock"),
            StepSpec::Sqlite(spec) if spec.writes => Some("SQLite's single writer"),
            _ => None,
        }
    }

    /// Returns true if both steps pass through the same lock, or write to the same database.
    pub fn shares_serial_resource_with(&self, other: &StepSpec) -> bool {
        match (self, other) {
            (StepSpec::Lock(a), StepSpec::Lock(b)) => a.name == b.name,
            (StepSpec::Sqlite(a), StepSpec::Sqlite(b)) => a.path == b.path && b.writes,
            _ => false,
        }
    }

    /// Returns the computation, if the step is one.
    pub fn as_cpu(&self) -> Option<&CpuSpec> {
        if let StepSpec::Cpu(spec) = self { Some(spec) } else { None }
    }

    /// Returns the command, if the step is one.
    pub fn as_command(&self) -> Option<&CommandSpec> {
        if let StepSpec::Command(spec) = self { Some(spec) } else { None }
    }

    /// Returns the Python callable, if the step calls one.
    pub fn as_python(&self) -> Option<&PythonSpec> {
        if let StepSpec::Python(spec) = self { Some(spec) } else { None }
    }
}

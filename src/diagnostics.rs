//! Error and warning codes: what each means, what causes it and what to do about it.
//!
//! Every failure `conc` reports carries one of these, so that a script can match on it and
//! `conc explain CODE` can say more than fits beside a table.

use serde::{Deserialize, Serialize};

/// One entry of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The stable name, such as `E-ASYNC-005`.
    pub code: Code,
    /// What happened, in a few words.
    pub title: &'static str,
    /// Why it usually happens.
    pub cause: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

macro_rules! catalogue {
    ($($variant:ident = $name:literal, $title:literal, $cause:literal, $remedy:literal;)*) => {
        /// A stable error or warning code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
        pub enum Code {
            $(#[doc = $title] #[serde(rename = $name)] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the catalogue.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The stable name, such as `E-ASYNC-005`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// What the code means, what causes it and what to do.
            pub fn entry(self) -> Entry {
                match self {
                    $(Code::$variant => Entry { code: self, title: $title, cause: $cause, remedy: $remedy },)*
                }
            }
        }
    };
}

catalogue! {
    AsyncEventLoop = "E-ASYNC-001", "event loop error",
        "A coroutine or an asynchronous call ran where no event loop was running, or inside another one. \
         In Python: asyncio.run() in a coroutine, get_running_loop() in a plain function or a thread, a \
         loop that was closed, or a lock, queue or client made on one loop and used on another.",
        "Start one event loop at the top of the program and await everything below it. In Python: one \
         asyncio.run(), with locks, queues and clients made inside it; from other threads \
         asyncio.run_coroutine_threadsafe().";
    AsyncNotAwaited = "E-ASYNC-002", "coroutine not awaited",
        "A coroutine was created and dropped without being awaited, so its work never ran. In Python: an \
         async function called without await, or its result used as if it were the value.",
        "Await it, or hand it to a task group.";
    AsyncCancelled = "E-ASYNC-003", "task cancelled",
        "A task was still running when the run was stopped or its deadline passed. In Python: what \
         create_task() started and nobody awaits is cancelled when the loop ends, and its exception is \
         lost.",
        "Give the run more time, or set a timeout per task so that slow tasks end on their own. In \
         Python: start tasks in a TaskGroup, which waits for them, and let CancelledError through.";
    AsyncDeadlock = "E-ASYNC-004", "deadlock detected",
        "Every task waits for another one and no CPU is used. In Python: locks taken in different orders, \
         one lock taken twice, a queue that nobody fills, or a task of a pool that waits for another task \
         of the same pool.",
        "Take locks in one order, and never hold one while waiting for a task that needs it. In Python: \
         take them with `with` or `async with`, and give waits a limit (asyncio.wait_for).";
    AsyncExhausted = "E-ASYNC-005", "resource exhaustion",
        "The process ran out of file descriptors, threads or memory, or will: tasks leave something open. \
         In Python: EMFILE, MemoryError, \"can't start new thread\", or a ResourceWarning about a file, a \
         socket or a process that was not closed.",
        "Use a smaller width, or raise the limit that is named beside the error. In Python: open files, \
         connections and pools with `with` or `async with`, so that they are closed whatever happens.";
    AsyncBlocked = "E-ASYNC-006", "event loop blocked",
        "A line of a coroutine keeps the event loop from running anything else: it waits without await, \
         or computes. In Python: time.sleep(), a blocking client such as requests, a file, a long loop.",
        "Await an asynchronous form of it; else give it away: asyncio.to_thread() for what waits, a \
         process pool for what computes.";
    PoolWorkerDied = "E-POOL-001", "worker process died",
        "A process that runs tasks ended before it answered. The message says how: by which signal, or with \
         which exit status.",
        "After SIGSEGV, SIGABRT or SIGBUS, look for a bug in native code. After SIGKILL, look for the \
         out-of-memory killer in the system log and use fewer processes. After an exit status, find what \
         in the task ends its process.";
    PoolStart = "E-POOL-002", "strategy could not start",
        "A thread, a process or a runtime that the strategy needs could not be created.",
        "Use a smaller width, or raise the limit that is named beside the error.";
    PoolDigest = "E-POOL-003", "strategies disagree about the output",
        "The same items gave different outputs under different strategies.",
        "Look for state shared between tasks, or for output that depends on time or order.";
    PoolHung = "E-POOL-004", "batch did not finish in time",
        "A batch ran far beyond its expected time and was stopped.",
        "Set a timeout per task under [limits], or give the run a larger --budget.";
    TaskHttpStatus = "E-TASK-001", "HTTP error status",
        "The server answered with a status of 400 or above.",
        "Retry with backoff ([retry]) where the server is overloaded, else correct the request.";
    TaskNetwork = "E-TASK-002", "network error",
        "The server could not be reached, or the connection broke.",
        "Check the address; with many connections, check the descriptor limit and the server's backlog.";
    TaskTimeout = "E-TASK-003", "task timed out",
        "The task did not end within the timeout of [limits].",
        "Raise the timeout, or use a smaller width: a loaded server answers later.";
    TaskCommand = "E-TASK-004", "command failed",
        "The command exited with a status other than 0, or was killed by a signal.",
        "Run it by hand with one item; use --ignore-failure where failing is expected.";
    TaskIo = "E-TASK-005", "file error",
        "A file could not be read or written.",
        "Check that the path exists, that it may be used, and that the disk has room.";
    TaskSqlite = "E-TASK-006", "SQLite error",
        "A statement failed.",
        "Check the SQL; a busy database means that writers wait for one another longer than the timeout.";
    TaskProtocol = "E-TASK-007", "protocol error",
        "The peer answered something that the protocol does not allow.",
        "Check that the address serves the protocol that the step speaks.";
    TaskPanic = "E-TASK-008", "task panicked",
        "The task panicked, which is an error in conc.",
        "Report it, with the workload file.";
    PythonInterpreter = "E-PYTHON-001", "interpreter cannot be used",
        "There is no such interpreter, it does not start, or it is not CPython 3.9 or newer.",
        "Give the path of one with --python, or activate the virtual environment that has it.";
    PythonImport = "E-PYTHON-002", "module cannot be imported",
        "The module raised an exception, has a syntax error, or did not end being imported.",
        "Import it by hand; what starts work belongs behind `if __name__ == \"__main__\":`.";
    PythonCallable = "E-PYTHON-003", "callable cannot be used",
        "The module has nothing of that name, or it cannot be called with an item.",
        "Name a function or a coroutine function of one argument, as in tasks.py:fetch.";
    PythonRaised = "E-PYTHON-004", "task raised an exception",
        "The callable ended by an exception.",
        "Call it by hand with one item; the message names the line.";
    PythonPickle = "E-PYTHON-005", "value cannot be sent to another process",
        "An item or a result cannot be pickled, as with a lambda, a lock, an open file or a connection.",
        "Return plain data, and make in the worker what cannot be sent.";
    PythonGil = "E-PYTHON-006", "computing under the GIL",
        "Python code that computes holds the lock of the interpreter, so that other threads and the \
         event loop wait.",
        "Compute in processes (ProcessPoolExecutor), with a library that lets go of the lock, or on a \
         free-threaded build.";
    WorkloadSyntax = "E-WORKLOAD-001", "workload file is not valid TOML",
        "The file breaks the syntax of TOML.",
        "Correct the place the message points at.";
    WorkloadKey = "E-WORKLOAD-002", "unknown key",
        "The workload file has a key that means nothing there; usually it is misspelt.",
        "Use one of the keys the message lists; `conc init` prints a commented file with all of them.";
    WorkloadValue = "E-WORKLOAD-003", "invalid value",
        "A value has the wrong type, the wrong unit, or is out of range.",
        "Write durations as \"5ms\" or \"2s\", sizes as \"16KiB\", and counts as positive integers.";
    WorkloadEmpty = "E-WORKLOAD-004", "workload does nothing",
        "There is no step, or there are no tasks.",
        "Add a [[step]] and at least one task.";
    WorkloadItems = "E-WORKLOAD-005", "items cannot be read",
        "The file of items is missing, empty, or not UTF-8.",
        "Check the path; it is relative to the workload file.";
    WorkloadRemote = "E-WORKLOAD-006", "remote address without a limit",
        "The workload would sweep widths against a host that is not this machine.",
        "Set max_in_flight or rate_per_s under [limits] to what the host's owner allows.";
    WorkloadNotFound = "E-WORKLOAD-007", "no such workload",
        "The name is neither a sample nor a file.",
        "See `conc list` for the samples, or give the path of a TOML file.";
    WorkloadUnsupported = "E-WORKLOAD-008", "not supported yet",
        "This version of conc does not run that kind of workload or strategy.",
        "See `conc --help` for what it runs.";
    WorkloadCommand = "E-WORKLOAD-009", "command cannot be run",
        "The program does not exist or may not be executed.",
        "Check the spelling and the PATH; use --shell for shell syntax.";
    WorkloadUnreachable = "E-WORKLOAD-010", "workload fails when run alone",
        "Every task of the first, sequential run failed, so there is nothing to measure.",
        "Correct the failure named beside it; use --ignore-failure where failing is expected.";
    FitData = "E-FIT-001", "measurements cannot be read",
        "The file is neither a table of concurrency and throughput nor a result of conc.",
        "Give a CSV file with the columns concurrency and throughput, or JSON from --export-json.";
    GateResults = "E-GATE-001", "results cannot be compared with",
        "The file is not a result of conc bench, is cut off, or was written by a newer version.",
        "Write it again with conc bench --save-baseline.";
    GateOtherMachine = "E-GATE-002", "results of another machine",
        "The results were measured on another machine, with other CPUs, another kernel or another \
         version, so that a difference may have nothing to do with the workload.",
        "Write the baseline on this machine, compare in one run with --reference, or give \
         --allow-other-machine, with which only large changes are told.";
    GateReference = "E-GATE-003", "the other side cannot be run",
        "The program that was given as reference is no conc, is of a version that runs batches another \
         way, or cannot run this kind of workload.",
        "Give the path of another build of conc, not too far from this one; Python callables are \
         compared with --reference or --baseline.";
    HostFixture = "E-HOST-001", "fixture server could not start",
        "The embedded server could not bind a loopback port or did not become ready.",
        "Check that loopback is up and that ports are free.";
    HostLimit = "E-HOST-002", "width beyond what this machine allows",
        "The width needs more descriptors, threads, processes or memory than there are.",
        "Use the width the message names, or raise the limit (`ulimit -n`, `ulimit -u`).";
    HostContended = "E-HOST-003", "machine is busy",
        "Other programs use the CPUs while conc measures.",
        "Run again when the machine is quieter; intervals are wider until then.";
    HostMemory = "E-HOST-004", "memory limit exceeded",
        "The run used more memory than [limits] memory allows and was stopped.",
        "Use fewer processes or a smaller width, or raise the limit.";
    HostSpawn = "E-HOST-005", "process could not be started",
        "conc could not start a process of its own.",
        "Check the process limit (`ulimit -u`) and the memory that is free.";
    HostProcess = "E-HOST-006", "process cannot be profiled",
        "There is no such process, or it ended before anything was seen of it.",
        "Check the number with `ps`; profile a command that ends soon by `conc profile -- COMMAND`.";
    NoteRepeated = "W-RUN-001", "items are repeated",
        "Cells are compared by running the items of the workload again and again.",
        "Give conc a command that may be repeated without harm, or use --once.";
    NoteBudget = "W-RUN-002", "budget ran out",
        "The budget ended before every cell that can still win was measured well.",
        "Give it a larger --budget, or narrow the search with --strategy and --width.";
    NoteCapped = "W-RUN-003", "width capped",
        "A width that was asked for is above a limit of the workload or the machine.",
        "Raise the limit that is named.";
    NoteInterrupted = "W-RUN-004", "interrupted",
        "The run was interrupted; what is shown was measured before that.",
        "Run it again for the whole answer.";
    NoteSmallKernel = "W-RUN-005", "work smaller than one iteration",
        "The work asked for is less than one iteration of its kernel, so one iteration is run.",
        "Use a larger work, or a kernel with smaller iterations.";
    NoteFailures = "W-RUN-006", "tasks failed",
        "Some tasks failed; they are counted and not part of the throughput.",
        "See the errors of the cell.";
    HookFailed = "E-HOOK-001", "command around the batches failed",
        "The command of --setup, --prepare or --cleanup ended with a status other than 0.",
        "Correct the command; append '|| true' where failing is expected.";
    NoteItemsUsed = "W-RUN-008", "items ran out",
        "With --once no item is run twice, and there were no more before everything was measured.",
        "Give it more items, or fewer cells with --strategy and --width.";
    NotePageCache = "W-RUN-009", "reads come from the page cache",
        "The same files are read again and again, and all but the first time from memory.",
        "Use --once with many files, or empty the cache with --prepare, to see what a disk makes of it.";
    NoteFixtureCpu = "W-RUN-007", "fixture server competes for the CPU",
        "The embedded server runs on the same machine and uses CPU that the workload could use.",
        "Read widths near the CPU limit with care, or measure against a server elsewhere.";
    NoteLeftBehind = "W-RUN-010", "processes left running",
        "The command had ended and processes that it started had not, so they were ended too.",
        "Have the command wait for what it starts; profile what is to go on running by --pid.";
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Code {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Code::ALL
            .iter()
            .copied()
            .find(|c| c.as_str().eq_ignore_ascii_case(s))
            .ok_or_else(|| format!("unknown code '{s}'"))
    }
}

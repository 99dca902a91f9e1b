//! The catalogue of error and warning codes, with the meaning, the cause and the remedy of each.
//!
//! Every failure that `conc` reports carries a code, so that a script can match on it and `conc explain CODE`
//! can say more than fits into a table.

use serde::{Deserialize, Serialize};

/// An entry of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The stable name, such as `E-ASYNC-005`.
    pub code: Code,
    /// The event, in a few words.
    pub title: &'static str,
    /// The usual cause.
    pub cause: &'static str,
    /// The remedy.
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

            /// Returns the stable name, such as `E-ASYNC-005`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// Returns the meaning, the cause and the remedy.
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
         asyncio.run(), with locks, queues and clients created inside it; use \
         asyncio.run_coroutine_threadsafe() from other threads.";
    AsyncNotAwaited = "E-ASYNC-002", "coroutine not awaited",
        "A coroutine was created and dropped without being awaited, so its work never ran. In Python: an \
         async function called without await, or its result used as if it were the value.",
        "Await it, or hand it to a task group.";
    AsyncCancelled = "E-ASYNC-003", "task cancelled",
        "A task was still running when the run was stopped or its deadline passed. In Python: a task that \
         create_task() started and nothing awaits is cancelled when the loop ends, and its exception is \
         lost.",
        "Give the run more time, or set a timeout per task so that slow tasks end on their own. In Python: \
         start tasks in a TaskGroup, which waits for them, and let CancelledError through.";
    AsyncDeadlock = "E-ASYNC-004", "deadlock detected",
        "Every task waits for another one and no CPU is used. In Python: locks taken in different orders, \
         a lock taken twice, a queue that nothing fills, a task of a pool that waits for another task \
         of the same pool, or, after a fork, a lock that another thread held when the process was forked.",
        "Take locks in one order, and never hold one while waiting for a task that needs it. In Python: \
         take them with `with` or `async with`, and set a timeout for waits (asyncio.wait_for). After a fork: start \
         threads after it, or call multiprocessing.set_start_method(\"spawn\") first.";
    AsyncExhausted = "E-ASYNC-005", "resource exhaustion",
        "The process ran out of file descriptors, threads or memory, or is about to: tasks leave something \
         open. In Python: EMFILE, MemoryError, \"can't start new thread\", or a ResourceWarning about a \
         file, a socket or a process that was not closed.",
        "Use a smaller width, or raise the limit that the error names. In Python: open files, connections \
         and pools with `with` or `async with`, so that they are always closed.";
    AsyncBlocked = "E-ASYNC-006", "event loop blocked",
        "A line of a coroutine keeps the event loop from running anything else: it waits without await, or \
         it computes. In Python: time.sleep(), a blocking client such as requests, a file, a long loop.",
        "Await the asynchronous form of the call. If there is none, move it off the loop: \
         asyncio.to_thread() for a call that waits, a process pool for one that computes.";
    AsyncLostUpdate = "E-ASYNC-007", "lost update",
        "A task read a value that tasks share, waited, and wrote back what it made of it; another task had \
         changed the value in between, and that change is gone. In Python: a counter, a balance or a list in a \
         global, an attribute or a dictionary, read before an await (or a blocking call, in threads) and \
         written after it; also `total += await part()`, which reads first.",
        "Read and write without an await in between, or inside one lock that all tasks share. In Python: \
         `async with` an asyncio.Lock, `with` a threading.Lock in threads; or await first and then use +=.";
    AsyncOtherThread = "E-ASYNC-008", "event loop used from another thread",
        "A thread that does not run the event loop set a future, scheduled a callback, or used a queue or an \
         event of the loop. The loop is not woken, so that what waits goes on late or never, and its data may \
         be corrupted.",
        "In Python: loop.call_soon_threadsafe(future.set_result, value), and likewise for queue.put_nowait and \
         event.set; asyncio.run_coroutine_threadsafe(coroutine, loop) instead of create_task; or \
         asyncio.to_thread(), which returns the result by itself.";
    AsyncForeign = "E-ASYNC-009", "coroutine of another library",
        "The callable is written for trio, curio or twisted, and `async` here is asyncio: a coroutine of another \
         library cannot wait on its event loop, a Deferred that is returned has not fired, and the reactor of \
         twisted runs once per process.",
        "Give conc a plain function that runs the coroutine: `def fetch_one(item): return trio.run(fetch, item)`, \
         or curio.run; it is measured in threads and processes. Or write the coroutine with anyio, which runs on \
         asyncio and trio. For twisted, install asyncioreactor and await deferred.asFuture(loop).";
    PoolWorkerDied = "E-POOL-001", "worker process died",
        "A process that runs tasks ended before it answered. The message says how: by which signal, or \
         with which exit status.",
        "After a crash (SIGSEGV, SIGABRT, SIGBUS), look for a bug in native code. After SIGKILL, look whether memory \
         ran out (the system log) and use fewer processes. After another signal, find what sends it, such as \
         `kill 0`. After an exit status, find what in the task ends its process.";
    PoolStart = "E-POOL-002", "strategy could not start",
        "A thread, a process or a runtime that the strategy needs could not be created.",
        "Use a smaller width, or raise the limit that the error names.";
    PoolDigest = "E-POOL-003", "strategies disagree about the output",
        "The same items gave different outputs under different strategies.",
        "Look for state that tasks share, and for output that depends on time or order.";
    PoolHung = "E-POOL-004", "batch did not finish in time",
        "A batch ran far longer than expected and was stopped.",
        "Set a timeout per task under [limits], or use a larger --budget.";
    PoolClosed = "E-POOL-005", "pool or queue is closed",
        "Work was handed to a pool, a queue or a channel that had been closed, or while the program was ending.",
        "Hand over all work before the pool is closed. In Python: inside the `with` block of the pool; join \
         threads before the main thread ends.";
    PoolMainGuard = "E-POOL-006", "processes set up at import",
        "A worker process imports the main module, and that module starts processes or sets the start method when it is \
         imported.",
        "Put the code that starts processes behind `if __name__ == \"__main__\":`, and set the start method once.";
    TaskHttpStatus = "E-TASK-001", "HTTP error status",
        "The server answered with a status of 400 or above.",
        "If the server is overloaded, retry with backoff ([retry]); otherwise correct the request.";
    TaskNetwork = "E-TASK-002", "network error",
        "The server could not be reached, or the connection broke.",
        "Check the address. With many connections, also check the descriptor limit and the server's backlog.";
    TaskTimeout = "E-TASK-003", "task timed out",
        "The task did not end within the timeout in [limits].",
        "Raise the timeout, or use a smaller width: a loaded server answers later.";
    TaskCommand = "E-TASK-004", "command failed",
        "The command exited with a status other than 0, or was killed by a signal.",
        "Run the command by hand with one item. If failing is expected, use --ignore-failure.";
    TaskIo = "E-TASK-005", "file error",
        "A file could not be read or written.",
        "Check that the path exists, that you have permission, and that the disk has room.";
    TaskSqlite = "E-TASK-006", "SQLite error",
        "A statement failed.",
        "Check the SQL. A busy database means that writers waited for one another longer than the timeout.";
    TaskProtocol = "E-TASK-007", "protocol error",
        "The peer sent an answer that the protocol does not allow.",
        "Check that the address serves the protocol of the step.";
    TaskPanic = "E-TASK-008", "task panicked",
        "The task panicked, which is a bug in conc.",
        "Report it, with the workload file.";
    TaskConsumed = "E-TASK-009", "items work only once",
        "Items that had worked failed when they ran again: a task uses its item up, such as a command that moves or \
         removes a file. conc runs items many times to compare configurations.",
        "Use --once with many items, so that no item runs twice, or restore the items before every batch with \
         --prepare.";
    PythonInterpreter = "E-PYTHON-001", "interpreter cannot be used",
        "The interpreter does not exist, does not start, or is not CPython 3.9 or newer.",
        "Give the path of an interpreter with --python, or activate a virtual environment.";
    PythonImport = "E-PYTHON-002", "module cannot be imported",
        "The module raised an exception, has a syntax error, or did not finish importing.",
        "Import it by hand. Code that starts work belongs behind `if __name__ == \"__main__\":`.";
    PythonCallable = "E-PYTHON-003", "callable cannot be used",
        "The module has no callable of that name, or it cannot be called with one item.",
        "Name a function or a coroutine function of one argument, as in tasks.py:fetch. For several arguments, list \
         tuples as `items` in the module.";
    PythonRaised = "E-PYTHON-004", "task raised an exception",
        "The callable raised an exception.",
        "Call it by hand with one item; the message names the line.";
    PythonPickle = "E-PYTHON-005", "value cannot be sent to another process",
        "An item or a result cannot be pickled, for example a lambda, a lock, an open file or a connection.",
        "Return plain data, and create in the worker whatever cannot be sent.";
    PythonGil = "E-PYTHON-006", "computing under the GIL",
        "Python code that computes holds the global interpreter lock (GIL), so that other threads and the \
         event loop wait.",
        "Compute in processes (ProcessPoolExecutor), with a library that releases the GIL, or on a \
         free-threaded build.";
    PythonGilWaiting = "E-PYTHON-007", "GIL kept while waiting",
        "Native code waits (for a device, a lock, a timer, the network) and keeps the global interpreter lock \
         (GIL) meanwhile, so that every other thread stands still. In Python: a function of ctypes.PyDLL or \
         ctypes.pythonapi, or an extension module without Py_BEGIN_ALLOW_THREADS.",
        "Release the GIL around the wait: load the library with ctypes.CDLL instead of PyDLL; in an extension, \
         Py_BEGIN_ALLOW_THREADS, `with nogil` (Cython), py.detach (PyO3). If the code is not yours, call it in \
         processes.";
    PythonMisuse = "E-PYTHON-008", "thread, lock or shared object misused",
        "A thread, a lock, a signal handler or a shared collection was used in a way that it forbids: a lock released by \
         who does not hold it, a thread started twice, a collection changed while something iterates over it.",
        "Use `with` for locks and a pool for threads; iterate over a copy of what others change.";
    PythonSqlite = "E-PYTHON-009", "database connection shared",
        "A connection or a cursor of sqlite3 was used in a thread that did not make it, or after another one closed \
         it.",
        "Give every thread its own connection, or put one connection with check_same_thread=False behind a lock.";
    WorkloadSyntax = "E-WORKLOAD-001", "workload file is not valid TOML",
        "The file violates the syntax of TOML.",
        "Correct the place that the message points at.";
    WorkloadKey = "E-WORKLOAD-002", "unknown key",
        "The workload file has a key that has no meaning there; usually it is misspelt.",
        "Use one of the keys that the message lists. `conc init` prints a commented file with all of them.";
    WorkloadValue = "E-WORKLOAD-003", "invalid value",
        "A value has the wrong type, the wrong unit, or is out of range.",
        "Write durations as \"5ms\" or \"2s\", sizes as \"16KiB\", and counts as positive integers.";
    WorkloadEmpty = "E-WORKLOAD-004", "workload does nothing",
        "There is no step, or there are no tasks.",
        "Add a [[step]] and at least one task.";
    WorkloadItems = "E-WORKLOAD-005", "no items",
        "There are no items, or their file is missing, empty, or not UTF-8.",
        "Give items as the message says. The path of a file is relative to the workload file that names it.";
    WorkloadRemote = "E-WORKLOAD-006", "remote address without a limit",
        "The workload would sweep widths against a host that is not this machine.",
        "Set max_in_flight or rate_per_s under [limits] to what the owner of the host allows.";
    WorkloadNotFound = "E-WORKLOAD-007", "no such workload",
        "The name is neither a sample nor a file.",
        "See `conc list` for the samples, or give the path of a TOML file.";
    WorkloadUnsupported = "E-WORKLOAD-008", "not supported yet",
        "This version of conc does not run that kind of workload or strategy.",
        "`conc --help` and `conc explain` show what it runs.";
    WorkloadCommand = "E-WORKLOAD-009", "command cannot be run",
        "The program does not exist or is not executable.",
        "Check the spelling and the PATH; use --shell for shell syntax.";
    WorkloadUnreachable = "E-WORKLOAD-010", "workload fails when run alone",
        "Every task of the first, sequential run failed, so there is nothing to measure.",
        "Correct the failure that the message names. If failing is expected, use --ignore-failure.";
    WorkloadAccess = "E-WORKLOAD-011", "file outside the workload's directory",
        "The workload file would change a file that exists outside its own directory, or read items from one.",
        "Read the workload file as you would read a script. If you trust it, run it with --allow-write (its step \
         must also say overwrite = true) or --allow-read.";
    WorkloadMetric = "E-WORKLOAD-012", "no number for --metric",
        "The regular expression found no number above 0 in the output of the first run.",
        "Compare it with the lines of the message: it is matched against one line at a time, and its first group has \
         to be the number.";
    EngineMissing = "E-ENGINE-001", "engine is not installed",
        "The run is to go to Dask or Slurm, and what talks to it is missing: the package `distributed` in the interpreter, \
         or the programs sbatch, srun, squeue and scancel.",
        "Run the command that the message shows, or name with --python an interpreter that has the package.";
    EngineLost = "E-ENGINE-002", "engine is not there",
        "The scheduler of the cluster does not answer, or it ended while items were running.",
        "Check the address, and that the scheduler runs. With --journal, --resume runs what is missing.";
    EngineUnfit = "E-ENGINE-003", "workers cannot run the work",
        "A worker has another Python than the client, or lacks the module, the directory or the program of the run.",
        "Put the files at the same path on every worker, and use the same version of Python there.";
    FitData = "E-FIT-001", "measurements cannot be read",
        "No column of the file, and no line of a report in it, could be read as concurrency and throughput.",
        "Name the columns with --concurrency and --throughput, or write a CSV file with these two columns.";
    GateResults = "E-GATE-001", "results cannot be compared",
        "The file is not a result of conc bench, is truncated, or was written by another version.",
        "Write it again with `conc bench --save-baseline`.";
    GateOtherMachine = "E-GATE-002", "results of another machine",
        "The results were measured on another machine, with other CPUs, another kernel or another version. \
         A difference may have nothing to do with the workload.",
        "Write the baseline on this machine, or compare both sides in one run with --reference. With \
         --allow-other-machine only large changes are detectable.";
    GateReference = "E-GATE-003", "the other side cannot be run",
        "The program given as reference is not conc, is a version that runs batches differently, or cannot \
         run this kind of workload; or there is no such directory, or git has no such version.",
        "Give the path of another build of conc that is close to this version; compare Python callables with \
         --reference-ref or --reference-dir. Fetch a version that a shallow clone lacks.";
    HostFixture = "E-HOST-001", "fixture server could not start",
        "The embedded server could not bind a loopback port or did not become ready.",
        "Check that the loopback interface is up and that ports are free.";
    HostLimit = "E-HOST-002", "width beyond what this machine allows",
        "The width needs more descriptors, threads, processes or memory than the machine allows.",
        "Use the width that the message names, or raise the limit (`ulimit -n`, `ulimit -u`).";
    HostContended = "E-HOST-003", "machine is busy",
        "Other programs used the CPUs while conc measured.",
        "Run it again when the machine is quieter; until then intervals are wider.";
    HostMemory = "E-HOST-004", "memory limit exceeded",
        "The run used more memory than `memory` under [limits] allows, and was stopped.",
        "Use fewer processes or a smaller width, or raise the limit.";
    HostSpawn = "E-HOST-005", "process could not be started",
        "conc could not start one of its own processes.",
        "Check the process limit (`ulimit -u`) and the free memory.";
    HostProcess = "E-HOST-006", "process cannot be profiled",
        "The process does not exist, or it ended before it could be observed.",
        "Check the number with `ps`. Profile a short command with `conc profile -- COMMAND`.";
    HostTemporary = "E-HOST-007", "no room for temporary files",
        "The directory for temporary files is full, cannot be written, or does not exist. Output of commands, items \
         and results are kept there while conc runs.",
        "Make room there, or set TMPDIR to another directory.";
    NoteRepeated = "W-RUN-001", "items are repeated",
        "Configurations are compared by running the items of the workload repeatedly.",
        "If running an item again does harm, use --once (no item runs twice) or --prepare (a command that \
         restores the state before every batch).";
    NoteBudget = "W-RUN-002", "budget ran out",
        "The budget ended before every configuration that may still win was measured well.",
        "Use a larger --budget, or narrow the search with --strategy and --width.";
    NoteCapped = "W-RUN-003", "width capped",
        "A requested width is above a limit of the workload or the machine.",
        "Raise the limit that the message names.";
    NoteInterrupted = "W-RUN-004", "interrupted",
        "The run was interrupted. The report shows what was measured until then.",
        "Run it again for the whole answer.";
    NoteSmallKernel = "W-RUN-005", "work smaller than one iteration",
        "The requested work is less than one iteration of its kernel, so one iteration is run.",
        "Request more work, or use a kernel with smaller iterations.";
    NoteFailures = "W-RUN-006", "tasks failed",
        "Some tasks failed. They are counted, but not as throughput.",
        "See the errors of the configuration.";
    HookFailed = "E-HOOK-001", "hook failed",
        "The command of --setup, --prepare, --cleanup or --build exited with a status other than 0.",
        "Correct the command. If failing is expected, append '|| true'.";
    NoteGreenThreads = "W-PYTHON-001", "threads are replaced",
        "The module replaces threads, sleeping or sockets with those of a library such as gevent or eventlet. What \
         looks like threads then takes turns in one thread, on one CPU; event loops and process pools may not \
         work beside it.",
        "Read `threads N` as N greenlets (gevent.pool.Pool). To compare with asyncio, threads and processes, give \
         conc a module that does not call monkey.patch_all(); to use more CPUs, run several programs.";
    NoteItemsUsed = "W-RUN-008", "items ran out",
        "With --once no item runs twice, and the items ran out before everything was measured.",
        "Add more items, or reduce the configurations with --strategy and --width.";
    NoteRandomOutputs = "W-RUN-011", "outputs are random",
        "The same items gave different outputs when they ran one after another again: the output has a time or a \
         random number in it, or depends on what ran before. A difference under a concurrent strategy says nothing then.",
        "If outputs should be equal, make them so (a fixed seed for each item, no times) and run again.";
    NotePageCache = "W-RUN-009", "reads come from the page cache",
        "The same files are read repeatedly, and all reads but the first come from memory.",
        "To see the speed of the disk, use --once with many files, or drop the page cache with --prepare.";
    NoteFixtureCpu = "W-RUN-007", "fixture server competes for the CPU",
        "The embedded server runs on the same machine and uses CPU time that the workload could use.",
        "Read results near the CPU limit with care, or measure against a server on another machine.";
    NoteLeftBehind = "W-RUN-010", "processes left running",
        "The command ended, but processes that it had started were still running. They were killed.",
        "Let the command wait for what it starts. To profile a process that keeps running, use --pid.";
    NoteRemote = "W-RUN-012", "another machine is swept",
        "A command names a host that is not this machine, and nothing bounds the load: configurations of several \
         widths are tried on it.",
        "Bound the load with --max-in-flight N (tasks at the same time) or --rate N (attempts per second) to what \
         the owner of the host allows.";
    NoteRedirects = "W-RUN-015", "answers are redirects",
        "The server answered with a status of 300 to 399. conc does not follow redirects: what was measured is the \
         answer that points elsewhere, and not the page.",
        "Give the address that the redirect points to, if it is yours to load.";
    NoteWholeJob = "W-RUN-013", "whole job as one task",
        "The command has no items, so every task runs the whole script. That tells how many copies of the job can \
         run at once, not how the job should run its parts.",
        "Name the callable inside the script that handles one item, as in tasks.py:fetch, or write {} where the \
         item goes in the command and list the items behind :::.";
    NoteFewerItems = "W-RUN-014", "fewer items than tasks",
        "The module has fewer items than --tasks asks for. Every item is one task.",
        "Add items to the module, or leave out --tasks.";
}

impl Code {
    /// Returns true if users are told before anything runs, since running is what the warning is about.
    pub fn is_told_first(self) -> bool {
        matches!(self, Code::NoteRepeated | Code::NoteRemote | Code::NoteWholeJob | Code::NoteFewerItems)
    }
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

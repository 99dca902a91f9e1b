//! The words in the names of columns.

/// Words for what runs at the same time; where several columns have one, the lower rank is nearer to tasks in
/// flight.
pub(super) const CONCURRENCY: &[(&str, u32)] = &[
    ("concurrency", 0),
    ("inflight", 0),
    ("in flight", 0),
    ("width", 0),
    ("connection", 1),
    ("conn", 1),
    ("client", 1),
    ("user", 1),
    ("vus", 1),
    ("vu", 1),
    ("session", 1),
    ("requester", 1),
    ("iodepth", 2),
    ("io depth", 2),
    ("queue depth", 2),
    ("qd", 2),
    ("thread", 3),
    ("thd", 3),
    ("worker", 3),
    ("goroutine", 3),
    ("coroutine", 3),
    ("consumer", 3),
    ("producer", 3),
    ("parallelism", 3),
    ("parallel", 3),
    ("stream", 3),
    ("process", 4),
    ("proc", 4),
    ("job", 4),
    ("numjob", 4),
    ("core", 5),
    ("cpu", 5),
    ("vcpu", 5),
    ("node", 6),
    ("replica", 6),
    ("instance", 6),
    ("pod", 6),
    ("shard", 6),
    ("c", 7),
    ("conc", 7),
    ("j", 8),
    ("t", 9),
    ("w", 9),
    ("n", 10),
    ("p", 10),
    ("np", 10),
];

/// Words of [`CONCURRENCY`] that in the singular and alone name something else, such as the user time of a command.
pub(super) const NEEDS_PLURAL: &[&str] =
    &["user", "cpu", "core", "node", "instance", "pod", "shard", "session", "client", "job"];

/// Words for throughput that need no unit; the lower rank is preferred: a tool that counts transactions may call its
/// megabytes throughput.
pub(super) const THROUGHPUT: &[(&str, u32)] = &[
    ("tps", 1),
    ("rps", 1),
    ("rpm", 1),
    ("tpm", 1),
    ("tpmc", 1),
    ("iops", 1),
    ("krps", 1),
    ("kiops", 1),
    ("transaction rate", 1),
    ("throughput", 2),
    ("xput", 2),
    ("goodput", 3),
    ("ops", 3),
    ("kops", 3),
    ("qps", 4),
    ("qpm", 4),
    ("rate", 6),
    ("bandwidth", 7),
    ("bw", 7),
    ("x", 9),
];

/// Rank from which a word for throughput is vague: with another word before it, it may be anything.
pub(super) const VAGUE: u32 = 5;

/// Units of a rate that are what a load test counts.
pub(super) const COUNTED: &[&str] =
    &["", "request", "req", "transaction", "task", "event", "op", "operation", "call", "http req"];

/// Words that only qualify a width or a throughput.
pub(super) const QUALIFIERS: &[&str] = &[
    "number",
    "num",
    "nr",
    "no",
    "of",
    "count",
    "total",
    "the",
    "active",
    "max",
    "virtual",
    "concurrent",
    "simultaneous",
    "parameter",
    "level",
    "all",
    "grp",
    "group",
    "spec",
    "option",
    "avg",
    "average",
    "mean",
    "median",
    "actual",
    "measured",
    "achieved",
    "overall",
    "sum",
    "successful",
    "completed",
    "complete",
    "ok",
    "result",
    "summary",
    "metric",
    "value",
    "config",
    "setting",
    "load",
];

/// Words that make a column something else than a width or a throughput.
pub(super) const OTHER: &[&str] = &[
    "error",
    "err",
    "fail",
    "failed",
    "failure",
    "timeout",
    "latency",
    "lat",
    "time",
    "ms",
    "us",
    "duration",
    "min",
    "std",
    "stddev",
    "stdev",
    "dev",
    "deviation",
    "percentile",
    "pct",
    "received",
    "sent",
    "transfer",
    "target",
    "wanted",
    "offered",
    "limit",
    "low",
    "high",
    "ci",
    "lower",
    "upper",
    "success",
    "reconn",
];

/// Words for failures.
pub(super) const FAILURES: &[&str] =
    &["error", "err", "fail", "failed", "failure", "timeout", "ko", "non2xx", "unsuccessful"];

/// Words for a number of tasks done.
pub(super) const DONE: &[&str] = &[
    "request",
    "req",
    "transaction",
    "sample",
    "iteration",
    "operation",
    "op",
    "task",
    "event",
    "completed",
];

/// Words for the time that a run took.
pub(super) const RUN_TIME: &[&str] =
    &["elapsed", "wall", "real", "runtime", "duration", "second", "time", "mean", "taken"];

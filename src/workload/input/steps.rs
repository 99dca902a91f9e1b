//! The `[[step]]` tables: one function per kind.

use std::path::Path;

use crate::diagnostics::Code;
use crate::workload::input::access::{Access, check_write};
use crate::workload::input::callable::callable;
use crate::workload::input::document::{Reported, Table};
use crate::workload::input::remote_address::{self, Protocol};
use crate::workload::input::shell::shell_argv;
use crate::workload::input::value::{self, ValueError};
use crate::workload::input::{executable, sql};
use crate::workload::item::Items;
use crate::workload::spec::{
    CommandSpec, CpuSpec, HttpSpec, Kernel, LockSpec, PythonSpec, ReadSpec, SleepSpec, SqliteSpec, StepRule,
    StepSpec, WebSocketSpec, WriteSpec,
};

/// The properties of the workload that the checks of a step depend on.
pub(super) struct Context<'a> {
    /// The items, unless they are wrong themselves.
    pub(super) items: Option<&'a Items>,
    /// True if the workload limits its own load.
    pub(super) bounded: bool,
    /// The directory that the files of callables are relative to.
    pub(super) directory: &'a Path,
    /// What the workload may do outside that directory.
    pub(super) access: Access,
}

impl Context<'_> {
    /// Reads `overwrite`, and checks the path that a step writes to.
    fn may_write(&self, table: &mut Table<'_>, path: Option<&str>) -> Result<(), Reported> {
        let overwrite = table.optional("overwrite", value::flag)?.unwrap_or(false);
        let Some(path) = path else { return Ok(()) };
        check_write(path, overwrite, self.items, self.directory, self.access)
            .map_err(|refused| table.fail("path", refused))
    }
}

type Reader = fn(&mut Table<'_>, &Context<'_>) -> Result<StepSpec, Reported>;

const KINDS: [(&str, Reader); 10] = [
    ("cpu", cpu),
    ("sleep", sleep),
    ("http", http),
    ("websocket", websocket),
    ("read", read_file),
    ("write", write_file),
    ("sqlite", sqlite),
    ("lock", lock),
    ("command", run_command),
    ("python", python),
];

/// Most messages of one task.
const MAX_MESSAGES: u32 = 1_000_000;

/// Largest message, in bytes: what a WebSocket server accepts by default.
const MAX_MESSAGE_BYTES: u64 = 16 << 20;

/// Most subscribers of one task: each is a connection, and a process has no more descriptors.
const MAX_SUBSCRIBERS: u32 = 10_000;

const METHODS: [(&str, &str); 7] = [
    ("GET", "GET"),
    ("HEAD", "HEAD"),
    ("POST", "POST"),
    ("PUT", "PUT"),
    ("PATCH", "PATCH"),
    ("DELETE", "DELETE"),
    ("OPTIONS", "OPTIONS"),
];

/// Reads every step and its limits, so that errors in all of them are found. There are no limits if no step has any.
pub(super) fn read(
    root: &mut Table<'_>,
    context: &Context<'_>,
) -> Result<(Vec<StepSpec>, Vec<StepRule>), Reported> {
    let tables = root.tables("step")?;
    if tables.is_empty() {
        let help = "add a [[step]] with a kind, such as kind = \"sleep\" and for = \"10ms\"";
        return Err(root.missing(
            "step",
            Code::WorkloadEmpty,
            "the workload has no steps".to_owned(),
            Some(help.to_owned()),
        ));
    }
    let steps: Vec<_> =
        tables.into_iter().enumerate().map(|(i, table)| table.read(|t| step(t, i + 1, context))).collect();
    let (steps, rules): (Vec<_>, Vec<_>) = steps.into_iter().collect::<Result<_, _>>()?;
    let is_plain = rules.iter().all(|rule: &StepRule| rule.is_empty());
    Ok((steps, if is_plain { Vec::new() } else { rules }))
}

fn step(
    table: &mut Table<'_>,
    number: usize,
    context: &Context<'_>,
) -> Result<(StepSpec, StepRule), Reported> {
    let kind = table.required("kind", |value| {
        let name = value::text(value)?;
        value::choice(&KINDS)(value).map(|reader| (name, reader))
    });
    match kind {
        Ok((name, reader)) => {
            table.rename(format!("step {number} ({name})"));
            let spec = reader(table, context);
            let rule = rule(table);
            Ok((spec?, rule?))
        }
        Err(reported) => {
            table.ignore_rest();
            Err(reported)
        }
    }
}

/// Reads the limits that a step of any kind may have.
fn rule(table: &mut Table<'_>) -> Result<StepRule, Reported> {
    let workers = table.optional("workers", value::count)?;
    let ordered = table.optional("ordered", value::flag)?.unwrap_or(false);
    if ordered && workers.is_some_and(|workers| workers > 1) {
        let wrong = ValueError::new("is more than 1, but an `ordered` step takes one task after another");
        return Err(table.fail("workers", wrong.with_help("write workers = 1, or leave it out")));
    }
    Ok(StepRule { workers, ordered })
}

fn cpu(table: &mut Table<'_>, _: &Context<'_>) -> Result<StepSpec, Reported> {
    let kernels = Kernel::ALL.map(|kernel| (kernel.as_str(), kernel));
    let kernel = table.required("kernel", value::choice(&kernels));
    let work = table.required("work", value::positive_duration);
    Ok(StepSpec::Cpu(CpuSpec { kernel: kernel?, work: work?, iterations: None }))
}

fn sleep(table: &mut Table<'_>, _: &Context<'_>) -> Result<StepSpec, Reported> {
    Ok(StepSpec::Sleep(SleepSpec { duration: table.required("for", value::duration)? }))
}

fn http(table: &mut Table<'_>, context: &Context<'_>) -> Result<StepSpec, Reported> {
    let url = url(table, Protocol::Http, context);
    let method = table.optional("method", value::choice(&METHODS));
    let body = table.optional("body", value::any_text);
    let pool = table.optional("pool", value::flag);
    Ok(StepSpec::Http(HttpSpec {
        url: url?,
        method: method?.unwrap_or("GET").to_owned(),
        body: body?,
        pool: pool?.unwrap_or(true),
    }))
}

fn websocket(table: &mut Table<'_>, context: &Context<'_>) -> Result<StepSpec, Reported> {
    let url = url(table, Protocol::WebSocket, context);
    let messages = table.optional("messages", value::whole_within(1, MAX_MESSAGES));
    let size = table.optional("size", value::bytes_within(MAX_MESSAGE_BYTES));
    let subscribers = table.optional("subscribers", value::whole_within(0, MAX_SUBSCRIBERS));
    Ok(StepSpec::WebSocket(WebSocketSpec {
        url: url?,
        messages: messages?.unwrap_or(1),
        size: size?.unwrap_or(64),
        subscribers: subscribers?.unwrap_or(0),
    }))
}

fn url(table: &mut Table<'_>, protocol: Protocol, context: &Context<'_>) -> Result<String, Reported> {
    table.required("url", |value| {
        let url = value::text(value)?;
        remote_address::check(&url, protocol, context.items, context.bounded).map_err(|refused| {
            ValueError {
                help: refused.help().map(str::to_owned),
                ..ValueError::new(refused.to_string()).with_code(refused.code())
            }
        })?;
        Ok(url)
    })
}

fn read_file(table: &mut Table<'_>, _: &Context<'_>) -> Result<StepSpec, Reported> {
    Ok(StepSpec::Read(ReadSpec { path: table.required("path", value::text)? }))
}

fn write_file(table: &mut Table<'_>, context: &Context<'_>) -> Result<StepSpec, Reported> {
    let path = table.optional("path", value::text);
    let size = table.required("size", value::bytes);
    let fsync = table.optional("fsync", value::flag);
    context.may_write(table, path.as_ref().ok().and_then(|path| path.as_deref()))?;
    Ok(StepSpec::Write(WriteSpec { path: path?, size: size?, fsync: fsync?.unwrap_or(false) }))
}

fn sqlite(table: &mut Table<'_>, context: &Context<'_>) -> Result<StepSpec, Reported> {
    let path = table.optional("path", value::constant("all tasks share one database"));
    let setup = table.optional("setup", value::constant("the setup runs once, before the first task"));
    let query = table.required("query", value::constant("write ?1, which is bound to the item"));
    // A database changes even where the query only reads: it is switched to another journal mode.
    context.may_write(table, path.as_ref().ok().and_then(|path| path.as_deref()))?;
    let query = query?;
    let writes = sql::writes(&query);
    Ok(StepSpec::Sqlite(SqliteSpec { path: path?.map(Into::into), setup: setup?, query, writes }))
}

fn lock(table: &mut Table<'_>, _: &Context<'_>) -> Result<StepSpec, Reported> {
    let name = table.optional("name", value::constant("all tasks share one lock"));
    let hold = table.required("hold", value::duration);
    Ok(StepSpec::Lock(LockSpec { name: name?.unwrap_or_else(|| "lock".to_owned()), hold: hold? }))
}

fn run_command(table: &mut Table<'_>, _: &Context<'_>) -> Result<StepSpec, Reported> {
    let argv = table.optional("argv", |value| {
        let argv = value::texts(value)?;
        let Some(name) = argv.first() else { return Err(ValueError::new("must name a program")) };
        executable::check(name).map_err(|error| ValueError {
            help: error.help,
            ..ValueError::new(format!("cannot be run: {}", error.message)).with_code(error.code)
        })?;
        Ok(argv)
    });
    let line = table.optional("command", value::text);
    let shell = table.optional("shell", value::flag);
    let ignore_failure = table.optional("ignore_failure", value::flag);
    let argv = match (argv?, line?, shell?.unwrap_or(false)) {
        (Some(argv), None, false) => argv,
        (None, Some(line), true) => shell_argv(&line),
        (None, None, _) => return Err(no_command(table)),
        (Some(_), Some(_), _) => {
            return Err(table.fail("command", ValueError::new("and `argv` are both given; keep one of them")));
        }
        (None, Some(_), false) => {
            let wrong = ValueError::new("is a line for a shell, but `shell` is not set");
            return Err(table.fail("command", wrong.with_help("add shell = true, or write a list, argv")));
        }
        (Some(_), None, true) => {
            let wrong = ValueError::new("goes with `command`, a line of text, and not with `argv`");
            return Err(table.fail("shell", wrong));
        }
    };
    Ok(StepSpec::Command(CommandSpec { argv, ignore_failure: ignore_failure?.unwrap_or(false) }))
}

fn python(table: &mut Table<'_>, context: &Context<'_>) -> Result<StepSpec, Reported> {
    let spec = table.required("callable", |value| {
        callable(&value::text(value)?, context.directory).map_err(|error| ValueError {
            help: error.help,
            ..ValueError::new(format!("cannot be used: {}", error.message)).with_code(error.code)
        })
    });
    let async_callable = table.optional("async_fn", value::text);
    Ok(StepSpec::Python(PythonSpec { async_callable: async_callable?, ..spec? }))
}

fn no_command(table: &mut Table<'_>) -> Reported {
    let help = "write argv = [\"program\", \"argument\"], or command = \"line\" with shell = true";
    table.missing(
        "argv",
        Code::WorkloadValue,
        "the step has no `argv` to run".to_owned(),
        Some(help.to_owned()),
    )
}

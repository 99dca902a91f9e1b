//! The assembly of a program from its sections.

use std::collections::BTreeSet;

use crate::benchmark::Configuration;
use crate::profile::result::StagePool;
use crate::snippets::python::callable::{self, UserPart};
use crate::snippets::python::item_reader::{ItemReader, item_reader};
use crate::snippets::python::layout::{call, import};
use crate::snippets::python::part::Part;
use crate::snippets::python::program::Program;
use crate::snippets::python::stages;
use crate::snippets::python::task;
use crate::snippets::python::work::{Work, compose};
use crate::snippets::shape::{ItemSource, TaskShape};
use crate::snippets::template::fill;
use crate::snippets::wording::{grouped, provenance};
use crate::strategy::StrategyKind;

/// Line that has workers start before the first task does.
const WARM_UP: &str = "        list(pool.map(abs, range(PROCESSES)))  # Starting is no part of a task.\n";

/// Returns the source of a program.
pub(super) fn assemble(program: Program, cell: &Configuration, shape: &TaskShape) -> String {
    Assembly::new(program, cell, shape).source()
}

struct Assembly<'a> {
    program: Program,
    cell: &'a Configuration,
    shape: &'a TaskShape,
    user: UserPart,
    items: ItemReader,
    work: Work,
}

impl<'a> Assembly<'a> {
    fn new(program: Program, cell: &'a Configuration, shape: &'a TaskShape) -> Self {
        let (mut user, wrapper) = match &shape.python {
            Some(task) => (callable::user_part(task), "task"),
            None => (task::user_part(program, shape), "limited"),
        };
        let mut work = compose(&user.steps, program, shape, wrapper);
        // A process that gets two shares keeps its loop, to which connections belong.
        work.parts.extend((program == Program::Loops).then_some(Part::OnLoop));
        user.keep_used(&work, shape);
        Assembly { program, cell, shape, user, items: item_reader(shape), work }
    }

    fn source(&self) -> String {
        let head = format!("{}\n{}", self.header(), self.imports());
        let mut sections: Vec<String> =
            [self.constants(), self.items.definition.clone()].into_iter().flatten().collect();
        sections.extend(self.user.definition.clone());
        sections.extend(self.work.parts.iter().map(|part| part.code(self.program, self.shape)));
        sections.extend(self.work.definitions.iter().cloned());
        sections.push(self.run());
        sections.push(self.main());
        let mut source = head;
        for section in sections {
            // Two empty lines before a function; one is enough between imports and constants.
            source += if section.starts_with(char::is_uppercase) && !section.contains("\n\n") {
                "\n"
            } else {
                "\n\n"
            };
            source += &section;
            source.push('\n');
        }
        source
    }

    fn header(&self) -> String {
        let needs = if self.uses_uvloop() { "and uvloop 0.18 or later" } else { "no dependencies" };
        let [major, minor] = self.program.oldest_python();
        let requirements = format!("Python {major}.{minor} or later, {needs}.");
        let lines = provenance(self.cell, self.shape);
        let last = format!("{requirements}{}{}", self.user.beside, self.items.note);
        lines
            .iter()
            .chain([&last])
            .map(|line| format!("# {line}\n"))
            .collect::<String>()
            .trim_end()
            .to_owned()
    }

    fn imports(&self) -> String {
        let mut names: BTreeSet<&str> = ["sys", "time"].into();
        names.extend(self.program.imports());
        let has_pool = self.program == Program::Stages && stages::has_processes(self.shape);
        names.extend(has_pool.then_some("ProcessPoolExecutor"));
        names.extend(self.work.parts.iter().flat_map(|part| part.imports(self.program)));
        names.extend(self.user.imports.iter().copied());
        names.extend(self.work.definitions.iter().any(|text| text.contains("asyncio.")).then_some("asyncio"));
        names.extend(self.work.uses_threads.then_some("ThreadPoolExecutor"));
        names.extend(self.items.definition.as_deref().filter(|text| text.contains("Path(")).map(|_| "Path"));
        names.extend(self.items.statement.contains("islice(").then_some("islice"));
        let modules = names.iter().filter(|name| module_of(name).is_none());
        let mut lines: String = modules.map(|name| format!("import {name}\n")).collect();
        for module in ["concurrent.futures", "contextlib", "itertools", "pathlib"] {
            let parts = names.iter().filter(|name| module_of(name) == Some(module)).copied();
            let parts: Vec<String> = parts.map(str::to_owned).collect();
            if !parts.is_empty() {
                lines += &import(module, &parts);
            }
        }
        if self.uses_uvloop() {
            lines += "\nimport uvloop\n";
        }
        lines + &self.user.from
    }

    /// Returns the numbers that a user may want to change.
    fn constants(&self) -> Option<String> {
        let limits = &self.shape.limits;
        let mut lines: Vec<String> = self.widths();
        if let ItemSource::Module { first: Some(first) } = self.shape.items {
            lines.push(format!("MOST_ITEMS = {}  # None for all", grouped(u128::from(first))));
        }
        let has = |parts: &[Part]| parts.iter().any(|part| self.work.parts.contains(part));
        if let Some(retry) = self.shape.retry.as_ref().filter(|_| has(&[Part::Retried, Part::RetriedAsync])) {
            lines.push(format!("RETRIES = {}", retry.max));
            lines.push(format!(
                "BACKOFF = {}  # seconds at most before the first retry",
                retry.base.as_secs_f64()
            ));
        }
        if let Some(rate) = limits.rate_per_s.filter(|_| has(&[Part::Pace])) {
            lines.push(format!("RATE = {rate}  # attempts per second"));
        }
        if let Some(timeout) = limits.timeout {
            lines.push(format!("TIMEOUT = {}  # seconds for one task", timeout.as_secs_f64()));
        }
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    fn widths(&self) -> Vec<String> {
        let (width, processes) = (self.cell.width, self.processes());
        let bound = match self.shape.limits.max_in_flight {
            Some(most) if most == width => "  # no more: max_in_flight",
            _ => "",
        };
        let assigned = |name: &str, number: u64, note: &str| format!("{name} = {number}{note}");
        let width = assigned("WIDTH", width as u64, bound);
        let chunk =
            || assigned("CHUNK", self.shape.batch(self.cell.width), "  # items in a message to a worker");
        match self.program {
            Program::Sequential | Program::SequentialLoop => Vec::new(),
            Program::Processes | Program::Interpreters => vec![width, chunk()],
            Program::Hybrid => vec![width, assigned("PROCESSES", processes, "")],
            Program::Loops => {
                let share = self.cell.width as u64 / processes;
                let note = "  # tasks in flight in each process";
                vec![assigned("PROCESSES", processes, ""), assigned("SHARE", share.max(1), note)]
            }
            Program::Stages | Program::ThreadStages => self.stage_constants(),
            _ => vec![width],
        }
    }

    fn stage_constants(&self) -> Vec<String> {
        let queue = self.cell.stages.map_or(1, |stages| stages.queue());
        let processes = stages::workers_of(StagePool::Process, self.cell, self.shape);
        let has_pool = self.program == Program::Stages && stages::has_processes(self.shape);
        let pool = has_pool.then(|| format!("PROCESSES = {processes}"));
        let queue = format!("QUEUE = {queue}  # tasks that wait for a step at most");
        pool.into_iter().chain([queue]).collect()
    }

    fn processes(&self) -> u64 {
        self.cell.processes.unwrap_or(1).max(1) as u64
    }

    /// Returns the functions that run the work over all items.
    fn run(&self) -> String {
        let is_paced = self.work.parts.contains(&Part::Pace);
        let is_loops = self.program == Program::Loops;
        let executor = if self.work.uses_threads {
            let threads = stages::workers_of(StagePool::Thread, self.cell, self.shape).to_string();
            let width = match self.program {
                Program::Loops => "SHARE",
                Program::Stages => &threads,
                _ => "WIDTH",
            };
            fill(include_str!("part/executor.py.tmpl"), &[("WIDTH", width)])
        } else {
            String::new()
        };
        if matches!(self.program, Program::Stages | Program::ThreadStages) {
            let warm = if self.shape.limits.timeout.is_some() { WARM_UP } else { "" };
            return stages::run(self.program.template(), self.cell, self.shape, &executor, warm);
        }
        let workers = if is_loops { "PROCESSES" } else { "WIDTH" };
        let pool = if is_paced {
            format!("ProcessPoolExecutor({workers}, initializer=begin, initargs=(due,))")
        } else {
            format!("ProcessPoolExecutor(max_workers={workers})")
        };
        let (prepare, finish) = match self.program {
            Program::Interpreters if is_paced => {
                ("    open(PACE.path, \"w\").close()\n", "    os.unlink(PACE.path)\n")
            }
            _ if is_paced => ("    due = multiprocessing.Value(\"d\", time.monotonic())\n", ""),
            _ => ("", ""),
        };
        let is_alarmed = self.work.parts.contains(&Part::Timed) && self.program != Program::Interpreters;
        let uses_item = self.work.calls_with("item");
        let values = [
            ("CALL", call("", &self.work.call, "")),
            ("WORDS", self.work.call.join(", ")),
            ("ITEM", if uses_item { "item" } else { "_" }.to_owned()),
            ("ERRORS", if is_alarmed { "(Exception, TaskTimeout)" } else { "Exception" }.to_owned()),
            ("EXECUTOR", executor),
            ("POOL", pool),
            ("PREPARE", prepare.to_owned()),
            ("FINISH", finish.to_owned()),
            ("WARM", if self.shape.limits.timeout.is_some() { WARM_UP } else { "" }.to_owned()),
        ];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fill(self.program.template(), &values).trim_end().to_owned()
    }

    fn main(&self) -> String {
        let run = if self.program.has_one_loop() {
            format!("{}(run(items))", self.run_loop())
        } else {
            "run(items)".to_owned()
        };
        let guard = match self.program {
            Program::WatchedThreads => include_str!("part/guard_watched.py.tmpl"),
            _ if self.is_imported_again() => include_str!("part/guard_processes.py.tmpl"),
            _ => include_str!("part/guard.py.tmpl"),
        };
        let conversion = if self.program.has_errors_as_text() { "" } else { "!r" };
        let values = [
            ("ITEMS", self.items.statement.as_str()),
            ("RUN", &run),
            ("CONVERSION", conversion),
            ("GUARD", guard.trim_end()),
        ];
        fill(include_str!("part/main.py.tmpl"), &values).trim_end().to_owned()
    }

    /// Returns true if workers may import the program as a module.
    fn is_imported_again(&self) -> bool {
        let has_pool = self.program == Program::Stages && stages::has_processes(self.shape);
        let starts_others = matches!(
            self.program,
            Program::Processes | Program::Hybrid | Program::Loops | Program::Interpreters
        );
        starts_others || has_pool
    }

    /// Returns the function that runs a coroutine on a new event loop.
    fn run_loop(&self) -> &'static str {
        if self.uses_uvloop() { "uvloop.run" } else { "asyncio.run" }
    }

    fn uses_uvloop(&self) -> bool {
        self.cell.strategy == StrategyKind::Uvloop && self.program.has_one_loop()
    }
}

/// Returns the module of a class or a function that is imported by its name; `None` of a module.
fn module_of(name: &str) -> Option<&'static str> {
    match name {
        "Path" => Some("pathlib"),
        "islice" => Some("itertools"),
        "suppress" => Some("contextlib"),
        "wait" => Some("concurrent.futures"),
        _ => name.starts_with(char::is_uppercase).then_some("concurrent.futures"),
    }
}

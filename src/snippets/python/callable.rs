//! The user's part of a program if it is a Python callable: imported, not copied.

use std::collections::BTreeMap;

use crate::snippets::python::layout::import;
use crate::snippets::python::literal::literal;
use crate::snippets::python::work::{Argument, Step, Work};
use crate::snippets::shape::{ItemSource, PythonCallable, PythonTask, TaskShape};

/// Names that the programs use themselves; a callable with one of these names is imported under another.
const TAKEN: &str = "BACKOFF BaseException CHUNK Exception HERE InterpreterPoolExecutor LOCAL MOST_ITEMS PACE PREPARE PROCESSES Pace QUEUE \
    Path ProcessPoolExecutor RATE RETRIES RuntimeError SHARE TIMEOUT TaskTimeout ThreadPoolExecutor \
    TimeoutError WIDTH abs arguments asyncio attempt begin begun callable calls chunk chunks code collect compute compute_async \
    consume consumers dict done due early enumerate error exec failures fcntl first float function future futures \
    group hasattr importlib in_order in_process in_time inbox index int isinstance islice item items iter job late len limited limited_compute line list loop \
    main max min multiprocessing now ok on_loop open os outbox outcomes paced paced_async path pool print produce \
    queue queues random range read_items repr results retried retried_async retry ring run run_chunk run_loop \
    run_share running seconds self semaphore share shares signal sorted source stage start starts step step_1 step_2 step_3 step_4 step_5 step_6 step_7 step_8 steps str \
    subprocess sum suppress sys task tasks tempfile text threading time timed untimed uvloop value wait worker workers zip";

/// The user's part of a program.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct UserPart {
    /// The steps of a task.
    pub(super) steps: Vec<Step>,
    /// The advice on the directory to save the program in.
    pub(super) beside: String,
    /// Names from the standard library that only some tasks need.
    pub(super) imports: Vec<&'static str>,
    /// The import of the user's callables.
    pub(super) from: String,
    /// Definitions of the task, if any.
    pub(super) definition: Option<String>,
    /// Names that may be imported, by module: the name in the module, and the name in the program.
    offered: BTreeMap<String, Vec<(String, String)>>,
}

/// Returns the user's part for callables.
pub(super) fn user_part(task: &PythonTask) -> UserPart {
    let mut part = UserPart { beside: beside(&task.steps), ..UserPart::default() };
    for step in &task.steps {
        part.steps.push(Step {
            blocking: step.blocking.as_deref().map(known_as),
            coroutine: step.coroutine.as_deref().map(known_as),
            argument: if step.unpacks { Argument::Unpacked } else { Argument::of(step.takes_item) },
            computes: step.computes,
            is_rated: step.is_rated,
        });
        let names = part.offered.entry(step.module.clone()).or_default();
        for name in [&step.blocking, &step.coroutine].into_iter().flatten() {
            let pair = (root(name).to_owned(), root(&known_as(name)).to_owned());
            if !names.contains(&pair) {
                names.push(pair);
            }
        }
    }
    part
}

impl UserPart {
    /// Makes the part of steps that the program itself defines.
    pub(super) fn defined(steps: Vec<Step>, definition: String, imports: Vec<&'static str>) -> Self {
        UserPart { steps, imports, definition: Some(definition), ..UserPart::default() }
    }

    /// Imports the names that the work uses, and the items if they are the module's.
    pub(super) fn keep_used(&mut self, work: &Work, shape: &TaskShape) {
        let first = shape.python.as_ref().and_then(|task| task.steps.first());
        for (module, names) in &mut self.offered {
            names.retain(|(_, known)| work.uses(known));
            let is_source = matches!(shape.items, ItemSource::Module { .. });
            if is_source && first.is_some_and(|first| first.module == *module) {
                names.push(("items".to_owned(), "source".to_owned()));
            }
        }
        self.offered.retain(|_, names| !names.is_empty());
        if self.offered.is_empty() {
            return;
        }
        let (usual, odd): (Vec<_>, Vec<_>) =
            self.offered.iter().partition(|(module, _)| can_be_imported(module));
        let usual: String =
            usual.into_iter().map(|(module, names)| import(module, &renamed(names))).collect();
        let odd: Vec<String> =
            odd.into_iter().flat_map(|(module, names)| assignments(module, names)).collect();
        self.imports.extend((!odd.is_empty()).then_some("importlib"));
        let (usual, odd) = (separate(&usual), separate(&odd.concat()));
        self.from = format!("{usual}{odd}");
    }
}

/// Puts an empty line before some lines, if there are any.
fn separate(lines: &str) -> String {
    if lines.is_empty() { String::new() } else { format!("\n{lines}") }
}

/// Returns the name of a callable in the program.
fn known_as(name: &str) -> String {
    if is_taken(root(name)) { format!("their_{name}") } else { name.to_owned() }
}

/// Returns the part of a dotted name that is imported.
fn root(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

fn is_taken(name: &str) -> bool {
    TAKEN.split_whitespace().any(|taken| taken == name)
}

/// Returns true if an import statement can name the module.
fn can_be_imported(module: &str) -> bool {
    module.split('.').all(|part| {
        !part.is_empty()
            && !part.starts_with(|c: char| c.is_ascii_digit())
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    })
}

/// Returns the names for an import statement.
fn renamed(names: &[(String, String)]) -> Vec<String> {
    let one = |(name, known): &(String, String)| {
        if name == known { name.clone() } else { format!("{name} as {known}") }
    };
    names.iter().map(one).collect()
}

/// Returns the lines that take names from a module whose name is no identifier.
fn assignments(module: &str, names: &[(String, String)]) -> Vec<String> {
    let assign = |(name, known): &(String, String)| {
        format!("{known} = importlib.import_module({}).{name}\n", literal(module))
    };
    names.iter().map(assign).collect()
}

fn beside(steps: &[PythonCallable]) -> String {
    let file = steps.first().and_then(|step| step.file.as_deref());
    file.map_or_else(String::new, |file| format!(" Save it next to {file}."))
}

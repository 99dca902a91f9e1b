//! The user's part of a program if it is a Python callable: imported, not copied.

use std::collections::BTreeMap;

use crate::snippets::python::literal::{list, literal};
use crate::snippets::python::program::Program;
use crate::snippets::shape::{ItemSource, PythonCallable, PythonTask, TaskShape};

/// Names that the programs use themselves; a callable with one of these names is imported under another.
const TAKEN: &str = " END Exception HERE InterpreterPoolExecutor PREPARE ProcessPoolExecutor ThreadPoolExecutor as_completed asyncio attempt \
    attempts calls compute consume consumer consumers data done error future futures group importlib \
    isinstance item items iter jobs k len limited list loop main object ok os pool print produce queue \
    range result run_loop run_share seconds semaphore share shared source start subprocess sum sys \
    task time uvloop value wait worker zip ";

/// The pieces that fill a program.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pieces {
    /// The advice on the directory to save the program in.
    pub(super) beside: String,
    /// Imports of the standard library that only some tasks need.
    pub(super) imports: String,
    /// The import of the user's callables.
    pub(super) from: String,
    /// Definitions of the task, if any.
    pub(super) definition: String,
    /// The expression that runs an item.
    pub(super) call: String,
    /// The part of a hybrid task that is awaited.
    pub(super) wait: String,
    /// The part of a hybrid task that computes.
    pub(super) compute: String,
    /// The items.
    pub(super) items: String,
}

/// A group of steps as Python source.
struct Written {
    name: String,
    definition: String,
}

/// Returns the pieces for the callables of a task.
pub(super) fn pieces(task: &PythonTask, program: Program, shape: &TaskShape) -> Pieces {
    let steps = task.steps.as_slice();
    let mut written = Vec::new();
    let mut pieces = Pieces::default();
    if let (Program::Hybrid, Some((wait, compute))) = (program, task.split()) {
        written.push(write("wait", wait, true));
        written.push(write("compute", compute, false));
        pieces.wait.clone_from(&written[0].name);
        pieces.compute.clone_from(&written[1].name);
    } else {
        written.push(write("task", steps, program.awaits()));
        pieces.call.clone_from(&written[0].name);
    }
    let definitions: Vec<_> = written.into_iter().map(|w| w.definition).filter(|d| !d.is_empty()).collect();
    pieces.definition = definitions.join("\n\n\n");
    pieces.from = imports(task, &pieces, &shape.items);
    pieces.imports = library(&pieces, program);
    pieces.beside = beside(steps);
    pieces.items = list(&shape.items, shape.tasks);
    pieces
}

/// Writes steps as one function of the item; a single step that takes the item keeps its own name.
fn write(name: &str, steps: &[PythonCallable], awaits: bool) -> Written {
    if let [step] = steps
        && step.takes_item
        && !step.unpacks
        && let Some(own) = if awaits { step.coroutine.as_deref() } else { step.blocking.as_deref() }
    {
        return Written { name: known_as(own), definition: String::new() };
    }
    let is_blocking = steps.iter().all(|step| step.blocking.is_some());
    let definition = match (awaits, is_blocking) {
        (true, _) => format!("async def {name}(item):\n{}", body(steps, true)),
        (false, true) => format!("def {name}(item):\n{}", body(steps, false)),
        (false, false) => format!(
            "async def {name}_async(item):\n{}\n\n\ndef {name}(item):\n    return asyncio.run({name}_async(item))",
            body(steps, true)
        ),
    };
    Written { name: name.to_owned(), definition }
}

/// Returns the body of a function, with one line for each step.
fn body(steps: &[PythonCallable], awaits: bool) -> String {
    let last = steps.len().saturating_sub(1);
    let line = |(i, step): (usize, &PythonCallable)| {
        let value = if i == 0 { "item" } else { "value" };
        let argument = match step {
            PythonCallable { unpacks: true, .. } => format!("*{value}"),
            PythonCallable { takes_item: true, .. } => value.to_owned(),
            PythonCallable { .. } => String::new(),
        };
        let expression = expression(step, &argument, awaits, last == 0);
        let keep = if i == last { "return" } else { "value =" };
        format!("    {keep} {expression}")
    };
    steps.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// Returns the expression that calls a step.
///
/// A step that computes goes to a thread only if it is the only step, because a thread does not make the
/// step faster.
fn expression(step: &PythonCallable, argument: &str, awaits: bool, is_alone: bool) -> String {
    let blocking = step.blocking.as_deref().map(known_as);
    match (&step.coroutine, blocking) {
        (Some(coroutine), _) if awaits => format!("await {}({argument})", known_as(coroutine)),
        (_, Some(function)) if awaits && (is_alone || !step.computes) => {
            let comma = if argument.is_empty() { "" } else { ", " };
            format!("await asyncio.to_thread({function}{comma}{argument})")
        }
        (_, Some(function)) => format!("{function}({argument})"),
        (Some(coroutine), None) => format!("asyncio.run({}({argument}))", known_as(coroutine)),
        (None, None) => "None".to_owned(),
    }
}

/// Returns the name of a callable in the program.
fn known_as(name: &str) -> String {
    let root = root(name);
    if is_taken(root) { format!("their_{name}") } else { name.to_owned() }
}

/// Returns the part of a dotted name that is imported.
fn root(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

fn is_taken(name: &str) -> bool {
    TAKEN.contains(&format!(" {name} "))
}

/// Returns the lines that import the names which the program uses from the user's modules.
fn imports(task: &PythonTask, pieces: &Pieces, items: &ItemSource) -> String {
    let mut modules: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for step in &task.steps {
        let names = modules.entry(&step.module).or_default();
        for name in [&step.blocking, &step.coroutine].into_iter().flatten() {
            let import = imported(root(name));
            if uses(pieces, &known_as(name)) && !names.contains(&import) {
                names.push(import);
            }
        }
    }
    if let Some(first) = task.steps.first().filter(|_| *items == ItemSource::Module) {
        modules.entry(&first.module).or_default().push("items as source".to_owned());
    }
    let lines: String = modules.iter().map(|(module, names)| line(module, names)).collect();
    format!("\n{lines}")
}

fn imported(root: &str) -> String {
    if is_taken(root) { format!("{root} as their_{root}") } else { root.to_owned() }
}

/// Returns true if a name occurs as a whole word in the user's part of a program.
fn uses(pieces: &Pieces, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let stands_in = |text: &str| text.split(|c| !is_part(c)).any(|word| word == name);
    [&pieces.definition, &pieces.call, &pieces.wait, &pieces.compute].into_iter().any(|text| stands_in(text))
}

/// Returns the import of some names; a module whose name is no identifier needs `importlib` instead of an
/// import statement.
fn line(module: &str, names: &[String]) -> String {
    let is_identifier = |part: &str| {
        !part.starts_with(|c: char| c.is_ascii_digit())
            && !part.is_empty()
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    if module.split('.').all(is_identifier) {
        return format!("from {module} import {}\n", names.join(", "));
    }
    let assign = |name: &String| {
        let (name, known) = name.split_once(" as ").unwrap_or((name, name));
        format!("{known} = importlib.import_module({}).{name}\n", literal(module))
    };
    names.iter().map(assign).collect()
}

/// Returns the imports that the user's part needs in addition to those of the program.
fn library(pieces: &Pieces, program: Program) -> String {
    let mut lines = String::new();
    let needs_loop = pieces.definition.contains("asyncio.");
    if needs_loop && !program.awaits() && program != Program::Hybrid {
        lines += "import asyncio\n";
    }
    if pieces.from.contains("importlib.") {
        lines += "import importlib\n";
    }
    lines
}

fn beside(steps: &[PythonCallable]) -> String {
    let file = steps.first().and_then(|step| step.file.as_deref());
    file.map_or_else(String::new, |file| format!(" Save it next to {file}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn callable(name: &str, coroutine: Option<&str>) -> PythonCallable {
        PythonCallable {
            module: "tasks".into(),
            file: Some("tasks.py".into()),
            blocking: Some(name.into()),
            coroutine: coroutine.map(str::to_owned),
            takes_item: true,
            unpacks: false,
            computes: false,
            is_rated: false,
        }
    }

    fn of(steps: Vec<PythonCallable>, program: Program) -> Pieces {
        let task = PythonTask { steps };
        let shape = TaskShape { tasks: 2, ..TaskShape::default() };
        pieces(&task, program, &shape)
    }

    #[test]
    fn a_callable_is_called_by_its_own_name() {
        let threads = of(vec![callable("fetch", Some("fetch_async"))], Program::Threads);
        assert_eq!((threads.from.as_str(), threads.call.as_str()), ("\nfrom tasks import fetch\n", "fetch"));
        let awaited = of(vec![callable("fetch", Some("fetch_async"))], Program::Workers);
        assert_eq!(awaited.from, "\nfrom tasks import fetch_async\n");
        assert_eq!((awaited.call.as_str(), awaited.definition.as_str()), ("fetch_async", ""));
    }

    #[test]
    fn a_name_that_the_program_has_itself_is_changed() {
        let pieces = of(vec![callable("main", None)], Program::Threads);
        assert_eq!(pieces.from, "\nfrom tasks import main as their_main\n");
        assert_eq!(pieces.call, "their_main");
    }

    #[test]
    fn what_blocks_goes_to_a_thread_of_the_event_loop() {
        let pieces = of(vec![callable("fetch", None)], Program::Workers);
        assert_eq!(
            pieces.definition,
            "async def task(item):\n    return await asyncio.to_thread(fetch, item)"
        );
    }

    #[test]
    fn a_tuple_is_unpacked_into_the_arguments_of_a_callable() {
        let step = |coroutine| PythonCallable { unpacks: true, ..callable("get", coroutine) };
        let definition = |coroutine, program| of(vec![step(coroutine)], program).definition;
        assert_eq!(definition(None, Program::Threads), "def task(item):\n    return get(*item)");
        let awaited = definition(Some("get_async"), Program::Workers);
        assert_eq!(awaited, "async def task(item):\n    return await get_async(*item)");
        let threaded = definition(None, Program::Workers);
        assert_eq!(threaded, "async def task(item):\n    return await asyncio.to_thread(get, *item)");
    }

    #[test]
    fn a_coroutine_on_a_thread_gets_a_loop() {
        let step = PythonCallable { blocking: None, ..callable("", Some("fetch")) };
        let pieces = of(vec![step], Program::Processes);
        assert!(pieces.definition.ends_with("def task(item):\n    return asyncio.run(task_async(item))"));
        assert_eq!(pieces.imports, "import asyncio\n");
    }

    #[test]
    fn a_file_with_an_odd_name_is_imported_all_the_same() {
        let step = PythonCallable { module: "my-tasks".into(), ..callable("Client.get", None) };
        let pieces = of(vec![step], Program::Threads);
        assert_eq!(pieces.from, "\nClient = importlib.import_module(\"my-tasks\").Client\n");
        assert_eq!((pieces.call.as_str(), pieces.imports.as_str()), ("Client.get", "import importlib\n"));
    }
}

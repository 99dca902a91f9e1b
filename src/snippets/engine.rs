//! Programs that run the work on an engine by hand: `Client.map` of dask.distributed, and an array of Slurm.

use crate::advice::result::CodeExample;
use crate::snippets::python::item_reader::item_reader;
use crate::snippets::python::layout::list;
use crate::snippets::python::literal::literal;
use crate::snippets::shape::{ItemSource, TaskShape};
use crate::snippets::shell::input::listed_lines;
use crate::snippets::shell::words::{Words, quoted};
use crate::snippets::template::fill;
use crate::snippets::wording::grouped;
use crate::units::Seconds;

/// A Python callable, as a program imports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineCallable {
    /// The module that it is imported from.
    pub module: String,
    /// The file, if the user has named one: workers are sent it.
    pub file: Option<String>,
    /// Its name in the module.
    pub function: String,
}

/// The work as it is sent to an engine.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineShape {
    /// The callable; `None` for a command.
    pub callable: Option<EngineCallable>,
    /// The work; of a command its words, and the origin of the items.
    pub task: TaskShape,
    /// Items in a message, or in an array task.
    pub chunk: u64,
    /// Items at a time in a thread of a worker.
    pub inner_width: u64,
    /// Seconds that one more message costs.
    pub message_s: Option<f64>,
    /// The address of the scheduler; `None` starts a cluster on this machine.
    pub address: Option<String>,
    /// Workers of a cluster that is started.
    pub workers: u64,
    /// CPUs of an array task.
    pub cpus: u64,
}

/// Returns the program with `Client.map`.
pub fn dask(shape: &EngineShape) -> CodeExample {
    let mut reader = item_reader(&shape.task);
    if let ItemSource::Module { first: Some(first) } = shape.task.items {
        let first = grouped(u128::from(first));
        reader.statement =
            format!("    items = list(islice(source() if callable(source) else source, {first}))");
    }
    let read = reader.definition.as_deref().map(|text| format!("\n{text}\n\n")).unwrap_or_default();
    let uses = |name: &str| read.contains(name) || reader.statement.contains(name);
    let cluster = match &shape.address {
        Some(address) => format!("CLUSTER = {{\"address\": {}}}\n", literal(address)),
        None => format!(
            "CLUSTER = {{\n    \"n_workers\": {},\n    \"threads_per_worker\": 1,\n    \"host\": \"127.0.0.1\",\n    \
             \"dashboard_address\": None,\n}}\n",
            shape.workers
        ),
    };
    let chunk = shape.chunk.to_string();
    let inner = shape.inner_width.max(1).to_string();
    let cost = shape.message_s.map(|cost| format!("; one costs {}", Seconds(cost))).unwrap_or_default();
    let common = [
        ("CHUNK", &*chunk),
        ("INNER", &*inner),
        ("COST", &*cost),
        ("READ", &*read),
        ("ITEMS", &*reader.statement),
        ("CLUSTER", &*cluster),
        ("SYS", if uses("sys.") { "import sys\n" } else { "" }),
        ("ITERTOOLS", if uses("islice(") { "from itertools import islice\n" } else { "" }),
        ("PATHLIB", if uses("Path(") { "from pathlib import Path\n" } else { "" }),
    ];
    CodeExample {
        language: "python".to_owned(),
        title: format!("dask.distributed, {chunk} items in a message"),
        code: match &shape.callable {
            Some(callable) => with_callable(callable, shape, &common),
            None => with_command(shape, &common),
        },
    }
}

fn with_callable(callable: &EngineCallable, shape: &EngineShape, common: &[(&str, &str)]) -> String {
    let function = callable.function.as_str();
    // A method is reached through its class.
    let imported = function.split('.').next().unwrap_or(function);
    let source = match shape.task.items {
        ItemSource::Module { .. } => format!("from {} import items as source\n", callable.module),
        _ => String::new(),
    };
    let upload =
        callable.file.as_deref().map(|file| format!("        client.upload_file({})\n", literal(file)));
    let upload = upload.unwrap_or_default();
    let own = [
        ("FUNCTION", function),
        ("MODULE", callable.module.as_str()),
        ("IMPORTED", imported),
        ("SOURCE", &*source),
        ("UPLOAD", &*upload),
    ];
    fill(include_str!("engine/dask_callable.py.tmpl"), &[common, &own].concat())
}

fn with_command(shape: &EngineShape, common: &[(&str, &str)]) -> String {
    let words: Vec<String> = shape.task.command.iter().flatten().map(|word| literal(word)).collect();
    let words = list("    command = ", &words);
    fill(include_str!("engine/dask_command.py.tmpl"), &[common, &[("WORDS", &*words)]].concat())
}

/// Returns the script of an array; `None` where items are not lines that a script can read.
pub fn slurm(shape: &EngineShape) -> Option<CodeExample> {
    let from = match &shape.task.items {
        ItemSource::Numbers => format!("seq 0 {}", shape.task.tasks.saturating_sub(1)),
        ItemSource::File(path) => format!("cat {}", quoted(path)),
        ItemSource::Listed(items) if items.iter().all(|item| !item.contains('\n')) => listed_lines(items),
        _ => return None,
    };
    let run = match &shape.callable {
        Some(callable) => python_loop(callable, matches!(shape.task.items, ItemSource::Numbers)),
        None => {
            let words = Words::new(shape.task.command.as_deref()?);
            let place = words.place;
            format!(
                "tr '\\n' '\\0' | xargs -0 -P \"${{SLURM_CPUS_PER_TASK:-1}}\" -I {place} {}",
                words.quoted()
            )
        }
    };
    let chunk = shape.chunk.max(1);
    let last = shape.task.tasks.div_ceil(chunk).saturating_sub(1).to_string();
    let (chunk, tasks, cpus) = (chunk.to_string(), shape.task.tasks.to_string(), shape.cpus.to_string());
    let values = [
        ("LAST", &*last),
        ("CHUNK", &*chunk),
        ("TASKS", &*tasks),
        ("CPUS", &*cpus),
        ("FROM", &*from),
        ("RUN", &*run),
    ];
    Some(CodeExample {
        language: "shell".to_owned(),
        title: format!("Slurm, {chunk} items in an array task"),
        code: fill(include_str!("engine/array.sh.tmpl"), &values),
    })
}

/// Returns a line that calls a callable for every line of its input, which may be a number.
fn python_loop(callable: &EngineCallable, is_number: bool) -> String {
    let EngineCallable { module, function, .. } = callable;
    let imported = function.split('.').next().unwrap_or(function);
    let item = if is_number { "int(line)" } else { "line.rstrip(\"\\n\")" };
    format!(
        "python3 -c 'import asyncio, inspect, sys\n\
         from {module} import {imported}\n\
         for line in sys.stdin:\n    \
             value = {function}({item})\n    \
             if inspect.isawaitable(value):\n        \
                 asyncio.run(value)'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(items: ItemSource, command: Option<&[&str]>) -> EngineShape {
        let command = command.map(|words| words.iter().map(|&word| word.to_owned()).collect());
        let callable = EngineCallable {
            module: "tasks".to_owned(),
            file: Some("tasks.py".to_owned()),
            function: "fetch".to_owned(),
        };
        EngineShape {
            callable: command.is_none().then_some(callable),
            task: TaskShape { tasks: 100, command, items, ..TaskShape::default() },
            chunk: 30,
            inner_width: 1,
            message_s: Some(0.002),
            address: None,
            workers: 2,
            cpus: 1,
        }
    }

    #[test]
    fn all_items_are_in_some_array_task() {
        let script = slurm(&shape(ItemSource::Numbers, Some(&["echo", "a b", "{item}"]))).expect("a script");
        assert!(script.code.contains("--array=0-3\n"), "{}", script.code);
        assert!(script.code.contains("xargs -0 -P \"${SLURM_CPUS_PER_TASK:-1}\" -I {} echo 'a b' {}\n"));
        let listed = ItemSource::Listed(vec!["it's".to_owned(), "two\nlines".to_owned()]);
        assert_eq!(slurm(&shape(listed, Some(&["echo", "{item}"]))), None);
    }

    #[test]
    fn a_method_is_imported_by_its_class() {
        let mut shape = shape(ItemSource::Module { first: None }, None);
        shape.callable.as_mut().expect("a callable").function = "Client.fetch".to_owned();
        let program = dask(&shape).code;
        assert!(
            program.contains("from tasks import Client\nfrom tasks import items as source\n"),
            "{program}"
        );
        assert!(program.contains("return await Client.fetch(item)"), "{program}");
        assert!(program.contains("client.upload_file(\"tasks.py\")"), "{program}");
        assert_eq!(slurm(&shape), None);
    }
}

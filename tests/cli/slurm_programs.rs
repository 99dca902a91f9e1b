//! Scripts of Slurm that topics show and that are printed: they run every item.
#![cfg(target_os = "linux")]

use std::fs;

use conc::internal::{EngineCallable, EngineShape, ItemSource, TaskShape, slurm_script};

use crate::sandbox::Sandbox;
use crate::slurm::{slurm, submit};

#[test]
fn the_script_of_the_topic_runs_every_line() {
    let Some((slurm, _turn)) = slurm("the_script_of_the_topic_runs_every_line") else { return };
    let sandbox = Sandbox::new();
    let items: Vec<String> = (0..100).map(|i| format!("it's $(touch bad) {i}")).collect();
    fs::write(sandbox.path("items.txt"), items.join("\n") + "\n").unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/explain/programs/slurm_array.sh");
    submit(slurm, &sandbox, &fs::read_to_string(script).unwrap());
    let printed: String =
        (0..4).map(|part| fs::read_to_string(sandbox.path(&format!("part-{part}.out"))).unwrap()).collect();
    let expected: Vec<String> = items.iter().map(|item| format!("done: {item}")).collect();
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
    assert!(!sandbox.path("bad").exists());
}

#[test]
fn the_printed_script_calls_a_callable_for_every_item() {
    let Some((slurm, _turn)) = slurm("the_printed_script_calls_a_callable_for_every_item") else { return };
    let tasks = "def note(item): open(f'{type(item).__name__}-{item}', 'w').close()\n\
                 class Client:\n    async def note(item): note(item)\n";
    let sandbox = Sandbox::with("tasks.py", tasks);
    fs::write(sandbox.path("items.txt"), "it's\n\"two\"\n").unwrap();
    let shape = |items, tasks, function: &str| EngineShape {
        callable: Some(EngineCallable {
            module: "tasks".to_owned(),
            file: Some("tasks.py".to_owned()),
            function: function.to_owned(),
        }),
        task: TaskShape { tasks, items, ..TaskShape::default() },
        chunk: 3,
        inner_width: 1,
        message_s: None,
        address: None,
        workers: 1,
        cpus: 1,
    };
    for shape in [
        shape(ItemSource::Numbers, 5, "note"),
        shape(ItemSource::File("items.txt".to_owned()), 2, "Client.note"),
    ] {
        submit(slurm, &sandbox, &slurm_script(&shape).unwrap().code);
    }
    let expected =
        (0..5).map(|i| format!("int-{i}")).chain(["str-it's".to_owned(), "str-\"two\"".to_owned()]);
    let missing: Vec<String> = expected.filter(|name| !sandbox.path(name).exists()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

//! The programs that use an engine by hand.

use conc::internal::{EngineCallable, EngineShape, ItemSource, TaskShape, dask_program};

/// Returns the text of programs with lines of every kind.
pub(super) fn programs(sources: &[ItemSource]) -> Vec<String> {
    let words =
        ["sh", "-c", "echo \"$1\" 'a'", "sh", "x{item}", "--an-option-that-is-long", "--and-another-one"];
    let command = TaskShape { command: Some(words.map(str::to_owned).to_vec()), ..TaskShape::default() };
    let of = |task: &TaskShape, function: Option<&str>| EngineShape {
        callable: function.map(|function| EngineCallable {
            module: "tasks".to_owned(),
            file: Some("lib/tasks.py".to_owned()),
            function: function.to_owned(),
        }),
        task: task.clone(),
        chunk: 30,
        inner_width: 4,
        message_s: Some(0.002),
        address: function.map(|_| "tcp://10.0.0.1:8786".to_owned()),
        workers: 2,
        cpus: 1,
    };
    let mut found = Vec::new();
    for items in sources {
        let task = TaskShape { tasks: 12_345, items: items.clone(), ..TaskShape::default() };
        found.push(of(&task, Some("fetch")));
        found.push(of(&task, Some("Client.a_method_with_a_rather_long_name")));
        if !matches!(items, ItemSource::Module { .. }) {
            found.push(of(&TaskShape { items: items.clone(), ..command.clone() }, None));
        }
    }
    found.iter().map(|shape| dask_program(shape).code).collect()
}

//! The programs in Rust.

mod imports;
mod items;
mod layout;
mod limits;
mod stages;
mod task;

use crate::advice::result::CodeExample;
use crate::benchmark::Configuration;
use crate::snippets::form::Form;
use crate::snippets::shape::TaskShape;
use crate::snippets::template::fill;
use crate::snippets::wording::provenance;

use imports::imports;
use limits::Limits;

/// Returns the program for one cell.
pub(super) fn example(cell: &Configuration, shape: &TaskShape) -> CodeExample {
    let form = Form::rust(cell.strategy, shape);
    let body = body(form, cell, shape);
    let comments: String = provenance(cell, shape).iter().map(|line| format!("// {line}\n")).collect();
    CodeExample {
        language: "rust".to_owned(),
        title: title(form, cell, shape),
        code: format!("{comments}// {}\n{}\n{body}", needs(form), imports(&body, form)),
    }
}

/// Returns the program without the comments and imports at its top.
fn body(form: Form, cell: &Configuration, shape: &TaskShape) -> String {
    let limits = Limits::of(form, cell, shape);
    let is_text = shape.items.is_text();
    let (width, processes) = (cell.width.max(1), processes(cell));
    let values = [
        ("TYPE", if is_text { "&str" } else { "u64" }.to_owned()),
        ("OWNED", if is_text { "String" } else { "u64" }.to_owned()),
        ("ITEM", if is_text { "item" } else { "*item" }.to_owned()),
        (
            "PARSE",
            if is_text { "" } else { "let item = item.parse().map_err(io::Error::other)?;\n            " }
                .to_owned(),
        ),
        ("PARSED", if is_text { "&item" } else { "item" }.to_owned()),
        ("CALL", limits.call().to_owned()),
        ("WIDTH", width.to_string()),
        ("PROCESSES", processes.to_string()),
        ("BATCH", shape.batch(width).to_string()),
        ("QUEUE", cell.stages.map_or(1, |stages| stages.queue()).to_string()),
        ("FIRST", cell.stages.and_then(|stages| stages.workers().next()).unwrap_or(1).to_string()),
        ("STAGES", stages::functions(shape)),
        ("STARTS", stages::starts(cell, shape)),
        ("FRAMES", include_str!("rust/frames.rs.tmpl").trim_end().to_owned()),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let run = fill(template(form), &values);
    let report = fill(include_str!("rust/report.rs.tmpl"), &values);
    let work = match form {
        Form::Pipeline => stages::steps(shape),
        _ => task::definition(form, shape, &limits),
    };
    let parts = [work, limits.definitions(), items::function(shape), report, run];
    let parts: Vec<_> = parts.iter().map(|part| part.trim_end()).filter(|part| !part.is_empty()).collect();
    parts.join("\n\n") + "\n"
}

fn template(form: Form) -> &'static str {
    match form {
        Form::Sequential => include_str!("rust/sequential.rs.tmpl"),
        Form::Async => include_str!("rust/async.rs.tmpl"),
        Form::Threads => include_str!("rust/threads.rs.tmpl"),
        Form::WorkStealing => include_str!("rust/work_stealing.rs.tmpl"),
        Form::Processes => include_str!("rust/processes.rs.tmpl"),
        Form::Hybrid => include_str!("rust/hybrid.rs.tmpl"),
        Form::Pipeline => include_str!("rust/pipeline.rs.tmpl"),
    }
}

/// Returns what the program needs besides the standard library.
fn needs(form: Form) -> &'static str {
    match form {
        Form::Async | Form::Hybrid => {
            r#"Cargo.toml: edition = "2024", tokio = { version = "1", features = ["full"] }"#
        }
        Form::WorkStealing => r#"Cargo.toml: edition = "2024", rayon = "1""#,
        Form::Pipeline => r#"Cargo.toml: edition = "2024", crossbeam-channel = "0.5""#,
        Form::Sequential | Form::Threads | Form::Processes => {
            r#"Cargo.toml: edition = "2024", no dependencies"#
        }
    }
}

fn title(form: Form, cell: &Configuration, shape: &TaskShape) -> String {
    let (width, unit) = (cell.width, if shape.command.is_some() { "at a time" } else { "in flight" });
    match form {
        Form::Sequential => "one task after another".to_owned(),
        Form::Async => format!("tokio, {width} {unit}"),
        Form::Threads if shape.command.is_some() => format!("threads, {width} {unit}"),
        Form::Threads => format!("long-lived threads, {width} wide"),
        Form::WorkStealing => format!("rayon, {width} wide"),
        Form::Processes => format!("{width} worker processes of this program"),
        Form::Hybrid => {
            format!("tokio, {width} in flight, computing in {} worker processes", processes(cell))
        }
        Form::Pipeline => format!("threads and bounded channels, {} workers", cell.width_label()),
    }
}

fn processes(cell: &Configuration) -> usize {
    cell.processes.unwrap_or(1).max(1)
}

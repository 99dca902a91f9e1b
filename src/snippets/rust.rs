//! The programs in Rust.

use std::time::Duration;

use crate::advice::result::CodeExample;
use crate::benchmark::Configuration;
use crate::snippets::command::{Word, words};
use crate::snippets::form::Form;
use crate::snippets::shape::{ItemSource, TaskShape};
use crate::snippets::template::fill;
use crate::snippets::wording::{grouped, replace_note};
use crate::units::Seconds;

/// Maximum number of characters in a line of a generated Rust program, as rustfmt limits it.
const LINE: usize = 100;

/// Time of one step of the stand-in loop in a release build: a multiplication by 31 (a shift and a
/// subtraction) and an exclusive or, which depend on each other and take three cycles.
const STEP: Duration = Duration::from_nanos(1);

/// Returns the program for one cell.
pub(super) fn example(cell: &Configuration, shape: &TaskShape) -> CodeExample {
    let form = Form::rust(cell.strategy, shape);
    let items = &shape.items;
    let (kind, static_kind) = if items.is_text() { ("&str", "&'static str") } else { ("u64", "u64") };
    let values = [
        ("TASK", task(form, shape, items)),
        ("TYPE", kind.to_owned()),
        ("STATIC_TYPE", static_kind.to_owned()),
        ("ITEMS", list(items, shape.tasks)),
        ("WIDTH", cell.width.to_string()),
        ("PROCESSES", cell.processes.unwrap_or(1).to_string()),
        ("BATCH", shape.batch(cell.width).to_string()),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    CodeExample { language: "rust".to_owned(), title: title(form, cell), code: fill(template(form), &values) }
}

fn template(form: Form) -> &'static str {
    match form {
        Form::Sequential => include_str!("rust/sequential.rs.tmpl"),
        Form::Async => include_str!("rust/async.rs.tmpl"),
        Form::Threads => include_str!("rust/threads.rs.tmpl"),
        Form::WorkStealing => include_str!("rust/work_stealing.rs.tmpl"),
        Form::Processes => include_str!("rust/processes.rs.tmpl"),
        Form::Hybrid => include_str!("rust/hybrid.rs.tmpl"),
    }
}

fn title(form: Form, cell: &Configuration) -> String {
    let width = cell.width;
    match form {
        Form::Sequential => "one task after another".to_owned(),
        Form::Async => format!("tokio, {width} in flight"),
        Form::Threads => format!("long-lived threads, {width} wide"),
        Form::WorkStealing => format!("rayon, {width} wide"),
        Form::Processes => format!("{width} worker processes of this program"),
        Form::Hybrid => {
            format!("tokio, {width} in flight, computing in {} worker processes", processes(cell))
        }
    }
}

fn processes(cell: &Configuration) -> usize {
    cell.processes.unwrap_or(1)
}

/// Returns the user's part of the program: the command, or a stand-in.
fn task(form: Form, shape: &TaskShape, items: &ItemSource) -> String {
    match (&shape.command, form) {
        (Some(command), _) => run_command(command, items, form == Form::Async),
        (None, Form::Hybrid) => two_stand_ins(shape, items),
        (None, _) => stand_in(shape, items, form == Form::Async),
    }
}

/// Returns `fn task` up to its brace. The name of an unused item starts with an underscore.
fn signature(awaits: bool, items: &ItemSource, uses_item: bool) -> String {
    let (asynchronous, unused) = (if awaits { "async " } else { "" }, if uses_item { "" } else { "_" });
    let kind = if items.is_text() { "&str" } else { "u64" };
    format!("{asynchronous}fn task({unused}item: {kind}) -> io::Result<()> {{\n")
}

fn stand_in(shape: &TaskShape, items: &ItemSource, awaits: bool) -> String {
    let (wait, cpu) = shape.parts();
    let mut body = format!("/// {}\n{}", replace_note(wait, cpu), signature(awaits, items, cpu.is_some()));
    if let Some(wait) = wait {
        body += &sleep(wait, awaits);
    }
    if let Some(cpu) = cpu {
        let seed = if items.is_text() { "item.len() as u64" } else { "item" };
        body += &format!("    std::hint::black_box({});\n", spin(cpu, seed));
    }
    body + "    Ok(())\n}"
}

/// Returns the two halves of a hybrid task.
fn two_stand_ins(shape: &TaskShape, items: &ItemSource) -> String {
    let kind = if items.is_text() { "&str" } else { "u64" };
    let (wait, cpu) = (Seconds::from(shape.wait), Seconds::from(shape.cpu));
    format!(
        "/// Replace this: the part that waits, measured at {wait}. It returns what the other part needs.\n\
         async fn wait(item: {kind}) -> io::Result<Vec<u8>> {{\n{}    \
         Ok(item.to_string().into_bytes())\n}}\n\n\
         /// Replace this: the part that computes, measured at {cpu}. It runs in a worker process.\n\
         fn compute(data: &[u8]) -> u64 {{\n    {}\n}}",
        sleep(shape.wait, true),
        spin(shape.cpu, "data.len() as u64"),
    )
}

fn sleep(wait: Duration, awaits: bool) -> String {
    let micros = grouped(wait.as_micros());
    let (module, ending) = if awaits { ("tokio::time", ".await") } else { ("std::thread", "") };
    format!("    {module}::sleep(std::time::Duration::from_micros({micros})){ending};\n")
}

fn spin(cpu: Duration, seed: &str) -> String {
    let steps = grouped(cpu.as_nanos() / STEP.as_nanos());
    format!("(0..{steps}).fold({seed}, |x: u64, i: u64| x.wrapping_mul(31) ^ i)")
}

fn run_command(command: &[String], items: &ItemSource, awaits: bool) -> String {
    let words = words(command);
    let signature = signature(awaits, items, words.iter().any(Word::varies));
    let module = if awaits { "tokio" } else { "std" };
    let mut calls = words.iter().map(|word| source(word, items));
    let program = calls.next().expect("a command line names a program");
    let mut chain = vec![format!("    let output = {module}::process::Command::new({program})")];
    chain.extend(calls.map(|argument| format!(".arg({argument})")));
    let endings: &[&str] = if awaits { &[".output()", ".await?;"] } else { &[".output()?;"] };
    chain.extend(endings.iter().map(|&ending| ending.to_owned()));
    let on_one_line = chain.iter().map(|link| link.chars().count()).sum::<usize>() <= LINE;
    let chain = chain.join(if on_one_line { "" } else { "\n        " });
    format!(
        "/// Runs the command; what it prints is in `output.stdout`.\n{signature}{chain}\n    \
         if output.status.success() {{ Ok(()) }} else {{ Err(io::Error::other(output.status.to_string())) }}\n}}"
    )
}

/// Returns one word of a command line as an expression.
fn source(word: &Word<'_>, items: &ItemSource) -> String {
    match word {
        Word::Fixed(text) => format!("{text:?}"),
        Word::Item if items.is_text() => "item".to_owned(),
        Word::Item => "item.to_string()".to_owned(),
        Word::Mixed(pieces) => format!("format!({:?})", Word::format_text(pieces)),
    }
}

/// Returns the items as a `Vec`; what is read stays in memory until the program ends.
fn list(items: &ItemSource, tasks: u64) -> String {
    let lines = |text: &str| {
        format!(
            "{text}.expect(\"readable items\").leak().lines().filter(|line| !line.trim().is_empty()).collect()"
        )
    };
    match items {
        ItemSource::Numbers | ItemSource::Module => format!("(0..{}).collect()", grouped(u128::from(tasks))),
        ItemSource::Listed(texts) => format!("vec!{texts:?}"),
        ItemSource::Arguments => "std::env::args().skip(1).map(|item| &*item.leak()).collect()".to_owned(),
        ItemSource::File(path) => lines(&format!("std::fs::read_to_string({path:?})")),
        ItemSource::StandardInput => lines("std::io::read_to_string(std::io::stdin())"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_a_literal_whatever_is_in_it() {
        let nasty = vec!["a\"b\\c\n{}".to_owned()];
        assert_eq!(list(&ItemSource::Listed(nasty), 1), r#"vec!["a\"b\\c\n{}"]"#);
        assert_eq!(source(&Word::Mixed(vec!["{\"", ""]), &ItemSource::Numbers), r#"format!("{{\"{item}")"#);
    }
}

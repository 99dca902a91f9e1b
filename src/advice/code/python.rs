//! The programs in Python.

use std::time::Duration;

use crate::advice::code::command::{Word, words};
use crate::advice::code::form::Form;
use crate::advice::code::item::ItemList;
use crate::advice::code::shape::TaskShape;
use crate::advice::code::template::fill;
use crate::advice::code::wording::{grouped, replace_note};
use crate::advice::result::CodeExample;
use crate::benchmark::Cell;
use crate::strategy::Kind;
use crate::units::Seconds;

/// Lines of a program stay within this many characters, as most formatters have it.
const LINE: usize = 100;

/// One step of the stand-in loop: a multiplication and an addition by the interpreter.
const STEP: Duration = Duration::from_nanos(50);

/// The program for one cell.
pub(super) fn example(cell: &Cell, shape: &TaskShape) -> CodeExample {
    let form = Form::python(cell.strategy, shape);
    let needs_subprocess = shape.command.is_some() && form != Form::Async;
    let values = [
        ("IMPORTS", if needs_subprocess { "import subprocess\n" } else { "" }.to_owned()),
        ("TASK", task(form, shape)),
        ("ITEMS", list(&ItemList::of(shape))),
        ("WIDTH", cell.width.to_string()),
        ("PROCESSES", processes(cell).to_string()),
        ("BATCH", shape.batch(cell.width).to_string()),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    CodeExample {
        language: "python".to_owned(),
        title: title(form, cell),
        code: fill(template(form), &values),
    }
}

fn template(form: Form) -> &'static str {
    match form {
        Form::Sequential => include_str!("python/sequential.py.tmpl"),
        Form::Async => include_str!("python/async.py.tmpl"),
        Form::Threads | Form::WorkStealing => include_str!("python/threads.py.tmpl"),
        Form::Processes => include_str!("python/processes.py.tmpl"),
        Form::Hybrid => include_str!("python/hybrid.py.tmpl"),
    }
}

fn title(form: Form, cell: &Cell) -> String {
    let width = cell.width;
    match form {
        Form::Sequential => "one task after another".to_owned(),
        Form::Async => format!("asyncio, {width} in flight"),
        Form::Threads | Form::WorkStealing => format!("ThreadPoolExecutor, {width} wide"),
        Form::Processes if cell.strategy == Kind::Processes => format!("ProcessPoolExecutor, {width} wide"),
        Form::Processes => {
            format!("Python's GIL makes threads useless here: a process pool, {width} wide")
        }
        Form::Hybrid => {
            format!("asyncio, {width} in flight, computing in a process pool of {}", processes(cell))
        }
    }
}

fn processes(cell: &Cell) -> usize {
    cell.processes.unwrap_or(1)
}

/// The part of the program that is the user's: the command, or a stand-in.
fn task(form: Form, shape: &TaskShape) -> String {
    match (&shape.command, form) {
        (Some(command), Form::Async) => run_command_async(command),
        (Some(command), _) => run_command(command),
        (None, Form::Hybrid) => two_stand_ins(shape),
        (None, _) => stand_in(shape, form == Form::Async),
    }
}

fn stand_in(shape: &TaskShape, awaits: bool) -> String {
    let (wait, cpu) = shape.parts();
    let keyword = if awaits { "async def" } else { "def" };
    let mut body = format!("# {}\n{keyword} task(item):\n", replace_note(wait, cpu));
    if let Some(wait) = wait {
        body += &sleep(wait, awaits);
    }
    if let Some(cpu) = cpu {
        body += &format!("    {}\n", spin(cpu));
    }
    body + "    return item"
}

/// The two halves of a hybrid task.
fn two_stand_ins(shape: &TaskShape) -> String {
    let (wait, cpu) = (Seconds::from(shape.wait), Seconds::from(shape.cpu));
    format!(
        "# Replace this: the part that waits, measured at {wait}. It gives what the other part needs.\n\
         async def wait(item):\n{}    return str(item)\n\n\n\
         # Replace this: the part that computes, measured at {cpu}. It runs in a worker process.\n\
         def compute(data):\n    return {}",
        sleep(shape.wait, true),
        spin(shape.cpu),
    )
}

fn sleep(wait: Duration, awaits: bool) -> String {
    let call = if awaits { "await asyncio.sleep" } else { "time.sleep" };
    format!("    {call}({})\n", wait.as_micros() as f64 / 1e6)
}

fn spin(cpu: Duration) -> String {
    format!("sum(i * i for i in range({}))", grouped(cpu.as_nanos() / STEP.as_nanos()))
}

const COMMAND_NOTE: &str = "# Runs the command, and gives what it prints.";

fn run_command(command: &[String]) -> String {
    format!(
        "{COMMAND_NOTE}\ndef task(item):\n    command = [{}]\n    \
         done = subprocess.run(\n        \
         command, stdin=subprocess.DEVNULL, capture_output=True, check=True\n    )\n    \
         return done.stdout",
        arguments(command)
    )
}

fn run_command_async(command: &[String]) -> String {
    format!(
        "{COMMAND_NOTE}\nasync def task(item):\n    command = [{}]\n    \
         null, pipe = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE\n    \
         process = await asyncio.create_subprocess_exec(\n        \
         *command, stdin=null, stdout=pipe, stderr=pipe\n    )\n    \
         output, errors = await process.communicate()\n    \
         if process.returncode != 0:\n        \
         raise RuntimeError(f\"status {{process.returncode}}: {{errors!r}}\")\n    return output",
        arguments(command)
    )
}

/// The words of a command line, on one line if they fit.
fn arguments(command: &[String]) -> String {
    let words: Vec<_> = words(command).iter().map(word).collect();
    let line = words.join(", ");
    if line.chars().count() + "    command = []".len() <= LINE {
        line
    } else {
        format!("\n        {},\n    ", words.join(",\n        "))
    }
}

/// One word of a command line as an expression.
fn word(word: &Word<'_>) -> String {
    match word {
        Word::Fixed(text) => literal(text),
        Word::Item => "str(item)".to_owned(),
        Word::Mixed(pieces) => format!("f{}", literal(&Word::format_text(pieces))),
    }
}

/// The items as a sequence.
fn list(items: &ItemList<'_>) -> String {
    let texts = |texts: &[String]| texts.iter().map(|t| literal(t)).collect::<Vec<_>>().join(", ");
    match items {
        ItemList::Numbers(count) => format!("range({})", grouped(u128::from(*count))),
        ItemList::All(all) => format!("[{}]", texts(all)),
        ItemList::Sample(few, count) => {
            let times = count.div_ceil(few.len() as u64);
            format!("([{}] * {times})[:{count}]  # put yours here", texts(few))
        }
    }
}

/// A string literal; what does not print is escaped, so that a line of source stays a line.
fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // Rust's own rule for what does not print, apart from the quote that needs no escape.
            c if c != '\'' && c.escape_debug().len() > 1 => out += &format!("\\U{:08x}", c as u32),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_a_literal_whatever_is_in_it() {
        assert_eq!(literal("it's \"x\\y\"\n\u{1b}é"), r#""it's \"x\\y\"\n\U0000001bé""#);
        assert_eq!(word(&Word::Mixed(vec!["{\"", ""])), r#"f"{{\"{item}""#);
    }

    #[test]
    fn a_sample_of_items_is_repeated_to_the_count() {
        let few = ["a".to_owned(), "b".to_owned()];
        assert_eq!(list(&ItemList::Sample(&few, 5)), r#"(["a", "b"] * 3)[:5]  # put yours here"#);
    }
}

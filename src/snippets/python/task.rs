//! The user's part of a program if it is a command, or a stand-in if it is unknown.

use std::time::Duration;

use crate::snippets::command::{Word, words};
use crate::snippets::python::literal::literal;
use crate::snippets::python::program::Program;
use crate::snippets::shape::TaskShape;
use crate::snippets::wording::{grouped, replace_note};
use crate::units::Seconds;

/// Maximum number of characters in a line of a generated Python program, as most formatters limit it.
const MAX_LINE_CHARS: usize = 100;

/// Time of one step of the stand-in loop: a multiplication and an addition by the interpreter.
const STEP: Duration = Duration::from_nanos(50);

/// Comment above a generated function that runs the user's command.
const COMMAND_NOTE: &str = "# Runs the command and returns its output.";

/// Returns the definition of `task`, or of `wait` and `compute`.
pub(super) fn definition(program: Program, shape: &TaskShape) -> String {
    match &shape.command {
        Some(command) if program.awaits() => run_command_async(command),
        Some(command) => run_command(command),
        None if program == Program::Hybrid => two_stand_ins(shape),
        None => stand_in(shape, program.awaits()),
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

/// Returns the two halves of a hybrid task.
fn two_stand_ins(shape: &TaskShape) -> String {
    let (wait, cpu) = (Seconds::from(shape.wait), Seconds::from(shape.cpu));
    format!(
        "# Replace this: the part that waits, measured at {wait}. It returns what the other part needs.\n\
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

/// Returns the words of a command line, on one line if they fit.
fn arguments(command: &[String]) -> String {
    let words: Vec<_> = words(command).iter().map(word).collect();
    let line = words.join(", ");
    if line.chars().count() + "    command = []".len() <= MAX_LINE_CHARS {
        line
    } else {
        format!("\n        {},\n    ", words.join(",\n        "))
    }
}

/// Returns one word of a command line as an expression.
fn word(word: &Word<'_>) -> String {
    match word {
        Word::Fixed(text) => literal(text),
        Word::Item => "str(item)".to_owned(),
        Word::Mixed(pieces) => format!("f{}", literal(&Word::format_text(pieces))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_becomes_an_expression() {
        assert_eq!(word(&Word::Mixed(vec!["{\"", ""])), r#"f"{{\"{item}""#);
        assert_eq!(word(&Word::Item), "str(item)");
    }
}

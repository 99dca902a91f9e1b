//! The user's part of a program if it is a command, or a stand-in if it is unknown.

use std::time::Duration;

use crate::snippets::command::{Word, words};
use crate::snippets::python::callable::UserPart;
use crate::snippets::python::layout::{call, list};
use crate::snippets::python::literal::literal;
use crate::snippets::python::program::Program;
use crate::snippets::python::work::{Argument, Step};
use crate::snippets::shape::TaskShape;
use crate::snippets::wording::{grouped, replace_note};
use crate::units::Seconds;

/// Time of one step of the stand-in loop: a multiplication and an addition by the interpreter.
const STEP: Duration = Duration::from_nanos(50);

/// Comment above a generated function that runs the user's command.
const COMMAND_NOTE: &str = "# Runs the command and returns its output.";

/// Returns the user's part for a command or a stand-in.
pub(super) fn user_part(program: Program, shape: &TaskShape) -> UserPart {
    let is_rated = shape.limits.rate_per_s.is_some();
    let step = |name: &str, awaits: bool, computes: bool| {
        let (name, is_rated) = (Some(name.to_owned()), is_rated && !computes);
        let (blocking, coroutine) = if awaits { (None, name) } else { (name, None) };
        Step { blocking, coroutine, argument: Argument::Item, computes, is_rated }
    };
    let steps = match (&shape.command, program) {
        (None, Program::Hybrid) => vec![step("wait", true, false), step("compute", false, true)],
        _ => vec![step("task", program.awaits(), false)],
    };
    let definition = match &shape.command {
        Some(command) if program.awaits() => run_command_async(command, shape),
        Some(command) => run_command(command, shape),
        None if program == Program::Hybrid => two_stand_ins(shape),
        None => stand_in(shape, program.awaits()),
    };
    let imports = if shape.command.is_some() && !program.awaits() { vec!["subprocess"] } else { Vec::new() };
    UserPart::defined(steps, definition, imports)
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

fn run_command(command: &[String], shape: &TaskShape) -> String {
    let mut words = vec!["subprocess.run", "command", "stdin=subprocess.DEVNULL", "capture_output=True"];
    words.push(if shape.ignore_failure { "check=False" } else { "check=True" });
    words.extend(shape.limits.timeout.is_some().then_some("timeout=TIMEOUT"));
    let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    let (command, run) = (assigned(command), call("    done = ", &words, ""));
    format!("{COMMAND_NOTE}\ndef task(item):\n{command}\n{run}\n    return done.stdout")
}

fn run_command_async(command: &[String], shape: &TaskShape) -> String {
    let words = ["asyncio.create_subprocess_exec", "*command", "stdin=null", "stdout=pipe", "stderr=pipe"];
    let start = call("    process = await ", &words.map(str::to_owned), "");
    let errors = if shape.ignore_failure { "_" } else { "errors" };
    let output = if shape.limits.timeout.is_some() {
        "    try:\n        output, @ERRORS@ = await process.communicate()\n    \
         except asyncio.CancelledError:  # The time is up.\n        if process.returncode is None:\n            process.kill()\n        raise"
    } else {
        "    output, @ERRORS@ = await process.communicate()"
    };
    let output = output.replace("@ERRORS@", errors);
    let check = if shape.ignore_failure {
        ""
    } else {
        "    if process.returncode != 0:\n        \
         raise RuntimeError(f\"status {process.returncode}: {errors!r}\")\n"
    };
    format!(
        "{COMMAND_NOTE}\nasync def task(item):\n{}\n    \
         null, pipe = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE\n\
         {start}\n{output}\n{check}    return output",
        assigned(command)
    )
}

/// Returns the line that assigns the words of a command line.
fn assigned(command: &[String]) -> String {
    let words: Vec<String> = words(command).iter().map(word).collect();
    list("    command = ", &words)
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
        assert_eq!(word(&Word::Mixed(vec!["{\"", ""])), r#"f'{{"{item}'"#);
        assert_eq!(word(&Word::Item), "str(item)");
    }
}

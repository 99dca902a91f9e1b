//! The user's part of a program: the command, or a stand-in for what is not known.

use std::time::Duration;

use crate::snippets::command::{Word, words};
use crate::snippets::form::Form;
use crate::snippets::rust::layout::{argument, chain, duration, literal};
use crate::snippets::rust::limits::Limits;
use crate::snippets::shape::TaskShape;
use crate::snippets::wording::{grouped, replace_note};
use crate::units::Seconds;

/// Time of one step of the stand-in loop in a release build: a multiplication by 31 (a shift and a
/// subtraction) and an exclusive or, which depend on each other and take three cycles.
const STEP: Duration = Duration::from_nanos(1);

/// Returns the function `task`, or `wait` and `compute` where they are apart.
pub(super) fn definition(form: Form, shape: &TaskShape, limits: &Limits<'_>) -> String {
    match (&shape.command, form) {
        (Some(command), _) => run_command(command, shape, limits),
        (None, Form::Hybrid) => two_stand_ins(shape),
        (None, _) => stand_in(shape, limits),
    }
}

/// Returns `fn task` up to its brace. The name of a parameter that is not used starts with an underscore.
fn signature(shape: &TaskShape, limits: &Limits<'_>, uses_item: bool, uses_deadline: bool) -> String {
    let unused = |is_used| if is_used { "" } else { "_" };
    let asynchronous = if limits.awaits() { "async " } else { "" };
    let deadline = if limits.tells_deadline() {
        format!(", {}deadline: Instant", unused(uses_deadline))
    } else {
        String::new()
    };
    format!(
        "{asynchronous}fn task({}item: {}{deadline}) -> io::Result<Vec<u8>> {{\n",
        unused(uses_item),
        item_type(shape)
    )
}

/// Returns the type of an item, as a parameter has it.
pub(super) fn item_type(shape: &TaskShape) -> &'static str {
    if shape.items.is_text() { "&str" } else { "u64" }
}

fn stand_in(shape: &TaskShape, limits: &Limits<'_>) -> String {
    let (wait, cpu) = shape.parts();
    let mut body = format!("/// {}\n", replace_note(wait, cpu));
    if limits.tells_deadline() {
        body += "/// It has until `deadline`, with the retries.\n";
    }
    body += &signature(shape, limits, cpu.is_some(), wait.is_some());
    if let Some(wait) = wait {
        body += &format!("    {}\n", sleep(wait, limits));
    }
    match cpu {
        Some(cpu) => body += &spin(cpu, if shape.items.is_text() { "item.len() as u64" } else { "item" }),
        None => body += "    Ok(Vec::new())\n",
    }
    body + "}\n"
}

/// Returns the two halves of a hybrid task.
fn two_stand_ins(shape: &TaskShape) -> String {
    let (wait, cpu) = (Seconds::from(shape.wait), Seconds::from(shape.cpu));
    let bytes =
        if shape.items.is_text() { "item.as_bytes().to_vec()" } else { "item.to_be_bytes().to_vec()" };
    format!(
        "/// Replace this: the part that waits, measured at {wait}. It returns what the other part needs.\n\
         async fn wait(item: {}) -> io::Result<Vec<u8>> {{\n    tokio::time::sleep({}).await;\n    Ok({bytes})\n}}\n\n\
         /// Replace this: the part that computes, measured at {cpu}. It runs in a worker process.\n\
         fn compute(data: &[u8]) -> io::Result<Vec<u8>> {{\n{}}}\n",
        item_type(shape),
        duration(shape.wait),
        spin(shape.cpu, "data.len() as u64"),
    )
}

fn sleep(wait: Duration, limits: &Limits<'_>) -> String {
    let wait = duration(wait);
    if limits.awaits() {
        format!("tokio::time::sleep({wait}).await;")
    } else if limits.tells_deadline() {
        format!("sleep({wait}, deadline)?;")
    } else {
        format!("thread::sleep({wait});")
    }
}

/// Returns a loop that takes a time, and its result as the result of the function.
pub(super) fn spin(cpu: Duration, seed: &str) -> String {
    let steps = grouped(cpu.as_nanos() / STEP.as_nanos());
    format!(
        "    let mut sum = {seed};\n    for step in 0..{steps} {{\n        sum = sum.wrapping_mul(31) ^ step;\n    }}\n    \
         Ok(sum.to_be_bytes().to_vec())\n"
    )
}

fn run_command(command: &[String], shape: &TaskShape, limits: &Limits<'_>) -> String {
    let words = words(command);
    let mut body = "/// Runs the command and returns what it prints.\n".to_owned();
    body += &signature(shape, limits, words.iter().any(Word::varies), true);
    let mut words = words.iter().map(|word| expression(word, shape));
    let program = words.next().unwrap_or_else(|| literal(""));
    let mut links = vec![format!("Command::new({program})")];
    if limits.tells_deadline() {
        // A thread that waits for a command cannot end it; the program `timeout` can.
        body += "    let left = deadline.saturating_duration_since(Instant::now());\n    \
                 let left = left.as_secs_f64().max(0.001);\n";
        links = vec![
            r#"Command::new("timeout")"#.to_owned(),
            ".arg(left.to_string())".to_owned(),
            argument(&program),
        ];
    }
    links.extend(words.map(|word| argument(&word)));
    links.push(".stdin(Stdio::null())".to_owned());
    links.extend(limits.awaits().then(|| ".kill_on_drop(true)".to_owned()));
    links.push(".output()".to_owned());
    links.extend(limits.awaits().then(|| ".await".to_owned()));
    if let Some(last) = links.last_mut() {
        last.push('?');
    }
    body += &(chain("output", &links) + "\n");
    if limits.tells_deadline() {
        body += "    if output.status.code() == Some(124) {\n        \
                 return Err(io::ErrorKind::TimedOut.into());\n    }\n";
    }
    if !shape.ignore_failure {
        body += FAILURE;
    }
    body + "    Ok(output.stdout)\n}\n"
}

/// The check of a command's exit status.
const FAILURE: &str = r#"    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        let reason = format!("{}: {}", output.status, reason.trim_end());
        return Err(io::Error::other(reason));
    }
"#;

/// Returns one word of a command line as an expression.
fn expression(word: &Word<'_>, shape: &TaskShape) -> String {
    match word {
        Word::Fixed(text) => literal(text),
        Word::Item if shape.items.is_text() => "item".to_owned(),
        Word::Item => "item.to_string()".to_owned(),
        Word::Mixed(pieces) => format!("format!({})", literal(&Word::format_text(pieces))),
    }
}

//! What a run with a fault has to be like.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::job::Job;
use super::place::{Effect, Place};
use super::seam::Outcome;
use crate::sandbox::Sandbox;

/// Words for a process that was killed.
const KILLED: [&str; 5] = ["SIGKILL", "signal 9", "signal: 9", "killed", "E-POOL-"];

/// Judges a run.
///
/// # Errors
/// What is wrong with it.
pub(super) fn judge(job: &Job, effect: Effect, outcome: &Outcome, sandbox: &Sandbox) -> Result<(), String> {
    let Some(status) = outcome.status else { return Err("it hangs".to_owned()) };
    let said = format!("{}{}", outcome.stderr, outcome.stdout);
    if said.contains("panicked") {
        return Err("it panicked".to_owned());
    }
    // On a busy machine the budget is over before the first task.
    if status.code() == Some(1) && said.contains("no task was started") {
        return Ok(());
    }
    let Some(place) = &outcome.fired else {
        // The run went another way. It is a run without a fault.
        return if status.success() {
            accounted(job, outcome, sandbox)
        } else {
            Err("it failed without a fault".to_owned())
        };
    };
    match status.code() {
        Some(0) if is_of_output(place) && !effect.is_harmless() => match effect {
            // Nobody reads any more, or nothing can be said to whoever does.
            Effect::Error(nix::libc::EPIPE) => Ok(()),
            _ if place.file == 2 => accounted(job, outcome, sandbox),
            _ => Err("its output is lost and it says nothing".to_owned()),
        },
        Some(0) => accounted(job, outcome, sandbox),
        Some(1 | 2) if effect.is_harmless() => Err("it fails where it could have gone on".to_owned()),
        Some(1 | 2) if place.file == 2 || names_cause(effect, place, &said) => Ok(()),
        Some(1 | 2) => Err(format!("it does not name the cause, {}", effect.in_words().unwrap_or_default())),
        _ => Err("its status is none of the documented ones".to_owned()),
    }
}

/// Returns true for a question about standard output or standard error of the command itself.
fn is_of_output(place: &Place) -> bool {
    place.role == "main" && place.call == "write" && (place.file == 1 || place.file == 2)
}

fn accounted(job: &Job, outcome: &Outcome, sandbox: &Sandbox) -> Result<(), String> {
    let document: Value =
        serde_json::from_str(&outcome.stdout).map_err(|error| format!("its output: {error}"))?;
    (job.accounts)(&document, sandbox)
}

fn names_cause(effect: Effect, place: &Place, said: &str) -> bool {
    match effect {
        Effect::Error(nix::libc::EPIPE) if place.role != "main" => true,
        Effect::Error(_) => effect.in_words().is_some_and(|words| said.contains(&words)),
        Effect::Kill => KILLED.iter().any(|words| said.contains(words)),
        // Deadlines are over.
        Effect::Ahead => said.contains("within") || said.contains("E-"),
        _ => false,
    }
}

/// Returns the functions of the program on a stack, the innermost first.
pub(super) fn functions(stack: &[String]) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_conc"));
    let names = Command::new("addr2line").args(["-Cfse"]).arg(program).args(stack).output();
    let Ok(names) = names else { return stack.join(" ") };
    let text = String::from_utf8_lossy(&names.stdout).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let named = lines.chunks(2).map(|pair| pair.join(" "));
    named.filter(|name| name.contains("conc::")).take(4).collect::<Vec<_>>().join(" < ")
}

//! The line with xargs.

use std::time::Duration;

use crate::advice::result::CodeExample;
use crate::snippets::shell::input;
use crate::snippets::shell::job::{Job, piped, seconds};
use crate::snippets::shell::words::Words;
use crate::workload::spec::{Backoff, RetryPolicy};

/// Maximum number of pauses that are written into a line.
const MAX_PAUSES: u32 = 12;

/// Returns the line, and what its exit status means.
pub(super) fn example(job: &Job<'_>) -> CodeExample {
    let words = Words::new(&job.command);
    let input = input::for_xargs(job.shape, words.vary());
    let place = words.place;
    let xargs = format!("xargs {}-P {} -I {place} {}", input.options, job.width, command(job, &words));
    let mut comments = job.chosen();
    comments.push("Exit status: 0 if every command succeeds, 123 if one fails.".to_owned());
    comments.push("A command that exits with 255 or is killed ends xargs, with 124 or 125.".to_owned());
    comments.extend(input::note(&job.shape.items).map(str::to_owned));
    job.example("xargs", &comments, &piped(&input.from, &xargs))
}

/// Returns the user's command with its time limit and its retries.
fn command(job: &Job<'_>, words: &Words<'_>) -> String {
    let limit = job.shape.limits.timeout.map(|limit| format!("timeout {} ", seconds(limit.as_secs_f64())));
    let retry = job.shape.retry.as_ref().filter(|retry| retry.max > 0).map(again).unwrap_or_default();
    // xargs puts no item in the place of the program itself.
    let env = if words.program_varies() && limit.is_none() && retry.is_empty() { "env " } else { "" };
    format!("{}{retry}{env}{}", limit.unwrap_or_default(), words.quoted())
}

/// Returns a shell that runs its arguments until they succeed, with the pauses that were measured on average.
fn again(retry: &RetryPolicy) -> String {
    let pauses: Vec<_> =
        (0..retry.max.min(MAX_PAUSES)).map(|nth| seconds(mean_pause(retry, nth).as_secs_f64())).collect();
    let rest = retry.max - retry.max.min(MAX_PAUSES);
    let pauses = match pauses.last() {
        Some(last) if rest > 0 => format!("{} $(yes {last} | head -n {rest})", pauses.join(" ")),
        _ => pauses.join(" "),
    };
    format!(r#"sh -c 'for pause in {pauses}; do "$@" && exit; sleep "$pause"; done; "$@"' sh "#)
}

/// Returns the mean of the pause before a retry (from 0): half its bound, because it is drawn evenly.
fn mean_pause(retry: &RetryPolicy, nth: u32) -> Duration {
    let doublings = if retry.backoff == Backoff::Exponential { nth.min(20) } else { 0 };
    retry.base.saturating_mul(1 << doublings) / 2
}

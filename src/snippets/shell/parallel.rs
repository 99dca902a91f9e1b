//! The line with GNU parallel.

use crate::advice::result::CodeExample;
use crate::snippets::shell::input;
use crate::snippets::shell::job::{Job, piped, seconds};
use crate::snippets::shell::words::Words;

/// Returns the line, and what its exit status means.
pub(super) fn example(job: &Job<'_>) -> CodeExample {
    let words = Words::new(&job.command);
    let input = input::for_parallel(job.shape, words.vary());
    let line = format!("parallel {}{}{}{}", input.options, options(job, &words), command(&words), input.end);
    let line = input.from.map_or(line.clone(), |from| piped(&from, &line));
    let mut comments = job.chosen();
    comments.push("Exit status: the number of commands that failed, 101 if more than 100 did.".to_owned());
    comments.extend(deviations(job).into_iter().map(str::to_owned));
    comments.extend(input::note(&job.shape.items).map(str::to_owned));
    job.example("GNU parallel", &comments, &line)
}

/// Returns the options, each followed by a space: output in the order of the items, and the limits.
fn options(job: &Job<'_>, words: &Words<'_>) -> String {
    let limits = &job.shape.limits;
    let mut options = vec![format!("-j {} -k", job.width)];
    options.extend(job.shape.retry.as_ref().filter(|retry| retry.max > 0).map(|retry| {
        // parallel counts the first try as well.
        format!("--retries {}", u64::from(retry.max) + 1)
    }));
    // A fraction needs its unit.
    options.extend(limits.timeout.map(|limit| format!("--timeout {}s", seconds(limit.as_secs_f64()))));
    options.extend(limits.rate_per_s.map(|rate| format!("--delay {}", seconds(rate.recip()))));
    if words.place != "{}" {
        options.push(format!("-I {}", words.place));
    }
    if !words.vary() {
        options.push("-n0".to_owned());
    }
    if words.need_quotes() && !words.have_places_of_parallel() {
        options.push("-q".to_owned());
    }
    options.join(" ") + " "
}

fn command(words: &Words<'_>) -> String {
    if words.have_places_of_parallel() { words.hidden_from_parallel() } else { words.quoted() }
}

/// Returns what the line does otherwise than what was measured.
fn deviations(job: &Job<'_>) -> Vec<&'static str> {
    let retries = job.shape.retry.as_ref().is_some_and(|retry| retry.max > 0);
    let mut told = Vec::new();
    if retries {
        told.push("It tries again at once; the programs in Rust and Python pause before, as when this was measured.");
    }
    if retries && job.shape.limits.timeout.is_some() {
        told.push("The time limit is that of each try.");
    }
    if job.shape.limits.rate_per_s.is_some() {
        told.push("--delay limits starts per second, which xargs cannot.");
    }
    told
}

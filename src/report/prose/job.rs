//! Sentences about a run of all items.

use crate::job::summary::{FailedItem, JobEnd, JobSummary};
use crate::job::width::{WidthLimit, WidthReport, WidthStep};
use crate::report::prose::engine;
use crate::strategy::StrategyKind;
use crate::units::{PerSecond, Seconds, Share};

/// Failed items that are listed, at most; the JSON has more.
const MAX_LISTED: usize = 5;

/// Columns of the strip of widths.
const STRIP_COLUMNS: usize = 32;

/// Characters of the strip, from the narrowest to the widest.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Returns the summary, line by line, each with its label.
pub(crate) fn lines(job: &JobSummary, is_unicode: bool) -> Vec<(&'static str, String)> {
    let counts = &job.items;
    if counts.ok + counts.failed + counts.skipped == 0 && counts.not_run == Some(0) {
        return vec![("Items", "there were no items, so that nothing was run".to_owned())];
    }
    let mut lines = vec![("Items", items(job))];
    lines.extend(job.failed.iter().take(MAX_LISTED).map(|failed| ("", failed_item(failed))));
    let unlisted = counts.failed.saturating_sub(MAX_LISTED.min(job.failed.len()) as u64);
    if unlisted > 0 {
        lines.push(("", format!("and {unlisted} more")));
    }
    if let Some(task_s) = job.task_s {
        let share = job.task_cpu_s.map(|cpu_s| Share((cpu_s / task_s.max(f64::MIN_POSITIVE)).min(1.0)));
        let on_cpu = share.map(|share| format!(", {share} of it on a CPU")).unwrap_or_default();
        let took = format!("a task took {}{on_cpu}", Seconds(task_s));
        let rate = PerSecond(job.per_second);
        lines.push(if counts.ok > 0 { ("Rate", format!("{rate} tasks/s; {took}")) } else { ("Cost", took) });
    }
    if let (Some(class), Some(share)) = (job.class, job.own_cpu_share) {
        let share = Share(share);
        lines.push(("Class", format!("{}: {share} of a task's own time on a CPU", class.as_str())));
    }
    if let Some(strategy) = job.strategy {
        let processes =
            job.processes.map(|processes| format!(" over {processes} processes")).unwrap_or_default();
        lines.push(("Strategy", format!("{strategy}{processes}")));
    }
    if let Some(share) = job.loop_blocked_share {
        lines.push(("Loop", blocked_loop(share, job.strategy)));
    }
    if let Some(report) = &job.engine {
        lines.extend(engine::lines(report));
    } else if counts.ok + counts.failed > 0 {
        lines.push(("Width", width(&job.width)));
    }
    if is_unicode && job.width.steps.len() > 1 {
        lines.push(("", strip(&job.width.steps, job.elapsed_s)));
    }
    if let Some(limit) = limit(&job.width) {
        lines.push(("Limit", limit));
    }
    if job.requeued > 0 {
        lines.push((
            "Again",
            format!("{} attempts were stopped or could not start, and were made again", job.requeued),
        ));
    }
    if let Some(attach) = attach(job) {
        lines.push(("Attach", attach));
    } else if let Some(resume) = resume(job) {
        lines.push(("Resume", resume));
    }
    lines
}

/// Says what a coroutine does to its event loop, and what became of it.
fn blocked_loop(share: f64, strategy: Option<StrategyKind>) -> String {
    let blocks = format!("the coroutine blocks its event loop for {} of its time", Share(share));
    let outcome = match strategy {
        Some(StrategyKind::Async) => "which bounds the rate",
        _ => "so that every task in flight had a loop of its own",
    };
    format!("{blocks}, {outcome}; `conc check` names the line")
}

fn items(job: &JobSummary) -> String {
    let counts = &job.items;
    let mut parts = vec![format!("{} done", counts.ok)];
    if counts.failed > 0 {
        parts.push(format!("{} failed", counts.failed));
    }
    if counts.skipped > 0 {
        let failed = match counts.skipped_failed {
            0 => String::new(),
            failed => format!(" ({failed} of them failed)"),
        };
        parts.push(format!("{} finished by an earlier run{failed}", counts.skipped));
    }
    match counts.not_run {
        Some(0) => {}
        Some(count) => parts.push(format!("{count} not run")),
        None => parts.push("the rest not run".to_owned()),
    }
    let end = match job.end {
        JobEnd::Complete | JobEnd::Broken => "",
        JobEnd::Halted => "; ended by --halt",
        JobEnd::Interrupted => "; interrupted",
        JobEnd::Detached => "; the rest goes on",
    };
    format!("{} in {}{end}", parts.join(", "), Seconds(job.elapsed_s))
}

fn failed_item(failed: &FailedItem) -> String {
    let how = match (failed.exit, failed.signal) {
        _ if failed.is_timeout => "timed out".to_owned(),
        (Some(code), _) => format!("exit {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => String::new(),
    };
    let attempts =
        if failed.attempts > 1 { format!(" after {} attempts", failed.attempts) } else { String::new() };
    let said: Vec<String> = [format!("{how}{attempts}"), failed.message.clone().unwrap_or_default()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    format!("item {} '{}': {}", failed.number, failed.item, said.join(": "))
}

fn width(report: &WidthReport) -> String {
    let width = report.width;
    if report.choice == "auto" && report.per_second.is_none() && report.rejected == 0 {
        return format!("up to {width} at a time; too few items ended there to compare it with others");
    }
    let chosen = match report.choice.as_str() {
        "auto" => "found by goodput",
        other => other,
    };
    let cost = if report.rejected == 0 {
        String::new()
    } else {
        let times = if report.rejected == 1 {
            "1 other width was".to_owned()
        } else {
            format!("{} other widths were", report.rejected)
        };
        format!("; {times} tried, which cost {}", Seconds(report.search_cost_s))
    };
    format!("{width} at a time, {chosen}{cost}")
}

fn limit(report: &WidthReport) -> Option<String> {
    Some(
        match report.limit {
            WidthLimit::Fixed | WidthLimit::Unknown => return None,
            WidthLimit::Cpus => "the CPUs: they are busy, so that a greater width would not be faster",
            WidthLimit::Items => "the number of items: all that were left ran at the same time",
            WidthLimit::Source => "the items: slots were free while the input was waited for",
            WidthLimit::MaxWidth => "the greatest width allowed; --max-width raises it",
            WidthLimit::Shared => {
                "something that the tasks share, such as a server: more at a time were not faster"
            }
            WidthLimit::Failures => "failures: more tasks at a time failed more often",
            WidthLimit::Resources => {
                "memory, processes or descriptors: there was no room for more tasks at a time"
            }
            WidthLimit::Pressure => {
                "pressure: tasks of this machine waited for CPUs, memory or I/O, so that new ones did not start"
            }
        }
        .to_owned(),
    )
}

fn resume(job: &JobSummary) -> Option<String> {
    let journal = job.journal.as_ref()?;
    let journal = shlex::try_quote(journal).ok()?.into_owned();
    match (job.items.not_run, job.items.failed + job.items.skipped_failed) {
        (Some(0), 0) => None,
        (Some(0), _) => Some(format!("--journal {journal} --retry-failed runs what failed again")),
        _ => Some(format!("--journal {journal} --resume runs the rest")),
    }
}

/// Returns the way to follow a run that goes on without this process.
fn attach(job: &JobSummary) -> Option<String> {
    let directory = job.engine.as_ref()?.directory.as_ref().filter(|_| job.end == JobEnd::Detached)?;
    let directory = shlex::try_quote(directory).ok()?.into_owned();
    Some(format!("conc run --attach {directory} follows it to its end"))
}

/// Returns the widths over time, one character for each part of it.
fn strip(steps: &[WidthStep], elapsed_s: f64) -> String {
    let at = |column: usize| {
        let time_s = elapsed_s * (column as f64 + 0.5) / STRIP_COLUMNS as f64;
        let step = steps.iter().rev().find(|step| step.at_s <= time_s);
        step.or(steps.first()).map_or(1, |step| step.width)
    };
    let widths: Vec<usize> = (0..STRIP_COLUMNS).map(at).collect();
    let (low, high) =
        steps.iter().fold((usize::MAX, 1), |(low, high), step| (low.min(step.width), high.max(step.width)));
    let level = |width: usize| {
        let span = (high as f64 / low as f64).ln();
        let place = if span > 0.0 { (width as f64 / low as f64).ln() / span } else { 0.0 };
        LEVELS[(place * (LEVELS.len() - 1) as f64).round() as usize % LEVELS.len()]
    };
    let drawn: String = widths.into_iter().map(level).collect();
    format!("{low} {drawn} {high} over {}", Seconds(elapsed_s))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::summary::ItemCounts;
    use crate::profile::Class;

    fn job() -> JobSummary {
        let width = WidthReport {
            width: 48,
            choice: "auto".to_owned(),
            steps: vec![WidthStep { at_s: 0.0, width: 2 }, WidthStep { at_s: 5.0, width: 48 }],
            limit: WidthLimit::Shared,
            per_second: Some(20.0),
            error: Some(0.02),
            rejected: 1,
            search_cost_s: 0.25,
        };
        let failed = FailedItem {
            number: 7,
            item: "b.jpg".to_owned(),
            exit: Some(3),
            signal: None,
            is_timeout: false,
            attempts: 2,
            message: Some("no such file".to_owned()),
        };
        JobSummary {
            name: "convert".to_owned(),
            command: "convert {}".to_owned(),
            items: ItemCounts { ok: 198, failed: 1, skipped: 3, skipped_failed: 1, not_run: Some(0) },
            end: JobEnd::Complete,
            elapsed_s: 10.0,
            attempts: 200,
            requeued: 0,
            task_s: Some(0.5),
            task_cpu_s: Some(0.01),
            class: Some(Class::IoBound),
            own_cpu_share: Some(0.021),
            loop_blocked_share: None,
            per_second: 19.8,
            strategy: None,
            processes: None,
            width,
            failed: vec![failed],
            journal: Some("my journal".to_owned()),
            engine: None,
        }
    }

    fn text(job: &JobSummary) -> String {
        lines(job, true).into_iter().map(|(label, line)| format!("{label:10} {line}\n")).collect()
    }

    #[test]
    fn the_summary_says_what_came_of_the_items_and_what_was_learned() {
        insta::assert_snapshot!(text(&job()), @r"
        Items      198 done, 1 failed, 3 finished by an earlier run (1 of them failed) in 10.0 s
                   item 7 'b.jpg': exit 3 after 2 attempts: no such file
        Rate       19.8 tasks/s; a task took 500 ms, 2% of it on a CPU
        Class      io-bound: 2% of a task's own time on a CPU
        Width      48 at a time, found by goodput; 1 other width was tried, which cost 250 ms
                   2 ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁████████████████ 48 over 10.0 s
        Limit      something that the tasks share, such as a server: more at a time were not faster
        Resume     --journal 'my journal' --retry-failed runs what failed again
        ");
    }

    #[test]
    fn a_width_that_nobody_compared_is_not_called_found() {
        let mut job = job();
        job.width = WidthReport { per_second: None, error: None, rejected: 0, ..job.width };
        assert!(text(&job).contains("Width      up to 48 at a time; too few items"), "{}", text(&job));
        job.width.choice = "fixed".to_owned();
        assert!(text(&job).contains("Width      48 at a time, fixed"), "{}", text(&job));
    }

    #[test]
    fn a_blocked_event_loop_is_told_with_what_became_of_it() {
        let mut job = job();
        job.loop_blocked_share = Some(0.95);
        job.strategy = Some(StrategyKind::Threads);
        assert!(text(&job).contains("for 95% of its time, so that every task"), "{}", text(&job));
        job.strategy = Some(StrategyKind::Async);
        assert!(text(&job).contains("for 95% of its time, which bounds the rate;"), "{}", text(&job));
    }

    #[test]
    fn what_was_not_run_is_said_with_the_way_to_go_on() {
        let mut job = job();
        job.items = ItemCounts { ok: 5, failed: 0, skipped: 0, skipped_failed: 0, not_run: None };
        job.end = JobEnd::Interrupted;
        let text = text(&job);
        assert!(text.contains("5 done, the rest not run in 10.0 s; interrupted"), "{text}");
        assert!(text.contains("--journal 'my journal' --resume runs the rest"), "{text}");
        job.journal = None;
        assert!(!self::text(&job).contains("Resume"));
    }

    #[test]
    fn a_strip_shows_the_width_of_each_part_of_the_time() {
        let strip = strip(&job().width.steps, 10.0);
        assert_eq!(strip, format!("2 {}{} 48 over 10.0 s", "▁".repeat(16), "█".repeat(16)));
    }
}

//! The sentences about a program's own flag.

use crate::flag::FlagReport;
use crate::flag::caps::CapKind;
use crate::flag::limit::FlagLimit;
use crate::flag::measure::RunFailure;
use crate::flag::parameters::Parameters;
use crate::flag::result::{FlagCell, FlagNote, FlagStatus};
use crate::flag::run::{self, SearchEnding};
use crate::flag::serial::{SerialShare, SerialSource};
use crate::profile::result::WaitKind;
use crate::report::prose::workload::counted;
use crate::units::{PerSecond, Seconds, Share};

/// Share by which a cell must be worse to be called so.
const SAME_UP_TO: f64 = 0.005;

/// Neighbours of the best that are named.
const NEIGHBOURS_NAMED: usize = 4;

/// Share of the CPUs from which other programs are named.
const OTHERS_NAMED_FROM: f64 = 0.1;

/// Returns the recommendation in one line.
pub(crate) fn headline(report: &FlagReport) -> String {
    let advice = &report.recommendation;
    let what = values(report, &advice.parameters);
    let basis = if advice.basis == FlagStatus::Measured { "" } else { ", predicted" };
    format!("Recommendation ({} confidence{basis}): {what}", advice.confidence.as_str())
}

/// Returns the values of the parameters in words.
pub(crate) fn values(report: &FlagReport, parameters: &Parameters) -> String {
    let width = format!("width {}", parameters.width);
    let shape = match parameters.processes {
        Some(processes) => format!("{} of {width}", counted_processes(processes)),
        None => width,
    };
    match (&report.list, &parameters.value) {
        (Some(list), Some(value)) => format!("{} {value}, {shape}", list.name),
        _ => shape,
    }
}

fn counted_processes(processes: usize) -> String {
    if processes == 1 { "1 process".to_owned() } else { format!("{processes} processes") }
}

/// Returns a time, or a metric, as tables print it.
pub(crate) fn quantity(report: &FlagReport, value: f64) -> String {
    if report.metric.is_some() { PerSecond(value).to_string() } else { Seconds(value).to_string() }
}

/// Returns how sure the choice is, and the nearest other cell.
pub(crate) fn comparison(report: &FlagReport) -> String {
    let advice = &report.recommendation;
    let chosen = report.recommended();
    let within = format!("within 5% of the best with a probability of {}", Share(advice.near_best));
    let rivals = report.cells.iter().filter(|cell| {
        cell.status == FlagStatus::Measured && cell.parameters != advice.parameters && cell.estimate.is_some()
    });
    let rival =
        rivals.min_by(|a, b| a.expected_regret.unwrap_or(1.0).total_cmp(&b.expected_regret.unwrap_or(1.0)));
    let Some((rival, chosen)) = rival.zip(chosen) else { return within };
    let what = values(report, &rival.parameters);
    let ratio = gain(chosen, rival);
    let beside = match ratio {
        Some(ratio) if ratio > 1.0 + SAME_UP_TO => format!("{what} is {} worse", Share(1.0 - ratio.recip())),
        Some(ratio) if ratio < 1.0 - SAME_UP_TO => {
            format!("{what} is {} better, and wider", Share(ratio.recip() - 1.0))
        }
        _ => format!("{what} is as good"),
    };
    format!("{within}; {beside}")
}

/// Returns how many times better `a` is than `b`.
fn gain(a: &FlagCell, b: &FlagCell) -> Option<f64> {
    let (a, b) = (a.speedup?, b.speedup?);
    (b > 0.0).then_some(a / b)
}

/// Returns the limit in one sentence.
pub(crate) fn limit(limit: &FlagLimit) -> String {
    match limit {
        FlagLimit::Cpus { busy, cpus, others } => {
            let others = if *others >= OTHERS_NAMED_FROM * cpus {
                format!(", and other programs used {others:.1}")
            } else {
                String::new()
            };
            format!("the CPUs: {busy:.1} of {} were busy{others}", rounded(*cpus))
        }
        FlagLimit::Capped { resource, widest } => {
            format!(
                "{}: more than {} would not fit",
                resource_name(*resource),
                counted(*widest as u64, "thread")
            )
        }
        FlagLimit::NoEffect { narrow, wide, workers } => format!(
            "the flag changes nothing: with {narrow} and with {wide} the program takes as long and keeps {} busy, so \
             it ignores the flag or has no more to divide",
            workers_at_work(*workers)
        ),
        FlagLimit::Serial { share } => {
            format!(
                "a part that runs alone: for {} of the time only one thread had something to do",
                Share(*share)
            )
        }
        FlagLimit::Waits { kind, share } => {
            format!("{}: {} of the waiting time", wait(*kind), Share(*share))
        }
        FlagLimit::Work { at_once } => {
            format!("the work: the program never had more than {at_once:.1} threads busy at once on average")
        }
        FlagLimit::WidestTried => "not reached: the widest value that was considered is the best".to_owned(),
        FlagLimit::Unknown => "unknown: neither the CPUs nor the waits explain it".to_owned(),
    }
}

fn workers_at_work(workers: f64) -> String {
    if workers < 1.5 { "one thread".to_owned() } else { format!("{workers:.1} threads") }
}

fn rounded(cpus: f64) -> f64 {
    (cpus * 100.0).round() / 100.0
}

fn resource_name(resource: CapKind) -> &'static str {
    match resource {
        CapKind::Memory => "the memory",
        CapKind::Processes => "the limit of processes",
        CapKind::OpenFiles => "the limit of open files",
    }
}

fn wait(kind: WaitKind) -> &'static str {
    match kind {
        WaitKind::Network => "the network",
        WaitKind::Disk => "the disk",
        WaitKind::Sleep => "timers",
        WaitKind::Lock | WaitKind::LockOrTimer => "a lock",
        WaitKind::Pipe => "pipes",
        WaitKind::Child => "child processes",
        WaitKind::Signal => "signals",
        WaitKind::Other => "something outside of the program",
    }
}

/// Returns what Amdahl's law says; `None` if nothing is serial.
pub(crate) fn serial(serial: &SerialShare) -> Option<String> {
    let ceiling = serial.ceiling?;
    let source = match serial.source {
        SerialSource::Samples => "seen in the first run",
        SerialSource::Fit => "fitted to the widths measured",
    };
    Some(format!(
        "{} of the work runs in one thread ({source}): no number of CPUs makes it more than {ceiling:.1}x faster \
         (Amdahl)",
        Share(serial.share)
    ))
}

/// Returns the extent of the search, and why it ended.
pub(crate) fn search(report: &FlagReport) -> String {
    let runs = counted(report.runs as u64, "run");
    let time = format!("{runs} in {}", Seconds(report.elapsed_s));
    match report.ending {
        SearchEnding::Settled => format!("{time}; more would not change the answer"),
        SearchEnding::Rounds => format!("{time}, as asked"),
        SearchEnding::Budget => format!("{time}; the next did not fit in {}", Seconds(report.budget_s)),
        SearchEnding::Interrupted => format!("{time}, then interrupted"),
    }
}

/// Returns a note in one sentence.
pub(crate) fn note(note: &FlagNote) -> String {
    match note {
        FlagNote::WarmUp { first_s, later_s } => format!(
            "the first run took {} and later ones of the same width {}: it filled caches and does not count",
            Seconds(*first_s),
            Seconds(*later_s)
        ),
        FlagNote::LeftBehind { processes } => format!(
            "the command leaves {} running, which conc ended after each run",
            if *processes == 1 { "a process".to_owned() } else { format!("{processes} processes") }
        ),
        FlagNote::OpenNeighbours { cells } => {
            let names: Vec<String> = cells.iter().take(NEIGHBOURS_NAMED).map(ToString::to_string).collect();
            let more = cells.len().saturating_sub(names.len());
            let names =
                if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") };
            format!("next to the best, {names} did not run and may be better")
        }
        FlagNote::Unfinished { ending: SearchEnding::Interrupted } => {
            "the search was interrupted; this is what is known so far".to_owned()
        }
        FlagNote::Unfinished { .. } => {
            "the budget ended the search; a larger --budget may decide more".to_owned()
        }
        FlagNote::BusyMachine { others, cpus } => format!(
            "other programs used {others:.1} of {cpus:.1} CPUs while it was measured: on a quiet machine another \
             number may be better"
        ),
        FlagNote::OnlyFirstRun => "everything rests on one run; others are predicted from it".to_owned(),
    }
}

/// Returns why a cell has no figures of its own.
pub(crate) fn trouble(report: &FlagReport, cell: &FlagCell) -> Option<String> {
    match cell.status {
        FlagStatus::Measured | FlagStatus::Predicted => None,
        FlagStatus::Failed => Some(failed(cell.failure.as_ref())),
        FlagStatus::Capped => {
            report.cap.map(|cap| format!("not run: too wide for {}", resource_name(cap.code)))
        }
    }
}

fn failed(failure: Option<&RunFailure>) -> String {
    failure.map_or("failed".to_owned(), |failure| format!("failed: {}", run::describe(failure)))
}

/// Returns the heading of the column of speed-ups.
pub(crate) fn beside_reference(report: &FlagReport) -> String {
    format!("vs {}", report.reference)
}

//! The binding limit, and the response to it.

use crate::advice::LimitingFactor;
use crate::advice::facts::SerialPlace;
use crate::advice::limiting_factor::SharedResource;
use crate::advice::seen::Change;
use crate::advice::verdict::Basis;
use crate::report::prose::together::Together;
use crate::units::{PerSecond, Seconds, Share};

/// Share of the CPUs below which tasks that compute on every CPU are reported as not getting all of it.
const GETS_THE_CPUS: f64 = 0.85;

/// Difference from one attempt per task that is not worth a word.
const ONE_ATTEMPT: f64 = 0.05;

/// Difference from 1 below which a multiple needs two digits.
const NEAR_ONE: f64 = 0.2;

/// Ratio from which a multiple reads better than a percentage.
const NEAR_TWICE: f64 = 1.95;

/// Relative difference below which it would print as 0%.
const INVISIBLE: f64 = 0.005;

/// Returns the limit in one sentence. A prediction says that it is one.
pub(crate) fn sentence(limit: &LimitingFactor, basis: Basis, work: Together) -> String {
    match basis {
        Basis::Measured => seen(limit, work),
        Basis::Predicted => predicted(limit, work),
    }
}

fn predicted(limit: &LimitingFactor, work: Together) -> String {
    let words = match limit {
        LimitingFactor::Unknown { wider: Some(change), .. } => no_growth(change, work),
        LimitingFactor::Unknown { wider: None, .. } => {
            return "unknown: the recommended configuration was not run".to_owned();
        }
        LimitingFactor::NotReached { width, growth, .. } if *width == growth.to => {
            format!("{}, and nothing wider was considered", times_as_much(growth, work))
        }
        other => seen(other, work),
    };
    format!("predicted, not measured: {words}")
}

fn seen(limit: &LimitingFactor, work: Together) -> String {
    match limit {
        LimitingFactor::SerialSection { place, share } => serial(*place, *share),
        LimitingFactor::RateLimit { rate_per_s, attempts_per_task } => rate(*rate_per_s, *attempts_per_task),
        LimitingFactor::OneItem { item, item_s, total_s } => format!(
            "one item: '{item}' takes {}, and all tasks together {}; no run is shorter than its longest task",
            Seconds(*item_s),
            Seconds(*total_s)
        ),
        LimitingFactor::WorkloadSize { total_s } => {
            format!("the size of the workload: {} in total is too short to share", Seconds(*total_s))
        }
        LimitingFactor::TaskSize { task_s } => {
            format!("the size of a task: {} is too short to hand to another worker", Seconds(*task_s))
        }
        LimitingFactor::Cpus { cpus, used, .. } if *used < GETS_THE_CPUS => format!(
            "the CPUs: a task computes on every CPU, but the tasks get only {} of {}",
            Share(*used),
            counted(*cpus)
        ),
        LimitingFactor::Cpus { cpus, used, .. } => {
            format!("the CPUs: the tasks use {} of {}", Share(*used), counted(*cpus))
        }
        LimitingFactor::InterpreterLock { used } => {
            format!("the GIL: one thread computes at a time, {} of the time", Share(*used))
        }
        LimitingFactor::SharedResource { resource, beyond, serves } => {
            shared(*resource, *beyond, *serves, work)
        }
        LimitingFactor::Unexplained { change, shares_nothing } => unexplained(change, *shares_nothing, work),
        LimitingFactor::NoGain { fastest, ratio } => {
            format!("not known: the fastest of the others, {fastest}, is {} than sequential", than(*ratio))
        }
        LimitingFactor::MaxInFlight { max_in_flight, growth } => {
            format!("max_in_flight = {max_in_flight}{}", up_to(growth.as_ref(), work))
        }
        LimitingFactor::TaskCount { tasks } => {
            format!("the number of tasks: all {tasks} run at the same time")
        }
        LimitingFactor::Refused { configuration, reason, .. } => {
            format!(
                "{configuration} could not run: {}",
                crate::report::prose::outcome::last_line(&reason.message)
            )
        }
        LimitingFactor::Machine { limit, growth } => {
            format!("this machine: {limit}{}", up_to(growth.as_ref(), work))
        }
        LimitingFactor::NotReached { width, growth, .. } => not_reached(*width, growth, work),
        LimitingFactor::Unknown { width, narrower, wider } => {
            unknown(*width, narrower.as_ref(), wider.as_ref(), work)
        }
    }
}

/// Returns the change that gets past the limit.
pub(crate) fn response(limit: &LimitingFactor, work: Together) -> String {
    let fixed = match limit {
        LimitingFactor::SerialSection { place, .. } => serial_response(*place),
        LimitingFactor::RateLimit { .. } => "raise rate_per_s, if the owner of the server allows it",
        LimitingFactor::OneItem { .. } => {
            "split that item, or start it first, so that nothing waits for its end"
        }
        LimitingFactor::WorkloadSize { .. } => "run it as it is, or give each run more tasks",
        LimitingFactor::TaskSize { .. } => "make tasks larger: several items each",
        LimitingFactor::Cpus { gain_of_twice, .. } => {
            return format!(
                "compute less per task, or use more CPUs: twice as many, at twice the width, would give about {gain_of_twice:.1}x the throughput"
            );
        }
        LimitingFactor::InterpreterLock { .. } => {
            "compute in processes, in code that releases the GIL, or on a free-threaded build"
        }
        LimitingFactor::SharedResource { resource, beyond, .. } => {
            return shared_response(*resource, *beyond, work);
        }
        LimitingFactor::Unexplained { change, .. } => {
            return format!("keep to {}: more only take longer", work.many(change.from));
        }
        LimitingFactor::NoGain { .. } => "no change needed: a loop is enough",
        LimitingFactor::MaxInFlight { growth: Some(_), .. } => {
            "raise max_in_flight, if the owner of the server allows it"
        }
        LimitingFactor::TaskCount { .. } => "no change needed: there are no more tasks to run",
        LimitingFactor::Refused { growth: Some(_), .. } => {
            "remove the cause if you need more throughput: it grew up to the recommended width"
        }
        LimitingFactor::Refused { growth: None, .. } => {
            "remove the cause to see whether a wider configuration is faster"
        }
        LimitingFactor::Machine { growth: Some(_), .. } => {
            "raise that limit, or use a strategy that needs less of it"
        }
        LimitingFactor::MaxInFlight { growth: None, .. } | LimitingFactor::Machine { growth: None, .. } => {
            "measure narrower widths as well, with --width or a larger --budget, to see whether width helps"
        }
        LimitingFactor::NotReached { width, growth, .. } if *width < growth.to => {
            return format!("use up to {}, if only throughput matters", work.many(growth.to));
        }
        LimitingFactor::NotReached { next_width, .. } => {
            return format!("go wider, for example with --width {next_width}");
        }
        LimitingFactor::Unknown { wider: Some(_), .. } => "measure more, for example with a larger --budget",
        LimitingFactor::Unknown { width, wider: None, .. } => {
            let mut widths = vec![(width / 2).max(1), *width, width.saturating_mul(2)];
            widths.dedup();
            let widths: Vec<_> = widths.iter().map(usize::to_string).collect();
            return format!("compare widths, for example with --width {}", widths.join(","));
        }
    };
    fixed.to_owned()
}

fn rate(rate_per_s: f64, attempts_per_task: f64) -> String {
    let each = if (attempts_per_task - 1.0).abs() < ONE_ATTEMPT {
        String::new()
    } else {
        format!("; a task makes about {attempts_per_task:.1}")
    };
    format!("rate_per_s: the workload allows {} attempts/s{each}", PerSecond(rate_per_s))
}

/// Returns the growth as the end of a sentence; empty if none was seen.
fn up_to(growth: Option<&Change>, work: Together) -> String {
    let grew = |of| format!("; throughput grew up to that width ({})", times_as_much(of, work));
    growth.map(grew).unwrap_or_default()
}

fn not_reached(width: usize, growth: &Change, work: Together) -> String {
    if width < growth.to {
        return format!("none reached at {width}: {}", times_as_much(growth, work));
    }
    format!("none seen: {}, and nothing wider was measured", times_as_much(growth, work))
}

fn unknown(width: usize, narrower: Option<&Change>, wider: Option<&Change>, work: Together) -> String {
    match (narrower, wider) {
        (_, Some(wider)) => format!(
            "unknown: it is undecided whether throughput grows beyond {} ({}: {})",
            work.many(width),
            work.many(wider.to),
            more(wider.ratio)
        ),
        (Some(narrower), None) => format!(
            "unknown: nothing wider than {} was measured, and whether it gains over {} is undecided ({})",
            work.many(width),
            narrower.from,
            more(narrower.ratio)
        ),
        (None, None) => format!("unknown: no other width than {width} has a valid result to compare with"),
    }
}

fn unexplained(change: &Change, shares_nothing: bool, work: Together) -> String {
    let seen = no_growth(change, work);
    if shares_nothing {
        format!("unknown: {seen}, although the tasks share nothing but the CPUs")
    } else {
        format!("unknown: {seen}, and why was not seen")
    }
}

fn no_growth(change: &Change, work: Together) -> String {
    let Change { from, to, ratio } = *change;
    format!("throughput does not grow beyond {} ({}: {})", work.many(from), work.many(to), more(ratio))
}

/// Returns "32 in flight give 1.9x the throughput of 16".
fn times_as_much(Change { from, to, ratio }: &Change, work: Together) -> String {
    format!("{} give {} the throughput of {from}", work.many(*to), times(*ratio))
}

/// Returns a ratio as a multiple; one near 1 has a digit more.
fn times(ratio: f64) -> String {
    if (ratio - 1.0).abs() < NEAR_ONE { format!("{ratio:.2}x") } else { format!("{ratio:.1}x") }
}

/// Returns "2% more" or "3% less" for a ratio of throughputs.
fn more(ratio: f64) -> String {
    let difference = Share((ratio - 1.0).abs());
    match ratio {
        ratio if (ratio - 1.0).abs() < INVISIBLE => "as much".to_owned(),
        ratio if ratio > NEAR_TWICE => format!("{ratio:.1}x as much"),
        ratio if ratio > 1.0 => format!("{difference} more"),
        _ => format!("{difference} less"),
    }
}

/// Returns "2% faster" or "3% slower" for a ratio of throughputs.
fn than(ratio: f64) -> String {
    let difference = Share((ratio - 1.0).abs());
    match ratio {
        ratio if (ratio - 1.0).abs() < INVISIBLE => "no faster".to_owned(),
        ratio if ratio > 1.0 => format!("{difference} faster"),
        _ => format!("{difference} slower"),
    }
}

fn serial(place: SerialPlace, share: f64) -> String {
    match place {
        SerialPlace::MaxInFlight => "max_in_flight = 1: tasks run one at a time".to_owned(),
        SerialPlace::SharedLock => {
            format!("a shared lock: tasks hold it one at a time, for {} of each task", Share(share))
        }
        SerialPlace::SqliteWriter => {
            format!("SQLite's single writer: tasks write one at a time, for {} of each task", Share(share))
        }
    }
}

fn serial_response(place: SerialPlace) -> &'static str {
    match place {
        SerialPlace::MaxInFlight => "raise max_in_flight, if the owner of the server allows it",
        SerialPlace::SharedLock => "hold it for less time, or split it so that tasks rarely meet",
        SerialPlace::SqliteWriter => "write several rows per transaction, from one writer",
    }
}

fn shared(resource: SharedResource, beyond: usize, serves: Option<usize>, work: Together) -> String {
    let flat = format!("beyond {}, throughput does not grow", work.many(beyond));
    let longer = format!("{flat} and tasks take longer");
    let at_a_time = serves.map(|serves| format!("about {serves} at a time"));
    match (resource, at_a_time) {
        (SharedResource::Upstream, Some(served)) => format!("the upstream serves {served}: {longer}"),
        (SharedResource::Upstream, None) => format!("the upstream: {longer}"),
        (SharedResource::DefaultThreadPool, served) => format!(
            "{} in the event loop, the threads of `asyncio.to_thread`'s default pool: {longer}",
            served.unwrap_or_else(|| "few".to_owned())
        ),
        (SharedResource::EmbeddedServer, _) => {
            format!("the embedded server, which uses the same CPUs as the tasks: {flat}")
        }
        (SharedResource::Memory, _) => {
            format!("perhaps memory bandwidth or caches: {flat}, although CPUs are idle")
        }
        (SharedResource::Disk, _) => format!("the disk: {longer}"),
        (SharedResource::Lock, _) => format!("a lock that the tasks share: {longer}"),
        (SharedResource::Commands, _) => format!("something that the commands share: {longer}"),
        (SharedResource::Unknown, _) => format!("something that the tasks share: {longer}"),
    }
}

fn shared_response(resource: SharedResource, beyond: usize, work: Together) -> String {
    let beyond = work.many(beyond);
    let fixed = match resource {
        SharedResource::Upstream => {
            return format!(
                "keep to {beyond}, or give the upstream more capacity: more would only wait in its queue"
            );
        }
        SharedResource::EmbeddedServer => "measure against a server on another machine",
        SharedResource::Disk => "read and write less, or in larger pieces, or use a faster disk",
        SharedResource::Lock => "hold it for less time, or split it so that tasks rarely meet",
        SharedResource::Memory => "work on smaller pieces that stay in the caches",
        SharedResource::DefaultThreadPool => {
            "give the loop a larger pool with loop.set_default_executor, or use threads"
        }
        SharedResource::Commands | SharedResource::Unknown => {
            return format!("find out what tasks wait for beyond {beyond}: a server, a lock, a device");
        }
    };
    fixed.to_owned()
}

/// Returns the number of CPUs in words: "2 CPUs", "1 CPU", "1.5 CPUs".
fn counted(cpus: f64) -> String {
    if cpus == 1.0 { "1 CPU".to_owned() } else { format!("{} CPUs", (cpus * 10.0).round() / 10.0) }
}

#[cfg(test)]
mod tests;

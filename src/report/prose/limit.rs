//! The binding limit, and the response to it.

use crate::advice::LimitingFactor;
use crate::advice::facts::SerialPlace;
use crate::advice::limiting_factor::SharedResource;
use crate::units::{PerSecond, Seconds, Share};

/// Share of the CPUs below which tasks that compute on every CPU are reported as not getting all of it.
const GETS_THE_CPUS: f64 = 0.85;

/// Returns the limit in one sentence.
pub(crate) fn sentence(limit: &LimitingFactor) -> String {
    match limit {
        LimitingFactor::SerialSection { place, share } => serial(*place, *share),
        LimitingFactor::RateLimit { rate_per_s } => {
            format!("rate_per_s: the workload allows {} tasks/s", PerSecond(*rate_per_s))
        }
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
        LimitingFactor::SharedResource { resource: SharedResource::Upstream, beyond, serves } => format!(
            "the upstream serves about {serves} at a time: beyond {beyond} in flight, throughput grows by less than 5%"
        ),
        LimitingFactor::SharedResource { resource, beyond, .. } => {
            format!("{}: beyond {beyond} in flight, throughput grows by less than 5%", name(*resource))
        }
        LimitingFactor::MaxInFlight { max_in_flight } => {
            format!("max_in_flight = {max_in_flight}: throughput still grows up to that width")
        }
        LimitingFactor::TaskCount { tasks } => {
            format!("the number of tasks: all {tasks} are in flight at the same time")
        }
        LimitingFactor::Refused { configuration, reason } => {
            format!("{configuration} could not run: {}", reason.message)
        }
        LimitingFactor::Machine { limit } => {
            format!("this machine: {limit}; throughput still grows up to that width")
        }
        LimitingFactor::NotReached { width: 1, widest: 1 } => {
            "unknown: nothing wider than 1 was considered".to_owned()
        }
        LimitingFactor::NotReached { width, widest } if width < widest => {
            format!("none reached at {width}: throughput still grows with the width")
        }
        LimitingFactor::NotReached { width, .. } => {
            format!("none reached: throughput still grows at {width}, the widest width considered")
        }
    }
}

/// Returns the change that gets past the limit.
pub(crate) fn response(limit: &LimitingFactor) -> String {
    let fixed = match limit {
        LimitingFactor::SerialSection { place, .. } => serial_response(*place),
        LimitingFactor::RateLimit { .. } => "raise rate_per_s, if the owner of the server allows it",
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
            return shared_response(*resource, *beyond);
        }
        LimitingFactor::MaxInFlight { .. } => "raise max_in_flight, if the owner of the server allows it",
        LimitingFactor::TaskCount { .. } => "no change needed: there are no more tasks to run",
        LimitingFactor::Refused { .. } => {
            "remove the cause if you need more throughput: it still grows at the recommended width"
        }
        LimitingFactor::Machine { .. } => "raise that limit, or use a strategy that needs less of it",
        LimitingFactor::NotReached { width, widest } if width < widest => {
            return format!("use a wider configuration, up to {widest}, if only throughput matters");
        }
        LimitingFactor::NotReached { widest, .. } => {
            return format!("go wider, for example with --width {}", widest.saturating_mul(2));
        }
    };
    fixed.to_owned()
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

fn name(resource: SharedResource) -> &'static str {
    match resource {
        SharedResource::Upstream => "the upstream",
        SharedResource::EmbeddedServer => "the embedded server, which uses the same CPUs as the tasks",
        SharedResource::Disk => "the disk",
        SharedResource::Lock => "a lock that the tasks share",
        SharedResource::Memory => "something that computing shares, such as memory bandwidth",
        SharedResource::Commands => "something that the commands share",
        SharedResource::Unknown => "something that the tasks share",
    }
}

fn shared_response(resource: SharedResource, beyond: usize) -> String {
    let fixed = match resource {
        SharedResource::Upstream => {
            return format!(
                "keep to {beyond} in flight, or give the upstream more capacity: more would only wait in its queue"
            );
        }
        SharedResource::EmbeddedServer => "measure against a server on another machine",
        SharedResource::Disk => "read and write less, or in larger pieces, or use a faster disk",
        SharedResource::Lock => "hold it for less time, or split it so that tasks rarely meet",
        SharedResource::Memory => "work on smaller pieces that stay in the caches",
        SharedResource::Commands | SharedResource::Unknown => {
            return format!(
                "find out what tasks wait for beyond {beyond} in flight: a server, a lock, a device"
            );
        }
    };
    fixed.to_owned()
}

/// Returns the number of CPUs in words: "2 CPUs", "1 CPU", "1.5 CPUs".
fn counted(cpus: f64) -> String {
    if cpus == 1.0 { "1 CPU".to_owned() } else { format!("{} CPUs", (cpus * 10.0).round() / 10.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::Configuration;
    use crate::benchmark::capacity::WidthLimit;
    use crate::benchmark::result::Reason;
    use crate::diagnostics::Code;
    use crate::strategy::StrategyKind;

    fn assert_sentence(limit: &LimitingFactor, expected: &str) {
        assert_eq!(sentence(limit), expected);
        let response = response(limit);
        assert!(!response.ends_with('.') && response.len() > 10, "{response}");
    }

    #[test]
    fn every_limit_has_its_sentence() {
        let shared = |resource| LimitingFactor::SharedResource { resource, beyond: 16, serves: 10 };
        let serial = |place| LimitingFactor::SerialSection { place, share: 0.95 };
        let cpus = |used| LimitingFactor::Cpus { cpus: 1.5, used, gain_of_twice: 1.94 };
        for (limit, expected) in [
            (serial(SerialPlace::MaxInFlight), "max_in_flight = 1: tasks run one at a time"),
            (
                serial(SerialPlace::SharedLock),
                "a shared lock: tasks hold it one at a time, for 95% of each task",
            ),
            (
                serial(SerialPlace::SqliteWriter),
                "SQLite's single writer: tasks write one at a time, for 95% of each task",
            ),
            (
                LimitingFactor::RateLimit { rate_per_s: 1500.0 },
                "rate_per_s: the workload allows 1 500 tasks/s",
            ),
            (
                LimitingFactor::WorkloadSize { total_s: 2e-4 },
                "the size of the workload: 200 µs in total is too short to share",
            ),
            (
                LimitingFactor::TaskSize { task_s: 1e-6 },
                "the size of a task: 1.00 µs is too short to hand to another worker",
            ),
            (cpus(0.97), "the CPUs: the tasks use 97% of 1.5 CPUs"),
            (cpus(0.55), "the CPUs: a task computes on every CPU, but the tasks get only 55% of 1.5 CPUs"),
            (
                LimitingFactor::InterpreterLock { used: 0.97 },
                "the GIL: one thread computes at a time, 97% of the time",
            ),
            (
                shared(SharedResource::Upstream),
                "the upstream serves about 10 at a time: beyond 16 in flight, throughput grows by less than 5%",
            ),
            (shared(SharedResource::Disk), "the disk: beyond 16 in flight, throughput grows by less than 5%"),
        ] {
            assert_sentence(&limit, expected);
        }
    }

    #[test]
    fn every_limit_of_the_width_has_its_sentence() {
        let configuration = Configuration::new(StrategyKind::Async, 512);
        let reason = Reason::new(Code::HostLimit, "at most 448 wide here");
        let machine = LimitingFactor::Machine { limit: WidthLimit::OpenFiles { allowed: 1024, per_task: 1 } };
        for (limit, expected) in [
            (
                LimitingFactor::MaxInFlight { max_in_flight: 32 },
                "max_in_flight = 32: throughput still grows up to that width",
            ),
            (
                LimitingFactor::TaskCount { tasks: 20 },
                "the number of tasks: all 20 are in flight at the same time",
            ),
            (
                LimitingFactor::Refused { configuration, reason },
                "async 512 could not run: at most 448 wide here",
            ),
            (machine, "this machine: open files: 1024 (1 per task); throughput still grows up to that width"),
            (
                LimitingFactor::NotReached { width: 64, widest: 64 },
                "none reached: throughput still grows at 64, the widest width considered",
            ),
            (
                LimitingFactor::NotReached { width: 8, widest: 64 },
                "none reached at 8: throughput still grows with the width",
            ),
            (
                LimitingFactor::NotReached { width: 1, widest: 1 },
                "unknown: nothing wider than 1 was considered",
            ),
        ] {
            assert_sentence(&limit, expected);
        }
    }

    #[test]
    fn responses_name_their_figures() {
        let cpus = LimitingFactor::Cpus { cpus: 1.5, used: 0.97, gain_of_twice: 1.94 };
        assert!(response(&cpus).ends_with("about 1.9x the throughput"));
        let not_reached = |width, widest| response(&LimitingFactor::NotReached { width, widest });
        assert_eq!(not_reached(64, 64), "go wider, for example with --width 128");
        assert_eq!(not_reached(8, 64), "use a wider configuration, up to 64, if only throughput matters");
    }

    #[test]
    fn every_resource_has_a_name_and_a_response() {
        for resource in [
            SharedResource::EmbeddedServer,
            SharedResource::Disk,
            SharedResource::Lock,
            SharedResource::Memory,
            SharedResource::Commands,
            SharedResource::Unknown,
        ] {
            assert!(!name(resource).is_empty() && !shared_response(resource, 8).is_empty());
        }
    }
}

//! The workload, the machine, the configuration and the class.

use crate::benchmark::Configuration;
use crate::host::Host;
use crate::profile::Profile;
use crate::profile::result::NoClass;
use crate::report::document::Report;
use crate::report::prose::together::Together;
use crate::strategy::info::WidthMeaning;
use crate::units::{Bytes, Seconds, Share};
use crate::workload::spec::WorkloadSource;

/// Minimum share of the time for a kind of wait to be named.
const WORTH_NAMING: f64 = 0.005;

/// Returns the workload: its name, its number of tasks, and its source.
pub(crate) fn workload(report: &Report) -> String {
    let workload = &report.workload;
    if let Some(flag) = &report.flag {
        return format!("{} · {}", workload.name, flag.command.join(" "));
    }
    let source = match workload.source {
        WorkloadSource::Sample => "sample workload",
        WorkloadSource::File => "workload file",
        WorkloadSource::Command => "command",
        WorkloadSource::Inline => "inline workload",
        WorkloadSource::Python => "Python callable",
    };
    format!("{} · {} · {source}", workload.name, counted(workload.tasks, "task"))
}

/// Returns the machine: CPUs and memory.
pub(crate) fn host(host: &Host) -> String {
    let effective = (host.cpus_effective * 100.0).round() / 100.0;
    let cpus = if effective == host.cpus_logical as f64 {
        counted(host.cpus_logical as u64, "CPU")
    } else {
        format!("{effective} of {}", counted(host.cpus_logical as u64, "CPU"))
    };
    let quota = host.limits.cgroup_cpus.map_or("none".to_owned(), |quota| quota.to_string());
    // The memory of most machines is a round number.
    let memory = Bytes(host.memory_bytes).to_string().replace(".0 ", " ");
    format!("{cpus} (cgroup quota: {quota}), {memory}")
}

/// Returns a number of things, with the plural in -s except for 1.
pub(crate) fn counted(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// Returns a cell in words.
pub(crate) fn cell(cell: &Configuration, work: Together) -> String {
    let (width, many) = (cell.width as u64, work.many(cell.width));
    match cell.strategy.info().width {
        WidthMeaning::Fixed1 => format!("{}, one task after another", cell.strategy),
        WidthMeaning::InFlight => format!("{}, {many}", cell.strategy),
        _ if work == Together::Commands => format!("{}, {many}", cell.strategy),
        WidthMeaning::Threads => format!("{}, {}", cell.strategy, counted(width, "thread")),
        WidthMeaning::Processes | WidthMeaning::Interpreters => {
            format!("{}, {}", cell.strategy, counted(width, "worker"))
        }
        WidthMeaning::WorkersPerStage => {
            format!("{}, {} workers, a pool for each step", cell.strategy, cell.width_label())
        }
        WidthMeaning::InFlightTimesProcesses => match cell.processes {
            Some(1) => format!("{}, {many}, 1 process", cell.strategy),
            Some(processes) => format!("{}, {many}, {processes} processes", cell.strategy),
            None => format!("{}, {many}", cell.strategy),
        },
    }
}

/// Returns the class of the work, the confidence in it, and the shares of the time; without a class, the reason.
pub(crate) fn class(profile: &Profile) -> String {
    if let Some(reason) = profile.tree.as_ref().and_then(|tree| tree.no_class) {
        return no_class(&reason);
    }
    let waiting = 1.0 - profile.cpu_fraction;
    let mut waits: Vec<_> = profile
        .waits
        .named()
        .into_iter()
        .map(|(name, share)| (name, share * waiting))
        .filter(|(_, share)| *share >= WORTH_NAMING)
        .collect();
    waits.sort_by(|a, b| b.1.total_cmp(&a.1));
    let waits: Vec<_> = waits.iter().map(|(name, share)| format!("{name} {}", Share(*share))).collect();
    let where_to = if waits.is_empty() { String::new() } else { format!(" ({})", waits.join(", ")) };
    format!(
        "{} ({} confidence): CPU {} · waiting {}{where_to}",
        profile.task_class().as_str(),
        profile.confidence.as_str(),
        Share(profile.cpu_fraction),
        Share(waiting),
    )
}

/// Returns the reason why there is no class.
pub(crate) fn no_class(reason: &NoClass) -> String {
    match *reason {
        NoClass::Idle { wall_s, cpu_s, wakeups } => format!(
            "idle: hardly anything happened in {} ({} CPU, {})",
            Seconds(wall_s),
            Seconds(cpu_s),
            counted(wakeups, "wake-up")
        ),
        NoClass::Stopped { wall_s, stopped_s } => format!(
            "stopped: a signal kept the program stopped for {} of {}",
            Seconds(stopped_s),
            Seconds(wall_s)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_without_a_class_is_described_by_the_reason() {
        let idle = NoClass::Idle { wall_s: 10.0, cpu_s: 0.003, wakeups: 12 };
        assert_eq!(no_class(&idle), "idle: hardly anything happened in 10.0 s (3.00 ms CPU, 12 wake-ups)");
        let stopped = NoClass::Stopped { wall_s: 3.0, stopped_s: 2.9 };
        assert_eq!(no_class(&stopped), "stopped: a signal kept the program stopped for 2.90 s of 3.00 s");
    }
}

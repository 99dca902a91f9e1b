//! The first line: what was run, and on what.

use crate::host::Host;
use crate::report::document::{BenchReport, Report};
use crate::report::table::screen::{Role, Screen};
use crate::units::Bytes;
use crate::workload::spec::Source;

/// Workload and machine on one line.
pub(super) fn workload_and_host(screen: &mut Screen, report: &Report) {
    let line = format!("{} · {}", describe_workload(report), describe_host(&report.host));
    screen.paragraph(Role::Heading, &line);
}

/// The workload alone.
pub(super) fn workload(screen: &mut Screen, report: &Report) {
    screen.paragraph(Role::Heading, &describe_workload(report));
}

/// The machine, above several workloads.
pub(super) fn host(screen: &mut Screen, report: &BenchReport) {
    let workloads = counted(report.results.len() as u64, "workload");
    screen.paragraph(Role::Heading, &format!("{workloads} · {}", describe_host(&report.host)));
}

fn describe_workload(report: &Report) -> String {
    let workload = &report.workload;
    let source = match workload.source {
        Source::Sample => "sample workload",
        Source::File => "workload file",
        Source::Command => "command",
        Source::Inline => "inline workload",
        Source::Python => "Python callable",
    };
    format!("{} · {} · {source}", workload.name, counted(workload.tasks, "task"))
}

fn describe_host(host: &Host) -> String {
    let effective = (host.cpus_effective * 100.0).round() / 100.0;
    let cpus = if effective == host.cpus_logical as f64 {
        counted(host.cpus_logical as u64, "CPU")
    } else {
        format!("{effective} of {}", counted(host.cpus_logical as u64, "CPU"))
    };
    let quota = host.limits.cgroup_cpus.map_or("none".to_owned(), |quota| quota.to_string());
    // A machine's memory is a round number more often than not.
    let memory = Bytes(host.memory_bytes).to_string().replace(".0 ", " ");
    format!("{cpus} (cgroup quota: {quota}), {memory}")
}

/// A number of things, with an s where English has one.
pub(super) fn counted(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

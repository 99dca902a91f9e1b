//! The first line: the workload and the machine.

use crate::report::document::{BenchReport, Report};
use crate::report::prose::workload as describe;
use crate::report::table::screen::{Role, Screen};

/// Adds workload and machine on one line.
pub(super) fn workload_and_host(screen: &mut Screen, report: &Report) {
    let line = format!("{} · {}", describe::workload(report), describe::host(&report.host));
    screen.paragraph(Role::Heading, &line);
}

/// Adds the workload alone.
pub(super) fn workload(screen: &mut Screen, report: &Report) {
    screen.paragraph(Role::Heading, &describe::workload(report));
}

/// Adds the machine, above several workloads.
pub(super) fn host(screen: &mut Screen, report: &BenchReport) {
    let workloads = describe::counted(report.results.len() as u64, "workload");
    screen.paragraph(Role::Heading, &format!("{workloads} · {}", describe::host(&report.host)));
}

//! Sentences about the engine beyond this machine that ran the items.

use crate::job::engine_report::{EngineKind, EngineReport, EngineVersions};
use crate::units::Seconds;

/// Returns the lines of the summary, each with its label.
pub(crate) fn lines(report: &EngineReport) -> Vec<(&'static str, String)> {
    let mut lines = vec![("Engine", engine(report))];
    if report.chunks > 0 {
        lines.push(("Chunks", chunks(report)));
    }
    if report.sent_again > 0 {
        let (what, then) = match report.kind {
            EngineKind::Dask => (count(report.sent_again, "message", "messages"), "lost with a worker"),
            EngineKind::Slurm => {
                (count(report.sent_again, "array task", "array tasks"), "for items that were left")
            }
        };
        lines.push(("Again", format!("{what} sent again, {then}")));
    }
    if report.cancelled > 0 {
        let what = count(report.cancelled, "item", "items");
        lines.push(("Cancelled", format!("{what} of array tasks that were cancelled by somebody else")));
    }
    lines.extend(report.versions.iter().map(|difference| ("Versions", versions(difference))));
    lines
}

fn engine(report: &EngineReport) -> String {
    let address = report.address.as_ref().map(|address| format!(" at {address}")).unwrap_or_default();
    match report.kind {
        EngineKind::Dask => {
            let version = report.version.as_deref().unwrap_or_default();
            let workers = count(report.workers, "worker", "workers");
            let threads = if report.threads == report.workers {
                String::new()
            } else {
                format!(" with {}", count(report.threads, "thread", "threads"))
            };
            format!("dask.distributed {version}{address}, {workers}{threads} at the end")
        }
        EngineKind::Slurm => {
            let version = report.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
            let partition = report.address.as_ref().map(|name| format!(", partition {name}"));
            format!("Slurm{version}{}", partition.unwrap_or_default())
        }
    }
}

fn chunks(report: &EngineReport) -> String {
    let items = report.chunk_items.unwrap_or_default();
    let (what, cost) = match report.kind {
        EngineKind::Dask => (count(report.chunks, "message", "messages"), "a message costs"),
        EngineKind::Slurm => {
            (count(report.chunks, "array task", "array tasks"), "an array task starts after")
        }
    };
    let cost = report.message_s.map(|seconds| format!("; {cost} {}", Seconds(seconds))).unwrap_or_default();
    let inner = if report.inner_width > 1 {
        format!("; {} items at a time in each worker thread", report.inner_width)
    } else {
        String::new()
    };
    format!("{what} with {items:.1} items on average{cost}{inner}")
}

fn versions(difference: &EngineVersions) -> String {
    let of = |version: &Option<String>| version.clone().unwrap_or_else(|| "none".to_owned());
    format!(
        "{} differs: client {}, scheduler {}, workers {}",
        difference.package,
        of(&difference.client),
        of(&difference.scheduler),
        difference.workers.join(" and ")
    )
}

fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_described_with_what_its_messages_cost() {
        let report = EngineReport {
            kind: EngineKind::Dask,
            address: Some("tcp://127.0.0.1:8786".to_owned()),
            version: Some("2026.8.0".to_owned()),
            workers: 2,
            threads: 4,
            chunks: 120,
            chunk_items: Some(16.6),
            inner_width: 8,
            message_s: Some(0.002),
            sent_again: 1,
            cancelled: 0,
            versions: vec![EngineVersions {
                package: "dask".to_owned(),
                client: Some("2026.8.0".to_owned()),
                scheduler: None,
                workers: vec!["2026.7.1".to_owned()],
            }],
            directory: None,
        };
        let text: String =
            lines(&report).into_iter().map(|(label, line)| format!("{label:10} {line}\n")).collect();
        insta::assert_snapshot!(text, @r"
        Engine     dask.distributed 2026.8.0 at tcp://127.0.0.1:8786, 2 workers with 4 threads at the end
        Chunks     120 messages with 16.6 items on average; a message costs 2.00 ms; 8 items at a time in each worker thread
        Again      1 message sent again, lost with a worker
        Versions   dask differs: client 2026.8.0, scheduler none, workers 2026.7.1
        ");
    }
}

//! `conc fit` over files in the shapes that load generators print and export, in `tests/data/fit/`.
//!
//! All were written for these tests: every file follows X(N) = 100 N / (1 + 0.05 (N−1) + 0.001 N (N−1)), times a factor,
//! as its tool would print it, so that a column that is taken for another does not go unnoticed.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use conc::internal::{FitNote, FitReport, ThroughputBasis, UnusedReason};
use serde_json::Value;

use crate::json::checked;
use crate::sandbox::Sandbox;

/// What a file says.
struct Case {
    file: &'static str,
    concurrency: &'static str,
    throughput: &'static str,
    /// Number of different widths.
    widths: usize,
    /// Throughput by the law.
    scale: f64,
    /// Maximum distance from the law, as a share: rounding, unless a case says otherwise.
    within: f64,
    labels: &'static [&'static str],
    left_out: &'static [(UnusedReason, usize)],
    notes: &'static [&'static str],
}

const fn case(file: &'static str, concurrency: &'static str, throughput: &'static str) -> Case {
    let (labels, left_out, notes) = (&[], &[], &[]);
    Case { file, concurrency, throughput, widths: 7, scale: 1.0, within: 0.011, labels, left_out, notes }
}

const ZERO: UnusedReason = UnusedReason::Zero;
const MISSING: UnusedReason = UnusedReason::Missing;
const SUMMARY: UnusedReason = UnusedReason::Summary;
const TRANSIENT: UnusedReason = UnusedReason::Transient;

/// The column that Little's law makes of the reports of vegeta.
const LITTLE: &str = "in flight (throughput times mean latency)";
const IN_COMMAND: &str = "concurrency (number in the command)";

const PRINTED: &[Case] = &[
    case("wrk.txt", "connections", "Requests/sec"),
    Case { notes: &["errors"], ..case("wrk-errors.txt", "connections", "Requests/sec") },
    case("k6-summary.txt", "vus", "http_reqs/s"),
    case("k6-summary-v1.txt", "vus", "http_reqs/s"),
    case("locust-console.txt", "users", "req/s"),
    case("pgbench.txt", "number of clients", "tps"),
    case("pgbench-old.txt", "number of clients", "tps"),
    case("pgbench-progress.txt", "c", "tps"),
    case("sysbench-oltp.txt", "Number of threads", "transactions/s"),
    case("sysbench-cpu.txt", "Number of threads", "events per second"),
    case("sysbench-intervals.txt", "threads", "tps"),
    case("oha.txt", "c", "Requests/sec"),
    case("hey.txt", "c", "Requests/sec"),
    Case { notes: &["errors"], ..case("ab.txt", "Concurrency Level", "Requests per second") },
    case("h2load.txt", "clients", "req/s"),
    Case { scale: 0.0, ..case("vegeta.txt", LITTLE, "throughput") },
    Case { scale: 10.0, ..case("fio.txt", "iodepth", "iops") },
    case("jmeter-summariser.log", "active threads", "throughput"),
    case("headings.log", "clients", "throughput"),
    case("key-value.log", "concurrency", "rps"),
];

const EXPORTED: &[Case] = &[
    case("wrk-loop.csv", "connections", "requests/sec"),
    case("k6-summary-export.json", "vus", "requests/s"),
    case("k6-handle-summary.json", "vus", "requests/s"),
    Case { widths: 6, scale: 0.03, within: 0.07, ..case("k6-samples.csv", "users", "samples/s") },
    Case { widths: 6, scale: 0.03, within: 0.09, ..case("k6-points.json", "users", "samples/s") },
    Case { left_out: &[(ZERO, 2)], ..case("locust_stats_history.csv", "User Count", "Requests/s") },
    Case {
        scale: 0.7,
        labels: &["GET · /items", "POST · /orders", "Aggregated"],
        ..case("locust_full_history.csv", "User Count", "Requests/s")
    },
    case("oha.ndjson", "connections", "summary.requestsPerSec"),
    Case { scale: 0.0, ..case("vegeta.json", LITTLE, "throughput") },
    case("fio.json", "iodepth", "iops"),
    Case {
        widths: 6,
        scale: 0.04,
        within: 0.03,
        left_out: &[(TRANSIENT, 15)],
        notes: &["errors"],
        ..case("jmeter.jtl", "users", "samples/s")
    },
    Case {
        scale: 0.6,
        labels: &["GET items", "POST orders", "TOTAL"],
        ..case("jmeter-aggregate.csv", "Users", "Throughput")
    },
    Case { scale: 0.01, ..case("hyperfine.csv", "parameter_threads", "mean") },
    Case { scale: 0.01, ..case("hyperfine.json", "parameter_jobs", "mean") },
    Case { scale: 0.01, ..case("hyperfine.md", IN_COMMAND, "Mean [s]") },
    case("autocannon.ndjson", "connections", "requests/s"),
    case("bombardier.json", "spec.numberOfConnections", "result.rps.mean"),
];

const TYPED: &[Case] = &[
    Case { scale: 10.0, ..case("spreadsheet-german.csv", "Threads", "Throughput (req/s)") },
    Case {
        left_out: &[(SUMMARY, 1)],
        ..case("spreadsheet-title.csv", "Concurrent Users", "Throughput (req/s)")
    },
    Case { scale: 1000.0, ..case("spreadsheet-quoted.csv", "Clients", "Requests / s") },
    case("spreadsheet.tsv", "Virtual Users", "Req/Sec"),
    Case { scale: 100.0, ..case("spreadsheet-thousands.csv", "workers", "requests_per_sec") },
    case("spreadsheet-across.csv", "threads", "tps"),
    Case { left_out: &[(SUMMARY, 1)], ..case("markdown.md", "Concurrency", "Requests/s") },
    Case { left_out: &[(SUMMARY, 1)], ..case("psql.txt", "clients", "tps") },
    case("aligned.txt", "Thread count", "Throughput"),
    case("box.txt", "workers", "ops/s"),
    case("blanks.txt", "threads", "tps"),
    Case { labels: &["alpha", "beta"], ..case("two-hosts.csv", "connections", "rps") },
    case("requests-first.csv", "c", "rps"),
    case("count-constant-threads.csv", "connections", "rps"),
    Case { left_out: &[(ZERO, 2), (MISSING, 1)], ..case("zeros.csv", "users", "throughput") },
    Case { within: 0.51, notes: &["ramp"], ..case("ramp.csv", "vus", "rps") },
    Case { within: 0.41, notes: &["fast"], ..case("faster-than-linear.csv", "workers", "jobs/s") },
    Case { notes: &["errors"], ..case("errors.csv", "concurrency", "throughput") },
    Case { notes: &["errors"], ..case("error-counts.csv", "concurrency", "rps") },
    case("list.json", "threads", "throughput_per_s"),
    case("lines.ndjson", "config.workers", "metrics.rps"),
    case("columns.json", "concurrency", "throughput"),
    case("wrapped.json", "connections", "requests_per_second"),
    case("pairs.json", "column 1", "column 2"),
    case("commented.csv", "threads", "tps"),
    case("mixed-separators.csv", "concurrency", "throughput"),
    case("per-minute.csv", "Users", "Orders per minute"),
    case("count-and-time.csv", "workers", "tasks, elapsed_s"),
    Case { scale: 0.01, ..case("run-times.csv", "processes", "wall time (ms)") },
    Case { labels: &["1 processes", "2 processes"], ..case("grid.csv", "threads", "throughput") },
];

fn directory() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "data", "fit"].iter().collect()
}

fn law(width: f64) -> f64 {
    100.0 * width / (1.0 + 0.05 * (width - 1.0) + 0.001 * width * (width - 1.0))
}

/// Returns the reports of a file, one for each series.
fn fits(sandbox: &Sandbox, file: &str, arguments: &[&str]) -> Vec<FitReport> {
    let path = directory().join(file);
    let assert = sandbox.run(&[&["fit", "--json", path.to_str().unwrap()], arguments].concat());
    let output = assert.get_output();
    let value: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{file}: {}", String::from_utf8_lossy(&output.stderr)));
    let results = value.get("results").and_then(Value::as_array).cloned().unwrap_or_else(|| vec![value]);
    results.into_iter().map(|report| serde_json::from_value(report).unwrap()).collect()
}

fn code(note: &FitNote) -> &'static str {
    match note {
        FitNote::Ramp { .. } => "ramp",
        FitNote::FasterThanLinear { .. } => "fast",
        FitNote::ErrorsRise { .. } => "errors",
    }
}

fn assert_read(sandbox: &Sandbox, case: &Case) {
    let file = case.file;
    let reports = fits(sandbox, file, &[]);
    let first = &reports[0];
    let table = first.table.as_ref().unwrap_or_else(|| panic!("{file}: no table"));
    let read = (table.concurrency.as_str(), table.throughput.join(", "));
    assert_eq!(read, (case.concurrency, case.throughput.to_owned()), "{file}");
    assert_eq!(first.widths().len(), case.widths, "{file}: {:?}", first.points);
    for point in first.points.iter().filter(|_| case.scale > 0.0) {
        let ratio = point.throughput_per_s / (case.scale * law(point.width));
        assert!((ratio - 1.0).abs() <= case.within, "{file}: {point:?} is {ratio} of the law");
    }
    let labels: Vec<&str> = reports.iter().filter_map(|report| report.label.as_deref()).collect();
    assert_eq!(labels, case.labels, "{file}");
    let left_out: Vec<_> = table.unused.iter().map(|unused| (unused.reason, unused.rows)).collect();
    assert_eq!(left_out, case.left_out, "{file}");
    let notes: Vec<_> = first.notes.iter().map(code).collect();
    assert_eq!(notes, case.notes, "{file}: {:?}", first.notes);
}

#[test]
fn files_of_load_generators_and_spreadsheets_are_read() {
    let sandbox = Sandbox::new();
    let cases = || PRINTED.iter().chain(EXPORTED).chain(TYPED);
    let files: BTreeSet<String> = fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let named: BTreeSet<String> = cases().map(|case| case.file.to_owned()).collect();
    assert_eq!(files, named, "every file has a case");
    cases().for_each(|case| assert_read(&sandbox, case));
    sandbox.assert_nothing_is_left();
}

#[test]
fn the_user_may_name_other_columns() {
    let sandbox = Sandbox::new();
    let report = &fits(&sandbox, "requests-first.csv", &["--concurrency", "N", "--throughput", "3"])[0];
    assert_eq!(report.points[1].width, 2000.0);
    let report = &fits(&sandbox, "hyperfine.csv", &["--throughput", "median"])[0];
    assert!((report.points[0].throughput_per_s - 1.0 / 0.99).abs() < 1e-3, "{:?}", report.points[0]);
    assert_eq!(report.table.as_ref().unwrap().basis, ThroughputBasis::RunsByTime);
}

#[test]
fn what_was_read_and_left_out_is_shown_and_in_the_document() {
    let sandbox = Sandbox::new();
    let path = |file: &str| directory().join(file).to_str().unwrap().to_owned();
    checked(&sandbox, &sandbox.run(&["fit", "--json", &path("errors.csv")]).code(0));
    let shown = |file: &str| {
        let output = sandbox.run(&["fit", &path(file)]).code(0).get_output().stdout.clone();
        String::from_utf8(output).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let zeros = shown("zeros.csv");
    assert!(zeros.contains("in flight: `users`; throughput: `throughput`"), "{zeros}");
    assert!(zeros.contains("2 rows with a zero, which the law cannot have (in flight: 128)"), "{zeros}");
    assert!(zeros.contains("1 row without a value (in flight: 256)"), "{zeros}");
    let errors = shown("errors.csv");
    assert!(errors.contains("failures rise from 0% with 1 in flight to 10% with 16"), "{errors}");
    assert!(shown("faster-than-linear.csv").contains("lambda is no measured value"));
    assert!(shown("two-hosts.csv").contains("two-hosts.csv · beta"));
}

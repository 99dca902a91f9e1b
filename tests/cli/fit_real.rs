//! `conc fit` over what load generators printed when they ran, in `tests/data/fit-real/`.
//!
//! Each ran for about a second at each of six widths on a machine with 2 CPUs. What is read of a file is compared with
//! what patterns of its tool find in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use conc::internal::FitReport;
use regex::Regex;
use serde_json::Value;

use crate::sandbox::Sandbox;

/// The output of a tool.
struct Output {
    file: &'static str,
    /// The columns that are read: that of the width, and that of the throughput.
    columns: [&'static str; 2],
    /// Patterns of the widths and of the throughputs, each with a group; `by` is what `of`, or 1, is divided by.
    patterns: [&'static str; 2],
    /// What a printed throughput is multiplied by.
    unit: f64,
    /// The series, if there are several.
    label: Option<&'static str>,
}

const fn output(file: &'static str, columns: [&'static str; 2], patterns: [&'static str; 2]) -> Output {
    Output { file, columns, patterns, unit: 1.0, label: None }
}

const OUTPUTS: &[Output] = &[
    output(
        "ab.txt",
        ["Concurrency Level", "Requests per second"],
        [r"Level:\s+(\d+)", r"second:\s+([\d.]+)"],
    ),
    output(
        "autocannon.ndjson",
        ["connections", "requests/s"],
        [r#""connections":(\d+)"#, r#""requests":\{"average":([\d.]+)"#],
    ),
    output(
        "autocannon.txt",
        ["connections", "Req/Sec"],
        [r"(\d+) connections", r"Req/Sec(?: *│[^│]*){4} *│ ([\d,]+)"],
    ),
    output("fio.json", ["iodepth", "iops"], [r#""iodepth" : "(\d+)""#, r#""iops" : ([1-9][\d.]+)"#]),
    Output {
        unit: 1000.0,
        ..output("fio.txt", ["iodepth", "iops"], [r"iodepth=(\d+)", r"read: IOPS=([\d.]+)k"])
    },
    output("h2load.txt", ["clients", "req/s"], [r"(\d+) total client", r"finished in \S+ ([\d.]+) req/s"]),
    output("hey.txt", ["c", "Requests/sec"], [r"-c (\d+)", r"Requests/sec:\s+([\d.]+)"]),
    output(
        "hyperfine.json",
        ["parameter_threads", "mean"],
        [r#""threads": "(\d+)""#, r#""mean": (?P<by>[\d.]+)"#],
    ),
    output("locust.txt", ["users", "req/s"], [r"-u (\d+)", r"Aggregated .*\|\s+([\d.]+)\s+[\d.]+\s*\n"]),
    output("pgbench.txt", ["number of clients", "tps"], [r"clients: (\d+)", r"tps = ([\d.]+)"]),
    output("pgbench-progress.txt", ["number of clients", "tps"], [r"clients: (\d+)", r"tps = ([\d.]+)"]),
    output(
        "redis-benchmark.txt",
        ["parallel clients", "throughput summary"],
        [r"(\d+) parallel", r"summary: ([\d.]+)"],
    ),
    Output {
        label: Some("GET"),
        ..output(
            "redis-benchmark-quiet.txt",
            ["c", "requests/s"],
            [r"-c (\d+)", r"GET: ([\d.]+) requests per second"],
        )
    },
    output("redis-benchmark.csv", ["c", "requests/s"], [r"-c (\d+)", r#""GET","([\d.]+)""#]),
    output(
        "siege.txt",
        ["concurrency", "transaction_rate"],
        [r#""concurrency":\s+([\d.]+)"#, r#"rate":\s+([\d.]+)"#],
    ),
    output(
        "siege.json",
        ["concurrency", "transaction_rate"],
        [r#""concurrency":\s+([\d.]+)"#, r#"rate":\s+([\d.]+)"#],
    ),
    output(
        "sysbench-cpu.txt",
        ["Number of threads", "events per second"],
        [r"threads: (\d+)", r"second:\s+([\d.]+)"],
    ),
    output(
        "sysbench-memory.txt",
        ["Number of threads", "operations/s"],
        [r"threads: (\d+)", r"\(([\d.]+) per second"],
    ),
    output(
        "sysbench-threads.txt",
        ["Number of threads", "total number of events, total time"],
        [r"threads: (\d+)", r"total time:\s+(?P<by>[\d.]+)s\s+total number of events:\s+(?P<of>\d+)"],
    ),
    output("wrk.txt", ["connections", "Requests/sec"], [r"(\d+) connections", r"Requests/sec:\s+([\d.]+)"]),
    output(
        "wrk-latency.txt",
        ["connections", "Requests/sec"],
        [r"(\d+) connections", r"Requests/sec:\s+([\d.]+)"],
    ),
];

fn directory() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "data", "fit-real"].iter().collect()
}

/// Returns the numbers that a pattern finds.
fn numbers(pattern: &str, text: &str) -> Vec<f64> {
    let pattern = Regex::new(pattern).unwrap();
    let number = |text: &str| text.replace(',', "").parse::<f64>().unwrap();
    let found = pattern.captures_iter(text).map(|found| match found.name("by") {
        Some(by) => found.name("of").map_or(1.0, |of| number(of.as_str())) / number(by.as_str()),
        None => number(&found[1]),
    });
    found.collect()
}

fn fitted(sandbox: &Sandbox, file: &str, label: Option<&str>) -> FitReport {
    let path = directory().join(file);
    let assert = sandbox.run(&["fit", "--json", path.to_str().unwrap()]);
    let said = assert.get_output();
    let value: Value = serde_json::from_slice(&said.stdout)
        .unwrap_or_else(|_| panic!("{file}: {}", String::from_utf8_lossy(&said.stderr)));
    let all = value.get("results").and_then(Value::as_array).cloned().unwrap_or_else(|| vec![value]);
    let mut reports = all.into_iter().map(|report| serde_json::from_value::<FitReport>(report).unwrap());
    reports.find(|report| report.label.as_deref() == label).unwrap_or_else(|| panic!("{file}: no {label:?}"))
}

#[test]
fn what_real_load_generators_printed_is_read() {
    let sandbox = Sandbox::new();
    let entries = fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().file_name());
    let files: BTreeSet<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    assert_eq!(
        files,
        OUTPUTS.iter().map(|output| output.file.to_owned()).collect(),
        "every file has patterns"
    );
    for Output { file, columns, patterns, unit, label } in OUTPUTS {
        let text = fs::read_to_string(directory().join(file)).unwrap();
        let [widths, rates] = patterns.map(|pattern| numbers(pattern, &text));
        assert!(widths.len() >= 6 && widths.len() == rates.len(), "{file}: {widths:?}, {rates:?}");
        let report = fitted(&sandbox, file, *label);
        let table = report.table.as_ref().unwrap();
        assert_eq!([table.concurrency.as_str(), &table.throughput.join(", ")], *columns, "{file}");
        let read: Vec<f64> = report.points.iter().map(|point| point.width).collect();
        assert_eq!(read, widths, "{file}");
        for (point, printed) in report.points.iter().zip(rates) {
            assert!(
                (point.throughput_per_s / (printed * unit) - 1.0).abs() < 1e-9,
                "{file}: {point:?}, {printed}"
            );
        }
    }
}

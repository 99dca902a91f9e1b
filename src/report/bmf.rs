//! Bencher Metric Format: a value and its interval for each workload and metric.
//!
//! The shape: <https://bencher.dev/docs/reference/bencher-metric-format/>. `latency` and `throughput`
//! are measures that every project has there, in nanoseconds and operations per second; the others are
//! created when they are first seen, in nanoseconds, bytes and instructions.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::gate::Metric;
use crate::report::document::Report;
use crate::report::figures::{Figure, figures};

/// Maximum length of a benchmark's name in Bencher, in characters.
const LONGEST_NAME: usize = 1024;

const NANOSECONDS: f64 = 1e9;

#[derive(Debug, Serialize)]
struct Value {
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lower_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upper_value: Option<f64>,
}

/// Returns the recommended cells of `reports`. A name is that of the workload alone: the recommended width
/// may differ from run to run.
pub(crate) fn to_string(reports: &[Report]) -> String {
    let benchmarks: BTreeMap<String, _> = reports.iter().filter_map(benchmark).collect();
    let mut text = serde_json::to_string_pretty(&benchmarks).expect("it is plain JSON");
    text.push('\n');
    text
}

fn benchmark(report: &Report) -> Option<(String, BTreeMap<&'static str, Value>)> {
    let measures = figures(report)?.figures.iter().map(measure).collect();
    Some((report.workload.name.chars().take(LONGEST_NAME).collect(), measures))
}

fn measure(figure: &Figure) -> (&'static str, Value) {
    let (slug, scale) = match figure.metric {
        Metric::Throughput => ("throughput", 1.0),
        Metric::P50 => ("latency", NANOSECONDS),
        Metric::P99 => ("latency-p99", NANOSECONDS),
        Metric::CpuPerTask => ("cpu-per-task", NANOSECONDS),
        Metric::Instructions => ("instructions", 1.0),
        Metric::PeakRss => ("peak-rss", 1.0),
    };
    let end = |i: usize| figure.ci95.map(|ends| ends[i] * scale);
    (slug, Value { value: figure.value * scale, lower_value: end(0), upper_value: end(1) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{example, shapes};

    fn document(reports: &[Report]) -> serde_json::Value {
        let document = serde_json::from_str(&to_string(reports)).unwrap();
        shapes::check(&shapes::bmf(), &document);
        document
    }

    #[test]
    fn latency_is_in_nanoseconds_and_the_name_is_that_of_the_workload() {
        let document = document(&[example::advise()]);
        let measures = &document["web-scraper"];
        assert_eq!(document.as_object().unwrap().len(), 1);
        assert_eq!(measures["latency"]["value"].as_f64(), Some(46e6));
        assert_eq!(measures["peak-rss"]["value"].as_f64(), Some((19 << 20).into()));
        let throughput =
            ["lower_value", "value", "upper_value"].map(|key| measures["throughput"][key].as_f64());
        assert_eq!(throughput, [Some(1198.0), Some(1240.0), Some(1281.0)]);
    }

    #[test]
    fn workloads_without_figures_are_left_out_and_long_names_cut() {
        let [mut long, mut empty] = [example::gated(), example::advise()];
        long.workload.name = "宽".repeat(2000);
        empty.recommendation = None;
        let document = document(&[long, empty]);
        let names: Vec<_> = document.as_object().unwrap().keys().collect();
        assert_eq!(names, [&"宽".repeat(1024)]);
    }
}

//! The custom JSON of github-action-benchmark, for one direction at a time.
//!
//! The shape: <https://github.com/benchmark-action/github-action-benchmark>, `customBiggerIsBetter`
//! and `customSmallerIsBetter`. One step of a workflow reads one file and assumes one direction for
//! everything in it, hence two files.

use serde::Serialize;

use crate::gate::Metric;
use crate::report::document::Report;
use crate::report::figures::{Figure, Figures, figures};
use crate::units::Share;

/// The direction that is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// More is better.
    BiggerIsBetter,
    /// Less is better.
    SmallerIsBetter,
}

#[derive(Debug, Serialize)]
struct Entry {
    name: String,
    unit: &'static str,
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    extra: String,
}

/// Returns the metrics of the recommended cells that have this direction. Names and units are the same in
/// every run; `extra` names the cell.
pub(crate) fn to_string(reports: &[Report], direction: Direction) -> String {
    let of_report = |report| figures(report).map(|figures| entries(report, &figures, direction));
    let entries: Vec<Entry> = reports.iter().filter_map(of_report).flatten().collect();
    let mut text = serde_json::to_string_pretty(&entries).expect("it is plain JSON");
    text.push('\n');
    text
}

fn entries(report: &Report, figures: &Figures, direction: Direction) -> Vec<Entry> {
    let is_wanted = |metric: Metric| metric.is_better_bigger() == (direction == Direction::BiggerIsBetter);
    let class = report
        .profile
        .as_ref()
        .and_then(|profile| profile.class)
        .map(|class| format!("\n{}", class.as_str()));
    let extra = format!("{}{}", figures.cell, class.unwrap_or_default());
    let wanted = figures.figures.iter().filter(|figure| is_wanted(figure.metric));
    wanted.map(|figure| entry(&report.workload.name, figure, extra.clone())).collect()
}

fn entry(workload: &str, figure: &Figure, extra: String) -> Entry {
    let (unit, scale) = match figure.metric {
        Metric::Throughput => ("tasks/s", 1.0),
        Metric::P50 | Metric::P99 | Metric::CpuPerTask => ("ms", 1e3),
        Metric::Instructions => ("instructions", 1.0),
        Metric::PeakRss => ("MiB", 1.0 / f64::from(1 << 20)),
    };
    let value = figure.value;
    let range = figure.ci95.filter(|_| value > 0.0);
    let range = range.map(|[low, high]| format!("± {}", Share((value - low).max(high - value) / value)));
    Entry { name: format!("{workload} {}", figure.metric), unit, value: value * scale, range, extra }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::report::{example, shapes};

    fn document(direction: Direction) -> Value {
        let document = serde_json::from_str(&to_string(&[example::advise()], direction)).unwrap();
        shapes::check(&shapes::gab(), &document);
        document
    }

    #[test]
    fn each_metric_goes_one_way_and_names_hold_no_width() {
        let expected = json!([{ "name": "web-scraper throughput", "unit": "tasks/s", "value": 1240.0,
                                "range": "± 3%", "extra": "async 64\nio-bound" }]);
        assert_eq!(document(Direction::BiggerIsBetter), expected);
        let smaller = document(Direction::SmallerIsBetter);
        let names: Vec<_> = smaller.as_array().unwrap().iter().map(|entry| entry["name"].as_str()).collect();
        let metrics =
            ["p50", "p99", "cpu-per-task", "peak-rss"].map(|metric| format!("web-scraper {metric}"));
        assert_eq!(names, metrics.each_ref().map(|name| Some(name.as_str())));
        assert_eq!((&smaller[0]["unit"], &smaller[0]["value"]), (&json!("ms"), &json!(46.0)));
        assert_eq!(smaller[3]["value"], json!(19.0));
    }
}

//! Documents of `conc`: a series for each strategy of a workload.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::advice::scaling::points;
use crate::benchmark::result::{Round, Status};
use crate::benchmark::{Configuration, ConfigurationResult};
use crate::report::fit::read::records::Placed;
use crate::report::fit::read::source::Source;
use crate::report::fit::series::{Data, Series};
use crate::strategy::StrategyKind;
use crate::workload::input::InputError;

/// Reads the JSON of `bench` or `advise`; `None` for JSON of another origin.
///
/// # Errors
/// `E-FIT-001` if there are no series in it, or it is a document of `conc` that cannot be read.
pub(super) fn read(source: &Source, documents: &[Placed<'_>]) -> Result<Option<Data>, InputError> {
    let [(_, text)] = documents else { return Ok(None) };
    let Ok(value) = serde_json::from_str::<serde_json::Value>(text) else { return Ok(None) };
    let is_ours = value.get("conc_version").is_some();
    let reports = match written(value) {
        Ok(reports) if !reports.is_empty() || is_ours => reports,
        Err(error) if is_ours => {
            let message = format!("a document of conc, but not a result of bench or advise: {error}");
            return Err(source.error(0..1, message).with_help("write one with --export-json"));
        }
        _ => return Ok(None),
    };
    let series: Vec<Series> = reports.into_iter().flat_map(series_of).collect();
    if series.is_empty() {
        return Err(source.error(0..1, "the results have no cells that ran"));
    }
    Ok(Some(Data { name: source.name.to_string(), series, table: None }))
}

/// The part of a report that is fitted; reading only that part accepts reports of other versions too.
#[derive(Deserialize)]
struct Written {
    workload: WrittenWorkload,
    cells: Vec<WrittenCell>,
}

#[derive(Deserialize)]
struct WrittenWorkload {
    name: String,
}

#[derive(Deserialize)]
struct WrittenCell {
    #[serde(flatten)]
    cell: Configuration,
    status: Status,
    throughput_per_s: Option<f64>,
    #[serde(default)]
    rounds: Vec<Round>,
}

/// Returns the reports in a document: those in `results`, or the document itself.
fn written(mut document: serde_json::Value) -> serde_json::Result<Vec<Written>> {
    match document.get_mut("results").map(serde_json::Value::take) {
        Some(results) => serde_json::from_value(results),
        None => serde_json::from_value(document).map(|report| vec![report]),
    }
}

/// Returns a series for each strategy that was run at more than one width.
fn series_of(report: Written) -> Vec<Series> {
    let result = |written: WrittenCell| ConfigurationResult {
        throughput_per_s: written.throughput_per_s,
        rounds: written.rounds,
        ..ConfigurationResult::without_numbers(written.cell, written.status, None)
    };
    let (name, cells) = (report.workload.name, report.cells.into_iter().map(result).collect::<Vec<_>>());
    let groups: BTreeSet<(StrategyKind, Option<usize>)> =
        cells.iter().map(|c| (c.cell.strategy, c.cell.processes)).collect();
    let concurrent = groups.into_iter().filter(|(strategy, _)| *strategy != StrategyKind::Sequential);
    let series = concurrent.map(|(strategy, processes)| Series {
        workload: Some(name.clone()),
        strategy: Some(strategy),
        points: points(&cells, Configuration { strategy, width: 0, processes, stages: None }),
        ..Series::default()
    });
    series.filter(|series| series.points.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::BenchReport;
    use crate::report::fit::read::records;
    use crate::report::{example, json};

    #[test]
    fn results_of_conc_have_a_series_for_each_strategy() {
        let mut bytes = Vec::new();
        let bench: BenchReport = example::bench();
        json::to_writer(&mut bytes, &bench).expect("written");
        let source = Source::new("bench.json", bytes).expect("text");
        let documents = records::documents(&source).expect("JSON");
        let data = read(&source, &documents).expect("a result").expect("a result of conc");
        let names: Vec<_> = data
            .series
            .iter()
            .map(|s| (s.workload.as_deref().unwrap_or_default(), s.strategy, s.points.len()))
            .collect();
        assert_eq!(names[0], ("web-scraper", Some(StrategyKind::Async), 4));
        assert!(names.iter().any(|(workload, ..)| *workload == "hash-cpu"));
        assert!(
            names
                .iter()
                .all(|(_, strategy, points)| *strategy != Some(StrategyKind::Sequential) && *points > 1)
        );
    }

    #[test]
    fn other_documents_are_told_apart() {
        let read = |text: &str| {
            let source = Source::new("x.json", text.into()).expect("text");
            let documents = records::documents(&source).expect("JSON");
            read(&source, &documents).map(|data| data.is_some()).map_err(|error| error.to_string())
        };
        assert_eq!(read(r#"{"concurrency": 1, "throughput": 2}"#), Ok(false));
        assert_eq!(read(r#"[{"results": []}]"#), Ok(false));
        let other = read(r#"{"conc_version": "0.1.0", "command": "explain"}"#).expect_err("no result");
        assert!(other.starts_with("x.json:1:1: a document of conc, but not a result"), "{other}");
    }
}

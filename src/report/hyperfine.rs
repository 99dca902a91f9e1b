//! The JSON of hyperfine, which its scripts and other programs' adapters read.
//!
//! The shape is that of `BenchmarkResult` in hyperfine 1.20, `src/benchmark/benchmark_result.rs`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::benchmark::result::Status;
use crate::benchmark::{Configuration, ConfigurationResult, Series};
use crate::flag::FlagReport;
use crate::flag::result::FlagCell;
use crate::report::document::Report;
use crate::report::flag_exports;
use crate::stats::quantile::median;

#[derive(Serialize)]
struct Summary {
    results: Vec<Entry>,
}

/// One cell of one workload. Times are those of the whole workload, in seconds.
#[derive(Serialize)]
struct Entry {
    command: String,
    mean: f64,
    stddev: Option<f64>,
    median: f64,
    user: f64,
    system: f64,
    min: f64,
    max: f64,
    times: Vec<f64>,
    exit_codes: Vec<i32>,
    /// Parameters of the cell: hyperfine's script for parametrised plots takes one, a number.
    parameters: BTreeMap<String, String>,
}

/// One run of a cell.
struct Run {
    throughput_per_s: f64,
    is_clean: bool,
}

/// Returns every cell of `reports` that ran. A time is that of all tasks of the workload at the throughput
/// of a batch, in seconds.
pub(crate) fn to_string(reports: &[Report]) -> String {
    let results = reports.iter().flat_map(entries).collect();
    let mut text = serde_json::to_string_pretty(&Summary { results }).expect("it is plain JSON");
    text.push('\n');
    text
}

fn entries(report: &Report) -> Vec<Entry> {
    if let Some(flag) = &report.flag {
        return flag.cells.iter().filter_map(|cell| flag_entry(flag, cell)).collect();
    }
    let series = report.series.as_ref();
    let is_series = |cell: Configuration| series.is_some_and(|series| series.cell == cell);
    let cells = report.cells.iter().filter(|cell| cell.status == Status::Ok && !is_series(cell.cell));
    let of_cells = cells.filter_map(|result| {
        entry(report, result.cell, &rounds(result), result.cpu_s_per_task.unwrap_or(0.0))
    });
    let of_series =
        series.and_then(|series| entry(report, series.cell, &batches(series), cpu_s_per_task(series)));
    of_cells.chain(of_series).collect()
}

fn rounds(result: &ConfigurationResult) -> Vec<Run> {
    // It is unknown which of the batches had the failures.
    let is_clean = result.tasks.ok == result.tasks.started();
    let run = |throughput_per_s| Run { throughput_per_s, is_clean };
    result.rounds.iter().map(|round| run(round.throughput_per_s)).collect()
}

fn batches(series: &Series) -> Vec<Run> {
    let run = |batch: &crate::benchmark::series::BatchMetrics| Run {
        throughput_per_s: batch.throughput_per_s,
        is_clean: batch.ok == batch.started,
    };
    series.batches.iter().map(run).collect()
}

fn cpu_s_per_task(series: &Series) -> f64 {
    let sum: f64 = series.batches.iter().map(|batch| batch.cpu_s_per_task).sum();
    sum / series.batches.len().max(1) as f64
}

fn entry(report: &Report, cell: Configuration, runs: &[Run], cpu_s_per_task: f64) -> Option<Entry> {
    let tasks = report.workload.tasks as f64;
    // A batch in which no task succeeded says nothing about the time that tasks take.
    let runs: Vec<&Run> = runs.iter().filter(|run| run.throughput_per_s > 0.0).collect();
    let times: Vec<f64> = runs.iter().map(|run| tasks / run.throughput_per_s).collect();
    let (mean, cpu) = (times.iter().sum::<f64>() / times.len() as f64, cpu_s_per_task * tasks);
    let system = cpu * system_share(report);
    Some(Entry {
        command: format!("{} ({cell})", report.workload.name),
        mean,
        stddev: deviation(&times, mean),
        median: median(&times)?,
        user: cpu - system,
        system,
        min: times.iter().copied().reduce(f64::min)?,
        max: times.iter().copied().reduce(f64::max)?,
        exit_codes: runs.iter().map(|run| i32::from(!run.is_clean)).collect(),
        times,
        parameters: BTreeMap::from([("width".to_owned(), cell.width.to_string())]),
    })
}

/// Returns the runs of one cell of a program's own flag.
fn flag_entry(flag: &FlagReport, cell: &FlagCell) -> Option<Entry> {
    let times: Vec<f64> = cell.runs.iter().map(|run| run.wall_s).collect();
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    Some(Entry {
        command: flag_exports::line(flag, &cell.parameters),
        mean,
        stddev: deviation(&times, mean),
        median: median(&times)?,
        user: cell.cpu_user_s.unwrap_or(0.0),
        system: cell.cpu_system_s.unwrap_or(0.0),
        min: times.iter().copied().reduce(f64::min)?,
        max: times.iter().copied().reduce(f64::max)?,
        exit_codes: vec![0; times.len()],
        times,
        parameters: flag_exports::parameters(flag, &cell.parameters),
    })
}

/// Returns the standard deviation of a sample; `None` for one run.
fn deviation(times: &[f64], mean: f64) -> Option<f64> {
    let squares: f64 = times.iter().map(|time| (time - mean).powi(2)).sum();
    (times.len() > 1).then(|| (squares / (times.len() - 1) as f64).sqrt())
}

/// Returns the kernel's share of the CPU time in the profile: cells know only the sum.
fn system_share(report: &Report) -> f64 {
    let Some(profile) = &report.profile else { return 0.0 };
    let both = profile.cpu_user_s + profile.cpu_system_s;
    if both > 0.0 { profile.cpu_system_s / both } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::report::example;
    use crate::report::shapes;

    fn results(reports: &[Report]) -> Vec<Value> {
        let document: Value = serde_json::from_str(&to_string(reports)).unwrap();
        shapes::check(&shapes::hyperfine(), &document);
        document["results"].as_array().unwrap().clone()
    }

    #[test]
    fn times_are_seconds_of_the_whole_workload_and_parameters_are_strings() {
        let results = results(&[example::advise()]);
        let ran = example::advise().cells.iter().filter(|cell| cell.status == Status::Ok).count();
        assert_eq!(results.len(), ran);
        let chosen = results.iter().find(|r| r["command"] == "web-scraper (async 64)").unwrap();
        assert_eq!(chosen["times"], json!([200.0 / 1240.0]));
        assert_eq!(chosen["parameters"], json!({ "width": "64" }));
        assert_eq!((&chosen["stddev"], &chosen["exit_codes"]), (&Value::Null, &json!([0])));
        let cpu = chosen["user"].as_f64().unwrap() + chosen["system"].as_f64().unwrap();
        assert!((cpu - 0.16).abs() < 1e-9, "{cpu}");
    }

    #[test]
    fn a_series_takes_the_place_of_its_cell() {
        let results = results(&[example::gated()]);
        let of_cell: Vec<_> = results.iter().filter(|r| r["command"] == "web-scraper (threads 64)").collect();
        let [only] = of_cell[..] else { panic!("{of_cell:?}") };
        assert_eq!(only["times"].as_array().unwrap().len(), 6);
        assert_eq!(only["exit_codes"], json!([0, 0, 0, 0, 0, 1]), "a task failed in the last batch");
        assert!(only["stddev"].as_f64().unwrap() > 0.0);
    }

    #[test]
    fn a_cell_in_which_no_task_ended_well_has_no_time() {
        let mut report = example::advise();
        report.cells.truncate(1);
        report.cells[0].rounds[0].throughput_per_s = 0.0;
        assert!(results(&[report]).is_empty());
    }
}

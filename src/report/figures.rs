//! The figures that stand for a workload in formats with one value per metric.

use crate::benchmark::result::Status;
use crate::benchmark::{Configuration, ConfigurationResult, Series};
use crate::flag::FlagReport;
use crate::flag::result::FlagStatus;
use crate::gate::Metric;
use crate::report::document::Report;
use crate::report::flag_exports;
use crate::stats::interval::{CONFIDENCE, geometric_mean_ci, is_informative};

/// The figures that stand for a workload.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figures {
    /// The cell that gave them, in words.
    pub(super) cell: String,
    /// A figure for each metric that is known, in the order of [`Metric::ALL`].
    pub(super) figures: Vec<Figure>,
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Figure {
    /// The metric.
    pub(super) metric: Metric,
    /// Value of the metric, in base units.
    pub(super) value: f64,
    /// 95% confidence interval of `value`, if the spread is known.
    pub(super) ci95: Option<[f64; 2]>,
}

/// Returns the figures of the cell that is compared between runs, otherwise those of the recommended cell;
/// `None` if neither has any.
pub(super) fn figures(report: &Report) -> Option<Figures> {
    let label = |cell: Configuration| match &report.flag {
        Some(flag) => flag_exports::label(flag, &flag.recommendation.parameters),
        None => cell.to_string(),
    };
    let of_series = report.series.as_ref().map(|series| (label(series.cell), of_series(series)));
    let recommended =
        || report.cells.iter().find(|cell| report.is_recommended(cell) && cell.status == Status::Ok);
    let flag = || report.flag.as_ref().and_then(|flag| of_flag(flag));
    let (cell, figures) = of_series
        .filter(|(_, figures)| !figures.is_empty())
        .or_else(|| recommended().map(|result| (label(result.cell), of_cell(result))))
        .or_else(flag)?;
    Some(Figures { cell, figures }).filter(|figures| !figures.figures.is_empty())
}

/// Returns the figures of the recommended values of a program's own flag, if they ran.
fn of_flag(flag: &FlagReport) -> Option<(String, Vec<Figure>)> {
    let cell = flag.recommended().filter(|cell| cell.status == FlagStatus::Measured)?;
    let wall_s = cell.wall_s?;
    let cpu_s = cell.cpu_user_s.unwrap_or(0.0) + cell.cpu_system_s.unwrap_or(0.0);
    let figure = |metric, value| Figure { metric, value, ci95: None };
    let memory = cell.peak_memory_bytes.map(|bytes| figure(Metric::PeakRss, bytes as f64));
    let times = [
        figure(Metric::Throughput, wall_s.recip()),
        figure(Metric::P50, wall_s),
        figure(Metric::CpuPerTask, cpu_s),
    ];
    Some((flag_exports::label(flag, &cell.parameters), times.into_iter().chain(memory).collect()))
}

fn of_series(series: &Series) -> Vec<Figure> {
    let of = |metric: Metric| {
        let values: Vec<f64> = series.batches.iter().filter_map(|batch| metric.of(batch)).collect();
        let mean = geometric_mean_ci(&values, CONFIDENCE)?;
        Some(Figure {
            metric,
            value: mean.estimate,
            ci95: mean.bounds().filter(|ends| is_informative(*ends)),
        })
    };
    Metric::ALL.into_iter().filter_map(of).collect()
}

fn of_cell(result: &ConfigurationResult) -> Vec<Figure> {
    let of = |metric| {
        let value = match metric {
            Metric::Throughput => result.throughput_per_s,
            Metric::P50 => result.latency_s.map(|latency| latency.p50),
            Metric::P99 => result.latency_s.map(|latency| latency.p99),
            Metric::CpuPerTask => result.cpu_s_per_task,
            Metric::Instructions => None,
            Metric::PeakRss => result.peak_rss_bytes.map(|bytes| bytes as f64),
        };
        let ci95 = result.ci95.filter(|_| metric == Metric::Throughput);
        Some(Figure { metric, value: value.filter(|value| value.is_finite())?, ci95 })
    };
    Metric::ALL.into_iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn the_series_counts_and_without_one_the_recommended_cell() {
        let mut report = example::gated();
        let of_series = figures(&report).expect("a series");
        assert_eq!(of_series.cell, "threads 64");
        assert_eq!(of_series.figures.len(), Metric::ALL.len());
        for figure in &of_series.figures {
            let [low, high] = figure.ci95.expect("several batches");
            assert!(low < figure.value && figure.value < high, "{figure:?}");
        }
        report.series = None;
        let of_cell = figures(&report).expect("a recommendation");
        assert_eq!(of_cell.cell, "async 64");
        assert_eq!(of_cell.figures[0].ci95, Some([1198.0, 1281.0]));
        assert_eq!(of_cell.figures[1].ci95, None);
        report.recommendation = None;
        assert_eq!(figures(&report), None);
    }
}

//! The document of `fit`: one object for a table of points, a list for the results of a run.

use serde::{Deserialize, Serialize};

use crate::advice::Model;
use crate::model::Point;
use crate::model::scaling::distinct_widths;
use crate::model::usl;
use crate::report::command::{CommandName, SCHEMA_VERSION};
use crate::report::fit::notes::{self, FitNote};
use crate::report::fit::reading::TableReading;
use crate::report::fit::series::{Data, Series};
use crate::strategy::StrategyKind;

/// Number of points of the curve in a document.
const CURVE_POINTS: usize = 64;

/// The laws of one series of points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FitReport {
    /// The version of this shape.
    pub schema_version: u32,
    /// The version of `conc` that wrote it.
    pub conc_version: String,
    /// The command that was run.
    pub command: CommandName,
    /// The file as it was named; `-` is standard input.
    pub source: String,
    /// The workload, where the file names one.
    pub workload_name: Option<String>,
    /// The strategy, where the file names one.
    pub strategy: Option<StrategyKind>,
    /// The texts in the table that tell this series from others; null for the only series.
    #[serde(default)]
    pub label: Option<String>,
    /// The columns that were read, and the rows that were not; null for a result of `conc`.
    #[serde(default)]
    pub table: Option<TableReading>,
    /// The measured points.
    pub points: Vec<MeasuredPoint>,
    /// Observations about the points that the laws do not express.
    #[serde(default)]
    pub notes: Vec<FitNote>,
    /// The laws.
    pub model: Model,
    /// The universal scalability law from the narrowest to the widest width measured; empty where
    /// it was not fitted.
    pub curve: Vec<CurvePoint>,
}

/// The laws of several series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FitResults {
    /// The version of this shape.
    pub schema_version: u32,
    /// The version of `conc` that wrote it.
    pub conc_version: String,
    /// The command that was run.
    pub command: CommandName,
    /// A report for each series, in the order of the file.
    pub results: Vec<FitReport>,
}

/// The document of any `fit`.
#[derive(Serialize, schemars::JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the schema alone is made of it")]
pub(crate) enum FitDocument {
    /// The laws of several series.
    Results(Box<FitResults>),
    /// The laws of one series.
    Single(Box<FitReport>),
}

/// A measured throughput.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MeasuredPoint {
    /// Tasks in flight.
    pub width: f64,
    /// Tasks per second.
    pub throughput_per_s: f64,
    /// Tasks per second by the law; null if it was not fitted.
    pub fitted_per_s: Option<f64>,
}

/// A point of the fitted curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CurvePoint {
    /// Tasks in flight.
    pub width: f64,
    /// Tasks per second.
    pub throughput_per_s: f64,
    /// 95% confidence interval of the curve at this width.
    pub ci95: [f64; 2],
}

/// Fits every series of the data.
pub(crate) fn fit(data: &Data) -> Vec<FitReport> {
    data.series.iter().map(|series| fit_series(data, series)).collect()
}

impl FitReport {
    /// Returns the series in words: its workload and strategy, or the file and its label.
    pub fn title(&self) -> String {
        let source = if self.source == "-" { "standard input" } else { &self.source };
        match (&self.workload_name, self.strategy, &self.label) {
            (Some(workload), Some(strategy), _) => format!("{workload} · {strategy}"),
            (_, _, Some(label)) => format!("{source} · {label}"),
            _ => source.to_owned(),
        }
    }

    /// Returns the fitted curve at a width, with its interval, by linear interpolation of `curve`.
    pub fn at(&self, width: f64) -> (f64, [f64; 2]) {
        let after = self.curve.partition_point(|p| p.width < width).clamp(1, self.curve.len() - 1);
        let (a, b) = (self.curve[after - 1], self.curve[after]);
        let share = (width - a.width) / (b.width - a.width);
        let between = |a: f64, b: f64| a + (b - a) * share;
        let ci95 = [between(a.ci95[0], b.ci95[0]), between(a.ci95[1], b.ci95[1])];
        (between(a.throughput_per_s, b.throughput_per_s), ci95)
    }

    /// Returns the distinct widths of the points, narrowest first.
    pub fn widths(&self) -> Vec<f64> {
        let points: Vec<Point> =
            self.points.iter().map(|p| Point::new(p.width, p.throughput_per_s)).collect();
        distinct_widths(&points)
    }
}

impl FitResults {
    /// Returns the document of one file.
    pub fn new(results: Vec<FitReport>) -> Self {
        FitResults {
            schema_version: SCHEMA_VERSION,
            conc_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: CommandName::Fit,
            results,
        }
    }
}

fn fit_series(data: &Data, series: &Series) -> FitReport {
    let points = &series.points;
    let model = Model { strategy: series.strategy, ..Model::of_points(points) };
    // A law that is not reported is not drawn either.
    let law = model.usl.sigma.and_then(|_| usl::Usl::fit(points));
    FitReport {
        schema_version: SCHEMA_VERSION,
        conc_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: CommandName::Fit,
        source: data.name.clone(),
        workload_name: series.workload.clone(),
        strategy: series.strategy,
        label: series.label.clone(),
        table: data.table.clone(),
        points: points.iter().map(|p| measured(p, law.as_ref())).collect(),
        notes: if data.table.is_some() { notes::notes(series) } else { Vec::new() },
        curve: law.map(|law| curve(&law, points)).unwrap_or_default(),
        model,
    }
}

fn measured(point: &Point, law: Option<&usl::Usl>) -> MeasuredPoint {
    let fitted_per_s = law.map(|law| law.at(point.width));
    MeasuredPoint { width: point.width, throughput_per_s: point.rate, fitted_per_s }
}

/// Returns points in steps of equal ratio, which are close together where the curve bends.
fn curve(law: &usl::Usl, points: &[Point]) -> Vec<CurvePoint> {
    let narrowest = points.iter().map(|p| p.width).fold(f64::INFINITY, f64::min);
    let widest = points.iter().map(|p| p.width).fold(0.0, f64::max);
    let at = |i: usize| match i + 1 {
        // The end is exact, so that the curve is known at every point measured.
        CURVE_POINTS => widest,
        _ => narrowest * (widest / narrowest).powf(i as f64 / (CURVE_POINTS - 1) as f64),
    };
    (0..CURVE_POINTS)
        .map(at)
        .map(|width| CurvePoint { width, throughput_per_s: law.at(width), ci95: law.band(width) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(rate: impl Fn(f64) -> f64) -> Data {
        let widths = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
        let points = widths.iter().map(|n| Point::new(*n, rate(*n))).collect();
        Data {
            name: "load.csv".to_owned(),
            series: vec![Series { points, ..Series::default() }],
            table: None,
        }
    }

    #[test]
    fn a_fitted_curve_is_told_from_the_narrowest_to_the_widest_width() {
        let report = fit(&data(|n| 10.0 * n / (1.0 + 0.1 * (n - 1.0)))).remove(0);
        let (first, last) = (report.curve[0], report.curve[CURVE_POINTS - 1]);
        assert_eq!((first.width, last.width), (1.0, 64.0));
        assert!((first.throughput_per_s - 10.0).abs() < 1e-6);
        assert!(report.points.iter().all(|p| p.fitted_per_s.is_some()));
    }

    #[test]
    fn what_is_not_fitted_has_no_curve() {
        let report = fit(&data(|n| 10.0 * n.min(8.0))).remove(0);
        assert!(report.curve.is_empty() && report.points.iter().all(|p| p.fitted_per_s.is_none()));
    }
}

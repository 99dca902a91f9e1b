//! Throughput against width, a line for each strategy, with intervals.

use crate::benchmark::{Configuration, ConfigurationResult};
use crate::report::document::Report;
use crate::report::html::scale::{Axis, powers_of_two, round_numbers};
use crate::report::prose::together::Together;
use crate::strategy::StrategyKind;
use crate::strategy::info::PlotMark;
use crate::units::PerSecond;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 320.0;

/// Margins of the plot in SVG units: left, top, right, bottom.
const MARGIN: [f64; 4] = [64.0, 14.0, 18.0, 44.0];

/// Upper end of the axis as a multiple of the highest point; intervals that reach further are cut off.
const HEADROOM: f64 = 1.25;

/// Distance between strategies at the same width, which stand side by side, in SVG units.
const ASIDE: f64 = 3.0;

/// What the caption says of predictions beside measurements.
const HOLLOW: &str = " Hollow circles are predictions, made before anything was measured.";

struct Point {
    cell: Configuration,
    rate: f64,
    /// What was predicted before it was measured.
    predicted: Option<f64>,
    /// The ends of the interval.
    ends: Option<[f64; 2]>,
    is_chosen: bool,
}

struct Axes {
    x: Axis,
    y: Axis,
}

/// Returns the plot with its legend; `None` if there is nothing to show.
pub(super) fn figure(report: &Report) -> Option<String> {
    let mut points: Vec<Point> = report.cells.iter().filter_map(|result| point(report, result)).collect();
    points.sort_by_key(|point| (point.cell.strategy, point.cell.processes, point.cell.width));
    let widths = points.iter().map(|point| point.cell.width as f64);
    let (narrowest, widest) = (widths.clone().reduce(f64::min)?, widths.reduce(f64::max)?);
    let span = if narrowest < widest { [narrowest, widest] } else { [narrowest / 2.0, widest * 2.0] };
    let top = top(&points);
    let [left, above, right, below] = MARGIN;
    let axes = Axes {
        x: Axis::logarithmic(span, [left + 16.0, WIDTH - right - 16.0]),
        y: Axis::linear([0.0, top], [HEIGHT - below, above]),
    };
    let mut svg = grid(&axes, span, top, Together::of(report).caption());
    for line in
        points.chunk_by(|a, b| (a.cell.strategy, a.cell.processes) == (b.cell.strategy, b.cell.processes))
    {
        svg += &series(&axes, line);
    }
    let told = if report.is_prediction() { "Predicted throughput" } else { "Throughput" };
    let hollow = if points.iter().any(|point| point.predicted.is_some()) { HOLLOW } else { "" };
    Some(format!(
        "<figure>\n<svg class=\"plot curve\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{told} against width\">\n\
         {svg}</svg>\n{}<figcaption>{told} against width, with 95% intervals. The recommended cell has a ring.{hollow}</figcaption>\n\
         </figure>\n",
        legend(&points),
    ))
}

fn point(report: &Report, result: &ConfigurationResult) -> Option<Point> {
    let predicted = result.predicted_per_s.filter(|_| report.is_prediction());
    let estimate = result.estimate();
    let rate = estimate.map(|estimate| estimate.per_s).or(predicted).filter(|rate| rate.is_finite())?;
    let ends = estimate.and_then(|estimate| estimate.interval95);
    let predicted = result.predicted_per_s.filter(|rate| rate.is_finite() && !report.is_prediction());
    Some(Point { cell: result.cell, rate, predicted, ends, is_chosen: report.is_recommended(result) })
}

/// Returns the throughput at the upper end of the axis.
fn top(points: &[Point]) -> f64 {
    let highest = points.iter().map(|point| point.rate).fold(0.0, f64::max);
    let ends = points.iter().filter_map(|point| point.ends).map(|[_, high]| high);
    let reaches = ends.chain(points.iter().filter_map(|point| point.predicted));
    let top = reaches.fold(highest, f64::max).min(highest * HEADROOM);
    if top > 0.0 { top * 1.04 } else { 1.0 }
}

fn grid(axes: &Axes, span: [f64; 2], top: f64, caption: &str) -> String {
    let [left, above, right, below] = MARGIN;
    let (bottom, edge) = (HEIGHT - below, WIDTH - right);
    let mut out = String::new();
    for rate in round_numbers(top) {
        let y = axes.y.at(rate);
        out += &format!("<line class=\"grid\" x1=\"{left}\" x2=\"{edge}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\n");
        let label = if rate == 0.0 { "0".to_owned() } else { PerSecond(rate).to_string() };
        out += &format!("<text class=\"end\" x=\"{}\" y=\"{:.1}\">{label}</text>\n", left - 6.0, y + 4.0);
    }
    for width in powers_of_two(span) {
        let x = axes.x.at(width);
        out +=
            &format!("<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{above}\" y2=\"{bottom}\"/>\n");
        out += &format!("<text class=\"mid\" x=\"{x:.1}\" y=\"{}\">{width}</text>\n", bottom + 16.0);
    }
    out += &format!("<text class=\"mid\" x=\"{}\" y=\"{}\">{caption}</text>\n", WIDTH / 2.0, HEIGHT - 6.0);
    out += &format!(
        "<text class=\"mid\" transform=\"translate(12 {}) rotate(-90)\">tasks/s</text>\n",
        HEIGHT / 2.0
    );
    out
}

/// Returns one strategy: a line through its points, and for each point its interval and its title.
fn series(axes: &Axes, points: &[Point]) -> String {
    let kind = points[0].cell.strategy;
    let at = |point: &Point| (axes.x.at(point.cell.width as f64) + aside(kind), axes.y.at(point.rate));
    let path: Vec<String> = points.iter().map(at).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let mut out = format!("<g class=\"{kind}\">\n<polyline class=\"line\" points=\"{}\"/>\n", path.join(" "));
    for point in points {
        let (x, y) = at(point);
        out += &point.ends.map(|ends| whisker(axes, x, ends)).unwrap_or_default();
        if point.is_chosen {
            out += &format!("<circle class=\"ring\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"9\"/>\n");
        }
        out += &prediction(axes, x, point).unwrap_or_default();
        let told = format!("{}: {}/s", point.cell, PerSecond(point.rate));
        out += &format!("<path class=\"mark\" d=\"{}\"><title>{told}</title></path>\n", mark(kind, x, y));
    }
    out + "</g>\n"
}

/// Returns the prediction of a point as a hollow circle, if it is on the plot.
fn prediction(axes: &Axes, x: f64, point: &Point) -> Option<String> {
    let predicted = point.predicted.filter(|rate| axes.y.holds(*rate))?;
    let told = format!("{}: {}/s predicted", point.cell, PerSecond(predicted));
    let y = axes.y.at(predicted);
    Some(format!(
        "<circle class=\"predicted\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"><title>{told}</title></circle>\n"
    ))
}

/// Returns the offset of a strategy to the right of its width, in SVG units; work-stealing, in the middle of
/// the strategies with several widths, has none.
fn aside(kind: StrategyKind) -> f64 {
    let place =
        |wanted: StrategyKind| StrategyKind::ALL.iter().position(|kind| *kind == wanted).unwrap_or(0) as f64;
    if kind == StrategyKind::Sequential {
        0.0
    } else {
        (place(kind) - place(StrategyKind::WorkStealing)) * ASIDE
    }
}

fn whisker(axes: &Axes, x: f64, [low, high]: [f64; 2]) -> String {
    let (low, high) = (axes.y.at(low), axes.y.at(high));
    format!("<line class=\"whisker\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{low:.1}\" y2=\"{high:.1}\"/>\n")
}

/// Returns the outline of a strategy's mark: colour alone does not distinguish strategies.
fn mark(kind: StrategyKind, x: f64, y: f64) -> String {
    let PlotMark { corners, turn } = kind.info().mark;
    let corner = |i: u32| {
        let angle = (f64::from(i) + turn) / f64::from(corners) * std::f64::consts::TAU;
        format!("{:.1} {:.1}", x + 5.0 * angle.sin(), y - 5.0 * angle.cos())
    };
    format!("M{}Z", (0..corners).map(corner).collect::<Vec<_>>().join("L"))
}

fn legend(points: &[Point]) -> String {
    let mut kinds: Vec<StrategyKind> = points.iter().map(|point| point.cell.strategy).collect();
    kinds.dedup();
    let entry = |kind: &StrategyKind| {
        let mark = mark(*kind, 7.0, 7.0);
        format!(
            "<li class=\"{kind}\"><svg viewBox=\"0 0 14 14\"><path class=\"mark\" d=\"{mark}\"/></svg>{kind}</li>\n"
        )
    };
    format!("<ul class=\"legend\">\n{}</ul>\n", kinds.iter().map(entry).collect::<String>())
}

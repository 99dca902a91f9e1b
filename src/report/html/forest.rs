//! The ratios of a gate with their intervals, a row for each metric.

use crate::gate::{GateReport, MetricVerdict};
use crate::report::html::scale::Axis;
use crate::report::prose::gate as wording;

const WIDTH: f64 = 720.0;
const ROW: f64 = 30.0;

/// Start and end of the plot in SVG units; the names of metrics stand left of it, ratios right of it.
const PLOT: [f64; 2] = [100.0, 460.0];

/// Minimum and maximum reach of the axis from 1, as logarithms of ratios.
const REACH: [f64; 2] = [0.06, 1.5];

/// Possible distances of a tick from 1, as shares.
const STEPS: [f64; 7] = [0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0];

/// Returns the plot; `None` if nothing was compared.
pub(super) fn figure(gate: &GateReport) -> Option<String> {
    let reach = gate.metrics.iter().map(reach).reduce(f64::max)?.clamp(REACH[0], REACH[1]) * 1.08;
    let axis = Axis::logarithmic([(-reach).exp(), reach.exp()], PLOT);
    let bottom = ROW * gate.metrics.len() as f64 + 4.0;
    let rows = gate.metrics.iter().enumerate().map(|(i, of)| row(&axis, (i as f64 + 0.5) * ROW, of));
    Some(format!(
        "<figure class=\"gate\">\n<svg class=\"plot forest\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"ratios to the reference\">\n{}{}</svg>\n{}\
         <figcaption>Now over the reference, with 95% intervals. The short line is the threshold, beyond which it \
         is worse.</figcaption>\n</figure>\n",
        bottom + 22.0,
        grid(&axis, reach, bottom),
        rows.collect::<String>(),
        list(gate),
    ))
}

/// Returns the ratios as a list, for a screen that has no room for them next to the plot.
fn list(gate: &GateReport) -> String {
    let entry = |of: &MetricVerdict| {
        let (title, ratio, verdict) = (wording::title(of.metric), wording::ratio(of), of.verdict);
        format!("<li>{title}: <span class=\"verdict {verdict}\">{ratio} {verdict}</span></li>\n")
    };
    format!("<ul class=\"narrow\">\n{}</ul>\n", gate.metrics.iter().map(entry).collect::<String>())
}

/// Returns the distance from 1 that the row of a metric reaches, as a logarithm.
fn reach(of: &MetricVerdict) -> f64 {
    let ends = of.ci95.into_iter().flatten();
    ends.chain([of.ratio, 1.0 + of.threshold]).map(|ratio| ratio.ln().abs()).fold(0.0, f64::max)
}

fn grid(axis: &Axis, reach: f64, bottom: f64) -> String {
    let step = STEPS.into_iter().rev().find(|step| step.ln_1p() <= reach).unwrap_or(STEPS[0]);
    let below = if step < 0.5 { 1.0 - step } else { 1.0 / (1.0 + step) };
    let tick = |ratio: f64| {
        let (x, class) = (axis.at(ratio), if ratio == 1.0 { "one" } else { "grid" });
        format!(
            "<line class=\"{class}\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"2\" y2=\"{bottom}\"/>\n\
             <text class=\"mid\" x=\"{x:.1}\" y=\"{}\">{ratio:.2}x</text>\n",
            bottom + 16.0,
        )
    };
    [below, 1.0, 1.0 + step].map(tick).concat()
}

fn row(axis: &Axis, y: f64, of: &MetricVerdict) -> String {
    let threshold =
        if of.metric.is_better_bigger() { 1.0 / (1.0 + of.threshold) } else { 1.0 + of.threshold };
    let (x, limit, [_, edge]) = (axis.at(of.ratio), axis.at(threshold), PLOT);
    let interval = of.ci95.map(|[low, high]| {
        let (low, high) = (axis.at(low), axis.at(high));
        format!("<line class=\"whisker\" x1=\"{low:.1}\" x2=\"{high:.1}\" y1=\"{y}\" y2=\"{y}\"/>\n")
    });
    format!(
        "<g class=\"{verdict}\">\n<text class=\"name\" x=\"0\" y=\"{base}\">{}</text>\n\
         <line class=\"limit\" x1=\"{limit:.1}\" x2=\"{limit:.1}\" y1=\"{}\" y2=\"{}\"/>\n{}\
         <circle class=\"mark\" cx=\"{x:.1}\" cy=\"{y}\" r=\"5\"/>\n\
         <text class=\"told\" x=\"{}\" y=\"{base}\">{} {verdict}</text>\n</g>\n",
        wording::title(of.metric),
        y - 9.0,
        y + 9.0,
        interval.unwrap_or_default(),
        edge + 14.0,
        wording::ratio(of),
        verdict = of.verdict,
        base = y + 4.0,
    )
}

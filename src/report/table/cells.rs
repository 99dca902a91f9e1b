//! The table of cells, with the columns that fit.

use std::cmp::Reverse;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use crate::benchmark::result::Status;
use crate::benchmark::{Configuration, ConfigurationResult};
use crate::report::columns::Column::{
    self, Cpu, Interval, Margin, P50, P99, Predicted, Rate, Rss, ShortSpeedup, Speedup, Startup, Strategy,
    Tasks, Width,
};
use crate::report::document::Report;
use crate::report::prose;
use crate::report::table::screen::{Role, Screen};
use crate::report::text::{shorten, width};
use crate::strategy::StrategyKind;

/// Columns of the best cells, from the most to the fewest.
const BEST: &[&[Column]] = &[
    &[Strategy, Width, Rate, Interval, Speedup, P50, P99, Cpu, Rss],
    &[Strategy, Width, Rate, Margin, Speedup, P50, P99, Cpu, Rss],
    &[Strategy, Width, Rate, Margin, ShortSpeedup, P50, P99, Cpu, Rss],
    &[Strategy, Width, Rate, Margin, ShortSpeedup, P50, P99, Cpu],
    &[Strategy, Width, Rate, Margin, ShortSpeedup, P50, P99],
    &[Strategy, Width, Rate, Margin, ShortSpeedup, P50],
    &[Strategy, Width, Rate, Margin, ShortSpeedup],
    &[Strategy, Width, Rate, ShortSpeedup],
    &[Strategy, Width, Rate],
];

/// Columns of cells that were only predicted.
const PREDICTED: &[&[Column]] = &[&[Strategy, Width, Predicted]];

/// Columns of every cell, from the most to the fewest.
const EVERY: &[&[Column]] = &[
    &[Strategy, Width, Rate, Predicted, Interval, Speedup, P50, P99, Cpu, Startup, Rss, Tasks],
    &[Strategy, Width, Rate, Predicted, Margin, ShortSpeedup, P50, P99, Cpu, Startup, Rss, Tasks],
    &[Strategy, Width, Rate, Predicted, Margin, P50, P99, Cpu, Startup, Tasks],
    &[Strategy, Width, Rate, Predicted, Margin, P50, Startup, Tasks],
    &[Strategy, Width, Rate, Predicted, Margin, Startup],
    &[Strategy, Width, Rate, Predicted, Margin],
    &[Strategy, Width, Rate, Predicted],
    &[Strategy, Width, Rate],
];

/// Adds one row per strategy: the recommended cell, or the fastest of the strategy.
pub(super) fn best(screen: &mut Screen, report: &Report) {
    let mut rows: Vec<_> = StrategyKind::ALL.into_iter().filter_map(|kind| best_of(report, kind)).collect();
    rows.sort_by(|a, b| rate(report, b).total_cmp(&rate(report, a)));
    show(screen, report, &rows, if report.is_prediction() { PREDICTED } else { BEST });
}

/// Adds every cell, in the order of strategies and widths.
pub(super) fn every(screen: &mut Screen, report: &Report) {
    let mut rows: Vec<_> = report.cells.iter().collect();
    rows.sort_by_key(|result| result.cell);
    show(screen, report, &rows, if report.is_prediction() { PREDICTED } else { EVERY });
}

fn best_of(report: &Report, kind: StrategyKind) -> Option<&ConfigurationResult> {
    let of_kind = || report.cells.iter().filter(move |result| result.cell.strategy == kind);
    let ran = || of_kind().filter(|result| result.status == Status::Ok || report.is_prediction());
    ran()
        .find(|result| report.is_recommended(result))
        .or_else(|| ran().max_by(|a, b| rate(report, a).total_cmp(&rate(report, b))))
        .or_else(|| of_kind().min_by_key(|result| Reverse(result.status == Status::Failed)))
}

/// Returns the throughput for sorting; cells that did not run come last.
fn rate(report: &Report, result: &ConfigurationResult) -> f64 {
    let predicted = result.predicted_per_s.filter(|_| report.is_prediction());
    result.per_s().or(predicted).unwrap_or(-1.0)
}

fn show(screen: &mut Screen, report: &Report, rows: &[&ConfigurationResult], layouts: &[&[Column]]) {
    if rows.is_empty() {
        return;
    }
    let fits = |lines: &Vec<String>| lines.iter().all(|line| width(line) <= screen.width());
    let candidates = layouts.iter().map(|layout| lines(report, rows, layout));
    let narrowest = || lines(report, rows, layouts[layouts.len() - 1]);
    let lines = candidates.into_iter().find(fits).unwrap_or_else(narrowest);
    screen.gap();
    let mut lines = lines.into_iter();
    screen.styled_line(Role::Heading, &lines.next().unwrap_or_default());
    let engine = if report.engine.is_some() { lines.next_back().unwrap_or_default() } else { String::new() };
    for (line, row) in lines.zip(rows) {
        match prose::outcome::trouble(row).filter(|_| !report.is_prediction()) {
            Some(reason) => {
                let room = screen.width().saturating_sub(width(&line) + 2);
                screen.styled_line(Role::Trouble, &format!("{line}  {}", shorten(&reason, room)));
            }
            None if report.is_recommended(row) => screen.styled_line(Role::Chosen, &line),
            None => screen.line(&line),
        }
    }
    if report.engine.is_some() {
        screen.line(&engine);
    }
    screen.gap();
}

/// Returns heading and rows as lines, the engine beyond this machine last; a row without figures ends after its width.
fn lines(report: &Report, rows: &[&ConfigurationResult], columns: &[Column]) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(columns.iter().map(|column| column.heading()));
    for row in rows {
        let has_figures = row.status == Status::Ok || report.is_prediction();
        let shown = columns.iter().filter(|c| has_figures || matches!(c, Strategy | Width));
        table.add_row(shown.map(|column| match column {
            Strategy if report.is_recommended(row) => format!("{} *", column.value(row)),
            column => column.value(row),
        }));
    }
    if let Some(engine) = &report.engine {
        let is_reference = |cell: &&ConfigurationResult| cell.cell == Configuration::REFERENCE;
        let sequential = report.cells.iter().find(is_reference).and_then(ConfigurationResult::per_s);
        table.add_row(columns.iter().map(|column| column.engine_value(&engine.measured, sequential)));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

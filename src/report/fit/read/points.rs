//! Rows of a table as points, and the rows that are none.

use std::collections::BTreeMap;

use crate::model::Point;
use crate::report::fit::read::columns::{Columns, Rate};
use crate::report::fit::read::name::{Failures, Name};
use crate::report::fit::read::number::{self, Decimal, Quantity, Reading, Unit};
use crate::report::fit::read::source::Source;
use crate::report::fit::read::table::{Field, Table};
use crate::report::fit::reading::{TableReading, ThroughputBasis, UnusedReason, UnusedRows};
use crate::report::fit::series::{Data, FailuresAt, Series};
use crate::workload::input::{InputError, InputErrors};

/// Maximum number of errors reported for one file.
pub(super) const MOST_ERRORS: usize = 10;

/// Words of rows that sum others up.
const SUMMARY: &[&str] = &[
    "total",
    "totals",
    "sum",
    "average",
    "avg",
    "mean",
    "median",
    "min",
    "max",
    "stddev",
    "stdev",
    "geomean",
    "all",
    "aggregated",
];

/// The mark between the texts that name a series.
const SEPARATOR: &str = " · ";

/// Reads the points of a table; `is_steps` if its rows are steps of a log of samples.
///
/// # Errors
/// `E-FIT-001` with the fields that are no numbers, or when no row is a measurement.
pub(super) fn read(
    source: &Source,
    table: &Table,
    columns: &Columns,
    is_steps: bool,
) -> Result<Data, InputErrors> {
    let rows = Rows { source, table, columns };
    let mut series: Vec<Series> = Vec::new();
    let mut unused: BTreeMap<UnusedReason, Vec<Option<f64>>> = BTreeMap::new();
    let mut errors = Vec::new();
    for row in &table.rows {
        match rows.point(row) {
            Ok(point) => rows.add(&mut series, row, point),
            Err(NoPoint::Unused(reason, width)) => unused.entry(reason).or_default().push(width),
            Err(NoPoint::Wrong(error)) if errors.len() < MOST_ERRORS => errors.push(error),
            Err(NoPoint::Wrong(_)) => {}
        }
    }
    if let Some(errors) = InputErrors::collect(errors) {
        return Err(errors);
    }
    unused.entry(UnusedReason::Transient).or_default().extend(vec![None; table.transient]);
    let unused: Vec<UnusedRows> =
        unused.into_iter().filter(|(_, rows)| !rows.is_empty()).map(unused_rows).collect();
    if series.is_empty() {
        return Err(rows.none(&unused).into());
    }
    let reading = rows.reading(&series, unused, is_steps);
    Ok(Data { name: source.name.to_string(), series, table: Some(reading) })
}

/// A row that is no point.
enum NoPoint {
    /// The row is counted as unused, with its width if that is known.
    Unused(UnusedReason, Option<f64>),
    /// It cannot be read.
    Wrong(InputError),
}

struct Rows<'a> {
    source: &'a Source,
    table: &'a Table,
    columns: &'a Columns,
}

impl Rows<'_> {
    fn point(&self, row: &[Field]) -> Result<Point, NoPoint> {
        let width = match row.get(self.columns.width) {
            Some(field) if is_summary(field, row, self.table.decimal) => {
                return Err(NoPoint::Unused(UnusedReason::Summary, None));
            }
            _ => self.number(row, self.columns.width, None)?.value,
        };
        let known = Some(width).filter(|width| *width > 0.0);
        let rate = match self.columns.rate {
            Rate::Column(column, period) => self.number(row, column, known)?.value / period,
            Rate::CountByTime(count, time, unit) => {
                self.number(row, count, known)?.value / self.seconds(row, time, unit, known)?
            }
            Rate::RunsByTime(time, unit) => 1.0 / self.seconds(row, time, unit, known)?,
        };
        match rate > 0.0 && width > 0.0 && rate.is_finite() {
            true => Ok(Point::new(width, rate)),
            false => Err(NoPoint::Unused(UnusedReason::Zero, known)),
        }
    }

    /// Returns the time in a column; a field with a unit has it in seconds already.
    fn seconds(&self, row: &[Field], column: usize, unit: f64, width: Option<f64>) -> Result<f64, NoPoint> {
        let Quantity { value, unit: own } = self.number(row, column, width)?;
        Ok(if own == Unit::Seconds { value } else { value * unit })
    }

    /// Returns the number in a column of a row; `width` is that of the row, if it is known.
    fn number(&self, row: &[Field], column: usize, width: Option<f64>) -> Result<Quantity, NoPoint> {
        let name = self.table.name(column);
        let wrong =
            |field: &Field, message: String| NoPoint::Wrong(self.source.error(field.span.clone(), message));
        let Some(field) = row.get(column) else {
            let (start, end) = (row[0].span.start, row[row.len() - 1].span.end);
            let count = if row.len() == 1 { "is only 1".to_owned() } else { format!("are {}", row.len()) };
            let message = format!("`{name}` is missing: it is field {}, and there {count}", column + 1);
            return Err(NoPoint::Wrong(self.source.error(start..end, message)));
        };
        match number::read(&field.text, self.table.decimal) {
            Reading::Number(quantity) if quantity.value < 0.0 => {
                Err(wrong(field, format!("`{name}` must not be negative, and is {}", field.text)))
            }
            Reading::Number(quantity) => Ok(quantity),
            Reading::Missing => Err(NoPoint::Unused(UnusedReason::Missing, width)),
            Reading::Ambiguous => {
                let [large, small] = [Decimal::Point, Decimal::Comma]
                    .map(|decimal| number::value(&field.text, decimal).unwrap_or_default());
                let message = format!("`{name}` may be {large} or {small}");
                let error = self.source.error(field.span.clone(), message);
                Err(NoPoint::Wrong(
                    error.with_help("write decimals with a point, or thousands without a comma"),
                ))
            }
            Reading::Text => Err(wrong(field, format!("`{name}` must be a number, not '{}'", field.text))),
        }
    }

    /// Adds a point to the series that the texts of its row name.
    fn add(&self, series: &mut Vec<Series>, row: &[Field], point: Point) {
        let label = self.label(row);
        let index = series.iter().position(|known| known.label == label).unwrap_or_else(|| {
            series.push(Series { label, ..Series::default() });
            series.len() - 1
        });
        series[index].points.push(point);
        series[index].failures.extend(self.failures(row, point));
    }

    fn label(&self, row: &[Field]) -> Option<String> {
        let texts = self.columns.keys.iter().filter_map(|column| {
            let text = row.get(*column).map(|field| field.text.as_str()).filter(|text| !text.is_empty())?;
            let is_number = number::value(text, self.table.decimal).is_some();
            Some(if is_number { format!("{text} {}", self.table.name(*column)) } else { text.to_owned() })
        });
        let label = texts.collect::<Vec<_>>().join(SEPARATOR);
        (!self.columns.keys.is_empty()).then_some(label)
    }

    fn failures(&self, row: &[Field], point: Point) -> Option<FailuresAt> {
        let (column, form, count) = self.columns.failures?;
        let read = |column: usize| match number::read(&row.get(column)?.text, self.table.decimal) {
            Reading::Number(quantity) => Some(quantity),
            // Reports mention failures only where there are some.
            Reading::Missing if form == Failures::Count => Some(Quantity { value: 0.0, unit: Unit::Plain }),
            _ => None,
        };
        let Quantity { value, unit } = read(column)?;
        let share = || if unit == Unit::Share { value } else { value * self.share_unit(column) };
        let count = count.and_then(read).map(|quantity| quantity.value).filter(|count| *count > 0.0);
        let (amount, is_share) = match (form, count) {
            (Failures::Share, _) => (share(), true),
            (Failures::Success, _) => (1.0 - share(), true),
            (Failures::PerSecond, _) => ((value / point.rate).min(1.0), true),
            (Failures::Count, Some(count)) => ((value / count).min(1.0), true),
            (Failures::Count, None) => (value, false),
        };
        Some(FailuresAt { width: point.width, amount, is_share })
    }

    /// Returns 0.01 for a column of percentages, 1 for one of shares.
    fn share_unit(&self, column: usize) -> f64 {
        let is_percent = Name::new(&self.table.name(column)).is_percent();
        let is_large =
            |field: &Field| number::value(&field.text, self.table.decimal).is_some_and(|n| n > 1.0);
        if is_percent || self.table.fields(column).any(is_large) { 0.01 } else { 1.0 }
    }

    fn reading(&self, series: &[Series], unused: Vec<UnusedRows>, is_steps: bool) -> TableReading {
        let name = |column: usize| self.table.name(column);
        let (throughput, basis) = match self.columns.rate {
            Rate::Column(column, _) if is_steps => (vec![name(column)], ThroughputBasis::SamplesByTime),
            Rate::Column(column, _) => (vec![name(column)], ThroughputBasis::Column),
            Rate::CountByTime(count, time, _) => {
                (vec![name(count), name(time)], ThroughputBasis::CountByTime)
            }
            Rate::RunsByTime(time, _) => (vec![name(time)], ThroughputBasis::RunsByTime),
        };
        TableReading {
            concurrency: name(self.columns.width),
            throughput,
            basis,
            series_by: self.columns.keys.iter().map(|column| name(*column)).collect(),
            rows: series.iter().map(|series| series.points.len()).sum(),
            unused,
        }
    }

    fn none(&self, unused: &[UnusedRows]) -> InputError {
        let end = self.source.text.len();
        let place = self.table.rows.last().and_then(|row| row.first()).map_or(end, |field| field.span.start);
        let error = self.source.error(place..place, "there are no measurements below the names");
        let rows = |unused: &UnusedRows| match (unused.rows, unused.reason) {
            (1, UnusedReason::Zero) => "1 row has a zero".to_owned(),
            (1, UnusedReason::Missing) => "1 row has no value".to_owned(),
            (count, UnusedReason::Zero) => format!("{count} rows have a zero"),
            (count, UnusedReason::Missing) => format!("{count} rows have no value"),
            (count, _) => format!("{count} are summaries or samples of a load that changes"),
        };
        match unused {
            [] => error,
            _ => error.with_help(unused.iter().map(rows).collect::<Vec<_>>().join(", ")),
        }
    }
}

fn unused_rows((reason, widths): (UnusedReason, Vec<Option<f64>>)) -> UnusedRows {
    let rows = widths.len();
    let mut widths: Vec<f64> = widths.into_iter().flatten().collect();
    widths.sort_by(f64::total_cmp);
    widths.dedup();
    UnusedRows { reason, rows, widths }
}

/// Returns true for a row that sums others up, or a remark below the table.
fn is_summary(width: &Field, row: &[Field], decimal: Decimal) -> bool {
    let text = width.text.to_lowercase();
    let first = text.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty()).unwrap_or_default();
    let is_remark = row.len() == 1 && matches!(number::read(&width.text, decimal), Reading::Text);
    let is_first = row.first().is_some_and(|field| SUMMARY.contains(&field.text.to_lowercase().as_str()));
    SUMMARY.contains(&first) || is_remark || (is_first && text.is_empty())
}

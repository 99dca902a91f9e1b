//! Logs with a line for each sample: JTL files of JMeter, and the CSV and JSON of k6.
//!
//! The load of such a test changes in steps. A step is a stretch of time with the same number of users; its throughput
//! is the number of samples in it by its length. Steps with few samples belong to a ramp and are left out.

use std::ops::Range;

use toml::value::{Datetime, Offset};

use crate::report::fit::read::number::{self, Decimal};
use crate::report::fit::read::table::{Field, Record, Table};

/// Minimum number of samples in a step: with fewer, chance alone moves the throughput by a third.
const MIN_SAMPLES: usize = 10;

/// Milliseconds per second.
const MILLISECONDS: f64 = 1e3;

/// A finished sample.
struct Sample {
    /// Seconds since any beginning.
    time: f64,
    /// Users at that time.
    users: f64,
    failed: bool,
    span: Range<usize>,
}

/// Returns the steps of a log; `None` for a table that is none.
pub(super) fn steps(table: &Table) -> Option<Table> {
    let mut samples = jmeter(table).or_else(|| k6(table))?;
    samples.sort_by(|a, b| a.time.total_cmp(&b.time));
    let is_whole = samples.iter().all(|sample| sample.time.fract() == 0.0);
    let mut records = Vec::new();
    let mut transient = 0;
    for step in samples.chunk_by(|a, b| a.users == b.users) {
        match record(step, is_whole) {
            Some(record) => records.push(record),
            None => transient += step.len(),
        }
    }
    Some(Table { transient, ..Table::of_records(records) })
}

/// Returns the throughput of a step; `is_whole` if times are whole seconds.
fn record(step: &[Sample], is_whole: bool) -> Option<Record> {
    let (first, last) = (step.first()?, step.last()?);
    // Whole seconds say that the last one has passed too; else the first sample only marks the beginning.
    let (count, length) = match is_whole {
        true => (step.len(), last.time - first.time + 1.0),
        false => (step.len() - 1, last.time - first.time),
    };
    if step.len() < MIN_SAMPLES || length <= 0.0 {
        return None;
    }
    let rate = count as f64 / length;
    let failed = step.iter().filter(|sample| sample.failed).count() as f64 / step.len() as f64;
    let field = |value: f64| Field::new(value.to_string(), first.span.clone());
    Some(vec![
        ("users".to_owned(), field(first.users)),
        ("samples/s".to_owned(), field(rate)),
        ("failed rate".to_owned(), field(failed)),
    ])
}

fn jmeter(table: &Table) -> Option<Vec<Sample>> {
    let [start, elapsed, users] = ["timeStamp", "elapsed", "allThreads"].map(|name| table.column(name));
    let (start, elapsed, users) = (start?, elapsed?, users?);
    let success = table.column("success");
    let sample = |row: &Vec<Field>| {
        let number = |column: usize| number::value(&row.get(column)?.text, Decimal::Point);
        Some(Sample {
            time: (number(start)? + number(elapsed)?) / MILLISECONDS,
            users: number(users)?,
            failed: success.and_then(|column| row.get(column)).is_some_and(|field| field.text == "false"),
            span: row[start].span.clone(),
        })
    };
    Some(table.rows.iter().filter_map(sample).collect())
}

/// The columns of a log of k6.
struct K6 {
    metric: usize,
    time: usize,
    value: usize,
}

fn k6(table: &Table) -> Option<Vec<Sample>> {
    let find = |names: [&str; 3]| {
        let [metric, time, value] = names.map(|name| table.column(name));
        Some(K6 { metric: metric?, time: time?, value: value? })
    };
    let columns = find(["metric_name", "timestamp", "metric_value"])
        .or_else(|| find(["metric", "data.time", "data.value"]))?;
    let of = |name: &str| -> Vec<(f64, f64, Range<usize>)> {
        let rows =
            table.rows.iter().filter(|row| row.get(columns.metric).is_some_and(|field| field.text == name));
        rows.filter_map(|row| {
            let value = number::value(&row.get(columns.value)?.text, Decimal::Point)?;
            Some((seconds(&row.get(columns.time)?.text)?, value, row[columns.metric].span.clone()))
        })
        .collect()
    };
    let mut users = of("vus");
    users.sort_by(|a, b| a.0.total_cmp(&b.0));
    let requests =
        Some(of("http_reqs")).filter(|found| !found.is_empty()).unwrap_or_else(|| of("iterations"));
    let sample = |(time, _, span): (f64, f64, Range<usize>)| {
        let after = users.partition_point(|(at, ..)| *at <= time);
        let (_, users, _) = users.get(after.saturating_sub(1))?;
        Some(Sample { time, users: *users, failed: false, span })
    };
    Some(requests.into_iter().filter_map(sample).collect())
}

/// Returns the seconds of a time: a number of them, or RFC 3339.
fn seconds(text: &str) -> Option<f64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let time: Datetime = text.parse().ok()?;
    let (date, clock) = (time.date?, time.time?);
    let offset = match time.offset {
        Some(Offset::Custom { minutes }) => f64::from(minutes) * 60.0,
        _ => 0.0,
    };
    let days = f64::from(days(i32::from(date.year), i32::from(date.month), i32::from(date.day)));
    let [hour, minute] = [clock.hour, clock.minute].map(f64::from);
    let second = clock.second.map_or(0.0, f64::from) + clock.nanosecond.map_or(0.0, f64::from) * 1e-9;
    Some(days * 86_400.0 + hour * 3600.0 + minute * 60.0 + second - offset)
}

/// Returns the days since the beginning of the year 0, by the rule that a year begins in March.
fn days(year: i32, month: i32, day: i32) -> i32 {
    let year = if month < 3 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year / 4 - year / 100 + year / 400 + of_year
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_across_days_and_offsets() {
        let between = |a: &str, b: &str| seconds(b).expect(b) - seconds(a).expect(a);
        assert!((between("2024-02-28T23:59:59Z", "2024-03-01T00:00:00Z") - 86_401.0).abs() < 1e-6);
        assert!((between("2023-12-31T23:59:59.5Z", "2024-01-01T02:00:00+02:00") - 0.5).abs() < 1e-6);
        assert_eq!(between("1700000000", "1700000002"), 2.0);
        assert_eq!(seconds("soon"), None);
    }
}

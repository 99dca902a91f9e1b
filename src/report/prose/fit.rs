//! What was read from a table of measurements, what was left out, and what the points show.

use crate::report::fit::{FailureUnit, FitNote, TableReading, ThroughputBasis, UnusedReason, UnusedRows};
use crate::units::{PerSecond, Share};

/// Maximum number of widths that a sentence lists.
const MAX_LISTED: usize = 6;

/// Returns the columns that were read.
pub(crate) fn columns(table: &TableReading) -> String {
    let throughput = table.throughput.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
    let throughput = match (table.basis, throughput.as_slice()) {
        (ThroughputBasis::Column, [name, ..]) => name.clone(),
        (ThroughputBasis::SamplesByTime, _) => "samples per second in each step of the load".to_owned(),
        (ThroughputBasis::CountByTime, [count, time, ..]) => format!("{count} divided by {time}"),
        (_, [time, ..]) => format!("runs per second, from {time}"),
        (_, []) => "unknown".to_owned(),
    };
    let series = match table.series_by.as_slice() {
        [] => String::new(),
        names => format!(
            "; a series for each {}",
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
        ),
    };
    format!("in flight: `{}`; throughput: {throughput}{series}", table.concurrency)
}

/// Returns the rows that are not fitted, and why.
pub(crate) fn unused(unused: &UnusedRows) -> String {
    let rows = |one: &str, many: &str| match unused.rows {
        1 => format!("1 row {one}"),
        count => format!("{count} rows {many}"),
    };
    let text = match unused.reason {
        UnusedReason::Zero => {
            rows("with a zero, which the law cannot have", "with a zero, which the law cannot have")
        }
        UnusedReason::Missing => rows("without a value", "without a value"),
        UnusedReason::Summary => {
            rows("that sums others up or is a remark", "that sum others up or are remarks")
        }
        UnusedReason::Transient => {
            let samples =
                if unused.rows == 1 { "1 sample".to_owned() } else { format!("{} samples", unused.rows) };
            format!("{samples} from times in which the load changed")
        }
    };
    match unused.widths.as_slice() {
        [] => text,
        widths if widths.len() <= MAX_LISTED => {
            format!(
                "{text} (in flight: {})",
                widths.iter().map(f64::to_string).collect::<Vec<_>>().join(", ")
            )
        }
        [first, .., last] => format!("{text} (in flight: {first} to {last})"),
        [only] => format!("{text} (in flight: {only})"),
    }
}

/// Returns an observation about the points.
pub(crate) fn note(note: &FitNote) -> String {
    match note {
        FitNote::Ramp { width, low_per_s, high_per_s, spread, widths } => {
            let others = match widths {
                1 => String::new(),
                2 => "; so it does at 1 other width".to_owned(),
                count => format!("; so it does at {} other widths", count - 1),
            };
            format!(
                "with {width} in flight throughput lies between {}/s and {}/s, a spread of {}{others}. If the load \
                 was still growing in some rows, leave out the first rows of each step",
                PerSecond(*low_per_s),
                PerSecond(*high_per_s),
                Share(*spread)
            )
        }
        FitNote::FasterThanLinear { from_width, width, ratio } => format!(
            "throughput grows faster than the number in flight: {width} do {ratio:.1} times the work of {from_width}, \
             which is {:.1} times as many. The law cannot express that, so lambda is no measured value",
            width / from_width
        ),
        FitNote::ErrorsRise { from_width, from, width, to, unit } => {
            let amount = |value: f64| match unit {
                FailureUnit::Share => Share(value).to_string(),
                FailureUnit::Count => format!("{value:.0}"),
            };
            format!(
                "failures rise from {} with {from_width} in flight to {} with {width}: from there on part of the \
                 throughput may be failed tasks",
                amount(*from),
                amount(*to)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_with_what_throughput_is() {
        let table = |throughput: &[&str], basis, series_by: &[&str]| TableReading {
            concurrency: "connections".to_owned(),
            throughput: throughput.iter().map(|name| (*name).to_owned()).collect(),
            basis,
            series_by: series_by.iter().map(|name| (*name).to_owned()).collect(),
            rows: 8,
            unused: Vec::new(),
        };
        for (table, expected) in [
            (
                table(&["req/s"], ThroughputBasis::Column, &["host", "url"]),
                "throughput: `req/s`; a series for each `host` and `url`",
            ),
            (table(&["n", "s"], ThroughputBasis::CountByTime, &[]), "throughput: `n` divided by `s`"),
            (table(&["mean"], ThroughputBasis::RunsByTime, &[]), "throughput: runs per second, from `mean`"),
            (
                table(&["samples/s"], ThroughputBasis::SamplesByTime, &[]),
                "throughput: samples per second in each step of the load",
            ),
        ] {
            assert_eq!(columns(&table), format!("in flight: `connections`; {expected}"));
        }
    }

    #[test]
    fn rows_that_are_left_out_are_counted_with_their_widths() {
        let told =
            |reason, rows, widths: &[f64]| unused(&UnusedRows { reason, rows, widths: widths.to_vec() });
        assert_eq!(
            told(UnusedReason::Zero, 2, &[64.0, 128.0]),
            "2 rows with a zero, which the law cannot have (in flight: 64, 128)"
        );
        assert_eq!(told(UnusedReason::Missing, 1, &[]), "1 row without a value");
        assert_eq!(told(UnusedReason::Summary, 1, &[]), "1 row that sums others up or is a remark");
        let many: Vec<f64> = (1..=9).map(f64::from).collect();
        assert!(told(UnusedReason::Missing, 9, &many).ends_with("(in flight: 1 to 9)"));
        assert_eq!(told(UnusedReason::Transient, 7, &[]), "7 samples from times in which the load changed");
    }

    #[test]
    fn observations_are_told_with_their_figures() {
        let ramp =
            FitNote::Ramp { width: 64.0, low_per_s: 120.0, high_per_s: 310.0, spread: 0.95, widths: 3 };
        assert!(note(&ramp).starts_with(
            "with 64 in flight throughput lies between 120/s and 310/s, a spread of 95%; so it does at 2 other widths."
        ));
        let fast = FitNote::FasterThanLinear { from_width: 2.0, width: 8.0, ratio: 6.0 };
        assert!(
            note(&fast).contains("8 do 6.0 times the work of 2, which is 4.0 times as many."),
            "{}",
            note(&fast)
        );
        let errors = |unit, to| FitNote::ErrorsRise { from_width: 1.0, from: 0.0, width: 256.0, to, unit };
        assert!(
            note(&errors(FailureUnit::Share, 0.23))
                .starts_with("failures rise from 0% with 1 in flight to 23%")
        );
        assert!(note(&errors(FailureUnit::Count, 41.0)).contains("to 41 with 256"));
    }
}

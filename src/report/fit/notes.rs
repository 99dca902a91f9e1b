//! What the points of a table show that a law cannot: a ramp, growth that is too fast, failures.

use serde::{Deserialize, Serialize};

use crate::report::fit::series::Series;

/// Spread of the throughput at one width, as a share of its mean, above which the rows are not one steady state:
/// repeats of a load test differ by less than a quarter, rows of a ramp by more.
const RAMP_SPREAD: f64 = 0.25;

/// Throughput per task in flight over that of the narrowest width, above which growth is faster than linear: 10% is
/// more than repeats usually differ by.
const FASTER_THAN_LINEAR: f64 = 1.10;

/// Smallest rise of the share of failed tasks that is reported: one task in a hundred.
const MORE_FAILURES: f64 = 0.01;

/// Smallest number of failures that is reported where their share is unknown.
const MANY_FAILURES: f64 = 10.0;

/// An observation about the points of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum FitNote {
    /// Throughput at one width differs much from row to row.
    Ramp {
        /// The width at which it differs most.
        width: f64,
        /// The lowest throughput at that width, per second.
        low_per_s: f64,
        /// The highest throughput at that width, per second.
        high_per_s: f64,
        /// Their difference as a share of the mean.
        spread: f64,
        /// Number of widths at which throughput differs by more than a quarter.
        widths: usize,
    },
    /// Throughput grows faster than the width, which the law does not allow.
    FasterThanLinear {
        /// The narrowest width.
        from_width: f64,
        /// The width with the highest throughput per task in flight.
        width: f64,
        /// Throughput there over that at the narrowest width.
        ratio: f64,
    },
    /// Failures grow with the width.
    ErrorsRise {
        /// The narrowest width.
        from_width: f64,
        /// Failures there.
        from: f64,
        /// The narrowest width with clearly more failures.
        width: f64,
        /// Failures there.
        to: f64,
        /// `share` of the tasks, or `count`.
        unit: FailureUnit,
    },
}

/// The unit of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailureUnit {
    /// A share of the tasks.
    Share,
    /// A number of tasks.
    Count,
}

/// Returns what the points of a series show.
pub(super) fn notes(series: &Series) -> Vec<FitNote> {
    let rates = by_width(series.points.iter().map(|p| (p.width, p.rate)));
    [ramp(&rates), faster_than_linear(&rates), errors_rise(series)].into_iter().flatten().collect()
}

/// Values by width, narrowest first.
type ByWidth = Vec<(f64, Vec<f64>)>;

fn by_width(pairs: impl Iterator<Item = (f64, f64)>) -> ByWidth {
    let mut pairs: Vec<(f64, f64)> = pairs.collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    pairs
        .chunk_by(|a, b| a.0 == b.0)
        .map(|same| (same[0].0, same.iter().map(|(_, value)| *value).collect()))
        .collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn ramp(rates: &ByWidth) -> Option<FitNote> {
    let spreads = rates.iter().map(|(width, values)| {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(0.0, f64::max);
        (*width, low, high, (high - low) / mean(values))
    });
    let wide: Vec<_> = spreads.filter(|(.., spread)| *spread > RAMP_SPREAD).collect();
    let (width, low_per_s, high_per_s, spread) = wide.iter().copied().max_by(|a, b| a.3.total_cmp(&b.3))?;
    Some(FitNote::Ramp { width, low_per_s, high_per_s, spread, widths: wide.len() })
}

fn faster_than_linear(rates: &ByWidth) -> Option<FitNote> {
    let (from_width, first) = rates.first()?;
    let each = |width: f64, values: &[f64]| mean(values) / width;
    let (width, values) = rates.iter().max_by(|a, b| each(a.0, &a.1).total_cmp(&each(b.0, &b.1)))?;
    let is_faster = each(*width, values) > FASTER_THAN_LINEAR * each(*from_width, first);
    is_faster.then(|| FitNote::FasterThanLinear {
        from_width: *from_width,
        width: *width,
        ratio: mean(values) / mean(first),
    })
}

fn errors_rise(series: &Series) -> Option<FitNote> {
    let unit = if series.failures.first()?.is_share { FailureUnit::Share } else { FailureUnit::Count };
    let failures = by_width(series.failures.iter().map(|f| (f.width, f.amount)));
    let (from_width, first) = failures.first()?;
    let from = mean(first);
    let is_more = |amount: f64| match unit {
        FailureUnit::Share => amount > from + MORE_FAILURES,
        FailureUnit::Count => amount >= MANY_FAILURES && amount > 2.0 * from,
    };
    let (width, values) = failures.iter().find(|(_, values)| is_more(mean(values)))?;
    Some(FitNote::ErrorsRise { from_width: *from_width, from, width: *width, to: mean(values), unit })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Point;
    use crate::report::fit::series::FailuresAt;

    fn series(points: &[(f64, f64)]) -> Series {
        Series { points: points.iter().map(|(n, x)| Point::new(*n, *x)).collect(), ..Series::default() }
    }

    #[test]
    fn a_steady_table_has_no_notes() {
        assert_eq!(notes(&series(&[(1.0, 10.0), (1.0, 12.0), (2.0, 20.0), (4.0, 36.0)])), []);
        assert_eq!(notes(&series(&[])), []);
    }

    #[test]
    fn a_ramp_is_told_at_its_widest_spread() {
        let notes = notes(&series(&[(1.0, 10.0), (8.0, 40.0), (8.0, 60.0), (16.0, 50.0), (16.0, 110.0)]));
        let [FitNote::Ramp { width, low_per_s, high_per_s, spread, widths }] = notes.as_slice() else {
            panic!("{notes:?}")
        };
        assert_eq!((*width, *low_per_s, *high_per_s, *widths), (16.0, 50.0, 110.0, 2));
        assert!((spread - 0.75).abs() < 1e-12);
    }

    #[test]
    fn growth_beyond_the_width_is_told() {
        let found = notes(&series(&[(1.0, 10.0), (2.0, 30.0), (4.0, 50.0)]));
        assert_eq!(found, [FitNote::FasterThanLinear { from_width: 1.0, width: 2.0, ratio: 3.0 }]);
        assert_eq!(notes(&series(&[(2.0, 20.0), (4.0, 43.0)])), []);
    }

    #[test]
    fn failures_that_grow_are_told_from_where_they_do() {
        let with = |amounts: &[f64], is_share: bool| Series {
            failures: amounts
                .iter()
                .enumerate()
                .map(|(i, amount)| FailuresAt { width: f64::from(1 << i), amount: *amount, is_share })
                .collect(),
            ..Series::default()
        };
        let told = |amounts: &[f64], is_share| match notes(&with(amounts, is_share)).as_slice() {
            [] => None,
            [FitNote::ErrorsRise { width, to, .. }] => Some((*width, *to)),
            other => panic!("{other:?}"),
        };
        assert_eq!(told(&[0.0, 0.0, 0.02, 0.4], true), Some((4.0, 0.02)));
        assert_eq!(told(&[0.1, 0.1, 0.105], true), None);
        assert_eq!(told(&[0.0, 3.0, 40.0], false), Some((4.0, 40.0)));
        assert_eq!(told(&[30.0, 40.0], false), None);
    }
}

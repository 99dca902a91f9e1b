//! `--timeout`: a duration, or a percentage of the median of the items so far.

use std::str::FromStr;
use std::time::Duration;

use crate::units::{duration_of, parse_duration};

/// Number of successes from which a median is trusted, as in GNU parallel.
const MEDIAN_FROM: usize = 3;

/// Number of durations that the median is taken of: the last ones.
const KEPT: usize = 511;

/// The longest time that an item may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Timeout {
    /// A fixed time.
    After(Duration),
    /// So many times the median duration of the items that succeeded.
    OfMedian(f64),
}

impl FromStr for Timeout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_suffix('%') {
            Some(percent) => match percent.parse::<f64>() {
                Ok(percent) if percent > 100.0 && percent.is_finite() => {
                    Ok(Timeout::OfMedian(percent / 100.0))
                }
                _ => Err("a percentage of the median must be a number above 100".to_owned()),
            },
            None => match parse_duration(text) {
                Ok(duration) if duration.is_zero() => Err("must be greater than 0".to_owned()),
                Ok(duration) => Ok(Timeout::After(duration)),
                Err(error) => Err(error.to_string()),
            },
        }
    }
}

/// The durations of the last items that succeeded.
#[derive(Debug, Default)]
pub(crate) struct Durations {
    kept: Vec<f64>,
    next: usize,
}

impl Durations {
    /// Adds a duration in seconds; the oldest is forgotten.
    pub(crate) fn add(&mut self, seconds: f64) {
        if self.kept.len() < KEPT {
            self.kept.push(seconds);
        } else {
            self.kept[self.next] = seconds;
            self.next = (self.next + 1) % KEPT;
        }
    }

    /// Returns the median in seconds, once there are enough.
    pub(crate) fn median(&self) -> Option<f64> {
        if self.kept.len() < MEDIAN_FROM {
            return None;
        }
        let mut sorted = self.kept.clone();
        let middle = sorted.len() / 2;
        Some(*sorted.select_nth_unstable_by(middle, f64::total_cmp).1)
    }
}

impl Timeout {
    /// Returns the longest duration now; `None` as long as too little is known.
    pub(crate) fn limit(self, durations: &Durations) -> Option<Duration> {
        match self {
            Timeout::After(duration) => Some(duration),
            Timeout::OfMedian(times) => durations.median().map(|median| duration_of(median * times)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_a_duration_or_a_percentage() {
        assert_eq!("5s".parse(), Ok(Timeout::After(Duration::from_secs(5))));
        assert_eq!("250%".parse(), Ok(Timeout::OfMedian(2.5)));
        for text in ["", "0s", "5", "100%", "-200%", "x%"] {
            assert!(text.parse::<Timeout>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_percentage_needs_three_successes_and_forgets_old_ones() {
        let timeout = Timeout::OfMedian(2.0);
        let mut durations = Durations::default();
        durations.add(1.0);
        durations.add(9.0);
        assert_eq!(timeout.limit(&durations), None);
        durations.add(2.0);
        assert_eq!(timeout.limit(&durations), Some(Duration::from_secs(4)));
        for _ in 0..2000 {
            durations.add(0.5);
        }
        assert_eq!(timeout.limit(&durations), Some(Duration::from_secs(1)));
        assert_eq!(durations.kept.len(), KEPT);
    }
}

//! What is known of a run while it goes on.

use serde::Serialize;

use crate::job::shutdown::Stop;
use crate::job::width::HeldFor;

/// The state of a run at one time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct JobProgress {
    /// Seconds since the run began.
    pub(crate) elapsed_s: f64,
    /// Items that succeeded in this run, recorded if there is a journal.
    pub(crate) ok: u64,
    /// Items that failed in this run, after all their attempts.
    pub(crate) failed: u64,
    /// Items that an earlier run had finished.
    pub(crate) skipped: u64,
    /// All items; null as long as they have not all been read.
    pub(crate) total: Option<u64>,
    /// Commands that are running.
    pub(crate) running: usize,
    /// Items that wait for another attempt.
    pub(crate) waiting: usize,
    /// Commands that may run at the same time.
    pub(crate) width: usize,
    /// Finished items per second of the last half minute; null before the first.
    pub(crate) per_second: Option<f64>,
    /// Seconds that are left, as a range that holds nine times of ten; null if it is unknown.
    pub(crate) left_s: Option<[f64; 2]>,
    /// How the run is ending before its time; null while it goes on.
    pub(crate) stop: Option<Stop>,
    /// Whether new items wait for more than a free slot.
    pub(crate) is_held: bool,
    /// What they wait for; null if they do not.
    pub(crate) held_for: Option<HeldFor>,
}

/// Receives the state of a run a few times a second.
pub(crate) trait JobObserver {
    /// Takes the state now.
    fn observe(&mut self, progress: &JobProgress);
}

/// Number of readings that the rate is taken over.
const READINGS: usize = 60;

/// Half-width of an interval that holds nine of ten, in standard deviations.
const NINE_OF_TEN: f64 = 1.645;

/// The rate of finished items over the last readings, and its spread.
#[derive(Debug, Default)]
pub(crate) struct RecentRate {
    /// Seconds and finished items, the oldest first.
    readings: std::collections::VecDeque<(f64, u64)>,
}

impl RecentRate {
    /// Adds a reading.
    pub(crate) fn add(&mut self, elapsed_s: f64, finished: u64) {
        // Half a second apart, so that sixty of them are half a minute.
        if self.readings.back().is_some_and(|(last, _)| elapsed_s - last < 0.5) {
            return;
        }
        if self.readings.len() > READINGS {
            self.readings.pop_front();
        }
        self.readings.push_back((elapsed_s, finished));
    }

    /// Returns finished items per second.
    pub(crate) fn per_second(&self) -> Option<f64> {
        let ((first_s, first), (last_s, last)) = (self.readings.front()?, self.readings.back()?);
        (last > first && last_s > first_s).then(|| (last - first) as f64 / (last_s - first_s))
    }

    /// Returns the seconds that `left` items will take, as a range that holds nine times of ten if the work goes
    /// on as it did: the spread is that of the rates between readings.
    pub(crate) fn left_s(&self, left: u64) -> Option<[f64; 2]> {
        let rate = self.per_second()?;
        let steps: Vec<f64> = self
            .readings
            .iter()
            .zip(self.readings.iter().skip(1))
            .map(|((from_s, from), (to_s, to))| (to - from) as f64 / (to_s - from_s))
            .collect();
        let count = steps.len() as f64;
        let variance = steps.iter().map(|step| (step - rate).powi(2)).sum::<f64>() / count.max(1.0);
        let error = (variance / count.max(1.0)).sqrt() * NINE_OF_TEN;
        let left = left as f64;
        // A rate is at least a third of its mean: with less known, the upper end would be absurd.
        Some([left / (rate + error), left / (rate - error).max(rate / 3.0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_rate_has_a_narrow_range_and_an_uneven_one_a_wide_one() {
        let (mut steady, mut uneven) = (RecentRate::default(), RecentRate::default());
        assert_eq!((steady.per_second(), steady.left_s(10)), (None, None));
        for i in 0..20 {
            steady.add(f64::from(i), 10 * i as u64);
            uneven.add(f64::from(i), 10 * i as u64 + if i % 2 == 0 { 0 } else { 9 });
        }
        assert_eq!(steady.per_second(), Some(10.0));
        let [low, high] = steady.left_s(100).expect("known");
        assert!((low - 10.0).abs() < 1e-9 && (high - 10.0).abs() < 1e-9, "{low} {high}");
        let [low, high] = uneven.left_s(100).expect("known");
        assert!(low < 9.0 && high > 10.0, "{low} {high}");
    }

    #[test]
    fn old_readings_are_forgotten() {
        let mut rate = RecentRate::default();
        for i in 0..200_u32 {
            let finished = if i < 100 { 0 } else { u64::from(i - 100) };
            rate.add(f64::from(i), finished);
        }
        assert_eq!(rate.per_second(), Some(1.0));
    }
}

//! The time that a suite takes, and the time that is left.

use std::fmt;
use std::time::{Duration, Instant};

/// Pace of the workloads so far within which it is believed of the rest: one of them may be an exception.
const PACE: [f64; 2] = [0.5, 1.5];

/// The estimated time of arrival of a suite.
#[derive(Debug)]
pub(crate) struct SuiteEta {
    /// The beginning of the workload that runs.
    begun: Instant,
    /// Time of each workload, from the first to the last; none for those of which nothing is known.
    planned: Vec<Duration>,
    /// Number of workloads of which nothing is known.
    unknown: usize,
    /// Workloads that have ended, and the time that they took.
    done: usize,
    taken: Duration,
}

impl SuiteEta {
    /// Begins a suite now, with the time of each workload as far as it is known.
    pub(crate) fn new(planned: impl Iterator<Item = Option<Duration>>) -> Self {
        let planned: Vec<Option<Duration>> = planned.collect();
        let unknown = planned.iter().filter(|time| time.is_none()).count();
        let planned = planned.into_iter().map(Option::unwrap_or_default).collect();
        SuiteEta { begun: Instant::now(), planned, unknown, done: 0, taken: Duration::ZERO }
    }

    /// Returns the number of workloads and the time they take, if there is more than one.
    pub(crate) fn announcement(&self) -> Option<String> {
        let (count, all) = (self.planned.len(), self.planned.iter().sum());
        let about = match self.unknown {
            0 => format!(", about {}", ApproxDuration(all)),
            unknown if unknown == count => String::new(),
            _ => format!(", about {} without those with {{width}}", ApproxDuration(all)),
        };
        (count > 1).then(|| format!("{count} workloads{about}"))
    }

    /// Notes that one workload has ended, and that the next begins.
    pub(crate) fn next(&mut self) {
        self.end(self.begun.elapsed());
        self.begun = Instant::now();
    }

    fn end(&mut self, took: Duration) {
        // A workload of which nothing is known says nothing about the pace.
        self.taken += if self.planned[self.done].is_zero() { Duration::ZERO } else { took };
        self.done += 1;
    }

    /// Returns the time of the workloads so far as a multiple of what was planned.
    fn pace(&self) -> f64 {
        let planned: Duration = self.planned.iter().take(self.done).sum();
        let pace = if planned.is_zero() { 1.0 } else { self.taken.as_secs_f64() / planned.as_secs_f64() };
        pace.clamp(PACE[0], PACE[1])
    }

    /// Returns the position of the workload, such as `3/10`; `None` if there is only one.
    pub(crate) fn place(&self) -> Option<String> {
        (self.planned.len() > 1).then(|| format!("{}/{}", self.done + 1, self.planned.len()))
    }

    /// Returns the time that the suite will still take, if the rest keeps the pace.
    pub(crate) fn left(&self) -> impl Fn() -> ApproxDuration + Clone + Send + Sync + 'static {
        let rest = self.planned.iter().skip(self.done).sum::<Duration>().mul_f64(self.pace());
        let begun = self.begun;
        move || ApproxDuration(rest.saturating_sub(begun.elapsed()))
    }
}

/// A duration in minutes and seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ApproxDuration(Duration);

impl fmt::Display for ApproxDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = (self.0.as_secs_f64()).round() as u64;
        match (seconds / 60, seconds % 60) {
            (0, seconds) => write!(f, "{seconds} s"),
            (minutes, 0) => write!(f, "{minutes} min"),
            (minutes, seconds) => write!(f, "{minutes} min {seconds} s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_minutes_and_seconds() {
        let text = |ms| ApproxDuration(Duration::from_millis(ms)).to_string();
        assert_eq!([text(0), text(800), text(119_600), text(61_000)], ["0 s", "1 s", "2 min", "1 min 1 s"]);
    }

    #[test]
    fn the_time_left_is_that_planned_for_the_remaining_workloads() {
        let mut eta = SuiteEta::new([10, 20, 30].map(|s| Some(Duration::from_secs(s))).into_iter());
        assert_eq!(eta.announcement().as_deref(), Some("3 workloads, about 1 min"));
        assert_eq!(eta.place().as_deref(), Some("1/3"));
        eta.end(Duration::from_secs(10));
        let near =
            |expected: Duration, left: Duration| left <= expected && left + Duration::from_secs(5) > expected;
        let planned = Duration::from_secs(50);
        let left = eta.left()().0;
        assert!(near(planned, left), "{left:?}");
        assert_eq!(eta.place().as_deref(), Some("2/3"));
    }

    #[test]
    fn the_rest_keeps_the_pace_within_bounds() {
        let planned = [10, 10, 10].map(|s| Some(Duration::from_secs(s)));
        let left_after = |took| {
            let mut eta = SuiteEta::new(planned.into_iter());
            eta.end(Duration::from_secs(took));
            eta.left()().0.as_secs_f64()
        };
        assert!((left_after(8) - 16.0).abs() < 1.0, "{}", left_after(8));
        assert!((left_after(0) - 10.0).abs() < 1.0 && (left_after(90) - 30.0).abs() < 1.0);
    }

    #[test]
    fn a_time_that_nobody_knows_is_not_announced() {
        let known = Some(Duration::from_secs(10));
        let said = |planned: &[Option<Duration>]| SuiteEta::new(planned.iter().copied()).announcement();
        assert_eq!(
            said(&[known, None]).as_deref(),
            Some("2 workloads, about 10 s without those with {width}")
        );
        assert_eq!(said(&[None, None]).as_deref(), Some("2 workloads"));
        let mut eta = SuiteEta::new([None, known].into_iter());
        eta.end(Duration::from_secs(500));
        assert!(eta.left()().0 <= Duration::from_secs(10), "its time is not the pace of others");
    }
}

//! The time that a suite takes, and the time that is left.

use std::fmt;
use std::time::{Duration, Instant};

/// Time of a workload besides measuring: calibrating, a second of profiling, starting and ending.
const OVERHEAD: Duration = Duration::from_millis(1200);

/// The estimated time of arrival of a suite.
#[derive(Debug)]
pub(crate) struct SuiteEta {
    begun: Instant,
    /// Time of each workload, from the first to the last.
    planned: Vec<Duration>,
    /// True if a workload may take less.
    is_bound: bool,
    done: usize,
}

impl SuiteEta {
    /// Begins a suite now, with the measuring time of each workload, which `is_bound` if it may end earlier.
    pub(crate) fn new(measuring: impl Iterator<Item = Duration>, is_bound: bool) -> Self {
        let planned = measuring.map(|time| time + OVERHEAD).collect();
        SuiteEta { begun: Instant::now(), planned, is_bound, done: 0 }
    }

    /// Returns the number of workloads and the time they take, if there is more than one.
    pub(crate) fn announcement(&self) -> Option<String> {
        let (count, all) = (self.planned.len(), self.planned.iter().sum());
        let about = if self.is_bound { "at most" } else { "about" };
        (count > 1).then(|| format!("{count} workloads, {about} {}", ApproxDuration(all)))
    }

    /// Notes that one workload has ended.
    pub(crate) fn next(&mut self) {
        self.done += 1;
        // The clock covers the deviations of finished workloads; the others still take their planned time.
        let left: Duration = self.planned.iter().skip(self.done).sum();
        let all: Duration = self.planned.iter().sum();
        self.begun = Instant::now().checked_sub(all.saturating_sub(left)).unwrap_or(self.begun);
    }

    /// Returns the position of the workload, such as `3/10`; `None` if there is only one.
    pub(crate) fn place(&self) -> Option<String> {
        (self.planned.len() > 1).then(|| format!("{}/{}", self.done + 1, self.planned.len()))
    }

    /// Returns the time that the suite will still take.
    pub(crate) fn left(&self) -> impl Fn() -> ApproxDuration + Clone + Send + Sync + 'static {
        let (begun, all) = (self.begun, self.planned.iter().sum::<Duration>());
        move || ApproxDuration(all.saturating_sub(begun.elapsed()))
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
        let mut eta = SuiteEta::new([10, 20, 30].into_iter().map(Duration::from_secs), false);
        assert_eq!(eta.announcement().as_deref(), Some("3 workloads, about 1 min 4 s"));
        assert_eq!(eta.place().as_deref(), Some("1/3"));
        eta.next();
        let left = eta.left()().0;
        let planned = Duration::from_secs(50) + 2 * OVERHEAD;
        assert!(left <= planned && left + Duration::from_secs(5) > planned, "{left:?}");
        assert_eq!(eta.place().as_deref(), Some("2/3"));
    }
}

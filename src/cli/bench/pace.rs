//! How long a suite takes, and how long it still will.

use std::fmt;
use std::time::{Duration, Instant};

use crate::cli::output::tell;

/// What a workload takes beside measuring: calibrating, a second of profiling, starting and ending.
const AROUND: Duration = Duration::from_millis(1200);

/// The clock of a suite.
#[derive(Debug)]
pub(crate) struct SuiteEta {
    begun: Instant,
    /// What each workload takes, from the first to the last.
    planned: Vec<Duration>,
    done: usize,
}

impl SuiteEta {
    /// A suite that begins now, with the measuring time of each workload.
    pub(crate) fn new(measuring: impl Iterator<Item = Duration>) -> Self {
        let planned = measuring.map(|time| time + AROUND).collect();
        SuiteEta { begun: Instant::now(), planned, done: 0 }
    }

    /// Says how long it takes, where there is more than one workload.
    pub(crate) fn announce(&self, is_shown: bool) {
        if self.planned.len() > 1 && is_shown {
            tell(&format!(
                "{} workloads, about {}",
                self.planned.len(),
                ApproxDuration(self.planned.iter().sum())
            ));
        }
    }

    /// One workload has ended.
    pub(crate) fn next(&mut self) {
        self.done += 1;
        // What was slower or faster than planned is known now; the rest is still to come as planned.
        let left: Duration = self.planned.iter().skip(self.done).sum();
        let all: Duration = self.planned.iter().sum();
        self.begun = Instant::now().checked_sub(all.saturating_sub(left)).unwrap_or(self.begun);
    }

    /// Which workload it is, such as `3/10`; nothing where there is only one.
    pub(crate) fn place(&self) -> Option<String> {
        (self.planned.len() > 1).then(|| format!("{}/{}", self.done + 1, self.planned.len()))
    }

    /// How long the suite will still take.
    pub(crate) fn left(&self) -> impl Fn() -> ApproxDuration + Clone + Send + Sync + 'static {
        let (begun, all) = (self.begun, self.planned.iter().sum::<Duration>());
        move || ApproxDuration(all.saturating_sub(begun.elapsed()))
    }
}

/// A time to wait for, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ApproxDuration(pub(crate) Duration);

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
    fn a_time_to_wait_for_is_told_to_the_second() {
        let told = |ms| ApproxDuration(Duration::from_millis(ms)).to_string();
        assert_eq!([told(0), told(800), told(119_600), told(61_000)], ["0 s", "1 s", "2 min", "1 min 1 s"]);
    }

    #[test]
    fn what_is_left_is_what_was_planned_for_the_workloads_to_come() {
        let mut pace = SuiteEta::new([10, 20, 30].into_iter().map(Duration::from_secs));
        assert_eq!(pace.place().as_deref(), Some("1/3"));
        pace.next();
        let left = pace.left()().0;
        let planned = Duration::from_secs(50) + 2 * AROUND;
        assert!(left <= planned && left + Duration::from_secs(5) > planned, "{left:?}");
        assert_eq!(pace.place().as_deref(), Some("2/3"));
    }
}

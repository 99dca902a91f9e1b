//! The outcomes of the tasks of a run: counts, latencies, errors and outputs.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2Serializer};
use serde::{Deserialize, Serialize};

use crate::characters::shortened;
use crate::diagnostics::Code;
use crate::error::Error;
use crate::model::TaskInterval;
use crate::workload::digest::Digest;
use crate::workload::outputs::Outputs;

/// Counts of tasks by outcome; their sum is the number of started tasks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TaskCounts {
    /// Ended well.
    pub ok: u64,
    /// Ended with an error.
    pub failed: u64,
    /// Ran into the timeout.
    pub timed_out: u64,
    /// Still running when the batch was stopped.
    pub cancelled: u64,
}

impl TaskCounts {
    /// Tasks started.
    pub fn started(&self) -> u64 {
        [self.failed, self.timed_out, self.cancelled].into_iter().fold(self.ok, u64::saturating_add)
    }

    /// Adds the counts of another run.
    pub fn merge(&mut self, other: &TaskCounts) {
        self.ok = self.ok.saturating_add(other.ok);
        self.failed = self.failed.saturating_add(other.failed);
        self.timed_out = self.timed_out.saturating_add(other.timed_out);
        self.cancelled = self.cancelled.saturating_add(other.cancelled);
    }
}

/// Longest message of a failure that is kept, in characters: a task may repeat its item, whatever its length.
pub(crate) const MAX_MESSAGE_CHARS: usize = 2000;

/// Failures of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ErrorCount {
    /// The kind.
    pub code: Code,
    /// The number of failures.
    pub count: u64,
    /// The message of the first one.
    pub message: String,
}

/// Latencies in nanoseconds, with a relative error below 1%.
#[derive(Debug, Clone, PartialEq)]
pub struct Latencies(Histogram<u64>);

/// Decimal digits kept of a latency; three would take 270 KB per worker.
const LATENCY_DIGITS: u8 = 2;

/// The longest latency that the histogram distinguishes from longer ones.
const MAX_LATENCY: Duration = Duration::from_secs(24 * 3600);

impl Default for Latencies {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, MAX_LATENCY.as_nanos() as u64, LATENCY_DIGITS);
        Latencies(histogram.expect("constant bounds are valid"))
    }
}

impl Latencies {
    /// Counts one latency.
    pub fn record(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX).max(1));
    }

    /// Adds the latencies of another worker.
    pub fn merge(&mut self, other: &Latencies) {
        self.0.add(&other.0).expect("all have the same bounds");
    }

    /// Returns the latency in seconds below which a share `q` of the tasks is; `None` without tasks.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.value_at_quantile(q) as f64 * 1e-9)
    }

    /// Returns the longest latency, in seconds.
    pub fn max(&self) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.max() as f64 * 1e-9)
    }

    /// Returns the standard deviation of the latency over its mean; `None` for fewer than two tasks.
    pub fn variation(&self) -> Option<f64> {
        (self.0.len() > 1).then(|| self.0.stdev() / self.0.mean())
    }

    /// Returns the mean latency, in seconds.
    pub fn mean(&self) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.mean() * 1e-9)
    }
}

impl Serialize for Latencies {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::new();
        V2Serializer::new().serialize(&self.0, &mut bytes).map_err(serde::ser::Error::custom)?;
        bytes.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Latencies {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Vec::<u8>::deserialize(deserializer)?;
        let histogram: Histogram<u64> =
            Deserializer::new().deserialize(&mut bytes.as_slice()).map_err(serde::de::Error::custom)?;
        // Added to one of the known bounds, because only such are added up.
        let mut latencies = Latencies::default();
        latencies.0.add(&histogram).map_err(serde::de::Error::custom)?;
        Ok(latencies)
    }
}

/// Everything about the tasks of a run; tallies of several workers add up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskOutcomes {
    /// The tasks by outcome.
    pub counts: TaskCounts,
    /// Times from the start of a task to its end, retries included.
    pub latencies: Latencies,
    /// The digest of the outputs, by the position of the task in the order.
    pub digest: Digest,
    /// A sample of the outputs, by the number of the task.
    pub outputs: Outputs,
    /// Commands that failed, by their exit status.
    #[serde(default)]
    pub statuses: BTreeMap<i32, u64>,
    /// Answers of servers that pointed elsewhere, where they were counted: in a profile.
    #[serde(default)]
    pub redirects: u64,
    /// The times of the tasks of a short batch.
    #[serde(skip)]
    pub intervals: Vec<TaskInterval>,
    errors: BTreeMap<Code, (u64, String)>,
}

impl TaskOutcomes {
    /// Counts one task that ended, task `index` at `position` of the order.
    pub fn record(&mut self, position: u64, index: u64, latency: Duration, result: Result<u64, Error>) {
        self.latencies.record(latency);
        match result {
            Ok(output) => {
                self.counts.ok += 1;
                self.digest.add(position, output);
                self.outputs.add(index, output);
            }
            Err(error) => {
                self.outputs.add_failure(index);
                self.fail(1, &error);
            }
        }
    }

    /// Counts `tasks` tasks that were started and never ended.
    pub fn record_lost(&mut self, tasks: u64, error: &Error) {
        self.fail(tasks, error);
    }

    fn fail(&mut self, tasks: u64, error: &Error) {
        if tasks == 0 {
            return;
        }
        match error.code {
            Code::TaskTimeout => self.counts.timed_out += tasks,
            Code::AsyncCancelled => self.counts.cancelled += tasks,
            _ => self.counts.failed += tasks,
        }
        if let Some(status) = error.exit_status {
            *self.statuses.entry(status).or_default() += tasks;
        }
        let first = || (0, shortened(&error.message, MAX_MESSAGE_CHARS));
        self.errors.entry(error.code).or_insert_with(first).0 += tasks;
    }

    /// Adds the outcomes of another worker of the same run.
    pub fn merge(&mut self, other: &TaskOutcomes) {
        self.counts.merge(&other.counts);
        self.latencies.merge(&other.latencies);
        self.digest.merge(&other.digest);
        self.outputs.merge(&other.outputs);
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        self.intervals.extend(&other.intervals);
        self.redirects += other.redirects;
        for (code, (count, message)) in &other.errors {
            self.errors.entry(*code).or_insert_with(|| (0, message.clone())).0 += count;
        }
    }

    /// Returns the failures by kind, most frequent first.
    pub fn errors(&self) -> Vec<ErrorCount> {
        let mut errors: Vec<_> = self
            .errors
            .iter()
            .map(|(code, (count, message))| ErrorCount {
                code: *code,
                count: *count,
                message: message.clone(),
            })
            .collect();
        errors.sort_by_key(|e| std::cmp::Reverse(e.count));
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_accounted_for_and_tallies_add_up() {
        let mut a = TaskOutcomes::default();
        a.record(0, 0, Duration::from_millis(10), Ok(7));
        a.record(1, 1, Duration::from_millis(30), Err(Error::timed_out()));
        let mut b = TaskOutcomes::default();
        b.record(2, 2, Duration::from_millis(20), Err(Error::new(Code::TaskNetwork, "reset")));
        b.record_lost(3, &Error::new(Code::PoolWorkerDied, "killed"));
        a.merge(&b);
        assert_eq!(a.counts, TaskCounts { ok: 1, failed: 4, timed_out: 1, cancelled: 0 });
        assert_eq!(a.counts.started(), 6);
        assert_eq!(
            a.errors()[0],
            ErrorCount { code: Code::PoolWorkerDied, count: 3, message: "killed".into() }
        );
        let p50 = a.latencies.quantile(0.5).expect("three latencies");
        assert!((0.0198..0.0202).contains(&p50), "{p50}");
    }

    #[test]
    fn a_tally_survives_the_way_through_json() {
        let mut tally = TaskOutcomes::default();
        tally.record(5, 5, Duration::from_micros(3), Ok(1));
        let json = serde_json::to_string(&tally).expect("serialisable");
        assert_eq!(serde_json::from_str::<TaskOutcomes>(&json).expect("readable"), tally);
    }
}

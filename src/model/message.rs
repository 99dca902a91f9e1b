//! The cost of messages between processes, and the number of tasks that should share one.
//!
//! A message of *k* tasks costs a fixed time plus a little for each task: o(k) = h + c·k. Sharing a
//! message among more tasks reduces only *h*.

use serde::{Deserialize, Serialize};

/// Maximum cost of a message, as a share of the work in it.
const MAX_OVERHEAD_SHARE: f64 = 0.05;

/// Minimum number of messages per worker, so that no worker has much left to do while others are idle.
const MESSAGES_PER_WORKER: u64 = 8;

/// Minimum number of messages before a cost is reported.
const MIN_MESSAGES: u64 = 8;

/// Quantile of the observed costs that is reported as the cost; messages above it waited for a CPU.
const UNDISTURBED_QUANTILE: f64 = 0.25;

/// Lower end of the first bucket of costs, in seconds.
const FIRST_BUCKET_S: f64 = 50e-9;

/// Number of buckets for each doubling of the cost.
const BUCKETS_PER_DOUBLING: f64 = 4.0;

/// Maximum number of buckets.
const MAX_BUCKETS: usize = 128;

/// Costs of messages, counted in buckets, separately for messages of 1, of 2 and 3, of 4 to 7 … tasks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MessageCosts(Vec<Class>);

/// Costs of messages with a similar number of tasks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Class {
    messages: u64,
    tasks: u64,
    buckets: Vec<u64>,
}

impl Class {
    fn add(&mut self, tasks: u64, overhead_s: f64, count: u64) {
        let bucket = ((overhead_s / FIRST_BUCKET_S).max(1.0).log2() * BUCKETS_PER_DOUBLING) as usize;
        let bucket = bucket.min(MAX_BUCKETS - 1);
        self.messages = self.messages.saturating_add(count);
        self.tasks = self.tasks.saturating_add(tasks.saturating_mul(count));
        self.buckets.resize(self.buckets.len().max(bucket + 1), 0);
        self.buckets[bucket] = self.buckets[bucket].saturating_add(count);
    }

    fn merge(&mut self, other: &Class) {
        self.messages = self.messages.saturating_add(other.messages);
        self.tasks = self.tasks.saturating_add(other.tasks);
        self.buckets.resize(self.buckets.len().max(other.buckets.len()), 0);
        self.buckets
            .iter_mut()
            .zip(&other.buckets)
            .for_each(|(mine, theirs)| *mine = mine.saturating_add(*theirs));
    }

    fn mean_tasks(&self) -> f64 {
        self.tasks as f64 / self.messages as f64
    }

    /// Returns the middle of the bucket that contains [`UNDISTURBED_QUANTILE`], in seconds.
    fn undisturbed_s(&self) -> f64 {
        let wanted = (self.messages as f64 * UNDISTURBED_QUANTILE).ceil() as u64;
        let mut seen = 0_u64;
        let bucket = self.buckets.iter().position(|count| {
            seen = seen.saturating_add(*count);
            seen >= wanted
        });
        FIRST_BUCKET_S * ((bucket.unwrap_or(0) as f64 + 0.5) / BUCKETS_PER_DOUBLING).exp2()
    }
}

impl MessageCosts {
    /// Adds a message of `tasks` tasks that took `overhead_s` seconds on top of the work.
    pub fn add(&mut self, tasks: u64, overhead_s: f64) {
        self.add_equal(tasks, overhead_s, 1);
    }

    /// Adds `count` messages of `tasks` tasks that took `overhead_s` seconds each on top of the work.
    pub fn add_equal(&mut self, tasks: u64, overhead_s: f64, count: u64) {
        let class = tasks.max(1).ilog2() as usize;
        self.0.resize(self.0.len().max(class + 1), Class::default());
        self.0[class].add(tasks, overhead_s, count);
    }

    /// Adds the costs that another worker observed.
    pub fn merge(&mut self, other: &MessageCosts) {
        self.0.resize(self.0.len().max(other.0.len()), Class::default());
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| mine.merge(theirs));
    }

    /// Returns the mean number of tasks per message; `None` without messages.
    pub fn tasks_per_message(&self) -> Option<f64> {
        let messages: f64 = self.0.iter().map(|class| class.messages as f64).sum();
        let tasks: f64 = self.0.iter().map(|class| class.tasks as f64).sum();
        (messages > 0.0).then(|| tasks / messages)
    }

    /// Returns the fixed cost *h* of a message in seconds: the cost of the smallest messages, less the cost of
    /// their tasks, which follows from a comparison with the largest messages. `None` with too few messages.
    ///
    /// The result is accurate to about a tenth for messages that did not wait for a CPU.
    pub fn message_s(&self) -> Option<f64> {
        let known = || self.0.iter().filter(|class| class.messages >= MIN_MESSAGES);
        let (small, large) = (known().next()?, known().next_back()?);
        let more_tasks = large.mean_tasks() - small.mean_tasks();
        let more_s = (large.undisturbed_s() - small.undisturbed_s()).max(0.0);
        let per_task = if more_tasks > 0.0 { more_s / more_tasks } else { 0.0 };
        Some((small.undisturbed_s() - per_task * small.mean_tasks()).max(0.0))
    }
}

/// Returns the number of tasks that should share a message that costs `message_s` seconds when a task takes
/// `task_s`: enough that messages cost at most a twentieth of the work, and few enough that the work can be
/// shared among `workers`.
pub(crate) fn chunk(message_s: f64, task_s: f64, tasks: u64, workers: usize) -> u64 {
    // Even a task measured as 0 s takes some time.
    let enough = (message_s / (MAX_OVERHEAD_SHARE * task_s.max(1e-9))).ceil() as u64;
    let balanced = tasks / (MESSAGES_PER_WORKER * workers.max(1) as u64);
    enough.min(balanced).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn short_tasks_share_messages_and_long_ones_do_not() {
        assert_eq!(chunk(135e-6, 1e-6, 1_000_000, 2), 2700);
        assert_eq!(chunk(135e-6, 1e-3, 1_000_000, 2), 3);
        assert_eq!(chunk(12e-6, 5e-3, 1_000_000, 2), 1);
        assert_eq!(chunk(135e-6, 1e-6, 160, 2), 10, "eight messages for each worker");
        assert_eq!(chunk(135e-6, 0.0, 0, 0), 1);
    }

    /// Adds messages of `tasks` tasks, some of which waited for a CPU.
    fn messages(costs: &mut MessageCosts, tasks: u64, overhead_s: f64) {
        for i in 0..40 {
            costs.add(tasks, if i % 2 == 0 { overhead_s } else { overhead_s + 4e-3 });
        }
    }

    #[test]
    fn too_few_messages_tell_nothing() {
        let mut costs = MessageCosts::default();
        assert_eq!((costs.message_s(), costs.tasks_per_message()), (None, None));
        (0..7).for_each(|_| costs.add(2, 20e-6));
        assert_eq!((costs.message_s(), costs.tasks_per_message()), (None, Some(2.0)));
    }

    #[test]
    fn waiting_for_a_cpu_is_no_cost_of_the_message() {
        let mut costs = MessageCosts::default();
        messages(&mut costs, 1, 20e-6);
        let message_s = costs.message_s().expect("enough messages");
        assert!((message_s / 20e-6 - 1.0).abs() < 0.1, "{message_s}");
    }

    proptest! {
        #[test]
        fn the_cost_of_a_message_is_told_from_that_of_the_tasks_in_it(
            h in 1e-6f64..1e-3, share in 0.0f64..0.5, tasks in 16u64..256,
        ) {
            let per_task = h * share;
            let (mut small, mut large) = (MessageCosts::default(), MessageCosts::default());
            messages(&mut small, 1, h + per_task);
            messages(&mut large, tasks, h + per_task * tasks as f64);
            small.merge(&large);
            let message_s = small.message_s().expect("enough messages");
            prop_assert!((message_s / h - 1.0).abs() < 0.25, "{message_s} is not {h}");
        }

        #[test]
        fn a_chunk_never_starves_a_worker(
            message in 0.0f64..1.0, task in 0.0f64..1.0, tasks in 0u64..1_000_000, workers in 0usize..200,
        ) {
            let chunk = chunk(message, task, tasks, workers);
            prop_assert!(chunk >= 1);
            prop_assert!(chunk == 1 || chunk * 8 * workers.max(1) as u64 <= tasks);
        }
    }
}

//! Tuned parameters of the search and of batch sizes, which evaluations can sweep.
//!
//! The defaults were tuned on `cargo test --test search` and `cargo bench --bench regret`. Thresholds that
//! users read about are in [`policy`](crate::policy).

use crate::model::surrogate::SurrogateParams;
use crate::policy::{STOP_REGRET, SURE_WIDTH};

/// Tasks per worker of a batch that is not the whole workload; predictions allow for tasks that are still in
/// step after that many.
pub(crate) const BATCH_WAVES: u64 = 3;

/// Parameters of the search for the best configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchParams {
    /// Expected loss of throughput with the leader, as a share of the best, at which the search ends.
    pub stop_regret: f64,
    /// Probabilities that the tree's strategy is near the leader between which it is worth a batch to know.
    pub open_question: (f64, f64),
    /// Batches of the tree's configuration after which the question is left as undecided as it is.
    pub max_batches_of_question: usize,
    /// Batches that a configuration needs before it can end the search.
    pub min_batches_of_choice: usize,
    /// Batches of all configurations together before the search can end.
    pub min_batches_total: usize,
    /// Standard deviation of ln throughput between equal batches beyond which more batches are needed, in
    /// proportion: a few of them say little about how much they scatter.
    pub quiet_noise: f64,
    /// Share of its predicted ratio to the leader below which a strategy underperforms and is measured again:
    /// one disturbed batch must not rule it out.
    pub underperforming_share: f64,
    /// Ratio to the leader below which an underperforming strategy is given up all the same.
    pub hopeless_ratio: f64,
    /// Predicted ratio to the leader from which a strategy can underperform.
    pub promising_ratio: f64,
    /// Factor by which a narrower candidate must be narrower than the narrowest good configuration.
    pub narrower_factor: f64,
    /// Probability of being no slower than the leader from which a narrower configuration is good.
    pub sure_width: f64,
    /// Probability of being no slower than the leader from which a narrower candidate is tried.
    pub narrower_probability: f64,
    /// Seconds that a batch takes on top of its tasks: the start of its process.
    pub batch_cost_s: f64,
    /// Share of the predicted best width that is probed first. A batch wider than an upstream serves at once
    /// lasts until all of its tasks are served, whatever its time limit.
    pub probe_share: f64,
    /// Narrowest width that is worth a probe, in tasks in flight.
    pub min_probe_width: usize,
    /// Share of its prediction below which a configuration refutes the predictions for wider ones.
    pub refuted_share: f64,
    /// Predicted throughput, as a multiple of the leader's, that a configuration needs to show whether
    /// there is more once predictions are refuted.
    pub headroom: f64,
    /// Parameters of the belief about all configurations.
    pub surrogate: SurrogateParams,
}

impl Default for SearchParams {
    fn default() -> Self {
        SearchParams {
            stop_regret: STOP_REGRET,
            open_question: (0.5, 0.9),
            max_batches_of_question: 4,
            min_batches_of_choice: 2,
            min_batches_total: 4,
            quiet_noise: 0.05,
            underperforming_share: 0.85,
            hopeless_ratio: 0.5,
            promising_ratio: 0.9,
            narrower_factor: 1.9,
            sure_width: SURE_WIDTH,
            narrower_probability: 0.5,
            batch_cost_s: 0.015,
            probe_share: 0.2,
            min_probe_width: 16,
            refuted_share: 0.6,
            headroom: 1.25,
            surrogate: SurrogateParams::default(),
        }
    }
}

/// Parameters of the size of batches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SizingParams {
    /// Target duration of a batch, in times of one task; within the bounds below.
    pub batch_in_tasks: f64,
    /// Shortest target duration in seconds: shorter batches are mostly noise.
    pub min_batch_s: f64,
    /// Longest target duration in seconds: longer batches leave too few of them in the budget.
    pub max_batch_s: f64,
    /// Target durations up to which the whole workload is run instead of a part.
    pub whole_workload_batches: f64,
    /// Tasks per worker of a batch that is not the whole workload.
    pub waves: u64,
    /// Tasks per worker of a partial batch in an exhaustive run: by then tasks have fallen out of step, as
    /// in a whole workload.
    pub thorough_waves: u64,
    /// Batches of several waves that must fit into the budget; otherwise a batch has one wave.
    pub min_batches_of_waves: f64,
    /// Share of the budget from which a task is long.
    pub long_task_share: f64,
    /// Share of the budget from which a task is very long.
    pub very_long_task_share: f64,
    /// Multiple of its expected duration after which a batch starts no further task.
    pub stop_starting_factor: f64,
    /// Seconds added to the time after which a batch starts no further task.
    pub stop_starting_grace_s: f64,
    /// Task times from the last possible start of a task to the kill of a batch: no task takes longer, or
    /// the time below is over.
    pub kill_in_tasks: f64,
    /// Share of the budget that a batch may take beyond the last possible start of a task, if tasks end one
    /// after another or one takes much longer than the others.
    pub kill_budget_share: f64,
    /// Seconds added to the time at which a batch is killed: the start and the end of its process.
    pub kill_grace_s: f64,
    /// Periods of a quota that a batch spans if the quota binds: where a batch begins and ends within a
    /// period then changes its rate by a few percent only.
    pub min_quota_periods: f64,
    /// Share of the quota that the tasks in flight ask for from which the quota binds.
    pub quota_binds_share: f64,
    /// Seconds of a task from which the profile counts as the first batch of the reference: the clocks that
    /// a profile reads around every step would show in shorter tasks.
    pub min_reference_task_s: f64,
}

impl Default for SizingParams {
    fn default() -> Self {
        SizingParams {
            batch_in_tasks: 3.0,
            min_batch_s: 0.12,
            max_batch_s: 0.6,
            whole_workload_batches: 2.0,
            waves: BATCH_WAVES,
            thorough_waves: 12,
            min_batches_of_waves: 8.0,
            long_task_share: 0.1,
            very_long_task_share: 0.25,
            stop_starting_factor: 3.0,
            stop_starting_grace_s: 0.2,
            kill_in_tasks: 3.0,
            kill_budget_share: 0.2,
            kill_grace_s: 0.5,
            min_quota_periods: 10.0,
            quota_binds_share: 0.8,
            min_reference_task_s: 0.002,
        }
    }
}

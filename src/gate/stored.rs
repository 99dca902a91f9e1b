//! Comparison with a side that an earlier run measured.
//!
//! Even the same machine changes between runs: its clock frequency, its neighbours, the other programs. Known
//! changes (the speed of a CPU) are corrected; unknown changes widen the interval, because no number of
//! batches within one run shows the variation between runs.

use crate::benchmark::series::BatchMetrics;
use crate::benchmark::{Configuration, ConfigurationResult, Series};
use crate::gate::comparison::Comparison;
use crate::gate::failures::FailureComparison;
use crate::gate::metric_change::{MetricChange, ln_cost, resolution};
use crate::gate::presence::Presence;
use crate::gate::reason::GateReason;
use crate::gate::result::{ComparisonDesign, Metric};
use crate::gate::run_difference::{BETWEEN_RUN_FREEDOM, RunDifference, free_cpu_share};
use crate::gate::threshold::Thresholds;
use crate::host::contention::unavailable;
use crate::stats::Mean;
use crate::stats::autocorrelation::effective_count;
use crate::stats::quantile::median;

/// Share by which the tasks per batch may differ before the 99th percentiles are not comparable.
const MAX_BATCH_SIZE_DIFFERENCE: f64 = 0.25;

/// Properties of the two runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunCircumstances {
    /// The number of usable CPUs; fractions are possible.
    pub cpus_effective: f64,
    /// True if the other side was measured on another machine.
    pub other_machine: bool,
}

/// Compares a series with an earlier series of the same configuration, which comes from `reference`.
pub fn compare(
    earlier: &Series,
    current: &Series,
    circumstances: RunCircumstances,
    reference: &str,
    thresholds: Thresholds,
) -> Comparison {
    let impossible = |reason| Comparison::impossible(ComparisonDesign::Stored, reference, reason);
    if earlier.cell != current.cell {
        return impossible(GateReason::OtherConfiguration { there: earlier.cell, here: current.cell });
    }
    if earlier.iterations.len() != current.iterations.len() {
        return impossible(GateReason::OtherCpuSteps);
    }
    let estimates = estimates(earlier, current, circumstances);
    let caveat = circumstances.other_machine.then_some(GateReason::OtherMachine);
    Comparison {
        design: ComparisonDesign::Stored,
        reference: reference.to_owned(),
        cell: (!estimates.is_empty()).then_some(current.cell),
        failures: Some(FailureComparison::of(&current.batches, &earlier.batches)),
        estimates,
        is_broken: false,
        reason: caveat,
        thresholds,
        advice: None,
        presence: Presence::Both,
        outcomes: None,
    }
}

/// Returns the change of each metric that both series have.
pub(crate) fn estimates(
    earlier: &Series,
    current: &Series,
    circumstances: RunCircumstances,
) -> Vec<MetricChange> {
    let sides = [current, earlier].map(|series| RunSide::of(series, circumstances.cpus_effective));
    let has_same_tail = sides[0].is_as_large_as(&sides[1]);
    Metric::ALL
        .into_iter()
        .filter(|metric| *metric != Metric::P99 || has_same_tail)
        .filter_map(|metric| estimate(metric, &sides, circumstances.other_machine))
        .collect()
}

/// One run, with its figures about the machine.
struct RunSide<'a> {
    batches: &'a [BatchMetrics],
    /// The share of the CPUs that the tasks kept busy, of the share that other programs left free.
    busy: f64,
    /// The mean of ln(CPU speed), in `cpu` steps of a task: a run that calibrated its steps again does more
    /// work in each step if its CPUs were faster.
    speed: Option<Mean>,
    /// The share of the CPUs that other programs used.
    others: Option<f64>,
    /// Median number of tasks per batch.
    size: f64,
}

impl<'a> RunSide<'a> {
    fn of(series: &'a Series, cpus: f64) -> Self {
        let batches = &series.batches;
        let middle = |value: fn(&BatchMetrics) -> f64| {
            median(&batches.iter().map(value).collect::<Vec<f64>>()).unwrap_or(0.0)
        };
        let busy = middle(|batch| batch.throughput_per_s * batch.cpu_s_per_task);
        let others: Vec<f64> =
            batches.iter().filter_map(|batch| unavailable(batch.cpu_others, batch.cpu_stolen)).collect();
        let work = mean_log(&series.iterations);
        let measured = batches.iter().filter_map(|batch| batch.cpu_speed).filter(|speed| *speed > 0.0);
        let speeds: Vec<f64> = measured.map(|speed| speed.ln() - work).collect();
        let others = (!others.is_empty()).then(|| others.iter().sum::<f64>() / others.len() as f64);
        let left = cpus.max(f64::MIN_POSITIVE) * free_cpu_share(others.unwrap_or(0.0));
        RunSide {
            batches,
            busy: (busy / left).clamp(0.0, 1.0),
            speed: Mean::winsorised(&speeds).map(|mean| mean.with_effective(effective_count(&speeds))),
            others,
            size: middle(|batch| batch.started as f64),
        }
    }

    fn is_as_large_as(&self, other: &RunSide<'_>) -> bool {
        (self.size - other.size).abs() <= MAX_BATCH_SIZE_DIFFERENCE * self.size.max(other.size)
    }

    /// Returns the mean of ln(cost), with the spread that the batches show.
    fn mean(&self, metric: Metric) -> Option<Mean> {
        let values: Vec<f64> = self.batches.iter().filter_map(|batch| ln_cost(metric, batch)).collect();
        let mean = Mean::winsorised(&values)?.resolved_to(resolution(metric));
        Some(mean.with_effective(effective_count(&values)))
    }
}

fn estimate(metric: Metric, sides: &[RunSide<'_>; 2], other_machine: bool) -> Option<MetricChange> {
    let [current, earlier] = sides;
    let (now, before) = (current.mean(metric)?, earlier.mean(metric)?);
    // Elasticity of the metric with respect to CPU speed.
    let elasticity = match metric {
        Metric::Throughput | Metric::P50 | Metric::P99 => current.busy.max(earlier.busy),
        Metric::CpuPerTask => 1.0,
        Metric::Instructions | Metric::PeakRss => 0.0,
    };
    let faster = current.speed.zip(earlier.speed).map(|(now, before)| now.minus(before));
    let mut worse = now.minus(before);
    if let Some(faster) = faster {
        // On a CPU that is faster by now the same work should have taken less.
        worse.estimate += elasticity * faster.estimate;
        if faster.freedom > 0.0 {
            worse = worse.blurred(elasticity * faster.standard_error, faster.freedom);
        }
    }
    let difference = RunDifference {
        elasticity,
        faster: faster.map(|mean| mean.estimate),
        others: current.others.zip(earlier.others).map(|(now, before)| now.max(before)),
        other_machine,
    };
    let sign = if metric.is_better_bigger() { -1.0 } else { 1.0 };
    Some(MetricChange {
        metric,
        current: (sign * now.estimate).exp(),
        reference: (sign * before.estimate).exp(),
        worse: worse.blurred(difference.between_run_sd(metric), BETWEEN_RUN_FREEDOM),
        bias_bound: difference.bias_bound(metric),
        min_p_value: 0.0,
        level_share: 1.0,
    })
}

/// Returns the mean of the logarithms; 0 without numbers.
fn mean_log(iterations: &[u64]) -> f64 {
    let logs = iterations.iter().map(|count| (*count).max(1) as f64).map(f64::ln);
    logs.sum::<f64>() / iterations.len().max(1) as f64
}

/// Compares the configurations of two runs without series: the recommended one if both runs measured it, else
/// the first that both measured. Only throughput is known batch by batch.
pub(crate) fn compare_cells(
    earlier: &[ConfigurationResult],
    current: &[ConfigurationResult],
    recommended: Option<Configuration>,
    other_machine: bool,
    reference: &str,
    thresholds: Thresholds,
) -> Comparison {
    let candidates = recommended.into_iter().chain(current.iter().map(|result| result.cell));
    let common =
        candidates.filter_map(|cell| Some((measured(earlier, cell)?, measured(current, cell)?))).next();
    let Some((before, now)) = common else {
        let reason = GateReason::NoCommonConfiguration;
        return Comparison::impossible(ComparisonDesign::Stored, reference, reason);
    };
    let batches = |result: &ConfigurationResult| -> Vec<BatchMetrics> {
        result.rounds.iter().map(|round| of_round(result, round.throughput_per_s)).collect()
    };
    let series = |result: &ConfigurationResult| Series::of(result.cell, Vec::new(), batches(result));
    let circumstances = RunCircumstances { cpus_effective: 1.0, other_machine };
    let mut estimates = estimates(&series(before), &series(now), circumstances);
    for estimate in estimates.iter_mut().filter(|estimate| estimate.metric != Metric::Throughput) {
        // One number for a whole run does not show its spread.
        estimate.worse = Mean { standard_error: f64::INFINITY, freedom: 0.0, n: 1, ..estimate.worse };
    }
    Comparison {
        design: ComparisonDesign::Stored,
        reference: reference.to_owned(),
        cell: Some(now.cell),
        estimates,
        failures: None,
        is_broken: false,
        reason: Some(GateReason::NoSeries),
        thresholds,
        advice: None,
        presence: Presence::Both,
        outcomes: None,
    }
}

/// Returns the result of a configuration, if it has batches.
fn measured(cells: &[ConfigurationResult], cell: Configuration) -> Option<&ConfigurationResult> {
    cells.iter().find(|result| result.cell == cell && !result.rounds.is_empty())
}

/// Returns a batch with the figures that the summary of a configuration has.
fn of_round(result: &ConfigurationResult, throughput_per_s: f64) -> BatchMetrics {
    BatchMetrics {
        at_s: 0.0,
        cpu_speed: None,
        cpu_others: result.cpu_others,
        cpu_stolen: result.cpu_stolen,
        throughput_per_s,
        p50_s: result.latency_s.map(|latency| latency.p50),
        p99_s: result.latency_s.map(|latency| latency.p99),
        cpu_s_per_task: result.cpu_s_per_task.unwrap_or(0.0),
        instructions_per_task: None,
        peak_rss_bytes: result.peak_rss_bytes.unwrap_or(0),
        ok: result.tasks.ok,
        started: result.tasks.started(),
    }
}

#[cfg(test)]
mod tests;

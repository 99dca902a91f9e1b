//! Two sides of which one was measured earlier, in another run.
//!
//! The machine may be another one by now even if it is the same: its clock frequency, its neighbours, what else
//! runs. What is known of that is taken out (the speed of a CPU), and what is not goes into the interval:
//! the drift between two runs, which no number of batches within one of them shows.

use crate::benchmark::series::BatchMetrics;
use crate::benchmark::{Cell, CellResult, Series};
use crate::gate::comparison::Comparison;
use crate::gate::estimate::{Estimate, badness, resolution};
use crate::gate::failures::Failures;
use crate::gate::result::{Design, Metric};
use crate::gate::threshold::Thresholds;
use crate::stats::Mean;
use crate::stats::autocorrelation::effective_count;
use crate::stats::quantile::median;

/// How much a run is off as a whole, as a standard deviation of ln time, where the CPUs are what tasks wait for.
/// The speed of CPUs was seen to wander by 5% within seconds (an Ornstein–Uhlenbeck process).
const DRIFT_BUSY: f64 = 0.05;

/// The same where tasks wait for something else.
const DRIFT_WAITING: f64 = 0.02;

/// The same for memory, which does not depend on speed.
const DRIFT_MEMORY: f64 = 0.01;

/// The tail drifts by so many times as much.
const TAIL: f64 = 2.0;

/// Where the speed of a CPU differs between the runs, taking it out leaves up to so much of the difference: no
/// two kernels slow down alike.
const SPEED_LEFT: f64 = 0.5;

/// Where it is not known, it may differ by as much, in ln.
const SPEED_UNKNOWN: f64 = 0.10;

/// What others use of the CPUs costs so many times what it leaves, at the most: tasks are also kept waiting for
/// their turn.
const OTHERS_COST: f64 = 1.5;

/// A task that shares its CPU with another program takes twice as long, though the others leave more than
/// half of all CPUs: latencies change by up to so many times as much as throughput does.
const OTHERS_LATENCY: f64 = 2.0;

/// Where it is not known what others used, that may have cost as much, in ln.
const OTHERS_UNKNOWN: f64 = 0.20;

/// Another machine is off by as much beyond its speed.
const OTHER_MACHINE: f64 = 0.10;

/// These standard deviations are known as well as from so many runs, less one.
const DRIFT_FREEDOM: f64 = 10.0;

/// Batches whose numbers of tasks differ by a larger share have other tails.
const SAME_SIZE: f64 = 0.25;

/// What is known of the two runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circumstances {
    /// CPUs that could be used; fractions are possible.
    pub cpus_effective: f64,
    /// Whether the other side was measured on another machine.
    pub other_machine: bool,
}

/// Compares a series with an earlier one of the same cell; `reference` says where that is from.
pub fn compare(
    earlier: &Series,
    current: &Series,
    circumstances: Circumstances,
    reference: &str,
    thresholds: Thresholds,
) -> Comparison {
    let impossible = |reason: String| Comparison::impossible(Design::Stored, reference, reason);
    if earlier.cell != current.cell {
        return impossible(format!("it was {} that ran there, {} here", earlier.cell, current.cell));
    }
    if earlier.iterations.len() != current.iterations.len() {
        return impossible("the workload has other cpu steps than there".to_owned());
    }
    let estimates = estimates(earlier, current, circumstances);
    let caveat = circumstances.other_machine.then(|| "measured on another machine".to_owned());
    Comparison {
        design: Design::Stored,
        reference: reference.to_owned(),
        cell: (!estimates.is_empty()).then_some(current.cell),
        failures: Some(Failures::of(&current.batches, &earlier.batches)),
        estimates,
        broken: None,
        reason: caveat,
        thresholds,
        advice: None,
    }
}

/// What the two series say of each metric that both have.
pub fn estimates(earlier: &Series, current: &Series, circumstances: Circumstances) -> Vec<Estimate> {
    let sides = [current, earlier].map(|series| Side::of(series, circumstances.cpus_effective));
    let has_same_tail = sides[0].is_as_large_as(&sides[1]);
    Metric::ALL
        .into_iter()
        .filter(|metric| *metric != Metric::P99 || has_same_tail)
        .filter_map(|metric| estimate(metric, &sides, circumstances.other_machine))
        .collect()
}

/// One run, with what it says of the machine.
struct Side<'a> {
    batches: &'a [BatchMetrics],
    /// The share of the CPUs that the tasks kept busy, of what others left of them.
    busy: f64,
    /// The mean of ln(speed of a CPU), counted in the `cpu` steps of a task: a run that calibrated them anew
    /// does as much more in each as the CPU was faster then.
    speed: Option<Mean>,
    /// The share of the CPUs that other programs used.
    others: Option<f64>,
    /// Tasks of a batch.
    size: f64,
}

impl<'a> Side<'a> {
    fn of(series: &'a Series, cpus: f64) -> Self {
        let batches = &series.batches;
        let middle = |value: fn(&BatchMetrics) -> f64| {
            median(&batches.iter().map(value).collect::<Vec<f64>>()).unwrap_or(0.0)
        };
        let busy = middle(|batch| batch.throughput_per_s * batch.cpu_s_per_task);
        let others: Vec<f64> = batches.iter().filter_map(|batch| batch.cpu_others).collect();
        let work = mean_log(&series.iterations);
        let measured = batches.iter().filter_map(|batch| batch.cpu_speed).filter(|speed| *speed > 0.0);
        let speeds: Vec<f64> = measured.map(|speed| speed.ln() - work).collect();
        let others = (!others.is_empty()).then(|| others.iter().sum::<f64>() / others.len() as f64);
        let left = cpus.max(f64::MIN_POSITIVE) * free(others.unwrap_or(0.0));
        Side {
            batches,
            busy: (busy / left).clamp(0.0, 1.0),
            speed: Mean::winsorised(&speeds).map(|mean| mean.with_effective(effective_count(&speeds))),
            others,
            size: middle(|batch| batch.started as f64),
        }
    }

    fn is_as_large_as(&self, other: &Side<'_>) -> bool {
        (self.size - other.size).abs() <= SAME_SIZE * self.size.max(other.size)
    }

    /// The mean of ln(worse) with what the batches themselves say of its spread.
    fn mean(&self, metric: Metric) -> Option<Mean> {
        let values: Vec<f64> = self.batches.iter().filter_map(|batch| badness(metric, batch)).collect();
        let mean = Mean::winsorised(&values)?.resolved_to(resolution(metric));
        Some(mean.with_effective(effective_count(&values)))
    }
}

fn estimate(metric: Metric, sides: &[Side<'_>; 2], other_machine: bool) -> Option<Estimate> {
    let [current, earlier] = sides;
    let (now, before) = (current.mean(metric)?, earlier.mean(metric)?);
    // How much of a change of the CPU's speed the metric goes along with.
    let elasticity = match metric {
        Metric::Throughput | Metric::P50 | Metric::P99 => current.busy.max(earlier.busy),
        Metric::CpuPerTask => 1.0,
        Metric::PeakRss => 0.0,
    };
    let faster = current.speed.zip(earlier.speed).map(|(now, before)| now.minus(before));
    let raw = now.minus(before);
    let mut worse = raw;
    if let Some(faster) = faster {
        // On a CPU that is faster by now the same work should have taken less.
        worse.estimate += elasticity * faster.estimate;
        worse = if faster.freedom > 0.0 {
            worse.blurred(elasticity * faster.standard_error, faster.freedom)
        } else {
            worse
        };
    }
    let doubt = doubt(metric, elasticity, faster.map(|mean| mean.estimate), sides);
    let sign = if metric.is_better_bigger() { -1.0 } else { 1.0 };
    Some(Estimate {
        metric,
        current: (sign * now.estimate).exp(),
        reference: (sign * before.estimate).exp(),
        worse: worse.blurred(drift(metric, elasticity, other_machine), DRIFT_FREEDOM),
        doubt,
        p_least: 0.0,
        level_share: 1.0,
    })
}

/// The mean of the logarithms of what there is; 0 where there is nothing.
fn mean_log(iterations: &[u64]) -> f64 {
    let logs = iterations.iter().map(|count| (*count).max(1) as f64).map(f64::ln);
    logs.sum::<f64>() / iterations.len().max(1) as f64
}

/// How much the two runs may be apart without a change, as a standard deviation of ln time.
fn drift(metric: Metric, elasticity: f64, other_machine: bool) -> f64 {
    let of_run = match metric {
        Metric::PeakRss => DRIFT_MEMORY,
        Metric::P99 => TAIL * drift_of_time(elasticity),
        Metric::Throughput | Metric::P50 | Metric::CpuPerTask => drift_of_time(elasticity),
    };
    let of_machine = if other_machine { OTHER_MACHINE } else { 0.0 };
    (2.0 * of_run.powi(2) + of_machine.powi(2)).sqrt()
}

fn drift_of_time(elasticity: f64) -> f64 {
    (elasticity * DRIFT_BUSY).hypot((1.0 - elasticity) * DRIFT_WAITING)
}

/// How much of a change may be owed to what is known to differ between the runs, in ln.
fn doubt(metric: Metric, elasticity: f64, faster: Option<f64>, [current, earlier]: &[Side<'_>; 2]) -> f64 {
    if metric == Metric::PeakRss {
        return 0.0;
    }
    let of_speed = elasticity * faster.map_or(SPEED_UNKNOWN, |ln_ratio| SPEED_LEFT * ln_ratio.abs());
    let of_others = match (current.others, earlier.others) {
        // The same load may hinder one run and not the other: it depends on which CPUs it falls.
        (Some(now), Some(before)) => -OTHERS_COST * free(now.max(before)).ln(),
        _ => OTHERS_UNKNOWN,
    };
    let is_latency = matches!(metric, Metric::P50 | Metric::P99);
    of_speed + if is_latency { OTHERS_LATENCY * of_others } else { of_others }
}

/// What others leave of the CPUs.
fn free(others: f64) -> f64 {
    1.0 - others.clamp(0.0, 0.9)
}

/// Compares the cells of two runs where there are no series: the recommended one if both measured it, else the
/// first that both did. Throughput alone is known batch by batch.
pub fn compare_cells(
    earlier: &[CellResult],
    current: &[CellResult],
    recommended: Option<Cell>,
    other_machine: bool,
    reference: &str,
    thresholds: Thresholds,
) -> Comparison {
    let measured = |cells: &'_ [CellResult], cell: Cell| -> Option<CellResult> {
        cells.iter().find(|result| result.cell == cell && !result.rounds.is_empty()).cloned()
    };
    let candidates = recommended.into_iter().chain(current.iter().map(|result| result.cell));
    let common =
        candidates.filter_map(|cell| Some((measured(earlier, cell)?, measured(current, cell)?))).next();
    let Some((before, now)) = common else {
        let reason = "no cell was measured in both runs";
        return Comparison::impossible(Design::Stored, reference, reason);
    };
    let batches = |result: &CellResult| -> Vec<BatchMetrics> {
        result.rounds.iter().map(|round| of_round(result, round.throughput_per_s)).collect()
    };
    let series = |result: &CellResult| Series {
        cell: result.cell,
        iterations: Vec::new(),
        batches: batches(result),
        reference: Vec::new(),
    };
    let circumstances = Circumstances { cpus_effective: 1.0, other_machine };
    let mut estimates = estimates(&series(&before), &series(&now), circumstances);
    for estimate in estimates.iter_mut().filter(|estimate| estimate.metric != Metric::Throughput) {
        // One number of a whole run says nothing of its spread.
        estimate.worse = Mean { standard_error: f64::INFINITY, freedom: 0.0, n: 1, ..estimate.worse };
    }
    Comparison {
        design: Design::Stored,
        reference: reference.to_owned(),
        cell: Some(now.cell),
        estimates,
        failures: None,
        broken: None,
        reason: Some(
            "only what cells gave could be compared, as one side has no series of batches".to_owned(),
        ),
        thresholds,
        advice: None,
    }
}

/// A batch as far as the summary of a cell tells.
fn of_round(result: &CellResult, throughput_per_s: f64) -> BatchMetrics {
    BatchMetrics {
        at_s: 0.0,
        cpu_speed: None,
        cpu_others: result.cpu_others,
        throughput_per_s,
        p50_s: result.latency_s.map(|latency| latency.p50),
        p99_s: result.latency_s.map(|latency| latency.p99),
        cpu_s_per_task: result.cpu_s_per_task.unwrap_or(0.0),
        peak_rss_bytes: result.peak_rss_bytes.unwrap_or(0),
        ok: result.tasks.ok,
        started: result.tasks.started(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::result::{Latency, Round, Status};
    use crate::gate::judge::judge;
    use crate::gate::result::{Gate, Verdict};
    use crate::gate::testing::{CELL, batch, noisy, series};
    use crate::strategy::Kind;

    const HERE: Circumstances = Circumstances { cpus_effective: 2.0, other_machine: false };

    fn gate(earlier: &Series, current: &Series, circumstances: Circumstances) -> Gate {
        judge(&[compare(earlier, current, circumstances, "old.json", Thresholds::default())]).remove(0)
    }

    fn of(gate: &Gate, metric: Metric) -> crate::gate::MetricVerdict {
        *gate.metrics.iter().find(|verdict| verdict.metric == metric).expect("it was measured")
    }

    /// The same batches on CPUs that are `times` as fast.
    fn on_faster_cpus(series: &Series, times: f64) -> Series {
        let mut faster = series.clone();
        for batch in &mut faster.batches {
            batch.cpu_speed = batch.cpu_speed.map(|speed| speed * times);
            batch.throughput_per_s *= times;
            batch.cpu_s_per_task /= times;
            for latency in [&mut batch.p50_s, &mut batch.p99_s].into_iter().flatten() {
                *latency /= times;
            }
        }
        faster
    }

    #[test]
    fn the_speed_of_the_cpus_is_taken_out() {
        let (earlier, now) = (series(noisy(40, 1.0, 0.02, 1)), series(noisy(40, 1.0, 0.02, 2)));
        let told = gate(&earlier, &on_faster_cpus(&now, 0.7), HERE);
        assert_ne!(told.verdict, Verdict::Regressed);
        for metric in [Metric::Throughput, Metric::P50, Metric::CpuPerTask] {
            assert!((of(&told, metric).ratio - 1.0).abs() < 0.03, "{metric}: {}", of(&told, metric).ratio);
        }
        // What was measured is told as it was.
        assert!((of(&told, Metric::CpuPerTask).current - 5e-3 / 0.7).abs() < 2e-4);
    }

    #[test]
    fn a_run_that_calibrated_its_cpu_steps_anew_is_compared_by_the_work_done() {
        let earlier = series(noisy(40, 1.0, 0.02, 1));
        let now = series(noisy(40, 1.0, 0.02, 2));
        // Half as much work in each step on CPUs that are half as fast takes as long.
        let slower = |mut now: Series| {
            now.batches
                .iter_mut()
                .for_each(|batch| batch.cpu_speed = batch.cpu_speed.map(|speed| speed / 2.0));
            Series { iterations: vec![500], ..now }
        };
        let told = gate(&earlier, &slower(now), HERE);
        assert!((of(&told, Metric::CpuPerTask).ratio - 1.0).abs() < 0.02);
        let [lo, hi] = of(&told, Metric::CpuPerTask).ci95.unwrap();
        assert!(lo > 0.7 && hi < 1.4, "{lo} {hi}");
    }

    #[test]
    fn a_workload_that_waits_owes_nothing_to_the_speed_of_the_cpus() {
        let waiting = |times| {
            let batch = BatchMetrics { cpu_s_per_task: 1e-6, cpu_speed: Some(2e6 * times), ..batch(1.0) };
            series(vec![batch; 30])
        };
        let told = gate(&waiting(1.0), &waiting(0.5), HERE);
        assert!((of(&told, Metric::Throughput).ratio - 1.0).abs() < 1e-3);
        assert!((of(&told, Metric::CpuPerTask).ratio - 0.5).abs() < 1e-9, "half the cycles");
    }

    #[test]
    fn a_change_no_larger_than_the_drift_between_runs_is_not_seen_and_said_so() {
        let (earlier, now) = (series(noisy(100, 1.0, 0.01, 1)), series(noisy(100, 1.08, 0.01, 2)));
        let told = of(&gate(&earlier, &now, HERE), Metric::Throughput);
        assert_eq!(told.verdict, Verdict::Inconclusive);
        assert!((0.15..0.6).contains(&told.smallest_effect.unwrap()), "{told:?}");
        let twice = series(noisy(100, 2.0, 0.01, 2));
        assert_eq!(of(&gate(&earlier, &twice, HERE), Metric::Throughput).verdict, Verdict::Regressed);
    }

    #[test]
    fn what_others_use_may_be_the_reason() {
        let earlier = series(noisy(60, 1.0, 0.01, 1));
        let mut busy = series(noisy(60, 1.5, 0.01, 2));
        let effect = |gate: &Gate| of(gate, Metric::Throughput).smallest_effect.unwrap();
        let idle = gate(&earlier, &busy, HERE);
        busy.batches.iter_mut().for_each(|batch| batch.cpu_others = Some(0.4));
        let loaded = gate(&earlier, &busy, HERE);
        assert_eq!(of(&loaded, Metric::Throughput).verdict, Verdict::Inconclusive);
        assert!(effect(&loaded) > 2.0 * effect(&idle));
    }

    #[test]
    fn another_machine_lowers_the_claim() {
        let (earlier, now) = (series(noisy(40, 1.0, 0.01, 1)), series(noisy(40, 1.4, 0.01, 2)));
        let other = gate(&earlier, &now, Circumstances { other_machine: true, ..HERE });
        let same = gate(&earlier, &now, HERE);
        let effect = |gate: &Gate| of(gate, Metric::CpuPerTask).smallest_effect.unwrap();
        assert!(effect(&other) > effect(&same));
        assert_eq!(other.reason.as_deref(), Some("measured on another machine"));
    }

    #[test]
    fn memory_does_not_drift() {
        let earlier = series(noisy(40, 1.0, 0.05, 1));
        let mut more = series(noisy(40, 1.0, 0.05, 2));
        more.batches.iter_mut().for_each(|batch| batch.peak_rss_bytes = 13 << 20);
        assert_eq!(of(&gate(&earlier, &more, HERE), Metric::PeakRss).verdict, Verdict::Regressed);
    }

    #[test]
    fn batches_of_other_sizes_have_no_common_tail() {
        let earlier = series(noisy(20, 1.0, 0.01, 1));
        let mut larger = series(noisy(20, 1.0, 0.01, 2));
        larger.batches.iter_mut().for_each(|batch| (batch.ok, batch.started) = (200, 200));
        let told = gate(&earlier, &larger, HERE);
        assert!(told.metrics.iter().all(|verdict| verdict.metric != Metric::P99));
        assert_eq!(told.metrics.len(), 4);
    }

    #[test]
    fn other_work_and_other_cells_are_not_compared() {
        let one = series(noisy(20, 1.0, 0.01, 1));
        let other_work = Series { iterations: vec![1000, 7], ..one.clone() };
        let other_cell = Series { cell: Cell::new(Kind::Async, 8), ..one.clone() };
        for other in [other_work, other_cell] {
            let told = gate(&one, &other, HERE);
            assert_eq!((told.verdict, told.metrics.len(), told.cell), (Verdict::Inconclusive, 0, None));
            assert!(told.reason.is_some());
        }
    }

    fn cell_result(cell: Cell, times: f64) -> CellResult {
        let round =
            |(round, batch): (u32, BatchMetrics)| Round { round, throughput_per_s: batch.throughput_per_s };
        let batches = noisy(12, times, 0.02, 5);
        CellResult {
            rounds: (0..).zip(batches).map(round).collect(),
            latency_s: Some(Latency { p50: 5e-3, p90: 6e-3, p99: 7e-3, max: 8e-3 }),
            cpu_s_per_task: Some(5e-3),
            peak_rss_bytes: Some(10 << 20),
            cpu_others: Some(0.0),
            ..CellResult::without_numbers(cell, Status::Ok, None)
        }
    }

    #[test]
    fn without_series_cells_are_compared_as_far_as_they_tell() {
        let other = Cell::new(Kind::Async, 64);
        let earlier = [cell_result(CELL, 1.0), cell_result(other, 1.0)];
        let now = [cell_result(other, 1.0), cell_result(CELL, 3.0)];
        let told = |recommended| {
            let comparison =
                compare_cells(&earlier, &now, recommended, false, "old.json", Thresholds::default());
            judge(&[comparison]).remove(0)
        };
        assert_eq!(told(None).cell, Some(other));
        let recommended = told(Some(CELL));
        assert_eq!(recommended.cell, Some(CELL));
        assert_eq!(of(&recommended, Metric::Throughput).verdict, Verdict::Regressed);
        assert_eq!(of(&recommended, Metric::CpuPerTask).p_value, None);
        assert_eq!(of(&recommended, Metric::CpuPerTask).verdict, Verdict::Inconclusive);
    }

    #[test]
    fn without_a_common_cell_there_is_nothing_to_compare() {
        let comparison =
            compare_cells(&[cell_result(CELL, 1.0)], &[], None, false, "old.json", Thresholds::default());
        assert_eq!(comparison.reason.as_deref(), Some("no cell was measured in both runs"));
    }
}

use super::*;
use crate::benchmark::result::{Latency, Round, Status};
use crate::gate::judge::judge;
use crate::gate::result::{GateReport, GateVerdict};
use crate::gate::testing::{CELL, batch, noisy, series};
use crate::strategy::StrategyKind;

const HERE: RunCircumstances = RunCircumstances { cpus_effective: 2.0, other_machine: false };

fn gate(earlier: &Series, current: &Series, circumstances: RunCircumstances) -> GateReport {
    judge(&[compare(earlier, current, circumstances, "old.json", Thresholds::default())]).remove(0)
}

fn of(gate: &GateReport, metric: Metric) -> crate::gate::MetricVerdict {
    *gate.metrics.iter().find(|verdict| verdict.metric == metric).expect("it was measured")
}

/// Returns the batches as they would be on CPUs that are `times` as fast.
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
    assert_ne!(told.verdict, GateVerdict::Regressed);
    for metric in [Metric::Throughput, Metric::P50, Metric::CpuPerTask] {
        assert!((of(&told, metric).ratio - 1.0).abs() < 0.03, "{metric}: {}", of(&told, metric).ratio);
    }
    // The reported value is the measured one, without correction.
    assert!((of(&told, Metric::CpuPerTask).current - 5e-3 / 0.7).abs() < 2e-4);
}

#[test]
fn a_run_that_calibrated_its_cpu_steps_anew_is_compared_by_the_work_done() {
    let earlier = series(noisy(40, 1.0, 0.02, 1));
    let now = series(noisy(40, 1.0, 0.02, 2));
    // Half the work in each step on CPUs of half the speed takes the same time.
    let slower = |mut now: Series| {
        now.batches.iter_mut().for_each(|batch| batch.cpu_speed = batch.cpu_speed.map(|speed| speed / 2.0));
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
    let (earlier, now) = (series(noisy(100, 1.0, 0.01, 1)), series(noisy(100, 1.04, 0.01, 2)));
    let told = of(&gate(&earlier, &now, HERE), Metric::Throughput);
    assert_eq!(told.verdict, GateVerdict::Inconclusive);
    assert!((0.08..0.3).contains(&told.smallest_effect.unwrap()), "{told:?}");
    let twice = series(noisy(100, 2.0, 0.01, 2));
    assert_eq!(of(&gate(&earlier, &twice, HERE), Metric::Throughput).verdict, GateVerdict::Regressed);
}

#[test]
fn what_others_use_may_be_the_reason() {
    let earlier = series(noisy(60, 1.0, 0.01, 1));
    let mut busy = series(noisy(60, 1.5, 0.01, 2));
    let effect = |gate: &GateReport| of(gate, Metric::Throughput).smallest_effect.unwrap();
    let idle = gate(&earlier, &busy, HERE);
    busy.batches.iter_mut().for_each(|batch| batch.cpu_others = Some(0.4));
    let loaded = gate(&earlier, &busy, HERE);
    assert_eq!(of(&loaded, Metric::Throughput).verdict, GateVerdict::Inconclusive);
    assert!(effect(&loaded) > 2.0 * effect(&idle));
}

#[test]
fn instructions_show_what_others_hide() {
    let loaded = |instructions: f64, seed| {
        let mut series = series(noisy(60, 1.0, 0.05, seed));
        for (i, batch) in series.batches.iter_mut().enumerate() {
            batch.cpu_others = Some(0.5);
            batch.instructions_per_task = Some(2e6 * instructions * (1.0 + 1e-3 * (i % 3) as f64));
        }
        series
    };
    let slower = gate(&loaded(1.0, 1), &loaded(1.1, 2), HERE);
    assert_eq!(of(&slower, Metric::CpuPerTask).verdict, GateVerdict::Inconclusive);
    assert_eq!(of(&slower, Metric::Instructions).verdict, GateVerdict::Regressed);
    assert_eq!(slower.verdict, GateVerdict::Regressed);
    assert_eq!(gate(&loaded(1.0, 1), &loaded(1.0, 2), HERE).verdict, GateVerdict::Inconclusive);
}

#[test]
fn another_machine_lowers_the_claim() {
    let (earlier, now) = (series(noisy(40, 1.0, 0.01, 1)), series(noisy(40, 1.4, 0.01, 2)));
    let other = gate(&earlier, &now, RunCircumstances { other_machine: true, ..HERE });
    let same = gate(&earlier, &now, HERE);
    let effect = |gate: &GateReport| of(gate, Metric::CpuPerTask).smallest_effect.unwrap();
    assert!(effect(&other) > effect(&same));
    assert_eq!(other.reason, Some(GateReason::OtherMachine));
}

#[test]
fn memory_does_not_drift() {
    let earlier = series(noisy(40, 1.0, 0.05, 1));
    let mut more = series(noisy(40, 1.0, 0.05, 2));
    more.batches.iter_mut().for_each(|batch| batch.peak_rss_bytes = 13 << 20);
    assert_eq!(of(&gate(&earlier, &more, HERE), Metric::PeakRss).verdict, GateVerdict::Regressed);
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
    let other_cell = Series { cell: Configuration::new(StrategyKind::Async, 8), ..one.clone() };
    for other in [other_work, other_cell] {
        let told = gate(&one, &other, HERE);
        assert_eq!((told.verdict, told.metrics.len(), told.cell), (GateVerdict::Inconclusive, 0, None));
        assert!(told.reason.is_some());
    }
}

fn cell_result(cell: Configuration, times: f64) -> ConfigurationResult {
    let round =
        |(round, batch): (u32, BatchMetrics)| Round { round, throughput_per_s: batch.throughput_per_s };
    let batches = noisy(12, times, 0.02, 5);
    ConfigurationResult {
        rounds: (0..).zip(batches).map(round).collect(),
        latency_s: Some(Latency { p50: 5e-3, p90: 6e-3, p99: 7e-3, max: 8e-3 }),
        cpu_s_per_task: Some(5e-3),
        peak_rss_bytes: Some(10 << 20),
        cpu_others: Some(0.0),
        cpu_stolen: Some(0.0),
        ..ConfigurationResult::without_numbers(cell, Status::Ok, None)
    }
}

#[test]
fn without_series_cells_are_compared_as_far_as_they_tell() {
    let other = Configuration::new(StrategyKind::Async, 64);
    let earlier = [cell_result(CELL, 1.0), cell_result(other, 1.0)];
    let now = [cell_result(other, 1.0), cell_result(CELL, 3.0)];
    let told = |recommended| {
        let comparison = compare_cells(&earlier, &now, recommended, false, "old.json", Thresholds::default());
        judge(&[comparison]).remove(0)
    };
    assert_eq!(told(None).cell, Some(other));
    let recommended = told(Some(CELL));
    assert_eq!(recommended.cell, Some(CELL));
    assert_eq!(of(&recommended, Metric::Throughput).verdict, GateVerdict::Regressed);
    assert_eq!(of(&recommended, Metric::CpuPerTask).p_value, None);
    assert_eq!(of(&recommended, Metric::CpuPerTask).verdict, GateVerdict::Inconclusive);
}

#[test]
fn without_a_common_cell_there_is_nothing_to_compare() {
    let comparison =
        compare_cells(&[cell_result(CELL, 1.0)], &[], None, false, "old.json", Thresholds::default());
    assert_eq!(comparison.reason, Some(GateReason::NoCommonConfiguration));
}

#[test]
fn the_work_of_a_run_is_the_geometric_mean_of_its_steps() {
    assert!((mean_log(&[100, 10_000]) - 1000f64.ln()).abs() < 1e-12);
    assert_eq!(mean_log(&[]), 0.0);
}

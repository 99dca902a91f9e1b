//! A gate with every verdict in it, and the series behind it.

use crate::benchmark::series::BatchMetrics;
use crate::benchmark::{Configuration, Series};
use crate::gate::presence::Presence;
use crate::gate::reason::GateReason;
use crate::gate::result::{AdviceChange, Doubt};
use crate::gate::{AdviceDrift, ComparisonDesign, GateReport, GateVerdict, Metric, MetricVerdict};
use crate::profile::result::Class;
use crate::strategy::StrategyKind;

/// Returns six batches, the last with a task that failed.
pub(crate) fn series() -> Series {
    let batch = |i: u32| {
        let off = 1.0 + 0.01 * f64::from(i % 3);
        BatchMetrics {
            at_s: 0.4 * f64::from(i),
            cpu_speed: Some(1.9e6),
            cpu_others: Some(0.01),
            cpu_stolen: Some(0.0),
            throughput_per_s: 1069.0 * off,
            p50_s: Some(0.0535 * off),
            p99_s: Some(0.094 / off),
            cpu_s_per_task: 0.0009 * off,
            instructions_per_task: Some(2.4e6 * off),
            peak_rss_bytes: (27 << 20) + (u64::from(i % 2) << 16),
            ok: if i == 5 { 199 } else { 200 },
            started: 200,
        }
    };
    let cell = Configuration::new(StrategyKind::Threads, 64);
    Series::of(cell, vec![0, 5000], (0..6).map(batch).collect())
}

/// Returns a gate in which throughput and p50 regressed, p99 is inconclusive, the peak improved, the rest is
/// unchanged, and the advice changed.
pub(crate) fn gate() -> GateReport {
    let metrics = [
        (Metric::Throughput, GateVerdict::Regressed, [1069.0, 1188.0], [0.88, 0.93], 0.04),
        (Metric::P50, GateVerdict::Regressed, [0.0535, 0.048], [1.08, 1.15], 0.05),
        (Metric::P99, GateVerdict::Inconclusive, [0.094, 0.09], [0.95, 1.14], 0.14),
        (Metric::CpuPerTask, GateVerdict::Unchanged, [0.000_904, 0.0009], [0.995, 1.013], 0.012),
        (Metric::PeakRss, GateVerdict::Improved, [28_311_552.0, 37_748_736.0], [0.74, 0.76], 0.02),
    ];
    let verdict =
        |(metric, verdict, [current, reference], ci95, effect): (_, _, [f64; 2], _, _)| MetricVerdict {
            metric,
            verdict,
            current,
            reference,
            ratio: current / reference,
            ci95: Some(ci95),
            p_value: Some(0.001),
            threshold: 0.03,
            smallest_effect: Some(effect),
            observations: 6,
            doubt: (verdict == GateVerdict::Inconclusive).then_some(Doubt::Spread { share: 0.09 }),
        };
    GateReport {
        verdict: GateVerdict::Regressed,
        reason: Some(GateReason::OtherMachine),
        design: ComparisonDesign::Stored,
        reference: "main.json\u{1b}[2J".to_owned(),
        cell: Some(Configuration::new(StrategyKind::Threads, 64)),
        metrics: metrics.map(verdict).to_vec(),
        advice: Some(AdviceDrift {
            verdict: AdviceChange::Changed,
            class: [Class::Mixed, Class::IoBound],
            recommended: [
                Configuration::new(StrategyKind::Threads, 64),
                Configuration::new(StrategyKind::Async, 64),
            ],
        }),
        presence: Presence::Both,
        outcomes: None,
    }
}

/// Returns a gate that had nothing to compare with.
pub(crate) fn empty_gate() -> GateReport {
    GateReport {
        verdict: GateVerdict::Inconclusive,
        reason: Some(GateReason::NotInFile { file: "main.json".to_owned() }),
        cell: None,
        metrics: Vec::new(),
        advice: None,
        presence: Presence::New,
        ..gate()
    }
}

//! The columns a table of cells can have.

use crate::benchmark::ConfigurationResult;
use crate::benchmark::result::RateEstimate;
use crate::cluster::engine_advice::EngineMeasurement;
use crate::report::prose::uncertainty;
use crate::units::{Bytes, PerSecond, Seconds};

/// Text in place of an unknown value.
const UNKNOWN: &str = "-";

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// The strategy.
    Strategy,
    /// Tasks in flight.
    Width,
    /// Estimated throughput.
    Rate,
    /// Throughput that the model predicted.
    Predicted,
    /// Interval of the estimated throughput, as two rates.
    Interval,
    /// The interval as a share of the throughput.
    Margin,
    /// Throughput over that of the reference.
    Speedup,
    /// The speed-up under a shorter heading.
    ShortSpeedup,
    /// Median latency.
    P50,
    /// 99th percentile of latency.
    P99,
    /// CPU time per task.
    Cpu,
    /// Time to start the strategy.
    Startup,
    /// Largest resident size.
    Rss,
    /// Number of tasks that succeeded, of those started.
    Tasks,
}

impl Column {
    /// The heading.
    pub(super) fn heading(self) -> &'static str {
        match self {
            Column::Strategy => "Strategy",
            Column::Width => "Width",
            Column::Rate => "Tasks/s",
            Column::Predicted => "Predicted",
            Column::Interval | Column::Margin => "95% CI",
            Column::Speedup => "vs sequential",
            Column::ShortSpeedup => "vs seq.",
            Column::P50 => "p50",
            Column::P99 => "p99",
            Column::Cpu => "CPU/task",
            Column::Startup => "Start-up",
            Column::Rss => "Peak mem",
            Column::Tasks => "Tasks ok",
        }
    }

    /// Returns the text in the row of `cell`.
    pub(super) fn value(self, cell: &ConfigurationResult) -> String {
        let value = match self {
            Column::Strategy => Some(cell.cell.strategy.to_string()),
            Column::Width => Some(cell.cell.width_label()),
            Column::Rate => cell.per_s().map(rate),
            Column::Predicted => predicted(cell),
            Column::Interval => interval(cell),
            Column::Margin => margin(cell),
            Column::Speedup | Column::ShortSpeedup => cell.speedup.map(times),
            Column::P50 => cell.latency_s.map(|l| seconds(l.p50)),
            Column::P99 => cell.latency_s.map(|l| seconds(l.p99)),
            Column::Cpu => cell.cpu_s_per_task.map(seconds),
            Column::Startup => cell.startup_s.map(seconds),
            Column::Rss => cell.memory_bytes().map(|bytes| Bytes(bytes).to_string()),
            Column::Tasks => Some(format!("{}/{}", cell.tasks.ok, cell.tasks.started())),
        };
        value.unwrap_or_else(|| UNKNOWN.to_owned())
    }
}

impl Column {
    /// Returns the text in the row of an engine beyond this machine; `sequential_per_s` is the reference.
    pub(super) fn engine_value(self, engine: &EngineMeasurement, sequential_per_s: Option<f64>) -> String {
        let per_s = engine.throughput_per_s;
        let value = match self {
            Column::Strategy => Some(engine.kind.as_str().to_owned()),
            Column::Width if engine.inner_width > 1 => {
                Some(format!("{}x{}", engine.threads, engine.inner_width))
            }
            Column::Width => Some(engine.threads.to_string()),
            Column::Rate => Some(rate(per_s)),
            Column::Speedup | Column::ShortSpeedup => sequential_per_s.map(|own| times(per_s / own)),
            Column::Startup => Some(seconds(engine.start_s)),
            Column::Tasks => Some(format!("{}/{}", engine.ok, engine.ok + engine.failed)),
            _ => None,
        };
        value.unwrap_or_else(|| UNKNOWN.to_owned())
    }
}

fn rate(per_s: f64) -> String {
    PerSecond(per_s).to_string()
}

fn seconds(s: f64) -> String {
    Seconds(s).to_string()
}

/// Returns the prediction, and its difference from the estimate.
fn predicted(cell: &ConfigurationResult) -> Option<String> {
    let predicted = cell.predicted_per_s?;
    let off = cell.per_s().map(|per_s| format!(" ({:+.0}%)", (predicted / per_s - 1.0) * 100.0));
    Some(format!("{}{}", rate(predicted), off.unwrap_or_default()))
}

/// Returns a ratio of rates as text; one below 0.95 needs a digit more.
fn times(ratio: f64) -> String {
    if ratio < 0.95 { format!("{ratio:.2}x") } else { format!("{ratio:.1}x") }
}

/// Returns the interval that belongs to the throughput.
fn interval(cell: &ConfigurationResult) -> Option<String> {
    Some(uncertainty::interval(cell.estimate()?.interval95?, rate))
}

/// Returns the wider side of the interval, as a share of the throughput.
fn margin(cell: &ConfigurationResult) -> Option<String> {
    let RateEstimate { per_s, interval95 } = cell.estimate()?;
    Some(uncertainty::margin(per_s, interval95?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::posterior::Posterior;
    use crate::report::example;

    #[test]
    fn values_carry_their_units_and_unknown_ones_say_so() {
        let mut cell = example::advise().cells.into_iter().find(|c| c.cell.width == 64).unwrap();
        assert_eq!(Column::Interval.value(&cell), "1 198–1 281");
        assert_eq!(Column::Margin.value(&cell), "±3%");
        assert_eq!(Column::Speedup.value(&cell), "56.1x");
        assert_eq!(Column::P50.value(&cell), "46.0 ms");
        cell.ci95 = Some([0.001, 2.7e9]);
        assert_eq!(Column::Interval.value(&cell), "unknown");
        assert_eq!(Column::Margin.value(&cell), "unknown");
        cell.ci95 = None;
        assert_eq!(Column::Margin.value(&cell), "-");
        assert_eq!(times(0.123), "0.12x");
    }

    #[test]
    fn an_interval_belongs_to_the_figure_beside_it() {
        let mut cell = example::advise().cells.into_iter().find(|c| c.cell.width == 64).unwrap();
        cell.throughput_per_s = Some(878.0);
        cell.predicted_per_s = Some(950.0);
        let posterior = Posterior {
            throughput_per_s: 778.4,
            credible95: [723.0, 837.0],
            near_best: 0.5,
            near_leader: 0.5,
            expected_regret: 0.0,
        };
        for ci95 in [None, Some([870.0, 886.0])] {
            (cell.outlook, cell.ci95) = (Some(posterior), ci95);
            let shown = [Column::Rate, Column::Interval, Column::Margin].map(|column| column.value(&cell));
            assert_eq!(shown, ["778", "723–837", "±8%"]);
        }
        assert_eq!(Column::Predicted.value(&cell), "950 (+22%)");
        cell.outlook = None;
        assert_eq!([Column::Rate, Column::Interval].map(|column| column.value(&cell)), ["878", "870–886"]);
    }
}

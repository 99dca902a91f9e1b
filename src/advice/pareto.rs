//! The cells that no other dominates: the alternatives for a user with other goals.

use crate::benchmark::ConfigurationResult;
use crate::benchmark::result::Status;
use crate::policy::INDIFFERENCE;

/// Returns the cells that no other cell dominates, in the order given.
///
/// A cell dominates another if it is better by more than 5% in one of throughput, median latency, CPU per
/// task and peak memory, and worse by more than 5% in none of them.
pub(crate) fn pareto(cells: &[ConfigurationResult]) -> Vec<&ConfigurationResult> {
    let ran: Vec<&ConfigurationResult> = cells.iter().filter(|c| c.status == Status::Ok).collect();
    ran.iter().copied().filter(|cell| !ran.iter().any(|other| dominates(other, cell))).collect()
}

fn dominates(a: &ConfigurationResult, b: &ConfigurationResult) -> bool {
    let pairs: Vec<(f64, f64)> =
        goods(a).into_iter().zip(goods(b)).filter_map(|(a, b)| Some((a?, b?))).collect();
    let is_worse = |(a, b): &(f64, f64)| *a < b * (1.0 - INDIFFERENCE);
    let is_better = |(a, b): &(f64, f64)| *a > b * (1.0 + INDIFFERENCE);
    pairs.iter().any(is_better) && !pairs.iter().any(is_worse)
}

/// Returns the qualities of a cell; larger is better in each.
fn goods(cell: &ConfigurationResult) -> [Option<f64>; 4] {
    let inverse = |x: f64| (x > 0.0).then(|| 1.0 / x);
    [
        cell.throughput_per_s,
        cell.latency_s.and_then(|latency| inverse(latency.p50)),
        cell.cpu_s_per_task.and_then(inverse),
        cell.memory_bytes().and_then(|bytes| inverse(bytes as f64)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::testing::*;
    use crate::strategy::StrategyKind;

    fn with(kind: StrategyKind, per_s: f64, mib: u64) -> ConfigurationResult {
        ConfigurationResult { peak_rss_bytes: Some(mib << 20), ..cell(kind, 8, per_s) }
    }

    #[test]
    fn a_cell_stays_if_it_is_best_at_something() {
        let cells = [
            with(StrategyKind::Sequential, 20.0, 8),
            with(StrategyKind::Async, 1000.0, 20),
            with(StrategyKind::Threads, 990.0, 40),
            with(StrategyKind::Processes, 1200.0, 200),
            skipped(StrategyKind::Hybrid, 8, "no"),
        ];
        let kinds: Vec<StrategyKind> = pareto(&cells).into_iter().map(|c| c.cell.strategy).collect();
        assert_eq!(kinds, [StrategyKind::Sequential, StrategyKind::Async, StrategyKind::Processes]);
    }

    #[test]
    fn equal_cells_do_not_push_one_another_out() {
        assert_eq!(
            pareto(&[with(StrategyKind::Async, 100.0, 20), with(StrategyKind::Threads, 101.0, 20)]).len(),
            2
        );
        assert!(pareto(&[]).is_empty());
    }
}

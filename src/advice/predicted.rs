//! The recommendation where nothing was run: from the profile and the model alone.

use crate::advice::recommend::{Evidence, recommend};
use crate::advice::result::{Agreement, Basis, Recommendation, Verdict};
use crate::benchmark::ConfigurationResult;
use crate::benchmark::result::{Status, TaskCounts};
use crate::policy::INDIFFERENCE;
use crate::units::{PerSecond, Share};

/// Recommends by what was predicted of the cells; `None` if nothing was.
///
/// Nothing is decided by it: the verdict is undecided, and whether the tree agrees is as well unless it
/// names the same strategy.
pub fn recommend_predicted(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let cells: Vec<ConfigurationResult> = evidence.cells.iter().filter_map(stand_in).collect();
    let advice = recommend(&Evidence { cells: &cells, ..*evidence })?;
    Some(Recommendation {
        verdict: Verdict::Undecided,
        smallest_effect: None,
        basis: Basis::Predicted,
        agrees: if advice.strategy == advice.tree_strategy { Agreement::Yes } else { Agreement::Undecided },
        measured: sentence(&advice, &cells),
        ..advice
    })
}

/// The cell as if it had given what was predicted of it.
fn stand_in(cell: &ConfigurationResult) -> Option<ConfigurationResult> {
    Some(ConfigurationResult {
        status: Status::Ok,
        throughput_per_s: Some(cell.predicted_per_s?),
        tasks: TaskCounts { ok: 1, ..TaskCounts::default() },
        ..cell.clone()
    })
}

/// "nothing was run: async 64 is predicted to give 1 240 tasks/s; threads within 5% of it".
fn sentence(advice: &Recommendation, cells: &[ConfigurationResult]) -> String {
    let rate = |cell: &ConfigurationResult| cell.predicted_per_s.unwrap_or(0.0);
    let chosen = cells.iter().find(|c| c.cell.strategy == advice.strategy && c.cell.width == advice.width);
    let own = chosen.map_or(0.0, rate);
    let mut others: Vec<&str> = cells
        .iter()
        .filter(|c| c.cell.strategy != advice.strategy && rate(c) >= (1.0 - INDIFFERENCE) * own)
        .map(|c| c.cell.strategy.as_str())
        .collect();
    others.dedup();
    let beside = match others.as_slice() {
        [] => String::new(),
        others => format!("; {} within {} of it", others.join(", "), Share(INDIFFERENCE)),
    };
    let cell = chosen.map_or(String::new(), |c| c.cell.to_string());
    format!("nothing was run: {cell} is predicted to give {} tasks/s{beside}", PerSecond(own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Objective;
    use crate::advice::testing::*;
    use crate::profile::Class;
    use crate::strategy::StrategyKind;

    #[test]
    fn what_is_predicted_is_recommended_and_nothing_is_decided() {
        let workload = workload(200, vec![http()]);
        let profile = profile(&workload, Class::IoBound, 0.001, 0.05);
        let host = host(2.0);
        let predicted = |kind, width, per_s| ConfigurationResult {
            predicted_per_s: Some(per_s),
            throughput_per_s: None,
            ..skipped(kind, width, "only predicted")
        };
        let cells = [
            predicted(StrategyKind::Sequential, 1, 20.0),
            predicted(StrategyKind::Async, 64, 1200.0),
            predicted(StrategyKind::Threads, 64, 1180.0),
            predicted(StrategyKind::Processes, 16, 310.0),
        ];
        let objective = Objective::Throughput;
        let evidence = Evidence {
            workload: &workload,
            profile: &profile,
            host: &host,
            cells: &cells,
            objective,
            notes: &[],
        };
        let advice = recommend_predicted(&evidence).unwrap();
        assert_eq!((advice.strategy, advice.width), (StrategyKind::Async, 64));
        assert_eq!((advice.basis, advice.verdict), (Basis::Predicted, Verdict::Undecided));
        assert_eq!(
            advice.measured,
            "nothing was run: async 64 is predicted to give 1 200 tasks/s; threads within 5% of it"
        );
        assert_eq!(recommend(&evidence), None);
    }
}

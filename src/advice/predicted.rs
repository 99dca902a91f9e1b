//! The recommendation without a measurement: from the profile and the model alone.

use crate::advice::comparison::{Comparison, ComparisonCode};
use crate::advice::confidence::ChoiceConfidence;
use crate::advice::recommend::{AdviceInput, recommend};
use crate::advice::result::Recommendation;
use crate::advice::seen::RunnerUpFigures;
use crate::advice::verdict::{Agreement, Basis, ChoiceVerdict};
use crate::benchmark::ConfigurationResult;
use crate::benchmark::result::{Status, TaskCounts};
use crate::policy::INDIFFERENCE;

/// Recommends from the predictions of the cells; `None` without a prediction.
///
/// Predictions decide nothing: the verdict is undecided, and the agreement too, unless the tree names the
/// same strategy.
pub(crate) fn recommend_predicted(input: &AdviceInput<'_>) -> Option<Recommendation> {
    let cells: Vec<ConfigurationResult> = input.cells.iter().filter_map(stand_in).collect();
    let advice = recommend(&AdviceInput { cells: &cells, unrun: &[], ..*input })?;
    let ChoiceConfidence { level, reason } = ChoiceConfidence::predicted(input.profile.confidence);
    let is_same = advice.strategy == advice.decision.strategy;
    Some(Recommendation {
        verdict: ChoiceVerdict::Undecided,
        smallest_effect: None,
        basis: Basis::Predicted,
        confidence: level,
        confidence_reason: reason,
        agrees: if is_same { Agreement::Yes } else { Agreement::Undecided },
        comparison: comparison(&advice, &cells),
        ..advice
    })
}

/// Returns the cell with its predicted throughput in place of a measured one.
fn stand_in(cell: &ConfigurationResult) -> Option<ConfigurationResult> {
    Some(ConfigurationResult {
        status: Status::Ok,
        throughput_per_s: Some(cell.predicted_per_s?),
        tasks: TaskCounts { ok: 1, ..TaskCounts::default() },
        ..cell.clone()
    })
}

/// Returns the predicted rate of the recommended cell, and the strategies within 5% of it.
fn comparison(advice: &Recommendation, cells: &[ConfigurationResult]) -> Comparison {
    let own = cells.iter().find(|c| c.cell == advice.cell()).and_then(|c| c.predicted_per_s);
    let is_near = |of: &&RunnerUpFigures| (of.ratio - 1.0).abs() <= INDIFFERENCE;
    let runners_up = advice.comparison.runners_up.iter().filter(is_near).copied().collect();
    Comparison {
        code: ComparisonCode::Predicted,
        predicted_per_s: own,
        runners_up,
        ..advice.comparison.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Objective;
    use crate::advice::testing::*;
    use crate::benchmark::conditions::Conditions;
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
        let input = AdviceInput {
            workload: &workload,
            profile: &profile,
            host: &host,
            conditions: &Conditions::usual(&host),
            cells: &cells,
            unrun: &[],
            objective,
            notes: &[],
        };
        let advice = recommend_predicted(&input).unwrap();
        assert_eq!((advice.strategy, advice.width), (StrategyKind::Async, 64));
        assert_eq!((advice.basis, advice.verdict), (Basis::Predicted, ChoiceVerdict::Undecided));
        assert_eq!(advice.agrees, Agreement::Yes);
        let Comparison { code, predicted_per_s, runners_up, .. } = advice.comparison;
        assert_eq!((code, predicted_per_s), (ComparisonCode::Predicted, Some(1200.0)));
        let near: Vec<StrategyKind> = runners_up.iter().map(|near| near.cell.strategy).collect();
        assert_eq!(near, [StrategyKind::Threads]);
        assert_eq!(recommend(&input), None);
        let mut cells = cells.clone();
        cells[1].predicted_per_s = Some(600.0);
        let advice = recommend_predicted(&AdviceInput { cells: &cells, ..input }).unwrap();
        assert_eq!((advice.strategy, advice.agrees), (StrategyKind::Threads, Agreement::Undecided));
    }
}

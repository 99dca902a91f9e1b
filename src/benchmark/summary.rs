//! The results of a measurement, and the findings about them.

use std::collections::{BTreeMap, BTreeSet};

use crate::benchmark::agreement::{OutputComparison, OutputVerdict};
use crate::benchmark::configuration::Configuration;
use crate::benchmark::finding::Finding;
use crate::benchmark::measure::{Measured, MeasurementEnding};
use crate::benchmark::plan::{Candidate, Plan};
use crate::benchmark::result::{ConfigurationResult, Reason, Status, TaskCounts, widening};
use crate::host::contention::{TakenShares, unavailable};
use crate::policy::CONTENDED;
use crate::stats::interval::{is_informative, widen};
use crate::strategy::StrategyKind;

/// Number of rounds below which an exhausted budget is worth a finding.
const ENOUGH_ROUNDS: u32 = 3;

/// Returns every cell that was measured, failed or refused, in the order of the plan.
pub fn results(plan: &Plan, measured: &Measured) -> Vec<ConfigurationResult> {
    let items = common_items(measured);
    let mut results: Vec<ConfigurationResult> =
        measured.cells.values().map(|record| record.summarise(&items)).collect();
    for (cell, error) in &measured.failed {
        // A cell that ran before it failed keeps what it gave.
        if !measured.cells.contains_key(cell) {
            let reason = Some(Reason::new(error.code, error.to_string()));
            results.push(ConfigurationResult::without_numbers(*cell, Status::Failed, reason));
        }
    }
    for refused in &plan.refused {
        let reason = Some(Reason::new(refused.code, refused.reason.clone()));
        results.push(ConfigurationResult::without_numbers(refused.cell, Status::Skipped, reason));
    }
    for result in &mut results {
        believe(result, measured);
        result.outputs = measured.compare_outputs(result.cell);
    }
    compare_with_reference(&mut results);
    results.sort_by_key(|result| result.cell);
    results
}

/// Adds the speed-up of every configuration over the reference.
fn compare_with_reference(results: &mut [ConfigurationResult]) {
    let is_reference = |result: &&ConfigurationResult| result.cell == Configuration::REFERENCE;
    let reference = results.iter().find(is_reference).and_then(ConfigurationResult::per_s);
    for result in results {
        result.speedup = result.per_s().zip(reference).map(|(own, reference)| own / reference);
    }
}

/// Returns every cell of the plan, as predicted and not run.
pub(crate) fn predictions(plan: &Plan) -> Vec<ConfigurationResult> {
    let predicted = |candidate: &Candidate| ConfigurationResult {
        predicted_per_s: Some(candidate.predicted_per_s),
        ..ConfigurationResult::without_numbers(candidate.cell, Status::Skipped, None)
    };
    plan.candidates.iter().map(predicted).collect()
}

/// Returns every cell that was neither run nor refused, with what is believed about it.
pub fn unrun(plan: &Plan, measured: &Measured) -> Vec<ConfigurationResult> {
    let is_unrun =
        |cell: &Configuration| !measured.cells.contains_key(cell) && !measured.failed.contains_key(cell);
    let mut results = predictions(plan);
    results.retain(|result| is_unrun(&result.cell) && measured.posteriors.contains_key(&result.cell));
    results.iter_mut().for_each(|result| believe(result, measured));
    results
}

/// Adds the belief about a configuration, and widens intervals by the CPU share of other programs.
fn believe(result: &mut ConfigurationResult, measured: &Measured) {
    result.cpu_others = measured.taken.map(|taken| taken.others);
    result.cpu_stolen = measured.taken.map(|taken| taken.stolen);
    let factor = result.widening();
    result.outlook = measured.posteriors.get(&result.cell).map(|posterior| posterior.widened(factor));
    let widened = result.ci95.zip(result.throughput_per_s).map(|(ends, rate)| widen(rate, ends, factor));
    result.ci95 = widened.filter(|ends| is_informative(*ends));
}

/// Returns the findings to know before the results are trusted.
pub(crate) fn findings(measured: &Measured) -> Vec<Finding> {
    let elapsed_s = measured.elapsed.as_secs_f64();
    let ending = match measured.ending {
        MeasurementEnding::Interrupted => Some(Finding::Interrupted { elapsed_s }),
        MeasurementEnding::Exhausted => Some(Finding::ItemsUsed { elapsed_s }),
        MeasurementEnding::Budget if measured.rounds < ENOUGH_ROUNDS => {
            Some(Finding::FewRounds { rounds: measured.rounds })
        }
        _ => None,
    };
    let contended = measured.taken.and_then(contended);
    let others = [random_outputs(measured), failed_tasks(measured), ending, contended];
    other_outputs(measured).into_iter().chain(others.into_iter().flatten()).collect()
}

fn contended(taken: TakenShares) -> Option<Finding> {
    let TakenShares { others, stolen } = taken;
    let share = unavailable(Some(others), Some(stolen));
    let widening = widening(share);
    share.filter(|share| *share > CONTENDED).map(|_| Finding::Contended { others, stolen, widening })
}

/// Finds outputs that differ from those of sequential runs: the worst configuration of each strategy.
fn other_outputs(measured: &Measured) -> Vec<Finding> {
    let mut worst: BTreeMap<StrategyKind, (Configuration, OutputComparison)> = BTreeMap::new();
    for cell in measured.cells.keys() {
        let Some(outputs) = measured.compare_outputs(*cell).filter(OutputComparison::is_wrong) else {
            continue;
        };
        let kept = worst.entry(cell.strategy).or_insert((*cell, outputs));
        if outputs.tally().share() > kept.1.tally().share() {
            *kept = (*cell, outputs);
        }
    }
    worst
        .into_values()
        .map(|(configuration, outputs)| Finding::OtherOutputs { configuration, outputs })
        .collect()
}

/// Finds outputs that differ between sequential runs of the same items.
fn random_outputs(measured: &Measured) -> Option<Finding> {
    let outputs = measured.compare_outputs(Configuration::REFERENCE)?;
    (outputs.verdict == OutputVerdict::Random).then_some(Finding::RandomOutputs { outputs })
}

fn failed_tasks(measured: &Measured) -> Option<Finding> {
    let mut counts = TaskCounts::default();
    measured.cells.values().for_each(|record| counts.merge(&record.counts()));
    (counts.ok < counts.started()).then_some(Finding::TasksFailed { counts })
}

/// Returns the items whose outputs are known for every cell.
fn common_items(measured: &Measured) -> BTreeSet<u64> {
    let items = measured.cells.values().map(|record| record.outputs().items());
    items.reduce(|common, items| &common & &items).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::record::CellRecord;
    use crate::benchmark::testing::report;
    use crate::workload::task_outcomes::TaskOutcomes;

    fn measured(cells: &[(Configuration, u64)]) -> Measured {
        let mut measured = Measured::default();
        for (cell, output) in cells {
            let mut record = CellRecord::new(Candidate {
                cell: *cell,
                predicted_per_s: 1.0,
                startup_s: 0.0,
                beyond_a_batch: 1.0,
                cpus: 2.0,
                least_s: 0.0,
            });
            let mut batch = report(64, cell.width, 0.01);
            batch.tally = TaskOutcomes::default();
            let took = std::time::Duration::from_millis(10);
            (0..64).for_each(|i| batch.tally.record(i, 63 - i, took, Ok(i * output)));
            record.add(0, 100.0 * cell.width as f64, &batch);
            record.add(1, 100.0 * cell.width as f64, &batch);
            measured.cells.insert(*cell, record);
        }
        measured
    }

    #[test]
    fn speed_is_told_beside_the_reference_and_equal_outputs_have_equal_digests() {
        let measured =
            measured(&[(Configuration::REFERENCE, 3), (Configuration::new(StrategyKind::Async, 8), 3)]);
        let plan = Plan { candidates: Vec::new(), refused: Vec::new(), is_asked: false };
        let results = results(&plan, &measured);
        assert_eq!(results[0].speedup, Some(1.0));
        let speedup = results[1].speedup.expect("paired");
        assert!((speedup - 8.0).abs() < 1e-9, "{speedup}");
        assert!(results[0].digest.is_some());
        assert_eq!(results[0].digest, results[1].digest);
        assert!(findings(&measured).is_empty());
    }

    #[test]
    fn a_machine_that_others_use_is_told_and_not_believed_as_much() {
        let mut measured = measured(&[(Configuration::REFERENCE, 3)]);
        let mut report = report(64, 1, 0.01);
        report.tally = TaskOutcomes::default();
        let record = measured.cells.get_mut(&Configuration::REFERENCE).unwrap();
        [90.0, 110.0, 105.0].into_iter().for_each(|rate| record.add(2, rate, &report));
        let plan = Plan { candidates: Vec::new(), refused: Vec::new(), is_asked: false };
        let spread = |measured: &Measured| {
            let [low, high] = results(&plan, measured)[0].ci95.unwrap();
            (high / low).ln()
        };
        let quiet = spread(&measured);
        assert!(findings(&measured).is_empty());
        measured.taken = Some(TakenShares { others: 0.3, stolen: 0.2 });
        assert!((spread(&measured) / quiet - 2.0).abs() < 1e-9);
        let found = findings(&measured);
        assert_eq!(found, [Finding::Contended { others: 0.3, stolen: 0.2, widening: 2.0 }]);
    }

    #[test]
    fn outputs_that_differ_between_strategies_are_a_finding() {
        let found = findings(&measured(&[
            (Configuration::REFERENCE, 3),
            (Configuration::new(StrategyKind::Async, 8), 4),
        ]));
        let configuration = Configuration::new(StrategyKind::Async, 8);
        // Item 0 gives 0 under both.
        let outputs = OutputComparison { verdict: OutputVerdict::Different, compared: 128, differing: 63 };
        assert_eq!(found, [Finding::OtherOutputs { configuration, outputs }]);
    }
}

//! The results of a measurement, and what has to be said about them.

use std::collections::BTreeSet;

use crate::benchmark::configuration::Configuration;
use crate::benchmark::measure::{Ending, Measured};
use crate::benchmark::plan::{Candidate, Plan};
use crate::benchmark::record::CellRecord;
use crate::benchmark::result::{ConfigurationResult, Reason, Status, TaskCounts, widening};
use crate::diagnostics::Code;
use crate::policy::CONTENDED;
use crate::stats::interval::widen;
use crate::units::Share;

/// Something to be said about a measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub code: Code,
    /// The thing in words.
    pub message: String,
}

/// Every cell that was measured, failed or refused, in the order of the plan.
pub fn results(plan: &Plan, measured: &Measured) -> Vec<ConfigurationResult> {
    let reference = measured.cells.get(&Configuration::REFERENCE);
    let items = common_items(measured);
    let mut results: Vec<ConfigurationResult> =
        measured.cells.values().map(|r| r.summarise(reference, &items)).collect();
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
    }
    results.sort_by_key(|result| result.cell);
    results
}

/// Every cell of the plan, as predicted and not run.
pub fn predictions(plan: &Plan) -> Vec<ConfigurationResult> {
    let predicted = |candidate: &Candidate| ConfigurationResult {
        predicted_per_s: Some(candidate.predicted_per_s),
        ..ConfigurationResult::without_numbers(candidate.cell, Status::Skipped, None)
    };
    plan.candidates.iter().map(predicted).collect()
}

/// Adds what is believed of a cell, with intervals as wide as the machine was busy with others.
fn believe(result: &mut ConfigurationResult, measured: &Measured) {
    result.cpu_others = measured.cpu_others;
    let factor = result.widening();
    result.outlook = measured.outlooks.get(&result.cell).map(|outlook| outlook.widened(factor));
    result.ci95 = result.ci95.zip(result.throughput_per_s).map(|(ends, rate)| widen(rate, ends, factor));
}

/// What the user should know before the results are believed.
pub fn findings(measured: &Measured) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(digest_finding(measured));
    findings.extend(failure_finding(measured));
    match measured.ending {
        Ending::Interrupted => findings.push(Finding {
            code: Code::NoteInterrupted,
            message: format!("interrupted after {:.1} s of measuring", measured.elapsed.as_secs_f64()),
        }),
        Ending::Exhausted => findings.push(Finding {
            code: Code::NoteItemsUsed,
            message: format!(
                "every item was run once, which was enough for {:.1} s of measuring",
                measured.elapsed.as_secs_f64()
            ),
        }),
        Ending::Budget if measured.rounds < 3 => findings.push(Finding {
            code: Code::NoteBudget,
            message: match measured.rounds {
                0 | 1 => "the budget was enough for one batch of each cell at the most".to_owned(),
                rounds => format!("the budget was enough for {rounds} rounds only"),
            },
        }),
        _ => {}
    }
    findings.extend(measured.cpu_others.filter(|share| *share > CONTENDED).map(|share| Finding {
        code: Code::HostContended,
        message: format!(
            "other programs used {} of the CPUs while conc measured; intervals are {:.1}x as wide",
            Share(share),
            widening(Some(share))
        ),
    }));
    findings
}

/// Outputs that differ between strategies, unless sequential does not agree with itself either, or ran
/// no item twice.
fn digest_finding(measured: &Measured) -> Option<Finding> {
    let reference = measured.cells.get(&Configuration::REFERENCE)?;
    if reference.is_repeatable() != Some(true) {
        return None;
    }
    let differs = |record: &CellRecord| {
        record.is_repeatable() == Some(false) || record.agrees_with(reference) == Some(false)
    };
    let (cell, _) = measured.cells.iter().find(|(_, record)| differs(record))?;
    let message = format!("{cell} gave other outputs than sequential for the same items");
    Some(Finding { code: Code::PoolDigest, message })
}

fn failure_finding(measured: &Measured) -> Option<Finding> {
    let mut all = TaskCounts::default();
    measured.cells.values().for_each(|record| all.merge(&record.counts()));
    let bad = all.started() - all.ok;
    (bad > 0).then(|| Finding {
        code: Code::NoteFailures,
        message: format!(
            "{bad} of {} tasks did not end well ({} failed, {} timed out, {} cancelled)",
            all.started(),
            all.failed,
            all.timed_out,
            all.cancelled
        ),
    })
}

/// The items whose outputs are known of every cell.
fn common_items(measured: &Measured) -> BTreeSet<u64> {
    let items = measured.cells.values().map(|record| record.outputs().items());
    items.reduce(|common, items| &common & &items).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::testing::report;
    use crate::strategy::StrategyKind;

    fn measured(cells: &[(Configuration, u64)]) -> Measured {
        let mut measured = Measured::default();
        for (cell, output) in cells {
            let mut record =
                CellRecord::new(Candidate { cell: *cell, predicted_per_s: 1.0, beyond_a_batch: 1.0 });
            let mut batch = report(64, cell.width, 0.01);
            batch.tally = crate::workload::task_outcomes::TaskOutcomes::default();
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
        let report = report(64, 1, 0.01);
        let record = measured.cells.get_mut(&Configuration::REFERENCE).unwrap();
        [90.0, 110.0, 105.0].into_iter().for_each(|rate| record.add(2, rate, &report));
        let plan = Plan { candidates: Vec::new(), refused: Vec::new(), is_asked: false };
        let spread = |measured: &Measured| {
            let [low, high] = results(&plan, measured)[0].ci95.unwrap();
            (high / low).ln()
        };
        let quiet = spread(&measured);
        assert!(findings(&measured).is_empty());
        measured.cpu_others = Some(0.5);
        assert!((spread(&measured) / quiet - 2.0).abs() < 1e-9);
        let found = findings(&measured);
        assert_eq!(found[0].code, Code::HostContended);
        assert!(found[0].message.contains("50% of the CPUs"), "{}", found[0].message);
    }

    #[test]
    fn outputs_that_differ_between_strategies_are_a_finding() {
        let found = findings(&measured(&[
            (Configuration::REFERENCE, 3),
            (Configuration::new(StrategyKind::Async, 8), 4),
        ]));
        assert_eq!(found[0].code, Code::PoolDigest);
        assert!(found[0].message.contains("async 8"), "{}", found[0].message);
    }
}

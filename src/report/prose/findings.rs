//! Findings of a measurement in addition to its results.

use crate::benchmark::agreement::OutputComparison;
use crate::benchmark::finding::Finding;
use crate::units::Share;

/// Minimum share of the CPUs for other programs or the hypervisor to be named.
const WORTH_NAMING: f64 = 0.005;

/// Returns the finding in one sentence.
pub(crate) fn sentence(finding: &Finding) -> String {
    match finding {
        Finding::Interrupted { elapsed_s } => format!("interrupted after {elapsed_s:.1} s of measuring"),
        Finding::ItemsUsed { elapsed_s } => {
            format!("the items lasted for {elapsed_s:.1} s of measuring, each run once")
        }
        Finding::FewRounds { rounds: 0 | 1 } => {
            "the budget was enough for at most one batch of each configuration".to_owned()
        }
        Finding::FewRounds { rounds } => format!("the budget was enough for only {rounds} rounds"),
        Finding::Contended { others, stolen, widening } => {
            let taken_by = [("other programs used", *others), ("the hypervisor took", *stolen)];
            let taken = taken_by.into_iter().filter(|(_, share)| *share >= WORTH_NAMING);
            let taken: Vec<_> =
                taken.map(|(who, share)| format!("{who} {} of the CPUs", Share(share))).collect();
            let taken = taken.join(" and ");
            format!("{taken} while conc measured, so intervals are {widening:.1} times as wide")
        }
        Finding::OtherOutputs { configuration, outputs: OutputComparison { compared, differing, .. } } => {
            format!(
                "{configuration} gave other outputs than sequential for the same items: {differing} of {compared} differ"
            )
        }
        Finding::RandomOutputs { outputs: OutputComparison { compared, differing, .. } } => format!(
            "outputs differ between sequential runs of the same items ({differing} of {compared}), so they are random \
             and say nothing about strategies"
        ),
        Finding::TasksFailed { counts } => format!(
            "{} of {} tasks did not succeed ({} failed, {} timed out, {} cancelled)",
            counts.started() - counts.ok,
            counts.started(),
            counts.failed,
            counts.timed_out,
            counts.cancelled
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::Configuration;
    use crate::benchmark::agreement::OutputVerdict;
    use crate::benchmark::result::TaskCounts;
    use crate::strategy::StrategyKind;

    #[test]
    fn every_finding_has_its_sentence() {
        let configuration = Configuration::new(StrategyKind::Async, 8);
        let outputs = |verdict| OutputComparison { verdict, compared: 60, differing: 59 };
        let counts = TaskCounts { ok: 95, failed: 3, timed_out: 2, cancelled: 0 };
        for (finding, expected) in [
            (Finding::Interrupted { elapsed_s: 1.23 }, "interrupted after 1.2 s of measuring"),
            (
                Finding::ItemsUsed { elapsed_s: 1.23 },
                "the items lasted for 1.2 s of measuring, each run once",
            ),
            (
                Finding::FewRounds { rounds: 1 },
                "the budget was enough for at most one batch of each configuration",
            ),
            (Finding::FewRounds { rounds: 2 }, "the budget was enough for only 2 rounds"),
            (
                Finding::Contended { others: 0.5, stolen: 0.0, widening: 2.0 },
                "other programs used 50% of the CPUs while conc measured, so intervals are 2.0 times as wide",
            ),
            (
                Finding::Contended { others: 0.3, stolen: 0.2, widening: 2.0 },
                "other programs used 30% of the CPUs and the hypervisor took 20% of the CPUs while conc measured, \
                 so intervals are 2.0 times as wide",
            ),
            (
                Finding::OtherOutputs { configuration, outputs: outputs(OutputVerdict::Different) },
                "async 8 gave other outputs than sequential for the same items: 59 of 60 differ",
            ),
            (
                Finding::RandomOutputs { outputs: outputs(OutputVerdict::Random) },
                "outputs differ between sequential runs of the same items (59 of 60), so they are random and say \
                 nothing about strategies",
            ),
            (
                Finding::TasksFailed { counts },
                "5 of 100 tasks did not succeed (3 failed, 2 timed out, 0 cancelled)",
            ),
        ] {
            assert_eq!(sentence(&finding), expected);
        }
    }
}

//! The inputs of the explanation of a recommendation.

use crate::advice::choose::Choice;
use crate::advice::facts::Facts;
use crate::advice::seen::Seen;
use crate::benchmark::ConfigurationResult;
use crate::benchmark::conditions::Conditions;
use crate::host::Host;
use crate::profile::Profile;
use crate::strategy::StrategyKind;
use crate::workload::Workload;

/// A choice with all inputs that it was made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdviceContext<'a> {
    /// The work.
    pub workload: &'a Workload,
    /// The cost of one task.
    pub profile: &'a Profile,
    /// The machine.
    pub host: &'a Host,
    /// The measured rates and overheads of the machine.
    pub conditions: &'a Conditions,
    /// The facts that the decision tree uses.
    pub facts: &'a Facts,
    /// Every configuration, including those that did not run.
    pub cells: &'a [ConfigurationResult],
    /// The evidence that sentences about speed are derived from.
    pub seen: &'a Seen,
    /// The choice.
    pub choice: &'a Choice<'a>,
}

impl AdviceContext<'_> {
    /// Returns true if all tasks of the chosen cell run in one interpreter, whose GIL they then share.
    pub(crate) fn shares_interpreter(&self) -> bool {
        let strategy = self.choice.chosen.cell.strategy;
        matches!(strategy, StrategyKind::Threads | StrategyKind::Async | StrategyKind::Uvloop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::choose::choose;
    use crate::advice::decision_tree::decide;
    use crate::advice::objective::Objective;
    use crate::advice::testing::*;
    use crate::profile::Class;

    #[test]
    fn threads_and_event_loops_share_an_interpreter_and_processes_do_not() {
        let (workload, host) = (workload(10, vec![sleep()]), host(2.0));
        let profile = profile(&workload, Class::IoBound, 0.001, 0.01);
        let facts = Facts::of(&workload, &profile, 2.0);
        let shares = |kind| {
            let cells = [cell(kind, 4, 100.0)];
            let choice = choose(&cells, &decide(&facts), Objective::Throughput).expect("a choice");
            let at = AdviceContext {
                workload: &workload,
                profile: &profile,
                host: &host,
                conditions: &Conditions::usual(&host),
                facts: &facts,
                cells: &cells,
                seen: &Seen::of(&choice, Objective::Throughput),
                choice: &choice,
            };
            at.shares_interpreter()
        };
        assert!(shares(StrategyKind::Threads) && shares(StrategyKind::Async));
        assert!(!shares(StrategyKind::Processes) && !shares(StrategyKind::Interpreters));
    }
}

//! The sentence that tells what was measured and whether the tree agrees.

use crate::advice::choose::{Choice, Rival};
use crate::advice::objective::Objective;
use crate::advice::result::{Agreement, Verdict};
use crate::stats::ratio::Ordering4;
use crate::strategy::StrategyKind;
use crate::units::Share;

/// How many runners-up are named.
const MOST_RUNNERS_UP: usize = 2;

/// A second runner-up further off than this is not worth a mention.
const WORTH_A_MENTION: f64 = 0.8;

/// A difference that would print as 0%.
const INVISIBLE: f64 = 0.005;

/// From this factor on a multiple reads better than a percentage.
const FAR: f64 = 3.0;

/// One sentence, such as "async is the fastest within noise (threads 4% slower, undecided: < 25% cannot be seen); agrees
/// with the tree".
pub(crate) fn sentence(choice: &Choice<'_>, tree: StrategyKind, objective: Objective) -> String {
    let standing = standing(choice, objective);
    format!("{standing}{}; {}", runners_up(&choice.rivals, objective), agreement(choice, tree, objective))
}

fn standing(choice: &Choice<'_>, objective: Objective) -> String {
    let chosen = choice.chosen.cell.strategy;
    let leads = choice.best.cell.strategy == chosen;
    match objective {
        _ if choice.rivals.is_empty() => format!("{chosen} is the only strategy that was measured"),
        Objective::Memory => format!("{chosen} needs the least memory of what is as fast as the fastest"),
        Objective::Cpu => format!("{chosen} uses the least CPU of what is as fast as the fastest"),
        Objective::Throughput | Objective::Latency => {
            let superlative = superlative(objective);
            match choice.verdict {
                Verdict::Faster => format!("{chosen} is {superlative}"),
                Verdict::Tie => format!("{chosen} is as good as {superlative}"),
                Verdict::Undecided if leads => format!("{chosen} is {superlative} within noise"),
                Verdict::Undecided if is_beaten(choice) => {
                    format!("{chosen} is so near {superlative} that concurrency does not pay")
                }
                Verdict::Undecided => format!("{chosen} is within noise of {superlative}"),
            }
        }
    }
}

/// Whether a rival is faster beyond doubt, though not by enough to leave sequential for it.
fn is_beaten(choice: &Choice<'_>) -> bool {
    let is_faster = |rival: &Rival<'_>| rival.verdict == Ordering4::Faster;
    choice.chosen.cell.strategy == StrategyKind::Sequential && choice.rivals.iter().any(is_faster)
}

/// What the best cell is.
fn superlative(objective: Objective) -> &'static str {
    match objective {
        Objective::Latency => "the best balance of throughput and latency",
        Objective::Throughput | Objective::Memory | Objective::Cpu => "the fastest",
    }
}

/// The best rival, and the second if it is near, in brackets.
fn runners_up(rivals: &[Rival<'_>], objective: Objective) -> String {
    let named: Vec<String> = rivals
        .iter()
        .enumerate()
        .filter(|(i, rival)| *i == 0 || rival.ratio >= WORTH_A_MENTION)
        .take(MOST_RUNNERS_UP)
        .map(|(_, rival)| runner_up(rival, objective))
        .collect();
    if named.is_empty() { String::new() } else { format!(" ({})", named.join("; ")) }
}

fn runner_up(rival: &Rival<'_>, objective: Objective) -> String {
    let doubt = match rival.verdict {
        Ordering4::Undecided => match rival.smallest_effect {
            Some(effect) if effect < FAR => format!(", undecided: < {} cannot be seen", Share(effect)),
            _ => ", undecided".to_owned(),
        },
        Ordering4::Tie => ", a tie".to_owned(),
        Ordering4::Faster | Ordering4::Slower => String::new(),
    };
    format!("{} {}{doubt}", rival.cell.cell.strategy, difference(rival.ratio, objective))
}

/// "4% slower" for a ratio of 0.96; for latency the score is no speed.
fn difference(ratio: f64, objective: Objective) -> String {
    let (less, more) = match objective {
        Objective::Latency => ("worse", "better"),
        Objective::Throughput | Objective::Memory | Objective::Cpu => ("slower", "faster"),
    };
    if (ratio - 1.0).abs() < INVISIBLE {
        "equal".to_owned()
    } else if ratio * FAR < 1.0 {
        format!("{:.1}x {less}", 1.0 / ratio)
    } else if ratio > FAR {
        format!("{ratio:.1}x {more}")
    } else if ratio < 1.0 {
        format!("{} {less}", Share(1.0 - ratio))
    } else {
        format!("{} {more}", Share(ratio - 1.0))
    }
}

fn agreement(choice: &Choice<'_>, tree: StrategyKind, objective: Objective) -> String {
    match (choice.agrees, choice.tree_ratio) {
        (Agreement::Yes, _) if choice.chosen.cell.strategy == tree => "agrees with the tree".to_owned(),
        (Agreement::Yes, _) => format!("the tree's {tree} is within noise too"),
        (Agreement::No, Some(ratio)) => format!("the tree's {tree} is {}", difference(ratio, objective)),
        (_, Some(ratio)) => format!("the tree's {tree} is {}, undecided", difference(ratio, objective)),
        (_, None) => format!("the tree's {tree} could not be compared"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::choose::choose;
    use crate::advice::testing::*;
    use crate::advice::tree::Decision;
    use crate::benchmark::ConfigurationResult;

    fn told(cells: &[ConfigurationResult], tree: StrategyKind, objective: Objective) -> String {
        let decision = Decision { path: Vec::new(), strategy: tree };
        sentence(&choose(cells, &decision, objective).unwrap(), tree, objective)
    }

    /// Two cells whose ratio is 0.96 in the mean and uncertain.
    fn doubtful() -> [ConfigurationResult; 2] {
        let leader = cell(StrategyKind::Async, 64, 1000.0);
        let mut second = leader.clone();
        second.cell.strategy = StrategyKind::Threads;
        second.throughput_per_s = Some(960.0);
        for (round, factor) in second.rounds.iter_mut().zip([0.8, 1.152].into_iter().cycle()) {
            round.throughput_per_s *= factor;
        }
        [leader, second]
    }

    #[test]
    fn doubt_is_said() {
        assert_eq!(
            told(&doubtful(), StrategyKind::Async, Objective::Throughput),
            "async is the fastest within noise (threads 4% slower, undecided: < 25% cannot be seen); \
             agrees with the tree"
        );
        assert_eq!(
            told(&doubtful(), StrategyKind::Threads, Objective::Throughput),
            "threads is within noise of the fastest (async 4% faster, undecided: < 25% cannot be seen); \
             agrees with the tree"
        );
    }

    #[test]
    fn sequential_that_is_beaten_by_little_says_so() {
        let cells = [cell(StrategyKind::Sequential, 1, 95.0), cell(StrategyKind::Threads, 2, 102.0)];
        let sentence = told(&cells, StrategyKind::Sequential, Objective::Throughput);
        assert!(sentence.starts_with("sequential is so near the fastest that concurrency"), "{sentence}");
    }

    #[test]
    fn a_clear_winner_is_the_fastest() {
        let cells = [
            cell(StrategyKind::Threads, 8, 100.0),
            cell(StrategyKind::Async, 8, 50.0),
            cell(StrategyKind::Sequential, 1, 10.0),
        ];
        assert_eq!(
            told(&cells, StrategyKind::Async, Objective::Throughput),
            "threads is the fastest (async 50% slower); the tree's async is 50% slower"
        );
    }

    #[test]
    fn far_apart_is_told_as_a_multiple() {
        assert_eq!(difference(1.0 / 56.0, Objective::Throughput), "56.0x slower");
        assert_eq!(difference(4.2, Objective::Latency), "4.2x better");
        assert_eq!(difference(0.4, Objective::Throughput), "60% slower");
        assert_eq!(difference(1.002, Objective::Throughput), "equal");
    }

    #[test]
    fn a_tie_is_called_one_and_near_runners_up_are_named() {
        let cells = [
            cell(StrategyKind::Async, 8, 100.0),
            cell(StrategyKind::Threads, 8, 98.0),
            cell(StrategyKind::Hybrid, 8, 90.0),
        ];
        let text = told(&cells, StrategyKind::Async, Objective::Throughput);
        assert!(
            text.starts_with("async is as good as the fastest (threads 2% slower, a tie; hybrid "),
            "{text}"
        );
    }

    #[test]
    fn one_strategy_alone_is_compared_with_nothing() {
        assert_eq!(
            told(&[cell(StrategyKind::Sequential, 1, 10.0)], StrategyKind::Async, Objective::Throughput),
            "sequential is the only strategy that was measured; the tree's async could not be compared"
        );
    }

    #[test]
    fn the_objective_is_named() {
        let cells = [cell(StrategyKind::Async, 8, 100.0), cell(StrategyKind::Threads, 64, 100.0)];
        assert!(
            told(&cells, StrategyKind::Async, Objective::Latency)
                .contains("balance of throughput and latency")
        );
        let memory = told(&cells, StrategyKind::Threads, Objective::Memory);
        assert!(memory.starts_with("threads needs the least memory"), "{memory}");
        assert!(memory.ends_with("agrees with the tree"), "{memory}");
    }
}

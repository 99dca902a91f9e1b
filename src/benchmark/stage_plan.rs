//! The stages of a pipeline: how many workers each stage gets, and how many tasks a queue between them holds.
//!
//! A pipeline is as fast as its slowest stage: the one with the most seconds per task and worker. So each
//! further worker goes to that stage, until the stage has as many as can be of use.

use crate::benchmark::conditions::Subject;
use crate::benchmark::configuration::Configuration;
use crate::profile::result::PythonProfile;
use crate::strategy::StrategyKind;
use crate::strategy::info::WidthMeaning;
use crate::strategy::stages::Stages;
use crate::workload::spec::StepSpec;

/// Throughput that a pipeline may lose because a queue is empty or full at times, as a share. Of two equal stages
/// with a queue of *B* tasks between them, about *v*² / *B* is lost if their times vary by *v* (Buzacott and
/// Shanthikumar, *Stochastic Models of Manufacturing Systems*, 1993, chapter 5).
const QUEUE_LOSS: f64 = 0.02;

/// Bounds of a queue, in tasks: one below the first is empty whenever a thread is late, and one beyond the
/// second only costs memory.
const QUEUE_BOUNDS: (f64, f64) = (16.0, 1024.0);

/// Variation of the times of a stage if the profile does not show it.
const DEFAULT_VARIATION: f64 = 0.3;

/// The cost of a stage, and the workers that are of use there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StageCost {
    /// Seconds per task.
    pub(crate) seconds: f64,
    /// Coefficient of variation of the seconds.
    pub(crate) variation: f64,
    /// Largest number of workers that can be of use.
    pub(crate) most_workers: usize,
}

/// Returns the configuration of a strategy with `width` tasks in flight; a pipeline spreads them over its stages.
pub(crate) fn planned(strategy: StrategyKind, width: usize, subject: &Subject<'_>) -> Configuration {
    let stages = match strategy.info().width {
        WidthMeaning::WorkersPerStage => stages(width, subject),
        _ => None,
    };
    match stages {
        Some(stages) => Configuration::pipeline(stages),
        None => Configuration::planned(strategy, width, subject.host.cpu_workers()),
    }
}

/// Returns the stages asked for, with queues that fit the work.
pub(crate) fn with_fitting_queue(stages: Stages, subject: &Subject<'_>) -> Stages {
    stages.with_queue(queue_len(&costs(subject), stages.workers()))
}

/// Returns `width` workers balanced over the steps of a task; `None` if it has more steps than a pipeline stages.
fn stages(width: usize, subject: &Subject<'_>) -> Option<Stages> {
    let costs = costs(subject);
    let workers = balanced(&costs, width);
    Stages::new(&workers, queue_len(&costs, workers.iter().copied()))
}

/// Returns the cost of each step of a task as a stage.
pub(crate) fn costs(subject: &Subject<'_>) -> Vec<StageCost> {
    let Subject { workload, profile, host, .. } = *subject;
    let of_task = profile.dispersion.as_ref().map(|times| times.coefficient_of_variation);
    let callables_that_compute = profile.python.as_ref().map(PythonProfile::cpu_steps).unwrap_or_default();
    let cost = |(i, step): (usize, &StepSpec)| {
        let seen = profile.steps.get(i);
        let computes = step.is_computation() || callables_that_compute.get(i) == Some(&true);
        let of_kind = match step.serialised_by() {
            Some(_) => 1,
            None if computes => host.cpu_workers(),
            None => usize::from(u16::MAX),
        };
        StageCost {
            seconds: seen.map_or(1.0, |seen| seen.wall_s),
            variation: seen.and_then(|seen| seen.variation).or(of_task).unwrap_or(DEFAULT_VARIATION),
            most_workers: of_kind.min(workload.rule(i).at_once().unwrap_or(usize::MAX)).max(1),
        }
    };
    workload.steps.iter().enumerate().map(cost).collect()
}

/// Spreads `width` workers over the stages so that the slowest one is as fast as it can be; at least one each, and
/// fewer in all if no stage has a use for more.
pub(crate) fn balanced(costs: &[StageCost], width: usize) -> Vec<usize> {
    let mut workers = vec![1; costs.len()];
    for _ in costs.len()..width {
        let slowest = (0..costs.len())
            .filter(|i| workers[*i] < costs[*i].most_workers)
            .max_by(|a, b| load(&costs[*a], workers[*a]).total_cmp(&load(&costs[*b], workers[*b])));
        let Some(slowest) = slowest else { break };
        workers[slowest] += 1;
    }
    workers
}

/// Returns the seconds per task that a stage needs with so many workers.
pub(crate) fn load(cost: &StageCost, workers: usize) -> f64 {
    cost.seconds / workers.max(1) as f64
}

/// Returns the length of the queues: long enough for the stage that varies most, and for all workers of a stage to
/// leave their tasks at once; a power of two, so that it does not change with noise.
fn queue_len(costs: &[StageCost], workers: impl Iterator<Item = usize>) -> u32 {
    let (least, most) = QUEUE_BOUNDS;
    let for_variation = costs.iter().map(|cost| cost.variation.powi(2) / QUEUE_LOSS).fold(0.0, f64::max);
    let for_workers = workers.max().unwrap_or(1) as f64;
    (for_variation.max(for_workers).clamp(least, most).ceil() as u32).next_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::conditions::Conditions;
    use crate::benchmark::testing::{computing, host, profile, sleeping};
    use crate::profile::Profile;
    use crate::profile::result::StepCost;
    use crate::workload::Workload;
    use crate::workload::spec::StepRule;
    use proptest::prelude::*;

    fn cost(seconds: f64, most_workers: usize) -> StageCost {
        StageCost { seconds, variation: 0.1, most_workers }
    }

    #[test]
    fn the_slowest_stage_gets_the_workers() {
        assert_eq!(balanced(&[cost(0.04, 100), cost(0.01, 2), cost(0.005, 1)], 11), [8, 2, 1]);
        assert_eq!(balanced(&[cost(0.04, 100), cost(0.01, 100)], 10), [8, 2]);
        assert_eq!(balanced(&[cost(0.01, 100); 3], 2), [1, 1, 1], "no stage is without workers");
    }

    #[test]
    fn workers_that_are_of_no_use_are_left_out() {
        assert_eq!(balanced(&[cost(0.01, 2), cost(0.02, 1)], 100), [2, 1]);
        assert_eq!(balanced(&[], 3), [] as [usize; 0]);
    }

    #[test]
    fn queues_grow_with_the_variation_and_with_the_workers() {
        let queue = |variation, workers: &[usize]| {
            queue_len(&[StageCost { variation, ..cost(0.01, 8) }], workers.iter().copied())
        };
        assert_eq!(queue(0.1, &[2, 1]), 16);
        assert_eq!(queue(1.0, &[2, 1]), 64);
        assert_eq!(queue(0.1, &[100, 1]), 128);
        assert_eq!(queue(100.0, &[1]), 1024);
    }

    fn staged(profile: &Profile, waits_s: f64, computes_s: f64) -> (Workload, Profile) {
        let mut workload = sleeping(400);
        workload.steps.extend(computing(1).steps);
        let step = |wall_s| StepCost { kind: String::new(), wall_s, variation: None };
        (workload, Profile { steps: vec![step(waits_s), step(computes_s)], ..profile.clone() })
    }

    #[test]
    fn stages_that_compute_get_no_more_than_the_cpus_and_others_what_their_time_needs() {
        let (mut workload, profile) = staged(&profile(2e-3, 20e-3), 20e-3, 2e-3);
        let host = host(2);
        let conditions = &Conditions::usual(&host);
        let label = |workload: &Workload, width| {
            let subject = Subject { workload, profile: &profile, host: &host, conditions };
            planned(StrategyKind::Pipeline, width, &subject).width_label()
        };
        assert_eq!(label(&workload, 22), "20+2");
        assert_eq!(label(&workload, 40), "38+2");
        workload.rules = vec![StepRule::default(), StepRule { workers: Some(1), ordered: false }];
        assert_eq!(label(&workload, 22), "21+1");
        let subject = Subject { workload: &workload, profile: &profile, host: &host, conditions };
        assert_eq!(planned(StrategyKind::Async, 8, &subject), Configuration::new(StrategyKind::Async, 8));
    }

    proptest! {
        #[test]
        fn no_other_split_of_as_many_workers_is_faster(
            seconds in prop::collection::vec(1e-4f64..0.1, 2..4), width in 2usize..12,
        ) {
            let costs: Vec<_> = seconds.iter().map(|s| cost(*s, 100)).collect();
            let slowest = |workers: &[usize]| {
                costs.iter().zip(workers).map(|(cost, n)| load(cost, *n)).fold(0.0, f64::max)
            };
            let mine = balanced(&costs, width);
            let all: usize = mine.iter().sum();
            let free = all - costs.len();
            for first in 0..=free {
                for second in 0..=free - first {
                    let mut other = vec![1 + first, 1 + second];
                    if costs.len() == 3 {
                        other.push(1 + free - first - second);
                    } else if first + second < free {
                        continue;
                    }
                    prop_assert!(slowest(&mine) <= slowest(&other) + 1e-12, "{mine:?} {other:?}");
                }
            }
        }
    }
}

//! No two sentences about one run contradict each other, whatever was measured.

mod contradictions;
mod random_study;

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::advice::comparison::ComparisonCode;
use crate::advice::limiting_factor::{LimitingFactor, SharedResource};
use crate::advice::note::{CpuGrowthCause, Note};
use crate::advice::scaling::FitStatus;
use crate::advice::seen::Change;
use crate::advice::verdict::Basis;
use crate::advice::{Objective, Recommendation};
use crate::benchmark::Configuration;
use crate::profile::result::Confidence;
use crate::report::prose;
use crate::report::prose::consistency::contradictions::{Told, contradictions};
use crate::report::prose::consistency::random_study::RandomStudy;
use crate::stats::ratio::UncertainOrdering;
use crate::strategy::StrategyKind;

/// Number of random studies.
const STUDIES: u64 = 2000;

fn study(seed: u64) -> RandomStudy {
    RandomStudy::draw(&mut StdRng::seed_from_u64(seed))
}

#[test]
fn no_two_sentences_contradict_each_other() {
    let (mut told, mut failures) = (0, Vec::new());
    let (mut limits, mut comparisons) = (BTreeSet::new(), BTreeSet::new());
    let name = |debug: String| debug.split([' ', '{']).next().unwrap_or_default().to_owned();
    for seed in 0..STUDIES {
        let study = study(seed);
        let Some(advice) = study.advice() else { continue };
        told += 1;
        let found = contradictions(&Told { study: &study, advice: &advice, model: study.model(&advice) });
        limits.insert(name(format!("{:?}", advice.limit)));
        comparisons.insert(name(format!("{:?}", advice.comparison.code)));
        failures.extend(found.iter().map(|found| format!("study {seed}: {found}")));
    }
    let first: Vec<_> = failures.iter().take(20).cloned().collect();
    assert!(failures.is_empty(), "{} contradictions:\n{}", failures.len(), first.join("\n"));
    assert!(told > STUDIES / 2, "only {told} of {STUDIES} studies had a recommendation");
    assert!(limits.len() >= 14 && comparisons.len() >= 9, "{limits:?} {comparisons:?}");
}

/// Returns a study whose recommendation `is_wanted`, with its recommendation.
fn example(is_wanted: impl Fn(&RandomStudy, &Recommendation) -> bool) -> Told<'static> {
    let found = (0..STUDIES).find_map(|seed| {
        let study = study(seed);
        let advice = study.advice().filter(|advice| is_wanted(&study, advice))?;
        Some((study, advice))
    });
    let (study, advice) = found.expect("one of the studies is of that kind");
    let (study, advice) = (Box::leak(Box::new(study)), Box::leak(Box::new(advice)));
    Told { study, advice, model: study.model(advice) }
}

/// Asserts that a recommendation that is made wrong by `spoil` is found to contradict itself.
fn assert_found(
    is_wanted: impl Fn(&RandomStudy, &Recommendation) -> bool,
    spoil: impl Fn(&mut Recommendation),
    expected: &str,
) {
    let told = example(is_wanted);
    assert_eq!(contradictions(&told), Vec::<String>::new());
    let mut advice = told.advice.clone();
    spoil(&mut advice);
    let found = contradictions(&Told { advice: &advice, ..told });
    assert!(found.iter().any(|found| found.contains(expected)), "{expected}: {found:?}");
}

fn is_measured_wide(study: &RandomStudy, advice: &Recommendation) -> bool {
    advice.basis == Basis::Measured && !study.is_prediction && advice.strategy != StrategyKind::Sequential
}

#[test]
fn a_limit_that_was_not_seen_is_found() {
    let growth = |ratio| Change { from: 3, to: 5, ratio };
    let width = |advice: &mut Recommendation| advice.width;
    assert_found(
        is_measured_wide,
        |advice| {
            advice.limit =
                LimitingFactor::NotReached { width: width(advice), growth: growth(2.0), next_width: 10 }
        },
        "which is no row",
    );
    assert_found(
        is_measured_wide,
        |advice| {
            advice.limit =
                LimitingFactor::NotReached { width: width(advice), growth: growth(0.9), next_width: 10 }
        },
        "growth that is none",
    );
    let shared = |resource| {
        move |advice: &mut Recommendation| {
            advice.limit =
                LimitingFactor::SharedResource { resource, beyond: advice.width, serves: Some(14) };
        }
    };
    assert_found(
        |study, advice| is_measured_wide(study, advice) && !study.queues(advice.cell()),
        shared(SharedResource::Upstream),
        "without queueing",
    );
    assert_found(
        |study, advice| is_measured_wide(study, advice) && study.holds_gil(),
        shared(SharedResource::Memory),
        "caches or memory",
    );
    assert_found(
        |study, _| study.is_prediction,
        |advice| advice.notes.push(Note::CpuGrowth { factor: 2.0, cause: CpuGrowthCause::Memory }),
        "caches or memory",
    );
}

#[test]
fn a_comparison_that_disagrees_with_the_table_is_found() {
    let has_rival = |study: &RandomStudy, advice: &Recommendation| {
        is_measured_wide(study, advice)
            && study.objective == Objective::Throughput
            && !advice.comparison.runners_up.is_empty()
    };
    assert_found(has_rival, |advice| advice.comparison.runners_up[0].ratio *= 1.5, "the table says");
    assert_found(
        |study, advice| has_rival(study, advice) && advice.comparison.code == ComparisonCode::Best,
        |advice| advice.comparison.runners_up[0].verdict = UncertainOrdering::Undecided,
        "undecided",
    );
    assert_found(
        |study, advice| has_rival(study, advice) && advice.comparison.runners_up[0].ratio > 1.1,
        |advice| advice.comparison.code = ComparisonCode::Best,
        "but another is faster",
    );
    assert_found(has_rival, |advice| advice.comparison.runners_up[0].ratio = f64::NAN, "no number");
    assert_found(
        |study, advice| has_rival(study, advice) && advice.comparison.code == ComparisonCode::Best,
        |advice| {
            let (configuration, runner_up) = (advice.cell(), advice.comparison.runners_up[0].cell);
            advice.notes.push(Note::Undecided { configuration, runner_up });
        },
        "the note says that it is undecided",
    );
    assert_found(
        |study, advice| has_rival(study, advice) && advice.strategy != advice.decision.strategy,
        |advice| advice.decision.strategy = StrategyKind::Pipeline,
        "the tree",
    );
}

#[test]
fn a_scaling_law_that_disagrees_is_found() {
    let mut told = example(
        |_, advice| matches!(advice.limit, LimitingFactor::NotReached { width, growth, .. } if width == growth.to),
    );
    let LimitingFactor::NotReached { growth, .. } = told.advice.limit else { return };
    let mut model = told.model.clone().expect("a model of every strategy");
    model.usl.status = FitStatus::Saturated;
    (model.usl.saturated_width, model.usl.saturated_per_s) = (Some(growth.from as f64), Some(10.0));
    told.model = Some(model);
    let found = contradictions(&told);
    assert!(found.iter().any(|found| found.contains("saturated")), "{found:?}");
}

#[test]
fn low_confidence_names_the_fastest_only_of_what_was_measured() {
    let told = example(|study, advice| {
        is_measured_wide(study, advice) && advice.comparison.code == ComparisonCode::Best
    });
    let mut advice = told.advice.clone();
    advice.confidence = Confidence::Low;
    let text = prose::comparison::sentence(&advice);
    assert!(text.contains(" of those measured"), "{text}");
}

#[test]
fn a_fallback_that_did_not_run_is_found() {
    assert_found(
        |study, advice| is_measured_wide(study, advice) && !advice.fallbacks.is_empty(),
        |advice| advice.fallbacks[0].width = 12_345,
        "fallback",
    );
    let told = example(is_measured_wide);
    assert!(told.study.row(Configuration::new(StrategyKind::Pipeline, 7)).is_none());
}

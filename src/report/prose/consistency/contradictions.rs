//! The contradictions that a recommendation can have, with itself or with the table.

use crate::advice::comparison::ComparisonCode;
use crate::advice::limiting_factor::{LimitingFactor, SharedResource};
use crate::advice::note::{CpuGrowthCause, Note};
use crate::advice::scaling::{FitStatus, PeakStatus};
use crate::advice::seen::{Change, RunnerUpFigures};
use crate::advice::verdict::Basis;
use crate::advice::{Model, Objective, Recommendation};
use crate::benchmark::Configuration;
use crate::policy::INDIFFERENCE;
use crate::profile::result::Confidence;
use crate::report::prose;
use crate::report::prose::consistency::random_study::RandomStudy;
use crate::report::prose::together::Together;
use crate::stats::ratio::UncertainOrdering;

/// Largest relative difference of two figures that are the same.
const SAME: f64 = 1e-9;

/// Largest number of digits in a row that a sentence may have.
const MOST_DIGITS: usize = 7;

/// A recommendation with the study that it is about.
#[derive(Clone)]
pub(super) struct Told<'a> {
    pub(super) study: &'a RandomStudy,
    pub(super) advice: &'a Recommendation,
    pub(super) model: Option<Model>,
}

/// Returns every contradiction.
pub(super) fn contradictions(told: &Told<'_>) -> Vec<String> {
    let mut found = Vec::new();
    of_numbers(told, &mut found);
    of_limit(told, &mut found);
    of_memory(told, &mut found);
    of_comparison(told, &mut found);
    of_statement(told, &mut found);
    of_tree(told, &mut found);
    of_notes(told, &mut found);
    of_scaling(told, &mut found);
    of_rows(told, &mut found);
    found
}

/// Returns every sentence under the headline.
fn sentences(told: &Told<'_>) -> Vec<String> {
    let advice = told.advice;
    let mut all = vec![
        prose::confidence::headline(advice, Together::Tasks),
        prose::confidence::reason(advice),
        prose::decision::path(&advice.decision).join(" -> "),
        prose::comparison::sentence(advice),
        prose::limit::sentence(&advice.limit, advice.basis, Together::Tasks),
        prose::limit::response(&advice.limit, Together::Tasks),
    ];
    all.extend(told.model.iter().map(prose::scaling::sentence));
    all.extend(advice.notes.iter().map(prose::notes::sentence));
    all
}

fn of_numbers(told: &Told<'_>, found: &mut Vec<String>) {
    for text in sentences(told) {
        let is_number = |word: &str| !["NaN", "inf", "-0%", "e+"].iter().any(|odd| word.contains(odd));
        let digits = |word: &str| word.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
        let is_short = text.split_whitespace().all(|word| digits(word) <= Some(MOST_DIGITS));
        if !text.split_whitespace().all(is_number) || !is_short || text.is_empty() {
            found.push(format!("no number or no words: {text}"));
        }
        if text.contains("certain") && told.advice.confidence == Confidence::Low {
            found.push(format!("certain with low confidence: {text}"));
        }
    }
}

/// Returns the growth that a limit claims.
fn growth(limit: &LimitingFactor) -> Option<Change> {
    match limit {
        LimitingFactor::NotReached { growth, .. } => Some(*growth),
        LimitingFactor::MaxInFlight { growth, .. }
        | LimitingFactor::Machine { growth, .. }
        | LimitingFactor::Refused { growth, .. } => *growth,
        _ => None,
    }
}

/// Returns every change of throughput that a limit names.
fn changes(limit: &LimitingFactor) -> Vec<Change> {
    let more = match limit {
        LimitingFactor::Unknown { narrower, wider, .. } => [*narrower, *wider],
        LimitingFactor::Unexplained { change, .. } => [Some(*change), None],
        other => [growth(other), None],
    };
    more.into_iter().flatten().collect()
}

fn of_limit(told: &Told<'_>, found: &mut Vec<String>) {
    let (advice, study) = (told.advice, told.study);
    let text = prose::limit::sentence(&advice.limit, advice.basis, Together::Tasks);
    let at = |width| Configuration { width, ..advice.cell() };
    for change in changes(&advice.limit) {
        match (study.per_s(at(change.from)), study.per_s(at(change.to))) {
            (Some(from), Some(to)) if !is_same(to / from, change.ratio) => {
                found.push(format!("the limit says {}, the table says {}", change.ratio, to / from));
            }
            (Some(_), Some(_)) => {}
            _ => found.push(format!("a width which is no row: {text}")),
        }
    }
    if growth(&advice.limit).is_some_and(|growth| growth.ratio <= 1.0) {
        found.push(format!("growth that is none: {text}"));
    }
    let claims_queue = match &advice.limit {
        LimitingFactor::SharedResource { resource, .. } => {
            !matches!(resource, SharedResource::EmbeddedServer | SharedResource::Memory)
        }
        _ => false,
    };
    if claims_queue && !study.queues(advice.cell()) {
        found.push(format!("an upstream without queueing: {text}"));
    }
    if let LimitingFactor::SharedResource { serves: Some(serves), beyond, .. } = advice.limit
        && serves > beyond
    {
        found.push(format!("serves more than are in flight: {text}"));
    }
    if advice.basis == Basis::Predicted && !text.contains("predicted") && !text.contains("unknown") {
        found.push(format!("a prediction that claims a measurement: {text}"));
    }
}

fn of_memory(told: &Told<'_>, found: &mut Vec<String>) {
    let (advice, study) = (told.advice, told.study);
    let in_limit =
        matches!(advice.limit, LimitingFactor::SharedResource { resource: SharedResource::Memory, .. });
    let is_note = |note: &Note| matches!(note, Note::CpuGrowth { cause: CpuGrowthCause::Memory, .. });
    let in_notes = advice.notes.iter().any(is_note);
    let is_excused = advice.basis == Basis::Predicted || study.is_busy() || study.holds_gil();
    if (in_limit || in_notes) && is_excused {
        found.push("caches or memory bandwidth where something else explains it".to_owned());
    }
    if in_limit && study.shares_nothing() {
        found.push("a shared resource of tasks that share nothing".to_owned());
    }
}

fn of_comparison(told: &Told<'_>, found: &mut Vec<String>) {
    let (advice, study) = (told.advice, told.study);
    let text = prose::comparison::sentence(advice);
    for of in &advice.comparison.runners_up {
        let table = || Some(study.score(of.cell)? / study.score(advice.cell())?);
        if let Some(table) = table().filter(|table| !is_same(*table, of.ratio)) {
            found.push(format!("{} at {}, the table says {table}: {text}", of.cell, of.ratio));
        }
        let words = if of.ratio > 1.0 { ["slower", "worse"] } else { ["faster", "better"] };
        let named = text.split(['(', ';']).map(str::trim);
        let own: Vec<_> = named.filter(|part| part.starts_with(&format!("{} ", of.cell.strategy))).collect();
        let is_wrong = |part: &&str| {
            let figures = part.split(" is ").next().unwrap_or_default();
            words.iter().any(|word| figures.contains(word)) && !part.starts_with(&standing(advice))
        };
        if own.iter().any(is_wrong) {
            found.push(format!("{} has a ratio of {}: {text}", of.cell, of.ratio));
        }
        let agrees = match of.verdict {
            UncertainOrdering::Faster => of.ratio > 1.0,
            UncertainOrdering::Slower => of.ratio < 1.0,
            UncertainOrdering::Tie => (of.ratio.ln()).abs() <= INDIFFERENCE.ln_1p(),
            UncertainOrdering::Undecided => true,
        };
        if !agrees {
            found.push(format!("{:?} with a ratio of {}: {text}", of.verdict, of.ratio));
        }
    }
}

/// Returns the beginning of the sentence, which is about the recommended strategy.
fn standing(advice: &Recommendation) -> String {
    format!("{} is ", advice.strategy)
}

fn of_statement(told: &Told<'_>, found: &mut Vec<String>) {
    let Comparison { code, runners_up } = Comparison::of(told.advice);
    let any = |verdict| runners_up.iter().any(|of| of.verdict == verdict);
    let is_behind = runners_up.iter().any(|of| of.ratio > 1.0);
    let text = prose::comparison::sentence(told.advice);
    if matches!(code, ComparisonCode::Best | ComparisonCode::BestWithinNoise) && is_behind {
        found.push(format!("the recommended one is the fastest, but another is faster: {text}"));
    }
    let decided = matches!(code, ComparisonCode::Best | ComparisonCode::TiesWithBest);
    if decided && any(UncertainOrdering::Undecided) {
        found.push(format!("decided and undecided: {text}"));
    }
    let is_near = matches!(code, ComparisonCode::TiesWithBest | ComparisonCode::WithinNoiseOfBest);
    if is_near && any(UncertainOrdering::Faster) {
        found.push(format!("near the fastest, but another is faster beyond doubt: {text}"));
    }
    let is_low = told.advice.confidence == Confidence::Low;
    if is_low && code == ComparisonCode::Best && !text.contains("measured") {
        found.push(format!("the fastest with low confidence: {text}"));
    }
    let says_grows = matches!(told.advice.limit, LimitingFactor::NoGain { .. });
    if says_grows && told.advice.cell() != Configuration::REFERENCE {
        found.push("nothing gains over sequential, which is not recommended".to_owned());
    }
}

/// The parts of a comparison that a statement follows from.
struct Comparison<'a> {
    code: ComparisonCode,
    runners_up: &'a [RunnerUpFigures],
}

impl<'a> Comparison<'a> {
    fn of(advice: &'a Recommendation) -> Self {
        let is_speed = matches!(advice.comparison.objective, Objective::Throughput | Objective::Latency);
        let runners_up = if is_speed { &advice.comparison.runners_up[..] } else { &[] };
        Comparison { code: advice.comparison.code, runners_up }
    }
}

fn of_tree(told: &Told<'_>, found: &mut Vec<String>) {
    let advice = told.advice;
    let text = prose::comparison::sentence(advice);
    let (tree, is_same) = (advice.decision.strategy, advice.decision.strategy == advice.strategy);
    if advice.comparison.code == ComparisonCode::Predicted {
        return;
    }
    if is_same != text.contains("the decision tree agrees") {
        found.push(format!("the tree says {tree}, the advice {}: {text}", advice.strategy));
    }
    let rival = advice.comparison.runners_up.iter().find(|of| of.cell.strategy == tree);
    let has_none = text.contains("has no valid result");
    if !is_same && rival.is_none() != has_none {
        found.push(format!("the tree's {tree} has a result and has none: {text}"));
    }
    let ratio = if is_same { Some(1.0) } else { rival.map(|of| of.ratio) };
    if advice.comparison.tree_ratio != ratio {
        let told = advice.comparison.tree_ratio;
        found.push(format!("the tree has a ratio of {told:?} and of {ratio:?}: {text}"));
    }
}

fn of_notes(told: &Told<'_>, found: &mut Vec<String>) {
    for note in &told.advice.notes {
        let (Note::Undecided { configuration, runner_up }
        | Note::UndecidedNearBest { configuration, runner_up }) = note
        else {
            continue;
        };
        let rivals = &told.advice.comparison.runners_up;
        let is_open =
            |of: &RunnerUpFigures| of.cell == *runner_up && of.verdict == UncertainOrdering::Undecided;
        if *configuration != told.advice.cell() || !rivals.iter().any(is_open) {
            found.push(format!("the note says that it is undecided: {}", prose::notes::sentence(note)));
        }
    }
}

fn of_scaling(told: &Told<'_>, found: &mut Vec<String>) {
    let Some(model) = &told.model else { return };
    let Some(growth) = growth(&told.advice.limit) else { return };
    let text = prose::scaling::sentence(model);
    if model.usl.status == FitStatus::Saturated && model.usl.saturated_width <= Some(growth.from as f64) {
        found.push(format!("saturated where it grows from {} to {}: {text}", growth.from, growth.to));
    }
    let peak = model.usl.peak_width.filter(|_| model.usl.peak_status == Some(PeakStatus::Measured));
    if peak.is_some_and(|peak| peak <= growth.from as f64) {
        found.push(format!("peak where it grows from {} to {}: {text}", growth.from, growth.to));
    }
}

/// Finds configurations that are named but are no rows of the table.
fn of_rows(told: &Told<'_>, found: &mut Vec<String>) {
    let advice = told.advice;
    for fallback in &advice.fallbacks {
        let is_row =
            told.study.cells.iter().any(|result| {
                (result.cell.strategy, result.cell.width) == (fallback.strategy, fallback.width)
            });
        if !is_row || fallback.strategy == advice.strategy {
            found.push(format!("the fallback {} {} is no row", fallback.strategy, fallback.width));
        }
    }
    let named = advice.comparison.runners_up.iter().map(|of| of.cell).chain([advice.cell()]);
    for cell in named.filter(|cell| told.study.row(*cell).is_none()) {
        found.push(format!("{cell} is named and is no row"));
    }
}

fn is_same(a: f64, b: f64) -> bool {
    (a / b - 1.0).abs() < SAME
}

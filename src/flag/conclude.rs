//! Makes the report from a search.

use crate::flag::limit::limit;
use crate::flag::metric::Metric;
use crate::flag::parameters::ListedParameter;
use crate::flag::record::{Record, Run};
use crate::flag::result::{FlagCell, FlagNote, FlagRecommendation, FlagReport, FlagRun, FlagStatus, RunRole};
use crate::flag::run::{SearchEnding, Searched};
use crate::flag::search::Search;
use crate::flag::serial::serial_share;
use crate::flag::template::CommandTemplate;
use crate::policy::{CONTENDED_DISTRUST, SURE_FROM, UNSURE_BELOW};
use crate::profile::result::Confidence;

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct FlagQuestion {
    /// The words of the command as the user wrote them.
    pub command: Vec<String>,
    /// The command with its places.
    pub template: CommandTemplate,
    /// The listed parameter.
    pub list: Option<ListedParameter>,
    /// The number that the program prints.
    pub metric: Option<Metric>,
}

/// Makes the report; `None` if nothing ran.
pub(crate) fn conclude(question: &FlagQuestion, searched: &Searched) -> Option<FlagReport> {
    let search = &searched.search;
    let chosen = search.recommended()?;
    let space = search.space();
    let cells: Vec<FlagCell> = (0..search.records().len()).map(|i| cell(search, i)).collect();
    let standing = search.standings()?[chosen];
    let parameters = search.records()[chosen].parameters.clone();
    let beside = search.open_beside_leader();
    let busy = busy_machine(searched);
    let confidence = confidence(standing.near, cells[chosen].status, !beside.is_empty());
    let recommendation = FlagRecommendation {
        basis: cells[chosen].status,
        confidence: if busy.is_some() { confidence.min(Confidence::Medium) } else { confidence },
        near_best: standing.near,
        expected_regret: standing.regret.max(0.0),
        line: question.template.line(&parameters),
        limit: limit(search, chosen),
        serial: serial_share(search, chosen),
        notes: notes(searched, &beside).into_iter().chain(busy).collect(),
        parameters,
    };
    Some(FlagReport {
        command: question.command.clone(),
        list: question.list.clone(),
        metric: question.metric.as_ref().map(Metric::info),
        assumed_cpus: (space.assumed_cpus != space.cpus).then_some(space.assumed_cpus),
        reference: search.records()[search.reference()].parameters.clone(),
        cells,
        recommendation,
        cap: search.binding_cap(),
        runs: search.records().iter().map(|record| record.runs.len()).sum(),
        ending: searched.ending,
        budget_s: searched.budget.as_secs_f64(),
        elapsed_s: searched.elapsed.as_secs_f64(),
    })
}

/// Returns the confidence for a probability of being near the best; a prediction is a guess, and what has
/// neighbours of which nothing is known is not sure.
fn confidence(near: f64, basis: FlagStatus, has_open_neighbours: bool) -> Confidence {
    match near {
        near if near < UNSURE_BELOW || basis != FlagStatus::Measured => Confidence::Low,
        near if near < SURE_FROM || has_open_neighbours => Confidence::Medium,
        _ => Confidence::High,
    }
}

fn cell(search: &Search, i: usize) -> FlagCell {
    let record = &search.records()[i];
    let objective = search.space().objective;
    let standing = search.standings().map(|standings| standings[i]);
    let status = status(search, record);
    let known = standing.filter(|_| status != FlagStatus::Failed);
    let reference = search.standings().map(|standings| standings[search.reference()].rate);
    let is_measured = status == FlagStatus::Measured;
    let mean = |value: fn(&crate::flag::measure::RunMeasure) -> f64| is_measured.then(|| record.mean(value));
    FlagCell {
        parameters: record.parameters.clone(),
        status,
        estimate: known.map(|standing| objective.shown(standing.rate)),
        interval95: known.filter(|_| is_measured).map(|standing| {
            let ends = standing.credible95.map(|rate| objective.shown(rate));
            [ends[0].min(ends[1]), ends[0].max(ends[1])]
        }),
        predicted: search.predicted_rate(i).map(|rate| objective.shown(rate)),
        wall_s: mean(|run| run.wall_s),
        speedup: known.zip(reference).map(|(standing, reference)| standing.rate / reference),
        near_best: known.map(|standing| standing.near),
        expected_regret: known.map(|standing| standing.regret.max(0.0)),
        cpus_busy: mean(|run| run.cpus_busy()),
        cpu_user_s: mean(|run| run.cpu.user_s),
        cpu_system_s: mean(|run| run.cpu.system_s),
        peak_memory_bytes: record.peak_memory_bytes().filter(|_| is_measured),
        workers: record.runs.first().filter(|_| is_measured).map(|run| run.measure.workers),
        failure: record.failure.clone(),
        runs: record.runs.iter().map(run).collect(),
    }
}

fn status(search: &Search, record: &Record) -> FlagStatus {
    let is_capped = search.binding_cap().is_some_and(|cap| record.parameters.total() > cap.widest);
    if record.failure.is_some() {
        FlagStatus::Failed
    } else if record.is_measured() {
        FlagStatus::Measured
    } else if is_capped {
        FlagStatus::Capped
    } else {
        FlagStatus::Predicted
    }
}

fn run(run: &Run) -> FlagRun {
    FlagRun {
        round: run.round,
        at_s: run.at_s,
        wall_s: run.measure.wall_s,
        metric: run.measure.metric,
        role: if run.is_cold { RunRole::WarmUp } else { RunRole::Measured },
    }
}

/// Returns the note that other programs used much of the CPUs, if they did.
pub(super) fn busy_machine(searched: &Searched) -> Option<FlagNote> {
    let cpus = searched.search.space().cpus;
    let runs = searched.search.records().iter().flat_map(|record| &record.runs);
    let others: Vec<f64> = runs.map(|run| run.measure.others_cpus).collect();
    let others = others.iter().sum::<f64>() / others.len().max(1) as f64;
    (others > CONTENDED_DISTRUST * cpus).then_some(FlagNote::BusyMachine { others, cpus })
}

fn notes(searched: &Searched, beside: &[usize]) -> Vec<FlagNote> {
    let records = searched.search.records();
    let runs = || records.iter().flat_map(|record| &record.runs);
    let cold = records.iter().find_map(|record| {
        let first = record.runs.first().filter(|run| run.is_cold)?;
        Some(FlagNote::WarmUp { first_s: first.measure.wall_s, later_s: record.mean(|run| run.wall_s) })
    });
    let left = runs().map(|run| run.measure.left_behind).max().filter(|left| *left > 0);
    let is_unfinished = matches!(searched.ending, SearchEnding::Budget | SearchEnding::Interrupted);
    let unfinished = is_unfinished.then_some(FlagNote::Unfinished { ending: searched.ending });
    let only_first = (runs().count() <= 1).then_some(FlagNote::OnlyFirstRun);
    let left = left.map(|processes| FlagNote::LeftBehind { processes });
    let cells: Vec<_> = beside.iter().map(|i| records[*i].parameters.clone()).collect();
    let open = (!cells.is_empty() && only_first.is_none()).then_some(FlagNote::OpenNeighbours { cells });
    [cold, left, open, unfinished, only_first].into_iter().flatten().collect()
}

//! Carries out a search: round after round on a runner, within a budget.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::benchmark::event::{Event, Observer};
use crate::diagnostics::Code;
use crate::error::Error;
use crate::flag::measure::{RunFailure, RunMeasure};
use crate::flag::parameters::Parameters;
use crate::flag::search::{Search, SearchMode, SearchSpace};

/// Shortest default budget.
const MIN_BUDGET: Duration = Duration::from_secs(5);

/// Default budget in runs of the first cell.
const BUDGET_RUNS: u32 = 8;

/// Share of the budget by which the expected end of a run may pass it.
const OVERSHOOT: f64 = 0.05;

/// Seconds of the first run from which users are told how long the rest takes.
const LONG_RUN_S: f64 = 20.0;

/// Runs the command.
pub(crate) trait Runner {
    /// Runs the command once, with what has to run before and after it.
    ///
    /// # Errors
    /// When something else than the command fails.
    fn run(&mut self, parameters: &Parameters) -> Result<Result<RunMeasure, RunFailure>, Error>;

    /// Returns the time since the search began.
    fn elapsed(&self) -> Duration;

    /// Returns true if the user has interrupted the search.
    fn is_interrupted(&self) -> bool;

    /// Returns the last lines that the program printed in its last run.
    fn last_lines(&self) -> String;
}

/// The extent of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RunSettings {
    /// Time of the whole search; `None` is the default, which depends on the first run.
    pub budget: Option<Duration>,
    /// Runs of the first cell that are discarded.
    pub warmup: u32,
    /// The rule that ends the search.
    pub mode: SearchMode,
}

/// The reason why a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SearchEnding {
    /// More runs would not have changed the answer.
    Settled,
    /// The rounds asked for were done.
    Rounds,
    /// The next run did not fit in the budget.
    Budget,
    /// The user interrupted the search.
    Interrupted,
}

/// A search that has ended.
#[derive(Debug)]
pub(crate) struct Searched {
    /// Everything that was measured and is believed.
    pub search: Search,
    /// The reason for the end.
    pub ending: SearchEnding,
    /// The time that the search took.
    pub elapsed: Duration,
    /// The budget.
    pub budget: Duration,
}

/// Searches `space` on `runner`.
///
/// # Errors
/// When the program fails in every cell tried, never prints its metric, or the user interrupts before anything
/// ran.
pub(crate) fn search(
    space: SearchSpace,
    settings: RunSettings,
    runner: &mut dyn Runner,
    observer: &mut dyn Observer,
) -> Result<Searched, Error> {
    let mut session = Session {
        search: Search::new(space, settings.mode),
        settings,
        runner,
        observer,
        budget: settings.budget.unwrap_or(MIN_BUDGET),
        overhead_s: 0.0,
    };
    session.warm_up()?;
    let ending = session.rounds()?;
    let Session { search, runner, budget, .. } = session;
    if search.leader().is_none() {
        return Err(nothing_worked(&search, runner.is_interrupted()));
    }
    Ok(Searched { search, ending, elapsed: runner.elapsed(), budget })
}

struct Session<'a> {
    search: Search,
    settings: RunSettings,
    runner: &'a mut dyn Runner,
    observer: &'a mut dyn Observer,
    budget: Duration,
    /// Seconds that a run takes besides the program: hooks, above all.
    overhead_s: f64,
}

impl Session<'_> {
    fn warm_up(&mut self) -> Result<(), Error> {
        let first = self.search.records()[self.search.first()].parameters.clone();
        for _ in 0..self.settings.warmup {
            self.announce(&first, None);
            // A program that fails is told of when the run counts.
            let _ = self.runner.run(&first)?;
            if self.runner.is_interrupted() {
                return Err(Error::interrupted());
            }
        }
        Ok(())
    }

    fn rounds(&mut self) -> Result<SearchEnding, Error> {
        loop {
            let round = self.search.next_round();
            if round.is_empty() {
                let asked = matches!(self.settings.mode, SearchMode::Rounds(_) | SearchMode::Exhaustive(_));
                return Ok(if asked { SearchEnding::Rounds } else { SearchEnding::Settled });
            }
            let ended = self.round(&round);
            self.search.end_round();
            if let Some(ending) = ended? {
                return Ok(ending);
            }
        }
    }

    fn round(&mut self, round: &[usize]) -> Result<Option<SearchEnding>, Error> {
        for i in round {
            if !self.fits(*i) {
                return Ok(Some(SearchEnding::Budget));
            }
            self.run(*i)?;
            if self.runner.is_interrupted() {
                return Ok(Some(SearchEnding::Interrupted));
            }
        }
        Ok(None)
    }

    /// Returns true if a run is expected to end within the budget; the first run always does.
    fn fits(&self, i: usize) -> bool {
        let is_free = matches!(self.settings.mode, SearchMode::Rounds(_) | SearchMode::Exhaustive(_));
        let Some(expected_s) = self.search.expected_s(i).filter(|_| !is_free) else { return true };
        let end_s = self.runner.elapsed().as_secs_f64() + expected_s + self.overhead_s;
        end_s <= self.budget.as_secs_f64() * (1.0 + OVERSHOOT)
    }

    fn run(&mut self, i: usize) -> Result<(), Error> {
        let parameters = self.search.records()[i].parameters.clone();
        let is_first = self.search.leader().is_none();
        self.announce(&parameters, Some(self.budget).filter(|_| !is_first));
        let begun = self.runner.elapsed();
        let ran = self.runner.run(&parameters)?;
        if self.runner.is_interrupted() {
            return Ok(());
        }
        let took = self.runner.elapsed().saturating_sub(begun);
        self.observer.observe(&Event::RunEnded { label: parameters.to_string(), outcome: outcome(&ran) });
        if let Ok(measure) = &ran {
            self.overhead_s = (took.as_secs_f64() - measure.wall_s).max(0.0);
        }
        if is_first && ran.is_ok() {
            self.plan(took);
        }
        if !self.search.record(i, begun.as_secs_f64(), ran) {
            return self.without_metric(i);
        }
        Ok(())
    }

    fn announce(&mut self, parameters: &Parameters, budget: Option<Duration>) {
        let elapsed = self.runner.elapsed();
        let left = budget.map(|budget| budget.saturating_sub(elapsed));
        self.observer.observe(&Event::RunStarted { label: parameters.to_string(), elapsed, left });
    }

    /// Sets the budget by the first run, unless the user gave one.
    fn plan(&mut self, first: Duration) {
        if self.settings.budget.is_none() {
            self.budget = (first * BUDGET_RUNS).max(MIN_BUDGET);
        }
        let left = self.budget.saturating_sub(self.runner.elapsed());
        let is_guided = self.settings.mode == SearchMode::Guided;
        if first.as_secs_f64() >= LONG_RUN_S && is_guided {
            self.observer.observe(&Event::RunsAreLong { run_s: first.as_secs_f64(), left });
        }
    }

    /// Takes a cell out in which the program did not print its metric.
    fn without_metric(&mut self, i: usize) -> Result<(), Error> {
        if self.search.records().iter().any(|record| !record.runs.is_empty()) {
            let said = Some("the output has no number for --metric".to_owned());
            let failure = RunFailure { exit_code: Some(0), signal: None, said };
            self.search.record(i, 0.0, Err(failure));
            return Ok(());
        }
        let lines = self.runner.last_lines();
        let printed = if lines.is_empty() {
            "the program printed nothing".to_owned()
        } else {
            format!("the last lines of the output:\n{lines}")
        };
        Err(Error::new(
            Code::WorkloadMetric,
            format!("--metric: the pattern found no number above 0; {printed}"),
        ))
    }
}

fn outcome(ran: &Result<RunMeasure, RunFailure>) -> String {
    match ran {
        Ok(measure) => match measure.metric {
            Some(metric) => crate::units::PerSecond(metric).to_string(),
            None => crate::units::Seconds(measure.wall_s).to_string(),
        },
        Err(failure) => describe(failure),
    }
}

/// Returns the failure of a run in words.
pub(crate) fn describe(failure: &RunFailure) -> String {
    let end = match (failure.exit_code, failure.signal) {
        (Some(code), _) => format!("exit code {code}"),
        (_, Some(signal)) => format!("ended by signal {signal}"),
        _ => "stopped".to_owned(),
    };
    failure.said.as_ref().map_or(end.clone(), |said| format!("{end}: {said}"))
}

fn nothing_worked(search: &Search, is_interrupted: bool) -> Error {
    let failed =
        search.records().iter().find_map(|record| Some((&record.parameters, record.failure.as_ref()?)));
    match failed.filter(|_| !is_interrupted) {
        Some((parameters, failure)) => {
            let message = format!("the command failed with {parameters}: {}", describe(failure));
            Error::new(Code::TaskCommand, message)
        }
        None => Error::interrupted(),
    }
}

//! The batches of one configuration, added up.

use std::collections::{BTreeMap, BTreeSet};

use crate::benchmark::agreement::OutputComparison;
use crate::benchmark::event::Interim;
use crate::benchmark::plan::Candidate;
use crate::benchmark::result::{ConfigurationResult, Latency, LedgerPerTask, Reason, Round, Status};
use crate::diagnostics::Code;
use crate::stats::interval::{CONFIDENCE, geometric_mean_ci};
use crate::stats::proportion::Tally;
use crate::strategy::run::RunReport;
use crate::strategy::time_breakdown::WorkerTimeBreakdown;
use crate::workload::digest::Digest;
use crate::workload::outputs::{OutputCounts, Outputs};
use crate::workload::task_outcomes::{Latencies, TaskCounts, TaskOutcomes};

/// Number of batches from which an interval is reported: an interval from two is too wide to be of use.
const MIN_BATCHES_FOR_INTERVAL: usize = 3;

/// Everything measured of one configuration.
#[derive(Debug, Clone)]
pub struct CellRecord {
    candidate: Candidate,
    rounds: Vec<Round>,
    tally: TaskOutcomes,
    /// Digests by round, because batches of one round run the same tasks.
    digests: BTreeMap<u32, Digest>,
    outputs: Outputs,
    is_repeatable: bool,
    startup_s: f64,
    cpu_s: f64,
    peak_rss_bytes: u64,
    peak_pss_bytes: Option<u64>,
    ledger: Option<WorkerTimeBreakdown>,
}

impl CellRecord {
    /// Creates the record of a configuration that was not measured yet.
    pub fn new(candidate: Candidate) -> Self {
        CellRecord {
            candidate,
            rounds: Vec::new(),
            tally: TaskOutcomes::default(),
            digests: BTreeMap::new(),
            outputs: Outputs::default(),
            is_repeatable: true,
            startup_s: 0.0,
            cpu_s: 0.0,
            peak_rss_bytes: 0,
            peak_pss_bytes: None,
            ledger: None,
        }
    }

    /// Adds a batch of round `round`.
    pub fn add(&mut self, round: u32, throughput_per_s: f64, report: &RunReport) {
        self.rounds.push(Round { round, throughput_per_s });
        let digest = self.digests.entry(round).or_default();
        self.is_repeatable &= report.tally.digest.agrees_with(digest) != Some(false);
        if report.tally.digest.complete() > digest.complete() {
            digest.clone_from(&report.tally.digest);
        }
        self.note(&report.tally.outputs);
        self.tally.merge(&report.tally);
        self.startup_s += report.startup_s;
        self.cpu_s += report.cpu.total_s();
        self.peak_rss_bytes = self.peak_rss_bytes.max(report.peak_rss_bytes);
        self.peak_pss_bytes = self.peak_pss_bytes.max(report.peak_pss_bytes);
        if let Some(ledger) = &report.ledger {
            self.ledger.get_or_insert_default().merge(ledger);
        }
    }

    /// Returns the throughput of every batch.
    pub fn rounds(&self) -> &[Round] {
        &self.rounds
    }

    /// Returns the counts of task outcomes.
    pub fn counts(&self) -> TaskCounts {
        self.tally.counts
    }

    /// Adds outputs of tasks that ran outside of the batches, such as in the profile.
    pub fn note(&mut self, outputs: &Outputs) {
        self.outputs.merge(outputs);
    }

    /// Returns the outputs of items that ran more than once, and those of them that changed.
    pub(crate) fn changed(&self) -> Tally {
        with_digests(tally(self.outputs.repeats()), Some(self.is_repeatable))
    }

    /// Compares the outputs with those of the reference, and with one another; `None` if nothing can be
    /// compared.
    pub(crate) fn compare(&self, reference: &CellRecord) -> Option<OutputComparison> {
        let shared = |(round, digest): (&u32, &Digest)| reference.digests.get(round)?.agrees_with(digest);
        let agrees = self.digests.iter().filter_map(shared).reduce(|all, one| all && one);
        let own = tally(self.outputs.compare(&reference.outputs));
        OutputComparison::judge(self.changed().plus(with_digests(own, agrees)), reference.changed())
    }

    /// Returns the outputs of some items.
    pub fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    /// Returns what the batches so far say; `None` if no task has succeeded.
    pub(crate) fn interim(&self) -> Option<Interim> {
        let rates: Vec<f64> = self.rounds.iter().map(|round| round.throughput_per_s).collect();
        let interval = geometric_mean_ci(&rates, CONFIDENCE).filter(|_| self.tally.counts.ok > 0)?;
        Some(Interim {
            cell: self.candidate.cell,
            per_s: interval.estimate,
            interval95: (interval.n >= MIN_BATCHES_FOR_INTERVAL).then_some([interval.lo, interval.hi]),
            batches: rates.len(),
            is_leader: false,
        })
    }

    /// Sums up the batches; the digest covers `items`.
    pub fn summarise(&self, items: &BTreeSet<u64>) -> ConfigurationResult {
        let rates: Vec<f64> = self.rounds.iter().map(|round| round.throughput_per_s).collect();
        let interval = geometric_mean_ci(&rates, CONFIDENCE);
        let started = self.tally.counts.started().max(1) as f64;
        let failure = self.failure();
        ConfigurationResult {
            cell: self.candidate.cell,
            status: if failure.is_some() { Status::Failed } else { Status::Ok },
            reason: failure,
            predicted_per_s: Some(self.candidate.predicted_per_s),
            throughput_per_s: interval.map(|i| i.estimate),
            outlook: None,
            cpu_others: None,
            cpu_stolen: None,
            ci95: interval.filter(|i| i.n >= MIN_BATCHES_FOR_INTERVAL).map(|i| [i.lo, i.hi]),
            speedup: None,
            latency_s: latency(&self.tally.latencies),
            cpu_s_per_task: Some(self.cpu_s / started),
            startup_s: Some(self.startup_s / self.rounds.len().max(1) as f64),
            peak_rss_bytes: Some(self.peak_rss_bytes),
            peak_pss_bytes: self.peak_pss_bytes,
            tasks: self.tally.counts,
            errors: self.tally.errors(),
            digest: (!items.is_empty() && self.changed().hits == 0)
                .then(|| format!("{:016x}", self.outputs.digest(items))),
            outputs: None,
            ledger: self.ledger_per_task(),
            rounds: self.rounds.clone(),
        }
    }

    fn ledger_per_task(&self) -> Option<LedgerPerTask> {
        let ledger = self.ledger.as_ref()?;
        let tasks = self.tally.counts.started().max(1) as f64;
        Some(LedgerPerTask {
            workers: ledger.workers,
            startup_s: ledger.startup_s / tasks,
            waiting_s: ledger.waiting_s / tasks,
            working_s: ledger.working_s / tasks,
            transfer_s: ledger.transfer_s / tasks,
            tasks_per_message: ledger.costs.tasks_per_message()?,
            message_s: ledger.costs.message_s(),
        })
    }

    /// Returns the reason why the cell counts as failed, if not one of its tasks succeeded.
    fn failure(&self) -> Option<Reason> {
        let first = || self.tally.errors().into_iter().next();
        (self.tally.counts.ok == 0).then(|| match first() {
            Some(error) => Reason::new(error.code, error.message),
            None => Reason::new(Code::WorkloadUnreachable, "no task was started"),
        })
    }
}

fn tally(counts: OutputCounts) -> Tally {
    Tally { hits: counts.differing, trials: counts.compared }
}

/// Adds a difference that is only in the digests, which cover items that no sample holds.
fn with_digests(sampled: Tally, agrees: Option<bool>) -> Tally {
    let is_only_there = agrees == Some(false) && sampled.hits == 0;
    if is_only_there { sampled.plus(Tally { hits: 1, trials: 1 }) } else { sampled }
}

fn latency(latencies: &Latencies) -> Option<Latency> {
    Some(Latency {
        p50: latencies.quantile(0.5)?,
        p90: latencies.quantile(0.9)?,
        p99: latencies.quantile(0.99)?,
        max: latencies.max()?,
    })
}

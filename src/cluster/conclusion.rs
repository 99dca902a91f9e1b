//! What came of a run on an engine.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::cluster::watch::Left;
use crate::error::Error;
use crate::job::committer::Committed;
use crate::job::config::JobConfig;
use crate::job::counters::Counters;
use crate::job::engine_report::EngineReport;
use crate::job::failure::{JobFailure, JobOutcome};
use crate::job::summary::{ItemCounts, JobEnd, JobSummary};
use crate::job::width::{WidthLimit, WidthReport, WidthStep};
use crate::strategy::StrategyKind;

/// A run that has ended.
pub(crate) struct Ended<'a> {
    /// What it was asked to do.
    pub(crate) config: &'a JobConfig,
    /// What the committer knows.
    pub(crate) committed: Committed,
    /// The numbers of items.
    pub(crate) left: Left<'a>,
    /// Attempts, and what they cost.
    pub(crate) counters: &'a Counters,
    /// The reason why the engine ended before its time.
    pub(crate) gone: Option<Error>,
    /// The engine.
    pub(crate) engine: EngineReport,
    /// The strategy of a callable.
    pub(crate) strategy: Option<StrategyKind>,
    /// Seconds from start to end.
    pub(crate) elapsed_s: f64,
}

impl Ended<'_> {
    /// Returns the outcome; a run that is detached has not ended.
    pub(crate) fn outcome(self, is_detached: bool) -> JobOutcome {
        let failure = self.committed.error.map(JobFailure::Commit);
        let failure = failure.or_else(|| self.left.read.take_error().map(JobFailure::Items));
        let failure = failure.or_else(|| self.gone.map(JobFailure::Engine));
        let load = self.left.scheduler.load();
        let end = match (&failure, self.left.shutdown.asked()) {
            (Some(_), _) => JobEnd::Broken,
            (None, _) if is_detached => JobEnd::Detached,
            (None, None) => JobEnd::Complete,
            (None, Some(_)) if load.is_halted => JobEnd::Halted,
            (None, Some(_)) => JobEnd::Interrupted,
        };
        let items = ItemCounts {
            ok: count(&self.left.reported.ok),
            failed: count(&self.left.reported.failed),
            skipped: count(&self.left.read.skipped),
            skipped_failed: count(&self.left.read.skipped_failed),
            not_run: if end == JobEnd::Complete { Some(0) } else { self.left.unfinished() },
        };
        let width = (self.engine.threads * self.engine.inner_width).max(1) as usize;
        let summary = JobSummary {
            name: self.config.name.clone(),
            command: self.config.command.clone(),
            items,
            end,
            elapsed_s: self.elapsed_s,
            attempts: self.counters.attempts(),
            requeued: count(&self.counters.requeued),
            task_s: self.counters.task_s(),
            task_cpu_s: self.counters.task_cpu_s(),
            // What items wait for on a worker, nobody looks at.
            class: None,
            own_cpu_share: None,
            loop_blocked_share: None,
            per_second: items.ok as f64 / self.elapsed_s.max(f64::MIN_POSITIVE),
            strategy: self.strategy,
            processes: None,
            width: WidthReport {
                width,
                choice: "engine".to_owned(),
                steps: vec![WidthStep { at_s: 0.0, width }],
                limit: WidthLimit::Unknown,
                per_second: None,
                error: None,
                rejected: 0,
                search_cost_s: 0.0,
            },
            failed: self.committed.failed,
            journal: self.config.journal.as_ref().map(|journal| journal.path.display().to_string()),
            engine: Some(self.engine),
        };
        JobOutcome { summary, failure }
    }
}

fn count(number: &AtomicU64) -> u64 {
    number.load(Ordering::Relaxed)
}

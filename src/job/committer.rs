//! The one thread that takes finished items: it delivers their output, writes results, and records them.
//!
//! In that order: an item that is recorded has been delivered. Items that finish together are made durable
//! together, so that waiting for the disk costs as little per item as it can.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError};

use crate::job::command::CommandTemplate;
use crate::job::commit_error::CommitError;
use crate::job::delivery::{Streams, deliver};
use crate::job::item_order::InOrder;
use crate::job::joblog::JobLog;
use crate::job::journal::{Journal, Record, RecordStatus, hash_of};
use crate::job::outcome::{Ending, Finished};
use crate::job::results::Results;
use crate::job::scheduler::Scheduler;
use crate::job::shutdown::Stop;
use crate::job::summary::FailedItem;

/// Time for which finished items are gathered before they are delivered together: a thread that is woken for each
/// of them takes CPU time from the commands, and nobody reads output 200 times a second.
const GATHERED: Duration = Duration::from_millis(5);

/// Time for which they are gathered where they are made durable, which costs a write to the disk.
const GATHERED_DURABLY: Duration = Duration::from_millis(25);

/// Failed items that are described in the summary, at most.
const MAX_DESCRIBED: usize = 100;

/// Items that are reported as finished.
#[derive(Debug, Default)]
pub(crate) struct Reported {
    /// Items that succeeded.
    pub(crate) ok: AtomicU64,
    /// Items that failed.
    pub(crate) failed: AtomicU64,
}

/// Everything that finished items are written to.
pub(crate) struct Committer<'a> {
    /// The streams of this process; `None` if output was passed on already, or is not wanted.
    pub(crate) streams: Option<&'a dyn Streams>,
    /// Whether lines begin with the item.
    pub(crate) is_tagged: bool,
    /// The items that wait for earlier ones, with `--keep-order`.
    pub(crate) order: Option<InOrder>,
    /// The results.
    pub(crate) results: Option<Results>,
    /// The journal.
    pub(crate) journal: Option<Journal>,
    /// The job log.
    pub(crate) joblog: Option<JobLog>,
    /// The command, for the job log.
    pub(crate) template: &'a CommandTemplate,
    /// The directory for large outputs.
    pub(crate) scratch: &'a Path,
    /// The scheduler, which is told how far the order is, and to end after a failure.
    pub(crate) scheduler: &'a Scheduler,
    /// The numbers that are reported.
    pub(crate) reported: &'a Reported,
}

/// What a committer knows at the end.
#[derive(Debug, Default)]
pub(crate) struct Committed {
    /// The first items that failed.
    pub(crate) failed: Vec<FailedItem>,
    /// The failure that ended the run.
    pub(crate) error: Option<CommitError>,
}

/// Items since the last commit.
#[derive(Debug, Default)]
struct Batch {
    ok: u64,
    failed: u64,
}

impl Committer<'_> {
    /// Takes finished items until nobody sends any more.
    pub(crate) fn run(mut self, finished: &Receiver<Finished>) -> Committed {
        let mut committed = Committed::default();
        while let Ok(first) = finished.recv() {
            // After a failure, what still ends is not recorded: it runs again when the run is resumed.
            if committed.error.is_some() {
                continue;
            }
            if let Err(error) = self.take_group(first, finished, &mut committed.failed) {
                committed.error = Some(error);
                self.scheduler.wake(Stop::Now);
            }
        }
        if committed.error.is_none() {
            committed.error = self.flush_order(&mut committed.failed).err();
        }
        committed
    }

    fn take_group(
        &mut self,
        first: Finished,
        finished: &Receiver<Finished>,
        failed: &mut Vec<FailedItem>,
    ) -> Result<(), CommitError> {
        let mut batch = Batch::default();
        let gathered = if self.journal.is_some() { GATHERED_DURABLY } else { GATHERED };
        let deadline = Instant::now() + gathered;
        self.accept(first, &mut batch, failed)?;
        loop {
            match finished.try_recv() {
                Ok(next) => self.accept(next, &mut batch, failed)?,
                Err(TryRecvError::Empty) if Instant::now() < deadline => std::thread::sleep(GATHERED),
                Err(_) => return self.commit(&batch),
            }
        }
    }

    /// Takes an item, or those that waited for it.
    fn accept(
        &mut self,
        finished: Finished,
        batch: &mut Batch,
        failed: &mut Vec<FailedItem>,
    ) -> Result<(), CommitError> {
        let Some(order) = &mut self.order else { return self.write(&finished, batch, failed) };
        order.add(finished, self.scratch).map_err(cannot("keep output for its turn"))?;
        while let Some(next) = self.order.as_mut().and_then(InOrder::pop) {
            self.write(&next, batch, failed)?;
        }
        if let Some(order) = &mut self.order {
            order.tidy();
            self.scheduler.delivered(order.next());
        }
        Ok(())
    }

    fn write(
        &mut self,
        finished: &Finished,
        batch: &mut Batch,
        failed: &mut Vec<FailedItem>,
    ) -> Result<(), CommitError> {
        if let Some(streams) = self.streams {
            deliver(finished, streams, self.is_tagged).map_err(cannot("write output"))?;
        }
        let results = match &mut self.results {
            Some(results) => results.add(finished).map_err(cannot("write results"))?,
            None => None,
        };
        if let Some(joblog) = &mut self.joblog {
            joblog.add(finished, self.template).map_err(cannot("write the job log"))?;
        }
        if let Some(journal) = &mut self.journal {
            journal.add(record(finished, results));
        }
        if finished.is_success {
            batch.ok += 1;
        } else {
            batch.failed += 1;
            if failed.len() < MAX_DESCRIBED {
                failed.push(FailedItem::of(finished));
            }
        }
        Ok(())
    }

    /// Makes everything durable, results before the journal that speaks of them; then reports it.
    fn commit(&mut self, batch: &Batch) -> Result<(), CommitError> {
        if batch.ok + batch.failed == 0 {
            return Ok(());
        }
        if let Some(results) = &mut self.results {
            let written = if self.journal.is_some() { results.sync() } else { results.flush() };
            written.map_err(cannot("write results"))?;
        }
        if let Some(journal) = &mut self.journal {
            journal.commit().map_err(cannot("write the journal"))?;
        }
        if let Some(joblog) = &mut self.joblog {
            joblog.flush().map_err(cannot("write the job log"))?;
        }
        self.reported.ok.fetch_add(batch.ok, Ordering::Relaxed);
        self.reported.failed.fetch_add(batch.failed, Ordering::Relaxed);
        Ok(())
    }

    /// Writes what still waits for earlier items, which will not come any more.
    fn flush_order(&mut self, failed: &mut Vec<FailedItem>) -> Result<(), CommitError> {
        let mut batch = Batch::default();
        while let Some(next) = self.order.as_mut().and_then(InOrder::pop_any) {
            self.write(&next, &mut batch, failed)?;
        }
        self.commit(&batch)
    }
}

fn record(finished: &Finished, results: Option<u64>) -> Record {
    let (exit, signal) = finished.last.ending.exit_and_signal();
    Record {
        number: finished.item.number,
        item_hash: hash_of(&finished.item.bytes),
        status: if finished.is_success { RecordStatus::Ok } else { RecordStatus::Failed },
        exit,
        signal,
        attempts: finished.attempts,
        seconds: finished.last.seconds,
        results,
        group: 0,
    }
}

fn cannot(doing: &str) -> impl FnOnce(io::Error) -> CommitError {
    let doing = format!("cannot {doing}");
    move |error| CommitError { doing, error }
}

impl FailedItem {
    /// Describes an item that failed.
    fn of(finished: &Finished) -> Self {
        let (exit, signal) = match finished.last.ending {
            Ending::Exited(code) => (Some(code), None),
            Ending::Signaled(signal) => (None, Some(signal)),
            _ => (None, None),
        };
        let reason = match &finished.last.ending {
            Ending::Broken(reason) | Ending::Exhausted(reason) | Ending::Raised(_, reason) => {
                Some(reason.clone())
            }
            _ => finished.last.output.last_words(),
        };
        FailedItem {
            number: finished.item.number,
            item: finished.item.shown(),
            exit,
            signal,
            is_timeout: finished.last.ending == Ending::TimedOut,
            attempts: finished.attempts,
            message: reason,
        }
    }
}

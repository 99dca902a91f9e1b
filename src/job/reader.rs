//! The thread that reads items, leaves out what is done already, and hands the others to the scheduler.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::job::items::{ItemSource, JobItem, shown};
use crate::job::journal::{Recorded, Resumed};
use crate::job::scheduler::Scheduler;
use crate::job::shutdown::Stop;

/// The reason why items cannot be read to their end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ItemsError {
    /// The source cannot be read.
    #[error("items cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The journal belongs to other items.
    #[error("the journal belongs to other items: item {number} is '{item}' now")]
    Other {
        /// The number of the item, from 1.
        number: u64,
        /// The item.
        item: String,
    },
    /// The journal knows more items than there are.
    #[error("the journal belongs to other items: it knows item {known}, and there are only {found}")]
    Fewer {
        /// The number of the last item that the journal knows.
        known: u64,
        /// The number of items.
        found: u64,
    },
}

/// What the reader has found so far.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// Items of the source.
    pub(crate) found: AtomicU64,
    /// Items that an earlier run had finished.
    pub(crate) skipped: AtomicU64,
    /// Those of them that had failed.
    pub(crate) skipped_failed: AtomicU64,
    error: Mutex<Option<ItemsError>>,
}

impl Read {
    /// Takes the failure of the reader.
    pub(crate) fn take_error(&self) -> Option<ItemsError> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The items that run again when a run is resumed.
#[derive(Debug)]
pub(crate) struct Resume {
    /// What earlier runs have finished.
    pub(crate) recorded: Recorded,
    /// Whether items that had failed run again.
    pub(crate) retries_failed: bool,
}

impl Resume {
    /// Checks that the items are those of the journal, before anything is run.
    ///
    /// # Errors
    /// When they are not. Standard input is checked while it is read.
    pub(crate) fn check(&self, source: &ItemSource) -> Result<(), ItemsError> {
        if matches!(source, ItemSource::Stdin(_)) {
            return Ok(());
        }
        let known = self.recorded.last_number();
        let mut found = 0;
        for item in source.open_numbered()?.take(usize::try_from(known).unwrap_or(usize::MAX)) {
            let (number, item) = item?;
            found = number;
            if self.recorded.resume(number, &item, false) == Resumed::Other {
                return Err(ItemsError::Other { number, item: shown(&item) });
            }
        }
        if found < known { Err(ItemsError::Fewer { known, found }) } else { Ok(()) }
    }
}

/// Reads all items on a thread of its own, which nobody waits for: standard input may never end.
pub(crate) fn start(source: ItemSource, resume: Option<Resume>, scheduler: Arc<Scheduler>) -> Arc<Read> {
    let read = Arc::new(Read::default());
    let shared = Arc::clone(&read);
    std::thread::spawn(move || {
        if let Err(error) = read_all(&source, resume.as_ref(), &scheduler, &shared) {
            *shared.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            scheduler.wake(Stop::Soon);
        }
        scheduler.complete();
    });
    read
}

fn read_all(
    source: &ItemSource,
    resume: Option<&Resume>,
    scheduler: &Scheduler,
    read: &Read,
) -> Result<(), ItemsError> {
    let mut order = 0;
    for item in source.open_numbered()? {
        let (number, bytes) = item?;
        read.found.fetch_add(1, Ordering::Relaxed);
        let resumed = resume
            .map_or(Resumed::Run, |resume| resume.recorded.resume(number, &bytes, resume.retries_failed));
        match resumed {
            Resumed::Other => return Err(ItemsError::Other { number, item: shown(&bytes) }),
            Resumed::Done { is_success } => {
                read.skipped.fetch_add(1, Ordering::Relaxed);
                read.skipped_failed.fetch_add(u64::from(!is_success), Ordering::Relaxed);
            }
            Resumed::Run => {
                if !scheduler.push(JobItem { number, order, bytes }) {
                    return Ok(());
                }
                order += 1;
            }
        }
    }
    Ok(())
}

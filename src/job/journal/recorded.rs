//! The items that an earlier run has finished.

use crate::job::journal::line::{Record, RecordStatus, hash_of};

/// What is known of an item: five bytes each, so that a million take five megabytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Nothing,
    Ok,
    Failed,
}

/// The items that an earlier run has finished, by their numbers.
#[derive(Debug)]
pub(crate) struct Recorded {
    known: Vec<Known>,
    hashes: Vec<u32>,
    /// Length of the file of results that belongs to the last record, in bytes.
    results: Option<u64>,
}

/// What to do with an item of a run that is resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resumed {
    /// It was not finished: it is run.
    Run,
    /// It is done.
    Done {
        /// Whether it had succeeded.
        is_success: bool,
    },
    /// The journal knows another item of this number.
    Other,
}

impl Recorded {
    /// Begins without any.
    pub(crate) fn new() -> Self {
        Recorded { known: Vec::new(), hashes: Vec::new(), results: None }
    }

    /// Adds a record; the last of an item counts.
    pub(super) fn add(&mut self, record: &Record) {
        let Ok(at) = usize::try_from(record.number.saturating_sub(1)) else { return };
        if at >= self.known.len() {
            self.known.resize(at + 1, Known::Nothing);
            self.hashes.resize(at + 1, 0);
        }
        self.known[at] = match record.status {
            RecordStatus::Ok => Known::Ok,
            RecordStatus::Failed => Known::Failed,
        };
        self.hashes[at] = record.item_hash;
        self.results = record.results.or(self.results);
    }

    /// Returns what to do with an item; `retries_failed` runs those again that had failed.
    pub(crate) fn resume(&self, number: u64, item: &[u8], retries_failed: bool) -> Resumed {
        let at = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        match self.known.get(at) {
            None | Some(Known::Nothing) => Resumed::Run,
            Some(_) if self.hashes[at] != hash_of(item) => Resumed::Other,
            Some(Known::Failed) if retries_failed => Resumed::Run,
            Some(known) => Resumed::Done { is_success: *known == Known::Ok },
        }
    }

    /// Returns the length of the file of results that the journal knows; 0 if it knows none.
    pub(crate) fn results_length(&self) -> u64 {
        self.results.unwrap_or(0)
    }

    /// Returns the number of the last item that is recorded.
    pub(crate) fn last_number(&self) -> u64 {
        self.known.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u64, item: &[u8], status: RecordStatus) -> Record {
        let item_hash = hash_of(item);
        Record {
            number,
            item_hash,
            status,
            exit: 0,
            signal: 0,
            attempts: 1,
            seconds: 0.1,
            results: Some(number * 10),
            group: 0,
        }
    }

    #[test]
    fn what_is_recorded_is_done_and_anything_else_runs() {
        let mut recorded = Recorded::new();
        recorded.add(&record(3, b"c", RecordStatus::Ok));
        recorded.add(&record(1, b"a", RecordStatus::Failed));
        assert_eq!(recorded.resume(3, b"c", true), Resumed::Done { is_success: true });
        assert_eq!(recorded.resume(1, b"a", false), Resumed::Done { is_success: false });
        assert_eq!(recorded.resume(1, b"a", true), Resumed::Run);
        assert_eq!(recorded.resume(2, b"b", true), Resumed::Run);
        assert_eq!(recorded.resume(9, b"x", true), Resumed::Run);
        assert_eq!(recorded.resume(3, b"d", true), Resumed::Other);
        recorded.add(&record(1, b"a", RecordStatus::Ok));
        assert_eq!(recorded.resume(1, b"a", true), Resumed::Done { is_success: true });
        assert_eq!((recorded.results_length(), recorded.last_number()), (10, 3));
    }
}

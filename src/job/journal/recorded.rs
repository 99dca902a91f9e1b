//! The items that an earlier run has finished.

use std::collections::BTreeMap;

use crate::job::journal::line::{Record, RecordStatus, hash_of};

/// What is known of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Nothing,
    Ok,
    Failed,
}

/// Items of a page: the numbers of a run are close together, and a journal may have been edited.
const PAGE_ITEMS: u64 = 1 << 10;

/// Items with neighbouring numbers: five bytes each, so that a million take five megabytes.
#[derive(Debug)]
struct Page {
    known: [Known; PAGE_ITEMS as usize],
    hashes: [u32; PAGE_ITEMS as usize],
}

/// The items that an earlier run has finished, by their numbers.
#[derive(Debug)]
pub(crate) struct Recorded {
    pages: BTreeMap<u64, Box<Page>>,
    last_number: u64,
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
        Recorded { pages: BTreeMap::new(), last_number: 0, results: None }
    }

    /// Adds a record; the last of an item counts.
    pub(super) fn add(&mut self, record: &Record) {
        let (page, at) = place(record.number);
        let page = self.pages.entry(page).or_insert_with(|| {
            Box::new(Page { known: [Known::Nothing; PAGE_ITEMS as usize], hashes: [0; PAGE_ITEMS as usize] })
        });
        page.known[at] = match record.status {
            RecordStatus::Ok => Known::Ok,
            RecordStatus::Failed => Known::Failed,
        };
        page.hashes[at] = record.item_hash;
        self.last_number = self.last_number.max(record.number);
        self.results = record.results.or(self.results);
    }

    /// Returns what to do with an item; `retries_failed` runs those again that had failed.
    pub(crate) fn resume(&self, number: u64, item: &[u8], retries_failed: bool) -> Resumed {
        let (page, at) = place(number);
        let Some(page) = self.pages.get(&page) else { return Resumed::Run };
        match page.known[at] {
            Known::Nothing => Resumed::Run,
            _ if page.hashes[at] != hash_of(item) => Resumed::Other,
            Known::Failed if retries_failed => Resumed::Run,
            known => Resumed::Done { is_success: known == Known::Ok },
        }
    }

    /// Returns the length of the file of results that the journal knows; 0 if it knows none.
    pub(crate) fn results_length(&self) -> u64 {
        self.results.unwrap_or(0)
    }

    /// Returns the number of the last item that is recorded.
    pub(crate) fn last_number(&self) -> u64 {
        self.last_number
    }
}

/// Returns the page of an item and its place there.
fn place(number: u64) -> (u64, usize) {
    let index = number.saturating_sub(1);
    (index / PAGE_ITEMS, (index % PAGE_ITEMS) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_number_takes_no_more_memory_than_the_first() {
        let mut recorded = Recorded::new();
        recorded.add(&record(u64::MAX, b"z", RecordStatus::Ok));
        recorded.add(&record(0, b"0", RecordStatus::Ok));
        assert_eq!(recorded.pages.len(), 2);
        assert_eq!(recorded.resume(u64::MAX, b"z", false), Resumed::Done { is_success: true });
        assert_eq!(recorded.last_number(), u64::MAX);
    }

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
            results: Some(number.saturating_mul(10)),
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

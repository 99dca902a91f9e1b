//! All parts of a run, with the items that are not finished.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::cluster::slurm::follow::Followed;
use crate::cluster::slurm::number_set::NumberSet;
use crate::cluster::slurm::orders::Orders;
use crate::cluster::slurm::part::{self, Part};
use crate::cluster::slurm::queue_state::TaskState;
use crate::job::items::{JobItem, NumberedStream};
use crate::job::outcome::Attempt;
use crate::job::scheduler::Work;

/// Time after the end of an array task in which its last records may still come: a shared directory shows them late.
const GRACE: Duration = Duration::from_secs(2);

/// What array tasks have left behind.
#[derive(Debug, Default)]
pub(crate) struct LeftBehind {
    /// Parts whose array tasks failed, with the reason: their items are submitted again.
    pub(crate) failed: Vec<(u64, String)>,
    /// Number of items of array tasks that somebody has cancelled.
    pub(crate) cancelled: u64,
}

/// The parts of a run.
#[derive(Debug)]
pub(crate) struct Parts {
    shared: PathBuf,
    parts: Vec<Part>,
    /// The numbers of items that are not finished.
    unfinished: NumberSet,
    orders: Orders,
    /// When parts were seen to be over although items are missing.
    over: HashMap<u64, Instant>,
}

impl Parts {
    /// Begins without any.
    pub(crate) fn new(shared: PathBuf) -> Self {
        let (unfinished, orders) = (NumberSet::default(), Orders::default());
        Parts { shared, parts: Vec::new(), unfinished, orders, over: HashMap::new() }
    }

    /// Notes items that have to be run.
    pub(crate) fn expect(&mut self, works: &[Work]) {
        for Work { item, .. } in works {
            self.unfinished.insert(item.number);
            self.orders.add(item.number, item.order);
        }
    }

    /// Makes a part of items.
    ///
    /// # Errors
    /// When the shared directory cannot be written to.
    pub(crate) fn add(
        &mut self,
        number: u64,
        items: impl Iterator<Item = io::Result<(u64, Box<[u8]>)>>,
    ) -> io::Result<()> {
        self.parts.push(Part::write(&self.shared, number, items)?);
        Ok(())
    }

    /// Takes up a part that an earlier run has made, and adds the numbers of its items to `taken`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn take_up(&mut self, number: u64, taken: &mut NumberSet) -> io::Result<()> {
        let part = Part::read(&self.shared, number)?;
        taken.add_all(&part.left);
        self.parts.push(part);
        Ok(())
    }

    /// Reads all items of a part.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn items(&self, number: u64) -> io::Result<NumberedStream> {
        part::items(&self.shared, number)
    }

    /// Returns the number of items that are not finished.
    pub(crate) fn unfinished(&self) -> u64 {
        self.unfinished.length()
    }

    /// Returns true if an item is not finished.
    pub(crate) fn is_unfinished(&self, number: u64) -> bool {
        self.unfinished.contains(number)
    }

    /// Finishes an item; `None` if it was finished before.
    pub(crate) fn finish(&mut self, number: u64, bytes: Box<[u8]>) -> Option<Work> {
        self.unfinished.remove(number).then(|| work(number, bytes, &self.orders))
    }

    /// Returns true if nothing more is to be expected of any part.
    pub(crate) fn are_settled(&self) -> bool {
        self.parts.iter().all(|part| part.is_settled)
    }

    /// Returns the number of parts that are not settled.
    pub(crate) fn open(&self) -> u32 {
        self.parts.iter().filter(|part| !part.is_settled).count().try_into().unwrap_or(u32::MAX)
    }

    /// Returns true if one of some parts is still to be followed.
    pub(crate) fn has_open(&self, from: u64, count: u64) -> bool {
        self.parts.iter().any(|part| !part.is_settled && (from..from + count).contains(&part.number))
    }

    /// Returns the last line that a part has left in its log.
    pub(crate) fn last_words(&self, number: u64) -> Option<String> {
        self.parts.iter().find(|part| part.number == number)?.follower.last_words()
    }

    /// Returns whether a part has begun on its node.
    pub(crate) fn has_begun(&self, number: u64) -> bool {
        self.parts.iter().any(|part| part.number == number && part.follower.has_begun())
    }

    /// Hands out the items that were finished since the last call.
    ///
    /// # Errors
    /// When the shared directory cannot be read.
    pub(crate) fn follow(
        &mut self,
        scratch: &Path,
        take: &mut dyn FnMut(Work, u32, Attempt),
    ) -> io::Result<()> {
        let Parts { parts, unfinished, orders, .. } = self;
        for part in parts.iter_mut().filter(|part| !part.is_settled) {
            let Part { follower, left, .. } = part;
            follower.follow(scratch, &mut |Followed { number, bytes, attempts, attempt }| {
                left.remove(number);
                // An item that was submitted again may be finished by both.
                if unfinished.remove(number) {
                    take(work(number, bytes, orders), attempts, attempt);
                }
            })?;
            part.is_settled = part.left.length() == 0;
        }
        Ok(())
    }

    /// Settles the parts of a job that are over by what Slurm says of them; a part that it does not know is over.
    pub(crate) fn settle(
        &mut self,
        from: u64,
        count: u64,
        state: impl Fn(u64) -> TaskState,
        left: &mut LeftBehind,
    ) {
        let now = Instant::now();
        let is_of_job = |part: &&mut Part| !part.is_settled && (from..from + count).contains(&part.number);
        for part in self.parts.iter_mut().filter(is_of_job) {
            let state = state(part.number);
            if !state.is_over() {
                self.over.remove(&part.number);
                continue;
            }
            let since = *self.over.entry(part.number).or_insert(now);
            if now - since < GRACE {
                continue;
            }
            part.is_settled = true;
            let missing = part.left.common(&self.unfinished);
            match state {
                TaskState::Cancelled => left.cancelled += missing,
                TaskState::Ended(_) if missing == 0 => {}
                TaskState::Ended(reason) => {
                    let said = part.follower.last_words().map(|said| format!(": {said}")).unwrap_or_default();
                    left.failed.push((part.number, format!("{reason}{said}")));
                }
                TaskState::Waiting | TaskState::Running => {}
            }
        }
    }
}

fn work(number: u64, bytes: Box<[u8]>, orders: &Orders) -> Work {
    Work { item: JobItem { number, order: orders.of(number), bytes }, attempts: 0 }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write;

    use super::*;
    use crate::job::journal::{Record, RecordStatus, write_line};

    fn expected(parts: &mut Parts, numbers: std::ops::RangeInclusive<u64>) {
        let item = |number| JobItem { number, order: number - 1, bytes: Box::default() };
        let works: Vec<Work> = numbers.map(|number| Work { item: item(number), attempts: 0 }).collect();
        parts.expect(&works);
    }

    fn appended(path: &Path, bytes: &[u8]) -> u64 {
        let mut file = OpenOptions::new().create(true).append(true).open(path).expect("opened");
        file.write_all(bytes).expect("written");
        file.metadata().expect("known").len()
    }

    /// Writes what a node does when it has finished an item.
    fn ended(shared: &Path, part: u64, number: u64, item: &str) {
        let directory = shared.join(part.to_string());
        let line = format!(
            r#"{{"number":{number},{item},"status":"ok","exit":0,"signal":null,"started":1.0,"seconds":0.1}}"#
        );
        let results = Some(appended(&directory.join("results.jsonl"), format!("{line}\n").as_bytes()));
        let status = RecordStatus::Ok;
        let (exit, signal, attempts, seconds) = (0, 0, 2, 0.1);
        let record =
            Record { number, item_hash: 0, status, exit, signal, attempts, seconds, results, group: 0 };
        let mut journal = Vec::new();
        write_line(&serde_json::to_vec(&record).expect("JSON"), &mut journal);
        appended(&directory.join("journal"), &journal);
    }

    fn followed(parts: &mut Parts) -> Vec<(u64, u64, Vec<u8>)> {
        let mut found = Vec::new();
        let scratch = std::env::temp_dir();
        let taken = parts.follow(&scratch, &mut |Work { item, .. }, attempts, _| {
            assert_eq!(attempts, 2);
            found.push((item.number, item.order, item.bytes.into_vec()));
        });
        taken.expect("read");
        found
    }

    #[test]
    fn an_item_is_finished_once_and_comes_from_its_node() {
        let shared = tempfile::tempdir().expect("a directory");
        let mut parts = Parts::new(shared.path().to_owned());
        expected(&mut parts, 1..=4);
        let items = |numbers: &[u64]| -> Vec<_> {
            numbers.iter().map(|number| Ok((*number, Box::from(&b"x"[..])))).collect()
        };
        parts.add(1, items(&[1, 2, 3]).into_iter()).expect("written");
        parts.add(2, items(&[3, 4]).into_iter()).expect("written");
        assert_eq!(followed(&mut parts), []);
        ended(shared.path(), 1, 3, r#""item":"a\tb""#);
        ended(shared.path(), 1, 1, r#""item_base64":"/w==""#);
        ended(shared.path(), 2, 3, r#""item":"a\tb""#);
        assert_eq!(followed(&mut parts), [(3, 2, b"a\tb".to_vec()), (1, 0, vec![0xff])]);
        assert_eq!((followed(&mut parts), parts.unfinished(), parts.open()), (vec![], 2, 2));
        ended(shared.path(), 2, 4, r#""item":"""#);
        assert_eq!((followed(&mut parts), parts.open()), (vec![(4, 3, vec![])], 1), "all of the second part");
        assert!(parts.finish(4, Box::default()).is_none() && parts.is_unfinished(2));
        let left: Vec<u64> = parts.items(1).expect("opened").map(|item| item.expect("read").0).collect();
        assert_eq!(left, [1, 2, 3]);
    }
}

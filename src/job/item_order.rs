//! `--keep-order`: finished items wait until all earlier ones are finished too.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::job::outcome::Finished;
use crate::job::output::{Spool, Stored};

/// Finished items that wait for an earlier one, their outputs in one unnamed file.
#[derive(Debug)]
pub(crate) struct InOrder {
    next: u64,
    held: BTreeMap<u64, Finished>,
    spool: Option<Spool>,
}

impl InOrder {
    /// Begins with the first item.
    pub(crate) fn new() -> Self {
        InOrder { next: 0, held: BTreeMap::new(), spool: None }
    }

    /// Adds a finished item.
    ///
    /// # Errors
    /// When its output cannot be kept, such as on a full disk.
    pub(crate) fn add(&mut self, mut finished: Finished, scratch: &Path) -> io::Result<()> {
        if finished.item.order != self.next {
            self.keep(&mut finished.last.output.stdout, scratch)?;
            self.keep(&mut finished.last.output.stderr, scratch)?;
        }
        self.held.insert(finished.item.order, finished);
        Ok(())
    }

    /// Moves an output into the common file, so that waiting takes no descriptor and little memory.
    fn keep(&mut self, stored: &mut Stored, scratch: &Path) -> io::Result<()> {
        if stored.length() == 0 {
            return Ok(());
        }
        if self.spool.is_none() {
            self.spool = Some(Spool::new(tempfile::tempfile_in(scratch)?));
        }
        match &mut self.spool {
            Some(spool) => spool.take(stored),
            None => Ok(()),
        }
    }

    /// Takes the next item of the order, if it is finished.
    pub(crate) fn pop(&mut self) -> Option<Finished> {
        let finished = self.held.remove(&self.next)?;
        self.next += 1;
        Some(finished)
    }

    /// Frees the common file if nobody needs it.
    pub(crate) fn tidy(&mut self) {
        if self.held.is_empty() {
            self.spool = None;
        }
    }

    /// Takes the first item that is finished, whatever is missing before it: the run has ended.
    pub(crate) fn pop_any(&mut self) -> Option<Finished> {
        let (order, finished) = self.held.pop_first()?;
        self.next = order + 1;
        Some(finished)
    }

    /// Returns the number of the next item of the order.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::job::items::JobItem;
    use crate::job::outcome::{Attempt, Ending};
    use crate::job::output::Output;

    fn finished(order: u64, text: &[u8], scratch: &Path) -> Finished {
        let mut output = Output::default();
        output.stdout.append(text, scratch).expect("stored");
        let last = Attempt {
            ending: Ending::Exited(0),
            started: SystemTime::now(),
            seconds: 0.0,
            cpu_s: None,
            output,
            value: None,
            retry_after: None,
        };
        let item = JobItem { number: order + 1, order, bytes: Box::default() };
        Finished { item, slot: 1, attempts: 1, last, is_success: true }
    }

    fn text(finished: Option<Finished>) -> Vec<u8> {
        finished.expect("finished").last.output.stdout.read_all().expect("read")
    }

    #[test]
    fn items_leave_in_their_order_with_their_output() {
        let scratch = tempfile::tempdir().expect("a directory");
        let large = vec![b'x'; 100_000];
        let mut order = InOrder::new();
        for (number, bytes) in [(2, &b"two"[..]), (1, &large), (3, b"three")] {
            order.add(finished(number, bytes, scratch.path()), scratch.path()).expect("kept");
            assert!(order.pop().is_none());
        }
        order.add(finished(0, b"zero", scratch.path()), scratch.path()).expect("kept");
        assert_eq!(text(order.pop()), b"zero");
        assert_eq!(text(order.pop()), large);
        assert_eq!(text(order.pop()), b"two");
        assert_eq!(order.next(), 3);
        order.add(finished(5, b"five", scratch.path()), scratch.path()).expect("kept");
        assert_eq!(text(order.pop()), b"three");
        assert!(order.pop().is_none(), "4 is missing");
        assert_eq!(text(order.pop_any()), b"five");
        order.tidy();
        assert!(order.spool.is_none());
    }
}

//! Finds the control groups of the processes of a tree, and measures how long their quotas hold them back.

use crate::host::quota::{QuotaMeter, QuotaUse};
use crate::profile::sampling::snapshot::Snapshot;

/// Seconds between two looks at the group of a process; a look reads two or three files.
const LOOK_EVERY_S: f64 = 0.25;

/// Measures the quotas of a tree, of one process after another: a command may move itself or its children to a
/// group of their own, and the group may be gone when the command ends.
#[derive(Debug, Default)]
pub(super) struct QuotaWatch {
    meter: QuotaMeter,
    looks: usize,
    looked_s: f64,
    due: Option<u32>,
}

impl QuotaWatch {
    /// Chooses the process to look at next, if a look is due.
    pub(super) fn consider(&mut self, snapshot: &Snapshot, at_s: f64) {
        if self.looks > 0 && at_s - self.looked_s < LOOK_EVERY_S {
            return;
        }
        let threads = &snapshot.threads;
        let busiest =
            || threads.iter().max_by(|a, b| (a.run_s + a.queued_s).total_cmp(&(b.run_s + b.queued_s)));
        // The one that uses most is looked at every other time.
        let next =
            if self.looks % 2 == 1 { busiest() } else { threads.get(self.looks / 2 % threads.len().max(1)) };
        if let Some(thread) = next {
            self.due = Some(thread.key.pid);
            self.looked_s = at_s;
            self.looks += 1;
        }
    }

    /// Takes the look that is due, if one is.
    pub(super) fn look(&mut self) {
        if let Some(pid) = self.due.take() {
            self.meter.watch(pid);
            self.meter.read();
        }
    }

    /// Returns the use of the quota that held the tree back for the longest time.
    pub(super) fn finish(mut self) -> Option<QuotaUse> {
        self.meter.read();
        self.meter.quota_use()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::sampling::snapshot::{ThreadKey, ThreadSample, ThreadState};

    #[test]
    fn every_process_is_looked_at_and_the_busiest_most_often() {
        let thread = |pid, run_s| ThreadSample {
            key: ThreadKey { pid, tid: pid, started: 1 },
            state: ThreadState::Runnable,
            run_s,
            queued_s: 0.0,
            was_scheduled: true,
        };
        let threads = vec![thread(1, 0.0), thread(2, 0.02), thread(3, 0.0)];
        let snapshot = Snapshot { threads, ..Snapshot::default() };
        let mut watch = QuotaWatch::default();
        let looked_at: Vec<_> = (0..12)
            .filter_map(|i| {
                watch.consider(&snapshot, f64::from(i) * 0.126);
                watch.due.take()
            })
            .collect();
        assert_eq!(looked_at, [1, 2, 2, 2, 3, 2]);
        QuotaWatch::default().consider(&Snapshot::default(), 0.0);
    }
}

//! CPU time of processes by the kernel's ticks, from when sampling began.
//!
//! A process that is waited for leaves its ticks to its parent, those from before the sampling too. They are
//! subtracted there again.

use std::collections::HashMap;

use crate::host::procfs::Stat;

/// User and system ticks.
type Ticks = [u64; 2];

/// Ticks of one process since sampling began.
#[derive(Debug, Clone, Copy)]
struct ProcessTicks {
    parent: Option<u32>,
    /// Clock ticks since boot at which the process started.
    started: u64,
    own_before: Ticks,
    own: Ticks,
    children_before: Ticks,
    children: Ticks,
    /// Ticks of children that were added since the last snapshot, less those from before the sampling.
    grown: Ticks,
    /// Ticks from before the sampling of children that are gone, and that were not added yet.
    owed: Ticks,
    /// Number of the last snapshot that found the process.
    snapshot: usize,
    /// Place of the process in that snapshot: a parent comes before its children.
    place: usize,
    /// True if the process is gone, and its parent owes what it had used before.
    is_gone: bool,
}

/// Ticks of all processes of a tree.
#[derive(Debug)]
pub(super) struct TickLedger {
    /// Clock ticks since boot at which sampling began.
    begun: u64,
    processes: HashMap<u32, ProcessTicks>,
    snapshot: usize,
    place: usize,
}

impl TickLedger {
    /// Counts ticks from `begun` on, in clock ticks since boot.
    pub(super) fn new(begun: u64) -> Self {
        TickLedger { begun, processes: HashMap::new(), snapshot: 0, place: 0 }
    }

    /// Records what a snapshot shows of a process, which was found below `parent`.
    pub(super) fn record(&mut self, pid: u32, parent: Option<u32>, stat: &Stat) {
        let is_new = stat.started >= self.begun;
        let before = |ticks: Ticks| if is_new { [0; 2] } else { ticks };
        let first = ProcessTicks {
            parent,
            started: stat.started,
            own_before: before(stat.own_ticks),
            own: stat.own_ticks,
            children_before: before(stat.children_ticks),
            children: before(stat.children_ticks),
            grown: [0; 2],
            owed: [0; 2],
            snapshot: self.snapshot,
            place: self.place,
            is_gone: false,
        };
        let known = self.processes.entry(pid).or_insert(first);
        if known.started != stat.started {
            *known = first;
        }
        known.own = stat.own_ticks;
        known.grown = since(known.children, stat.children_ticks);
        known.children = stat.children_ticks;
        (known.parent, known.snapshot, known.place) = (parent, self.snapshot, self.place);
        known.settle();
        // Ticks that did not come with the first look after the end of a child never come.
        known.owed = [0; 2];
        self.place += 1;
    }

    /// Ends a snapshot: the ticks that gone processes had used before the sampling are not their parents'. A
    /// process that was not found is gone unless `exists` says otherwise.
    pub(super) fn end_snapshot(&mut self, exists: impl Fn(u32) -> bool) {
        let snapshot = self.snapshot;
        let mut gone = Vec::new();
        for (pid, process) in &mut self.processes {
            let is_missing = process.snapshot < snapshot && !process.is_gone && process.before() != [0; 2];
            if is_missing && !exists(*pid) {
                process.is_gone = true;
                gone.push(*process);
            }
        }
        gone.sort_by_key(|process| std::cmp::Reverse((process.snapshot, process.place)));
        for i in 0..gone.len() {
            let before = gone[i].before();
            let Some(parent) = gone[i].parent else { continue };
            let Some(known) = self.processes.get_mut(&parent) else { continue };
            if known.snapshot == self.snapshot {
                known.owed = plus(known.owed, before);
                known.settle();
                continue;
            }
            // A parent that is gone too leaves what it was left.
            let at = (known.snapshot, known.place);
            if let Some(later) = gone[i + 1..].iter_mut().find(|p| (p.snapshot, p.place) == at) {
                later.children_before = plus(later.children_before, before);
            }
        }
        self.snapshot += 1;
        self.place = 0;
    }

    /// Adds up the ticks of the processes in the last snapshot; those that have ended are in the ticks of whoever
    /// waited for them. Of a process that `is_sampled` refuses, only its children count.
    pub(super) fn sum(&self, is_sampled: impl Fn(u32) -> bool) -> Ticks {
        let found = self.processes.iter().filter(|(_, process)| process.snapshot + 1 == self.snapshot);
        found.fold([0; 2], |sum, (pid, process)| {
            let own = if is_sampled(*pid) { since(process.own_before, process.own) } else { [0; 2] };
            plus(plus(sum, own), since(process.children_before, process.children))
        })
    }

    /// Returns the kernel's share of the CPU time of a process, from 0 to 1, if the process used at least
    /// `min_ticks`.
    pub(super) fn system_share(&self, pid: u32, min_ticks: f64) -> Option<f64> {
        let process = self.processes.get(&pid)?;
        let [user, system] = since(process.own_before, process.own).map(|ticks| ticks as f64);
        (user + system >= min_ticks).then(|| system / (user + system))
    }
}

impl ProcessTicks {
    /// Returns the ticks from before the sampling.
    fn before(&self) -> Ticks {
        plus(self.own_before, self.children_before)
    }

    /// Takes the ticks that are owed out of those that were added.
    fn settle(&mut self) {
        for i in 0..2 {
            let settled = self.owed[i].min(self.grown[i]);
            self.owed[i] -= settled;
            self.grown[i] -= settled;
            self.children_before[i] += settled;
        }
    }
}

fn since(before: Ticks, after: Ticks) -> Ticks {
    [after[0].saturating_sub(before[0]), after[1].saturating_sub(before[1])]
}

fn plus(a: Ticks, b: Ticks) -> Ticks {
    [a[0] + b[0], a[1] + b[1]]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(started: u64, own: Ticks, children: Ticks) -> Stat {
        let name = String::new();
        Stat {
            name,
            state: 'S',
            parent: 1,
            group: 1,
            session: 1,
            own_ticks: own,
            children_ticks: children,
            threads: 1,
            started,
        }
    }

    /// One process of a snapshot: its number, its parent, and its figures.
    type Found = (u32, Option<u32>, Stat);

    fn ledger(snapshots: &[&[Found]]) -> TickLedger {
        let mut ledger = TickLedger::new(1000);
        for snapshot in snapshots {
            snapshot.iter().for_each(|(pid, parent, stat)| ledger.record(*pid, *parent, stat));
            ledger.end_snapshot(|_| false);
        }
        ledger
    }

    const OLD: u64 = 10;
    const NEW: u64 = 1000;

    #[test]
    fn an_old_process_counts_from_now_on_and_a_new_one_from_its_start() {
        let before = [(1, None, stat(OLD, [500, 50], [70, 7]))];
        let after = [(1, None, stat(OLD, [510, 51], [72, 7])), (2, Some(1), stat(NEW, [3, 0], [0, 0]))];
        assert_eq!(ledger(&[&before, &after]).sum(|_| true), [15, 1]);
        assert_eq!(ledger(&[&before, &after]).sum(|pid| pid != 1), [5, 0]);
    }

    #[test]
    fn what_a_child_used_before_is_not_its_parents() {
        let both = |child| [(1, None, stat(OLD, [0, 0], [5, 0])), (2, Some(1), stat(OLD, child, [600, 0]))];
        // The child has 66 s behind it, uses 0.1 s more, ends, and is waited for.
        let alone = |children| [(1, None, stat(OLD, [0, 0], children))];
        let (begun, later, done) = (both([6000, 0]), both([6010, 0]), alone([6618, 0]));
        assert_eq!(ledger(&[&begun, &later, &done]).sum(|_| true), [13, 0]);
        // The parent may have been read before it waited.
        let late = [&begun[..], &later, &alone([5, 0]), &done];
        assert_eq!(ledger(&late).sum(|_| true), [13, 0]);
        // A parent that lets the kernel wait gets nothing, and its next children are not taxed for that.
        let ignored = [&begun[..], &later, &alone([5, 0]), &alone([5, 0]), &alone([40, 0])];
        assert_eq!(ledger(&ignored).sum(|_| true), [35, 0]);
    }

    #[test]
    fn a_parent_that_goes_with_its_child_leaves_both() {
        let root = |children| (1, None, stat(OLD, [0, 0], children));
        let middle = (2, Some(1), stat(OLD, [100, 0], [0, 0]));
        let leaf = (3, Some(2), stat(OLD, [4000, 0], [0, 0]));
        let begun = [root([0, 0]), middle, leaf];
        assert_eq!(ledger(&[&begun, &[root([4107, 0])]]).sum(|_| true), [7, 0]);
    }

    #[test]
    fn the_kernels_share_is_that_since_sampling_began() {
        let at = |own| [(1, None, stat(OLD, own, [0, 0]))];
        let ledger = ledger(&[&at([900, 0]), &at([910, 30])]);
        assert_eq!(ledger.system_share(1, 10.0), Some(0.75));
        assert_eq!(ledger.system_share(1, 100.0), None);
    }
}

//! Tasks that go wrong while configurations are measured.

use crate::benchmark::agreement::OutputComparison;
use crate::benchmark::configuration::Configuration;
use crate::benchmark::executor::BatchRequest;
use crate::benchmark::onset::clearly_fails_more;
use crate::benchmark::plan::Candidate;
use crate::benchmark::record::CellRecord;
use crate::benchmark::search::{Search, SearchMode};
use crate::benchmark::soundness::{Seen, Soundness, failed};
use crate::stats::proportion::Tally;
use crate::workload::outputs::UsedElsewhere;

use super::{Measured, Measurement};

/// Lengths of a task that a sequential run for the sake of its outputs may take beyond the budget.
const RERUN_IN_TASKS: f64 = 2.0;

/// Share of failed tasks from which items may work only once.
const NEARLY_ALL: f64 = 0.9;

impl Measured {
    /// Returns the record of a configuration, made if there is none; the reference's knows what the profile saw.
    pub(super) fn record_of(&mut self, candidate: &Candidate) -> &mut CellRecord {
        let profiled = &self.profiled.outputs;
        self.cells.entry(candidate.cell).or_insert_with(|| {
            let mut record = CellRecord::new(*candidate);
            if candidate.cell == Configuration::REFERENCE {
                record.note(profiled);
            }
            record
        })
    }

    /// Compares the outputs of a configuration with those of the reference, and with one another.
    pub(crate) fn compare_outputs(&self, cell: Configuration) -> Option<OutputComparison> {
        let reference = self.cells.get(&Configuration::REFERENCE)?;
        match cell {
            Configuration::REFERENCE => OutputComparison::judge(reference.changed(), reference.changed()),
            _ => self.cells.get(&cell)?.compare(reference),
        }
    }

    /// Returns the items that other batches than those of the reference may have used up.
    pub(crate) fn used_elsewhere(&self) -> UsedElsewhere {
        let others = self.cells.iter().filter(|(cell, _)| **cell != Configuration::REFERENCE);
        let worked = others.flat_map(|(_, record)| record.outputs().items()).collect();
        UsedElsewhere { worked, lost: self.lost }
    }

    /// Returns what was seen of every configuration.
    fn seen(&self) -> Vec<Seen> {
        let of = |(cell, record): (&Configuration, &CellRecord)| Seen {
            cell: *cell,
            failed: failed(&record.counts()),
            outputs: self.compare_outputs(*cell),
            batches: record.rounds().len(),
        };
        self.cells.iter().map(of).collect()
    }

    /// Returns the failures of tasks that ran one after another.
    fn alone(&self) -> Tally {
        let reference = self.cells.get(&Configuration::REFERENCE).map(|record| failed(&record.counts()));
        failed(&self.profiled.counts).plus(reference.unwrap_or_default())
    }
}

impl Measurement<'_> {
    /// Returns true if the tasks of a configuration clearly fail more often than those that ran alone, so that its
    /// throughput is none.
    pub(super) fn tasks_fail(&self, cell: Configuration, measured: &Measured) -> bool {
        let fails = |record: &CellRecord| clearly_fails_more(failed(&record.counts()), measured.alone());
        self.mode() == SearchMode::Guided && measured.cells.get(&cell).is_some_and(fails)
    }

    /// Tells the search which configurations are doubted since tasks go wrong in them or near them.
    pub(super) fn heed_trouble(&mut self, search: &mut Search, measured: &mut Measured) {
        let is_doubtful = |seen: &Seen| {
            seen.outputs.is_some_and(|outputs| outputs.is_wrong()) || seen.failed.share() >= NEARLY_ALL
        };
        if measured.seen().iter().any(is_doubtful) {
            self.rerun_reference(search, measured);
        }
        if self.mode() == SearchMode::Guided {
            search.heed(&Soundness::of(failed(&measured.profiled.counts), &measured.seen()));
        }
    }

    /// Runs items of the reference again, once, to learn if outputs that differ are random, and if items work more
    /// than once. The run leaves the first item out: an output that depends on how many tasks ran before is random
    /// as well.
    fn rerun_reference(&mut self, search: &Search, measured: &mut Measured) {
        let reference = Configuration::REFERENCE;
        let Some(record) = measured.cells.get(&reference) else { return };
        let Some(first) = record.rounds().first() else { return };
        if measured.is_reference_rerun || self.settings.once || record.changed().hits > 0 {
            return;
        }
        let permutation_id = u64::from(first.round);
        measured.is_reference_rerun = true;
        let request = self.sizing.request(reference, search.expected_per_s(reference));
        let tasks = if request.tasks.end > 1 { 1..request.tasks.end } else { request.tasks.clone() };
        let left_s = self.left_s(measured).max(0.0);
        let request = BatchRequest { permutation_id, tasks, ..request };
        let least_s = RERUN_IN_TASKS * self.sizing.task_s;
        // Outputs that could not be compared stay as suspicious as they are.
        let rerun = self.executor.run(&request.within(left_s.max(least_s)));
        if let (Ok(report), Some(record)) = (rerun, measured.cells.get_mut(&reference)) {
            record.note(&report.tally.outputs);
        }
    }
}

//! What it means that items are run again and again, or once.

use std::path::Path;

use crate::benchmark::once::Slices;
use crate::benchmark::plan::Plan;
use crate::diagnostics::Code;
use crate::report::document::Warning;
use crate::workload::Workload;
use crate::workload::spec::StepSpec;

/// Items that are looked at to tell whether all of them are files.
const LOOKED_AT: u64 = 3;

/// What to know where items are run many times over.
pub(crate) fn warnings(workload: &Workload) -> Vec<Warning> {
    let repeated = "every item was run many times over";
    let cached = "the same files are read many times over, after the first time from the page cache";
    let repeated = workload.runs_commands().then(|| Warning::new(Code::NoteRepeated, repeated));
    let cached = reads_files(workload).then(|| Warning::new(Code::NotePageCache, cached));
    repeated.into_iter().chain(cached).collect()
}

/// Whether tasks read files: by a step, or as commands that are given the names of some.
fn reads_files(workload: &Workload) -> bool {
    let reads = workload.steps.iter().any(|step| matches!(step, StepSpec::Read(_)));
    let items = || workload.items.slice(0..workload.tasks().min(LOOKED_AT)).unwrap_or_default();
    reads || (workload.runs_commands() && items().iter().any(|item| Path::new(item).is_file()))
}

/// Leaves out what is too wide for items that are run once, and says so.
pub(crate) fn narrow(plan: &mut Plan, items: u64) -> Option<Warning> {
    let (planned, widest) = (plan.candidates.len(), Slices::widest(items));
    plan.candidates.retain(|candidate| candidate.cell.width <= widest);
    let message = format!("with --once, {items} items are enough for cells up to {widest} wide");
    (plan.candidates.len() < planned).then(|| Warning::new(Code::NoteCapped, message))
}

//! Consequences of running items many times over, or only once.

use std::path::Path;

use crate::benchmark::once::Slices;
use crate::benchmark::plan::Plan;
use crate::diagnostics::Code;
use crate::report::document::Warning;
use crate::report::prose;
use crate::workload::Workload;
use crate::workload::spec::StepSpec;

/// Number of items examined to find out whether items are files.
const EXAMINED_ITEMS: u64 = 3;

/// Returns the warning for a workload whose files are read many times over.
pub(super) fn warning(workload: &Workload) -> Option<Warning> {
    reads_files(workload).then(|| Warning::new(Code::NotePageCache, prose::warnings::FROM_PAGE_CACHE))
}

/// Returns true if tasks read files: by a step, or as commands whose items are names of files.
fn reads_files(workload: &Workload) -> bool {
    let reads = workload.steps.iter().any(StepSpec::is_read);
    let items = || workload.items.slice(0..workload.tasks().min(EXAMINED_ITEMS)).unwrap_or_default();
    reads || (workload.runs_commands() && items().iter().any(|item| Path::new(item).is_file()))
}

/// Removes the configurations that are too wide for items that run once; returns a warning if there are
/// any.
pub(super) fn narrow(plan: &mut Plan, items: u64) -> Option<Warning> {
    let (planned, widest) = (plan.candidates.len(), Slices::widest(items));
    plan.candidates.retain(|candidate| candidate.cell.width <= widest);
    let message = prose::warnings::too_few_items(items, widest);
    (plan.candidates.len() < planned).then(|| Warning::new(Code::NoteCapped, message))
}

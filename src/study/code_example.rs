//! The program that follows a recommendation.

use std::time::Duration;

use crate::advice::Recommendation;
use crate::advice::result::CodeExample;
use crate::benchmark::Configuration;
use crate::profile::Profile;
use crate::snippets::{TaskShape, examples};
use crate::study::machine::Backend;
use crate::workload::item::Items;

/// Maximum number of items in an example.
const EXAMPLE_ITEMS: usize = 3;

/// Writes programs that run the workload as recommended.
pub(super) fn code_examples(
    backend: &dyn Backend,
    recommendation: &Recommendation,
    profile: &Profile,
) -> Vec<CodeExample> {
    let Recommendation { strategy, width, processes, .. } = *recommendation;
    let (workload, python) = (backend.workload(), backend.callables());
    let shape = TaskShape {
        tasks: workload.tasks(),
        cpu: Duration::from_secs_f64(profile.task.cpu_s),
        wait: Duration::from_secs_f64(profile.task.wait_s),
        command: workload.only_command().map(|command| command.argv.clone()),
        python: python.map(|callables| callables.task(workload, profile)),
        items: first_items(&workload.items),
        // Messages of other workloads were measured in Rust; no program in Python sends them.
        chunk: recommendation.chunk_size.filter(|_| python.is_some()),
    };
    examples(&Configuration { strategy, width, processes }, &shape)
}

fn first_items(items: &Items) -> Vec<String> {
    let few = items.len().min(EXAMPLE_ITEMS as u64);
    items.slice(0..few).unwrap_or_default()
}

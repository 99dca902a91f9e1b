//! The program that follows a recommendation.

use std::time::Duration;

use crate::advice::Recommendation;
use crate::advice::result::CodeExample;
use crate::benchmark::Configuration;
use crate::profile::probe::Profiled;
use crate::snippets::{TaskShape, examples};
use crate::workload::Workload;
use crate::workload::item::Items;
use crate::workload::spec::StepSpec;

use crate::cli::study::Study;

/// Items shown in code examples.
const EXAMPLE_ITEMS: usize = 3;

impl Study<'_> {
    pub(super) fn code_examples(
        &self,
        recommendation: &Recommendation,
        profiled: &Profiled,
    ) -> Vec<CodeExample> {
        let Recommendation { strategy, width, processes, .. } = *recommendation;
        let task = profiled.profile.task;
        let shape = TaskShape {
            tasks: self.workload.tasks(),
            cpu: Duration::from_secs_f64(task.cpu_s),
            wait: Duration::from_secs_f64(task.wait_s),
            command: command_of(&self.workload),
            python: self.python.as_ref().map(|callables| callables.task(&self.workload, &profiled.profile)),
            items: first_items(&self.workload.items),
            // Of other workloads messages were measured that no program in Python sends.
            chunk: recommendation.chunk_size.filter(|_| self.python.is_some()),
        };
        examples(&Configuration { strategy, width, processes }, &shape)
    }
}

/// The command, where a task is one command and nothing else.
fn command_of(workload: &Workload) -> Option<Vec<String>> {
    match workload.steps.as_slice() {
        [StepSpec::Command(command)] => Some(command.argv.clone()),
        _ => None,
    }
}

fn first_items(items: &Items) -> Vec<String> {
    let few = items.len().min(EXAMPLE_ITEMS as u64);
    items.slice(0..few).unwrap_or_default()
}

//! The program that follows a recommendation.

use std::time::SystemTime;

use crate::advice::Recommendation;
use crate::advice::result::CodeExample;
use crate::profile::Profile;
use crate::profile::result::{PythonProfile, StagePool, StepCost};
use crate::snippets::{Choice, ItemSource, StageShape, TaskShape, examples};
use crate::study::config::StudyConfig;
use crate::study::machine::Backend;
use crate::units::duration_of;
use crate::workload::Workload;
use crate::workload::item::Items;
use crate::workload::spec::{OwnItems, StepSpec};

/// Limits of the list of items that is written into a program.
const MAX_LISTED_ITEMS: usize = 30;
const MAX_LISTED_BYTES: usize = 2000;

/// The study that a program follows from.
pub(super) struct StudyFacts<'a> {
    pub(super) backend: &'a dyn Backend,
    pub(super) config: &'a StudyConfig,
    pub(super) profile: &'a Profile,
    /// CPUs that the work could use.
    pub(super) cpus: f64,
}

/// Writes programs that run the workload as recommended.
pub(super) fn code_examples(study: &StudyFacts<'_>, recommendation: &Recommendation) -> Vec<CodeExample> {
    let StudyFacts { backend, profile, .. } = *study;
    let (workload, python) = (backend.workload(), backend.callables());
    let command = workload.only_command();
    let shape = TaskShape {
        tasks: workload.tasks(),
        cpu: duration_of(profile.task.cpu_s),
        wait: duration_of(profile.task.wait_s),
        command: command.map(|command| command.argv.clone()),
        ignore_failure: command.is_some_and(|command| command.ignore_failure),
        python: python.map(|callables| callables.task(workload, profile)),
        python_version: python.and_then(|callables| callables.python_version()),
        items: item_source(workload),
        has_untidy_lines: has_untidy_lines(workload),
        stages: stages(workload, profile),
        limits: workload.limits.clone(),
        retry: workload.retry.clone(),
        // Messages of other workloads were measured in Rust; no program in Python sends them.
        chunk: recommendation.chunk_size.filter(|_| python.is_some()),
        choice: Some(choice(study, recommendation)),
    };
    examples(&recommendation.cell(), &shape)
}

/// Returns the steps as stages of a pipeline, with their measured times.
fn stages(workload: &Workload, profile: &Profile) -> Vec<StageShape> {
    let callables_that_compute = profile.python.as_ref().map(PythonProfile::cpu_steps).unwrap_or_default();
    let pools = profile.python.as_ref().map(PythonProfile::stage_pools).unwrap_or_default();
    let stage = |(i, (step, cost)): (usize, (&StepSpec, &StepCost))| StageShape {
        kind: step.kind().to_owned(),
        time: duration_of(cost.wall_s),
        computes: step.is_computation() || callables_that_compute.get(i) == Some(&true),
        ordered: workload.rule(i).ordered,
        pool: pools.get(i).copied().unwrap_or(StagePool::Thread),
    };
    workload.steps.iter().zip(&profile.steps).enumerate().map(stage).collect()
}

/// Returns the origin of the items of a workload, as a program reads them.
pub(crate) fn item_source(workload: &Workload) -> ItemSource {
    match workload.items_of_module() {
        OwnItems::All => return ItemSource::Module { first: None },
        OwnItems::First(first) => return ItemSource::Module { first: Some(first) },
        OwnItems::None => {}
    }
    match (&workload.items, workload.items_from.as_deref()) {
        (Items::Count(_), _) => ItemSource::Numbers,
        (_, Some("-")) => ItemSource::StandardInput,
        (_, Some(file)) => ItemSource::File(file.to_owned()),
        (Items::List(list) | Items::Slice { list, .. }, None) => {
            let bytes: usize = list.iter().map(String::len).sum();
            let are_few = list.len() <= MAX_LISTED_ITEMS && bytes <= MAX_LISTED_BYTES;
            if are_few { ItemSource::Listed(list.clone()) } else { ItemSource::Arguments }
        }
    }
}

/// Returns true if the items are read from a file of which some line is no item as it stands.
fn has_untidy_lines(workload: &Workload) -> bool {
    let file = workload.items_from.as_deref().filter(|file| *file != "-");
    let text = file.and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    text.starts_with('\u{feff}') || text.contains('\r') || text.lines().any(|line| line.trim().is_empty())
}

fn choice(study: &StudyFacts<'_>, recommendation: &Recommendation) -> Choice {
    Choice {
        command_line: study.config.command_line.clone(),
        date: today(),
        class: study.profile.task_class(),
        basis: recommendation.basis,
        confidence: recommendation.confidence,
        cpus: study.cpus,
    }
}

/// Returns the day in UTC, such as `27 Nov 2026`.
fn today() -> String {
    // As in `Fri, 27 Nov 2026 17:26:41 GMT`.
    let now = httpdate::fmt_http_date(SystemTime::now());
    now.get(5..16).unwrap_or_default().trim_start_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::spec::WorkloadSource;

    fn source_of(items: Items, items_from: Option<&str>) -> ItemSource {
        let workload = Workload::new("w", WorkloadSource::Command, items, Vec::new());
        item_source(&Workload { items_from: items_from.map(str::to_owned), ..workload })
    }

    #[test]
    fn items_are_read_from_where_the_user_keeps_them() {
        let list = |count: usize| Items::List(vec!["a".to_owned(); count]);
        assert_eq!(source_of(list(30), Some("photos.txt")), ItemSource::File("photos.txt".to_owned()));
        assert_eq!(source_of(list(3), Some("-")), ItemSource::StandardInput);
        assert_eq!(source_of(list(30), None), ItemSource::Listed(vec!["a".to_owned(); 30]));
        assert_eq!(source_of(list(31), None), ItemSource::Arguments);
        assert_eq!(source_of(Items::Count(7), None), ItemSource::Numbers);
    }

    #[test]
    fn lines_that_are_no_items_are_noticed() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("items.txt");
        let is_untidy = |text: &str| {
            std::fs::write(&path, text).expect("written");
            let items = Items::List(vec!["a".to_owned()]);
            let workload = Workload::new("w", WorkloadSource::Command, items, Vec::new());
            let from = Some(path.to_string_lossy().into_owned());
            has_untidy_lines(&Workload { items_from: from, ..workload })
        };
        assert!(!is_untidy("a b\n c\nlast"));
        for text in ["a\n\nb\n", "a\r\nb\r\n", "\u{feff}a\n", "a\n  \n"] {
            assert!(is_untidy(text), "{text:?}");
        }
    }

    #[test]
    fn a_day_has_no_leading_zero() {
        let words: Vec<String> = today().split(' ').map(str::to_owned).collect();
        assert!(words.len() == 3 && !words[0].starts_with('0') && words[2].len() == 4, "{words:?}");
    }
}

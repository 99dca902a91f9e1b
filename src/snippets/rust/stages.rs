//! The stages of a pipeline: stand-ins for the steps, and the functions that start their workers.

use crate::benchmark::Configuration;
use crate::snippets::rust::layout::duration;
use crate::snippets::rust::task::{item_type, spin};
use crate::snippets::shape::{StageShape, TaskShape};
use crate::units::Seconds;

/// Starts the workers of a stage that takes tasks as they come.
const STAGE: &str = "\
/// Starts the workers of a stage. Tasks that failed pass through.
fn stage<'scope>(
    scope: &'scope Scope<'scope, '_>,
    workers: usize,
    step: fn(Vec<u8>) -> io::Result<Vec<u8>>,
    inbox: Receiver<Done>,
) -> Receiver<Done> {
    let (outbox, queue) = bounded(QUEUE);
    for _ in 0..workers {
        let (inbox, outbox) = (inbox.clone(), outbox.clone());
        scope.spawn(move || {
            for (index, data) in inbox {
                let _ = outbox.send((index, data.and_then(step)));
            }
        });
    }
    queue
}";

/// Starts the worker of a stage that takes tasks in the order of the items.
const ORDERED_STAGE: &str = "\
/// Starts the one worker of a stage that takes tasks in the order of the items.
fn ordered_stage<'scope>(
    scope: &'scope Scope<'scope, '_>,
    step: fn(Vec<u8>) -> io::Result<Vec<u8>>,
    inbox: Receiver<Done>,
) -> Receiver<Done> {
    let (outbox, queue) = bounded(QUEUE);
    scope.spawn(move || {
        let (mut early, mut due) = (BTreeMap::new(), 0);
        for (index, data) in inbox {
            early.insert(index, data);
            while let Some(data) = early.remove(&due) {
                let _ = outbox.send((due, data.and_then(step)));
                due += 1;
            }
        }
    });
    queue
}";

/// Returns the stand-in for each step.
pub(super) fn steps(shape: &TaskShape) -> String {
    let steps: Vec<_> = shape.stages.iter().enumerate().map(|(i, stage)| step(i, stage, shape)).collect();
    steps.join("\n")
}

fn step(i: usize, stage: &StageShape, shape: &TaskShape) -> String {
    let (time, is_text) = (Seconds::from(stage.time), shape.items.is_text());
    let does = if stage.computes { "computes for about" } else { "takes" };
    let about = format!("/// Replace this: step {} ({}), which {does} {time}.\n", i + 1, stage.kind);
    let (parameter, seed, bytes) = match (i, is_text) {
        (0, true) => ("item", "item.len() as u64", "item.as_bytes().to_vec()"),
        (0, false) => ("item", "item", "item.to_be_bytes().to_vec()"),
        _ => ("data", "data.len() as u64", "data"),
    };
    let of = if i == 0 { item_type(shape) } else { "Vec<u8>" };
    let body = if stage.computes {
        spin(stage.time, seed)
    } else {
        format!("    thread::sleep({});\n    Ok({bytes})\n", duration(stage.time))
    };
    format!("{about}fn step_{}({parameter}: {of}) -> io::Result<Vec<u8>> {{\n{body}}}\n", i + 1)
}

/// Returns the functions that start stages after the first.
pub(super) fn functions(shape: &TaskShape) -> String {
    let later = || shape.stages.iter().skip(1);
    let parts = [
        later().any(|stage| !stage.ordered).then_some(STAGE),
        later().any(|stage| stage.ordered).then_some(ORDERED_STAGE),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

/// Returns the lines that start the stages after the first.
pub(super) fn starts(cell: &Configuration, shape: &TaskShape) -> String {
    let workers: Vec<usize> =
        cell.stages.iter().flat_map(|stages| stages.workers().collect::<Vec<_>>()).collect();
    let later = shape.stages.iter().zip(workers).enumerate().skip(1);
    let start = |(i, (stage, workers)): (usize, (&StageShape, usize))| match stage.ordered {
        true => format!("        let queue = ordered_stage(scope, step_{}, queue);\n", i + 1),
        false => format!("        let queue = stage(scope, {workers}, step_{}, queue);\n", i + 1),
    };
    later.map(start).collect()
}

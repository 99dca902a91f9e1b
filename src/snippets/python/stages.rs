//! The stages of a pipeline in Python: a function for each step, and the lines that start the workers.

use crate::benchmark::Configuration;
use crate::profile::result::StagePool;
use crate::snippets::shape::TaskShape;
use crate::snippets::template::fill;

/// Puts tasks back into the order of the items, on an event loop.
const IN_ORDER_ASYNC: &str = "\
async def in_order(inbox, outbox):
    early, due = {}, 0
    while (job := await inbox.get()) is not None:
        early[job[0]] = job
        while due in early:
            await outbox.put(early.pop(due))
            due += 1
    await outbox.put(None)


";

/// Puts tasks back into the order of the items, in a thread.
const IN_ORDER: &str = "\
def in_order(inbox, outbox):
    early, due = {}, 0
    while (job := inbox.get()) is not None:
        early[job[0]] = job
        while due in early:
            outbox.put(early.pop(due))
            due += 1
    outbox.put(None)


";

/// Returns true if some step runs in worker processes.
pub(super) fn has_processes(shape: &TaskShape) -> bool {
    shape.stages.iter().any(|stage| stage.pool == StagePool::Process)
}

/// Returns true if all steps run in threads.
pub(super) fn is_threads_only(shape: &TaskShape) -> bool {
    shape.stages.iter().all(|stage| stage.pool == StagePool::Thread) && shape.limits.timeout.is_none()
}

/// Returns the workers of all stages with a pool of a kind.
pub(super) fn workers_of(pool: StagePool, cell: &Configuration, shape: &TaskShape) -> usize {
    let workers: Vec<usize> =
        cell.stages.iter().flat_map(|stages| stages.workers().collect::<Vec<_>>()).collect();
    let stages = shape.stages.iter().zip(workers);
    stages.filter(|(stage, _)| stage.pool == pool).map(|(_, workers)| workers).sum()
}

/// Returns the functions that produce, pass on and collect tasks, and run them over all items, from their template.
pub(super) fn run(
    template: &str,
    cell: &Configuration,
    shape: &TaskShape,
    executor: &str,
    warm: &str,
) -> String {
    let is_async = !is_threads_only(shape);
    let has_pool = is_async && has_processes(shape);
    let parts = parts(cell, shape, if has_pool { ", pool" } else { "" });
    let queues = parts.len() + 1;
    let gather = match (is_async, has_pool) {
        (true, true) => format!(
            "    with ProcessPoolExecutor(max_workers=PROCESSES) as pool:\n{warm}{}",
            gathered(&parts, queues, "        ")
        ),
        (true, false) => gathered(&parts, queues, "    "),
        (false, _) => submitted(&parts, queues),
    };
    let is_ordered = parts.iter().any(|part| part.starts_with("in_order("));
    let in_order = match (is_ordered, is_async) {
        (false, _) => "",
        (true, true) => IN_ORDER_ASYNC,
        (true, false) => IN_ORDER,
    };
    let values = [
        ("POOL", if has_pool { ", pool" } else { "" }),
        ("IN_ORDER", in_order),
        ("EXECUTOR", executor),
        ("QUEUES", &queues.to_string()),
        ("GATHER", &gather),
    ];
    fill(template, &values).trim_end().to_owned()
}

/// Returns the call of each stage, and of what puts tasks back into order before one; each has a queue before it.
fn parts(cell: &Configuration, shape: &TaskShape, pool: &str) -> Vec<String> {
    let workers: Vec<usize> =
        cell.stages.iter().flat_map(|stages| stages.workers().collect::<Vec<_>>()).collect();
    let mut parts = Vec::new();
    let mut queue = 0;
    for (i, (stage, workers)) in shape.stages.iter().zip(workers).enumerate() {
        let mut next = || {
            queue += 1;
            format!("queues[{}], queues[{queue}]", queue - 1)
        };
        if stage.ordered && i > 0 {
            parts.push(format!("in_order({})", next()));
        }
        parts.push(format!("stage(step_{}, {workers}, {}, failures{pool})", i + 1, next()));
    }
    parts
}

fn gathered(parts: &[String], queues: usize, indent: &str) -> String {
    let mut lines = format!("{indent}await asyncio.gather(\n{indent}    produce(items, queues[0]),\n");
    for part in parts {
        lines += &format!("{indent}    {part},\n");
    }
    lines + &format!("{indent}    collect(queues[{}], results, failures),\n{indent})", queues - 1)
}

fn submitted(parts: &[String], queues: usize) -> String {
    let mut lines = "        pool.submit(produce, items, queues[0])\n".to_owned();
    for part in parts {
        lines += &format!("        pool.submit({}\n", part.replacen('(', ", ", 1));
    }
    lines + &format!("        collect(queues[{}], results, failures)", queues - 1)
}

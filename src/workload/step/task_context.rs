//! The task that a step runs for.

use std::time::Instant;

use crate::workload::item::Item;

/// The task that a step is part of, and the attempt at it.
#[derive(Debug, Clone, Copy)]
pub struct TaskContext<'a> {
    /// The number of the task in the workload; the same item has the same index in every run.
    pub index: u64,
    /// The item.
    pub item: Item<'a>,
    /// 0 for the first try, 1 for the first retry, and so on.
    pub attempt: u32,
    /// The deadline of the task. The async form may ignore it, because its future is dropped then.
    pub deadline: Option<Instant>,
}

//! The number of items of an array task.

/// Length of an array task in seconds. Slurm takes seconds to schedule one, and a node that fails, or a time limit,
/// costs one.
const TASK_S: f64 = 120.0;

/// Times that an array task is as long as it takes to start, at least, where there is more than one wave of them:
/// each wave waits for its start.
const STARTS_OF_WAVES: f64 = 10.0;

/// Array tasks of one submission, at most: `MaxArraySize` is 1001 unless a cluster sets it.
pub(crate) const MAX_TASKS: u64 = 1_000;

/// What a sample has shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pace {
    /// Seconds of an array task per item.
    pub(crate) item_s: f64,
    /// Seconds from the submission of an array task to its start.
    pub(crate) start_s: f64,
}

/// Returns the number of items of each array task, if `left` items are left and `slots` array tasks run at the same
/// time.
///
/// All slots get an array task, so that everything ends at the same time, unless that would be shorter than its
/// start, or so long that several waves lose little by theirs.
pub(crate) fn items_per_task(left: u64, pace: Pace, slots: u64) -> u64 {
    let item_s = pace.item_s.max(1e-9);
    let for_start = pace.start_s / item_s;
    let for_waves = (TASK_S / item_s).max(STARTS_OF_WAVES * for_start);
    let for_slots = left.div_ceil(slots.max(1)) as f64;
    let wanted = for_slots.clamp(for_start, for_waves).ceil() as u64;
    wanted.max(left.div_ceil(MAX_TASKS)).clamp(1, left.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(left: u64, item_s: f64, start_s: f64, slots: u64) -> u64 {
        items_per_task(left, Pace { item_s, start_s }, slots)
    }

    #[test]
    fn an_array_task_takes_minutes_and_all_slots_get_one() {
        assert_eq!(items(1_000_000, 0.5, 1.0, 10), 1_000, "no more tasks than an array may have");
        assert_eq!(items(100_000, 0.5, 1.0, 10), 240, "two minutes");
        assert_eq!(items(100_000, 0.5, 60.0, 10), 1_200, "ten minutes, where a start takes one");
        assert_eq!(items(1_000, 0.5, 1.0, 10), 100, "one for each slot");
        assert_eq!(items(40, 600.0, 1.0, 10), 1);
    }

    #[test]
    fn no_array_task_is_shorter_than_its_start() {
        assert_eq!(items(1_000, 0.05, 2.0, 100), 40);
        assert_eq!(items(30, 0.05, 2.0, 100), 30, "all of them in one");
        assert_eq!(items(1, 0.05, 2.0, 100), 1);
        assert_eq!(items(0, 0.05, 2.0, 100), 1);
        assert_eq!(items(1_000, 0.0, 2.0, 100), 1_000);
    }
}

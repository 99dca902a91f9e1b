//! The way to run an item, whatever kind of work it is.

use std::time::Duration;

use crate::job::items::JobItem;
use crate::job::outcome::Attempt;
use crate::job::own_time::OwnTime;
use crate::strategy::StrategyKind;

/// Runs items, any number at a time.
pub(crate) trait Runner: Sync {
    /// Runs an item in a slot to its end, or to the end of its time.
    fn run(&self, item: &JobItem, slot: usize, limit: Option<Duration>) -> Attempt;

    /// Ends what gets ready for an item and has not begun it, now and later.
    fn stop_starting(&self) {}

    /// Ends everything that runs, and what is started later.
    fn stop_all(&self);

    /// Ends what was started last, to be run again; returns whether there was something.
    fn stop_youngest(&self) -> bool;

    /// Returns the CPU seconds that the `running` items have used so far, as far as they can be seen.
    fn running_cpu_s(&self, running: usize) -> f64;

    /// Returns true while the first items decide how the others are to run: they run one after another.
    fn is_profiling(&self) -> bool {
        false
    }

    /// Returns the time that items needed for themselves, of those that were looked at; `None` if there are none.
    fn own_time(&self) -> Option<OwnTime> {
        None
    }

    /// Returns the share of an item's time for which a coroutine blocked its event loop, if that matters.
    fn loop_blocked_share(&self) -> Option<f64> {
        None
    }

    /// Returns the strategy, and the number of its processes if that is not the width; `None` for commands.
    fn strategy(&self) -> Option<(StrategyKind, Option<usize>)> {
        None
    }
}

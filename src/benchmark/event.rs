//! What happens while cells are measured, for whoever shows progress.

use std::time::Duration;

use crate::benchmark::configuration::Configuration;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A batch begins.
    BatchStarted {
        /// Of this cell.
        cell: Configuration,
        /// Measuring has taken this long.
        elapsed: Duration,
    },
    /// A batch ended.
    BatchEnded {
        /// Of this cell.
        cell: Configuration,
        /// Tasks per second, or why there are none.
        throughput: Result<f64, String>,
        /// Measuring has taken this long.
        elapsed: Duration,
    },
}

/// Is told what happens.
pub trait Observer {
    /// Called in order, between batches, never while one runs.
    fn observe(&mut self, event: &Event);
}

/// Looks away.
#[derive(Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn observe(&mut self, _: &Event) {}
}

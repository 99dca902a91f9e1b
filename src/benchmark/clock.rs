//! The time that measuring takes; a simulated one makes the scheduler's tests deterministic.

use std::time::{Duration, Instant};

use crate::host::suspension::{awake_now, awake_since};

/// Tells how long measuring has taken.
pub trait Clock {
    /// Restarts the clock: measuring begins now.
    fn restart(&mut self);

    /// Returns the time since measuring began.
    fn elapsed(&self) -> Duration;
}

/// The real time in which the program was not stopped.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts the clock now.
    pub fn start() -> Self {
        Stopwatch(awake_now())
    }
}

impl Clock for Stopwatch {
    fn restart(&mut self) {
        *self = Stopwatch::start();
    }

    fn elapsed(&self) -> Duration {
        awake_since(self.0)
    }
}

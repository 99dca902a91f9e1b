//! The counters that a width is decided from.

/// The counters of a run at one time; all but the last ones only ever grow.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Reading {
    /// Seconds since the run began.
    pub now_s: f64,
    /// Attempts that succeeded.
    pub ok: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Seconds of all attempts that ended.
    pub busy_s: f64,
    /// Squares of those seconds, added up.
    pub squares_s2: f64,
    /// CPU seconds of all attempts that ended.
    pub cpu_s: f64,
    /// CPU seconds of those that run, as far as they are known.
    pub running_cpu_s: f64,
    /// Seconds in flight, of all attempts together.
    pub in_flight_s: f64,
    /// Attempts that run.
    pub running: usize,
    /// Items that are ready to start.
    pub ready: usize,
    /// Items that are not finished; `None` as long as it is unknown.
    pub left: Option<u64>,
    /// CPUs that the whole machine used of late; `None` if the system does not report it.
    pub machine_cpus: Option<f64>,
    /// Whether new items wait for memory.
    pub is_held: bool,
    /// The width that an exhausted resource allows.
    pub cap: Option<usize>,
}

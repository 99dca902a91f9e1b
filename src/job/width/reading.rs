//! What a width is decided from: the bounds that are known from the start, and the counters of the run.

/// What the controller is told once.
#[derive(Debug, Clone, PartialEq)]
pub struct WidthConfig {
    /// CPUs that the commands may use.
    pub cpus: f64,
    /// The greatest width.
    pub max: usize,
    /// The width that the last run of the same command has learned.
    pub prior: Option<usize>,
}

/// What new items wait for, beside a free slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldFor {
    /// Free memory.
    Memory,
    /// Less pressure on CPUs, memory or I/O.
    Pressure,
}

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
    /// Seconds of the attempts that failed.
    pub failed_s: f64,
    /// Squares of those seconds, added up.
    pub failed_squares_s2: f64,
    /// CPU seconds of all attempts that ended.
    pub cpu_s: f64,
    /// CPU seconds of those that run, as far as they are known.
    pub running_cpu_s: f64,
    /// Seconds in flight, of all attempts together.
    pub in_flight_s: f64,
    /// Seconds in which a slot was free and the input had not delivered the next item yet, of all slots together.
    pub starved_s: f64,
    /// Attempts that run.
    pub running: usize,
    /// Items that are ready to start.
    pub ready: usize,
    /// Items that are not finished; `None` as long as it is unknown.
    pub left: Option<u64>,
    /// CPUs that the whole machine used of late; `None` if the system does not report it.
    pub machine_cpus: Option<f64>,
    /// Whether tasks of the machine wait for a CPU or for I/O nearly all of the time.
    pub is_pressed: bool,
    /// What new items wait for.
    pub held: Option<HeldFor>,
    /// The width that an exhausted resource allows.
    pub cap: Option<usize>,
}

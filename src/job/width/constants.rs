//! The constants of the controller, each with its reason.

/// Greatest width that the opening comes to without a command having ended. It is more than most servers do at
/// once, and few processes for a machine.
pub(super) const OPENING_MAX: usize = 64;

/// Seconds between two steps of the opening: a started process has computed a few milliseconds by then.
pub(super) const OPENING_STEP_S: f64 = 0.009;

/// Share of the CPUs in use from which the opening ends. It is below one because half of a step is
/// lost to starting processes.
pub(super) const OPENING_BUSY: f64 = 0.7;

/// Width that the CPUs can serve by the model (CPUs over the CPU share of a command), times this: durations
/// vary, and a CPU must not wait for the next command.
pub(super) const CPU_SLACK: f64 = 1.2;

/// Share of the CPUs in use from which a greater width cannot be faster.
pub(super) const CPUS_BUSY: f64 = 0.92;

/// Share of the CPUs that tasks use themselves from which other programs on them matter.
pub(super) const COMPUTING: f64 = 0.25;

/// Gain in goodput for which a greater width is taken. Below it, the gain is not worth the load.
pub(super) const WORTH: f64 = 0.05;

/// Loss in goodput for which a narrower width is still taken: as much as a machine drifts.
pub(super) const FREE: f64 = 0.03;

/// Relative error of a comparison from which on it is good enough for [`FREE`].
pub(super) const SHARP: f64 = 0.06;

/// Standard errors that a difference must exceed: one in ten differences by chance does.
pub(super) const SURE: f64 = 1.28;

/// Durations over the shortest seen from which something is taken to be queueing.
pub(super) const QUEUEING: f64 = 1.5;

/// Share of attempts that fail, or of their time, beyond those that always fail, from which the width is blamed.
pub(super) const FAILING: f64 = 0.2;

/// Failed attempts from which a share of failures counts.
pub(super) const MIN_FAILED: u64 = 5;

/// Share of the time of attempts that failures take whatever the width is, from which all ends count as goodput:
/// successes alone would say nothing.
pub(super) const MOSTLY: f64 = 0.5;

/// Width to go on with where attempts are refused, over the number of those that were let in: one more in eight shows
/// when more would be let in.
pub(super) const REFUSED_SLACK: f64 = 1.125;

/// Growth of the width after a refusal, as long as nothing is refused: half of the growth of an opening that nobody
/// has refused yet.
pub(super) const CAUTION: f64 = 1.5;

/// Seconds of a step after a refusal in which too little ended to tell: a server refuses within some milliseconds.
pub(super) const CAUTIOUS_STEP_S: f64 = 0.05;

/// Attempts that a measurement takes at least; a wave, if that is more.
pub(super) const MIN_ATTEMPTS: u64 = 12;

/// Seconds that a measurement takes at least: less is jitter of the machine.
pub(super) const MIN_SECONDS: f64 = 0.1;

/// Measurements that are joined to decide between two widths, at most.
pub(super) const MAX_EXTENSIONS: u32 = 4;

/// Share of its work that a run may lose by trying widths that turn out to be worse.
pub(super) const SEARCH_SHARE: f64 = 0.03;

/// Shortest pause between two tries of the same kind, in seconds.
pub(super) const MIN_PAUSE_S: f64 = 0.5;

/// Share of the run so far that a pause may take: a run goes on for as long as it has lasted, more or less, and a
/// change that is noticed after a tenth of that costs little of it.
pub(super) const PAUSE_SHARE: f64 = 0.1;

/// Factor between two widths below which nothing between them is tried.
pub(super) const NEAR: f64 = 1.2;

/// Factor by which a width that is known to be the best is left from time to time: what has become possible since
/// shows in nothing else, and half as much again is told from noise.
pub(super) const AGAIN: f64 = 1.5;

/// Durations of a task after which a changed width shows: tasks that began before the change have ended by
/// then, and those that overlapped with them mostly.
pub(super) const SETTLED: f64 = 1.5;

/// Longest pause after tries that cost nothing, in seconds: so soon a change of the world is noticed
/// that shows in nothing else.
pub(super) const MAX_PAUSE_S: f64 = 5.0;

/// Change of the goodput at the same width that makes what was learned old.
pub(super) const CHANGED: f64 = 0.15;

/// Weight of what was measured at a width before, over that of a new measurement.
pub(super) const MEMORY: f64 = 2.0;

/// Share of the width that must be in flight for a measurement to be one of that width.
pub(super) const FULL: f64 = 0.8;

/// Share of the slots that were free because the input had not delivered the next item, from which the input
/// is the limit.
pub(super) const STARVED: f64 = 0.2;

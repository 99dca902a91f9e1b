//! Product policy: the thresholds that decide advice, verdicts and warnings.
//!
//! A threshold belongs here if changing it changes advice, a verdict or a warning. Each comment says
//! why the value was chosen, what measures it, and when it was last checked. Parameters that only tune
//! *how* an answer is found live with their module, in structs with a `Default` that evaluations can
//! sweep.

/// Relative difference of two throughputs below which they count as equally good.
///
/// - Chosen because: speeds of one machine drift by more than this within minutes, and wider
///   configurations cost memory and latency for gains that small.
/// - Measured by: `cargo bench --bench noise` (spread of equal batches), `cargo test --test search`
///   (shares of advice within this margin).
/// - Last checked: 2026-11.
pub(crate) const INDIFFERENCE: f64 = 0.05;

/// Relative gain below which concurrency is not worth writing: advice stays sequential.
///
/// - Chosen because: concurrent code costs reading, debugging and failure modes; twice
///   [`INDIFFERENCE`], so that the gain itself is beyond doubt.
/// - Measured by: nothing; it is a judgement about a reader's time.
/// - Last checked: 2026-11.
pub(crate) const WORTH_CONCURRENCY: f64 = 0.10;

/// Expected loss of throughput, as a share of the best, at which the search ends.
///
/// - Chosen because: it is well below [`INDIFFERENCE`], so that most of the loss's distribution is too.
/// - Measured by: `cargo test --test search -- --ignored --nocapture` sweeps it.
/// - Last checked: 2026-11.
pub(crate) const STOP_REGRET: f64 = 0.02;

/// Probability of being within [`INDIFFERENCE`] of the best from which a cell of the decision tree's strategy is
/// recommended, whatever leads.
///
/// - Chosen because: what the measurement leaves undecided, theory decides; but advice that theory made worse
///   is bad advice.
/// - Measured by: `cargo test --release --test search -- --nocapture`, where the tree names `async`. With 0.50, and
///   [`TIE_FROM`] at 0.80, 86.0% of 600 recommendations were within the margin and the mean loss was 2.4%. With
///   [`TIE_FROM`] as it is, and 0.80, 0.90 and 0.95 here: 89.9%, 91.1% and 92.2% of 2000, and 2.0%, 1.9% and 1.8%.
/// - Last checked: 2026-11.
pub(crate) const TREE_FROM: f64 = 0.95;

/// Probability of being within [`INDIFFERENCE`] of the best from which a strategy other than the tree's ties
/// with the leader, so that the simpler program wins.
///
/// - Chosen because: no theory speaks for such a strategy, so that the measurement must.
/// - Measured by: `cargo test --test search -- --nocapture`.
/// - Last checked: 2026-11.
pub(crate) const TIE_FROM: f64 = 0.97;

/// Probability of being within [`INDIFFERENCE`] of the best from which a narrower cell is recommended in place
/// of a wider one of the same strategy.
///
/// - Chosen because: a cell that is too narrow loses throughput; one that is too wide loses memory only.
/// - Measured by: `cargo test --test search -- --nocapture` (share of good advice, factor by which it is too wide).
/// - Last checked: 2026-11.
pub(crate) const SURE_WIDTH: f64 = 0.95;

/// Probability of being within [`INDIFFERENCE`] of the best from which the confidence in a recommendation is
/// high.
///
/// - Chosen because: the belief is somewhat too sure of itself; a reader of "high" may expect nine in ten.
/// - Measured by: `cargo test --test search -- --nocapture` (share of good advice by confidence).
/// - Last checked: 2026-11.
pub(crate) const SURE_FROM: f64 = 0.85;

/// Probability of being within [`INDIFFERENCE`] of the best below which the confidence in a recommendation is
/// low.
///
/// - Chosen because: what is more likely wrong than right must not be called more than a guess.
/// - Measured by: `cargo test --test search -- --nocapture` (share of good advice by confidence).
/// - Last checked: 2026-11.
pub(crate) const UNSURE_BELOW: f64 = 0.50;

/// Share of the CPUs used by other programs from which results carry a warning.
///
/// - Chosen because: throughput of computing work falls by at least that share, twice [`INDIFFERENCE`].
/// - Measured by: `cargo bench --bench noise` next to a loaded CPU.
/// - Last checked: 2026-11.
pub(crate) const CONTENDED: f64 = 0.10;

/// Share of the CPUs used by other programs from which figures are distrusted: a calibration of overheads is
/// discarded, and a profile attributes waits in the run queue to those programs.
///
/// - Chosen because: a calibration is kept for later runs, and a single short burst must not cost it; below
///   this share a tree that waits for a CPU is wider than the machine.
/// - Measured by: `tests/corpus` for profiles (classes of real programs, idle and loaded); for calibrations
///   it is a judgement.
/// - Last checked: 2026-11.
pub(crate) const CONTENDED_DISTRUST: f64 = 0.15;

/// Share of the machine's CPU time taken by the hypervisor above which a profile is doubted; above twice this
/// share the profile's confidence is low.
///
/// - Chosen because: stolen time is neither CPU time nor run-queue time of a thread, so it looks like waiting.
/// - Measured by: nothing yet; it is a judgement.
/// - Last checked: 2026-11.
pub(crate) const STOLEN_DOUBTFUL: f64 = 0.10;

/// Share of ten seconds in which some task waited for a CPU (PSI `some avg10`) from which the machine counts
/// as busy before a run begins.
///
/// - Chosen because: with tasks waiting for a quarter of the time, every figure would include the queue.
/// - Measured by: nothing yet; it is a judgement.
/// - Last checked: 2026-11.
pub(crate) const BUSY_PRESSURE: f64 = 0.25;

/// Seconds of importing the user's modules from which users are told.
///
/// - Chosen because: a shorter import is lost in what a run of `conc` takes anyway, and a longer one is most of
///   what starting a worker process costs.
/// - Measured by: nothing; it is a judgement about a reader's time.
/// - Last checked: 2026-11.
pub(crate) const LONG_IMPORT_S: f64 = 1.0;

/// CPU share of a task's own time (wall time less run-queue wait) from which the task is CPU-bound.
///
/// - Chosen because: with less than a third of the CPU time added as waiting, even free waiting gains
///   at most a third over one task per CPU.
/// - Measured by: `tests/corpus` (classes of real programs, idle and loaded).
/// - Last checked: 2026-11.
pub(crate) const CPU_BOUND_FROM: f64 = 0.75;

/// CPU share of a task's own time up to which the task is I/O-bound.
///
/// - Chosen because: almost three tasks fit on one CPU, so that overlapping waits gains more than more
///   CPUs do.
/// - Measured by: `tests/corpus` (classes of real programs, idle and loaded).
/// - Last checked: 2026-11.
pub(crate) const IO_BOUND_UP_TO: f64 = 0.35;

/// CPU share up to which a task is I/O-bound if the kernel spends that time on the way to a device.
///
/// - Chosen because: copying and protocol work grows with the I/O and is not computing by the task.
/// - Measured by: `tests/corpus` (classes of real programs, idle and loaded).
/// - Last checked: 2026-11.
pub(crate) const IO_BOUND_IN_KERNEL_UP_TO: f64 = 0.50;

/// Share of one CPU that a program uses at most where it counts as idle and gets no class.
///
/// - Chosen because: timers and housekeeping of servers that nobody asks take less, and a class that rests on
///   them says nothing about the work that a server does.
/// - Measured by: `conc profile --pid` of idle servers: Redis and a JVM 0.14%, others (PostgreSQL, nginx, node, Erlang,
///   Python's `http.server`) at most 0.02%.
/// - Last checked: 2026-11.
pub(crate) const IDLE_CPU_UP_TO: f64 = 0.02;

/// Times a second that threads of an idle program are given a CPU, at most.
///
/// - Chosen because: a request wakes a server several times, and timers of servers that nobody asks wake them
///   less often.
/// - Measured by: as [`IDLE_CPU_UP_TO`]: a JVM 31 times, Redis 10, PostgreSQL 5, `http.server` 2, the others never.
/// - Last checked: 2026-11.
pub(crate) const IDLE_WAKEUPS_PER_S_UP_TO: f64 = 100.0;

/// Share of the time from which a program that a signal keeps stopped gets no class.
///
/// - Chosen because: what is left is less than the margin that a class needs.
/// - Measured by: nothing; it is a judgement.
/// - Last checked: 2026-11.
pub(crate) const STOPPED_FROM: f64 = 0.9;

/// Probability of chance below which a larger share of failed tasks, or of different outputs, is held against
/// a configuration.
///
/// - Chosen because: a dozen configurations are compared in a run, so that one in twenty runs would
///   otherwise leave out a sound one; half of the tasks failing shows in ten tasks.
/// - Measured by: `cargo test --lib onset`, on counts of tasks.
/// - Last checked: 2026-11.
pub(crate) const CLEARLY_WORSE: f64 = 0.005;

/// Excess of a share of failed tasks below which it is never held against a configuration.
///
/// - Chosen because: a program retries one task in a hundred, and services fail that often by themselves.
/// - Measured by: nothing; it is a judgement.
/// - Last checked: 2026-11.
pub(crate) const FAILURE_MARGIN: f64 = 0.01;

/// Probability of chance below which a narrow configuration without failures counts as sound, although its
/// strategy fails at a greater width.
///
/// - Chosen because: what goes wrong in proportion to the tasks in flight, such as a data race, is rare at a small
///   width; as many tasks as would show it nineteen times of twenty must have run.
/// - Measured by: `cargo test --lib onset`, on counts of tasks.
/// - Last checked: 2026-11.
pub(crate) const SHOWN_SOUND: f64 = 0.05;

/// Share of the time of a task for which a coroutine blocks its event loop, from which users are told.
///
/// - Chosen because: ten tasks in flight then wait for the loop all the time. `time.sleep` and `requests` in a
///   coroutine give 0.8 to 1, coroutines that await below 0.02.
/// - Measured by: `tests/python/rates.rs`.
/// - Last checked: 2026-11.
pub(crate) const LOOP_BLOCKED_FROM_SHARE: f64 = 0.1;

/// Seconds by which the first call in a process must take longer than others before it is told.
///
/// - Chosen because: a shorter one is lost in the start of the interpreter, which takes longer.
/// - Measured by: nothing; it is a judgement.
/// - Last checked: 2026-11.
pub(crate) const ONCE_TOLD_FROM_S: f64 = 0.1;

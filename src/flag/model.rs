//! What one run tells about every other width: a prediction, and a bound that no width can beat.
//!
//! Amdahl's law with what was seen: the time with one worker stays, the rest is divided among the workers, up to
//! the CPUs where the workers compute. The bounds are those of every parallel program: CPU time over the CPUs
//! that a width can use, and the time with one worker.

use crate::flag::measure::RunMeasure;
use crate::profile::result::WorkersOverTime;

/// Share of the width from which the workers seen follow the width.
const FOLLOWS_WIDTH_FROM: f64 = 0.75;

/// Share of the time with one worker that every width needs too; the rest may be chance, such as one long task
/// at the end.
const SINGLE_STAYS: f64 = 0.7;

/// Share of the time with one worker below which a run shows that this time depends on the width.
const SINGLE_REFUTED_BELOW: f64 = 0.9;

/// Seconds of a run from which samples of 20 ms show its time with one worker.
const SEEN_FROM_S: f64 = 0.5;

/// Share of the bound that rounding, noise and warm caches may be worth.
const BOUND_SLACK: f64 = 0.02;

/// Standard deviation of ln of the CPU time by which a narrower width may need less, per halving of the width;
/// caches and memory are shared by fewer.
const LESS_CPU_PER_HALVING: f64 = 0.10;

/// The same where all CPU time goes into contention: the kernel, locks, loops that only wait.
const LESS_CPU_IN_CONTENTION: f64 = 0.6;

/// What a run at one width tells about the work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct WorkModel {
    /// Threads that the run was asked to use.
    total: f64,
    /// CPUs of the machine.
    cpus: f64,
    /// Seconds of the run with at most one worker.
    single_s: f64,
    /// Seconds of the run with several workers.
    several_s: f64,
    /// CPU seconds of the part with several workers.
    parallel_cpu_s: f64,
    /// Seconds that workers waited in that part, summed over them.
    parallel_wait_s: f64,
    /// Workers in that part for each thread asked for, at most 1 where it limits.
    per_thread: f64,
    /// Workers that run at most, if the work and not the width limits them.
    most_workers: f64,
    /// CPU seconds of the run.
    cpu_s: f64,
    /// CPU seconds that each further thread costs, such as those to start it.
    cpu_per_thread_s: f64,
    /// Share of the CPU time that contention may explain.
    contention: f64,
    /// True if the samples show the time with one worker.
    is_seen: bool,
}

impl WorkModel {
    /// Derives the model from a run that was asked for `total` threads on `cpus` CPUs.
    pub(crate) fn of(run: &RunMeasure, total: usize, cpus: f64) -> Self {
        let WorkersOverTime { single_s, several_s, at_once, several_wait_s } = run.workers;
        let (total, cpu_s) = (total as f64, run.cpu.total_s());
        let seen_s = single_s + several_s;
        // Samples begin late and end early; their shares are those of the run.
        let scale = if seen_s > 0.0 { run.wall_s / seen_s } else { 0.0 };
        let (single_s, several_s, wait_s) = (single_s * scale, several_s * scale, several_wait_s * scale);
        let runnable_s = (at_once * several_s - wait_s).clamp(0.0, cpus * several_s);
        let parallel_cpu_s = cpu_s - (cpu_s - runnable_s).clamp(0.0, single_s);
        let follows = at_once >= FOLLOWS_WIDTH_FROM * total;
        let model = WorkModel {
            total,
            cpus,
            single_s,
            several_s,
            parallel_cpu_s,
            parallel_wait_s: wait_s,
            per_thread: (at_once / total).max(1.0),
            most_workers: if follows { f64::INFINITY } else { at_once.max(1.0) },
            cpu_s,
            cpu_per_thread_s: 0.0,
            contention: contention(run),
            is_seen: run.wall_s >= SEEN_FROM_S,
        };
        // One thread shows nothing of what several would do: all of the work may be divided.
        if total <= 1.0 || seen_s <= 0.0 {
            let wait_s = (run.wall_s - cpu_s).max(0.0);
            WorkModel {
                single_s: 0.0,
                several_s: run.wall_s,
                parallel_cpu_s: cpu_s,
                parallel_wait_s: wait_s,
                most_workers: f64::INFINITY,
                is_seen: false,
                ..model
            }
        } else {
            model
        }
    }

    /// Returns the model without the bound by the time with one worker, which another shape of the work may change.
    pub(crate) fn of_any_shape(self) -> Self {
        WorkModel { is_seen: false, ..self }
    }

    /// Returns true if a run took so little that what ran alone in this one cannot stay alone.
    pub(crate) fn is_refuted_by(&self, wall_s: f64) -> bool {
        self.is_seen && wall_s < SINGLE_REFUTED_BELOW * self.single_s
    }

    /// Returns the same work on a machine with another number of CPUs.
    pub(crate) fn on(self, cpus: f64) -> Self {
        WorkModel { cpus, ..self }
    }

    /// Returns the seconds that are expected with `total` threads.
    pub(crate) fn seconds(&self, total: usize, measured_on: f64) -> f64 {
        let before_s = self.shared_s(self.total, measured_on);
        let now_s = self.shared_s(total as f64, self.cpus);
        let ratio = if before_s > 0.0 { now_s / before_s } else { 1.0 };
        self.single_s + self.several_s * ratio
    }

    /// Returns the model with the CPU seconds that each further thread was seen to cost.
    pub(crate) fn growing(self, cpu_per_thread_s: f64) -> Self {
        WorkModel { cpu_per_thread_s, ..self }
    }

    /// Returns the CPU seconds that more threads than those of the run cost; fewer save nothing for sure.
    fn growth_s(&self, threads: f64) -> f64 {
        self.cpu_per_thread_s * (threads - self.total).max(0.0)
    }

    /// Returns the seconds of the run itself, as the model divides them.
    pub(crate) fn seconds_of_run(&self, measured_on: f64) -> f64 {
        self.on(measured_on).seconds(self.total as usize, measured_on)
    }

    /// Returns the seconds of the divided part with `threads` threads on `cpus` CPUs.
    fn shared_s(&self, threads: f64, cpus: f64) -> f64 {
        let workers = threads.min(self.most_workers).max(1.0);
        let cpu_s = self.parallel_cpu_s + self.growth_s(threads);
        let together_s = (cpu_s + self.parallel_wait_s) / workers;
        together_s.max(cpu_s / workers.min(cpus.max(f64::MIN_POSITIVE)))
    }

    /// Returns the seconds below which `total` threads cannot get, and the standard deviation of ln by which they
    /// may if they need less CPU time than was seen.
    pub(crate) fn least(&self, total: usize) -> (f64, f64) {
        let threads = total as f64 * self.per_thread;
        let by_cpu_s = (self.cpu_s + self.growth_s(total as f64)) / threads.min(self.cpus);
        let by_path_s = if self.is_seen { SINGLE_STAYS * self.single_s } else { 0.0 };
        let halvings = (self.total / total as f64).log2().max(0.0);
        let sd = (LESS_CPU_PER_HALVING + LESS_CPU_IN_CONTENTION * self.contention) * halvings;
        (by_cpu_s.max(by_path_s) * (1.0 - BOUND_SLACK), sd)
    }

    /// Returns the share of the CPU time of the run that contention may explain.
    pub(crate) fn contention(&self) -> f64 {
        self.contention
    }

    /// Returns the share of the work that runs in one thread, from 0 to 1: of the time with one thread for all.
    pub(crate) fn serial_share(&self) -> f64 {
        let divided_s = self.parallel_cpu_s + self.parallel_wait_s;
        let all_s = self.single_s + divided_s;
        if all_s > 0.0 { self.single_s / all_s } else { 0.0 }
    }
}

/// Returns the share of a run that contention may explain: of its CPU time, if it computes, and of its waits.
fn contention(run: &RunMeasure) -> f64 {
    let cpu_s = run.cpu.total_s();
    let kernel = if cpu_s > 0.0 { run.cpu.system_s / cpu_s } else { 0.0 };
    let computing = (cpu_s / (run.wall_s * run.workers.mean()).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
    let locked = (run.waits.lock + run.waits.lock_or_timer) * (1.0 - computing);
    ((kernel + run.polling_share) * computing + locked).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::usage::CpuTime;

    fn run(wall_s: f64, cpu_s: f64, workers: WorkersOverTime) -> RunMeasure {
        RunMeasure { wall_s, cpu: CpuTime { user_s: cpu_s, system_s: 0.0 }, workers, ..RunMeasure::default() }
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 0.02 * b.abs()
    }

    #[test]
    fn computing_is_divided_up_to_the_cpus() {
        let workers = WorkersOverTime { several_s: 2.0, at_once: 4.0, ..WorkersOverTime::default() };
        let model = WorkModel::of(&run(2.0, 8.0, workers), 4, 4.0);
        let seconds = |total| model.seconds(total, 4.0);
        assert!(close(seconds(1), 8.0) && close(seconds(2), 4.0) && close(seconds(16), 2.0));
        assert!(close(model.on(8.0).seconds(8, 4.0), 1.0));
        assert!(close(model.least(16).0, 1.94) && close(model.least(1).0, 7.76));
        assert_eq!(model.least(16).1, 0.0);
        assert_eq!(model.serial_share(), 0.0);
    }

    #[test]
    fn waiting_is_divided_among_all_workers() {
        let workers = WorkersOverTime {
            several_s: 2.0,
            at_once: 2.0,
            several_wait_s: 4.0,
            ..WorkersOverTime::default()
        };
        let model = WorkModel::of(&run(2.0, 0.02, workers), 2, 2.0);
        assert!(close(model.seconds(8, 2.0), 0.5), "{}", model.seconds(8, 2.0));
        assert!(model.least(8).0 < 0.02);
    }

    #[test]
    fn what_runs_alone_stays() {
        let workers =
            WorkersOverTime { single_s: 1.0, several_s: 1.0, at_once: 4.0, ..WorkersOverTime::default() };
        let model = WorkModel::of(&run(2.0, 5.0, workers), 4, 4.0);
        assert!(close(model.seconds(1, 4.0), 5.0) && close(model.seconds(2, 4.0), 3.0));
        assert!(close(model.serial_share(), 0.2));
        assert!(model.least(64).0 >= 1.2, "{:?}", model.least(64));
    }

    #[test]
    fn a_program_with_too_little_to_do_gains_nothing_from_more_width() {
        let workers = WorkersOverTime { several_s: 2.0, at_once: 3.0, ..WorkersOverTime::default() };
        let model = WorkModel::of(&run(2.0, 6.0, workers), 8, 8.0);
        assert!(close(model.seconds(16, 8.0), 2.0) && close(model.seconds(4, 8.0), 2.0));
        assert!(close(model.seconds(1, 8.0), 6.0));
    }

    #[test]
    fn a_run_with_one_thread_leaves_everything_open() {
        let workers = WorkersOverTime { single_s: 4.0, ..WorkersOverTime::default() };
        let model = WorkModel::of(&run(4.0, 1.0, workers), 1, 1.0);
        assert!(close(model.seconds(4, 1.0), 1.0) && model.least(4).0 < 1.0);
    }

    #[test]
    fn contention_leaves_room_for_narrower_widths() {
        let workers = WorkersOverTime { several_s: 2.0, at_once: 2.0, ..WorkersOverTime::default() };
        let quiet = WorkModel::of(&run(2.0, 4.0, workers), 2, 2.0);
        let mut fighting = run(2.0, 4.0, workers);
        fighting.cpu = CpuTime { user_s: 1.0, system_s: 3.0 };
        let fighting = WorkModel::of(&fighting, 2, 2.0);
        assert!(fighting.least(1).1 > 4.0 * quiet.least(1).1);
    }
}

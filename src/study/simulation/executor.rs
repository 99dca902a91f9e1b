//! Batches that take as long as a script says, on a clock that only they move.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::benchmark::clock::Clock;
use crate::benchmark::executor::{BatchRequest, Executor};
use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::usage::CpuTime;
use crate::strategy::RunReport;
use crate::study::simulation::scenario::Scenario;
use crate::workload::task_outcomes::TaskOutcomes;

/// Bytes of memory of a simulated batch without its tasks.
const BATCH_BYTES: u64 = 12 << 20;
/// Bytes of memory of each simulated task in flight.
const IN_FLIGHT_BYTES: u64 = 1 << 16;

/// Seconds that a batch needs before its first task.
const STARTUP_S: f64 = 0.001;

/// Uniform numbers whose sum is nearly normal: twelve of them have a variance of 1.
const UNIFORMS: usize = 12;

/// Seconds since a study began, which batches move on.
#[derive(Debug, Clone, Default)]
pub(super) struct SimulatedTime(Rc<Cell<f64>>);

impl SimulatedTime {
    pub(super) fn advance(&self, seconds: f64) {
        self.0.set(self.0.get() + seconds);
    }
}

/// Reads the simulated time.
pub(super) struct SimulatedClock {
    time: SimulatedTime,
    began_s: f64,
}

impl SimulatedClock {
    pub(super) fn start(time: &SimulatedTime) -> Self {
        SimulatedClock { time: time.clone(), began_s: time.0.get() }
    }
}

impl Clock for SimulatedClock {
    fn restart(&mut self) {
        self.began_s = self.time.0.get();
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs_f64(self.time.0.get() - self.began_s)
    }
}

/// Executor that runs no batch and reports the results of the script.
pub(super) struct SimulatedExecutor<'s> {
    scenario: &'s Scenario,
    time: SimulatedTime,
    /// Throughput relative to the script.
    speed: f64,
    random: StdRng,
}

impl<'s> SimulatedExecutor<'s> {
    pub(super) fn new(scenario: &'s Scenario, time: &SimulatedTime, speed: f64, seed: u64) -> Self {
        SimulatedExecutor { scenario, time: time.clone(), speed, random: StdRng::seed_from_u64(seed) }
    }

    fn factor(&mut self) -> f64 {
        let sum: f64 = (0..UNIFORMS).map(|_| self.random.random::<f64>()).sum();
        self.speed * (self.scenario.noise * (sum - UNIFORMS as f64 / 2.0)).exp()
    }
}

impl Executor for SimulatedExecutor<'_> {
    fn run(&mut self, request: &BatchRequest) -> Result<RunReport, Error> {
        let script = self.scenario.strategy.get(&request.cell.strategy);
        if let Some(code) = script.and_then(|script| script.error) {
            self.time.advance(STARTUP_S);
            return Err(Error::new(code, "the script says so"));
        }
        let rate = self.scenario.rate(request.cell) * self.factor();
        let startable = (rate * request.stop_starting_after.as_secs_f64()) as u64;
        let tasks = request.tasks.start..request.tasks.end.min(request.tasks.start + startable.max(1));
        let wall_s = (tasks.end - tasks.start) as f64 / rate;
        let latency_s = (request.cell.width as f64 / rate).min(wall_s);
        let differs = script.is_some_and(|script| script.differs);
        let tally = outcomes(self.scenario, tasks.clone(), latency_s, differs);
        self.time.advance(STARTUP_S + wall_s);
        let user_s = (tasks.end - tasks.start) as f64 * self.scenario.task.cpu_s;
        Ok(RunReport {
            startup_s: STARTUP_S,
            wall_s,
            most_busy: request.cell.width as u64,
            full_pipe: None,
            cpu: CpuTime { user_s, system_s: 0.0 },
            instructions: None,
            peak_pss_bytes: None,
            peak_rss_bytes: BATCH_BYTES + IN_FLIGHT_BYTES * request.cell.width as u64,
            ledger: None,
            tally,
        })
    }
}

/// Returns the outcomes of tasks that all take `latency_s`.
fn outcomes(scenario: &Scenario, tasks: std::ops::Range<u64>, latency_s: f64, differs: bool) -> TaskOutcomes {
    let latency = Duration::from_secs_f64(latency_s);
    let mut tally = TaskOutcomes::default();
    for task in tasks {
        let result = if fails(task, scenario.task.failing) {
            Err(Error::new(Code::TaskNetwork, "the script says so"))
        } else {
            Ok(if differs { !task } else { task })
        };
        tally.record(task, task, latency, result);
    }
    tally
}

/// Returns true if a task is among the failing share, which is evenly spread over the tasks.
fn fails(task: u64, share: f64) -> bool {
    (task as f64 * share).floor() < ((task + 1) as f64 * share).floor()
}

/// Returns the outcomes of a profile of `tasks` tasks.
pub(super) fn profiled_outcomes(scenario: &Scenario, tasks: u64) -> TaskOutcomes {
    outcomes(scenario, 0..tasks, scenario.task.cpu_s + scenario.task.wait_s, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::Configuration;

    fn request(tasks: u64, stop_starting_after: Duration) -> BatchRequest {
        let kill_after = Duration::MAX;
        BatchRequest {
            cell: Configuration::REFERENCE,
            tasks: 0..tasks,
            permutation_id: 0,
            stop_starting_after,
            kill_after,
        }
    }

    #[test]
    fn a_batch_takes_the_time_of_the_script_and_only_on_the_simulated_clock() {
        let scenario = Scenario::parse("noise = 0.0\n[strategy.sequential]\nrates = [[1, 10]]").unwrap();
        let time = SimulatedTime::default();
        let clock = SimulatedClock::start(&time);
        let report =
            SimulatedExecutor::new(&scenario, &time, 0.5, 1).run(&request(20, Duration::MAX)).unwrap();
        assert_eq!((report.wall_s, report.tally.counts.ok), (4.0, 20));
        assert_eq!(clock.elapsed().as_secs(), 4);
        let cut = SimulatedExecutor::new(&scenario, &time, 1.0, 1).run(&request(20, Duration::from_secs(1)));
        assert_eq!(cut.unwrap().tally.counts.ok, 10);
    }

    #[test]
    fn the_share_of_failing_tasks_is_that_of_the_script() {
        let failing = |share| (0..1000).filter(|task| fails(*task, share)).count();
        assert_eq!([0.0, 0.25, 1.0].map(failing), [0, 250, 1000]);
    }

    #[test]
    fn a_strategy_that_fails_reports_the_code_of_the_script() {
        let scenario = Scenario::parse("[strategy.sequential]\nerror = 'E-ASYNC-005'").unwrap();
        let time = SimulatedTime::default();
        let error = SimulatedExecutor::new(&scenario, &time, 1.0, 1).run(&request(1, Duration::MAX));
        assert_eq!(error.unwrap_err().code.as_str(), "E-ASYNC-005");
    }
}

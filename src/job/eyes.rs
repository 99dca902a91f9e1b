//! Everything that is looked at besides the items: the CPUs, the memory and the pressure of the machine.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::host::memory::available_bytes;
use crate::host::pressure::Pressures;
use crate::host::procfs::machine_cpu;
use crate::job::config::JobConfig;
use crate::job::counters::Counters;
use crate::job::guard::{Demand, MemoryWatch};
use crate::job::pressure::{PressureDemand, PressureWatch};
use crate::job::runner::Runner;
use crate::job::scheduler::{Load, Scheduler};
use crate::job::width::{HeldFor, Reading};

/// Time over which the CPU time of the machine is measured: it is counted in steps of 10 ms per CPU.
const MACHINE_PERIOD: Duration = Duration::from_millis(200);

/// Time between two looks at the pressure: the system averages over two seconds at a time.
const PRESSURE_PERIOD: Duration = Duration::from_millis(500);

/// Looks at the machine.
pub(crate) struct Eyes {
    memory: MemoryWatch,
    pressure: PressureWatch,
    /// The last look at the pressure, and what it demanded.
    pressed: Option<(Duration, PressureDemand)>,
    /// CPU seconds of the machine at the last look that was long enough ago.
    machine: Option<(Duration, f64)>,
    machine_cpus: Option<f64>,
}

impl Eyes {
    /// Looks for what a run has to heed.
    pub(crate) fn new(config: &JobConfig) -> Self {
        let memory = MemoryWatch::new(config.memory_free, config.stops_for_memory);
        Self::of(memory, PressureWatch::new(config.max_pressure))
    }

    fn of(memory: MemoryWatch, pressure: PressureWatch) -> Self {
        Eyes { memory, pressure, pressed: None, machine: None, machine_cpus: None }
    }

    /// Holds items back while memory is low or the pressure too high; returns why, if it does.
    pub(crate) fn guard(
        &mut self,
        scheduler: &Scheduler,
        runner: &dyn Runner,
        elapsed: Duration,
    ) -> Option<HeldFor> {
        let demands = self.pressure(elapsed);
        self.heed(available_bytes(), demands, scheduler, runner, elapsed)
    }

    /// Heeds what is left of the memory, in bytes, and what the pressure demands.
    fn heed(
        &mut self,
        available: Option<u64>,
        pressure: PressureDemand,
        scheduler: &Scheduler,
        runner: &dyn Runner,
        elapsed: Duration,
    ) -> Option<HeldFor> {
        let now_s = elapsed.as_secs_f64();
        let demand = available.map_or(Demand::Go, |available| self.memory.decide(available, now_s));
        if demand == Demand::StopYoungest {
            runner.stop_youngest();
        }
        let held = match (demand, pressure.holds) {
            (Demand::Go, false) => None,
            (Demand::Go, true) => Some(HeldFor::Pressure),
            _ => Some(HeldFor::Memory),
        };
        scheduler.hold(held.is_some());
        held
    }

    fn pressure(&mut self, elapsed: Duration) -> PressureDemand {
        match self.pressed {
            Some((looked, demand)) if elapsed - looked < PRESSURE_PERIOD => demand,
            _ => {
                let demand = self.pressure.decide(&Pressures::now());
                self.pressed = Some((elapsed, demand));
                demand
            }
        }
    }

    /// Returns the counters now; `running_cpu_s` are the CPU seconds of what runs, as far as they are known.
    pub(crate) fn reading(
        &mut self,
        elapsed: Duration,
        load: &Load,
        counters: &Counters,
        running_cpu_s: f64,
        left: Option<u64>,
        held: Option<HeldFor>,
    ) -> Reading {
        self.look_at_machine(elapsed);
        let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let seconds = |number: &AtomicU64| count(number) as f64 * 1e-9;
        Reading {
            now_s: elapsed.as_secs_f64(),
            ok: count(&counters.ok_attempts),
            failed: count(&counters.failed_attempts),
            busy_s: seconds(&counters.busy_ns),
            squares_s2: seconds(&counters.squares),
            failed_s: seconds(&counters.failed_ns),
            failed_squares_s2: seconds(&counters.failed_squares),
            cpu_s: seconds(&counters.cpu_ns),
            running_cpu_s,
            in_flight_s: load.in_flight_s,
            starved_s: load.starved_s,
            running: load.running,
            ready: load.ready + load.waiting,
            left,
            machine_cpus: self.machine_cpus,
            is_pressed: self.pressed.is_some_and(|(_, demand)| demand.is_pressed),
            held,
            cap: load.cap,
        }
    }

    fn look_at_machine(&mut self, elapsed: Duration) {
        if self.machine.is_some_and(|(before, _)| elapsed - before < MACHINE_PERIOD) {
            return;
        }
        let Some(cpu) = machine_cpu() else { return };
        if let Some((before, busy_s)) = self.machine {
            self.machine_cpus = Some((cpu.busy_s - busy_s) / (elapsed - before).as_secs_f64());
        }
        self.machine = Some((elapsed, cpu.busy_s));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::job::items::JobItem;
    use crate::job::outcome::Attempt;
    use crate::job::shutdown::Shutdown;

    /// Counts how often it was asked to stop something.
    #[derive(Default)]
    struct Stops(AtomicUsize);

    impl Runner for Stops {
        fn run(&self, _: &JobItem, _: usize, _: Option<Duration>) -> Attempt {
            unreachable!("nothing is run")
        }

        fn stop_all(&self) {}

        fn stop_youngest(&self) -> bool {
            self.0.fetch_add(1, Ordering::Relaxed);
            true
        }

        fn running_cpu_s(&self, _: usize) -> f64 {
            0.0
        }
    }

    /// Returns how many of many items may start while something is heeded.
    fn startable(scheduler: &Scheduler) -> usize {
        let started = Cell::new(0);
        while scheduler.load().running < 4 && scheduler.try_next().is_some() {
            started.set(started.get() + 1);
        }
        (0..started.get()).for_each(|_| scheduler.done());
        started.get()
    }

    #[test]
    fn low_memory_holds_items_back_and_lower_memory_stops_the_youngest() {
        let scheduler = Scheduler::new(4, Shutdown::default());
        for order in 0..100 {
            assert!(scheduler.push(JobItem { number: order + 1, order, bytes: Box::default() }));
        }
        let mut eyes = Eyes::of(MemoryWatch::new(1000, true), PressureWatch::new(None));
        let stops = Stops::default();
        let calm = PressureDemand::default();
        let seen: Vec<_> =
            [(0, 5000), (100, 999), (200, 400), (700, 400), (1300, 400), (1400, 1050), (1500, 2000)]
                .into_iter()
                .map(|(ms, available)| {
                    let elapsed = Duration::from_millis(ms);
                    let held = eyes.heed(Some(available), calm, &scheduler, &stops, elapsed);
                    (held, stops.0.load(Ordering::Relaxed), startable(&scheduler))
                })
                .collect();
        let memory = Some(HeldFor::Memory);
        let expected =
            [(None, 0, 4), (memory, 0, 1), (memory, 1, 1), (memory, 1, 1), (memory, 2, 1), (memory, 2, 1)];
        assert_eq!(seen[..6], expected);
        assert_eq!(seen[6], (None, 2, 4), "there is enough again");
        let pressed = PressureDemand { holds: true, is_pressed: false };
        let held = eyes.heed(Some(5000), pressed, &scheduler, &stops, Duration::from_secs(2));
        assert_eq!((held, startable(&scheduler)), (Some(HeldFor::Pressure), 1));
        assert_eq!(eyes.heed(None, calm, &scheduler, &stops, Duration::from_secs(3)), None);
    }
}

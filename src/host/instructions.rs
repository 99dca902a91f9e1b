//! Instructions that this process and all that it starts execute in user mode, from the kernel's performance events.
//!
//! Virtual machines often have no such counter, and `perf_event_paranoid` above 2 forbids it (perf_event_open(2)).

/// A counter of this thread, and of all threads and processes that descend from it later.
pub(crate) struct InstructionCounter {
    #[cfg(target_os = "linux")]
    counter: perf_event::Counter,
}

#[cfg(target_os = "linux")]
mod linux {
    use perf_event::events::{Event, Hardware};
    use perf_event::{Builder, ReadFormat};

    use super::InstructionCounter;

    impl InstructionCounter {
        /// Returns a counter that does not count yet; `None` where the machine has none or does not allow it.
        pub(crate) fn new() -> Option<Self> {
            Self::of(Hardware::INSTRUCTIONS)
        }

        pub(super) fn of(event: impl Event) -> Option<Self> {
            let mut builder = Builder::new(event);
            builder
                .inherit(true)
                .exclude_kernel(true)
                .exclude_hv(true)
                .read_format(ReadFormat::TOTAL_TIME_ENABLED | ReadFormat::TOTAL_TIME_RUNNING);
            Some(InstructionCounter { counter: builder.build().ok()? })
        }

        /// Begins to count in all that descends from this thread.
        pub(crate) fn start(&mut self) -> Option<()> {
            self.counter.enable().ok()
        }

        /// Returns the count so far; `None` if the counter never ran.
        pub(crate) fn count(&mut self) -> Option<f64> {
            let read = self.counter.read_full().ok()?;
            let [wanted, ran] = [read.time_enabled()?, read.time_running()?].map(|time| time.as_secs_f64());
            // Where others count too, the kernel lends a counter by turns.
            (ran > 0.0).then(|| read.count() as f64 * wanted / ran)
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl InstructionCounter {
    /// Returns `None`: this system has no such counter.
    pub(crate) fn new() -> Option<Self> {
        None
    }

    /// Counts nothing.
    pub(crate) fn start(&mut self) -> Option<()> {
        None
    }

    /// Returns `None`.
    pub(crate) fn count(&mut self) -> Option<f64> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;
    use std::time::{Duration, Instant};

    use perf_event::events::Software;

    use super::*;
    use crate::host::usage::CpuTime;

    /// Computes until the thread has used so much CPU time.
    fn compute(seconds: f64) {
        let begun = CpuTime::of_thread().total_s();
        while CpuTime::of_thread().total_s() - begun < seconds {
            std::hint::black_box((0..10_000_u64).sum::<u64>());
        }
    }

    /// Counts nanoseconds of CPU time, which every machine can, in place of instructions.
    fn clock() -> Option<InstructionCounter> {
        InstructionCounter::of(Software::TASK_CLOCK)
    }

    #[test]
    fn threads_and_processes_that_start_later_are_counted_from_the_start_on() {
        let Some(mut counter) = clock() else { return };
        compute(0.02);
        assert_eq!(counter.count(), None, "it has not been started");
        counter.start().unwrap();
        std::thread::spawn(|| compute(0.02)).join().unwrap();
        let of_threads = counter.count().unwrap();
        assert!(of_threads >= 0.02e9, "{of_threads}");
        let mut child = Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
        let begun = Instant::now();
        // This thread waits, so that only the child counts.
        while counter.count().unwrap() < of_threads + 0.05e9 && begun.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let of_all = counter.count().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(of_all >= of_threads + 0.05e9, "{of_all}, {of_threads}");
    }

    #[test]
    fn computing_is_counted_where_there_is_a_counter() {
        let Some(mut counter) = InstructionCounter::new() else { return };
        counter.start().unwrap();
        compute(0.001);
        // A millisecond of computing is some thousand instructions at least.
        assert!(counter.count().unwrap() > 1e3);
    }
}

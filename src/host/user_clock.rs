//! Samples of what a thread executes in user mode, from the kernel's performance events.
//!
//! Software events of the user mode of one's own processes are allowed up to `perf_event_paranoid` 2, the usual
//! value (perf_event_open(2)).

/// Instruction pointers of one thread, sampled by the clock of its CPU time.
pub(crate) struct UserClock {
    #[cfg(target_os = "linux")]
    sampler: perf_event::Sampler,
}

#[cfg(target_os = "linux")]
mod linux {
    use std::time::Duration;

    use perf_event::events::Software;
    use perf_event::{Builder, SampleFlag};

    use super::UserClock;

    /// Bytes for samples of one thread between two looks, 16 bytes each; what any user may lock in memory
    /// (`perf_event_mlock_kb`) holds a hundred such buffers.
    const BUFFER_BYTES: usize = 4 << 10;

    /// Type of a record that is a sample (`PERF_RECORD_SAMPLE`).
    const SAMPLE: u32 = 9;

    impl UserClock {
        /// Begins to sample a thread each time that it has run for `period`; `None` where that is not allowed,
        /// or the thread is gone.
        pub(crate) fn start(tid: u32, period: Duration) -> Option<Self> {
            let mut builder = Builder::new(Software::CPU_CLOCK);
            builder
                .observe_pid(i32::try_from(tid).ok()?)
                .any_cpu()
                .exclude_kernel(true)
                .exclude_hv(true)
                .sample_period(u64::try_from(period.as_nanos()).ok()?)
                .sample(SampleFlag::IP)
                .enabled(true);
            let sampler = builder.build().ok()?.sampled(BUFFER_BYTES).ok()?;
            Some(UserClock { sampler })
        }

        /// Takes the instruction pointers sampled since the last call.
        pub(crate) fn take(&mut self, mut add: impl FnMut(u64)) {
            while let Some(record) = self.sampler.next_record() {
                let bytes = record.to_vec();
                if let (SAMPLE, Some(pointer)) = (record.ty(), bytes.first_chunk()) {
                    add(u64::from_ne_bytes(*pointer));
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl UserClock {
    /// Returns `None`: this system has no such samples.
    pub(crate) fn start(_tid: u32, _period: std::time::Duration) -> Option<Self> {
        None
    }

    /// Takes nothing.
    pub(crate) fn take(&mut self, _add: impl FnMut(u64)) {}
}

impl std::fmt::Debug for UserClock {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("UserClock").finish_non_exhaustive()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_thread_that_computes_is_sampled_where_that_is_allowed() {
        let Some(mut clock) = UserClock::start(std::process::id(), Duration::from_millis(1)) else {
            return;
        };
        // The main thread of a test binary only waits.
        clock.take(|_| panic!("a thread that waits has no samples"));
        let tid = nix::unistd::gettid().as_raw().cast_unsigned();
        let mut clock = UserClock::start(tid, Duration::from_millis(1)).expect("allowed for another thread");
        let (begun, mut samples) = (Instant::now(), 0);
        while samples == 0 {
            assert!(begun.elapsed() < Duration::from_secs(60));
            std::hint::black_box((0..10_000_u64).sum::<u64>());
            clock.take(|pointer| samples += u32::from(pointer != 0));
        }
    }
}

//! The part of the CPU time that only polls.

use crate::host::usage::CpuTime;
use crate::profile::result::{Class, Polling, PollingCause, SampleSource, Unknown};
use crate::profile::sampling::polling::counts::PlaceCounts;

/// Share of the CPU time from which loops that only wait are worth reporting.
const MUCH_POLLING_SHARE: f64 = 0.1;

/// Number of samples below which shares are mostly chance.
const MIN_SAMPLES: u64 = 20;

/// Number of samples behind system calls from which they tell what the kernel does for a program.
const MIN_CALL_SAMPLES: u64 = 5;

/// Share of the samples of loops from which a library is what they wait for, and not just how.
const LIBRARY_SHARE: f64 = 0.2;

/// Share of the samples behind calls that ask for events from which a program asks again and again: such a
/// sample stands for about a tenth of a microsecond, so that this is 100,000 calls per second. An event loop
/// of Python that spins shows 1.5%; one with 10 µs of work for each event shows 0.3%.
const ASKS_SHARE: f64 = 0.01;

/// Times per CPU second that a thread is given a CPU, below which it hardly ever waits.
const FEW_SLICES_PER_S: f64 = 2000.0;

/// Returns the polling that is worth reporting; `cpu` is the CPU time of all that was profiled.
pub(crate) fn polling(counts: &PlaceCounts, cpu: CpuTime) -> Option<Polling> {
    if counts.all < MIN_SAMPLES || cpu.total_s() <= 0.0 {
        return None;
    }
    let polls = counts.polls_at_all() as f64;
    let user_s = counts.sampled_s.min(cpu.user_s) * polls / counts.all as f64;
    let share = (user_s + kernel_s(counts, cpu)) / cpu.total_s();
    (share >= MUCH_POLLING_SHARE).then(|| Polling { share, cause: cause(counts), samples: counts.all })
}

/// Returns the seconds of kernel mode that go into giving way, by what calls the samples are behind.
fn kernel_s(counts: &PlaceCounts, cpu: CpuTime) -> f64 {
    let yields = counts.polls(PollingCause::Yield);
    let calls = yields + counts.calls + counts.asks;
    if calls < MIN_CALL_SAMPLES { 0.0 } else { cpu.system_s * yields as f64 / calls as f64 }
}

/// Returns the cause with most samples; a library of its own tells more than how its loops wait.
fn cause(counts: &PlaceCounts) -> PollingCause {
    let most = |causes: &[PollingCause]| causes.iter().copied().max_by_key(|cause| counts.polls(*cause));
    let library = most(&[PollingCause::OpenMp, PollingCause::Mpi]).unwrap_or(PollingCause::OpenMp);
    if counts.polls(library) as f64 >= LIBRARY_SHARE * counts.polls_at_all() as f64 {
        return library;
    }
    most(&PollingCause::ALL).unwrap_or(library)
}

/// Returns what is unknown about polling.
pub(crate) fn unknown_polling(
    counts: &PlaceCounts,
    class: Option<Class>,
    source: SampleSource,
    threads: u64,
) -> Option<Unknown> {
    if class != Some(Class::CpuBound) {
        return None;
    }
    if counts.is_refused || source == SampleSource::Sysinfo {
        return (threads > 1).then_some(Unknown::Polling);
    }
    let asks = counts.asks as f64 >= ASKS_SHARE * counts.all as f64;
    let never_waits = (counts.slices as f64) < FEW_SLICES_PER_S * counts.sampled_s;
    (counts.all >= MIN_SAMPLES && counts.asks > 1 && asks && never_waits).then_some(Unknown::PollingForEvents)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::sampling::polling::place::Place;

    const CPU: CpuTime = CpuTime { user_s: 2.0, system_s: 0.0 };

    /// Samples of two CPU seconds of user mode.
    fn counts(places: &[(Place, u32)]) -> PlaceCounts {
        let mut counts = PlaceCounts::default();
        let all: u32 = places.iter().map(|(_, number)| number).sum();
        for (place, number) in places {
            (0..*number).for_each(|_| counts.add(*place, 2.0 / f64::from(all)));
        }
        counts
    }

    #[test]
    fn the_library_is_the_cause_and_the_rest_is_work() {
        let places: [(Place, u32); 3] = [
            (Place::Work, 60),
            (Place::Polls(PollingCause::OpenMp), 30),
            (Place::Polls(PollingCause::Yield), 10),
        ];
        let polling = polling(&counts(&places), CPU).expect("much");
        assert!((polling.share - 0.4).abs() < 1e-9, "{polling:?}");
        assert_eq!((polling.cause, polling.samples), (PollingCause::OpenMp, 100));
    }

    #[test]
    fn a_little_polling_and_a_few_samples_are_not_told() {
        let little = [(Place::Work, 95), (Place::Polls(PollingCause::Spin), 5)];
        assert_eq!(polling(&counts(&little), CPU), None);
        assert_eq!(polling(&counts(&[(Place::Polls(PollingCause::Spin), 10)]), CPU), None);
        assert_eq!(polling(&PlaceCounts::default(), CpuTime::default()), None);
    }

    #[test]
    fn threads_that_were_not_sampled_count_as_work() {
        let spins = counts(&[(Place::Polls(PollingCause::Spin), 100)]);
        let cpu = CpuTime { user_s: 8.0, system_s: 0.0 };
        assert!(polling(&spins, cpu).is_some_and(|polling| (polling.share - 0.25).abs() < 1e-9));
    }

    #[test]
    fn time_in_the_kernel_goes_with_the_calls() {
        let cpu = CpuTime { user_s: 2.0, system_s: 6.0 };
        let yields = [(Place::Work, 80), (Place::Polls(PollingCause::Yield), 15), (Place::OtherCall, 5)];
        let polling = polling(&counts(&yields), cpu).expect("much");
        assert!((polling.share - (0.3 + 4.5) / 8.0).abs() < 1e-9, "{polling:?}");
        assert_eq!(polling.cause, PollingCause::Yield);
    }

    #[test]
    fn what_cannot_be_seen_is_unknown() {
        let refused = PlaceCounts { is_refused: true, ..PlaceCounts::default() };
        let of = |counts: &PlaceCounts, threads| {
            unknown_polling(counts, Some(Class::CpuBound), SampleSource::Proc, threads)
        };
        assert_eq!(of(&refused, 2), Some(Unknown::Polling));
        assert_eq!(of(&refused, 1), None);
        assert_eq!(unknown_polling(&refused, Some(Class::IoBound), SampleSource::Proc, 2), None);
        let seen = counts(&[(Place::Work, 100)]);
        assert_eq!(of(&seen, 2), None);
        assert_eq!(
            unknown_polling(&seen, Some(Class::CpuBound), SampleSource::Sysinfo, 2),
            Some(Unknown::Polling)
        );
    }

    #[test]
    fn a_loop_that_asks_and_never_waits_may_poll() {
        let asking = counts(&[(Place::Work, 97), (Place::AsksForEvents, 3)]);
        let of = |counts: &PlaceCounts| unknown_polling(counts, Some(Class::CpuBound), SampleSource::Proc, 1);
        assert_eq!(of(&asking), Some(Unknown::PollingForEvents));
        assert_eq!(of(&PlaceCounts { slices: 100_000, ..asking }), None);
        assert_eq!(of(&counts(&[(Place::Work, 999), (Place::AsksForEvents, 3)])), None);
    }
}

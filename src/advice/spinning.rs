//! Limits to advice on tasks whose threads or processes poll for one another.
//!
//! A thread that polls looks like one that computes, but a CPU for it is no gain: it takes the CPU from the thread
//! that it polls for.

use crate::advice::note::Note;
use crate::benchmark::Configuration;
use crate::profile::Profile;

/// Returns true if a configuration has more threads that poll or compute than there are CPUs for them.
pub(crate) fn adds_to_spin(cell: Configuration, profile: &Profile, cpus: f64) -> bool {
    let used = (profile.cpu_user_s + profile.cpu_system_s) / profile.wall_s.max(f64::MIN_POSITIVE);
    // Rounded: a task that polls on both of two CPUs does so for a little less than all of its time.
    let threads = profile.threads_at_once.max(used).round().max(1.0);
    profile.polling.is_some() && cell.width > 1 && cell.width as f64 * threads > cpus
}

/// Returns the note about tasks that poll.
pub(crate) fn note(profile: &Profile) -> Option<Note> {
    profile.polling.map(|polling| Note::Polls { share: polling.share, cause: polling.cause })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::testing::profile;
    use crate::profile::result::{Polling, PollingCause};
    use crate::strategy::StrategyKind;

    #[test]
    fn tasks_that_poll_get_no_more_threads_than_there_are_cpus() {
        let polling = Some(Polling { share: 0.4, cause: PollingCause::OpenMp, samples: 300 });
        let adds = |polling, threads_at_once, width| {
            let cell = Configuration::new(StrategyKind::Threads, width);
            adds_to_spin(cell, &Profile { polling, threads_at_once, ..profile(1.0, 0.0) }, 4.0)
        };
        assert!(!adds(polling, 1.9, 1) && !adds(polling, 1.9, 2));
        assert!(adds(polling, 1.9, 3));
        assert!(!adds(polling, 1.0, 4) && adds(polling, 1.0, 5));
        assert!(!adds(polling, 8.0, 1), "a task alone is always allowed");
        assert!(!adds(None, 1.9, 64));
    }
}

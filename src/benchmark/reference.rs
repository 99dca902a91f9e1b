//! The reference taken from the profile, which runs tasks one after another too.

use crate::host::usage::CpuTime;
use crate::profile::tasks::Profiled;
use crate::strategy::run::RunReport;

/// Returns the profile as a run of the workload under `sequential`: profiling runs tasks one after another.
pub(crate) fn of_profile(profiled: &Profiled) -> RunReport {
    let profile = &profiled.profile;
    let once = profile.python.as_ref().and_then(|python| python.once_per_process);
    // The tasks that paid what a process pays once are among the outcomes, and not part of the times.
    let uncounted = profiled.tally.counts.started() as f64 / profile.tasks.max(1) as f64;
    RunReport {
        startup_s: once.map_or(0.0, |cost| cost.total_s()),
        wall_s: profile.wall_s * uncounted,
        most_busy: 1,
        full_pipe: None,
        cpu: CpuTime { user_s: profile.cpu_user_s, system_s: profile.cpu_system_s },
        instructions: None,
        peak_rss_bytes: profiled.peak_rss_bytes,
        peak_pss_bytes: profiled.peak_pss_bytes,
        ledger: None,
        tally: profiled.tally.clone(),
    }
}
